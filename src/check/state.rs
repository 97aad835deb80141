//! What checks are answered from, and whether it is current.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::conditions::{ConditionalGrants, is_conditional};
use super::durable::DurableUses;
use super::record::Recorder;
use crate::clock::SteadyTime;
use crate::index::{Change, GrantIndex, IndexedGrant};
use crate::journal::Record;
use crate::model::{Grant, Revision, Timestamp};
use crate::store::{Live, Store, StoreError};
use crate::workflow::Rules;

/// What keeps a [`CheckState`] current: the engine.
pub(crate) trait KeepsCurrent: Debug + Send + Sync {
    /// Brings the state up to everything committed before this call, by any process.
    fn sync(&self) -> Result<Revision, StoreError>;

    /// Takes these records, which this process has just committed, into the state.
    fn publish(&self, records: &[Record]);
}

/// The memory that checks read. One for each engine; every [`super::Decider`] shares it.
#[derive(Debug)]
pub(crate) struct CheckState {
    /// The grants without conditions.
    pub(crate) index: GrantIndex,
    /// The grants with conditions.
    pub(super) conditional: ConditionalGrants,
    /// The grants whose uses are on disk before the answer is given.
    pub(super) durable: DurableUses,
    /// The uses that wait to be written.
    pub(super) uses: Recorder,
    pub(super) rules: Arc<Rules>,
    pub(super) store: Arc<dyn Store>,
    pub(super) time: Arc<SteadyTime>,
    max_staleness: Duration,
    /// The instant at which the state was last known to hold everything committed.
    proven: AtomicI64,
}

impl CheckState {
    /// An empty state that is not known to be current.
    pub(crate) fn new(
        store: Arc<dyn Store>,
        rules: Arc<Rules>,
        time: Arc<SteadyTime>,
        max_staleness: Duration,
        waiting_uses: usize,
    ) -> Self {
        Self {
            index: GrantIndex::new(),
            conditional: ConditionalGrants::default(),
            durable: DurableUses::default(),
            uses: Recorder::new(waiting_uses),
            rules,
            store,
            time,
            max_staleness,
            proven: AtomicI64::new(i64::MIN),
        }
    }

    /// Replaces all grants by these.
    pub(crate) fn load(&self, Live { revision, plain, others }: &Live) {
        others.iter().for_each(|grant| self.durable.add(grant));
        self.conditional.replace(*revision, others.iter());
        let unconditional = others.iter().filter(|grant| !is_conditional(grant)).filter_map(IndexedGrant::of);
        self.index.load(*revision, plain.iter().map(IndexedGrant::from).chain(unconditional));
    }

    /// Prepares for a grant that [`CheckState::apply`] is about to add.
    pub(crate) fn expect(&self, grant: &Grant) {
        self.durable.add(grant);
    }

    /// Applies these changes and brings the state to the revision. The grant index comes last: answers carry its revision.
    pub(crate) fn apply<'a>(&self, revision: Revision, changes: impl Iterator<Item = Change<'a>> + Clone) {
        self.conditional.publish(revision, changes.clone());
        let is_for_index = |change: &Change<'_>| match change {
            Change::Add(grant) => !is_conditional(grant),
            Change::Remove(_) => true,
        };
        self.index.publish(revision, changes.filter(is_for_index));
    }

    /// Forgets what no check needs any more at `now`.
    pub(crate) fn forget(&self, now: Timestamp) {
        self.durable.forget(now);
    }

    /// Writes the uses that wait.
    pub(crate) fn flush_uses(&self) -> Result<(), StoreError> {
        self.uses.flush(&*self.store)
    }

    /// The state held everything that was committed before `at`.
    pub(crate) fn prove(&self, at: Timestamp) {
        self.proven.fetch_max(at.millis(), Ordering::AcqRel);
    }

    /// The state may miss something that was committed: no grant is honoured before it is proven again.
    pub(crate) fn doubt(&self) {
        self.proven.store(i64::MIN, Ordering::Release);
    }

    /// Whether the last proof that the state is current is recent enough to honour a grant at `now`. The engine's time never
    /// goes slower than the monotonic clock, so a proof is never older than it looks.
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        let bound = i64::try_from(self.max_staleness.as_millis()).unwrap_or(i64::MAX);
        now.millis().saturating_sub(self.proven.load(Ordering::Acquire)) <= bound
    }
}
