//! What the work of delivery does with channels that fail, hang or come back, with very many notices, and with kills.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver as Taken, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jit_access::internal::deliver::{Deliverer, DeliveryChannel, Outbox, RetryPolicy};
use jit_access::model::{Delivery, DeliveryId, DeliveryState, Recipient, Timestamp};
use jit_access::notify::{Channel, NoticeKind, Outgoing, Reach, SendError, Sent};
use jit_access::store::{
    Batch, DeliveryPage, LeasedDelivery, MemoryStore, Message, NewDelivery, Settled, SqliteOptions, SqliteStore, Store,
    StoreError,
};

use crate::notices::{SECRET, plain, webhook};
use crate::receiver::{Receiver, is_here};

/// An outbox in which every notice goes to the same channels.
#[derive(Debug)]
struct ToAll {
    store: Arc<dyn Store>,
    channels: Vec<&'static str>,
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap()).unwrap()
}

fn later(seconds: i64) -> Timestamp {
    Timestamp::from_millis(now().millis() + seconds * 1_000).unwrap()
}

impl Outbox for ToAll {
    fn now(&self) -> Timestamp {
        now()
    }

    fn plan(&self) -> Result<(), StoreError> {
        loop {
            let leased = self.store.lease_notices(now(), later(2), 100)?;
            for notice in &leased {
                let deliveries: Vec<_> = self
                    .channels
                    .iter()
                    .enumerate()
                    .map(|(at, channel)| NewDelivery {
                        id: DeliveryId::from_u128(u128::from(notice.id) << 8 | at as u128),
                        channel: (*channel).to_owned(),
                        recipient: Recipient::default(),
                        digest: false,
                        thread: None,
                        next_at: now(),
                        failed: None,
                    })
                    .collect();
                self.store.plan_notice(notice.id, &notice.message.body, &deliveries, now())?;
            }
            if leased.is_empty() {
                return Ok(());
            }
        }
    }

    fn lease(&self, channel: &str, until: Timestamp, limit: usize) -> Result<Vec<LeasedDelivery>, StoreError> {
        self.store.lease_deliveries(channel, now(), until, limit)
    }

    fn settle(&self, id: DeliveryId, settled: &Settled) -> Result<(), StoreError> {
        self.store.settle_delivery(id, settled, now())
    }
}

#[derive(Clone, Copy)]
struct Does(fn(u32) -> Result<Sent, SendError>);

impl std::fmt::Debug for Does {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Does")
    }
}

/// Does what the test says, and tells what it was given.
#[derive(Debug)]
struct Scripted {
    taken: Mutex<Sender<DeliveryId>>,
    does: Does,
}

impl Channel for Scripted {
    fn reach(&self) -> Reach {
        Reach::TARGET
    }

    fn send(&self, outgoing: &Outgoing<'_>) -> Result<Sent, SendError> {
        let _ = self.taken.lock().unwrap().send(outgoing.delivery);
        (self.does.0)(outgoing.attempt)
    }
}

fn quick() -> RetryPolicy {
    let pause = Duration::from_millis(20);
    RetryPolicy { attempts: 4, first_pause: pause, longest_pause: pause, ..RetryPolicy::default() }
}

fn line(does: fn(u32) -> Result<Sent, SendError>) -> (DeliveryChannel, Taken<DeliveryId>) {
    let (taken, given) = mpsc::channel();
    let channel = Arc::new(Scripted { taken: Mutex::new(taken), does: Does(does) });
    (DeliveryChannel { channel, retry: quick(), timeout: Duration::from_secs(5) }, given)
}

fn queue(store: &dyn Store, count: usize) {
    let message = |_| Message {
        kind: NoticeKind::RequestApproved.name().to_owned(),
        body: plain().to_json(),
        due: None,
        gathers: None,
    };
    store.commit(&Batch { outbox: (0..count).map(message).collect(), ..Batch::default() }).unwrap();
}

