//! What happens now, for those who look on: how it is read, and who may know of it.
//!
//! The store is asked at most once a second, however many look, and not at all while nobody does. One reading gives the changes,
//! the uses and alerts among them, and the refused calls.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::onlooker::Onlooker;
use super::shared::Shared;
use super::workflow::Workflow;
use crate::check::CHECK;
use crate::command::ListEvents;
use crate::error::Error;
use crate::journal::Record;
use crate::lock::MutexGuard;
use crate::model::{Caller, Delegation, Grant, GrantId, Invalid, Revision, Subject, Timestamp};
use crate::monitor::{About, Activity, Counts};
use crate::store::{NumberedRefusal, Page, RecordQuery, RefusalPage, StoreError, Visible};
use crate::workflow::{
    Needs, Refusal, Whose, may_audit, may_see_delegation, may_see_grant, may_see_request, sees_everything,
};

/// How many records are read at a time.
const CHUNK: usize = 1_000;
/// Of what happened before somebody looked first, or while nobody looked, so many records are read.
const BACK: u64 = 20_000;
/// How often the store is asked at most.
const LOOK_MILLIS: i64 = 1_000;
/// A journal of more records than this is not read by whoever lists grants first.
const LONG: u64 = 5_000;
/// How long such a list waits for somebody who reads it, and after how long nobody does.
const PATIENCE: Duration = Duration::from_millis(20);
const ALONE_MILLIS: i64 = 2_000;
/// How many rows of refused calls are looked at.
const ROWS: usize = 500;
/// How long somebody may wait for something to happen.
const LONGEST_WAIT: u64 = 60;

/// What happened after a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Events {
    /// Up to which record was looked: the next read goes on after it.
    pub revision: Revision,
    /// Whether more has happened than is kept, so that the caller has to read everything anew.
    pub missed: bool,
    /// The records that the caller may know of, oldest first, with the names of their facts.
    pub events: Vec<(Revision, &'static str)>,
}

impl Shared {
    /// What happens now, at most a second old, and up to this record where it is there.
    pub(super) fn look_on(&self, known: Revision) -> Result<MutexGuard<'_, Onlooker>, StoreError> {
        let mut onlooker = self.onlooker.lock();
        let now = self.time.monotonic();
        let is_new = onlooker.looked.is_some_and(|at| now.saturating_sub(at) < LOOK_MILLIS);
        if is_new && known <= onlooker.activity.reached() {
            return Ok(onlooker);
        }
        let known = onlooker.looked.map(|_| onlooker.activity.reached());
        let query = RecordQuery::after(known.unwrap_or_default(), if known.is_some() { CHUNK } else { 0 });
        let (head, mut records, refused) = self.store.news(&query, &refused_calls())?;
        if known.is_none_or(|reached| head.revision < reached) {
            self.start_looking(&mut onlooker, head.at)?;
        }
        let far = Revision(head.revision.0.saturating_sub(BACK)).max(head.removed_up_to());
        if onlooker.activity.reached() < far || known.is_none() {
            onlooker.activity.skip_to(far);
            records.clear();
        }
        loop {
            let reached = onlooker.activity.reached();
            self.take_in(&mut onlooker.activity, &records)?;
            let is_behind = onlooker.activity.reached() < head.revision;
            // Where records do not follow what is known, those between were just removed. The next look skips them.
            let is_stuck = !records.is_empty() && onlooker.activity.reached() == reached;
            if !is_behind || is_stuck {
                break;
            }
            let query = RecordQuery::after(onlooker.activity.reached(), CHUNK);
            (_, records) = self.store.records(&query)?;
            if records.is_empty() {
                break;
            }
        }
        self.count(&mut onlooker, &refused);
        onlooker.looked = Some(now);
        self.has_looked.store(true, Ordering::Relaxed);
        Ok(onlooker)
    }

    /// The same for those whom a list without it serves better than one that is late: nothing while it is read for the first
    /// time. Somebody who looks on reads it; where nobody does, whoever asks again.
    fn look_soon(&self) -> Result<Option<MutexGuard<'_, Onlooker>>, StoreError> {
        if self.following.lock().position.revision.0 <= LONG {
            return self.look_on(Revision::ZERO).map(Some);
        }
        let now = self.time.monotonic();
        // The first reading takes longer than any list waits.
        let patience = if self.has_looked.load(Ordering::Relaxed) { PATIENCE } else { Duration::ZERO };
        let Some(mut onlooker) = self.onlooker.try_lock_for(patience) else { return Ok(None) };
        if onlooker.looked.is_none() {
            let since = *onlooker.wanted.get_or_insert(now);
            if now.saturating_sub(since) < ALONE_MILLIS {
                return Ok(None);
            }
        }
        drop(onlooker);
        self.look_on(Revision::ZERO).map(Some)
    }

    /// Begins anew with what is live.
    pub(super) fn start_looking(&self, onlooker: &mut Onlooker, now: Timestamp) -> Result<(), StoreError> {
        onlooker.activity = Activity::default();
        let live = self.store.view(&Needs { live: Some(Whose::Everybody), ..Needs::default() }, now)?;
        live.history.live.into_iter().for_each(|grant| onlooker.activity.know(grant));
        let page = Page { visible: Visible::All, status: None, now, before: None, limit: ROWS };
        let delegations = self.store.delegations(&page)?.into_iter().map(|(_, one)| one);
        delegations.filter(|one| one.status(now).is_live()).for_each(|one| onlooker.activity.know_delegation(one));
        Ok(())
    }

    /// Takes these records in.
    pub(super) fn take_in(&self, activity: &mut Activity, records: &[Record]) -> Result<(), StoreError> {
        for subject in activity.unknown(records) {
            match subject {
                Subject::Request(id) => {
                    self.store.request(id)?.request.into_iter().for_each(|one| activity.know_request(one));
                }
                Subject::Grant(id) => self.store.grant(id)?.grant.into_iter().for_each(|one| activity.know(one)),
                _ => {}
            }
        }
        records.iter().for_each(|record| activity.add(record));
        Ok(())
    }

    /// Takes in what was refused since the last time.
    pub(super) fn count_refusals(&self, onlooker: &mut Onlooker) -> Result<(), StoreError> {
        let rows = self.store.refusals(&refused_calls())?;
        self.count(onlooker, &rows);
        Ok(())
    }

    fn count(&self, onlooker: &mut Onlooker, rows: &[NumberedRefusal]) {
        let calls = onlooker.activity.refused(rows);
        if self.settings.monitor.enabled {
            onlooker.refused.extend(calls);
        }
    }
}

