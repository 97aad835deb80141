//! What checks are answered from, and whether it is current.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use super::alarm::Alarm;
use super::conditions::{ConditionalGrants, is_conditional};
use super::durable::DurableUses;
use super::guardrail::Guard;
use super::offline::OfflineGrants;
use super::record::Recorder;
use super::refused::RefusedAttempts;
use crate::clock::SteadyTime;
use crate::index::{Change, GrantIndex, IndexedGrant};
use crate::model::{Event, Grant, GrantId, Principal, RawQuery, Revision, Timestamp};
use crate::projection::{News, Projection};
use crate::store::{Live, Store, StoreError};
use crate::workflow::{Rules, Use, View};

/// What keeps a [`CheckState`] current and writes what checks have to record: the engine.
pub(crate) trait KeepsCurrent: Debug + Send + Sync {
    /// Brings the state up to everything committed before this call, by any process.
    fn sync(&self) -> Result<Revision, StoreError>;

    /// What this person and their agents hold now, with what was reported of the person and of the holder. Grants that are
    /// withheld are left out.
    fn held_for(&self, person: &Principal, holder: &Principal, now: Timestamp) -> Result<View, StoreError>;

    /// Writes these uses. On an error they stay where they are.
    fn write_uses(&self, uses: &mut Vec<Event>) -> Result<(), StoreError>;

    /// Takes in what other processes of this machine have recorded since the store is away.
    fn look_offline(&self);

    /// Records a use of a grant that this machine alone knows of, if it allows one more.
    fn use_offline(&self, grant: GrantId, what: Use, at: Timestamp) -> Result<bool, StoreError>;

    /// Writes a use if the grant, as the store has it, allows one more. Numbered uses are exact across threads and processes.
    fn use_grant(&self, grant: GrantId, what: Use, at: Timestamp) -> Result<bool, StoreError>;
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
    /// The grants that this machine alone knows of.
    pub(crate) offline: OfflineGrants,
    /// The uses that wait to be written.
    pub(super) uses: Recorder,
    /// Who judges what a grant allows.
    pub(crate) guard: Guard,
    /// The refused attempts that wait to be written.
    pub(crate) refused: RefusedAttempts,
    pub(super) rules: Arc<Rules>,
    pub(super) store: Arc<dyn Store>,
    pub(super) time: Arc<SteadyTime>,
    max_staleness: Duration,
    /// Whether the state is known to be current.
    pub(super) currency: Alarm,
    /// Whether uses can be recorded.
    pub(super) recording: Alarm,
    /// Whether the store was found not to be what was written to it, and elevation is to stop for that.
    broken: AtomicBool,
    /// The instant at which the state was last known to hold everything committed.
    proven: AtomicI64,
    /// The revision of the store that the state has reached.
    reached: AtomicU64,
}

impl CheckState {
    /// An empty state that is not known to be current.
    pub(crate) fn new(
        store: Arc<dyn Store>,
        rules: Arc<Rules>,
        time: Arc<SteadyTime>,
        max_staleness: Duration,
        waiting_uses: usize,
        enhanced_audit: bool,
    ) -> Self {
        Self {
            index: GrantIndex::new(),
            conditional: ConditionalGrants::default(),
            durable: DurableUses::default(),
            offline: OfflineGrants::default(),
            guard: Guard::new(),
            uses: Recorder::new(waiting_uses, enhanced_audit),
            refused: RefusedAttempts::default(),
            rules,
            store,
            time,
            max_staleness,
            currency: Alarm::default(),
            recording: Alarm::default(),
            broken: AtomicBool::new(false),
            proven: AtomicI64::new(i64::MIN),
            reached: AtomicU64::new(0),
        }
    }

    /// What follows the journal, in the order in which it is fed: what an answer depends on besides the grant index comes
    /// before it, and the index last, because answers carry its revision.
    pub(crate) fn projections(&self) -> [&dyn Projection; 3] {
        [&self.durable, &self.conditional, &self.index]
    }

    /// How many checks under a grant were not honoured since the start: because the state was stale, and because the use could not
    /// be recorded.
    pub(crate) fn not_honoured(&self) -> (u64, u64) {
        (self.currency.total(), self.recording.total())
    }