fn start(store: &Arc<dyn Store>, lines: Vec<(&'static str, DeliveryChannel)>) -> Deliverer {
    let channels = lines.iter().map(|(name, _)| *name).collect();
    let outbox = ToAll { store: Arc::clone(store), channels };
    Deliverer::start(outbox, lines.into_iter().map(|(name, line)| (name.to_owned(), line)).collect()).unwrap()
}

fn deliveries(store: &dyn Store) -> Vec<Delivery> {
    let page = DeliveryPage { limit: 100_000, ..DeliveryPage::default() };
    store.deliveries(&page).unwrap().into_iter().map(|(_, delivery)| delivery).collect()
}

/// Waits until this holds; fails after a time that a busy machine does not take.
pub(crate) fn wait(what: &str, holds: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(120);
    while !holds() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn memory_store() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new())
}

#[test]
fn every_notice_is_sent_once_when_all_is_well() {
    let store = memory_store();
    queue(&*store, 100);
    let (line, given) = line(|_| Ok(Sent::default()));
    let work = start(&store, vec![("ops", line)]);
    wait("all are sent", || deliveries(&*store).iter().filter(|one| one.state == DeliveryState::Sent).count() == 100);
    drop(work);
    let given: Vec<_> = given.try_iter().collect();
    assert_eq!((given.len(), given.iter().collect::<BTreeSet<_>>().len()), (100, 100));
}

/// Two processes over one file, each with its own work of delivery.
#[test]
fn of_many_workers_one_sends_each_notice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jit.db");
    let stores = [sqlite(&path), sqlite(&path)];
    queue(&*stores[0], 100);
    let (lines, given): (Vec<_>, Vec<_>) = stores.iter().map(|_| line(|_| Ok(Sent::default()))).unzip();
    let workers: Vec<_> = stores.iter().zip(lines).map(|(store, line)| start(store, vec![("ops", line)])).collect();
    let sent = || deliveries(&*stores[0]).iter().filter(|one| one.state == DeliveryState::Sent).count();
    wait("all are sent", || sent() == 100);
    drop(workers);
    let given: Vec<_> = given.iter().flat_map(|given| given.try_iter()).collect();
    assert_eq!((given.len(), given.iter().collect::<BTreeSet<_>>().len()), (100, 100));
}

/// An outbox whose notices are all for one digest of one reader.
#[test]
fn a_digest_of_many_notices_is_a_few_messages_and_none_is_lost() {
    let store = memory_store();
    queue(&*store, 100);
    for notice in store.lease_notices(now(), later(60), 100).unwrap() {
        let delivery = NewDelivery {
            id: DeliveryId::from_u128(u128::from(notice.id)),
            channel: "mail".to_owned(),
            recipient: crate::notices::ann(),
            digest: true,
            thread: None,
            next_at: now(),
            failed: None,
        };
        store.plan_notice(notice.id, &notice.message.body, &[delivery], now()).unwrap();
    }
    let (line, given) = line(|_| Ok(Sent::default()));
    let work = start(&store, vec![("mail", line)]);
    wait("all are sent", || deliveries(&*store).iter().all(|one| one.state == DeliveryState::Sent));
    drop(work);
    assert_eq!(given.try_iter().count(), 4, "a message holds 32 notices at most");
    assert_eq!(deliveries(&*store).len(), 100);
}

#[test]
fn a_failure_is_tried_again_under_the_same_id() {
    let store = memory_store();
    queue(&*store, 1);
    let (line, given) = line(|attempt| match attempt {
        1 => Err(SendError::Later { after: Some(Duration::from_millis(50)), why: "busy".to_owned() }),
        2 => panic!("a channel of a host panics"),
        _ => Ok(Sent { reference: Some("r".to_owned()) }),
    });
    let work = start(&store, vec![("ops", line)]);
    wait("it is sent", || deliveries(&*store).first().is_some_and(|one| one.state == DeliveryState::Sent));
    drop(work);
    let given: Vec<_> = given.try_iter().collect();
    assert_eq!(given.len(), 3);
    assert!(given.iter().all(|id| *id == given[0]));
    assert_eq!(deliveries(&*store)[0].attempts, 3);
}

#[test]
fn what_is_given_up_or_refused_is_visible_with_its_error() {
    let store = memory_store();
    queue(&*store, 1);
    let (busy, _one) = line(|_| Err(SendError::Later { after: None, why: "still busy".to_owned() }));
    let (refuses, _two) = line(|_| Err(SendError::Refused("no such room".to_owned())));
    let work = start(&store, vec![("busy", busy), ("refuses", refuses)]);
    wait("both fail", || deliveries(&*store).iter().filter(|one| one.state == DeliveryState::Failed).count() == 2);
    drop(work);
    let failed: BTreeMap<_, _> =
        deliveries(&*store).into_iter().map(|one| (one.channel, (one.attempts, one.last_error.unwrap()))).collect();
    assert_eq!(failed["busy"], (4, "given up after 4 attempts: still busy".to_owned()));
    assert_eq!(failed["refuses"], (1, "no such room".to_owned()));
}

