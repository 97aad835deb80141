//! Is this principal allowed to do this action to this resource? The steps of a check, in their order.

use std::sync::Arc;

use super::attempt::Attempt;
use super::conditions::{Candidate, Judged, decided};
use super::{Check, CheckState, KeepsCurrent, guardrail};
use crate::index::PrincipalHash;
use crate::model::{
    Context, Decision, Grant, GrantId, GrantStatus, Invalid, Outcome, Principal, PrincipalKind, RawQuery, Reason,
    Timestamp,
};
use crate::store::StoreError;
use crate::workflow::{Use, may_still_hold};

/// Answers checks from memory. Cheap to clone; every clone sees the same grants.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let world::World { engine, dev, .. } = world::granted()?;
/// # let dev = dev.principal;
/// use jit_access::check::Check;
/// use jit_access::model::*;
///
/// let decider = engine.decider();
/// let check = Check::text((PrincipalKind::User, "dev@example.com"), "tools.execute", Some("tool:deploy"), None);
/// assert_eq!(decider.check(&check)?.outcome, Outcome::Allow);
/// // The same from values.
/// let (action, resource): (_, Resource) = (Action::new("tools.execute")?, "tool:deploy".parse()?);
/// let check = Check::new(Query { principal: &dev, action: &action, resource: &resource });
/// assert_eq!(decider.check(&check.peek())?.outcome, Outcome::Allow);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Decider {
    state: Arc<CheckState>,
    engine: Arc<dyn KeepsCurrent>,
}

/// The value of the const parameter that the steps of a check have. A generic function is compiled in the calling
/// crate, with the optimisation of that crate. The Python module compiles the rest of the library for size.
const HERE: u8 = 0;

impl Decider {
    pub(crate) fn new(state: Arc<CheckState>, engine: Arc<dyn KeepsCurrent>) -> Self {
        Self { state, engine }
    }

    /// Answers the check now. If a grant allows it, the use is recorded, unless the check only peeks.
    ///
    /// A grant is honoured only while the state in memory is known to be current (see
    /// [`crate::service::Settings::max_staleness`]); after that the store is read first. An allow that cannot be
    /// recorded is not given. In both cases the answer is [`Outcome::NotApplicable`], so the host's own decision
    /// applies.
    ///
    /// An allow holds the lock of a queue while the text of the check is copied. Three kinds of allow wait for the
    /// store: those by a break-glass grant and by a grant with numbered uses, which are committed before the answer,
    /// and an allow that finds the queue full, which writes the queue first.
    ///
    /// If a grant covers the check but does not allow it, because a condition is not met or the permission is reserved,
    /// this is counted as a refused attempt. If no grant covers the check, which is the usual answer, nothing is
    /// counted, unless the principal holds a grant and the host reports that nothing else allows the action
    /// ([`crate::model::UseDetails::by_standing`]).
    ///
    /// # Errors
    /// When the text of the check is invalid. The name of the principal is always parsed. The action and the resource
    /// are parsed only if the principal may hold a grant; otherwise the answer is "no grant" for any action and
    /// resource.
    #[inline]
    pub fn check(&self, check: &Check<'_>) -> Result<Decision, Invalid> {
        if check.is_current() {
            return self.check_current(check);
        }
        // The name is validated and hashed once, here.
        let Some((kind, name)) = check.plain_principal() else { return self.check_any(check) };
        let hash = self.state.index.hash(kind, name.as_bytes());
        match self.without_grant(hash) {
            Some(decision) => Ok(decision),
            None => self.check_plain::<HERE>(check, (kind, name), hash),
        }
    }

