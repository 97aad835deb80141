//! The form of a summary for people.

/// The form of a summary for people. As JSON it is a separate document.
///
/// ```
/// use jit_access::model::SummaryForm;
///
/// assert_eq!(SummaryForm::ALL.map(SummaryForm::name), ["text", "markdown", "html"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SummaryForm {
    /// Plain text.
    #[default]
    Text,
    /// CommonMark with tables.
    Markdown,
    /// A whole page that loads nothing.
    Html,
}

impl SummaryForm {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::Text, Self::Markdown, Self::Html];

    /// The name in calls.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Markdown => "markdown",
            Self::Html => "html",
        }
    }
}
