//! The store for tests and trials: everything is in memory and is lost when the process ends.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::convert::Infallible;

use super::answer::{Lookup, answer};
use super::memory_outbox::Outbox;
use super::outbox::DAY_MILLIS;
use super::records::check_position;
use super::retention::{check_removal, removal_in};
use super::topics::{Bits, concerned, place_of, revision_of};
use super::verification::tell;
use super::{
    Batch, DecideBatch, DeliveryPage, Done, Head, KEY_DAYS, KeptCheckpoint, Leased, LeasedDelivery, Lineage, Live,
    MAX_REFUSALS, NewDelivery, NumberedDelivery, NumberedRefusal, Page, Position, REFUSAL_DAYS, Reads, RecordQuery,
    RefusalPage, Removable, RemovalLimits, Seen, Settled, Store, StoreError, Subject, Verification, Verified,
    Verifying, fold,
};
use crate::journal::{Broken, Hash, Record, Verifier};
use crate::lock::Mutex;
use crate::model::{
    AccessRequest, ChannelCount, Delegation, DelegationId, DelegationStatus, Delivery, DeliveryId, Event, Fact, Grant,
    GrantId, GrantStatus, Invalid, Principal, Refused, Removal, RequestId, RequestStatus, Revision, Secret, Standing,
    Timestamp, Topic,
};
use crate::store::ListedRequest;
use crate::workflow::{Needs, Tally, View, Whose, next_note, note};

/// A store that loses everything when it is dropped.
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
    checkpoints: BTreeMap<Revision, KeptCheckpoint>,
    /// The roots of each 256 records.
    tiles: BTreeMap<u64, Hash>,
    head: Head,
    journal: Vec<Record>,
    /// Which records of each block have a topic.
    topics: HashMap<Topic, BTreeMap<u64, Bits>>,
    requests: BTreeMap<RequestId, Row<AccessRequest>>,
    grants: BTreeMap<GrantId, Row<Grant>>,
    grant_of: HashMap<RequestId, GrantId>,
    delegations: BTreeMap<DelegationId, Row<Delegation>>,
    standings: BTreeMap<Principal, Standing>,
    /// Each with the instant of the head at that time.
    done: HashMap<(Principal, String), (Timestamp, Done)>,
    outbox: Outbox,
    secrets: HashMap<String, Secret>,
    /// Refused attempts, by their number.
    refusals: BTreeMap<u64, Refused>,
    /// How many commits there were.
    commits: u64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            checkpoints: BTreeMap::new(),
            tiles: BTreeMap::new(),
            head: Head::new(Lineage::random()),
            journal: Vec::new(),
            topics: HashMap::new(),
            requests: BTreeMap::new(),
            grants: BTreeMap::new(),
            grant_of: HashMap::new(),
            delegations: BTreeMap::new(),
            standings: BTreeMap::new(),
            done: HashMap::new(),
            secrets: HashMap::new(),
            refusals: BTreeMap::new(),
            outbox: Outbox::default(),
            commits: 0,
        }
    }
}

