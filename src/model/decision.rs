//! The question and the answer of a check.

use super::{Action, GrantId, Obligations, Principal, Resource, Revision, Timestamp};

/// The question: may this principal do this to that?
///
/// ```
/// use jit_access::model::{Action, Principal, Query, Resource};
///
/// let (principal, action) = (Principal::user("dev@example.com")?, Action::new("audit:read")?);
/// let query = Query { principal: &principal, action: &action, resource: &Resource::everything() };
/// assert_eq!(query.action.name(), "audit:read");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// The principal.
    pub principal: &'a Principal,
    /// What.
    pub action: &'a Action,
    /// To what.
    pub resource: &'a Resource,
}

/// The answer's direction. Complete on purpose: a host that forgets one has a hole.
///
/// ```
/// use jit_access::model::Outcome;
///
/// let standing = true; // what the host says without a grant
/// let outcome = Outcome::NotApplicable;
/// let may = match outcome {
///     Outcome::Allow => true,
///     Outcome::Deny => false,
///     Outcome::NotApplicable => standing,
/// };
/// assert!(may);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A grant allows it.
    Allow,
    /// Forbidden by a guardrail, even if something else would allow it.
    Deny,
    /// No grant allows it: the host's own decision applies.
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

/// The reason for the decision.
///
/// ```
/// use jit_access::model::Reason;
///
/// assert_eq!(Reason::NoGrant.name(), "no_grant");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// A grant in its window covers the question.
    Granted,
    /// A break-glass grant in its window covers the question. It was taken on this machine while the store was
    /// unavailable, and the store is still unavailable.
    GrantedOffline,
    /// The principal holds no grant that covers it now.
    NoGrant,
    /// A grant covers it, and requires a more recent sign-in with a second factor than the known one.
    MfaRequired,
    /// A grant covers it, but not from the known address.
    OutsideNetworks,
    /// A grant covers it, but in another session or task.
    OtherSession,
    /// A grant covers it, but another exact call of the tool.
    OtherCall,
    /// The index could not be proven current, so no grant is honoured; standing rights remain.
    Stale,
    /// The store was replaced by an older copy or another one, so no grant is honoured until an operator has accepted
    /// it; standing rights remain.
    StoreReplaced,
    /// The store was altered, so no grant is honoured; standing rights remain.
    StoreBroken,
    /// Uses could not be recorded, so no grant is honoured; standing rights remain.
    Unrecordable,
    /// A grant covers it, and a guardrail forbids it.
    Guardrail,
    /// A grant covers it, and a guardrail that could forbid it cannot be evaluated, so it does.
    GuardrailError,
    /// A guardrail needs the entities of the host, and they are too old, so no grant is honoured; standing rights
    /// remain.
    EntitiesStale,
}

impl Reason {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::GrantedOffline => "granted_offline",
            Self::NoGrant => "no_grant",
            Self::MfaRequired => "mfa_required",
            Self::OutsideNetworks => "outside_networks",
            Self::OtherSession => "other_session",
            Self::OtherCall => "other_call",
            Self::Stale => "stale",
            Self::StoreReplaced => "store_replaced",
            Self::StoreBroken => "store_broken",
            Self::Unrecordable => "unrecordable",
            Self::Guardrail => "guardrail",
            Self::GuardrailError => "guardrail_error",
            Self::EntitiesStale => "entities_stale",
        }
    }
}

/// What an answer rests on.
///
/// ```
/// use jit_access::model::{Decision, Reason, Revision};
///
/// let basis = Decision::not_applicable(Reason::Stale, None, Revision(7)).basis;
/// assert_eq!((basis.reason, basis.grant), (Reason::Stale, None));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Basis {
    /// Why.
    pub reason: Reason,
    /// The grant that decided; set exactly when the outcome is [`Outcome::Allow`].
    pub grant: Option<GrantId>,
}

/// The answer, at one instant, over one revision.
///
/// ```
/// use jit_access::model::{Decision, GrantId, Outcome, Reason, Revision};
///
/// let nothing = Decision::not_applicable(Reason::NoGrant, None, Revision(7));
/// assert_eq!((nothing.outcome, nothing.basis.grant), (Outcome::NotApplicable, None));
/// let id: GrantId = "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".parse()?;
/// let allow = Decision::allow(id, "2026-12-01T13:00:00Z".parse()?, Revision(7));
/// assert_eq!(allow.basis.grant, Some(id));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use = "a decision must be enforced"]
#[non_exhaustive]
pub struct Decision {
    /// Allow, deny, or not applicable.
    pub outcome: Outcome,
    /// The basis of the decision.
    pub basis: Basis,
    /// The decision holds before this instant if nothing else changes; `None` when time alone will not change it. A
    /// host that caches decisions must drop this one at that instant, and whenever the revision rises.
    pub valid_until: Option<Timestamp>,
    /// The journal position the answer was made from.
    pub revision: Revision,
    /// What the host must do for guardrails: in addition to an allow, or before it asks again after a deny.
    pub obligations: Obligations,
}

impl Decision {
    /// The answer that leaves the host's own standing.
    pub const fn not_applicable(reason: Reason, valid_until: Option<Timestamp>, revision: Revision) -> Self {
        Self {
            outcome: Outcome::NotApplicable,
            basis: Basis { reason, grant: None },
            valid_until,
            revision,
            obligations: Obligations::NONE,
        }
    }

    /// The decision of a grant.
    pub const fn allow(grant: GrantId, valid_until: Timestamp, revision: Revision) -> Self {
        Self {
            outcome: Outcome::Allow,
            basis: Basis { reason: Reason::Granted, grant: Some(grant) },
            valid_until: Some(valid_until),
            revision,
            obligations: Obligations::NONE,
        }
    }

    /// The decision of a grant that is recorded on this machine alone. The store may differ at any instant, so it holds
    /// for this instant only.
    pub const fn allow_offline(grant: GrantId, now: Timestamp, revision: Revision) -> Self {
        let basis = Basis { reason: Reason::GrantedOffline, grant: Some(grant) };
        Self { basis, ..Self::allow(grant, now, revision) }
    }

    /// The decision of a guardrail. Its inputs may change at any instant, so it holds for this instant only.
    pub const fn deny(reason: Reason, obligations: Obligations, now: Timestamp, revision: Revision) -> Self {
        Self {
            outcome: Outcome::Deny,
            basis: Basis { reason, grant: None },
            valid_until: Some(now),
            revision,
            obligations,
        }
    }
}
