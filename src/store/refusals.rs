//! Refused attempts: how long they are kept, and how they are listed.

use crate::model::{Principal, Refused};

/// How long refused attempts are kept.
pub const REFUSAL_DAYS: i64 = 90;
/// How many rows of them are kept at most; the oldest go first.
pub const MAX_REFUSALS: u64 = 100_000;

/// Which refused attempts, and how many, newest first.
///
/// ```
/// use jit_access::store::RefusalPage;
///
/// assert!(RefusalPage { limit: 50, ..RefusalPage::default() }.principal.is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RefusalPage {
    /// Of this principal, and of agents that act for them.
    pub principal: Option<Principal>,
    /// For this reason.
    pub code: Option<String>,
    /// Of this command, or of `check`.
    pub attempt: Option<String>,
    /// Only those before this number.
    pub before: Option<u64>,
    /// How many at most.
    pub limit: usize,
}

/// A refused attempt in a list, with its number: later ones have higher numbers.
pub type NumberedRefusal = (u64, Refused);

impl RefusalPage {
    /// Whether this attempt matches.
    pub(super) fn wants(&self, (number, refused): &NumberedRefusal) -> bool {
        let of = |who: &Principal| refused.principal == *who || refused.acts_for.as_ref() == Some(who);
        self.before.is_none_or(|before| *number < before)
            && self.principal.as_ref().is_none_or(of)
            && self.code.as_ref().is_none_or(|code| refused.code == *code)
            && self.attempt.as_ref().is_none_or(|attempt| refused.attempt == *attempt)
    }
}
