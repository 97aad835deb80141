//! A store that takes its time to answer, and counts how often it is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use jit_access::clock::ManualClock;
use jit_access::internal::journal::{Hash, Record};
use jit_access::model::*;
use jit_access::store::*;
use jit_access::workflow::{Needs, View};

/// Another store, each of whose answers about its last record takes so long.
#[derive(Debug)]
pub(crate) struct Slow {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) millis: AtomicI64,
    /// How often it was asked for anything.
    pub(crate) asked: AtomicU64,
}

impl Slow {
    pub(crate) fn over(inner: Arc<dyn Store>, clock: &Arc<ManualClock>) -> Arc<Self> {
        Arc::new(Self { inner, clock: clock.clone(), millis: AtomicI64::new(0), asked: AtomicU64::new(0) })
    }
}

macro_rules! passed_on {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)+) => {
        $(fn $name(&self, $($argument: $type),*) -> $answer {
            self.asked.fetch_add(1, Ordering::Relaxed);
            self.inner.$name($($argument),*)
        })+
    };
}

impl Reads for Slow {
    passed_on! {
        view(needs: &Needs, now: Timestamp) -> Result<View, StoreError>;
        due(now: Timestamp, limit: usize) -> Result<Vec<View>, StoreError>;
        done_under(caller: &Principal, key: &str) -> Result<Option<Done>, StoreError>;
        records(query: &RecordQuery) -> Result<(Head, Vec<Record>), StoreError>;
    }
}

impl Store for Slow {
    fn head(&self) -> Result<Head, StoreError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.clock.advance(self.millis.load(Ordering::Relaxed));
        self.inner.head()
    }

    fn before_fork(&self) {
        self.inner.before_fork();
    }

    fn after_fork_in_parent(&self) {
        self.inner.after_fork_in_parent();
    }

    passed_on! {
        has_grown(since: &Position) -> Result<bool, StoreError>;
        wall() -> Result<Option<Timestamp>, StoreError>;
        is_still(revision: Revision) -> bool;
        commit(batch: &Batch) -> Result<Vec<Record>, StoreError>;
        commit_exclusively(decide: &mut DecideBatch<'_>) -> Result<Vec<Record>, StoreError>;
        requests(page: &Page<RequestStatus>) -> Result<Vec<(Revision, ListedRequest)>, StoreError>;
        grants(page: &Page<GrantStatus>) -> Result<Vec<(Revision, Grant)>, StoreError>;
        delegations(page: &Page<DelegationStatus>) -> Result<Vec<(Revision, Delegation)>, StoreError>;
        live(now: Timestamp) -> Result<Live, StoreError>;
        verify_with(wanted: &Verification, watch: &mut dyn Verifying) -> Result<Verified, StoreError>;
        next_due() -> Result<Option<Timestamp>, StoreError>;
        lease_notices(now: Timestamp, until: Timestamp, limit: usize) -> Result<Vec<Leased>, StoreError>;
        plan_notice(id: u64, body: &str, deliveries: &[NewDelivery], now: Timestamp) -> Result<bool, StoreError>;
        lease_deliveries(channel: &str, now: Timestamp, until: Timestamp, limit: usize)
            -> Result<Vec<LeasedDelivery>, StoreError>;
        settle_delivery(id: DeliveryId, settled: &Settled, now: Timestamp) -> Result<(), StoreError>;
        delivery(id: DeliveryId) -> Result<Option<(Delivery, String)>, StoreError>;
        deliveries(page: &DeliveryPage) -> Result<Vec<NumberedDelivery>, StoreError>;
        resend_delivery(id: DeliveryId, now: Timestamp) -> Result<Option<Delivery>, StoreError>;
        drop_delivery(id: DeliveryId, now: Timestamp) -> Result<Option<Delivery>, StoreError>;
        channel_counts() -> Result<Vec<ChannelCount>, StoreError>;
        waiting_notices(now: Timestamp) -> Result<u64, StoreError>;
        add_refusals(refused: &[Refused]) -> Result<(), StoreError>;
        refusals(page: &RefusalPage) -> Result<Vec<NumberedRefusal>, StoreError>;
        news(query: &RecordQuery, page: &RefusalPage)
            -> Result<(Head, Vec<Record>, Vec<NumberedRefusal>), StoreError>;
        add_counts(counts: &[u64]) -> Result<Option<Vec<u64>>, StoreError>;
        forget_old(now: Timestamp) -> Result<usize, StoreError>;
        secret(name: &str, fresh: &Secret) -> Result<Secret, StoreError>;
        secrets() -> Result<Vec<(String, Secret)>, StoreError>;
        remembered() -> Result<Option<Seen>, StoreError>;
        remember(seen: &Seen) -> Result<(), StoreError>;
        last_checkpoint_up_to(record: Revision) -> Result<Option<KeptCheckpoint>, StoreError>;
        checkpoint_covering(record: Revision) -> Result<Option<KeptCheckpoint>, StoreError>;
        keep_checkpoint(new: &KeptCheckpoint, tiles: &[(u64, Hash)]) -> Result<(), StoreError>;
        tiles(first: u64, end: u64) -> Result<Vec<Hash>, StoreError>;
        bodies(after: Revision, last: Revision) -> Result<Vec<String>, StoreError>;
        removable(limits: &RemovalLimits) -> Result<Option<Removable>, StoreError>;
    }
}
