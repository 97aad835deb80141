//! How the projections follow the store: one loop feeds all of them.

use std::collections::BTreeMap;

use super::following::Following;
use super::shared::Shared;
use crate::journal::Record;
use crate::model::{Fact, Grant, GrantId, Revision, Timestamp};
use crate::projection::News;
use crate::store::{Position, RecordQuery, Seen, StoreError};

/// How many records are read at a time.
const CHUNK: usize = 1_000;
/// How much later it must be for the time to be kept again while nothing else happens.
const REMEMBER_EVERY_MS: i64 = 1_000;

impl Shared {
    /// Loads the live grants for the first time. If this store is not the one that this machine saw last, no grant is
    /// honoured until an operator accepts the store.
    pub(super) fn start_following(&self) -> Result<(), StoreError> {
        let asked = self.time.now();
        let remembered = self.store.remembered()?;
        let mut following = self.following.lock();
        self.load(&mut following, asked)?;
        let Some(seen) = remembered else { return Ok(()) };
        let Err(error) = self.store.has_grown(&seen.position) else { return Ok(()) };
        (following.position, following.proven, following.accepted) = (seen.position, seen.at, None);
        match self.recover(&mut following, asked, error) {
            Err(StoreError::Replaced(_)) => Ok(()),
            other => other,
        }
    }

    /// Saves for the next start how far the store was followed, and the time if it is known. A failure here only loses
    /// this protection.
    pub(super) fn remember(&self) {
        let now = self.time.now();
        let is_known = self.time.trouble().is_none();
        let seen = {
            let mut following = self.following.lock();
            let at = if is_known { now } else { following.proven };
            let seen = Seen { position: following.position, at, clock: following.clock };
            let is_new = |kept: Seen| {
                let is_later = at.millis().saturating_sub(kept.at.millis()) >= REMEMBER_EVERY_MS;
                kept.position != seen.position || kept.clock != seen.clock || is_later
            };
            if following.replaced || !following.remembered.is_none_or(is_new) {
                return;
            }
            following.remembered = Some(seen);
            seen
        };
        let kept = self.store.remember(&seen);
        let failed_before = std::mem::replace(&mut self.following.lock().forgetful, kept.is_err());
        match kept {
            Err(error) if !failed_before => {
                tracing::warn!(%error, "what was seen of the store and of the time cannot be kept")
            }
            Ok(()) if failed_before => tracing::info!("what was seen of the store and of the time can be kept again"),
            _ => {}
        }
    }

    /// Brings the projections up to everything committed before this call, by any process; answers the revision.
    pub(super) fn sync(&self) -> Result<Revision, StoreError> {
        // Read before the store is queried: this proof does not cover what is committed in between.
        let asked = self.time.now();
        let known = self.following.lock().position;
        match self.store.has_grown(&known) {
            Ok(false) => self.prove(&mut self.following.lock(), known, asked),
            Ok(true) => {
                let mut following = self.following.lock();
                let caught_up = self.catch_up(&mut following);
                self.notifier.notify();
                match caught_up {
                    Ok(()) => {
                        let reached = following.position;
                        self.prove(&mut following, reached, asked);
                    }
                    Err(error) => self.recover(&mut following, asked, error)?,
                }
            }
            Err(error) => self.recover(&mut self.following.lock(), asked, error)?,
        }
        Ok(self.checks.index.revision())
    }

