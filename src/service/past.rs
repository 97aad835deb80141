//! The grants in force at a past instant, for whom and why, from the journal alone.
//!
//! The records up to that instant are folded by the same function as at the time of writing, so their meaning is
//! defined once.

use std::collections::{BTreeMap, BTreeSet};

use super::listing::Listing;
use super::workflow::Workflow;
use crate::command::{CommandSpec, Definition, WhatChanged, WhatCould, WhoCould};
use crate::error::Error;
use crate::journal::Record;
use crate::model::{
    Caller, Fact, Grant, GrantId, GrantStatus, Invalid, Principal, PrincipalKind, RecordFilter, Resource, Revision,
    Subject, Timestamp,
};
use crate::store::{RecordQuery, Store, StoreError};
use crate::workflow::{Needs, View, Whose, evolve};

/// How many records are read at a time.
const CHUNK: usize = 1_000;

impl Workflow {
    /// The grants that permitted this action at that instant, in their state at that time.
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
        self.check_complete_at("at", at)?;
        let whose = |grant: &Grant| asked.person.as_ref().is_none_or(|person| grant.is_of(person));
        let covering =
            |grant: &Grant| grant.window.end() > at && whose(grant) && grant.covers(&asked.permission, &resource);
        let standing = if asked.person.is_none() { as_they_are(store, at, covering)? } else { None };
        let (rows_of, mut grants) = match standing {
            Some((revision, grants)) => (Some(revision), grants),
            None => (None, grants_at(store, changes_of(asked.person.clone()), at, covering)?),
        };
        grants.retain(|_, grant| grant.status(at) == GrantStatus::Active);
        if let Some(cut) = asked.most.and_then(|most| grants.keys().nth(usize::try_from(most).ok()?).copied()) {
            grants.split_off(&cut);
        }
        Ok(Listing { items: counted(grants, rows_of, at, store)?, next: None, now: at })
    }

    /// The grants that this principal held in force at that instant, in their state at that time.
    ///
    /// # Errors
    /// As for [`Workflow::who_could`].
    pub fn what_could(&self, caller: &Caller, asked: &WhatCould) -> Result<Listing<Grant>, Error> {
        let (store, at) = (self.audited(caller, &WhatCould::SPEC)?, asked.at);
        self.check_complete_at("at", at)?;
        let theirs = |grant: &Grant| grant.window.end() > at && grant.holder == asked.principal;
        let grants = grants_at(store, changes_of(Some(asked.principal.clone())), at, theirs)?;
        Ok(Listing { items: in_force(grants, at, store)?, next: None, now: at })
    }

    /// The grants that were in force at only one of two instants, in their state at the second.
    ///
    /// # Errors
    /// As for [`Workflow::who_could`]; when the second instant is not the later one.
    pub fn what_changed(&self, caller: &Caller, asked: &WhatChanged) -> Result<Listing<Grant>, Error> {
        let (from, until) = (asked.since, asked.until);
        if until <= from {
            return Err(Invalid::new("until", format!("is {until}"), format!("an instant after {from}")).into());
        }
        let store = self.audited(caller, &WhatChanged::SPEC)?;
        self.check_complete_at("since", from)?;
        let active = |grants: &BTreeMap<GrantId, Grant>, at| {
            let active = grants.values().filter(|grant| grant.status(at) == GrantStatus::Active);
            active.map(|grant| grant.id).collect::<BTreeSet<_>>()
        };
        let before = active(&grants_at(store, changes_of(None), from, |grant| grant.window.end() > from)?, from);
        let mut grants = grants_at(store, changes_of(None), until, |grant| grant.window.end() > from)?;
        let after = active(&grants, until);
        grants.retain(|id, _| before.contains(id) != after.contains(id));
        Ok(Listing { items: counted(grants, None, until, store)?, next: None, now: until })
    }

    /// Checks that the journal still has every grant that was in force at that instant.
    fn check_complete_at(&self, field: &'static str, at: Timestamp) -> Result<(), Error> {
        match self.removed()?.filter(|gone| at < gone.complete_from) {
            Some(gone) => {
                let expected = format!(
                    "an instant from {} on; earlier answers would be incomplete, because records up to {} were removed",
                    gone.complete_from, gone.until
                );
                Err(Invalid::new(field, format!("is {at}"), expected).into())
            }
            None => Ok(()),
        }
    }

    /// The store, for a caller who may read the journal. Every use that this process has answered is written first.
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

