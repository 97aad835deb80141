//! The store of tests and trials: everything in memory, gone with the process.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Batch, Delivery, Done, Head, Leased, Message, Page, Store, StoreError, Subject, fold};
use crate::journal::{Record, Verifier};
use crate::lock::Mutex;
use crate::model::{
    AccessRequest, Delegation, DelegationId, DelegationStatus, Event, Grant, GrantId, GrantStatus, Principal,
    RequestId, RequestStatus, Revision, Standing, Timestamp,
};
use crate::workflow::{Tally, View, next_note, note};

/// A store that forgets everything when it is dropped.
///
/// ```
/// use jit_access::store::{MemoryStore, Store};
///
/// assert_eq!(MemoryStore::new().head()?.revision.0, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    head: Head,
    journal: Vec<Record>,
    requests: BTreeMap<RequestId, Row<AccessRequest>>,
    grants: BTreeMap<GrantId, Row<Grant>>,
    grant_of: HashMap<RequestId, GrantId>,
    delegations: BTreeMap<DelegationId, Row<Delegation>>,
    standings: BTreeMap<Principal, Standing>,
    done: HashMap<(Principal, String), Done>,
    outbox: Vec<Kept>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            head: Head::EMPTY,
            journal: Vec::new(),
            requests: BTreeMap::new(),
            grants: BTreeMap::new(),
            grant_of: HashMap::new(),
            delegations: BTreeMap::new(),
            standings: BTreeMap::new(),
            done: HashMap::new(),
            outbox: Vec::new(),
        }
    }
}

#[derive(Debug)]
struct Row<T> {
    created: Revision,
    value: T,
}

#[derive(Debug)]
struct Kept {
    message: Message,
    attempt: u32,
    /// When it is given out next; `None` once it is delivered or given up.
    due: Option<Timestamp>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl State {
    fn view_of_request(&self, id: RequestId) -> View {
        let grant = self.grant_of.get(&id).and_then(|grant| self.grants.get(grant));
        View {
            revision: self.head.revision,
            request: self.requests.get(&id).map(|row| row.value.clone()),
            grant: grant.map(|row| row.value.clone()),
            ..View::default()
        }
    }

    fn view_of_grant(&self, id: GrantId) -> View {
        let Some(row) = self.grants.get(&id) else {
            return View { revision: self.head.revision, ..View::default() };
        };
        View {
            revision: self.head.revision,
            request: self.requests.get(&row.value.request).map(|row| row.value.clone()),
            grant: Some(row.value.clone()),
            ..View::default()
        }
    }

    fn view_of_delegation(&self, id: DelegationId) -> View {
        let delegation = self.delegations.get(&id).map(|row| row.value.clone());
        View { revision: self.head.revision, delegation, ..View::default() }
    }

    fn commit(&mut self, batch: &Batch) -> Result<Vec<Record>, StoreError> {
        super::check_basis(batch.decided_from, &self.head)?;
        if let Some((caller, key, _)) = &batch.done
            && self.done.contains_key(&(caller.clone(), key.clone()))
        {
            return Err(StoreError::KeyTaken);
        }
        let mut head = self.head;
        let mut records = Vec::with_capacity(batch.events.len());
        let mut created = BTreeMap::new();
        for event in &batch.events {
            let record = super::seal(event, &mut head)?;
            created.entry(Subject::of(event)).or_insert(record.revision);
            records.push(record);
        }
        let rows = fold::<StoreError>(&batch.events, |subject| {
            Ok(match subject {
                Subject::Request(id) => self.view_of_request(id),
                Subject::Grant(id) => self.view_of_grant(id),
                Subject::Delegation(id) => self.view_of_delegation(id),
                Subject::Principal(who) => {
                    let known = self.standings.get(&who).cloned().map(|known| (who, known));
                    View { standing: known.into_iter().collect(), ..View::default() }
                }
            })
        })?;
        let born = |subject: Subject| created.get(&subject).copied().unwrap_or(head.revision);
        for (id, request) in rows.requests {
            let created = self.requests.get(&id).map_or_else(|| born(Subject::Request(id)), |row| row.created);
            self.requests.insert(id, Row { created, value: request });
        }
        for (id, grant) in rows.grants {
            let created = self.grants.get(&id).map_or_else(|| born(Subject::Grant(id)), |row| row.created);
            self.grant_of.insert(grant.request, id);
            self.grants.insert(id, Row { created, value: grant });
        }
        for (id, delegation) in rows.delegations {
            let created = self.delegations.get(&id).map_or_else(|| born(Subject::Delegation(id)), |row| row.created);
            self.delegations.insert(id, Row { created, value: delegation });
        }
        self.standings.extend(rows.standings);
        self.outbox.extend(batch.outbox.iter().map(|message| Kept {
            message: message.clone(),
            attempt: 0,
            due: Some(Timestamp::EPOCH),
        }));
        if let Some((caller, key, done)) = &batch.done {
            self.done.insert((caller.clone(), key.clone()), done.clone());
        }
        self.journal.extend(records.iter().cloned());
        self.head = head;
        Ok(records)
    }

    fn after(&self, revision: Revision) -> impl Iterator<Item = &Record> {
        self.journal.iter().skip(usize::try_from(revision.0).unwrap_or(usize::MAX))
    }
}

impl Store for MemoryStore {
    fn head(&self) -> Result<Head, StoreError> {
        Ok(self.state.lock().head)
    }

