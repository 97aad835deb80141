//! May this principal do this to that?

use std::sync::Arc;

use super::{CheckState, KeepsCurrent};
use crate::index::Ask;
use crate::model::{
    Action, Decision, GrantId, Outcome, Principal, Query, RawQuery, Reason, Resource, Revision, Timestamp,
};
use crate::store::{Batch, StoreError};
use crate::workflow::use_of;

/// Answers checks from memory. Cheap to clone; every clone sees the same index.
///
/// ```
/// # use jit_access::{config::Config, service::Builder, store::MemoryStore};
/// # let config = Config::parse("jit_access: {approver_roles: [lead], roles: {deployer: {permissions: [tools.execute]}}}", [])?;
/// # let engine = Builder::new(MemoryStore::new(), config.rules).open()?;
/// # use jit_access::wire::command;
/// # let made = command::run(&engine.desk(), r#"{"command": "submit", "caller": {"principal": "dev@example.com"},
/// #     "role": "deployer", "duration_hours": 1, "reason": "INC-1234"}"#)?;
/// # let request: RequestId = made.get(7..43).unwrap_or_default().parse()?;
/// # let (dev, lead) = (Principal::user("dev@example.com")?, Principal::user("lead@example.com")?);
/// # let dev = Caller::new(dev, vec![]);
/// # let lead = Caller::new(lead, vec![RoleName::new("lead")?]);
/// # let approve = format!(r#"{{"command": "approve", "caller": {{"principal": "boss", "roles": ["lead"]}}, "request": "{request}"}}"#);
/// # command::run(&engine.desk(), &approve)?;
/// use jit_access::model::*;
///
/// let decider = engine.decider();
/// let (action, resource) = (Action::new("tools.execute")?, Resource::new("tool", "deploy")?);
/// let decision = decider.check(&Query { principal: &dev.principal, action: &action, resource: &resource });
/// assert_eq!(decision.outcome, Outcome::Allow);
/// // The same from text, without making values of it.
/// let query = RawQuery::new((PrincipalKind::User, "dev@example.com"), "tools.execute", Some("tool:deploy"), None)?;
/// assert_eq!(decider.check_raw(&query).basis, decision.basis);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Decider {
    state: Arc<CheckState>,
    engine: Arc<dyn KeepsCurrent>,
}

impl Decider {
    pub(crate) fn new(state: Arc<CheckState>, engine: Arc<dyn KeepsCurrent>) -> Self {
        Self { state, engine }
    }

    /// Answers the question now, and records the use when a grant decides it.
    ///
    /// A grant is honoured only while the index is known to be current (see
    /// [`crate::service::Settings::max_staleness`]); past that the store is asked first. An allow that cannot be recorded is not
    /// given. Neither ever touches the host's own answer.
    pub fn check(&self, query: &Query<'_>) -> Decision {
        self.ask(query, &mut None)
    }

    /// The same for a question that is only borrowed text.
    #[inline]
    pub fn check_raw(&self, query: &RawQuery<'_>) -> Decision {
        self.ask(query, &mut None)
    }

    /// Answers for each of these resources, in their order and at one instant, as [`Decider::check`] does: what a grant
    /// gives counts as used. To only show what would be given, see [`Decider::peek_many`].
    #[must_use]
    pub fn check_many(&self, principal: &Principal, action: &Action, resources: &[Resource]) -> Vec<Decision> {
        let mut now = None;
        let query = |resource| Query { principal, action, resource };
        resources.iter().map(|resource| self.ask(&query(resource), &mut now)).collect()
    }