#[derive(Debug)]
struct Row<T> {
    created: Revision,
    value: T,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl State {
    /// The state of this subject before an event.
    fn before(&self, subject: Subject) -> View {
        let mut view = View::default();
        match subject {
            Subject::Request(id) => view.request = self.requests.get(&id).map(|row| row.value.clone()),
            Subject::Grant(id) => view.grant = self.grants.get(&id).map(|row| row.value.clone()),
            Subject::Delegation(id) => view.delegation = self.delegations.get(&id).map(|row| row.value.clone()),
            Subject::Principal(who) => {
                view.standing.extend(self.standings.get(&who).cloned().map(|known| (who, known)));
            }
            Subject::Store => {}
        }
        view
    }

    fn view_of_request(&self, id: RequestId) -> View {
        let Ok(view) = answer(self, &Needs::request(id), Timestamp::EPOCH);
        view
    }

    fn commit(&mut self, batch: &Batch) -> Result<Vec<Record>, StoreError> {
        super::check_basis(batch.decided_from, &self.head)?;
        if let Some((caller, key, _)) = &batch.done
            && self.done.contains_key(&(caller.clone(), key.clone()))
        {
            return Err(StoreError::KeyTaken);
        }
        let removal = removal_in(&batch.events);
        if let Some(removal) = removal {
            let (needed, hash) = (self.needed(self.head.at), self.record(removal.last.0).map(|record| record.hash));
            check_removal(removal, &self.head, needed, hash)?;
        }
        let removed = self.head.removed_up_to();
        let mut head = self.head;
        let mut records = Vec::with_capacity(batch.events.len());
        let mut created = BTreeMap::new();
        for event in &batch.events {
            let record = super::seal(event, &mut head)?;
            created.entry(Subject::of(event)).or_insert(record.revision);
            records.push(record);
        }
        let Ok(rows) = fold::<Infallible>(&batch.events, |subject| Ok(self.before(subject)));
        rows.check_ids()?;
        for record in &records {
            let (block, place) = place_of(record.revision);
            for topic in Topic::of(&record.event, &concerned(&Subject::of(&record.event), &rows)) {
                self.topics.entry(topic).or_default().entry(block).or_default().insert(place);
            }
        }
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
        self.outbox.queue(&batch.outbox, head.at);
        if let Some((caller, key, done)) = &batch.done {
            self.done.insert((caller.clone(), key.clone()), (head.at, done.clone()));
        }
        self.journal.extend(records.iter().cloned());
        self.head = head;
        if let Some(removal) = removal {
            self.remove(removal, removed);
        }
        // This reads everything, so it is not done at each commit.
        self.commits += 1;
        if self.commits.is_multiple_of(1_000) {
            self.forget_old(head.at);
        }
        Ok(records)
    }

    /// Removes expired rows; returns how many.
    fn forget_old(&mut self, now: Timestamp) -> usize {
        let before = self.done.len();
        self.done.retain(|_, (at, _)| now.millis().saturating_sub(at.millis()) <= KEY_DAYS * DAY_MILLIS);
        let refusals = self.refusals.len();
        let newest = self.refusals.last_key_value().map_or(0, |(number, _)| *number);
        self.refusals.retain(|number, one| {
            let age = now.millis().saturating_sub(one.hour().millis());
            age <= REFUSAL_DAYS * DAY_MILLIS && newest.saturating_sub(*number) < MAX_REFUSALS
        });
        before - self.done.len() + refusals - self.refusals.len() + self.outbox.forget_old(now)
    }

    fn add_refusals(&mut self, refused: &[Refused]) {
        for one in refused {
            if let Some(like) = self.refusals.values_mut().find(|kept| kept.is_like(one)) {
                like.add(one);
            } else {
                let number = self.refusals.last_key_value().map_or(0, |(number, _)| *number) + 1;
                self.refusals.insert(number, one.clone());
            }
        }
    }

    fn check_position(&self, known: &Position) -> Result<(), StoreError> {
        check_position(known, &self.head, |revision| Ok(self.record(revision.0).map(|record| record.hash)))
    }

    fn record(&self, revision: u64) -> Option<&Record> {
        let removed = self.head.removed_up_to().0;
        self.journal.get(usize::try_from(revision).ok()?.checked_sub(usize::try_from(removed).ok()? + 1)?)
    }

    /// The first record about something live or pending. A chain of extensions is needed completely.
    fn needed(&self, now: Timestamp) -> Option<Revision> {
        let requests = self.requests.values().filter(|row| row.value.state.is_open()).map(|row| row.created);
        let delegations = self.delegations.values();
        let delegations = delegations.filter(|row| row.value.status(now).is_live()).map(|row| row.created);
        let lives = |grant: &Grant| (grant.ended.is_none() && !grant.noted.expiry) || grant.is_unsettled();
        let grants = self.grants.values().filter(|row| lives(&row.value)).flat_map(|row| {
            let first = self.grants.get(&row.value.first()).unwrap_or(row);
            let request = self.requests.get(&first.value.request).map(|request| request.created);
            request.into_iter().chain([first.created])
        });
        requests.chain(delegations).chain(grants).min()
    }

    /// The last record that has this topic.
    fn last_of(&self, topic: &Topic) -> Revision {
        let block = self.topics.get(topic).and_then(|blocks| blocks.last_key_value());
        block.and_then(|(block, bits)| Some(revision_of(*block, bits.last()?))).unwrap_or_default()
    }

    /// The grants and the requests that end with the records up to one, and the last record about a grant that stays
    /// although its first record is removed.
    fn over(&self, last: Revision) -> (BTreeSet<GrantId>, BTreeSet<RequestId>, Revision) {
        let about = |subject: Subject| self.last_of(&Topic::Subject(subject));
        let mut chains: BTreeMap<GrantId, Revision> = BTreeMap::new();
        for (id, row) in &self.grants {
            let latest = chains.entry(row.value.first()).or_default();
            let request = about(Subject::Request(row.value.request));
            *latest = (*latest).max(row.created).max(about(Subject::Grant(*id))).max(request);
        }
        let is_over = |first: &GrantId| chains.get(first).is_some_and(|latest| *latest <= last);
        let begins = self.grants.values().filter(|row| row.created <= last);
        let latest = begins.map(|row| chains.get(&row.value.first()).copied().unwrap_or_default()).max();
        let grants: BTreeSet<_> =
            self.grants.iter().filter(|(_, row)| is_over(&row.value.first())).map(|(id, _)| *id).collect();
        let of_requests = self.requests.iter().filter(|(id, row)| {
            row.created <= last
                && match self.grant_of.get(id) {
                    Some(grant) => grants.contains(grant),
                    None => about(Subject::Request(**id)) <= last,
                }
        });
        let requests = of_requests.map(|(id, _)| *id).collect();
        (grants, requests, latest.unwrap_or_default())
    }

    fn removable(&self, limits: &RemovalLimits) -> Option<Removable> {
        let before = |at: Timestamp| {
            let first = self.journal.iter().find(|record| record.event.at >= at);
            first.map_or(self.head.revision, |record| Revision(record.revision.0.saturating_sub(1)))
        };
        let last = limits.last(&self.head, before(limits.before), before(limits.floor), self.needed(limits.now))?;
        let record = self.record(last.0)?;
        let (until, latest) = (record.event.at, self.over(last).2);
        let later = self.record(latest.0).filter(|record| record.revision > last).map(|record| record.event.at);
        let told_later = |who: &Principal| {
            self.journal.iter().any(|record| {
                let is_told =
                    matches!(&record.event.fact, Fact::StandingReported { principal, .. } if principal == who);
                is_told && record.revision > last
            })
        };
        let standing = self.standings.iter().filter(|(who, _)| !told_later(who));
        Some(Removable {
            decided_from: self.head.revision,
            last,
            hash: record.hash,
            until,
            complete_from: later.unwrap_or(until).max(until),
            standing: standing.map(|(who, standing)| (who.clone(), standing.clone())).collect(),
        })
    }

    /// Removes the records up to one, and rows without other records. The head already contains the removal.
    fn remove(&mut self, removal: &Removal, before: Revision) {
        let (grants, requests, _) = self.over(removal.last);
        let delegations: Vec<_> = (self.delegations.iter())
            .filter(|(id, row)| {
                let about = self.last_of(&Topic::Subject(Subject::Delegation(**id)));
                row.created <= removal.last && about <= removal.last
            })
            .map(|(id, _)| *id)
            .collect();
        self.grants.retain(|id, _| !grants.contains(id));
        self.grant_of.retain(|_, grant| !grants.contains(grant));
        self.requests.retain(|id, _| !requests.contains(id));
        self.delegations.retain(|id, _| !delegations.contains(id));
        let (block, place) = place_of(removal.last);
        self.topics.retain(|_, blocks| {
            blocks.retain(|known, bits| {
                if *known == block {
                    bits.remove(place);
                }
                *known >= block && !bits.is_empty()
            });
            !blocks.is_empty()
        });
        self.journal.drain(..usize::try_from(removal.last.0 - before.0).unwrap_or(usize::MAX).min(self.journal.len()));
        self.done.retain(|_, (at, _)| *at > removal.until);
    }

    /// The records that the query selects, and the head; an error when it continues from an unknown position.
    fn records_under_head(&self, query: &RecordQuery) -> Result<(Head, Vec<Record>), StoreError> {
        if let Some(known) = &query.continues {
            self.check_position(known)?;
        }
        Ok((self.head, self.records(query)))
    }

    /// The records that the query selects.
    fn records(&self, query: &RecordQuery) -> Vec<Record> {
        let mut found = Vec::new();
        let range = query.range(&self.head);
        if query.has_topics() {
            let Ok(search) = query.search::<_, Infallible>(range, |topic| Ok(self.topics.get(topic)));
            let Some(search) = search else { return found };
            let Ok(()) = search.run::<Infallible>(
                |blocks, block| Ok(blocks.get(&block).cloned()),
                |revision| {
                    let wanted = self.record(revision.0).filter(|record| query.selects(record));
                    found.extend(wanted.filter(|_| found.len() < query.limit).cloned());
                    Ok(found.len() < query.limit)
                },
            );
            return found;
        }
        let mut revisions: Box<dyn Iterator<Item = u64>> =
            if query.newest_first { Box::new(range.rev()) } else { Box::new(range) };
        let wanted = revisions.by_ref().filter_map(|revision| self.record(revision));
        wanted.filter(|record| query.selects(record)).take(query.limit).cloned().collect()
    }

    fn due(&self, now: Timestamp, limit: usize) -> Vec<View> {
        let mut due: Vec<_> = self.requests.keys().map(|id| self.view_of_request(*id)).collect();
        due.retain(|view| !note(view, now).is_empty());
        due.sort_by_key(next_note);
        due.truncate(limit);
        due
    }

    fn done_under(&self, caller: &Principal, key: &str) -> Option<Done> {
        self.done.get(&(caller.clone(), key.to_owned())).map(|(_, done)| done.clone())
    }
}

impl Lookup for State {
    type Error = Infallible;

