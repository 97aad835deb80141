//! What lies between a replica and the journal, and how it fails.

use std::fmt::{self, Debug};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use fastrand::Rng;
use jit_access::internal::journal::Record;
use jit_access::model::*;
use jit_access::store::*;
use jit_access::workflow::{Needs, View};

/// What lies between a replica and the journal.
#[derive(Default)]
pub(crate) struct Network {
    pub(crate) is_cut: bool,
    /// The disk of the journal takes nothing more from here.
    pub(crate) is_full: bool,
    /// Of a hundred questions, how many are refused, and of how many writes the answer is lost.
    pub(crate) refused: u32,
    pub(crate) lost: u32,
    /// The fault that is to be found: the replica takes silence for an answer.
    pub(crate) takes_silence_for_an_answer: bool,
}

pub(crate) struct Line {
    pub(crate) journal: Arc<MemoryStore>,
    pub(crate) network: Mutex<Network>,
    pub(crate) dice: Mutex<Rng>,
    pub(crate) now: Arc<AtomicI64>,
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
    fn reach(&self) -> Result<(), StoreError> {
        let network = self.network.lock().unwrap();
        if network.is_cut || self.dice.lock().unwrap().u32(..100) < network.refused { silent() } else { Ok(()) }
    }

    /// As it is for what writes.
    fn reach_disk(&self) -> Result<(), StoreError> {
        self.reach()?;
        match self.network.lock().unwrap().is_full {
            true => Err(StoreError::Unavailable { doing: "writing", source: "no space left on device".into() }),
            false => Ok(()),
        }
    }

    /// What was carried out, unless the answer is lost.
    fn answer<T>(&self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        let lost = self.network.lock().unwrap().lost;
        if self.dice.lock().unwrap().u32(..100) < lost { silent() } else { done }
    }
}

macro_rules! carried {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $out:ty;)*) => {
        $(fn $name(&self $(, $argument: $type)*) -> Result<$out, StoreError> {
            self.reach()?;
            self.journal.$name($($argument),*)
        })*
    };
}

macro_rules! written {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $out:ty;)*) => {
        $(fn $name(&self $(, $argument: $type)*) -> Result<$out, StoreError> {
            self.reach_disk()?;
            let done = self.journal.$name($($argument),*);
            self.answer(done)
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
    fn has_grown(&self, since: &Position) -> Result<bool, StoreError> {
        match self.reach() {
            Err(_) if self.network.lock().unwrap().takes_silence_for_an_answer => Ok(false),
            Err(error) => Err(error),
            Ok(()) => self.journal.has_grown(since),
        }
    }

    fn wall(&self) -> Result<Option<Timestamp>, StoreError> {
        self.reach()?;
        Ok(Timestamp::from_millis(self.now.load(Ordering::Relaxed)).ok())
    }

    carried! {
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
    }
    written! {
        fn commit(batch: &Batch) -> Vec<Record>;
        fn commit_exclusively(decide: &mut DecideBatch<'_>) -> Vec<Record>;
        fn lease_notices(now: Timestamp, until: Timestamp, limit: usize) -> Vec<Leased>;
        fn plan_notice(id: u64, body: &str, deliveries: &[NewDelivery], now: Timestamp) -> bool;
        fn lease_deliveries(channel: &str, now: Timestamp, until: Timestamp, limit: usize) -> Vec<LeasedDelivery>;
        fn settle_delivery(id: DeliveryId, settled: &Settled, now: Timestamp) -> ();
        fn resend_delivery(id: DeliveryId, now: Timestamp) -> Option<Delivery>;
        fn drop_delivery(id: DeliveryId, now: Timestamp) -> Option<Delivery>;
        fn forget_old(now: Timestamp) -> usize;
        fn secret(name: &str, fresh: &Secret) -> Secret;
        fn remember(seen: &Seen) -> ();
    }
}