    fn may_have_grown(&self, since: Revision) -> Result<bool, StoreError> {
        Ok(self.state.lock().head.revision > since)
    }

    fn commit(&self, batch: &Batch) -> Result<Vec<Record>, StoreError> {
        self.state.lock().commit(batch)
    }

    fn request(&self, id: RequestId) -> Result<View, StoreError> {
        Ok(self.state.lock().view_of_request(id))
    }

    fn grant(&self, id: GrantId) -> Result<View, StoreError> {
        Ok(self.state.lock().view_of_grant(id))
    }

    fn requests(&self, page: &Page<RequestStatus>) -> Result<Vec<(Revision, AccessRequest)>, StoreError> {
        let state = self.state.lock();
        Ok(listed(state.requests.values(), page, |request| {
            (page.visible.includes(&request.requester, &request.approver_roles), request.status(page.now))
        }))
    }

    fn grants(&self, page: &Page<GrantStatus>) -> Result<Vec<(Revision, Grant)>, StoreError> {
        let state = self.state.lock();
        Ok(listed(state.grants.values(), page, |grant| {
            (page.visible.includes(&grant.holder, &grant.approver_roles), grant.status(page.now))
        }))
    }

    fn delegation(&self, id: DelegationId) -> Result<View, StoreError> {
        Ok(self.state.lock().view_of_delegation(id))
    }

    fn delegations(&self, page: &Page<DelegationStatus>) -> Result<Vec<(Revision, Delegation)>, StoreError> {
        let state = self.state.lock();
        Ok(listed(state.delegations.values(), page, |delegation| {
            let whose = [&delegation.delegator, &delegation.delegate];
            (whose.into_iter().any(|who| page.visible.includes(who, &[])), delegation.status(page.now))
        }))
    }

    fn live_grants(&self, now: Timestamp) -> Result<(Revision, Vec<Grant>), StoreError> {
        let state = self.state.lock();
        let live = state.grants.values().filter(|row| row.value.status(now).is_live()).map(|row| row.value.clone());
        Ok((state.head.revision, live.collect()))
    }

    fn live_of(&self, who: &Principal, now: Timestamp) -> Result<Vec<Grant>, StoreError> {
        let state = self.state.lock();
        let grants = state.grants.values().map(|row| &row.value);
        let theirs = grants.filter(|grant| grant.is_of(who) && grant.status(now).is_live());
        Ok(theirs.cloned().collect())
    }

    fn standing(&self, who: &Principal) -> Result<Option<Standing>, StoreError> {
        Ok(self.state.lock().standings.get(who).cloned())
    }

    fn extensions(&self, first: GrantId) -> Result<Vec<Grant>, StoreError> {
        let state = self.state.lock();
        let grants = state.grants.values().map(|row| &row.value);
        let of_chain = |grant: &&Grant| grant.extends.is_some_and(|extension| extension.first == first);
        let mut found: Vec<_> = grants.filter(of_chain).cloned().collect();
        found.sort_by_key(Grant::number);
        Ok(found)
    }

    fn tally(&self, who: &Principal, now: Timestamp, nth: u64) -> Result<Tally, StoreError> {
        let state = self.state.lock();
        let live = || state.grants.values().map(|row| &row.value).filter(|grant| grant.status(now).is_live());
        let mut requests: Vec<_> = state.requests.values().filter(|row| row.value.requester == *who).collect();
        requests.sort_by_key(|row| std::cmp::Reverse(row.created));
        let nth = nth.checked_sub(1).and_then(|nth| requests.get(usize::try_from(nth).ok()?));
        Ok(Tally {
            grants: live().filter(|grant| grant.holder == *who).map(Grant::first).collect::<HashSet<_>>().len() as u64,
            grants_of_all: live().map(Grant::first).collect::<HashSet<_>>().len() as u64,
            open_requests: requests.iter().filter(|row| row.value.status(now).is_open()).count() as u64,
            nth_newest: nth.map(|row| row.value.created_at),
        })
    }