    /// Answers all of these checks at one instant, in their order. If one of them is current, all are. All are parsed
    /// before the first is answered, so an error leaves no use recorded.
    ///
    /// # Errors
    /// As for [`Decider::check`].
    pub fn check_many<'a>(&self, checks: impl IntoIterator<Item = Check<'a>>) -> Result<Vec<Decision>, Invalid> {
        let mut is_current = false;
        let read = |check: Check<'a>| {
            is_current |= check.is_current();
            Ok((check.read()?, check.is_peek()))
        };
        let queries = checks.into_iter().map(read).collect::<Result<Vec<_>, Invalid>>()?;
        if is_current && let Err(error) = self.make_current() {
            let away = |(query, is_peek): &(RawQuery<'_>, bool)| {
                self.away::<HERE>(&mut self.attempt(query, None), &error, *is_peek)
            };
            return Ok(queries.iter().map(away).collect());
        }
        let mut instant = None;
        let answer = |(query, is_peek): &(RawQuery<'_>, bool)| {
            let mut attempt = self.attempt(query, instant);
            let decision = self.run::<HERE>(&mut attempt, *is_peek);
            instant = attempt.instant();
            decision
        };
        Ok(queries.iter().map(answer).collect())
    }

    /// The answer of [`Decider::check`] to a check that is current and only peeks, from memory alone: for hosts that
    /// must not wait for a disk. `None` if the store must be read.
    ///
    /// # Errors
    /// As for [`Decider::check`].
    pub fn peek_in_memory(&self, check: &Check<'_>) -> Result<Option<Decision>, Invalid> {
        let state = &*self.state;
        let query = check.read()?;
        if !state.is_still_current() {
            return Ok(None);
        }
        let mut attempt = self.attempt(&query, None);
        if !state.rules.enabled {
            return Ok(Some(self.no_grant()));
        }
        let candidate = self.candidate(&mut attempt);
        if candidate.may_allow() && attempt.person().is_some() {
            return Ok(None);
        }
        let is_proven = !candidate.may_allow() || state.is_fresh(attempt.now());
        Ok(is_proven.then(|| self.permit(&mut attempt, candidate)))
    }

    /// Like [`Decider::check`], without the guardrails: the caller evaluates them.
    #[cfg_attr(not(feature = "cedar"), allow(dead_code, reason = "used only with Cedar"))]
    pub(crate) fn check_unguarded(&self, check: &Check<'_>) -> Result<Decision, Invalid> {
        let query = check.read()?;
        if check.is_current()
            && let Err(error) = self.make_current()
        {
            let mut attempt = self.attempt(&query, None);
            attempt.unguarded();
            return Ok(self.away::<HERE>(&mut attempt, &error, check.is_peek()));
        }
        let mut attempt = self.attempt(&query, None);
        attempt.unguarded();
        Ok(self.run::<HERE>(&mut attempt, check.is_peek()))
    }

    #[inline(never)]
    fn check_current(&self, check: &Check<'_>) -> Result<Decision, Invalid> {
        let query = check.read()?;
        match self.make_current() {
            Ok(()) => Ok(self.run::<HERE>(&mut self.attempt(&query, None), check.is_peek())),
            Err(error) => Ok(self.away::<HERE>(&mut self.attempt(&query, None), &error, check.is_peek())),
        }
    }

    /// The answer for a principal without a grant: nearly every answer. Only the name is read.
    #[inline]
    fn without_grant(&self, hash: PrincipalHash) -> Option<Decision> {
        let revision = self.state.index.without_grant(hash)?;
        self.state.conditional.is_empty().then(|| Decision::not_applicable(Reason::NoGrant, None, revision))
    }

    /// The answer for a principal with a plain name who may hold a grant.
    #[inline(never)]
    fn check_plain<'a, const CRATE: u8>(
        &self,
        check: &Check<'a>,
        principal: (PrincipalKind, &'a str),
        hash: PrincipalHash,
    ) -> Result<Decision, Invalid> {
        // The text and the grants are loaded from memory at the same time.
        check.fetch();
        self.state.index.fetch(hash);
        let Some(query) = check.read_plain(principal) else { return self.check_any(check) };
        Ok(self.run::<CRATE>(&mut Attempt::new(&query, hash, &self.state.time, None), check.is_peek()))
    }

    /// The answer for any principal.
    #[inline(never)]
    fn check_any(&self, check: &Check<'_>) -> Result<Decision, Invalid> {
        let query = check.read()?;
        Ok(self.run::<HERE>(&mut self.attempt(&query, None), check.is_peek()))
    }

    /// An attempt to answer this query at this instant. `None`: the clock is read when it is first needed.
    fn attempt<'a>(&'a self, query: &'a RawQuery<'a>, instant: Option<Timestamp>) -> Attempt<'a> {
        let hash = self.state.index.hash(query.principal_kind(), query.principal().as_bytes());
        Attempt::new(query, hash, &self.state.time, instant)
    }

    /// The steps of a check.
    fn run<const CRATE: u8>(&self, attempt: &mut Attempt<'_>, is_peek: bool) -> Decision {
        if !self.state.rules.enabled {
            return self.no_grant();
        }
        loop {
            let candidate = match self.fresh_candidate(attempt) {
                Ok(candidate) => candidate,
                Err(error) => return self.away::<CRATE>(attempt, &error, is_peek),
            };
            let may_allow = candidate.may_allow();
            let decision = self.permit(attempt, candidate);
            let (Outcome::Allow, Some(grant), false) = (decision.outcome, decision.basis.grant, is_peek) else {
                if !is_peek && (may_allow || self.is_refused_holder(attempt)) {
                    self.state.refused.add_check(attempt.query, decision.basis.reason, attempt.now());
                }
                return decision;
            };
            match self.record::<CRATE>(attempt, grant) {
                Ok(true) => {
                    if let Some(checks) = self.state.recording.works() {
                        tracing::info!(checks, "uses can be recorded again");
                    }
                    return decision;
                }
                // The grant ended, or has no uses left, since it became the candidate: try the next one, with newer
                // state.
                Ok(false) => attempt.spend(grant),
                Err(error) if self.state.offline.has(grant) => return self.away::<CRATE>(attempt, &error, false),
                Err(error) => {
                    if let Some(checks) = self.state.recording.failed(attempt.now()) {
                        tracing::warn!(%error, checks, "uses cannot be recorded; the grants are not honoured");
                    }
                    return Decision::not_applicable(Reason::Unrecordable, None, decision.revision);
                }
            }
            if let Err(error) = self.refresh(attempt) {
                return self.away::<CRATE>(attempt, &error, is_peek);
            }
        }
    }

    /// Whether the principal holds a grant, and the host reports that nothing else allows the action.
    #[inline]
    fn is_refused_holder(&self, attempt: &Attempt<'_>) -> bool {
        attempt.query.context().is_some_and(Context::is_refused_by_standing)
            && (self.state.index.without_grant(attempt.hash).is_none()
                || self.state.conditional.may_hold(attempt.query))
    }

    /// The candidate. If it may allow the check, the state is known to be current.
    #[inline(always)]
    fn fresh_candidate(&self, attempt: &mut Attempt<'_>) -> Result<Candidate, StoreError> {
        let candidate = self.candidate(attempt);
        if !candidate.may_allow() || self.state.is_fresh(attempt.now()) {
            return Ok(candidate);
        }
        self.refresh(attempt)?;
        Ok(self.candidate(attempt))
    }

    /// The grant that covers the query; preferably one without conditions.
    #[inline(always)]
    fn candidate(&self, attempt: &mut Attempt<'_>) -> Candidate {
        let query = attempt.query;
        let decision = self.state.index.decide_read(query, attempt.hash, || attempt.now());
        match decision.basis.grant {
            Some(grant) if !attempt.is_spent(grant) => Candidate::Decided(decision),
            None if self.state.conditional.is_empty() => Candidate::Decided(decision),
            _ => self.state.conditional.candidate(attempt, &decision),
        }
    }

    /// The decision for the candidate: its conditions, the rules for every grant, and the guardrails.
    #[inline(always)]
    fn permit(&self, attempt: &mut Attempt<'_>, candidate: Candidate) -> Decision {
        let decision = match attempt.person() {
            Some(person) if candidate.may_allow() => self.for_person(attempt, person),
            _ => self.state.conditional.meet(attempt, candidate, &self.state.rules),
        };
        let decision = self.binding(attempt, decision);
        let state = &*self.state;
        guardrail::apply(&state.guard, attempt, decision, &state.rules, |grant| state.durable.has(grant))
    }

    /// The decision for an agent that acts for a named person. Only its grants for this person count, and both
    /// standings are tested again. It reads the store, because the index has the holder of a plain grant but not the
    /// person.
    #[cold]
    fn for_person(&self, attempt: &mut Attempt<'_>, person: &Principal) -> Decision {
        let (state, now, none) = (&*self.state, attempt.now(), Context::default());
        let (holder, action, resource) = attempt.query.to_values();
        let context = attempt.query.context().unwrap_or(&none);
        let view = match self.engine.held_for(person, &holder, now) {
            Ok(view) => view,
            Err(error) => return self.stale(&error),
        };
        let may_hold = |grant: &Grant| {
            [person, &holder].into_iter().all(|who| {
                let standing = view.standing.get(who);
                standing.is_none_or(|standing| may_still_hold(grant, who, standing, &state.rules, now))
            })
        };
        let is_theirs = |grant: &&Grant| {
            let is_for_them = grant.holder == holder && grant.holder_acts_for.as_ref() == Some(person);
            let is_in_force = grant.status(now) == GrantStatus::Active && !attempt.is_spent(grant.id);
            is_for_them && is_in_force && grant.covers(&action, &resource) && may_hold(grant)
        };
        let theirs = view.history.live.iter().filter(is_theirs);
        let judged = theirs.map(|grant| Judged::new(grant, context, &state.rules, now)).collect();
        decided(judged, state.index.revision(), now)
    }

    /// Applies the rules for every grant: no grant allows a permission that is reserved now, and while the time is
    /// unknown only break-glass grants are honoured.
    #[inline(always)]
    fn binding(&self, attempt: &Attempt<'_>, decision: Decision) -> Decision {
        let (state, Some(grant)) = (&*self.state, decision.basis.grant) else { return decision };
        if state.is_broken() {
            return Decision::not_applicable(Reason::StoreBroken, None, decision.revision);
        }
        let trouble = state.time.trouble().is_some();
        if state.rules.reserved_permissions.is_empty() && !trouble {
            return decision;
        }
        let is_emergency = state.durable.has(grant);
        let action = attempt.query.action();
        if state.rules.reserves(is_emergency, action) {
            return Decision::not_applicable(Reason::NoGrant, None, decision.revision);
        }
        if trouble && !is_emergency {
            return Decision::not_applicable(Reason::Stale, None, decision.revision);
        }
        decision
    }

    /// Records the use of the grant. `false` if the grant, as it is in the store, allows no further use.
    #[inline(never)]
    fn record<const CRATE: u8>(&self, attempt: &mut Attempt<'_>, grant: GrantId) -> Result<bool, StoreError> {
        let (state, at, query) = (&*self.state, attempt.now(), attempt.query);
        if state.durable.has(grant) || state.conditional.is_numbered(grant) {
            let (_, action, resource) = query.to_values();
            let details = state.uses.details_of(query);
            return self.engine.use_grant(grant, Use { action, resource, details }, at);
        }
        state.uses.push(at, grant, query, || state.flush_uses(&*self.engine)).map(|()| true)
    }

    fn no_grant(&self) -> Decision {
        Decision::not_applicable(Reason::NoGrant, None, self.state.index.revision())
    }

    /// Updates the state from the store, if anything may have been committed.
    fn make_current(&self) -> Result<(), StoreError> {
        let state = &*self.state;
        if !state.is_still_current() {
            self.engine.sync()?;
        }
        Ok(())
    }

    /// Updates the state from the store; the attempt continues at a later instant.
    #[cold]
    fn refresh(&self, attempt: &mut Attempt<'_>) -> Result<(), StoreError> {
        self.engine.sync()?;
        attempt.restart();
        Ok(())
    }

    /// The answer while the store is unavailable: an allow if a grant that only this machine has covers the query and
    /// the use is recorded on its disk.
    #[cold]
    #[inline(never)]
    fn away<const CRATE: u8>(&self, attempt: &mut Attempt<'_>, error: &StoreError, is_peek: bool) -> Decision {
        let state = &*self.state;
        if !state.rules.enabled {
            return self.no_grant();
        }
        if !matches!(error, StoreError::Unavailable { .. }) {
            return self.stale(error);
        }
        self.engine.look_offline();
        attempt.restart();
        let at = attempt.now();
        let covering =
            state.offline.covering(attempt.query, attempt.person(), at).filter(|grant| !attempt.is_spent(*grant));
        let Some(grant) = covering else { return self.stale(error) };
        let decision = Decision::allow_offline(grant, at, state.index.revision());
        let decision = self.binding(attempt, decision);
        let decision = guardrail::apply(&state.guard, attempt, decision, &state.rules, |_| true);
        if decision.outcome != Outcome::Allow || is_peek {
            return decision;
        }
        let (_, action, resource) = attempt.query.to_values();
        let details = state.uses.details_of(attempt.query);
        match self.engine.use_offline(grant, Use { action, resource, details }, at) {
            Ok(true) => decision,
            Ok(false) => self.stale(error),
            Err(error) => {
                tracing::error!(%error, "a use cannot be recorded on this machine while the store is unavailable; the grant is not honoured");
                Decision::not_applicable(Reason::Unrecordable, None, decision.revision)
            }
        }
    }

    #[cold]
    fn stale(&self, error: &StoreError) -> Decision {
        if let Some(checks) = self.state.currency.failed(self.state.time.now()) {
            tracing::warn!(%error, checks, "the grants are not known to be current; no grant is honoured");
        }
        let reason = if matches!(error, StoreError::Replaced(_)) { Reason::StoreReplaced } else { Reason::Stale };
        Decision::not_applicable(reason, None, self.state.index.revision())
    }
}
