//! Summaries of what was done under a grant, read from the journal.

use super::commit::{Decision, Round};
use super::ended_sessions::EndedSessions;
use super::shared::Shared;
use super::workflow::Workflow;
use crate::error::Error;
use crate::journal::Record;
use crate::model::{
    Actor, Caller, Event, Fact, Grant, GrantId, RecordFilter, Refused, RefusedKind, Revision, Subject, Timestamp,
};
use crate::store::{Reads, RecordQuery, RefusalPage, StoreError};
use crate::summary::{Fold, Session};
use crate::workflow::{Needs, Refusal, RefusalCode};

/// How many records are read at a time.
const CHUNK: usize = 1_000;
/// How many rows of refused attempts are read for a session.
const REFUSED: usize = 1_000;
/// How long after the end of a grant its refused calls are recorded: other processes write theirs until then.
const SETTLED_MILLIS: i64 = 1_000;
/// How far back ends are looked for at a start.
const BACK_MILLIS: i64 = 3_600_000;

impl Workflow {
    /// Summarizes what was done under a grant that the caller may see: the whole session of an ended grant, or the
    /// session so far of a live one. It counts every use that this process has answered.
    ///
    /// # Errors
    /// [`RefusalCode::UnknownGrant`]; errors of the store.
    pub fn summary(&self, caller: &Caller, id: GrantId) -> Result<Session, Error> {
        let unknown = || Refusal::new(RefusalCode::UnknownGrant, format!("there is no grant {id}"));
        let grant = self.grant(caller, id)?.grant.ok_or_else(unknown)?;
        Ok(self.shared.session(&grant)?.ok_or_else(unknown)?)
    }
}

impl Shared {
    /// The summary of this grant; `None` when the journal has no record of it.
    pub(super) fn session(&self, grant: &Grant) -> Result<Option<Session>, StoreError> {
        let mut fold = Fold::default();
        for subject in [Subject::Request(grant.request), Subject::Grant(grant.id)] {
            let mut after = Revision::ZERO;
            loop {
                let query = RecordQuery { about: vec![subject.clone()], ..RecordQuery::after(after, CHUNK) };
                let (_, records) = self.store.records(&query)?;
                records.iter().for_each(|record| fold.add(record));
                match records.last() {
                    Some(last) if records.len() == CHUNK => after = last.revision,
                    _ => break,
                }
            }
        }
        if let Some(record) = self.configuration_at(fold.ends())? {
            fold.add(&record);
        }
        let now = self.time.now();
        if grant.status(now).is_live() {
            self.flush_refusals()?;
            fold.refused_so_far(RefusedKind::of(self.refused_in(grant, now)?.iter()));
        }
        Ok(fold.finish(&self.rules.catalogue, now))
    }

    /// The record of the configuration in force before this instant, or the first one after it when there is no older
    /// one.
    fn configuration_at(&self, until: Option<Timestamp>) -> Result<Option<Record>, StoreError> {
        let filter = RecordFilter { event: "configuration_changed".parse().ok(), ..RecordFilter::default() };
        let first = RecordQuery { filter: filter.clone(), ..RecordQuery::after(Revision::ZERO, CHUNK) };
        let filter = RecordFilter { until, ..filter };
        let last = RecordQuery { filter, newest_first: true, ..RecordQuery::after(Revision::ZERO, 1) };
        let says = |record: &Record| matches!(&record.event.fact, Fact::ConfigurationChanged { roles: Some(_), .. });
        for query in [last, first] {
            if let Some(found) = self.store.records(&query)?.1.into_iter().find(says) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The calls that were refused to the holder while the grant was in force.
    fn refused_in(&self, grant: &Grant, until: Timestamp) -> Result<Vec<Refused>, StoreError> {
        let page = RefusalPage { principal: Some(grant.holder.clone()), limit: REFUSED, ..RefusalPage::default() };
        let rows = self.store.refusals(&page)?.into_iter().map(|(_, one)| one);
        let from = grant.window.start();
        let is_in = |one: &Refused| one.principal == grant.holder && one.last_at >= from && one.first_at <= until;
        Ok(rows.filter(is_in).collect())
    }

    /// Records the refused calls of the sessions that have ended.
    pub(super) fn close_sessions(&self) -> Result<(), StoreError> {
        let reached = self.sessions.lock().reached;
        let head = self.store.head()?;
        if head.revision < reached {
            *self.sessions.lock() = EndedSessions::default();
        }
        loop {
            // Not locked while the store is read: whoever takes in records holds other locks.
            let after = self.sessions.lock().reached;
            if after >= head.revision {
                break;
            }
            let from = (after == Revision::ZERO)
                .then(|| Timestamp::from_millis(head.at.millis().saturating_sub(BACK_MILLIS)).ok())
                .flatten();
            let filter = RecordFilter { from, ..RecordFilter::default() };
            let query = RecordQuery { filter, ..RecordQuery::changes_after(after, CHUNK) };
            let (head, records) = self.store.records(&query)?;
            let is_over = records.len() < CHUNK;
            let reached = records.last().filter(|_| !is_over).map_or(head.revision, |last| last.revision);
            self.sessions.lock().take_in(after, reached, &records);
        }
        let until = self.time.now().millis().saturating_sub(SETTLED_MILLIS);
        let due = match Timestamp::from_millis(until) {
            Ok(until) => self.sessions.lock().ended_until(until),
            Err(_) => Vec::new(),
        };
        for grant in due {
            match self.close_session(grant) {
                Ok(()) => {}
                Err(StoreError::Conflict) => {
                    let now = self.time.now();
                    self.sessions.lock().ended.push_back((now, grant));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Records once which calls were refused in this session, if any were. A session that has not ended is left as it
    /// is.
    pub(super) fn close_session(&self, id: GrantId) -> Result<(), StoreError> {
        let now = self.time.now();
        let Some(grant) = self.store.grant(id)?.grant.filter(|grant| !grant.status(now).is_live()) else {
            return Ok(());
        };
        self.flush_refusals()?;
        let until = grant.ended.as_ref().map_or(grant.window.end(), |end| end.at);
        let (refused, others) = RefusedKind::of(self.refused_in(&grant, until)?.iter());
        if refused.is_empty() {
            return Ok(());
        }
        let mut looked = Revision::ZERO;
        self.commit(|reads: &dyn Reads, round| {
            let mut view = reads.view(&Needs::grant(id), self.time.now())?;
            if round == Round::Exclusive && view.revision > looked {
                return Ok(None);
            }
            if round == Round::Free {
                looked = view.revision;
                let filter = RecordFilter { event: "session_refused".parse().ok(), ..RecordFilter::default() };
                let query = RecordQuery { filter, ..RecordQuery::about(Subject::Grant(id), 1) };
                if !self.store.records(&query)?.1.is_empty() {
                    return Ok(Some((Decision::default(), ())));
                }
            }
            view.revision = view.revision.min(looked);
            let fact = Fact::SessionRefused { grant: id, refused: refused.clone(), others };
            let event = Event { at: self.time.now(), by: Actor::Clock, fact };
            Ok(Some((Decision::from_view(view, vec![event]), ())))
        })
    }
}