#[test]
fn a_channel_that_hangs_delays_only_itself_and_not_the_end() {
    let store = memory_store();
    queue(&*store, 20);
    let (hangs, _one) = line(|_| {
        std::thread::sleep(Duration::from_secs(3_600));
        Ok(Sent::default())
    });
    let (works, _two) = line(|_| Ok(Sent::default()));
    let work = start(&store, vec![("hangs", hangs), ("works", works)]);
    let sent = |name: &str| {
        deliveries(&*store).iter().filter(|one| one.channel == name && one.state == DeliveryState::Sent).count()
    };
    wait("the other one sends", || sent("works") == 20);
    assert_eq!(sent("hangs"), 0);
    let ending = Instant::now();
    drop(work);
    assert!(ending.elapsed() < Duration::from_secs(30), "{:?}", ending.elapsed());
}

#[test]
fn a_channel_takes_no_more_than_it_may() {
    let store = memory_store();
    queue(&*store, 5);
    let (mut slow, _given) = line(|_| Ok(Sent::default()));
    slow.retry.gap = Duration::from_millis(200);
    let started = Instant::now();
    let work = start(&store, vec![("slow", slow)]);
    wait("all are sent", || {
        deliveries(&*store).iter().all(|one| one.state == DeliveryState::Sent) && deliveries(&*store).len() == 5
    });
    drop(work);
    assert!(started.elapsed() >= Duration::from_millis(800), "{:?}", started.elapsed());
}

/// A line to this receiver that tries soon again.
fn to(url: String) -> DeliveryChannel {
    let timeout = Duration::from_millis(500);
    let channel = Arc::new(webhook(url, timeout, true, &[SECRET]));
    DeliveryChannel { channel, retry: RetryPolicy { attempts: 1_000, ..quick() }, timeout }
}