    /// Takes in the records that this process has just committed. Once this has returned, every check sees them.
    pub(super) fn publish(&self, records: &[Record]) {
        let Some((first, last)) = records.first().zip(records.last()) else { return };
        let mut following = self.following.lock();
        let continues =
            following.position.revision.next() == first.revision && following.position.hash == first.previous;
        let resumed = if continues { self.resumed(records) } else { Ok(BTreeMap::new()) };
        let taken_in = match resumed {
            Ok(_) if continues && clock_accepted(records).is_some() => self.keep_time(&mut following, records),
            Ok(resumed) if continues => {
                self.feed(&mut following, (last.revision, last.hash), records, &resumed);
                Ok(())
            }
            // Another thread has taken them in already.
            Ok(_) if following.position.revision >= last.revision && !following.replaced => Ok(()),
            Ok(_) => self.catch_up(&mut following),
            Err(error) => Err(error),
        };
        let asked = self.time.now();
        let taken_in = taken_in.or_else(|error| self.recover(&mut following, asked, error));
        // The grants that the records end are removed at once, even though the records were not taken in.
        if let Err(error) = taken_in {
            self.stop(&records.iter().filter_map(|record| ended_by(&record.event.fact)).collect::<Vec<_>>());
            self.checks.doubt();
            tracing::warn!(%error, "a commit stands, but what came before it cannot be read; no grant is honoured until it can");
        }
        self.notifier.notify();
    }

    /// Checks that start after this call do not honour these grants, until a record says what became of them.
    pub(super) fn withhold(&self, grants: &[GrantId]) {
        let mut following = self.following.lock();
        following.withheld.extend(grants);
        self.stop(grants);
    }

    /// Raises the revision of answers although no record was written, so that hosts drop cached answers.
    pub(super) fn announce(&self) {
        let mut following = self.following.lock();
        following.lead = following.lead.saturating_add(1);
        let Position { revision, hash, .. } = following.position;
        self.feed(&mut following, (revision, hash), &[], &BTreeMap::new());
        self.notifier.notify();
    }

    /// Ends [`Shared::withhold`] for those of these grants that no record has ended: the live ones are read again.
    pub(super) fn honour_again(&self, grants: &[GrantId]) -> Result<(), StoreError> {
        let mut following = self.following.lock();
        let mut still_withheld = false;
        for grant in grants {
            still_withheld |= following.withheld.remove(grant);
        }
        if !still_withheld || following.replaced {
            return Ok(());
        }
        let asked = self.time.now();
        self.load(&mut following, asked)
    }

    /// Reads everything that is live.
    fn load(&self, following: &mut Following, asked: Timestamp) -> Result<(), StoreError> {
        let mut live = self.store.live(asked)?;
        live.plain.retain(|grant| !following.withheld.contains(&grant.id));
        live.others.retain(|grant| !following.withheld.contains(&grant.id));
        let now = self.checks.index.revision();
        if following.revision(live.head.revision) < now {
            following.lead = now.next().0.saturating_sub(live.head.revision.0);
        }
        let revision = following.revision(live.head.revision);
        for projection in self.projections() {
            projection.load(&live, revision);
        }
        if let Some(offline) = &self.offline {
            offline.last_known.lock().load(&*self.store, &live, asked)?;
            offline.shown().iter().for_each(|grant| self.checks.show(grant));
        }
        following.accepted = live.head.accepted;
        following.clock = live.head.clock;
        self.time.not_before(live.head.at);
        self.reach(following, live.head.position());
        let reached = following.position;
        self.prove(following, reached, asked);
        Ok(())
    }

    /// Takes in all records up to the store's head.
    fn catch_up(&self, following: &mut Following) -> Result<(), StoreError> {
        loop {
            let known = following.position;
            let query = RecordQuery { continues: Some(known), ..RecordQuery::changes_after(known.revision, CHUNK) };
            let (head, records) = self.store.records(&query)?;
            if clock_accepted(&records).is_some() {
                return self.keep_time(following, &records);
            }
            let complete = records.len() < CHUNK;
            let reached = match records.last() {
                Some(last) if !complete => (last.revision, last.hash),
                _ => (head.revision, head.hash),
            };
            let resumed = self.resumed(&records)?;
            self.feed(following, reached, &records, &resumed);
            if complete {
                following.accepted = head.accepted;
                return Ok(());
            }
        }
    }

    /// Applies the last of these records in which an operator confirmed the clock, and reads the grants that are live
    /// at that time.
    fn keep_time(&self, following: &mut Following, records: &[Record]) -> Result<(), StoreError> {
        let head = self.store.head()?;
        // Nothing that was proven at an instant that may be years ahead counts.
        self.checks.doubt();
        if following.clock != head.clock
            && let Some(at) = clock_accepted(records)
        {
            self.time.accept(at);
            following.proven = at;
            tracing::warn!(%at, "an operator has confirmed the clock; time continues from there");
        }
        let now = self.time.now();
        self.load(following, now)
    }