    fn unreviewed(&self) -> Result<Vec<Grant>, StoreError> {
        let state = self.state.lock();
        let mut rows: Vec<_> = state.grants.values().filter(|row| row.value.is_unreviewed()).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.created));
        Ok(rows.into_iter().map(|row| row.value.clone()).collect())
    }

    fn journal(&self, after: Revision, limit: usize) -> Result<(Revision, Vec<Record>), StoreError> {
        let state = self.state.lock();
        Ok((state.head.revision, state.after(after).take(limit).cloned().collect()))
    }

    fn changes(&self, after: Revision, limit: usize) -> Result<(Revision, Vec<Record>), StoreError> {
        let state = self.state.lock();
        let changes = state.after(after).filter(|record| record.event.fact.changes_state());
        Ok((state.head.revision, changes.take(limit).cloned().collect()))
    }

    fn verify(&self) -> Result<u64, StoreError> {
        let state = self.state.lock();
        let mut verifier = Verifier::default();
        let mut events: Vec<Event> = Vec::with_capacity(state.journal.len());
        for record in &state.journal {
            events.push(verifier.next(record.revision, &record.hash.to_string(), &record.body)?.event);
        }
        let count = verifier.finish(state.head.revision, state.head.hash)?;
        let rows = fold::<StoreError>(&events, |_| Ok(View::default()))?;
        super::compare(
            &rows,
            state.requests.values().map(|row| &row.value),
            state.grants.values().map(|row| &row.value),
            state.delegations.values().map(|row| &row.value),
            &state.standings,
        )?;
        Ok(count)
    }

    fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<View>, StoreError> {
        let state = self.state.lock();
        let requests = state.requests.keys().map(|id| state.view_of_request(*id));
        Ok(requests.filter(|view| !note(view, now).is_empty()).take(limit).collect())
    }

    fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let state = self.state.lock();
        Ok(state.requests.keys().filter_map(|id| next_note(&state.view_of_request(*id))).min())
    }

    fn done_under(&self, caller: &Principal, key: &str) -> Result<Option<Done>, StoreError> {
        Ok(self.state.lock().done.get(&(caller.clone(), key.to_owned())).cloned())
    }

    fn lease_outbox(&self, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<Leased>, StoreError> {
        let mut state = self.state.lock();
        let due = state.outbox.iter_mut().zip(1..).filter(|(kept, _)| kept.due.is_some_and(|due| due <= now));
        Ok(due
            .take(limit)
            .map(|(kept, id)| {
                kept.due = Some(until);
                kept.attempt = kept.attempt.saturating_add(1);
                Leased { id, message: kept.message.clone(), attempt: kept.attempt }
            })
            .collect())
    }

    fn settle_outbox(&self, id: u64, delivery: Delivery) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        let at = usize::try_from(id).ok().and_then(|id| id.checked_sub(1));
        if let Some(kept) = at.and_then(|at| state.outbox.get_mut(at)) {
            settle(kept, delivery);
        }
        Ok(())
    }
}

fn settle(kept: &mut Kept, delivery: Delivery) {
    // What is delivered or given up stays so, whatever a late worker says.
    if kept.due.is_some() {
        kept.due = match delivery {
            Delivery::Delivered | Delivery::Undeliverable => None,
            Delivery::RetryAt(at) => Some(at),
        };
    }
}

fn listed<'a, T: Clone + 'a, S: PartialEq + Copy>(
    rows: impl Iterator<Item = &'a Row<T>>,
    page: &Page<S>,
    facts: impl Fn(&T) -> (bool, S),
) -> Vec<(Revision, T)> {
    let mut found: Vec<_> = rows
        .filter(|row| page.before.is_none_or(|before| row.created < before))
        .filter(|row| {
            let (visible, status) = facts(&row.value);
            visible && page.status.is_none_or(|wanted| wanted == status)
        })
        .map(|row| (row.created, row.value.clone()))
        .collect();
    found.sort_by_key(|(created, _)| std::cmp::Reverse(*created));
    found.truncate(page.limit);
    found
}