    /// The state has reached this revision of the store.
    pub(crate) fn reach(&self, revision: Revision) {
        self.reached.store(revision.0, Ordering::Release);
    }

    /// Whether nothing was committed since, as far as can be seen without asking the store.
    pub(crate) fn is_still_current(&self) -> bool {
        self.store.is_still(Revision(self.reached.load(Ordering::Acquire)))
    }

    /// Whether this principal may hold a grant. False for nearly everybody, in nanoseconds.
    #[cfg_attr(not(feature = "cedar"), allow(dead_code, reason = "the decision point calls it"))]
    pub(crate) fn may_hold(&self, principal: &Principal) -> bool {
        let hash = self.index.hash(principal.kind(), principal.id().as_bytes());
        self.index.without_grant(hash).is_none() || !self.conditional.is_empty()
    }

    /// Has checks of those who hold nothing go the long way too, where they are asked twice.
    #[cfg_attr(not(feature = "cedar"), allow(dead_code, reason = "checks are asked twice of Cedar"))]
    pub(crate) fn look_closer(&self) {
        self.conditional.look_closer();
    }

    /// Whether a grant that is known covers this query now, whatever its conditions.
    #[cfg_attr(not(feature = "cedar"), allow(dead_code, reason = "checks are asked twice of Cedar"))]
    pub(crate) fn covers(&self, query: &RawQuery<'_>, now: Timestamp) -> bool {
        let hash = self.index.hash(query.principal_kind(), query.principal().as_bytes());
        self.index.decide_read(query, hash, || now).basis.grant.is_some() || self.conditional.covers(query, now)
    }

    /// Has checks find a grant that this machine alone knows of.
    pub(crate) fn show(&self, grant: &Grant) {
        self.durable.add(grant);
        GrantIndex::publish(&self.index, self.index.revision(), [Change::Add(grant)]);
    }

    /// Forgets what no check needs any more at `now`.
    pub(crate) fn forget(&self, now: Timestamp) {
        self.durable.forget(now);
    }

    /// Writes the uses that wait.
    pub(crate) fn flush_uses(&self, engine: &(impl KeepsCurrent + ?Sized)) -> Result<(), StoreError> {
        self.uses.flush(|uses| engine.write_uses(uses))
    }

    /// The state held everything that was committed before `at`.
    pub(crate) fn prove(&self, at: Timestamp) {
        self.proven.fetch_max(at.millis(), Ordering::AcqRel);
        if let Some(checks) = self.currency.works() {
            tracing::info!(checks, "the grants are known to be current again");
        }
    }

    /// The state may miss something that was committed: no grant is honoured before it is proven again.
    pub(crate) fn doubt(&self) {
        self.proven.store(i64::MIN, Ordering::Release);
    }

    /// Says whether grants may be honoured by what the store says.
    #[cfg_attr(not(feature = "sign"), allow(dead_code, reason = "what signs the journal calls it"))]
    pub(crate) fn trust(&self, trusted: bool) {
        self.broken.store(!trusted, Ordering::Release);
    }

    /// Whether no grant is honoured, because the store is not what was written to it.
    #[inline]
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// Whether the last proof that the state is current is recent enough to honour a grant at `now`. The engine's time never
    /// goes slower than the monotonic clock, so a proof is never older than it looks.
    #[inline]
    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        let bound = i64::try_from(self.max_staleness.as_millis()).unwrap_or(i64::MAX);
        now.millis().saturating_sub(self.proven.load(Ordering::Acquire)) <= bound
    }
}

/// The grants without conditions.
impl Projection for GrantIndex {
    fn load(&self, Live { plain, others, .. }: &Live, revision: Revision) {
        let unconditional = others.iter().filter(|grant| !is_conditional(grant)).filter_map(IndexedGrant::of);
        GrantIndex::load(self, revision, plain.iter().map(IndexedGrant::from).chain(unconditional));
    }

    fn apply(&self, news: &News<'_>) {
        let is_for_index = |change: &Change<'_>| match change {
            Change::Add(grant) => !is_conditional(grant),
            Change::Remove(_) => true,
        };
        self.publish(news.revision, news.changes().filter(is_for_index));
    }

    fn withhold(&self, grants: &[GrantId]) {
        self.publish(self.revision(), grants.iter().map(|grant| Change::Remove(*grant)));
    }
}