/// The newest refused calls.
fn refused_calls() -> RefusalPage {
    RefusalPage { attempt: Some(CHECK.to_owned()), limit: ROWS, ..RefusalPage::default() }
}

impl Workflow {
    /// How these grants are used: at most a second old, and without a read of the store for each who asks. Nothing in the first
    /// moments of a process with a long journal, before somebody has looked on.
    ///
    /// # Errors
    /// Errors of the store.
    pub fn counts<'a>(&self, grants: impl IntoIterator<Item = &'a Grant>) -> Result<Vec<Option<Counts>>, Error> {
        let now = self.shared.time.now();
        let onlooker = self.shared.look_soon()?;
        let counts = |grant: &Grant| onlooker.as_ref().and_then(|onlooker| onlooker.activity.counts(grant.id, now));
        Ok(grants.into_iter().map(counts).collect())
    }

    /// How the grants with these ids are used, for the host itself: no caller is asked. With it, how many calls were refused of
    /// all who hold one: while that number and the revision stay, only the rate of a grant changes, with time.
    ///
    /// # Errors
    /// Errors of the store.
    pub fn activity(&self, grants: impl IntoIterator<Item = GrantId>) -> Result<(u64, Vec<Option<Counts>>), Error> {
        let now = self.shared.time.now();
        let onlooker = self.shared.look_on(Revision::ZERO)?;
        let counts = grants.into_iter().map(|grant| onlooker.activity.counts(grant, now)).collect();
        Ok((onlooker.activity.refusals(), counts))
    }

    /// Whether the caller is one of those who see everything: who may read the record, and whom every list shows all. A
    /// question, and no attempt: a no is counted nowhere.
    #[must_use]
    pub fn oversees(&self, caller: &Caller) -> bool {
        let (rules, now) = (&*self.shared.rules, self.shared.time.now());
        may_audit(caller, rules, now).is_ok() && sees_everything(caller, rules, now).unwrap_or(false)
    }

    /// What happened after a record that the caller may know of. When nothing has, it waits as long as the list says, or
    /// until the engine is closed.
    ///
    /// # Errors
    /// When `wait_seconds` is more than 60; errors of the store.
    pub fn events(&self, caller: &Caller, list: &ListEvents) -> Result<Events, Error> {
        let wait = list.wait_seconds.unwrap_or_default();
        if wait > LONGEST_WAIT {
            let expected = format!("0 to {LONGEST_WAIT}");
            return Err(Invalid::new("wait_seconds", format!("is {wait}"), expected).into());
        }
        let first = self.happened(caller, list.after)?;
        let after = list.after.unwrap_or(first.revision);
        let mut found = first;
        for _ in 0..wait {
            if !found.events.is_empty() || found.missed || !self.shared.notifier.pause(Duration::from_secs(1)) {
                break;
            }
            found = self.happened(caller, Some(after))?;
        }
        Ok(found)
    }

    /// What happened after this record, or from now on.
    fn happened(&self, caller: &Caller, after: Option<Revision>) -> Result<Events, Error> {
        let (rules, now) = (&*self.shared.rules, self.shared.time.now());
        // Whoever has just changed something knows of a record that was not looked at yet.
        let onlooker = self.shared.look_on(after.unwrap_or_default())?;
        let activity = &onlooker.activity;
        let revision = activity.reached();
        let Some(after) = after else { return Ok(Events { revision, missed: false, events: Vec::new() }) };
        let lent: Vec<Delegation> =
            activity.delegations().filter(|one| one.delegate == caller.principal).cloned().collect();
        let is_auditor = may_audit(caller, rules, now).is_ok();
        let may_know = |about: &About| -> Result<bool, Refusal> {
            match about {
                About::Request(request) => may_see_request(caller, request, &lent, rules, now),
                About::Grant(grant) => may_see_grant(caller, grant, rules, now),
                About::Delegation(one) => may_see_delegation(caller, one, rules, now),
                About::Record => Ok(is_auditor),
            }
        };
        // A revision that is not there yet is of another store.
        let missed = after < activity.floor() || after > revision;
        Ok(Events { revision, missed, events: activity.since(after, may_know)? })
    }
}
