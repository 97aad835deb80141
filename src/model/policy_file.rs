//! An operator's file of policies.

/// A file of an operator's policies, or a built-in set. Its text is parsed elsewhere.
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
    /// A file with this name, which errors quote, and this text.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}