/// The wanted grants at this instant, folded from all records up to and including it.
fn grants_at(
    store: &dyn Store,
    query: RecordQuery,
    at: Timestamp,
    wanted: impl Fn(&Grant) -> bool,
) -> Result<BTreeMap<GrantId, Grant>, StoreError> {
    let mut views: BTreeMap<GrantId, View> = BTreeMap::new();
    each(store, query, at, |Record { event, .. }| {
        let Subject::Grant(id) = Subject::of(event) else { return };
        let known = match &event.fact {
            Fact::GrantCreated(grant) if wanted(grant) => Some(View::default()),
            _ => views.remove(&id),
        };
        views.extend(known.map(|view| (id, evolve(view, event))));
    })?;
    Ok(views.into_iter().filter_map(|(id, view)| view.grant.map(|grant| (id, grant))).collect())
}

/// Grants from their rows, and the revision of the rows.
type Rows = (Revision, BTreeMap<GrantId, Grant>);

/// The same from the rows, when nothing has changed since this instant: they are the fold of the same records. With
/// many grants that is far less to read. The uses are those up to the returned revision.
fn as_they_are(store: &dyn Store, at: Timestamp, wanted: impl Fn(&Grant) -> bool) -> Result<Option<Rows>, StoreError> {
    let view = store.view(&Needs { live: Some(Whose::Everybody), ..Needs::default() }, at)?;
    let mut later = RecordQuery::changes_after(Revision::ZERO, 1);
    later.filter.from = Timestamp::from_millis(at.millis().saturating_add(1)).ok();
    for query in [later, RecordQuery::changes_after(view.revision, 1)] {
        if !store.records(&query)?.1.is_empty() {
            return Ok(None);
        }
    }
    let wanted = view.history.live.into_iter().filter(wanted).map(|grant| (grant.id, grant));
    Ok(Some((view.revision, wanted.collect())))
}

/// Calls `take` with every record of the query up to this instant, in order.
fn each(store: &dyn Store, query: RecordQuery, at: Timestamp, mut take: impl FnMut(&Record)) -> Result<(), StoreError> {
    let until = Timestamp::from_millis(at.millis().saturating_add(1)).ok();
    let mut query = RecordQuery { filter: RecordFilter { until, ..query.filter }, ..query };
    loop {
        let (_, records) = store.records(&query)?;
        records.iter().for_each(&mut take);
        match records.last() {
            Some(last) if records.len() == query.limit => query.after = last.revision,
            _ => return Ok(()),
        }
    }
}

fn in_force(mut grants: BTreeMap<GrantId, Grant>, at: Timestamp, store: &dyn Store) -> Result<Vec<Grant>, StoreError> {
    grants.retain(|_, grant| grant.status(at) == GrantStatus::Active);
    counted(grants, None, at, store)
}

/// For more grants than this, later uses are read in one query.
const FEW: usize = 20;

/// The grants, with the uses up to this instant. `rows_of` is the revision up to which they are counted already.
fn counted(
    grants: BTreeMap<GrantId, Grant>,
    rows_of: Option<Revision>,
    at: Timestamp,
    store: &dyn Store,
) -> Result<Vec<Grant>, StoreError> {
    let mut uses = BTreeMap::new();
    for (id, grant) in &grants {
        let known = if rows_of.is_some() { grant.uses } else { store.grant(*id)?.grant.map_or(0, |known| known.uses) };
        uses.insert(*id, known);
    }
    // Later uses are subtracted, because for a recent instant there are few. A use can be written after other records;
    // it contains its own time.
    let later = RecordFilter { from: Some(at), ..RecordFilter::default() };
    let query = |about| RecordQuery { filter: later.clone(), about, ..RecordQuery::after(Revision::ZERO, CHUNK) };
    let queries = if grants.len() > FEW {
        vec![query(Vec::new())]
    } else {
        let used = grants.keys().filter(|id| uses.get(id).is_some_and(|uses| *uses > 0));
        used.map(|id| query(vec![Subject::Grant(*id)])).collect()
    };
    for query in queries {
        each(store, query, Timestamp::MAX, |Record { event, revision, .. }| {
            let (Subject::Grant(id), Fact::GrantUsed { used_at, .. }) = (Subject::of(event), &event.fact) else {
                return;
            };
            let is_counted = rows_of.is_none_or(|rows_of| *revision <= rows_of);
            if let Some(uses) = uses.get_mut(&id).filter(|_| is_counted && used_at.unwrap_or(event.at) > at) {
                *uses = uses.saturating_sub(1);
            }
        })?;
    }
    let with_uses = |(id, grant): (GrantId, Grant)| Grant { uses: uses.get(&id).copied().unwrap_or(0), ..grant };
    Ok(grants.into_iter().map(with_uses).collect())
}
