//! The PostgreSQL store keeps the promises of a store, on a real server that the test starts itself.
//!
//! The server is the one that is installed here, started as a user of its own in a temporary folder, on a free port of the
//! loopback address. Where there is none, every test says `SKIPPED` and why.
//!
//! | file | question |
//! |---|---|
//! | `server` | how is a server started, killed and looked at |
//! | `faults` | what does the store do when the server or the network does not |
//! | `summaries` | is a summary the same from every replica of a journal |
//! | `bouncer` | does the store keep its promises through PgBouncer |
//! | `copying` | does a store come whole to PostgreSQL and back |
//! | `encrypted` | does it speak only to a server that proves its name |
//! | `kills` | is what was acknowledged there, and told, whatever is killed |
//! | `worker` | what does another process see |
//! | `replicas` | what do several processes do together, and one that the others cannot reach |

#![expect(clippy::disallowed_methods, reason = "a real server takes its time, and is waited for")]

mod bouncer;
mod copying;
mod encrypted;
mod faults;
mod kills;
mod offline;
mod replicas;
mod server;
mod summaries;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jit_access::clock::{ManualClock, TimeSource};
use jit_access::model::{Caller, Principal};
use jit_access::service::{Builder, Settings};
use jit_access::store::conformance::{Fixture, Place, stories};
use jit_access::store::{PostgresOptions, PostgresStore, Store};
use jit_access::store_conformance;
use jit_access::workflow::Rules;
use proptest::prelude::*;
use server::Server;

struct Postgres;

/// A schema that nobody else uses.
struct Schema(&'static Server, String);

impl Fixture for Postgres {
    fn fresh(&self) -> Box<dyn Place> {
        Box::new(Schema(server::shared().unwrap(), fresh_schema()))
    }

    fn is_here(&self) -> bool {
        server::shared().is_some()
    }
}

impl Place for Schema {
    fn open(&self) -> Arc<dyn Store> {
        Arc::new(PostgresStore::open(self.0.url(), patient(&self.1)).unwrap())
    }
}

fn fresh_schema() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    format!("place {}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// Eight threads with four handles on a loaded machine may wait long for their turn.
fn patient(schema: &str) -> PostgresOptions {
    let long = Duration::from_secs(60);
    PostgresOptions {
        schema: schema.to_owned(),
        busy_timeout: long,
        statement_timeout: long,
        proof_timeout: long,
        ..PostgresOptions::default()
    }
}

store_conformance!(Postgres);

proptest! {
    #![proptest_config(ProptestConfig { cases: 2, ..ProptestConfig::default() })]
    #[test]
    fn every_story_is_told_back(steps in proptest::collection::vec(any::<u64>(), 0..40)) {
        if Postgres.is_here() {
            stories::tell(&Postgres, &steps);
        }
    }
}

/// With `service.time_source: database` the server's clock is believed, whatever the host's shows.
#[test]
fn the_time_of_the_server_is_that_of_every_process() {
    if !Postgres.is_here() {
        return;
    }
    let place = Postgres.fresh();
    let wrong = Arc::new(ManualClock::at("2040-01-01T00:00:00Z".parse().unwrap()));
    let open = |source| {
        let settings = Settings::default().time_source(source);
        Builder::shared(place.open(), Rules::default().approver_roles(vec!["lead".parse().unwrap()]))
            .settings(settings)
            .clock(wrong.clone())
            .open()
            .unwrap()
    };
    let of_server = || place.open().wall().unwrap().unwrap();
    let (before, engine, after) = (of_server(), open(TimeSource::Database), of_server());
    assert!((before..=after).contains(&engine.now()), "{before} {} {after}", engine.now());
    let told = engine.metrics().unwrap().to_prometheus();
    assert!(told.contains("\njit_clock_source{source=\"database\"} 1\n"), "{told}");
    let lead = Caller::new(Principal::user("lead@example.com").unwrap(), vec!["lead".parse().unwrap()]);
    let clock = engine.workflow().health(&lead).unwrap().clock;
    assert_eq!((clock.source, clock.trouble), (TimeSource::Database, None));

    // Between two readings the monotonic clock counts, and the host's time of day does not.
    let read = engine.now();
    wrong.set_wall("2050-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(engine.now(), read);
    wrong.advance(1_500);
    assert_eq!(engine.now().millis(), read.millis() + 1_500);
    // A reading that is behind what was counted takes no time back; one that is ahead is followed.
    engine.reconciler().tick().unwrap();
    assert!(engine.now().millis() >= read.millis() + 1_500);
    std::thread::sleep(Duration::from_millis(1_600));
    engine.reconciler().tick().unwrap();
    let ahead = engine.now().millis() - of_server().millis();
    assert!((-1_000..=0).contains(&ahead), "{ahead} ms");

    // A host that goes by its own clock is doubted beside it: it is years ahead.
    let other = open(TimeSource::Host);
    assert_eq!(other.workflow().health(&lead).unwrap().clock.source, TimeSource::Host);
    assert_eq!(jit_access::store::MemoryStore::new().wall().unwrap(), None);
}
