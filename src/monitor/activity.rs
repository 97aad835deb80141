//! The current activity for live displays: how each live grant is used, and the kinds of recent facts.
//!
//! One fold for all callers: a question does not read the store.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use super::history::Recent;
use crate::journal::Record;
use crate::model::{
    AccessRequest, Delegation, DelegationEnd, DelegationId, Fact, Grant, GrantId, Principal, Refused, RequestId,
    Revision, Subject, Timestamp,
};

/// How many facts are kept for callers that come back.
const KEPT: usize = 4_096;
/// How many requests are kept beside those that a kept fact is about.
const REQUESTS: usize = 16_384;
/// Over how many minutes a rate is the mean.
const MINUTES: u32 = 10;

/// How a grant is used. It can be a second old.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Counts {
    /// The instant of the last use; `None` when unknown.
    pub last_use: Option<Timestamp>,
    /// Its uses a minute, over the last ten minutes.
    pub rate: f64,
    /// How many calls of its holder were refused since it began.
    pub refusals: u64,
}

/// The subject of a fact, for deciding who may see it.
#[derive(Debug, Clone)]
pub enum About {
    /// A request, as it was when it was first seen.
    Request(Arc<AccessRequest>),
    /// A grant, as it was when it was first seen.
    Grant(Arc<Grant>),
    /// A delegation.
    Delegation(Arc<Delegation>),
    /// For those who may read the journal.
    Record,
}

/// A recent fact.
#[derive(Debug, Clone)]
pub struct RecentEvent {
    /// Its record.
    pub revision: Revision,
    /// Its name.
    pub kind: &'static str,
    /// Its subject.
    pub about: About,
}

/// Calls that were refused under a grant since the last read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedCalls {
    /// The newest live grant of the caller.
    pub grant: GrantId,
    /// How many.
    pub count: u64,
    /// Why the last one was refused.
    pub code: String,
    /// The subject of the last one.
    pub about: String,
    /// When that was.
    pub at: Timestamp,
}

#[derive(Debug)]
struct Held {
    grant: Arc<Grant>,
    last_use: Option<Timestamp>,
    /// The record of the last use.
    last_record: Option<Revision>,
    recent: Recent<MINUTES>,
    refusals: u64,
}

/// The current activity. Takes in records in order.
///
/// ```
/// use jit_access::model::{GrantId, Revision};
/// use jit_access::internal::monitor::Activity;
///
/// let activity = Activity::default();
/// assert_eq!(activity.since(Revision::ZERO, |_| Ok::<_, ()>(true)), Ok(Vec::new()), "nothing was read");
/// assert!(activity.counts(GrantId::from_u128(1), "2026-12-01T09:00:00Z".parse()?).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Activity {
    reached: Revision,
    /// Everything after this is kept.
    floor: Revision,
    happened: VecDeque<RecentEvent>,
    /// The last use of each grant. Uses are many, so only the last one is returned.
    used: BTreeMap<Revision, GrantId>,
    grants: HashMap<GrantId, Held>,
    by_holder: HashMap<Principal, Vec<GrantId>>,
    /// Ended grants, which are kept as long as a fact about them is.
    over: VecDeque<(Revision, GrantId)>,
    requests: HashMap<RequestId, Arc<AccessRequest>>,
    delegations: HashMap<DelegationId, Arc<Delegation>>,
    /// How many were counted of each row of refused calls.
    rows: Option<HashMap<u64, u64>>,
    /// How many refused calls were counted of all grants.
    refusals: u64,
}

impl Activity {
    /// The last record that was taken in.
    #[must_use]
    pub const fn reached(&self) -> Revision {
        self.reached
    }

    /// Every fact after this record is kept.
    #[must_use]
    pub const fn floor(&self) -> Revision {
        self.floor
    }

    /// Skips the records up to this revision.
    pub fn skip_to(&mut self, revision: Revision) {
        if revision > self.reached {
            (self.reached, self.floor) = (revision, revision);
            self.happened.clear();
            self.used.clear();
        }
    }