    fn revision(&self) -> Result<Revision, Infallible> {
        Ok(self.head.revision)
    }

    fn request(&self, id: RequestId) -> Result<Option<AccessRequest>, Infallible> {
        Ok(self.requests.get(&id).map(|row| row.value.clone()))
    }

    fn grant(&self, id: GrantId) -> Result<Option<Grant>, Infallible> {
        Ok(self.grants.get(&id).map(|row| row.value.clone()))
    }

    fn grant_of(&self, request: RequestId) -> Result<Option<Grant>, Infallible> {
        let grant = self.grant_of.get(&request).and_then(|grant| self.grants.get(grant));
        Ok(grant.map(|row| row.value.clone()))
    }

    fn delegation(&self, id: DelegationId) -> Result<Option<Delegation>, Infallible> {
        Ok(self.delegations.get(&id).map(|row| row.value.clone()))
    }

    fn extensions(&self, first: GrantId) -> Result<Vec<Grant>, Infallible> {
        let grants = self.grants.values().map(|row| &row.value);
        let of_chain = |grant: &&Grant| grant.extends.is_some_and(|extension| extension.first == first);
        let mut found: Vec<_> = grants.filter(of_chain).cloned().collect();
        found.sort_by_key(Grant::number);
        Ok(found)
    }

