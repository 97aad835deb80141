//! The last known state by which break-glass access is decided while the store is unavailable.

use std::collections::BTreeMap;

use crate::journal::Record;
use crate::model::{Fact, Grant, GrantId, Principal, Standing, Subject, Timestamp};
use crate::store::{Live, RecordQuery, Store, StoreError};
use crate::workflow::{Needs, View, Whose, evolve};

/// How many records are read at a time.
const CHUNK: usize = 1_000;

/// The break-glass grants that are live, unreviewed or found unjustified, and the last report about every person.
#[derive(Debug, Default)]
pub(super) struct LastKnown {
    grants: BTreeMap<GrantId, Grant>,
    standing: BTreeMap<Principal, Standing>,
    /// Whether this process has read the store at all.
    is_read: bool,
}

impl LastKnown {
    /// Forgets everything and reads it from the store; `live` was read before.
    pub(super) fn load(&mut self, store: &dyn Store, live: &Live, now: Timestamp) -> Result<(), StoreError> {
        let unsettled = store.view(&Needs { unreviewed: Some(Whose::Everybody), ..Needs::default() }, now)?.history;
        let unsettled = unsettled.unreviewed.into_iter().chain(unsettled.unjustified);
        let without_approval = live.others.iter().filter(|grant| grant.break_glass.is_some()).cloned();
        let grants = unsettled.chain(without_approval).map(|grant| (grant.id, grant)).collect();
        *self = Self { grants, standing: read_standing(store)?, is_read: true };
        Ok(())
    }

    /// Takes in the next records.
    pub(super) fn apply(&mut self, records: &[Record], now: Timestamp) {
        for record in records {
            match &record.event.fact {
                Fact::GrantCreated(grant) if grant.break_glass.is_some() => {
                    self.grants.insert(grant.id, (**grant).clone());
                }
                Fact::StandingReported { principal, standing } => {
                    self.standing.insert(principal.clone(), standing.clone());
                }
                _ => {
                    let Subject::Grant(id) = Subject::of(&record.event) else { continue };
                    let Some(grant) = self.grants.remove(&id) else { continue };
                    let after = evolve(View { grant: Some(grant), ..View::default() }, &record.event).grant;
                    let matters = |grant: &Grant| grant.is_unsettled() || grant.status(now).is_live();
                    self.grants.extend(after.filter(matters).map(|grant| (id, grant)));
                }
            }
        }
    }

    /// The state that a command of this person is decided from while the store is unavailable. `None` when nothing was
    /// ever read.
    pub(super) fn view(&self, person: &Principal, now: Timestamp) -> Option<View> {
        if !self.is_read {
            return None;
        }
        let mut view = View { away: true, standing: self.standing.clone(), ..View::default() };
        for grant in self.grants.values().filter(|grant| grant.person() == person) {
            add(&mut view, grant, now);
        }
        Some(view)
    }
}

/// Adds a grant without approval to what its person has.
pub(super) fn add(view: &mut View, grant: &Grant, now: Timestamp) {
    let history = &mut view.history;
    if grant.status(now).is_live() {
        history.live.push(grant.clone());
    }
    if grant.is_unreviewed() {
        history.unreviewed.push(grant.clone());
    } else if grant.is_unsettled() {
        history.unjustified.push(grant.clone());
    }
}

/// The last report about every person, from its records.
fn read_standing(store: &dyn Store) -> Result<BTreeMap<Principal, Standing>, StoreError> {
    let mut all = BTreeMap::new();
    let mut query = RecordQuery::after(crate::model::Revision::ZERO, CHUNK);
    query.filter.event = "standing_reported".parse().ok();
    loop {
        let (_, records) = store.records(&query)?;
        for record in &records {
            if let Fact::StandingReported { principal, standing } = &record.event.fact {
                all.insert(principal.clone(), standing.clone());
            }
        }
        match records.last() {
            Some(last) if records.len() == CHUNK => query.after = last.revision,
            _ => return Ok(all),
        }
    }
}