    /// Adds a grant that was created before the records that are read.
    pub fn add_grant(&mut self, grant: Grant) {
        if self.grants.contains_key(&grant.id) {
            return;
        }
        self.by_holder.entry(grant.holder.clone()).or_default().push(grant.id);
        let id = grant.id;
        let grant = Arc::new(grant);
        self.grants
            .insert(id, Held { grant, last_use: None, last_record: None, recent: Recent::default(), refusals: 0 });
    }

    /// Adds a request that was created before the records that are read.
    pub fn add_request(&mut self, request: AccessRequest) {
        self.requests.entry(request.id).or_insert_with(|| Arc::new(request));
    }

    /// Adds a delegation that was created before the records that are read.
    pub fn add_delegation(&mut self, delegation: Delegation) {
        self.delegations.insert(delegation.id, Arc::new(delegation));
    }

    /// The grants and requests that these records are about and that are not known.
    #[must_use]
    pub fn unknown(&self, records: &[Record]) -> Vec<Subject> {
        let mut subjects: Vec<_> = records
            .iter()
            .filter(|record| record.revision > self.reached)
            .filter(|record| !matches!(record.event.fact, Fact::RequestSubmitted(_) | Fact::GrantCreated(_)))
            .map(|record| Subject::of(&record.event))
            .filter(|subject| match subject {
                Subject::Request(id) => !self.requests.contains_key(id),
                Subject::Grant(id) => !self.grants.contains_key(id),
                _ => false,
            })
            .collect();
        subjects.sort_unstable();
        subjects.dedup();
        subjects
    }

    /// Takes in the next record. A record that does not follow the last one is ignored.
    pub fn add(&mut self, record: &Record) {
        if record.revision != self.reached.next() {
            return;
        }
        self.reached = record.revision;
        let event = &record.event;
        match &event.fact {
            Fact::RequestSubmitted(request) => self.add_request(AccessRequest::clone(request)),
            Fact::GrantCreated(grant) => self.add_grant(Grant::clone(grant)),
            Fact::RolesDelegated(delegation) => self.add_delegation(Delegation::clone(delegation)),
            Fact::DelegationEnded { delegation } => {
                if let Some(known) = self.delegations.get_mut(delegation) {
                    Arc::make_mut(known).ended = Some(DelegationEnd { at: event.at, by: event.by.clone() });
                }
            }
            Fact::GrantUsed { grant, used_at, .. } => {
                return self.count(*grant, record.revision, used_at.unwrap_or(event.at));
            }
            Fact::GrantExpired { grant }
            | Fact::GrantRevoked { grant, .. }
            | Fact::GrantReleased { grant }
            | Fact::GrantExhausted { grant } => self.over.push_back((record.revision, *grant)),
            _ => {}
        }
        let kind = event.fact.name();
        let about = match (&event.fact, Subject::of(event)) {
            (Fact::AlertRaised(_) | Fact::AlertAcknowledged { .. } | Fact::AlertSilenced { .. }, _) => About::Record,
            (_, Subject::Request(id)) => self.requests.get(&id).cloned().map_or(About::Record, About::Request),
            (_, Subject::Grant(id)) => {
                self.grants.get(&id).map_or(About::Record, |held| About::Grant(Arc::clone(&held.grant)))
            }
            (_, Subject::Delegation(id)) => self.delegations.get(&id).cloned().map_or(About::Record, About::Delegation),
            (_, Subject::Principal(_) | Subject::Store) => About::Record,
        };
        self.happened.push_back(RecentEvent { revision: record.revision, kind, about });
        self.forget();
    }

    fn count(&mut self, id: GrantId, revision: Revision, at: Timestamp) {
        let Some(held) = self.grants.get_mut(&id) else { return };
        held.recent.add(at);
        held.last_use = held.last_use.max(Some(at));
        if let Some(before) = held.last_record.replace(revision) {
            self.used.remove(&before);
        }
        self.used.insert(revision, id);
    }

