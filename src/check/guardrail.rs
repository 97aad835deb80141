//! What may forbid what a grant allows.
//!
//! This is the only place of a check where an allow may become [`Outcome::Deny`]: after the conditions of the grant are met
//! and before its use is recorded, so that what is denied is never counted as used. Nothing is asked unless a grant would
//! allow.

use std::fmt::Debug;
use std::sync::{Arc, OnceLock};

use super::attempt::Attempt;
use crate::model::{Decision, GrantId, Obligations, Outcome, RawQuery, Reason, Timestamp};
use crate::workflow::Rules;

/// What judges an allow: the operator's guardrails.
pub(crate) trait Forbids: Debug + Send + Sync {
    /// Whether this allow by this grant is doubted: Cedar, asked about a share of all allows, says otherwise.
    fn doubts(&self, query: &RawQuery<'_>, grant: GrantId, now: Timestamp) -> bool;

    /// Whether a check that no grant covers is one of those that are asked of Cedar too.
    fn asks_of_miss(&self) -> bool;

    /// Asks Cedar of this check, which no grant covers.
    fn note_miss(&self, query: &RawQuery<'_>, now: Timestamp);

    /// What they say of this query; in an emergency only those that are marked to hold in one forbid.
    fn judge(&self, query: &RawQuery<'_>, now: Timestamp, is_emergency: bool) -> Verdict;

    /// A break-glass grant that covers the query now, with its end.
    fn emergency(&self, query: &RawQuery<'_>, now: Timestamp) -> Option<(GrantId, Timestamp)>;
}

/// What guardrails say.
#[cfg_attr(not(feature = "cedar"), allow(dead_code, reason = "without Cedar nothing judges"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing stands in the way. `depends` says that the next check may be judged otherwise.
    Passes { obligations: Obligations, depends: bool },
    /// Forbidden.
    Forbids { reason: Reason, obligations: Obligations },
    /// What they look at is too old to say.
    Unknown,
}

/// Whoever judges, once an engine has guardrails.
pub(crate) type Guard = OnceLock<Arc<dyn Forbids>>;

/// The decision after all guardrails. `is_emergency` says whether a grant is a break-glass one.
#[inline]
pub(super) fn apply(
    guard: &Guard,
    attempt: &mut Attempt<'_>,
    decision: Decision,
    rules: &Rules,
    is_emergency: impl Fn(GrantId) -> bool,
) -> Decision {
    match (guard.get(), decision.outcome) {
        (Some(guard), Outcome::Allow) if attempt.is_guarded() => {
            judged(&**guard, attempt, decision, rules, is_emergency)
        }
        (Some(guard), Outcome::NotApplicable) if attempt.is_guarded() => missed(&**guard, attempt, decision),
        _ => decision,
    }
}

/// No grant covers it: the answer stays what it is.
#[cold]
fn missed(guard: &dyn Forbids, attempt: &mut Attempt<'_>, decision: Decision) -> Decision {
    if decision.basis.reason == Reason::NoGrant && guard.asks_of_miss() {
        guard.note_miss(attempt.query, attempt.now());
    }
    decision
}

#[inline(never)]
fn judged(
    guard: &dyn Forbids,
    attempt: &mut Attempt<'_>,
    decision: Decision,
    rules: &Rules,
    is_emergency: impl Fn(GrantId) -> bool,
) -> Decision {
    let (now, query) = (attempt.now(), attempt.query);
    // What this machine alone knows of cannot be asked of the store.
    let is_known = decision.basis.reason != Reason::GrantedOffline;
    if is_known && decision.basis.grant.is_some_and(|grant| guard.doubts(query, grant, now)) {
        return Decision::not_applicable(Reason::Stale, Some(now), decision.revision);
    }
    let is_emergency = decision.basis.grant.is_some_and(is_emergency);
    match guard.judge(query, now, is_emergency) {
        Verdict::Forbids { .. } if !is_emergency => {
            // Whoever holds both grants acts under the one that goes further.
            let taken = guard.emergency(query, now).filter(|_| !rules.reserves(true, query.action()));
            let verdict = guard.judge(query, now, taken.is_some());
            match taken {
                Some((grant, end)) if matches!(verdict, Verdict::Passes { .. }) => {
                    after(verdict, Decision::allow(grant, end, decision.revision), now)
                }
                _ => after(verdict, decision, now),
            }
        }
        verdict => after(verdict, decision, now),
    }
}

fn after(verdict: Verdict, decision: Decision, now: Timestamp) -> Decision {
    match verdict {
        Verdict::Passes { obligations, depends } => {
            Decision { obligations, valid_until: if depends { Some(now) } else { decision.valid_until }, ..decision }
        }
        Verdict::Forbids { reason, obligations } => Decision::deny(reason, obligations, now, decision.revision),
        Verdict::Unknown => Decision::not_applicable(Reason::EntitiesStale, Some(now), decision.revision),
    }
}
