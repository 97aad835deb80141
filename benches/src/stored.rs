//! The same through a SQLite store, and through the C library as a host loads it.

use std::ffi::c_char;
use std::hint::black_box;
use std::path::Path;
use std::ptr::{null, null_mut};

use jit_access::check::Check;
use jit_access::clock::{Clock, SystemClock};
use jit_access::model::{Actor, Event, Fact, Grant, Outcome, Timestamp};
use jit_access::service::{Builder, Engine};
use jit_access::store::{Batch, SqliteOptions, SqliteStore, Store};
use jit_access::workflow::Rules;
use libloading::Library;

use crate::workload::{Question, now};

/// Writes a store that holds these grants.
pub fn write(path: &Path, grants: &[Grant]) {
    let store = open_store(path);
    // An engine does not believe a journal that is far from the system's clock.
    let at = Timestamp::from_millis(SystemClock::default().wall()).expect("a time");
    let event = |grant: &Grant| Event {
        at,
        by: Actor::Rule("bench".into()),
        fact: Fact::GrantCreated(Box::new(grant.clone())),
    };
    for grants in grants.chunks(10_000) {
        let batch = Batch { events: grants.iter().map(event).collect(), ..Batch::default() };
        store.commit(&batch).expect("grants that can be written");
    }
}

fn open_store(path: &Path) -> SqliteStore {
    SqliteStore::open(path, SqliteOptions::default()).expect("a store")
}

/// An engine over the store in this file.
pub fn open(path: &Path) -> Engine {
    Builder::new(open_store(path), Rules::default()).open().expect("an engine")
}

/// Reads the live grants' rows with plain SQL, every column of them, and answers how many there are.
pub fn plain(path: &Path) -> usize {
    let connection = rusqlite::Connection::open(path).expect("the store's file");
    let mut statement =
        connection.prepare("SELECT * FROM grants WHERE state = 'open' AND ends_at > ?").expect("the table of grants");
    let columns = statement.column_count();
    let mut rows = statement.query([now().millis()]).expect("rows");
    let mut count = 0;
    while let Some(row) = rows.next().expect("a row") {
        for column in 0..columns {
            black_box(row.get_ref(column).expect("a column"));
        }
        count += 1;
    }
    count
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Str {
    data: *const c_char,
    len: usize,
}

impl Str {
    const NONE: Self = Self { data: null(), len: 0 };

    const fn of(bytes: &[u8]) -> Self {
        Self { data: bytes.as_ptr().cast(), len: bytes.len() }
    }
}

#[repr(C)]
struct Options {
    size: usize,
    flags: u32,
    reserved: u32,
    config: Str,
    config_path: Str,
    test_clock_ms: i64,
}

#[repr(C)]
struct CQuery {
    size: usize,
    mode: u32,
    principal_kind: u32,
    principal: Str,
    action: Str,
    resource: Str,
    parent: Str,
    context: *const (),
}

#[repr(C)]
struct CDecision {
    size: usize,
    outcome: u32,
    reason: u32,
    revision: u64,
    valid_until_ms: i64,
    grant_id: [c_char; 40],
    obligations: u32,
    reserved: u32,
}

type Open = unsafe extern "C" fn(*const Options, *mut *mut (), *mut *mut ()) -> i32;
type CCheck = unsafe extern "C" fn(*const (), *const CQuery, *mut CDecision, *mut *mut ()) -> i32;
type Free = unsafe extern "C" fn(*mut ()) -> i32;

const PEEK: u32 = 2;
const ALLOW: u32 = 1;

/// `JIT_OPEN_NO_THREAD`: no background work, whose instructions would be counted with those of the checks.
pub const NO_THREAD: u32 = 1 << 1;

/// `libjit_access` through `dlopen`.
pub struct C {
    check: CCheck,
    free: Free,
    engine: *mut (),
    _library: Library,
}

// SAFETY: the header says that an engine may be used by any thread.
unsafe impl Sync for C {}

impl C {
    /// The library in this file, with an engine over the store in that one. `flags` are those of `jit_open`.
    pub fn open(library: &Path, store: &Path, flags: u32) -> Self {
        let config = format!("jit_access: {{store: {{path: {:?}}}}}", store.display().to_string());
        let options = Options {
            size: size_of::<Options>(),
            flags,
            reserved: 0,
            config: Str::of(config.as_bytes()),
            config_path: Str::NONE,
            test_clock_ms: 0,
        };
        let mut engine = null_mut();
        // SAFETY: the functions are declared as the header declares them, and everything lives through the calls.
        let (library, check, free) = unsafe {
            let library = Library::new(library).expect("libjit_access");
            let open: Open = *library.get(b"jit_open").expect("jit_open");
            assert_eq!(open(&raw const options, &raw mut engine, null_mut()), 0, "the store opens");
            let (check, free) = (
                *library.get(b"jit_check").expect("jit_check"),
                *library.get(b"jit_error_free").expect("jit_error_free"),
            );
            (library, check, free)
        };
        Self { check, free, engine, _library: library }
    }

    /// Whether a grant gives it, asked with bytes and lengths.
    pub fn allows(&self, question: &Question) -> bool {
        let parent = question.parent.as_ref().map_or(Str::NONE, |parent| Str::of(parent.as_bytes()));
        let answer = self.ask(
            question.principal.id().as_bytes(),
            question.action.name().as_bytes(),
            Str::of(question.thing.as_bytes()),
            parent,
        );
        answer.expect("an answer, not an error, whose cost is another")
    }

    /// The same about the host itself for any bytes; none when they are refused.
    pub fn answer(&self, principal: &[u8], action: &[u8]) -> Option<bool> {
        self.ask(principal, action, Str::NONE, Str::NONE)
    }

    fn ask(&self, principal: &[u8], action: &[u8], resource: Str, parent: Str) -> Option<bool> {
        let query = CQuery {
            size: size_of::<CQuery>(),
            mode: PEEK,
            principal_kind: 0,
            principal: Str::of(principal),
            action: Str::of(action),
            resource,
            parent,
            context: null(),
        };
        let mut decision = CDecision {
            size: size_of::<CDecision>(),
            outcome: 0,
            reason: 0,
            revision: 0,
            valid_until_ms: 0,
            grant_id: [0; 40],
            obligations: 0,
            reserved: 0,
        };
        let mut error = null_mut();
        // SAFETY: all of it lives through the call, and the error is freed once.
        let status = unsafe {
            let status = (self.check)(self.engine, &raw const query, &raw mut decision, &raw mut error);
            if !error.is_null() {
                (self.free)(error);
            }
            status
        };
        (status == 0).then_some(decision.outcome == ALLOW)
    }
}

/// Whether the engine answers this as it must.
pub fn agrees(engine: &Engine, question: &Question) -> bool {
    let decision = engine.decider().check(&Check::new(question.query()).peek());
    (decision.expect("values").outcome == Outcome::Allow) == question.given
}
