//! Taking, using and ending break-glass access on this machine while the store is unavailable.

use std::collections::BTreeSet;

use super::commit::Round;
use super::execute::Standings;
use super::fingerprint::fingerprint;
use super::last_known::add;
use super::metrics::Counters;
use super::offline::{Folded, Offline, unrecordable};
use super::receipt::{IdempotencyKey, Receipt};
use super::shared::Shared;
use crate::command::Command;
use crate::error::Error;
use crate::journal::digest;
use crate::model::{Event, Grant, GrantId, Principal, Timestamp};
use crate::projection::Projection as _;
use crate::spool::{Contents, Entry, KeptKey, Said, SpoolError};
use crate::store::StoreError;
use crate::workflow::{Call, Needs, Use, View, decide, evolve, use_of};

impl Shared {
    /// The last known state of this person, if break-glass is configured for an unavailable store.
    pub(super) fn last_known(&self, person: &Principal) -> Option<View> {
        let offline = self.offline.as_ref().filter(|_| self.rules.break_glass.offline.is_some())?;
        offline.last_known.lock().view(person, self.time.now())
    }

    /// Takes in what the processes of this machine have recorded in the spool.
    pub(super) fn refresh_from_spool(&self) {
        let Some(offline) = &self.offline else { return };
        let doubted = offline.is_looked_at_again(self.time.now());
        match offline.spool.has_changed() {
            Ok(false) if !doubted => return,
            Ok(_) => {}
            Err(error) => return self.distrust_spool(offline, &error),
        }
        let read = offline.spool.with(|mut opened| {
            if doubted {
                opened.read_again()?;
            }
            self.check_origin(opened.contents())?;
            self.show(offline, opened.contents());
            Ok::<_, SpoolError>(())
        });
        match read {
            Ok(()) => self.announce(),
            Err(error) => self.distrust_spool(offline, &error),
        }
    }

