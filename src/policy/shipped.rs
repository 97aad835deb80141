//! Built-in sets of guardrails.

use crate::model::PolicyFile;

/// Their names and texts, from `policies/guardrails`.
const READY: [(&str, &str); 2] = [
    ("mac-strict", include_str!("../../policies/guardrails/mac-strict.cedar")),
    ("mac-relaxed", include_str!("../../policies/guardrails/mac-relaxed.cedar")),
];

/// The ready set of guardrails of this name.
///
/// ```
/// use jit_access::policy::shipped_guardrails;
///
/// assert!(shipped_guardrails("mac-strict").is_some() && shipped_guardrails("mac").is_none());
/// ```
#[must_use]
pub fn shipped_guardrails(name: &str) -> Option<PolicyFile> {
    READY.iter().find(|(known, _)| *known == name).map(|(known, text)| PolicyFile::new(*known, *text))
}

/// The names of all ready sets.
///
/// ```
/// assert_eq!(jit_access::policy::shipped_guardrail_names().collect::<Vec<_>>(), ["mac-strict", "mac-relaxed"]);
/// ```
pub fn shipped_guardrail_names() -> impl Iterator<Item = &'static str> {
    READY.iter().map(|(name, _)| *name)
}
