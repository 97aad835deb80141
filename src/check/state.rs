//! The state that answers checks, and whether it is current.

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

/// The port to the engine, which keeps a [`CheckState`] current and writes what checks record.
pub(crate) trait KeepsCurrent: Debug + Send + Sync {
    /// Updates the state with everything that any process committed before this call.
    fn sync(&self) -> Result<Revision, StoreError>;

    /// The grants of this person and of their agents now, with the reported standings of the person and of the holder.
    /// Withheld grants are left out.
    fn held_for(&self, person: &Principal, holder: &Principal, now: Timestamp) -> Result<View, StoreError>;

    /// Writes these uses. On an error they stay where they are.
    fn write_uses(&self, uses: &mut Vec<Event>) -> Result<(), StoreError>;

    /// Reads what other processes of this machine have recorded while the store is unavailable.
    fn look_offline(&self);

    /// Records a use of a grant that only this machine has, if it allows one more.
    fn use_offline(&self, grant: GrantId, what: Use, at: Timestamp) -> Result<bool, StoreError>;

    /// Writes a use if the grant, as it is in the store, allows one more. Numbered uses are exact across threads and
    /// processes.
    fn use_grant(&self, grant: GrantId, what: Use, at: Timestamp) -> Result<bool, StoreError>;
}

/// The state in memory that checks read. Each engine has one; all its [`super::Decider`]s share it.
#[derive(Debug)]
pub(crate) struct CheckState {
    /// The grants without conditions.
    pub(crate) index: GrantIndex,
    /// The grants with conditions.
    pub(super) conditional: ConditionalGrants,
    /// The grants whose uses are on disk before the answer is given.
    pub(super) durable: DurableUses,
    /// The grants that only this machine has.
    pub(crate) offline: OfflineGrants,
    /// The uses that wait to be written.
    pub(super) uses: Recorder,
    /// The guardrails.
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
    /// Whether the store differs from what was written to it, and grants must not be honoured because of that.
    broken: AtomicBool,
    /// The last instant at which the state was known to contain everything committed.
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

    /// The projections, in the order in which they are updated. The grant index is the last, because answers carry its
    /// revision.
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

    /// Whether a fast test, without a query, shows that nothing was committed since.
    pub(crate) fn is_still_current(&self) -> bool {
        self.store.is_still(Revision(self.reached.load(Ordering::Acquire)))
    }

    /// Whether this principal may hold a grant. `false` for nearly every principal, in nanoseconds.
    #[cfg_attr(not(feature = "cedar"), allow(dead_code, reason = "used only with Cedar"))]
    pub(crate) fn may_hold(&self, principal: &Principal) -> bool {
        let hash = self.index.hash(principal.kind(), principal.id().as_bytes());
        self.index.without_grant(hash).is_none() || !self.conditional.is_empty()
    }

    /// Makes checks of principals without grants take the complete path too, because Cedar also evaluates a share of
    /// them.
    #[cfg_attr(not(feature = "cedar"), allow(dead_code, reason = "used only with Cedar"))]
    pub(crate) fn look_closer(&self) {
        self.conditional.look_closer();
    }

    /// Whether a grant covers this query now, with or without conditions.
    #[cfg_attr(not(feature = "cedar"), allow(dead_code, reason = "used only with Cedar"))]
    pub(crate) fn covers(&self, query: &RawQuery<'_>, now: Timestamp) -> bool {
        let hash = self.index.hash(query.principal_kind(), query.principal().as_bytes());
        self.index.decide_read(query, hash, || now).basis.grant.is_some() || self.conditional.covers(query, now)
    }

    /// Makes a grant that only this machine has visible to checks.
    pub(crate) fn show(&self, grant: &Grant) {
        self.durable.add(grant);
        GrantIndex::publish(&self.index, self.index.revision(), [Change::Add(grant)]);
    }

    /// Removes what no check needs after `now`.
    pub(crate) fn forget(&self, now: Timestamp) {
        self.durable.forget(now);
    }

    /// Writes the uses that wait.
    pub(crate) fn flush_uses(&self, engine: &(impl KeepsCurrent + ?Sized)) -> Result<(), StoreError> {
        self.uses.flush(|uses| engine.write_uses(uses))
    }

    /// The state is known to contain everything that was committed before `at`.
    pub(crate) fn prove(&self, at: Timestamp) {
        self.proven.fetch_max(at.millis(), Ordering::AcqRel);
        if let Some(checks) = self.currency.works() {
            tracing::info!(checks, "the grants are known to be current again");
        }
    }

    /// The state may miss something that was committed: no grant is honoured until the next proof.
    pub(crate) fn doubt(&self) {
        self.proven.store(i64::MIN, Ordering::Release);
    }

    /// Sets whether grants may be honoured according to the store.
    #[cfg_attr(not(feature = "sign"), allow(dead_code, reason = "used only with signing"))]
    pub(crate) fn trust(&self, trusted: bool) {
        self.broken.store(!trusted, Ordering::Release);
    }

    /// Whether no grant is honoured, because the store differs from what was written to it.
    #[inline]
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// Whether the last proof that the state is current is recent enough to honour a grant at `now`. The engine's time
    /// is never slower than the monotonic clock, so a proof is never older than computed.
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
