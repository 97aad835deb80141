//! What another process does between two steps of one, and a store that does not answer in the middle: each command ends, and
//! nothing is decided from what is over by then.
//!
//! | file | question |
//! |---|---|
//! | `between` | a store before any call of which something else happens, or that does not answer |
//! | `commands` | what is a command decided from that another one overtakes |
//! | `background` | what is on record, and how often, where others write beside the background work |
//! | `cross` | when do the index and Cedar differ, and when is one of them only later than the other |
//! | `away` | what becomes of access that was taken while the store was away, when it is back |
//! | `clocks` | what time is it where the server has a clock |
//! | `guarded` | what do guardrails forbid that change, and whom |
//! | `sealed` | what is signed where two processes sign, and where records are removed while others are verified |
//! | `lists` | what is read while others write, and of very many rows |

mod away;
mod background;
mod between;
mod clocks;
mod commands;
mod cross;
mod guarded;
mod lists;
mod sealed;

use std::sync::Arc;

use jit_access::clock::ManualClock;
use jit_access::command::{Approve, Submit};
use jit_access::config::Config;
use jit_access::model::*;
use jit_access::service::{Builder, Engine};
use jit_access::store::{MemoryStore, RecordQuery, Store};

use between::Between;

/// One journal, a process that reaches it through `between`, and one that is always faster.
struct World {
    journal: Arc<dyn Store>,
    between: Arc<Between>,
    clock: Arc<ManualClock>,
    config: Config,
}

impl World {
    fn new(config: &str) -> Self {
        Self::over(Arc::new(MemoryStore::new()), config)
    }

    fn over(journal: Arc<dyn Store>, config: &str) -> Self {
        let clock = Arc::new(ManualClock::at("2026-03-02T08:00:00Z".parse().unwrap()));
        let between = Between::over(Arc::clone(&journal));
        Self { journal, between, clock, config: Config::parse(config, []).unwrap() }
    }

    fn builder(&self) -> Builder {
        self.builder_over(Arc::clone(&self.between) as _)
    }

    fn builder_over(&self, store: Arc<dyn Store>) -> Builder {
        let builder = Builder::shared(store, self.config.rules.clone()).settings(self.config.settings.clone());
        builder.clock(Arc::clone(&self.clock) as _)
    }

    fn engine(&self) -> Engine {
        self.builder().open().unwrap()
    }

    fn other(&self) -> Engine {
        self.builder_over(Arc::clone(&self.journal)).open().unwrap()
    }

    /// The names of what is on record, in order.
    fn names(&self) -> Vec<&'static str> {
        let records = self.journal.records(&RecordQuery::after(Revision::ZERO, 100_000)).unwrap().1;
        records.iter().map(|record| record.event.fact.name()).collect()
    }

    fn count(&self, name: &str) -> usize {
        self.names().iter().filter(|one| **one == name).count()
    }
}

fn person(name: &str, roles: &[&str]) -> Caller {
    let roles = roles.iter().map(|role| RoleName::new(role).unwrap()).collect();
    Caller::new(Principal::user(&format!("{name}@example.com")).unwrap(), roles)
}

fn words(text: &str) -> Justification {
    Justification::new(text).unwrap()
}

fn submit() -> Submit {
    Submit::new(RoleName::new("operator").unwrap()).reason(words("INC-7"))
}

fn ask(engine: &Engine, who: &str) -> RequestId {
    engine.workflow().execute(&person(who, &[]), submit(), None).unwrap().request.unwrap().id
}

fn give(engine: &Engine, who: &str) -> Grant {
    let approve = Approve::new(ask(engine, who));
    engine.workflow().execute(&person("lead", &["lead"]), approve, None).unwrap().grant.unwrap()
}

/// What somebody else does meanwhile, each time by another person.
fn others_write(engine: &Engine) -> impl Fn() -> Box<dyn FnOnce() + Send> + use<> {
    let (engine, count) = (engine.clone(), Arc::new(std::sync::atomic::AtomicU32::new(0)));
    move || {
        let (engine, count) = (engine.clone(), Arc::clone(&count));
        Box::new(move || {
            let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            ask(&engine, &format!("other{number}"));
        })
    }
}