    /// The one loop: every projection takes in the records, in the order of [`Shared::projections`].
    fn feed(
        &self,
        following: &mut Following,
        (reached, hash): (Revision, crate::journal::Hash),
        records: &[Record],
        resumed: &BTreeMap<GrantId, Grant>,
    ) {
        if let Some(last) = records.last() {
            self.time.not_before(last.event.at);
        }
        for grant in records.iter().filter_map(|record| ended_by(&record.event.fact)) {
            following.withheld.remove(&grant);
        }
        let news = News { revision: following.revision(reached), records, resumed, withheld: &following.withheld };
        for projection in self.projections() {
            projection.apply(&news);
        }
        if let Some(offline) = &self.offline {
            offline.last_known.lock().apply(records, self.time.now());
        }
        self.sessions.lock().follow(following.position.revision, reached, records);
        let lineage = following.position.lineage;
        self.reach(following, Position { lineage, revision: reached, hash });
    }

    fn reach(&self, following: &mut Following, position: Position) {
        following.position = position;
        self.checks.reach(position.revision);
    }

    fn prove(&self, following: &mut Following, position: Position, asked: Timestamp) {
        // An operator may have set an earlier time meanwhile.
        let asked = asked.min(self.time.now());
        // Another thread may have found out meanwhile that the store was replaced.
        if following.position.lineage == position.lineage && following.position.revision >= position.revision {
            following.proven = following.proven.max(asked);
            following.replaced = false;
            self.checks.prove(asked);
        }
    }

    /// Handles a store that cannot be followed. A replaced store is followed again once an operator has accepted it,
    /// after the last instant at which the old store was seen.
    fn recover(&self, following: &mut Following, asked: Timestamp, error: StoreError) -> Result<(), StoreError> {
        let StoreError::Replaced(why) = &error else { return Err(error) };
        self.checks.doubt();
        let accepted = self.store.head()?.accepted;
        let is_new = accepted != following.accepted && accepted.is_some_and(|(_, at)| at >= following.proven);
        if is_new {
            self.load(following, asked)?;
            self.notifier.notify();
            tracing::warn!(%why, "the store was replaced, and an operator has accepted it; grants are honoured again");
            return Ok(());
        }
        if !following.replaced {
            following.replaced = true;
            self.notifier.notify();
            tracing::error!(%why, "the store was replaced; no grant is honoured until an operator accepts it");
        }
        Err(error)
    }

    fn stop(&self, grants: &[GrantId]) {
        for projection in self.projections() {
            projection.withhold(grants);
        }
    }

    /// The grants that these records resume, in their current state. Later changes come in later records, or are in the
    /// grant already; then it allows nothing.
    fn resumed(&self, records: &[Record]) -> Result<BTreeMap<GrantId, Grant>, StoreError> {
        let ids = records.iter().filter_map(|record| match &record.event.fact {
            Fact::GrantResumed { grant } => Some(*grant),
            _ => None,
        });
        ids.filter_map(|id| Some((id, self.store.grant(id).map(|view| view.grant).transpose()?)))
            .map(|(id, grant)| Ok((id, grant?)))
            .collect()
    }
}

/// The instant of the last of these records that confirms the clock.
fn clock_accepted(records: &[Record]) -> Option<Timestamp> {
    let mut last = records.iter().rev();
    last.find(|record| matches!(record.event.fact, Fact::ClockAccepted { .. })).map(|record| record.event.at)
}

/// The grant that ceases to be honoured by this fact.
pub(super) const fn ended_by(fact: &Fact) -> Option<GrantId> {
    match fact {
        Fact::GrantRevoked { grant, .. }
        | Fact::GrantReleased { grant }
        | Fact::GrantExpired { grant }
        | Fact::GrantExhausted { grant }
        | Fact::GrantSuspended { grant, .. } => Some(*grant),
        _ => None,
    }
}
