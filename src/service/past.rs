//! What was so at an instant, told by the record alone: which grants were in force, for whom, and why.
//!
//! The records up to that instant are folded as they were when they were written, so there is no second reading of what they mean.

use std::collections::{BTreeMap, BTreeSet};

use super::listing::Listing;
use super::workflow::Workflow;
use crate::command::{CommandSpec, Definition, WhatChanged, WhatCould, WhoCould};
use crate::error::Error;
use crate::model::{
    Caller, Event, Fact, Grant, GrantId, GrantStatus, Invalid, Principal, PrincipalKind, RecordFilter, Resource,
    Revision, Subject, Timestamp,
};
use crate::store::{RecordQuery, Store, StoreError};
use crate::workflow::{View, evolve};

/// How many records are read at a time.
const CHUNK: usize = 1_000;

impl Workflow {
    /// The grants by which anybody could do this at that instant, as they stood then.
    ///
    /// # Errors
    /// [`RefusalCode::NotAnAuditor`](crate::workflow::RefusalCode::NotAnAuditor); when the parent is of the kind of the resource;
    /// errors of the store.
    pub fn who_could(&self, caller: &Caller, asked: &WhoCould) -> Result<Listing<Grant>, Error> {
        let resource = match (&asked.resource, &asked.parent) {
            (Some(resource), Some(parent)) => resource.clone().with_parent(parent.clone())?,
            (Some(resource), None) => resource.clone(),
            (None, None) => Resource::everything(),
            (None, Some(_)) => {
                return Err(Invalid::new("parent", "is given without `resource`", "both, or neither").into());
            }
        };
        let (store, at) = (self.audited(caller, &WhoCould::SPEC)?, asked.at);
        let whose = |grant: &Grant| asked.person.as_ref().is_none_or(|person| grant.is_of(person));
        let covering =
            |grant: &Grant| grant.window.end() > at && whose(grant) && grant.covers(&asked.permission, &resource);
        let told = tell(store, changes_of(asked.person.clone()), at, covering)?;
        Ok(Listing { items: in_force(told, at, store)?, next: None, now: at })
    }

    /// The grants that this principal held in force at that instant, as they stood then.
    ///
    /// # Errors
    /// As for [`Workflow::who_could`].
    pub fn what_could(&self, caller: &Caller, asked: &WhatCould) -> Result<Listing<Grant>, Error> {
        let (store, at) = (self.audited(caller, &WhatCould::SPEC)?, asked.at);
        let theirs = |grant: &Grant| grant.window.end() > at && grant.holder == asked.principal;
        let told = tell(store, changes_of(Some(asked.principal.clone())), at, theirs)?;
        Ok(Listing { items: in_force(told, at, store)?, next: None, now: at })
    }

    /// The grants that were in force at one of two instants and not at the other, as they stood at the second.
    ///
    /// # Errors
    /// As for [`Workflow::who_could`]; when the second instant is not the later one.
    pub fn what_changed(&self, caller: &Caller, asked: &WhatChanged) -> Result<Listing<Grant>, Error> {
        let (from, until) = (asked.since, asked.until);
        if until <= from {
            return Err(Invalid::new("until", format!("is {until}"), format!("an instant after {from}")).into());
        }
        let store = self.audited(caller, &WhatChanged::SPEC)?;
        let active = |grants: &BTreeMap<GrantId, Grant>, at| {
            let active = grants.values().filter(|grant| grant.status(at) == GrantStatus::Active);
            active.map(|grant| grant.id).collect::<BTreeSet<_>>()
        };
        let before = active(&tell(store, changes_of(None), from, |grant| grant.window.end() > from)?, from);
        let mut told = tell(store, changes_of(None), until, |grant| grant.window.end() > from)?;
        let after = active(&told, until);
        told.retain(|id, _| before.contains(id) != after.contains(id));
        Ok(Listing { items: counted(told, until, store)?, next: None, now: until })
    }

    /// The store, with every use that this process has answered, for somebody who may read the record.
    fn audited(&self, caller: &Caller, spec: &CommandSpec) -> Result<&dyn Store, Error> {
        self.shared.may_audit(caller, spec, self.shared.time.now())?;
        self.shared.flush_uses()?;
        Ok(&*self.shared.store)
    }
}

/// The changes that concern a principal, or all of them.
fn changes_of(principal: Option<Principal>) -> RecordQuery {
    let mut query = RecordQuery::changes_after(Revision::ZERO, CHUNK);
    match principal {
        Some(agent) if agent.kind() == PrincipalKind::Agent => query.filter.agent = Some(agent),
        person => query.filter.person = person,
    }
    query
}

/// The wanted grants as the record tells of them at this instant, with all that was written at it.
fn tell(
    store: &dyn Store,
    query: RecordQuery,
    at: Timestamp,
    wanted: impl Fn(&Grant) -> bool,
) -> Result<BTreeMap<GrantId, Grant>, StoreError> {
    let mut views: BTreeMap<GrantId, View> = BTreeMap::new();
    each(store, query, at, |event| {
        let Subject::Grant(id) = Subject::of(event) else { return };
        let known = match &event.fact {
            Fact::GrantCreated(grant) if wanted(grant) => Some(View::default()),
            _ => views.remove(&id),
        };
        views.extend(known.map(|view| (id, evolve(view, event))));
    })?;
    Ok(views.into_iter().filter_map(|(id, view)| view.grant.map(|grant| (id, grant))).collect())
}

/// Gives every event of the query up to this instant to `take`, in order.
fn each(store: &dyn Store, query: RecordQuery, at: Timestamp, mut take: impl FnMut(&Event)) -> Result<(), StoreError> {
    let until = Timestamp::from_millis(at.millis().saturating_add(1)).ok();
    let mut query = RecordQuery { filter: RecordFilter { until, ..query.filter }, ..query };
    loop {
        let (_, records) = store.records(&query)?;
        records.iter().for_each(|record| take(&record.event));
        match records.last() {
            Some(last) if records.len() == query.limit => query.after = last.revision,
            _ => return Ok(()),
        }
    }
}

fn in_force(mut told: BTreeMap<GrantId, Grant>, at: Timestamp, store: &dyn Store) -> Result<Vec<Grant>, StoreError> {
    told.retain(|_, grant| grant.status(at) == GrantStatus::Active);
    counted(told, at, store)
}

/// The grants, with the uses up to this instant counted.
fn counted(told: BTreeMap<GrantId, Grant>, at: Timestamp, store: &dyn Store) -> Result<Vec<Grant>, StoreError> {
    let mut grants = Vec::with_capacity(told.len());
    for (id, mut grant) in told {
        let mut uses = store.grant(id)?.grant.map_or(0, |known| known.uses);
        // What was used later is taken off again: of a recent instant that is little. A use can be written after other
        // records; it says when it was.
        let later = RecordFilter { from: Some(at), ..RecordFilter::default() };
        let about = RecordQuery { about: vec![Subject::Grant(id)], ..RecordQuery::after(Revision::ZERO, CHUNK) };
        if uses > 0 {
            each(store, RecordQuery { filter: later, ..about }, Timestamp::MAX, |event| {
                if let Fact::GrantUsed { used_at, .. } = &event.fact {
                    uses = uses.saturating_sub(u64::from(used_at.unwrap_or(event.at) > at));
                }
            })?;
        }
        grant.uses = uses;
        grants.push(grant);
    }
    Ok(grants)
}
