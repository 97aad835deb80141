//! Policies as an operator wrote them down.

/// A file of an operator's policies, or a ready set of the library's. What it holds is read elsewhere.
///
/// ```
/// use jit_access::model::PolicyFile;
///
/// let file = PolicyFile::new("guardrails.cedar", "forbid (principal, action, resource);");
/// assert_eq!(file.name(), "guardrails.cedar");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFile {
    name: String,
    text: String,
}

impl PolicyFile {
    /// A file of this name, which errors tell, with this text.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it holds.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}
