//! The form of evidence.

/// The form of evidence.
///
/// ```
/// use jit_access::model::EvidenceForm;
///
/// assert_eq!(EvidenceForm::ALL.map(EvidenceForm::name), ["json", "csv", "html"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum EvidenceForm {
    /// One JSON document.
    #[default]
    Json,
    /// One row for each fact, exception and cell of a list.
    Csv,
    /// A page to print, without anything to load.
    Html,
}

impl EvidenceForm {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::Json, Self::Csv, Self::Html];

    /// The name in calls.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Html => "html",
        }
    }
}
