//! Standing policies: what is permitted or forbidden without a grant.

use super::guardrails::all_of;
use super::scoped::ScopedPolicies;
use super::{PolicyError, Schema, text};
use crate::model::PolicyFile;

/// A host's own policies, for hosts that have no decision point besides this library.
///
/// ```
/// use jit_access::model::PolicyFile;
/// use jit_access::policy::{Schema, StandingPolicies};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let text = r#"@id("reading") permit (principal is User, action == Action::"tools.read", resource is Tool);"#;
/// let policies = StandingPolicies::parse(&[PolicyFile::new("base.cedar", text)], &Schema::contextforge()?)?;
/// assert_eq!(policies.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct StandingPolicies(pub(super) ScopedPolicies);

impl StandingPolicies {
    /// The policies of these files.
    ///
    /// # Errors
    /// With file, line and column when a text is too long or nested too deep, is not Cedar, or does not fit the schema;
    /// when two policies have the same `@id`.
    pub fn parse(files: &[PolicyFile], schema: &Schema) -> Result<Self, PolicyError> {
        Ok(Self(ScopedPolicies::of(all_of(files, schema, text::WHOLE)?)))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them.
    #[cfg(feature = "proof")]
    pub(crate) fn policies(&self) -> impl Iterator<Item = &cedar_policy::Policy> {
        self.0.policies()
    }

    pub(crate) fn scoped(&self) -> &ScopedPolicies {
        &self.0
    }
}
