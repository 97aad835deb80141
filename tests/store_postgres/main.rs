//! The PostgreSQL store keeps the promises of a store, on a real server that the test starts itself.
//!
//! The server is the one that is installed here, started as a user of its own in a temporary folder, on a free port of the
//! loopback address. Where there is none, every test says `SKIPPED` and why.
//!
//! | file | question |
//! |---|---|
//! | `server` | how is a server started, killed and looked at |
//! | `faults` | what does the store do when the server or the network does not |

#![expect(clippy::disallowed_methods, reason = "a real server takes its time, and is waited for")]

mod faults;
mod server;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jit_access::store::conformance::{Fixture, Place, stories};
use jit_access::store::{PostgresOptions, PostgresStore, Store};
use jit_access::store_conformance;
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
