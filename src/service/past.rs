//! What was so at an instant, told by the record alone: which grants were in force, for whom, and why.
//!
//! The records up to that instant are folded as they were when they were written, so there is no second reading of what they mean.

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
        self.told_at("at", at)?;
        let whose = |grant: &Grant| asked.person.as_ref().is_none_or(|person| grant.is_of(person));
        let covering =
            |grant: &Grant| grant.window.end() > at && whose(grant) && grant.covers(&asked.permission, &resource);
        let standing = if asked.person.is_none() { as_they_are(store, at, covering)? } else { None };
        let (rows_of, mut told) = match standing {
            Some((revision, told)) => (Some(revision), told),
            None => (None, tell(store, changes_of(asked.person.clone()), at, covering)?),
        };
        told.retain(|_, grant| grant.status(at) == GrantStatus::Active);
        if let Some(cut) = asked.most.and_then(|most| told.keys().nth(usize::try_from(most).ok()?).copied()) {
            told.split_off(&cut);
        }
        Ok(Listing { items: counted(told, rows_of, at, store)?, next: None, now: at })
    }

    /// The grants that this principal held in force at that instant, as they stood then.
    ///
    /// # Errors
    /// As for [`Workflow::who_could`].
    pub fn what_could(&self, caller: &Caller, asked: &WhatCould) -> Result<Listing<Grant>, Error> {
        let (store, at) = (self.audited(caller, &WhatCould::SPEC)?, asked.at);
        self.told_at("at", at)?;
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
        self.told_at("since", from)?;
        let active = |grants: &BTreeMap<GrantId, Grant>, at| {
            let active = grants.values().filter(|grant| grant.status(at) == GrantStatus::Active);
            active.map(|grant| grant.id).collect::<BTreeSet<_>>()
        };
        let before = active(&tell(store, changes_of(None), from, |grant| grant.window.end() > from)?, from);
        let mut told = tell(store, changes_of(None), until, |grant| grant.window.end() > from)?;
        let after = active(&told, until);
        told.retain(|id, _| before.contains(id) != after.contains(id));
        Ok(Listing { items: counted(told, None, until, store)?, next: None, now: until })
    }

    /// That the record tells of every grant that was in force at that instant.
    fn told_at(&self, field: &'static str, at: Timestamp) -> Result<(), Error> {
        match self.removed()?.filter(|gone| at < gone.complete_from) {
            Some(gone) => {
                let expected = format!(
                    "an instant from {} on; what is older is not told whole, because records up to {} were removed",
                    gone.complete_from, gone.until
                );
                Err(Invalid::new(field, format!("is {at}"), expected).into())
            }
            None => Ok(()),
        }
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

/// Grants as their rows are, and at which revision.
type Rows = (Revision, BTreeMap<GrantId, Grant>);

/// The same from the rows, when nothing has changed since this instant: they are the fold of the same records. Of very many
/// grants that is far less to read. Their uses are those up to the revision that is answered.
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

/// Gives every record of the query up to this instant to `take`, in order.
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

fn in_force(mut told: BTreeMap<GrantId, Grant>, at: Timestamp, store: &dyn Store) -> Result<Vec<Grant>, StoreError> {
    told.retain(|_, grant| grant.status(at) == GrantStatus::Active);
    counted(told, None, at, store)
}

/// Of more grants than this, what was used later is read once for all of them.
const FEW: usize = 20;

/// The grants, with the uses up to this instant counted. `rows_of` is the revision up to which they are counted already.
fn counted(
    told: BTreeMap<GrantId, Grant>,
    rows_of: Option<Revision>,
    at: Timestamp,
    store: &dyn Store,
) -> Result<Vec<Grant>, StoreError> {
    let mut uses = BTreeMap::new();
    for (id, grant) in &told {
        let known = if rows_of.is_some() { grant.uses } else { store.grant(*id)?.grant.map_or(0, |known| known.uses) };
        uses.insert(*id, known);
    }
    // What was used later is taken off again: of a recent instant that is little. A use can be written after other
    // records; it says when it was.
    let later = RecordFilter { from: Some(at), ..RecordFilter::default() };
    let query = |about| RecordQuery { filter: later.clone(), about, ..RecordQuery::after(Revision::ZERO, CHUNK) };
    let queries = if told.len() > FEW {
        vec![query(Vec::new())]
    } else {
        let used = told.keys().filter(|id| uses.get(id).is_some_and(|uses| *uses > 0));
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
    Ok(told.into_iter().map(with_uses).collect())
}
