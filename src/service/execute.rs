//! Carrying out a command, and the answer to a repeat.

use std::borrow::Cow;
use std::collections::BTreeMap;

use uuid::Uuid;

use super::commit::{Decision, Round};
use super::directory::{Directory, Known};
use super::fingerprint::fingerprint;
use super::follow::ended_by;
use super::metrics::Counters;
use super::pending::Pending;
use super::receipt::{IdempotencyKey, Receipt};
use super::shared::Shared;
use super::workflow::Workflow;
use crate::clock::ClockTrouble;
use crate::command::{AnswerKind, Command, Effect};
use crate::error::Error;
use crate::model::{AccessRequest, Actor, Caller, Event, Grant, GrantId, Principal, Timestamp};
use crate::store::{Done, Reads, StoreError};
use crate::workflow::{
    Call, Ids, Needs, Refusal, RefusalCode, View, answered_with, check_not_disabled, decide, evolve,
    may_see_delegation, may_see_grant, may_see_request, preview,
};

impl Workflow {
    /// Carries out the command, or nothing of it.
    ///
    /// Once this has returned `Ok`, every check of this process that starts from now on sees the result, and it is on
    /// disk unless [`Receipt::durable`] is false. A second call with the same command and key does nothing: it returns
    /// the current state of what the first call did, marked `replayed`. A call that changed nothing does not use its
    /// key, unless it ends all grants of a selection: its retry must not end later grants.
    ///
    /// # Errors
    /// A refusal of the rules; [`Error::KeyReused`] when the key was used with another command; errors of the store.
    /// Then nothing has happened, except that after an error of the store the write may still have been made: call
    /// again with the same key.
    pub fn execute(
        &self,
        caller: &Caller,
        command: impl Into<Command>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Receipt, Error> {
        let command = &command.into();
        let span = span_of(command);
        let _entered = span.enter();
        let caller = &*self.shared.on_our_time(caller);
        let call = Call { keyed: key.is_some(), ..Call::new(caller, command, self.shared.new_ids()) };
        let answer = self.shared.run(&call, key);
        let counters = &self.shared.counters;
        let outcome = match &answer {
            Ok(_) => &counters.done,
            Err(Error::Refused(_) | Error::Invalid(_)) => &counters.refused,
            Err(_) => &counters.failed,
        };
        Counters::add(outcome, 1);
        if let Err(Error::Refused(refusal)) = &answer {
            self.shared.refused_command(caller, command, refusal);
        }
        note_outcome(&span, &answer);
        answer
    }

    /// Like [`Workflow::execute`], for the host itself, without a caller. It may report the standing of principals.
    ///
    /// # Errors
    /// As for [`Workflow::execute`].
    pub fn execute_for_host(&self, command: impl Into<Command>) -> Result<Receipt, Error> {
        let command = &command.into();
        let span = span_of(command);
        let _entered = span.enter();
        let answer = self.shared.run(&Call { caller: None, command, ids: self.shared.new_ids(), keyed: false }, None);
        note_outcome(&span, &answer);
        answer
    }

    /// Returns what [`Workflow::execute`] would do, without doing it: the request that would be made, with what it
    /// would newly permit, its risk, and who would review it. No notice is sent, and nothing is written.
    ///
    /// # Errors
    /// As for [`Workflow::execute`].
    pub fn preview(&self, caller: &Caller, command: impl Into<Command>) -> Result<Receipt, Error> {
        let shared = &*self.shared;
        let caller = &*shared.on_our_time(caller);
        let command = command.into();
        let call = Call::new(caller, &command, shared.new_ids());
        shared.check_resource(&call)?;
        let now = shared.time.now();
        let mut standings = Standings::of(shared);
        let needs = Needs::of(&call, &shared.rules);
        let view = shared.view(&*shared.store, &needs, &call, (now, Round::Free), &mut standings)?.unwrap_or_default();
        let events = preview(&view, &call, &shared.rules, now)?;
        shared.check_policies(&events)?;
        Ok(Receipt::new(events.iter().fold(view, evolve), now, false))
    }
}

/// The span of a command, inside that of the host. Its fields are those that `tracing-opentelemetry` reads, and
/// attributes with OpenTelemetry names. It does not contain the caller: more people see traces than the journal.
fn span_of(command: &Command) -> tracing::Span {
    let name = command.spec().name;
    tracing::info_span!(
        "jit.command",
        otel.name = format_args!("jit {name}"),
        otel.kind = "internal",
        otel.status_code = tracing::field::Empty,
        "error.type" = tracing::field::Empty,
        jit.command = name,
    )
}

/// How the command ended. A refusal by the rules is an answer, and no error of the span.
fn note_outcome(span: &tracing::Span, answer: &Result<Receipt, Error>) {
    let Err(error) = answer else { return };
    span.record("error.type", error.code());
    if !matches!(error, Error::Refused(_) | Error::Invalid(_)) {
        span.record("otel.status_code", "ERROR");
    }
}

impl Shared {
    /// The ids of what a command may make.
    pub(super) fn new_ids(&self) -> Ids {
        let (request, grant, delegation) = (self.new_uuid(), self.new_uuid(), self.new_uuid());
        Ids { request: request.into(), grant: grant.into(), delegation: delegation.into() }
    }