    /// The same for questions that are only borrowed text.
    pub fn check_many_raw<'q>(&self, queries: impl IntoIterator<Item = RawQuery<'q>>) -> Vec<Decision> {
        let mut now = None;
        queries.into_iter().map(|query| self.ask(&query, &mut now)).collect()
    }

    /// Answers for each of these resources, in their order and at one instant, without recording a use: for hosts that
    /// leave out of a list what its reader may not see.
    #[must_use]
    pub fn peek_many(&self, principal: &Principal, action: &Action, resources: &[Resource]) -> Vec<Decision> {
        let mut now = None;
        let query = |resource| Query { principal, action, resource };
        resources.iter().map(|resource| self.look(&query(resource), &mut now)).collect()
    }

    /// Answers the question from everything committed before the call, by any process that shares the store.
    ///
    /// For hosts of several processes that want a revocation in one to hold in all of them at the next check. Costs
    /// microseconds more than [`Decider::check`].
    pub fn check_current(&self, query: &Query<'_>) -> Decision {
        self.synced(|| self.check(query))
    }

    /// The same for a question that is only borrowed text.
    pub fn check_current_raw(&self, query: &RawQuery<'_>) -> Decision {
        self.synced(|| self.check_raw(query))
    }

    /// The answer that [`Decider::check`] would give, without recording a use.
    pub fn peek(&self, query: &Query<'_>) -> Decision {
        self.look(query, &mut None)
    }

    /// The same for a question that is only borrowed text.
    #[inline]
    pub fn peek_raw(&self, query: &RawQuery<'_>) -> Decision {
        self.look(query, &mut None)
    }

    /// The answer that [`Decider::check_current`] would give, without recording a use: for hosts that look at whoever holds
    /// the grant before they use it.
    pub fn peek_current(&self, query: &Query<'_>) -> Decision {
        self.synced(|| self.peek(query))
    }

    /// The same for a question that is only borrowed text.
    pub fn peek_current_raw(&self, query: &RawQuery<'_>) -> Decision {
        self.synced(|| self.peek_raw(query))
    }

    /// The answer of [`Decider::peek_current`] where memory alone can give it, so that no disk is waited for: for hosts
    /// that must not block. `None` when the store has to be asked.
    pub fn peek_in_memory(&self, query: &RawQuery<'_>) -> Option<Decision> {
        let state = &*self.state;
        let revision = state.index.revision();
        if !state.store.is_still(revision) {
            return None;
        }
        if self.rules_out(query).is_some() || !state.rules.enabled {
            return Some(Decision::not_applicable(Reason::NoGrant, None, revision));
        }
        let mut now = None;
        let decision = self.binding(query, self.answer(query, &[], &mut now));
        let is_proven = decision.outcome != Outcome::Allow || now.is_some_and(|now| state.is_fresh(now));
        is_proven.then_some(decision)
    }

    fn synced(&self, check: impl FnOnce() -> Decision) -> Decision {
        let state = &*self.state;
        if state.store.is_still(state.index.revision()) {
            return check();
        }
        match self.engine.sync() {
            Ok(_) => check(),
            Err(error) => self.stale(&error),
        }
    }

    /// `now` is the instant of the decision, once one was needed.
    #[inline]
    fn ask(&self, query: &impl Ask, now: &mut Option<Timestamp>) -> Decision {
        if let Some(revision) = self.rules_out(query) {
            return Decision::not_applicable(Reason::NoGrant, None, revision);
        }
        let mut decision = self.found(query, now);
        if decision.outcome == Outcome::Allow {
            self.record(query, &mut decision, now);
        }
        decision
    }

    #[inline]
    fn look(&self, query: &impl Ask, now: &mut Option<Timestamp>) -> Decision {
        if let Some(revision) = self.rules_out(query) {
            return Decision::not_applicable(Reason::NoGrant, None, revision);
        }
        self.found(query, now)
    }

    /// The revision as of which nothing is held, which nearly every answer is. The answer itself is made where it is
    /// wanted: moving it takes longer than making it.
    #[inline]
    fn rules_out(&self, query: &impl Ask) -> Option<Revision> {
        let nothing = self.state.index.rules_out(query);
        nothing.filter(|_| self.state.conditional.is_empty())
    }

    /// The answer for somebody who may hold something.
    #[inline(never)]
    fn found(&self, query: &impl Ask, now: &mut Option<Timestamp>) -> Decision {
        let state = &*self.state;
        if !state.rules.enabled {
            return Decision::not_applicable(Reason::NoGrant, None, state.index.revision());
        }
        let mut decision = self.answer(query, &[], now);
        // Whoever is allowed something holds something, and then the clock was asked.
        let allows = decision.outcome == Outcome::Allow;
        if allows && !now.is_some_and(|now| state.is_fresh(now)) {
            decision = self.refreshed(query, &[], now);
        }
        self.binding(query, decision)
    }

    /// The decision under what holds for every grant now: what is reserved today no grant gives, and while nobody knows what
    /// time it is, only access that was taken in an emergency goes on.
    #[inline]
    fn binding(&self, query: &impl Ask, decision: Decision) -> Decision {
        let (state, Some(grant)) = (&*self.state, decision.basis.grant) else { return decision };
        if state.rules.reserved_permissions.is_empty() && state.time.trouble().is_none() {
            return decision;
        }
        let is_emergency = state.durable.has(grant);
        let reserved = state.rules.reserved(is_emergency);
        if query.with_raw(|raw| reserved.iter().any(|permission| permission.covers_name(raw.action()))) {
            return Decision::not_applicable(Reason::NoGrant, None, decision.revision);
        }
        if state.time.trouble().is_some() && !is_emergency {
            return Decision::not_applicable(Reason::Stale, None, decision.revision);
        }
        decision
    }

    /// What the index says, or else the grants with conditions; both without the grants in `spent`.
    #[inline]
    fn answer(&self, query: &impl Ask, spent: &[GrantId], now: &mut Option<Timestamp>) -> Decision {
        let state = &*self.state;
        let mut decision = state.index.ask(query, || *now.get_or_insert_with(|| state.time.now()));
        let may_be_given_otherwise = match decision.basis.grant {
            Some(grant) => spent.contains(&grant),
            None => !state.conditional.is_empty(),
        };
        if may_be_given_otherwise {
            decision = self.conditionally(query, &decision, spent, now);
        }
        decision
    }

    /// The answer when only a grant with conditions could give it.
    #[cold]
    fn conditionally(
        &self,
        query: &impl Ask,
        decision: &Decision,
        spent: &[GrantId],
        now: &mut Option<Timestamp>,
    ) -> Decision {
        let state = &*self.state;
        let otherwise = Decision::not_applicable(Reason::NoGrant, decision.valid_until, decision.revision);
        let clock = || *now.get_or_insert_with(|| state.time.now());
        state.conditional.decide(query, otherwise, spent, &state.rules, clock)
    }

    /// The answer after the store was asked what is new, at an instant after that.
    #[cold]
    fn refreshed(&self, query: &impl Ask, spent: &[GrantId], now: &mut Option<Timestamp>) -> Decision {
        if let Err(error) = self.engine.sync() {
            return self.stale(&error);
        }
        *now = None;
        self.answer(query, spent, now)
    }

    #[cold]
    fn stale(&self, error: &StoreError) -> Decision {
        tracing::warn!(%error, "the store cannot be read; no grant is honoured");
        Decision::not_applicable(Reason::Stale, None, self.state.index.revision())
    }

    /// Has the use written down, or takes the decision back.
    fn record(&self, query: &impl Ask, decision: &mut Decision, now: &mut Option<Timestamp>) {
        let state = &*self.state;
        let Some(grant) = decision.basis.grant else { return };
        let at = *now.get_or_insert_with(|| state.time.now());
        if state.durable.has(grant) || state.conditional.is_numbered(grant) {
            *decision = self.recorded_first(query, *decision, at);
        } else if !self.is_queued(query, (at, grant)) {
            *decision = unrecordable(decision);
        }
    }

    #[inline]
    fn is_queued(&self, query: &impl Ask, (at, grant): (Timestamp, GrantId)) -> bool {
        let state = &*self.state;
        query.with_raw(|raw| state.uses.push(at, grant, raw, || state.flush_uses()))
    }

    /// The same for a grant whose uses are on disk before they are answered.
    #[cold]
    fn recorded_first(&self, query: &impl Ask, mut decision: Decision, mut at: Timestamp) -> Decision {
        let state = &*self.state;
        let mut spent = Vec::new();
        while let Some(grant) = decision.basis.grant {
            if spent.contains(&grant) {
                return Decision::not_applicable(Reason::NoGrant, Some(at), decision.revision);
            }
            if !state.durable.has(grant) && !state.conditional.is_numbered(grant) {
                return if self.is_queued(query, (at, grant)) { decision } else { unrecordable(&decision) };
            }
            match self.use_now(query, grant, at) {
                Ok(true) => return decision,
                // It has ended, or was used for the last time, since the index was asked.
                Ok(false) => {
                    spent.push(grant);
                    let mut now = None;
                    decision = self.binding(query, self.refreshed(query, &spent, &mut now));
                    at = now.unwrap_or(at);
                }
                Err(error) => {
                    tracing::warn!(%error, "a use cannot be recorded; the grant is not honoured");
                    return unrecordable(&decision);
                }
            }
        }
        decision
    }

    /// Writes a use down, if the grant as it is kept allows one more. Numbered uses are exact across threads and
    /// processes: each is written on condition that no other has been since the grant was read.
    fn use_now(&self, query: &impl Ask, id: GrantId, at: Timestamp) -> Result<bool, StoreError> {
        let (_, action, resource) = query.with_raw(|raw| raw.to_values());
        loop {
            let view = self.state.store.grant(id)?;
            let Some(grant) = view.grant else { return Ok(false) };
            let Some(events) = use_of(&grant, (action.clone(), resource.clone()), at) else { return Ok(false) };
            let decided_from = grant.conditions.max_uses.map(|_| view.revision);
            match self.state.store.commit(&Batch { decided_from, events, ..Batch::default() }) {
                Ok(records) => {
                    if decided_from.is_some() {
                        self.engine.publish(&records);
                    }
                    return Ok(true);
                }
                // Somebody got something done, perhaps a use of this very grant.
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
    }
}

const fn unrecordable(decision: &Decision) -> Decision {
    Decision::not_applicable(Reason::Unrecordable, None, decision.revision)
}
