//! The guardrails, which can forbid what a grant allows.
//!
//! This is the only step of a check where an allow can become [`Outcome::Deny`]. It comes after the conditions and
//! before the use is recorded, so a denied check is never counted as a use. Guardrails are evaluated only if a grant
//! would allow the check.

use std::fmt::Debug;
use std::sync::{Arc, OnceLock};

use super::attempt::Attempt;
use crate::model::{Decision, GrantId, Obligations, Outcome, RawQuery, Reason, Timestamp};
use crate::workflow::Rules;

/// The port to the operator's guardrails.
pub(crate) trait Forbids: Debug + Send + Sync {
    /// Whether Cedar, which also evaluates a share of all allows, disagrees with this allow by this grant.
    fn doubts(&self, query: &RawQuery<'_>, grant: GrantId, now: Timestamp) -> bool;

    /// Whether Cedar also evaluates this check that no grant covers: it evaluates a share of them.
    fn asks_of_miss(&self) -> bool;

    /// Has Cedar evaluate this check, which no grant covers.
    fn note_miss(&self, query: &RawQuery<'_>, now: Timestamp);

    /// The verdict about this query. In an emergency, only guardrails that are marked to hold then forbid.
    fn judge(&self, query: &RawQuery<'_>, now: Timestamp, is_emergency: bool) -> Verdict;

    /// A break-glass grant that covers the query now, with its end.
    fn emergency(&self, query: &RawQuery<'_>, now: Timestamp) -> Option<(GrantId, Timestamp)>;
}

/// The verdict of the guardrails.
#[cfg_attr(not(feature = "cedar"), allow(dead_code, reason = "without Cedar nothing judges"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// No guardrail forbids it. `depends`: the verdict about the next check can be different.
    Passes { obligations: Obligations, depends: bool },
    /// Forbidden.
    Forbids { reason: Reason, obligations: Obligations },
    /// The entities that the guardrails read are too old.
    Unknown,
}

/// The guardrails, if the engine has any.
pub(crate) type Guard = OnceLock<Arc<dyn Forbids>>;

/// The decision after all guardrails. `is_emergency` returns whether a grant is a break-glass grant.
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

/// No grant covers the check: the answer does not change.
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
    // A grant that only this machine has is not in the store, so Cedar cannot evaluate it.
    let is_known = decision.basis.reason != Reason::GrantedOffline;
    if is_known && decision.basis.grant.is_some_and(|grant| guard.doubts(query, grant, now)) {
        return Decision::not_applicable(Reason::Stale, Some(now), decision.revision);
    }
    let is_emergency = decision.basis.grant.is_some_and(is_emergency);
    match guard.judge(query, now, is_emergency) {
        Verdict::Forbids { .. } if !is_emergency => {
            // A holder of both grants acts under the break-glass grant, which allows more.
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