    /// Sorted by time, for people; random enough that no id can be guessed. It does not use the counter of
    /// `Uuid::now_v7`, which is under a process-wide lock: after a fork, that lock could stay locked for ever in the
    /// child.
    pub(super) fn new_uuid(&self) -> Uuid {
        let millis = self.time.now().millis().unsigned_abs();
        let nanos = u32::try_from(millis % 1_000 * 1_000_000).unwrap_or(0);
        Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, millis / 1_000, nanos))
    }

    /// The caller, with the instant of their sign-in on our time. While the journal is ahead of the clock it is not the time of
    /// the identity provider, and an emergency must not fail for it.
    pub(super) fn on_our_time<'a>(&self, caller: &'a Caller) -> Cow<'a, Caller> {
        match (self.time.trouble(), &caller.sign_in) {
            (Some(ClockTrouble::Behind), Some(sign_in)) if !self.time.is_skewed() => {
                let sign_in = sign_in.clone().shifted_by(-self.time.wall_ahead());
                Cow::Owned(Caller { sign_in: Some(sign_in), ..caller.clone() })
            }
            _ => Cow::Borrowed(caller),
        }
    }

    /// Carries out the command. One that ends grants takes effect in this process even when it cannot be written.
    fn run(&self, call: &Call<'_>, key: Option<&IdempotencyKey>) -> Result<Receipt, Error> {
        if self.time.was_set() {
            // With a clock that is ahead, a grant would seem expired that others honour. An error is left to the
            // store's own calls.
            let _ = self.compare_clocks();
        }
        if let Err(error) = self.merge_spool_before(call) {
            return self.run_offline(call, key)?.ok_or(error);
        }
        let mut attempt = Attempt::default();
        match self.attempt(call, key, &mut attempt) {
            Ok(receipt) => {
                // Grants that the journal does not show as ended are honoured again: other processes have decided about
                // them.
                self.honour_again(&attempt.withheld)?;
                Ok(receipt)
            }
            Err(Error::Store(error @ StoreError::Unavailable { .. })) if !attempt.withheld.is_empty() => {
                tracing::error!(%error, "grants were ended or suspended, and this cannot be written yet");
                if let Err(error) = self.run_offline(call, key) {
                    tracing::error!(%error, "access that was taken while the store is unavailable was not ended with them");
                }
                self.announce();
                self.pending.push(Pending::new(call, key, attempt.withheld));
                let receipt = attempt.receipt.ok_or(error)?;
                Ok(Receipt { durable: false, ..receipt })
            }
            Err(error) => {
                let away = matches!(&error, Error::Store(StoreError::Unavailable { .. }));
                if away && let Some(receipt) = self.run_offline(call, key)? {
                    return Ok(receipt);
                }
                self.honour_again(&attempt.withheld)?;
                Err(error)
            }
        }
    }

    /// Writes what could not be written before; what cannot be written now keeps waiting.
    pub(super) fn write_pending(&self) -> Result<(), Error> {
        while let Some(pending) = self.pending.take() {
            let mut attempt = Attempt::default();
            match self.attempt(&pending.call(), pending.key(), &mut attempt) {
                Ok(_) => self.honour_again(pending.withheld())?,
                Err(Error::Store(error @ StoreError::Unavailable { .. })) => {
                    self.pending.push_back(pending);
                    return Err(error.into());
                }
                Err(error) => {
                    // The caller got a success, so this must be logged.
                    tracing::error!(%error, "a command that ended or suspended grants is refused now that it can be written");
                    self.honour_again(pending.withheld())?;
                }
            }
        }
        Ok(())
    }

    fn attempt(&self, call: &Call<'_>, key: Option<&IdempotencyKey>, attempt: &mut Attempt) -> Result<Receipt, Error> {
        self.check_resource(call)?;
        let behalf = key.and_then(|key| key.behalf.as_ref());
        let owner = |caller: &Caller| behalf.map_or_else(|| caller.principal.clone(), |behalf| behalf.owner.clone());
        let key = call.caller.zip(key).map(|(caller, key)| (caller, key.text.as_str()));
        let fingerprint = match (key, behalf) {
            (None, _) => String::new(),
            (Some(_), Some(behalf)) => behalf.stands_for.clone(),
            (Some(_), None) => fingerprint(call.caller, call.command)?,
        };
        let needs = Needs::of(call, &self.rules);
        let spec = call.command.spec();
        let mut standings = Standings::of(self);
        let decide_in = |reads: &dyn Reads, round| {
            let now = match call.command {
                Command::AcceptClock(_) => self.time.believed(),
                _ => self.time.now(),
            };
            if let Some((caller, key)) = key
                && let Some(done) = reads.done_under(&owner(caller), key)?
            {
                if done.fingerprint != fingerprint {
                    return Err(Error::KeyReused);
                }
                let receipt = self.replay(reads, (caller, call), &done, (now, round), &mut standings)?;
                return Ok(receipt.map(|receipt| (Decision::default(), receipt)));
            }
            let Some(view) = self.view(reads, &needs, call, (now, round), &mut standings)? else { return Ok(None) };
            let events = decide(&view, call, &self.rules, now)?;
            self.check_policies(&events)?;
            let already = answered_with(&view, call, &events, &self.rules, now);
            let before = already.map_or_else(|| Ok(view.clone()), |request| reads.request(request))?;
            let after = events.iter().fold(before, evolve);
            if already.is_some() && events.is_empty() {
                return Ok(Some((Decision::default(), Receipt::new(after, now, true))));
            }
            let ended = ended_grants(&view, &events);
            let done = key.map(|(caller, key)| {
                let done = Done {
                    fingerprint: fingerprint.clone(),
                    request: after.request.as_ref().map(|r| r.id),
                    grant: after.grant.as_ref().map(|g| g.id),
                    delegation: after.delegation.as_ref().map(|d| d.id),
                    ended: match spec.answer {
                        AnswerKind::Ended => ended.iter().map(|grant| grant.id).collect(),
                        _ => Vec::new(),
                    },
                };
                (owner(caller), key.to_owned(), done)
            });
            let receipt = Receipt { ended, ..Receipt::new(after, now, already.is_some()) };
            // Inside the store's write transaction nothing is withheld: a free round has done it before, and waiting
            // for the lock of `following` there is not allowed.
            if spec.effect == Effect::Ends && round == Round::Free {
                let ends: Vec<GrantId> = events.iter().filter_map(|event| ended_by(&event.fact)).collect();
                self.withhold(&ends);
                attempt.withheld.extend(ends);
            }
            attempt.receipt = Some(receipt.clone());
            // Whoever ends many ends what there is at that moment. A retry must not end what came to be since.
            let keeps_key = spec.answer == AnswerKind::Ended;
            Ok(Some((Decision { done, keeps_key, ..Decision::from_view(view, events) }, receipt)))
        };
        // The monitor's lock is held while it reads the store, so alerts are read before.
        if needs.alert.is_some() {
            self.commit(decide_in)
        } else {
            // A free look withholds what is to end, and asks the directory.
            self.commit_contended(spec.effect == Effect::Ends || self.directory.is_some(), decide_in)
        }
    }

    /// The state that a command is decided from, with the directory's answers in place of reports. `None` when the
    /// directory would have to be asked and must not be.
    pub(super) fn view(
        &self,
        reads: &dyn Reads,
        needs: &Needs,
        call: &Call<'_>,
        (now, round): (Timestamp, Round),
        standings: &mut Standings<'_>,
    ) -> Result<Option<View>, Error> {
        let mut view = reads.view(needs, now)?;
        if let Some(alert) = needs.alert {
            view.alert = self.alert(alert, round)?;
        }
        if needs.review {
            // A delegation to an earlier account of this name does not count for this one.
            let mut lent = Vec::new();
            for delegation in std::mem::take(&mut view.delegations) {
                match standings.known(&delegation.delegate, round) {
                    None => return Ok(None),
                    Some(Ok(known)) if known.is_younger_than(delegation.created_at) => {}
                    Some(Ok(_)) => lent.push(delegation),
                    Some(Err(error)) => return Err(Error::Directory(error)),
                }
            }
            view.delegations = lent;
        }
        Ok(self.ask_directory(&mut view, needs, call, round, standings)?.then_some(view))
    }

    /// Replaces reports by the directory's answers. False when the directory would have to be asked and must not be.
    pub(super) fn ask_directory(
        &self,
        view: &mut View,
        needs: &Needs,
        call: &Call<'_>,
        round: Round,
        standings: &mut Standings<'_>,
    ) -> Result<bool, Error> {
        for who in needs.people(view) {
            // A report is compared with the report before it, whatever the directory says.
            if matches!(call.command, Command::ReportStanding(report) if report.principal == who) {
                continue;
            }
            match standings.known(&who, round) {
                None => return Ok(false),
                Some(Ok(known)) => {
                    let standing = known.standing_for(first_deed(view, &who));
                    view.standing.extend(standing.map(|standing| (who, standing)));
                }
                // A directory that cannot answer does not prevent ending or suspending access.
                Some(Err(_)) if call.command.only_reduces_access() => {}
                Some(Err(error)) => return Err(Error::Directory(error)),
            }
        }
        Ok(true)
    }

    /// The current state of what was done under the key, if the caller may still see it.
    fn replay(
        &self,
        reads: &dyn Reads,
        (caller, call): (&Caller, &Call<'_>),
        done: &Done,
        (now, round): (Timestamp, Round),
        standings: &mut Standings<'_>,
    ) -> Result<Option<Receipt>, Error> {
        let rules = &self.rules;
        let of_command = Needs::of(call, rules);
        let needs = Needs {
            request: done.request,
            grant: done.grant.filter(|_| done.request.is_none()),
            delegation: done.delegation,
            delegations_to: Some(caller.principal.clone()),
            alert: of_command.alert,
            standing_of: caller.identities().cloned().collect(),
            ..Needs::default()
        };
        let Some(view) = self.view(reads, &needs, call, (now, round), standings)? else { return Ok(None) };
        check_not_disabled(caller, &view)?;
        let unknown = |code, what: &str| Error::from(Refusal::new(code, format!("there is no such {what}")));
        if let Some(request) = &view.request
            && !may_see_request(caller, request, &view.delegations, rules, now)?
        {
            // What the caller named, as the first call would have said.
            return Err(match of_command.grant {
                Some(_) => unknown(RefusalCode::UnknownGrant, "grant"),
                None => unknown(RefusalCode::UnknownRequest, "access request"),
            });
        }
        if let (Some(grant), None) = (&view.grant, done.request)
            && !may_see_grant(caller, grant, rules, now)?
        {
            return Err(unknown(RefusalCode::UnknownGrant, "grant"));
        }
        if let Some(delegation) = &view.delegation
            && !may_see_delegation(caller, delegation, rules, now)?
        {
            return Err(unknown(RefusalCode::UnknownDelegation, "delegation"));
        }
        let mut ended = Vec::new();
        for id in &done.ended {
            let grant = reads.grant(*id)?.grant;
            if let Some(grant) = grant
                && may_see_grant(caller, &grant, rules, now)?
            {
                ended.push(grant);
            }
        }
        Ok(Some(Receipt { replayed: true, ended, ..Receipt::new(view, now, false) }))
    }

    /// That the resource of the command is of a kind that the host has, where its schema is known.
    fn check_resource(&self, call: &Call<'_>) -> Result<(), Error> {
        if let (Some(schema), Some(resource)) = (&self.rules.schema, call.command.resource()) {
            schema.check(resource)?;
        }
        Ok(())
    }

    #[cfg(feature = "cedar")]
    pub(super) fn check_policies(&self, events: &[Event]) -> Result<(), Error> {
        self.policies.check(events)
    }

    #[cfg(not(feature = "cedar"))]
    pub(super) fn check_policies(&self, _: &[Event]) -> Result<(), Error> {
        Ok(())
    }
}