    /// Checks that the spool continues the journal that this process follows.
    pub(super) fn check_origin(&self, contents: &Contents) -> Result<(), SpoolError> {
        let here = self.following.lock().position.lineage;
        match contents.origin {
            Some(origin) if origin.lineage != here => {
                let problem = format!("is of another journal (lineage {} instead of {here})", origin.lineage);
                Err(SpoolError::Altered { entry: 0, problem })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn distrust_spool(&self, offline: &Offline, error: &SpoolError) {
        offline.note_problem(error, self.time.now());
        self.checks.offline.set(Vec::new());
    }

    /// Makes checks use the grants of the spool.
    pub(super) fn show(&self, offline: &Offline, contents: &Contents) {
        if let Some(last) = contents.entries.last() {
            self.time.not_before(last.at);
        }
        let now = self.time.now();
        let folded = Folded::of(contents);
        let live: Vec<Grant> = folded.grants().filter(|grant| grant.status(now).is_live()).cloned().collect();
        let mut state = offline.state.lock();
        for grant in live.iter().filter(|grant| !state.shown.contains_key(&grant.id)) {
            self.checks.show(grant);
        }
        let kept: BTreeSet<GrantId> = live.iter().map(|grant| grant.id).collect();
        let over: Vec<GrantId> = state.shown.keys().filter(|id| !kept.contains(id)).copied().collect();
        for id in over {
            if folded.views.contains_key(&id) {
                self.checks.index.withhold(&[id]);
            } else {
                state.gone.push(id);
            }
        }
        self.checks.offline.set(live.clone());
        state.shown = live.into_iter().map(|grant| (grant.id, grant)).collect();
        (state.entries, state.problem) = (contents.entries.len(), None);
    }

    /// Merges the spool before a command that depends on it.
    ///
    /// # Errors
    /// When the command is about a grant that the store does not have yet, and the merge fails.
    pub(super) fn merge_spool_before(&self, call: &Call<'_>) -> Result<(), Error> {
        let Some(offline) = self.offline.as_ref().filter(|offline| offline.waits()) else { return Ok(()) };
        let is_of_here = call.command.grant().is_some_and(|grant| self.checks.offline.has(grant));
        let is_of_all =
            matches!(call.command, Command::BreakGlass(_) | Command::RevokeMany(_) | Command::ReportStanding(_));
        if is_of_here || (is_of_all && !offline.was_tried(self.time.now())) {
            let merged = self.merge_spool();
            return if is_of_here { merged } else { Ok(()) };
        }
        Ok(())
    }

    /// Carries out the command while the store is unavailable. `None` when that is not possible.
    pub(super) fn run_offline(&self, call: &Call<'_>, key: Option<&IdempotencyKey>) -> Result<Option<Receipt>, Error> {
        let Some(offline) = &self.offline else { return Ok(None) };
        self.refresh_from_spool();
        match call.command {
            Command::BreakGlass(_) if self.rules.break_glass.offline.is_some() => {
                self.break_glass_offline(offline, call, key)
            }
            Command::Release(_) | Command::Revoke(_) | Command::RevokeMany(_) if offline.waits() => {
                self.end_offline(offline, call)
            }
            _ => Ok(None),
        }
    }

    /// Grants break-glass access; it is recorded on this machine before it counts.
    fn break_glass_offline(
        &self,
        offline: &Offline,
        call: &Call<'_>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Option<Receipt>, Error> {
        let Some(caller) = call.caller else { return Ok(None) };
        // Read before the spool is locked, because the host answers.
        let needs = Needs::of(call, &self.rules);
        let person = caller.person();
        let Some(mut view) = offline.last_known.lock().view(person, self.time.now()) else { return Ok(None) };
        self.ask_directory(&mut view, &needs, call, Round::Free, &mut Standings::of(self))?;
        let origin = self.following.lock().position;
        let key = key.map(|key| self.kept_key(call, key)).transpose()?;
        // New ids: the store may have written the command with the other ones after all.
        let call = Call { ids: self.new_ids(), ..*call };
        let taken = offline.spool.with(|mut opened| {
            self.check_origin(opened.contents())?;
            let folded = Folded::of(opened.contents());
            if let Some((kept, view)) = key.as_ref().and_then(|key| folded.under(key)) {
                if key.as_ref().is_some_and(|key| key.fingerprint != kept.fingerprint) {
                    return Err(Error::KeyReused);
                }
                let receipt = Receipt::new(view.clone(), self.time.now(), false);
                return Ok(Receipt { replayed: true, ..receipt });
            }
            let now = self.time.now();
            for grant in folded.grants().filter(|grant| grant.person() == person) {
                add(&mut view, grant, now);
            }
            let events = decide(&view, &call, &self.rules, now)?;
            self.check_policies(&events)?;
            let after = events.iter().fold(View::default(), evolve);
            opened.add(&origin, self.new_uuid(), Entry { at: now, said: Said::Taken(events, key.clone()) })?;
            self.show(offline, opened.contents());
            if let Some(grant) = &after.grant {
                tracing::error!(
                    grant = %grant.id,
                    holder = %grant.holder,
                    role = %grant.role,
                    resource = %grant.scope,
                    until = %grant.window.end(),
                    reason = grant.details.justification.as_ref().map_or("", |reason| reason.as_str()),
                    last_hash = opened.contents().last_hash(),
                    "BREAK-GLASS while the store is unavailable: it is recorded on this machine and will be merged into the journal",
                );
            }
            Ok(Receipt::new(after, now, false))
        })?;
        Counters::add(&self.counters.offline, usize::from(!taken.replayed));
        self.announce();
        Ok(Some(taken))
    }

    /// Ends grants that only this machine knows. `None` for other grants, because they need the store.
    fn end_offline(&self, offline: &Offline, call: &Call<'_>) -> Result<Option<Receipt>, Error> {
        let named = call.command.grant();
        let Some(caller) = call.caller else { return Ok(None) };
        let needs = Needs::of(call, &self.rules);
        let known = offline.last_known.lock().view(caller.person(), self.time.now());
        let mut view = known.unwrap_or_else(|| View { away: true, ..View::default() });
        self.ask_directory(&mut view, &needs, call, Round::Free, &mut Standings::of(self))?;
        view.history.live.clear();
        let origin = self.following.lock().position;
        let ended = offline.spool.with(|mut opened| {
            let folded = Folded::of(opened.contents());
            match named.map(|id| folded.views.get(&id)) {
                Some(None) => return Ok(None),
                Some(Some(of)) => {
                    view.grant.clone_from(&of.grant);
                    view.request.clone_from(&of.request);
                }
                None => view.history.live.extend(folded.grants().cloned()),
            }
            let now = self.time.now();
            let events = decide(&view, call, &self.rules, now)?;
            let after = events.iter().fold(view.clone(), evolve);
            if !events.is_empty() {
                tracing::warn!(by = %caller.principal, "access that was taken while the store is unavailable is ended on this machine");
                opened.add(&origin, self.new_uuid(), Entry { at: now, said: Said::Ended(events) })?;
                self.show(offline, opened.contents());
            }
            let ended = after.grant.iter().filter(|grant| grant.ended.is_some()).cloned().collect();
            Ok::<_, Error>(named.map(|_| Receipt { ended, ..Receipt::new(after, now, false) }))
        })?;
        self.announce();
        Ok(ended)
    }

    /// Records a use of a grant that only this machine knows. False when it allows no further use.
    pub(super) fn record_use_offline(&self, grant: GrantId, what: Use, at: Timestamp) -> Result<bool, StoreError> {
        let Some(offline) = &self.offline else { return Ok(false) };
        let origin = self.following.lock().position;
        let used = offline.spool.with(|mut opened| {
            self.check_origin(opened.contents())?;
            let view = Folded::of(opened.contents()).views.remove(&grant);
            let now = at.max(self.time.now());
            let Some(events) = view.and_then(|view| view.grant).and_then(|grant| use_of(&grant, what, now)) else {
                return Ok(false);
            };
            let by = events.first().map(|event| event.by.to_string()).unwrap_or_default();
            opened.add(&origin, self.new_uuid(), Entry { at: now, said: Said::Used(events) })?;
            offline.state.lock().entries = opened.contents().entries.len();
            tracing::warn!(%grant, %by, "used while the store is unavailable; the use is recorded on this machine");
            Ok::<_, SpoolError>(true)
        });
        match used {
            Ok(used) => {
                Counters::add(&self.counters.uses, usize::from(used));
                Ok(used)
            }
            Err(error) => {
                if matches!(error, SpoolError::Altered { .. }) {
                    self.distrust_spool(offline, &error);
                }
                Err(unrecordable(error))
            }
        }
    }

    fn kept_key(&self, call: &Call<'_>, key: &IdempotencyKey) -> Result<KeptKey, Error> {
        let owner = match (&key.behalf, call.caller) {
            (Some(behalf), _) => behalf.owner.to_string(),
            (None, caller) => caller.map(|caller| caller.principal.to_string()).unwrap_or_default(),
        };
        let fingerprint = match &key.behalf {
            Some(behalf) => behalf.stands_for.clone(),
            None => fingerprint(call.caller, call.command)?,
        };
        Ok(KeptKey { key: digest(&format!("{owner}\n{}", key.text)), fingerprint })
    }
}

/// When these events end this grant.
pub(super) fn end_of(grant: GrantId, events: &[Event]) -> Option<Timestamp> {
    let ends = |event: &&Event| super::follow::ended_by(&event.fact) == Some(grant);
    events.iter().find(ends).map(|event| event.at)
}