    fn requests_of(&self, person: &Principal, limit: usize) -> Result<Vec<AccessRequest>, Infallible> {
        let theirs = self.requests.values().filter(|row| row.value.person() == person);
        Ok(newest_first(theirs).take(limit).collect())
    }

    fn live(&self, whose: &Whose, now: Timestamp) -> Result<Vec<Grant>, Infallible> {
        let is_theirs = |grant: &Grant| match whose {
            Whose::Everybody => true,
            Whose::Of(who) => grant.is_of(who),
        };
        let live = self.grants.values().filter(|row| row.value.status(now).is_live() && is_theirs(&row.value));
        Ok(newest_first(live).collect())
    }

    fn extending(&self, chains: &BTreeSet<GrantId>) -> Result<Vec<AccessRequest>, Infallible> {
        let extends = |request: &AccessRequest| {
            request.state.is_open() && request.extends.is_some_and(|extension| chains.contains(&extension.first))
        };
        Ok(newest_first(self.requests.values().filter(|row| extends(&row.value))).collect())
    }

    fn unsettled(&self) -> Result<Vec<Grant>, Infallible> {
        Ok(newest_first(self.grants.values().filter(|row| row.value.is_unsettled())).collect())
    }

    fn tally(&self, person: &Principal, nth: u64, now: Timestamp) -> Result<Tally, Infallible> {
        let live = || self.grants.values().map(|row| &row.value).filter(|grant| grant.status(now).is_live());
        let mut requests: Vec<_> = self.requests.values().filter(|row| row.value.person() == person).collect();
        requests.sort_by_key(|row| std::cmp::Reverse(row.created));
        let nth = nth.checked_sub(1).and_then(|nth| requests.get(usize::try_from(nth).ok()?));
        Ok(Tally {
            grants: live().filter(|grant| grant.person() == person).map(Grant::first).collect::<HashSet<_>>().len()
                as u64,
            grants_of_all: live().map(Grant::first).collect::<HashSet<_>>().len() as u64,
            open_requests: requests.iter().filter(|row| row.value.status(now).is_open()).count() as u64,
            open_delegations: self
                .delegations
                .values()
                .filter(|row| row.value.delegator == *person && row.value.status(now).is_live())
                .count() as u64,
            nth_newest: nth.map(|row| row.value.created_at),
        })
    }

