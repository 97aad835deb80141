//! The current activity, for live displays: how it is read, and who may see it.
//!
//! The store is read at most once a second, for any number of callers, and not at all without callers. One read returns
//! the changes, with uses and alerts, and the refused calls.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::live_view::LiveView;
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
/// How many records before the first call, or since the last one, are read.
const BACK: u64 = 20_000;
/// The shortest time between two reads of the store.
const LOOK_MILLIS: i64 = 1_000;
/// A list of grants does not wait for a first read of a journal with more records than this.
const LONG: u64 = 5_000;
/// How long such a list waits for a read by another thread, and after how long it reads itself.
const PATIENCE: Duration = Duration::from_millis(20);
const ALONE_MILLIS: i64 = 2_000;
/// How many rows of refused calls are looked at.
const ROWS: usize = 500;
/// How long a caller may wait for an event.
const LONGEST_WAIT: u64 = 60;

/// What happened after a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Events {
    /// The last record that was read: the next read continues after it.
    pub revision: Revision,
    /// Whether more has happened than is kept, so that the caller must read everything again.
    pub missed: bool,
    /// The records that the caller may know of, oldest first, with the names of their facts.
    pub events: Vec<(Revision, &'static str)>,
}

impl Shared {
    /// What happens now, at most a second old, and up to this record where it is there.
    pub(super) fn refreshed_view(&self, known: Revision) -> Result<MutexGuard<'_, LiveView>, StoreError> {
        let mut live_view = self.live_view.lock();
        let now = self.time.monotonic();
        let is_new = live_view.refreshed_at.is_some_and(|at| now.saturating_sub(at) < LOOK_MILLIS);
        if is_new && known <= live_view.activity.reached() {
            return Ok(live_view);
        }
        let known = live_view.refreshed_at.map(|_| live_view.activity.reached());
        let query = RecordQuery::after(known.unwrap_or_default(), if known.is_some() { CHUNK } else { 0 });
        let (head, mut records, refused) = self.store.news(&query, &refused_calls())?;
        if known.is_none_or(|reached| head.revision < reached) {
            self.load_activity(&mut live_view, head.at)?;
        }
        let far = Revision(head.revision.0.saturating_sub(BACK)).max(head.removed_up_to());
        if live_view.activity.reached() < far || known.is_none() {
            live_view.activity.skip_to(far);
            records.clear();
        }
        loop {
            let reached = live_view.activity.reached();
            self.take_in(&mut live_view.activity, &records)?;
            let is_behind = live_view.activity.reached() < head.revision;
            // When records do not follow the known ones, those between were just removed. The next read skips them.
            let is_stuck = !records.is_empty() && live_view.activity.reached() == reached;
            if !is_behind || is_stuck {
                break;
            }
            let query = RecordQuery::after(live_view.activity.reached(), CHUNK);
            (_, records) = self.store.records(&query)?;
            if records.is_empty() {
                break;
            }
        }
        self.count(&mut live_view, &refused);
        live_view.refreshed_at = Some(now);
        self.has_refreshed.store(true, Ordering::Relaxed);
        Ok(live_view)
    }

    /// The same for lists that should not be late: nothing during the first read. A caller of live activity does the
    /// first read; without one, the next list does.
    fn try_refreshed_view(&self) -> Result<Option<MutexGuard<'_, LiveView>>, StoreError> {
        if self.following.lock().position.revision.0 <= LONG {
            return self.refreshed_view(Revision::ZERO).map(Some);
        }
        let now = self.time.monotonic();
        // The first refresh takes longer than any list waits.
        let patience = if self.has_refreshed.load(Ordering::Relaxed) { PATIENCE } else { Duration::ZERO };
        let Some(mut live_view) = self.live_view.try_lock_for(patience) else { return Ok(None) };
        if live_view.refreshed_at.is_none() {
            let since = *live_view.first_wanted.get_or_insert(now);
            if now.saturating_sub(since) < ALONE_MILLIS {
                return Ok(None);
            }
        }
        drop(live_view);
        self.refreshed_view(Revision::ZERO).map(Some)
    }

    /// Starts again from the live grants.
    pub(super) fn load_activity(&self, live_view: &mut LiveView, now: Timestamp) -> Result<(), StoreError> {
        live_view.activity = Activity::default();
        let live = self.store.view(&Needs { live: Some(Whose::Everybody), ..Needs::default() }, now)?;
        live.history.live.into_iter().for_each(|grant| live_view.activity.add_grant(grant));
        let page = Page { visible: Visible::All, status: None, now, before: None, limit: ROWS };
        let delegations = self.store.delegations(&page)?.into_iter().map(|(_, one)| one);
        delegations.filter(|one| one.status(now).is_live()).for_each(|one| live_view.activity.add_delegation(one));
        Ok(())
    }

    /// Takes these records in.
    pub(super) fn take_in(&self, activity: &mut Activity, records: &[Record]) -> Result<(), StoreError> {
        for subject in activity.unknown(records) {
            match subject {
                Subject::Request(id) => {
                    self.store.request(id)?.request.into_iter().for_each(|one| activity.add_request(one));
                }
                Subject::Grant(id) => self.store.grant(id)?.grant.into_iter().for_each(|one| activity.add_grant(one)),
                _ => {}
            }
        }
        records.iter().for_each(|record| activity.add(record));
        Ok(())
    }

    /// Takes in the calls that were refused since the last time.
    pub(super) fn count_refusals(&self, live_view: &mut LiveView) -> Result<(), StoreError> {
        let rows = self.store.refusals(&refused_calls())?;
        self.count(live_view, &rows);
        Ok(())
    }

    fn count(&self, live_view: &mut LiveView, rows: &[NumberedRefusal]) {
        let calls = live_view.activity.refused(rows);
        if self.settings.monitor.enabled {
            live_view.refused.extend(calls);
        }
    }
}

