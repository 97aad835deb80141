//! What lies between a process and the store: it can be cut, and it can lose the answer to a write.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use jit_access::internal::journal::Record;
use jit_access::model::*;
use jit_access::store::*;
use jit_access::workflow::{Needs, View};

pub(crate) struct Line {
    store: Arc<dyn Store>,
    is_cut: AtomicBool,
    /// The answers to so many of the next commits are lost.
    lose: AtomicU32,
}

impl Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}

fn silent<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable { doing: "asking over the network", source: "no answer".into() })
}

impl Line {
    pub(crate) fn to(store: Arc<dyn Store>) -> Self {
        Self { store, is_cut: AtomicBool::new(false), lose: AtomicU32::new(0) }
    }

    pub(crate) fn cut(&self, is_cut: bool) {
        self.is_cut.store(is_cut, Ordering::SeqCst);
    }

    pub(crate) fn lose(&self, answers: u32) {
        self.lose.store(answers, Ordering::SeqCst);
    }

    fn reach(&self) -> Result<(), StoreError> {
        if self.is_cut.load(Ordering::SeqCst) { silent() } else { Ok(()) }
    }

    fn written(&self, done: Result<Vec<Record>, StoreError>) -> Result<Vec<Record>, StoreError> {
        let wrote = done.as_ref().is_ok_and(|records| !records.is_empty());
        let is_lost = |left: u32| left.checked_sub(1).filter(|_| wrote);
        if self.lose.fetch_update(Ordering::SeqCst, Ordering::SeqCst, is_lost).is_ok() { silent() } else { done }
    }
}

macro_rules! carried {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $out:ty;)*) => {
        $(fn $name(&self $(, $argument: $type)*) -> Result<$out, StoreError> {
            self.reach()?;
            self.store.$name($($argument),*)
        })*
    };
}

impl Reads for Line {
    carried! {
        fn view(needs: &Needs, now: Timestamp) -> View;
        fn due(now: Timestamp, limit: usize) -> Vec<View>;
        fn done_under(caller: &Principal, key: &str) -> Option<Done>;
        fn records(query: &RecordQuery) -> (Head, Vec<Record>);
    }
}

impl Store for Line {
    fn commit(&self, batch: &Batch) -> Result<Vec<Record>, StoreError> {
        self.reach()?;
        self.written(self.store.commit(batch))
    }

    fn commit_exclusively(&self, decide: &mut DecideBatch<'_>) -> Result<Vec<Record>, StoreError> {
        self.reach()?;
        self.written(self.store.commit_exclusively(decide))
    }

    carried! {
        fn has_grown(since: &Position) -> bool;
        fn head() -> Head;
        fn requests(page: &Page<RequestStatus>) -> Vec<(Revision, ListedRequest)>;
        fn grants(page: &Page<GrantStatus>) -> Vec<(Revision, Grant)>;
        fn delegations(page: &Page<DelegationStatus>) -> Vec<(Revision, Delegation)>;
        fn live(now: Timestamp) -> Live;
        fn verify_with(wanted: &Verification, watch: &mut dyn Verifying) -> Verified;
        fn next_due() -> Option<Timestamp>;
        fn delivery(id: DeliveryId) -> Option<(Delivery, String)>;
        fn deliveries(page: &DeliveryPage) -> Vec<NumberedDelivery>;
        fn channel_counts() -> Vec<ChannelCount>;
        fn waiting_notices(now: Timestamp) -> u64;
        fn secrets() -> Vec<(String, Secret)>;
        fn lease_notices(now: Timestamp, until: Timestamp, limit: usize) -> Vec<Leased>;
        fn plan_notice(id: u64, body: &str, deliveries: &[NewDelivery], now: Timestamp) -> bool;
        fn lease_deliveries(channel: &str, now: Timestamp, until: Timestamp, limit: usize) -> Vec<LeasedDelivery>;
        fn settle_delivery(id: DeliveryId, settled: &Settled, now: Timestamp) -> ();
        fn resend_delivery(id: DeliveryId, now: Timestamp) -> Option<Delivery>;
        fn drop_delivery(id: DeliveryId, now: Timestamp) -> Option<Delivery>;
        fn forget_old(now: Timestamp) -> usize;
        fn secret(name: &str, fresh: &Secret) -> Secret;
        fn remembered() -> Option<Seen>;
        fn remember(seen: &Seen) -> ();
    }
}
