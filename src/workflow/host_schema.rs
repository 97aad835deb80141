//! The resource kinds of a host, if its operator has declared them.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::{Invalid, ResourceKind, Scope};

/// The schema of a host: the kinds of resource that it has, and the Cedar text that declares them.
///
/// ```
/// use jit_access::workflow::HostSchema;
///
/// let schema = HostSchema::new("entity Invoice;", ["invoice".parse()?]);
/// assert!(schema.check(&"invoice:2026-17".parse()?).is_ok());
/// assert!(schema.check(&"invoise:2026-17".parse()?).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostSchema {
    text: Arc<str>,
    kinds: BTreeSet<ResourceKind>,
}

impl HostSchema {
    /// A schema with this text, which declares these kinds.
    pub fn new(text: &str, kinds: impl IntoIterator<Item = ResourceKind>) -> Self {
        Self { text: text.into(), kinds: kinds.into_iter().collect() }
    }

    /// The Cedar schema.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether every kind in this scope is one that the host has.
    ///
    /// # Errors
    /// When one is not; the error names the field `resource`, and lists the kinds that there are.
    pub fn check(&self, scope: &Scope) -> Result<(), Invalid> {
        let named = scope.kind().into_iter().chain(scope.things().map(|thing| thing.kind()));
        match named.into_iter().find(|kind| !self.kinds.contains(kind)) {
            None => Ok(()),
            Some(kind) => {
                let all: Vec<&str> = self.kinds.iter().map(ResourceKind::name).collect();
                let problem = format!("names the kind `{kind}`, which the schema does not have");
                Err(Invalid::new("resource", problem, format!("one of {}", all.join(", "))))
            }
        }
    }
}