fn ids(arrived: &[serde_json::Value]) -> BTreeSet<String> {
    assert!(arrived.iter().all(|got| got["verified"] == true), "each is signed");
    arrived.iter().map(|got| got["headers"]["webhook-id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_notice_arrives_whatever_the_receiver_does_first() {
    if !is_here() {
        return;
    }
    for behaviour in ["first-500", "first-hang", "first-close", "first-garbage", "first-redirect", "slow"] {
        let location = ["--location", "http://127.0.0.1:9/"];
        let server =
            Receiver::start(&[&["http", "--secret", SECRET, "--behaviour", behaviour], &location[..]].concat());
        let store = memory_store();
        queue(&*store, 5);
        let work = start(&store, vec![("hook", to(server.url("/")))]);
        let sent = || deliveries(&*store).iter().filter(|one| one.state == DeliveryState::Sent).count();
        wait(behaviour, || sent() == 5);
        drop(work);
        let made: BTreeSet<_> = deliveries(&*store).iter().map(|one| one.id.to_string()).collect();
        assert_eq!(ids(&server.rest()), made, "{behaviour}: each arrives, under one id");
    }
}

#[test]
fn a_receiver_that_was_killed_has_everything_when_it_is_back() {
    if !is_here() {
        return;
    }
    let first = Receiver::start(&["http", "--secret", SECRET]);
    let (url, port) = (first.url("/"), first.port.to_string());
    let store = memory_store();
    let mut line = to(url);
    line.retry.gap = Duration::from_millis(50);
    queue(&*store, 20);
    let work = start(&store, vec![("hook", line)]);
    let mut arrived = vec![first.next()];
    arrived.extend(first.kill());
    wait("it is tried in vain", || deliveries(&*store).iter().any(|one| one.last_error.is_some()));
    let second = Receiver::start(&["http", "--secret", SECRET, "--port", &port]);
    wait("all are sent", || deliveries(&*store).iter().all(|one| one.state == DeliveryState::Sent));
    drop(work);
    arrived.extend(second.rest());
    let made: BTreeSet<_> = deliveries(&*store).iter().map(|one| one.id.to_string()).collect();
    assert_eq!(made.len(), 20);
    assert_eq!(ids(&arrived), made, "each arrives, under one id");
}

/// The memory of this process that is in use, in bytes.
fn memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1_024
}

#[test]
fn ten_thousand_notices_take_little_memory() {
    if let Ok(path) = std::env::var("DELIVER_MANY") {
        let store = sqlite(Path::new(&path));
        let (line, given) = line(|_| Ok(Sent::default()));
        let before = memory();
        let started = Instant::now();
        let work = start(&store, vec![("ops", line)]);
        for _ in 0..10_000 {
            given.recv_timeout(Duration::from_secs(120)).unwrap();
        }
        drop(work);
        println!("MANY {} {}", memory() - before, started.elapsed().as_millis());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jit.db");
    queue(&*sqlite(&path), 10_000);
    let done = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "work::ten_thousand_notices_take_little_memory", "--nocapture"])
        .env("DELIVER_MANY", &path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    let figures = said.lines().find_map(|line| line.split_once("MANY ")).unwrap_or_else(|| panic!("{said}")).1;
    let (bytes, millis) = figures.split_once(' ').unwrap();
    println!("10,000 notices: {} KiB more, {millis} ms", bytes.parse::<usize>().unwrap() / 1_024);
    assert!(bytes.parse::<usize>().unwrap() <= 64 << 20, "{bytes} bytes");
}

fn sqlite(path: &Path) -> Arc<dyn Store> {
    Arc::new(SqliteStore::open(path, SqliteOptions::default()).unwrap())
}

/// A process that commits one notice after the other and delivers them, until it is killed.
fn product(path: &Path, url: String) -> ! {
    let store = sqlite(path);
    let channel = Arc::new(webhook(url, Duration::from_millis(500), true, &[SECRET]));
    let line = DeliveryChannel {
        channel,
        retry: RetryPolicy { first_pause: Duration::from_millis(20), ..quick() },
        timeout: Duration::from_millis(500),
    };
    let _work = start(&store, vec![("hook", line)]);
    loop {
        queue(&*store, 1);
        println!("COMMITTED");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Killed between commit and delivery, 50 times or so often as `KILLS` says: each notice arrives at least once, under one id.
#[test]
fn no_kill_loses_a_notice() {
    if let Ok(url) = std::env::var("DELIVER_URL") {
        product(Path::new(&std::env::var("DELIVER_STORE").unwrap()), url);
    }
    if !is_here() {
        return;
    }
    let kills = std::env::var("KILLS").map_or(50, |count| count.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jit.db");
    let server = Receiver::start(&["http", "--secret", SECRET]);
    for kill in 0..kills {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "work::no_kill_loses_a_notice", "--nocapture"])
            .env("DELIVER_URL", server.url("/"))
            .env("DELIVER_STORE", &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
        let committed = (&mut lines).map_while(Result::ok).find(|line| line.ends_with("COMMITTED"));
        assert!(committed.is_some(), "it commits");
        std::thread::sleep(Duration::from_millis(kill * 37 % 200));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    // Whoever comes next delivers the rest.
    let store = sqlite(&path);
    let channel = Arc::new(webhook(server.url("/"), Duration::from_secs(20), true, &[SECRET]));
    let line = DeliveryChannel {
        channel,
        retry: RetryPolicy { attempts: 100, ..quick() },
        timeout: Duration::from_millis(500),
    };
    let work = start(&store, vec![("hook", line)]);
    let is_done = || {
        store.waiting_notices(later(3_600)).unwrap() == 0
            && deliveries(&*store).iter().all(|one| one.state == DeliveryState::Sent)
    };
    wait("the rest is delivered", is_done);
    drop(work);
    let arrived: Vec<_> =
        server.rest().iter().map(|got| got["headers"]["webhook-id"].as_str().unwrap().to_owned()).collect();
    let ids: BTreeSet<_> = arrived.iter().cloned().collect();
    let made: BTreeSet<_> = deliveries(&*store).iter().map(|one| one.id.to_string()).collect();
    assert!(made.len() >= usize::try_from(kills).unwrap(), "{} notices", made.len());
    assert_eq!(ids, made, "each arrives, under one id");
    println!("{kills} kills, {} notices, {} arrivals", made.len(), arrived.len());
    store.verify().unwrap();
}