/// The state of one attempt to carry out a command.
#[derive(Debug, Default)]
struct Attempt {
    /// The grants that are withheld for its sake.
    withheld: Vec<GrantId>,
    /// The receipt that it would return.
    receipt: Option<Receipt>,
}

/// The directory's answers while a command is decided, perhaps several times.
pub(super) struct Standings<'a> {
    directory: Option<&'a dyn Directory>,
    said: BTreeMap<Principal, Result<Known, String>>,
}

impl<'a> Standings<'a> {
    pub(super) fn of(shared: &'a Shared) -> Self {
        Self { directory: shared.directory.as_deref(), said: BTreeMap::new() }
    }

    /// The directory's answer about this principal: asked now, or an earlier answer while it must not be asked. `None`
    /// when it must not be asked and there is no earlier answer.
    pub(super) fn known(&mut self, who: &Principal, round: Round) -> Option<Result<Known, String>> {
        let Some(directory) = self.directory else { return Some(Ok(Known::NotJudged)) };
        if round == Round::Exclusive {
            return self.said.get(who).cloned();
        }
        let said = directory.standing(who).map_err(|error| error.to_string());
        self.said.insert(who.clone(), said.clone());
        Some(said)
    }
}

/// The first instant at which this principal did something in the view.
fn first_deed(view: &View, who: &Principal) -> Option<Timestamp> {
    let asked = view.request.iter().filter(|request| request.identities().any(|one| one == who));
    let approved = view.request.iter().flat_map(AccessRequest::approvals).filter(|review| match &review.by {
        Actor::Principal(by) => [by, review.capacity.person(by), review.capacity.authority(by)].contains(&who),
        _ => false,
    });
    let lent = view.delegations.iter().chain(&view.delegation).filter(|one| one.delegator == *who);
    let held = view.grant.iter().chain(&view.extended).filter(|grant| grant.is_of(who));
    let asked = asked.map(|request| request.created_at).chain(approved.map(|review| review.at));
    asked.chain(lent.map(|one| one.created_at)).chain(held.map(|grant| grant.approved_at)).min()
}

/// The grants of the view that the events end, after them.
fn ended_grants(view: &View, events: &[Event]) -> Vec<Grant> {
    let known: BTreeMap<GrantId, &Grant> = view
        .history
        .live
        .iter()
        .chain(&view.extensions)
        .chain(&view.extended)
        .chain(&view.grant)
        .map(|grant| (grant.id, grant))
        .collect();
    let after = |event: &Event| {
        let grant = known.get(&ended_by(&event.fact)?)?;
        let after = evolve(View { grant: Some((*grant).clone()), ..View::default() }, event).grant?;
        after.ended.is_some().then_some(after)
    };
    events.iter().filter_map(after).collect()
}