/// The newest refused calls.
fn refused_calls() -> RefusalPage {
    RefusalPage { attempt: Some(CHECK.to_owned()), limit: ROWS, ..RefusalPage::default() }
}

impl Workflow {
    /// How these grants are used: at most a second old, without a read of the store for each caller. Nothing in the
    /// first moments of a process with a long journal, before the first read.
    ///
    /// # Errors
    /// Errors of the store.
    pub fn counts<'a>(&self, grants: impl IntoIterator<Item = &'a Grant>) -> Result<Vec<Option<Counts>>, Error> {
        let now = self.shared.time.now();
        let live_view = self.shared.try_refreshed_view()?;
        let counts = |grant: &Grant| live_view.as_ref().and_then(|live_view| live_view.activity.counts(grant.id, now));
        Ok(grants.into_iter().map(counts).collect())
    }

    /// How the grants with these ids are used, for the host itself; no rights are checked. Also returns how many calls
    /// of grant holders were refused: while that number and the revision stay the same, only the rates change, with
    /// time.
    ///
    /// # Errors
    /// Errors of the store.
    pub fn activity(&self, grants: impl IntoIterator<Item = GrantId>) -> Result<(u64, Vec<Option<Counts>>), Error> {
        let now = self.shared.time.now();
        let live_view = self.shared.refreshed_view(Revision::ZERO)?;
        let counts = grants.into_iter().map(|grant| live_view.activity.counts(grant, now)).collect();
        Ok((live_view.activity.refusals(), counts))
    }

    /// Whether the caller sees everything: may read the journal and sees all rows of every list. A "no" is not counted
    /// as a refused attempt.
    #[must_use]
    pub fn oversees(&self, caller: &Caller) -> bool {
        let (rules, now) = (&*self.shared.rules, self.shared.time.now());
        may_audit(caller, rules, now).is_ok() && sees_everything(caller, rules, now).unwrap_or(false)
    }

    /// Returns the events after a record that the caller may see. When there is none, it waits as long as the list
    /// says, or until the engine is closed.
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
        // A caller that has just changed something knows of a record that was not read yet.
        let live_view = self.shared.refreshed_view(after.unwrap_or_default())?;
        let activity = &live_view.activity;
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
