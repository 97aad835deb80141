//! The question and the answer of a check.

use super::{Action, GrantId, Principal, Resource, Revision, Timestamp};

/// The question: may this principal do this to that?
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// Who.
    pub principal: &'a Principal,
    /// What.
    pub action: &'a Action,
    /// To what.
    pub resource: &'a Resource,
}

/// The answer's direction. Complete on purpose: a host that forgets one has a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A grant gives it.
    Allow,
    /// Forbidden, whatever else would allow it.
    Deny,
    /// No grant speaks to this: the host's own answer stands.
    NotApplicable,
}

impl Outcome {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::NotApplicable => "not_applicable",
        }
    }
}

/// Why the answer is what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// A grant in its window covers the question.
    Granted,
    /// The principal holds no grant that covers it now.
    NoGrant,
    /// The index could not be shown to be current, so elevation stops; standing rights go on.
    Stale,
    /// Uses could not be recorded, so elevation stops; standing rights go on.
    Unrecordable,
}

impl Reason {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::NoGrant => "no_grant",
            Self::Stale => "stale",
            Self::Unrecordable => "unrecordable",
        }
    }
}

/// What an answer rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Basis {
    /// Why.
    pub reason: Reason,
    /// The grant that decided; set exactly when the outcome is [`Outcome::Allow`].
    pub grant: Option<GrantId>,
}

/// The answer, at one instant, over one revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a decision that nobody enforces protects nothing"]
pub struct Decision {
    /// Allow, deny, or not applicable.
    pub outcome: Outcome,
    /// What it rests on.
    pub basis: Basis,
    /// The answer holds before this instant if nothing else changes; `None` when time alone will not change it.
    /// A host that caches answers must drop this one then, and whenever the revision rises.
    pub valid_until: Option<Timestamp>,
    /// The journal position the answer was made from.
    pub revision: Revision,
}

impl Decision {
    /// The answer that leaves the host's own standing.
    pub const fn not_applicable(reason: Reason, valid_until: Option<Timestamp>, revision: Revision) -> Self {
        Self { outcome: Outcome::NotApplicable, basis: Basis { reason, grant: None }, valid_until, revision }
    }

    /// The answer that a grant gives.
    pub const fn allow(grant: GrantId, valid_until: Timestamp, revision: Revision) -> Self {
        Self {
            outcome: Outcome::Allow,
            basis: Basis { reason: Reason::Granted, grant: Some(grant) },
            valid_until: Some(valid_until),
            revision,
        }
    }
}