    fn forget(&mut self) {
        if self.happened.len() > KEPT
            && let Some(first) = self.happened.pop_front()
        {
            self.floor = first.revision;
        }
        while let Some((revision, id)) = self.over.front().copied()
            && (revision <= self.floor || self.over.len() > KEPT)
        {
            self.over.pop_front();
            if let Some(held) = self.grants.remove(&id) {
                held.last_record.and_then(|used| self.used.remove(&used));
                if let Some(ids) = self.by_holder.get_mut(&held.grant.holder) {
                    ids.retain(|one| *one != id);
                    if ids.is_empty() {
                        self.by_holder.remove(&held.grant.holder);
                    }
                }
            }
        }
        if self.requests.len() > REQUESTS {
            self.requests.retain(|_, request| Arc::strong_count(request) > 1);
        }
        if self.delegations.len() > KEPT {
            let now = self.happened.back().map(|last| last.revision);
            self.delegations.retain(|_, one| one.ended.is_none() && now.is_some());
        }
    }

    /// The facts after this revision that may be seen, oldest first: each change, and the last of the uses.
    ///
    /// # Errors
    /// Those of `may_know`.
    pub fn since<E>(
        &self,
        after: Revision,
        mut may_know: impl FnMut(&About) -> Result<bool, E>,
    ) -> Result<Vec<(Revision, &'static str)>, E> {
        let from = self.happened.partition_point(|one| one.revision <= after);
        let mut found = Vec::new();
        for one in self.happened.iter().skip(from) {
            if may_know(&one.about)? {
                found.push((one.revision, one.kind));
            }
        }
        for (revision, id) in self.used.range(after.next()..).rev() {
            let Some(held) = self.grants.get(id) else { continue };
            if may_know(&About::Grant(Arc::clone(&held.grant)))? {
                let at = found.partition_point(|(of, _)| of < revision);
                found.insert(at, (*revision, "grant_used"));
                break;
            }
        }
        Ok(found)
    }

    /// The delegations that are known.
    pub fn delegations(&self) -> impl Iterator<Item = &Delegation> {
        self.delegations.values().map(|one| &**one)
    }

    /// How this grant is used at `now`; `None` for an unknown grant.
    #[must_use]
    pub fn counts(&self, id: GrantId, now: Timestamp) -> Option<Counts> {
        let held = self.grants.get(&id)?;
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let rate = held.recent.until(now) as f64 / f64::from(MINUTES);
        Some(Counts { last_use: held.last_use, rate, refusals: held.refusals })
    }

    /// How many refused calls were counted of all grants together: it rises with each of theirs.
    #[must_use]
    pub const fn refusals(&self) -> u64 {
        self.refusals
    }

    /// Takes in the newest rows of refused calls; returns the new ones of grant holders.
    pub fn refused(&mut self, rows: &[(u64, Refused)]) -> Vec<RefusedCalls> {
        let known = self.rows.take();
        let mut found = Vec::new();
        for (number, row) in rows {
            let before = known.as_ref().and_then(|known| known.get(number)).copied();
            let new = row.count.saturating_sub(before.unwrap_or(0));
            if new == 0 {
                continue;
            }
            let theirs = self.by_holder.get(&row.principal).into_iter().flatten().copied();
            let mut newest = None;
            for id in theirs {
                let Some(held) = self.grants.get_mut(&id) else { continue };
                let is_live = held.grant.window.contains(row.last_at) && !self.over.iter().any(|(_, over)| *over == id);
                // For a row that existed before the first read, it is unknown how many of its calls came before the
                // grant.
                let counts = known.is_some() || row.first_at >= held.grant.window.start();
                if is_live && counts {
                    held.refusals += new;
                    self.refusals += new;
                    newest = newest.max(Some(id));
                }
            }
            found.extend(newest.map(|grant| RefusedCalls {
                grant,
                count: new,
                code: row.code.clone(),
                about: row.about.clone(),
                at: row.last_at,
            }));
        }
        self.rows = Some(rows.iter().map(|(number, row)| (*number, row.count)).collect());
        found
    }
}