    fn delegations_to(&self, delegate: &Principal, now: Timestamp) -> Result<Vec<Delegation>, Infallible> {
        let active = |one: &Delegation| one.delegate == *delegate && one.status(now) == DelegationStatus::Active;
        Ok(newest_first(self.delegations.values().filter(|row| active(&row.value))).collect())
    }

    fn standing(&self, who: &Principal) -> Result<Option<Standing>, Infallible> {
        Ok(self.standings.get(who).cloned())
    }
}

fn newest_first<'a, T: Clone + 'a>(rows: impl Iterator<Item = &'a Row<T>>) -> impl Iterator<Item = T> {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.created));
    rows.into_iter().map(|row| row.value.clone())
}

impl Reads for MemoryStore {
    fn view(&self, needs: &Needs, now: Timestamp) -> Result<View, StoreError> {
        let Ok(view) = answer(&*self.state.lock(), needs, now);
        Ok(view)
    }

    fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<View>, StoreError> {
        Ok(self.state.lock().due(now, limit))
    }

    fn done_under(&self, caller: &Principal, key: &str) -> Result<Option<Done>, StoreError> {
        Ok(self.state.lock().done_under(caller, key))
    }

    fn records(&self, query: &RecordQuery) -> Result<(Head, Vec<Record>), StoreError> {
        self.state.lock().records_under_head(query)
    }
}

/// The state while its lock is held.
struct Locked<'a>(&'a State);

impl Reads for Locked<'_> {
    fn view(&self, needs: &Needs, now: Timestamp) -> Result<View, StoreError> {
        let Ok(view) = answer(self.0, needs, now);
        Ok(view)
    }

    fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<View>, StoreError> {
        Ok(self.0.due(now, limit))
    }

    fn done_under(&self, caller: &Principal, key: &str) -> Result<Option<Done>, StoreError> {
        Ok(self.0.done_under(caller, key))
    }

    fn records(&self, query: &RecordQuery) -> Result<(Head, Vec<Record>), StoreError> {
        self.0.records_under_head(query)
    }
}

impl Store for MemoryStore {
    fn head(&self) -> Result<Head, StoreError> {
        Ok(self.state.lock().head)
    }

    fn has_grown(&self, since: &Position) -> Result<bool, StoreError> {
        let state = self.state.lock();
        state.check_position(since)?;
        Ok(state.head.revision > since.revision)
    }

    fn commit(&self, batch: &Batch) -> Result<Vec<Record>, StoreError> {
        self.state.lock().commit(batch)
    }

