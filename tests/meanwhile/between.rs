//! A store that lies between an engine and another store: at one call something else happens, or there is no answer.

use std::fmt::{self, Debug};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jit_access::clock::{Clock as _, ManualClock};
use jit_access::internal::journal::{Hash, Record};
use jit_access::model::*;
use jit_access::store::*;
use jit_access::workflow::{Needs, View};

type Deed = Box<dyn FnOnce() + Send>;

/// What happens once, at the next call of this name.
struct Planned {
    call: &'static str,
    what: What,
}

enum What {
    Before(Deed),
    After(Deed),
    Fails,
}

pub(crate) struct Between {
    inner: Mutex<Arc<dyn Store>>,
    planned: Mutex<Vec<Planned>>,
    is_cut: AtomicBool,
    /// How far the clock of the server is ahead of this one, where it has one.
    wall: Mutex<Option<(Arc<ManualClock>, i64)>>,
}

impl Debug for Between {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Between")
    }
}

impl Between {
    pub(crate) fn over(inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            inner: Mutex::new(inner),
            planned: Mutex::default(),
            is_cut: AtomicBool::new(false),
            wall: Mutex::default(),
        })
    }

    /// Another store is in its place from now on.
    pub(crate) fn replace(&self, store: Arc<dyn Store>) {
        *self.inner.lock().unwrap() = store;
    }

    fn inner(&self) -> Arc<dyn Store> {
        Arc::clone(&self.inner.lock().unwrap())
    }

    /// This happens before the next call of this name; what is planned for one name happens call by call, in this order.
    pub(crate) fn before(&self, call: &'static str, deed: impl FnOnce() + Send + 'static) {
        self.plan(call, What::Before(Box::new(deed)));
    }

    /// This happens between the answer to the next call of this name and what is done with it.
    pub(crate) fn after(&self, call: &'static str, deed: impl FnOnce() + Send + 'static) {
        self.plan(call, What::After(Box::new(deed)));
    }

    /// The next call of this name gets no answer.
    pub(crate) fn fail(&self, call: &'static str) {
        self.plan(call, What::Fails);
    }

    /// The server has a clock that is so far ahead of what this one runs to.
    pub(crate) fn has_clock(&self, runs: &Arc<ManualClock>, ahead: i64) {
        *self.wall.lock().unwrap() = Some((Arc::clone(runs), ahead));
    }

    /// Whether no call gets an answer.
    pub(crate) fn cut(&self, is_cut: bool) {
        self.is_cut.store(is_cut, Ordering::SeqCst);
    }

    /// Whether everything that was planned has happened.
    pub(crate) fn is_done(&self) -> bool {
        self.planned.lock().unwrap().is_empty()
    }

    fn plan(&self, call: &'static str, what: What) {
        self.planned.lock().unwrap().push(Planned { call, what });
    }

    /// What happens at this call. The lock is not held meanwhile, because what happens may call this store too.
    fn at<T>(&self, call: &'static str, answer: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        if self.is_cut.load(Ordering::SeqCst) {
            return silent();
        }
        let planned = {
            let mut planned = self.planned.lock().unwrap();
            planned.iter().position(|one| one.call == call).map(|at| planned.remove(at).what)
        };
        match planned {
            None => answer(),
            Some(What::Before(deed)) => {
                deed();
                answer()
            }
            Some(What::After(deed)) => {
                let answer = answer();
                deed();
                answer
            }
            Some(What::Fails) => silent(),
        }
    }
}

fn silent<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable { doing: "asking over the network", source: "no answer".into() })
}

macro_rules! passed_on {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $out:ty;)*) => {
        $(fn $name(&self $(, $argument: $type)*) -> Result<$out, StoreError> {
            self.at(stringify!($name), || self.inner().$name($($argument),*))
        })*
    };
}

impl Reads for Between {
    passed_on! {
        fn view(needs: &Needs, now: Timestamp) -> View;
        fn due(now: Timestamp, limit: usize) -> Vec<View>;
        fn done_under(caller: &Principal, key: &str) -> Option<Done>;
        fn records(query: &RecordQuery) -> (Head, Vec<Record>);
    }
}

impl Store for Between {
    fn is_still(&self, revision: Revision) -> bool {
        self.inner().is_still(revision)
    }

    fn wall(&self) -> Result<Option<Timestamp>, StoreError> {
        self.at("wall", || {
            let wall = self.wall.lock().unwrap().clone();
            Ok(wall.and_then(|(runs, ahead)| Timestamp::from_millis(runs.wall() + ahead).ok()))
        })
    }

    fn before_fork(&self) {
        self.inner().before_fork();
    }

    fn after_fork_in_parent(&self) {
        self.inner().after_fork_in_parent();
    }

    passed_on! {
        fn head() -> Head;
        fn has_grown(since: &Position) -> bool;
        fn hear(limit: Duration) -> Option<bool>;
        fn commit(batch: &Batch) -> Vec<Record>;
        fn commit_exclusively(decide: &mut DecideBatch<'_>) -> Vec<Record>;
        fn requests(page: &Page<RequestStatus>) -> Vec<(Revision, ListedRequest)>;
        fn grants(page: &Page<GrantStatus>) -> Vec<(Revision, Grant)>;
        fn delegations(page: &Page<DelegationStatus>) -> Vec<(Revision, Delegation)>;
        fn live(now: Timestamp) -> Live;
        fn verify_with(wanted: &Verification, watch: &mut dyn Verifying) -> Verified;
        fn next_due() -> Option<Timestamp>;
        fn lease_notices(now: Timestamp, until: Timestamp, limit: usize) -> Vec<Leased>;
        fn plan_notice(id: u64, body: &str, deliveries: &[NewDelivery], now: Timestamp) -> bool;
        fn lease_deliveries(channel: &str, now: Timestamp, until: Timestamp, limit: usize) -> Vec<LeasedDelivery>;
        fn settle_delivery(id: DeliveryId, settled: &Settled, now: Timestamp) -> ();
        fn delivery(id: DeliveryId) -> Option<(Delivery, String)>;
        fn deliveries(page: &DeliveryPage) -> Vec<NumberedDelivery>;
        fn resend_delivery(id: DeliveryId, now: Timestamp) -> Option<Delivery>;
        fn drop_delivery(id: DeliveryId, now: Timestamp) -> Option<Delivery>;
        fn channel_counts() -> Vec<ChannelCount>;
        fn waiting_notices(now: Timestamp) -> u64;
        fn add_refusals(refused: &[Refused]) -> ();
        fn refusals(page: &RefusalPage) -> Vec<NumberedRefusal>;
        fn news(query: &RecordQuery, page: &RefusalPage) -> (Head, Vec<Record>, Vec<NumberedRefusal>);
        fn forget_old(now: Timestamp) -> usize;
        fn secret(name: &str, fresh: &Secret) -> Secret;
        fn secrets() -> Vec<(String, Secret)>;
        fn remembered() -> Option<Seen>;
        fn remember(seen: &Seen) -> ();
        fn add_counts(counts: &[u64]) -> Option<Vec<u64>>;
        fn last_checkpoint_up_to(record: Revision) -> Option<KeptCheckpoint>;
        fn checkpoint_covering(record: Revision) -> Option<KeptCheckpoint>;
        fn keep_checkpoint(new: &KeptCheckpoint, tiles: &[(u64, Hash)]) -> ();
        fn tiles(first: u64, end: u64) -> Vec<Hash>;
        fn bodies(after: Revision, last: Revision) -> Vec<String>;
        fn removable(limits: &RemovalLimits) -> Option<Removable>;
    }
}
