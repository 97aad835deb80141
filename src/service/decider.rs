//! May this principal do this to that?

use std::sync::Arc;

use super::engine::Shared;
use crate::model::{Actor, Decision, Event, Fact, Outcome, Query, Reason};

/// Answers checks from memory. Cheap to clone; every clone sees the same index.
#[derive(Debug, Clone)]
pub struct Decider {
    shared: Arc<Shared>,
}

impl Decider {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Answers the question now, and records the use when a grant decides it.
    ///
    /// A grant is honoured only while the index is known to be current (see
    /// [`super::Settings::max_staleness`]); past that the store is asked first. An allow that cannot be recorded is not
    /// given. Neither ever touches the host's own answer.
    pub fn check(&self, query: &Query<'_>) -> Decision {
        let decision = self.peek(query);
        if decision.outcome == Outcome::Allow { self.recorded(query, decision) } else { decision }
    }

    /// Answers the question from everything committed before the call, by any process that shares the store.
    ///
    /// For hosts of several processes that want a revocation in one to hold in all of them at the next check. Costs
    /// microseconds more than [`Decider::check`].
    pub fn check_current(&self, query: &Query<'_>) -> Decision {
        match self.shared.sync() {
            Ok(_) => self.check(query),
            Err(error) => {
                tracing::warn!(%error, "the store cannot be read; no grant is honoured");
                Decision::not_applicable(Reason::Stale, None, self.shared.index.revision())
            }
        }
    }

    /// The answer that [`Decider::check`] would give, without recording a use.
    pub fn peek(&self, query: &Query<'_>) -> Decision {
        let shared = &*self.shared;
        if !shared.rules.enabled {
            return Decision::not_applicable(Reason::NoGrant, None, shared.index.revision());
        }
        let decision = shared.index.decide_with(query, || shared.time.now());
        if decision.outcome != Outcome::Allow || shared.is_fresh() {
            return decision;
        }
        match shared.sync() {
            Ok(_) => shared.index.decide_with(query, || shared.time.now()),
            Err(error) => {
                tracing::warn!(%error, "the store cannot be read; no grant is honoured");
                Decision::not_applicable(Reason::Stale, None, decision.revision)
            }
        }
    }

    fn recorded(&self, query: &Query<'_>, decision: Decision) -> Decision {
        let Some(grant) = decision.basis.grant else { return decision };
        let event = Event {
            at: self.shared.time.now(),
            by: Actor::Principal(query.principal.clone()),
            fact: Fact::GrantUsed { grant, action: query.action.clone(), resource: query.resource.clone() },
        };
        if self.shared.uses.push(event, || self.shared.flush_uses()) {
            decision
        } else {
            Decision::not_applicable(Reason::Unrecordable, None, decision.revision)
        }
    }
}