    fn commit_exclusively(&self, decide: &mut DecideBatch<'_>) -> Result<Vec<Record>, StoreError> {
        let mut state = self.state.lock();
        match decide(&Locked(&state))? {
            Some(batch) => state.commit(&batch),
            None => Ok(Vec::new()),
        }
    }

    fn requests(&self, page: &Page<RequestStatus>) -> Result<Vec<(Revision, ListedRequest)>, StoreError> {
        let state = self.state.lock();
        let rows = listed(state.requests.values(), page, |request| {
            (page.visible.includes(&request.requester, &request.approver_roles), request.status(page.now))
        });
        let with_grant = |(created, request): (Revision, AccessRequest)| {
            let Ok(grant) = state.grant_of(request.id);
            (created, ListedRequest { request, grant })
        };
        Ok(rows.into_iter().map(with_grant).collect())
    }

    fn grants(&self, page: &Page<GrantStatus>) -> Result<Vec<(Revision, Grant)>, StoreError> {
        let state = self.state.lock();
        Ok(listed(state.grants.values(), page, |grant| {
            (page.visible.includes(&grant.holder, &grant.approver_roles), grant.status(page.now))
        }))
    }

    fn delegations(&self, page: &Page<DelegationStatus>) -> Result<Vec<(Revision, Delegation)>, StoreError> {
        let state = self.state.lock();
        Ok(listed(state.delegations.values(), page, |delegation| {
            let whose = [&delegation.delegator, &delegation.delegate];
            (whose.into_iter().any(|who| page.visible.includes(who, &[])), delegation.status(page.now))
        }))
    }

    fn live(&self, now: Timestamp) -> Result<Live, StoreError> {
        let state = self.state.lock();
        let Ok(grants) = Lookup::live(&*state, &Whose::Everybody, now);
        Ok(Live::of(state.head, grants))
    }

    fn verify_with(&self, wanted: &Verification, watch: &mut dyn Verifying) -> Result<Verified, StoreError> {
        let state = self.state.lock();
        let after = wanted.after.as_ref().map_or(Revision::ZERO, |after| after.revision);
        if let Some(known) = wanted.after.as_ref().filter(|known| known.revision > Revision::ZERO) {
            let broken = |problem: String| Broken { revision: known.revision, problem };
            let hash = known.hash().parse().map_err(|error: Invalid| broken(error.to_string()))?;
            let position = Position { lineage: state.head.lineage, revision: known.revision, hash };
            state.check_position(&position).map_err(|error| broken(error.to_string()))?;
        }
        let removed = state.head.removed_up_to();
        let (mut verifier, mut told) = match &state.head.removed {
            Some(gone) => {
                let told = state.head.at_record(gone.last, gone.hash, gone.until);
                (Verifier::after(gone.last, gone.hash, gone.until), told)
            }
            None => (Verifier::default(), Head::new(state.head.lineage)),
        };
        let mut events: Vec<Event> = Vec::with_capacity(state.journal.len());
        for record in &state.journal {
            let record = verifier.next(record.revision, &record.hash.to_string(), &record.body)?;
            super::move_head(&record, &mut told);
            if record.revision > after {
                watch.record(record.revision, &record.body);
            }
            events.push(record.event);
        }
        let count = verifier.finish(state.head.revision, state.head.hash)?;
        super::check_head(&state.head, &told)?;
        let Ok(rows) = fold::<Infallible>(&events, |_| Ok(View::default()));
        super::compare(
            &rows,
            state.requests.values().filter(|row| row.created > removed).map(|row| &row.value),
            state.grants.values().filter(|row| row.created > removed).map(|row| &row.value),
            state.delegations.values().filter(|row| row.created > removed).map(|row| &row.value),
            &state.standings,
        )?;
        let head = state.head;
        drop(state);
        tell(watch, head.revision, head.revision)?;
        Ok(Verified { head, records: count.saturating_sub(after.max(removed).0) })
    }

    fn removable(&self, limits: &RemovalLimits) -> Result<Option<Removable>, StoreError> {
        Ok(self.state.lock().removable(limits))
    }

    fn last_checkpoint_up_to(&self, record: Revision) -> Result<Option<KeptCheckpoint>, StoreError> {
        Ok(self.state.lock().checkpoints.range(..=record).next_back().map(|(_, kept)| kept.clone()))
    }

    fn checkpoint_covering(&self, record: Revision) -> Result<Option<KeptCheckpoint>, StoreError> {
        Ok(self.state.lock().checkpoints.range(record..).next().map(|(_, kept)| kept.clone()))
    }

    fn keep_checkpoint(&self, new: &KeptCheckpoint, tiles: &[(u64, Hash)]) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        state.tiles.extend(tiles.iter().copied());
        state.checkpoints.entry(new.size).or_insert_with(|| new.clone());
        Ok(())
    }

    fn tiles(&self, first: u64, end: u64) -> Result<Vec<Hash>, StoreError> {
        let state = self.state.lock();
        Ok((first..end).map_while(|tile| state.tiles.get(&tile).copied()).collect())
    }

    fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let state = self.state.lock();
        Ok(state.requests.keys().filter_map(|id| next_note(&state.view_of_request(*id))).min())
    }

    fn remember(&self, seen: &Seen) -> Result<(), StoreError> {
        let head = &mut self.state.lock().head;
        if seen.clock == head.clock {
            head.seen = head.seen.max(seen.at);
        }
        Ok(())
    }

    fn lease_notices(&self, now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<Leased>, StoreError> {
        let mut state = self.state.lock();
        let head = state.head.revision;
        Ok(state.outbox.lease_notices((now, until), limit, head))
    }

    fn plan_notice(&self, id: u64, body: &str, new: &[NewDelivery], now: Timestamp) -> Result<bool, StoreError> {
        Ok(self.state.lock().outbox.plan(id, body, new, now))
    }

    fn lease_deliveries(
        &self,
        channel: &str,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<LeasedDelivery>, StoreError> {
        Ok(self.state.lock().outbox.lease_deliveries(channel, (now, until), limit))
    }

    fn settle_delivery(&self, id: DeliveryId, settled: &Settled, now: Timestamp) -> Result<(), StoreError> {
        self.state.lock().outbox.settle(id, settled, now);
        Ok(())
    }

    fn delivery(&self, id: DeliveryId) -> Result<Option<(Delivery, String)>, StoreError> {
        Ok(self.state.lock().outbox.delivery(id))
    }

    fn deliveries(&self, page: &DeliveryPage) -> Result<Vec<NumberedDelivery>, StoreError> {
        Ok(self.state.lock().outbox.page(page))
    }

    fn resend_delivery(&self, id: DeliveryId, now: Timestamp) -> Result<Option<Delivery>, StoreError> {
        Ok(self.state.lock().outbox.resend(id, now))
    }

    fn drop_delivery(&self, id: DeliveryId, now: Timestamp) -> Result<Option<Delivery>, StoreError> {
        Ok(self.state.lock().outbox.drop_one(id, now))
    }

    fn channel_counts(&self) -> Result<Vec<ChannelCount>, StoreError> {
        Ok(self.state.lock().outbox.counts())
    }

    fn secret(&self, name: &str, fresh: &Secret) -> Result<Secret, StoreError> {
        Ok(self.state.lock().secrets.entry(name.to_owned()).or_insert_with(|| fresh.clone()).clone())
    }

    fn secrets(&self) -> Result<Vec<(String, Secret)>, StoreError> {
        Ok(self.state.lock().secrets.iter().map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    fn add_refusals(&self, refused: &[Refused]) -> Result<(), StoreError> {
        self.state.lock().add_refusals(refused);
        Ok(())
    }

    fn refusals(&self, page: &RefusalPage) -> Result<Vec<NumberedRefusal>, StoreError> {
        let state = self.state.lock();
        let all = state.refusals.iter().rev().map(|(number, one)| (*number, one.clone()));
        Ok(all.filter(|one| page.wants(one)).take(page.limit).collect())
    }

    fn waiting_notices(&self, now: Timestamp) -> Result<u64, StoreError> {
        Ok(self.state.lock().outbox.waiting(now))
    }

    fn forget_old(&self, now: Timestamp) -> Result<usize, StoreError> {
        Ok(self.state.lock().forget_old(now))
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
