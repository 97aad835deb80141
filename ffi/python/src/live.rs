//! Which engine serves this process, before and after a fork.
//!
//! A child must not use what it inherits: the threads are gone, a lock may have been held at the instant of the fork,
//! and SQLite keeps in the process what the kernel does not pass on. So the parent closes its connections before a fork
//! and opens them again after it; the child leaves the parent's engine where it is, never dropping it, and opens its own
//! from the same configuration at its next call. Opening and forking exclude each other by a lock of this module: the
//! interpreter's is let go while an engine opens, and some interpreters have none.

use std::cell::RefCell;
use std::fmt;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use jit_access::Error;
use jit_access::check::Decider;
use jit_access::clock::{Clock, ManualClock};
use jit_access::config::{Config, StoreConfig};
use jit_access::model::{Invalid, Principal, PrincipalKind, RoleName, Standing, Timestamp};
use jit_access::service::{Builder, Desk, Directory, DirectoryError, Engine, Keeper, Known, Reconciler};
use jit_access::store::{MemoryStore, SqliteOptions, SqliteStore, Store};
use pyo3::prelude::*;

use crate::engine::when;

/// How many forks lie between this process and the one that loaded the module.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// The stores whose connections must be closed before a fork.
static STORES: Mutex<Vec<Weak<SqliteStore>>> = Mutex::new(Vec::new());

/// What must write before the interpreter ends: a thread that never ends may keep an engine from being dropped.
static ENDINGS: Mutex<Vec<Weak<Reconciler>>> = Mutex::new(Vec::new());

/// Held while an engine is opened or dropped, and over a fork. Whoever has it never waits for the interpreter lock.
static CHANGING: Mutex<()> = Mutex::new(());

/// What the thread that forks holds meanwhile, so that no engine opens behind its back and the child finds every lock free.
type Held =
    (MutexGuard<'static, ()>, MutexGuard<'static, Vec<Weak<SqliteStore>>>, MutexGuard<'static, Vec<Weak<Reconciler>>>);

thread_local! {
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

fn lock<T>(mutex: &'static Mutex<T>) -> MutexGuard<'static, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn each_store(stores: &[Weak<SqliteStore>], act: fn(&SqliteStore)) {
    stores.iter().filter_map(Weak::upgrade).for_each(|store| act(&store));
}

/// Has forks watched from now on. The system calls us, and not `os.register_at_fork`: between such hooks and the fork other
/// hooks run and other threads get the interpreter lock, with which they would wait for a store that is closed meanwhile.
#[expect(unsafe_code, reason = "the system is told of fork handlers")]
pub fn watch_forks() -> Result<(), Error> {
    static FAILED: OnceLock<i32> = OnceLock::new();
    let watch = || {
        // SAFETY: the three are functions of this module, which Python never unloads, and they do not unwind.
        unsafe { libc::pthread_atfork(Some(before_fork), Some(after_fork_in_parent), Some(after_fork_in_child)) }
    };
    match *FAILED.get_or_init(watch) {
        0 => Ok(()),
        failed => Err(Error::Internal(format!("the fork handlers are not taken: error {failed}"))),
    }
}

extern "C" fn before_fork() {
    let _ = catch_unwind(|| {
        let held = (lock(&CHANGING), lock(&STORES), lock(&ENDINGS));
        each_store(&held.1, Store::before_fork);
        HELD.set(Some(held));
    });
}

extern "C" fn after_fork_in_parent() {
    let _ = catch_unwind(|| {
        if let Some(held) = HELD.take() {
            each_store(&held.1, Store::after_fork_in_parent);
        }
    });
}

extern "C" fn after_fork_in_child() {
    let _ = catch_unwind(|| {
        GENERATION.fetch_add(1, Ordering::Release);
        if let Some((_, _, mut endings)) = HELD.take() {
            // What waits there is the parent's to write.
            endings.clear();
        }
    });
}

/// Writes what waits in every engine of this process; answers the first error after all have been tried.
pub fn at_exit() -> Result<(), Error> {
    // No engine is dropped meanwhile, whose store would be closed.
    let _one = lock(&CHANGING);
    let reconcilers: Vec<_> = lock(&ENDINGS).iter().filter_map(Weak::upgrade).collect();
    let flushed: Vec<_> = reconcilers.iter().map(|reconciler| reconciler.flush()).collect();
    flushed.into_iter().collect()
}

/// A function of the host's that says of somebody, by name and whether it is an agent, whether they are enabled and which
/// roles they hold; or nothing. Called without any lock of ours held.
#[derive(Clone)]
pub struct Host(Arc<Py<PyAny>>);

impl Host {
    pub fn new(function: Py<PyAny>) -> Self {
        Self(Arc::new(function))
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Host")
    }
}

impl Directory for Host {
    fn standing(&self, principal: &Principal) -> Result<Known, DirectoryError> {
        let agent = principal.kind() == PrincipalKind::Agent;
        let said = Python::attach(|py| said(self.0.bind(py).call1((principal.id(), agent))?));
        let said = said.map_err(|error| DirectoryError::new(format!("the host's directory failed: {error}")))?;
        let known = |(enabled, names, since): Said| {
            let roles = names.iter().map(|name| RoleName::new(name)).collect::<Result<_, _>>()?;
            Ok(Known::Account { standing: Standing { enabled, roles }, since })
        };
        match said {
            Ok(account) => known(account).map_err(|error: Invalid| DirectoryError::new(error.to_string())),
            Err(other) => Ok(other),
        }
    }
}

/// An account: whether it is enabled, its roles, and since when it is there.
type Said = (bool, Vec<String>, Option<Timestamp>);

/// What a directory written in Python answered: an account, or what there is instead.
fn said(answer: Bound<'_, PyAny>) -> PyResult<Result<Said, Known>> {
    if answer.is_none() {
        return Ok(Err(Known::NotJudged));
    }
    if answer.extract::<String>().is_ok_and(|word| word == "gone") {
        return Ok(Err(Known::Gone));
    }
    if let Ok((enabled, roles)) = answer.extract() {
        return Ok(Ok((enabled, roles, None)));
    }
    let (enabled, roles, since) = answer.extract::<(bool, Vec<String>, Bound<'_, PyAny>)>()?;
    Ok(Ok((enabled, roles, Some(when(&since, "since")?))))
}

/// That no other engine is opened meanwhile, and that nobody forks.
pub struct Opening {
    _one: MutexGuard<'static, ()>,
}

impl Opening {
    pub fn begin() -> Self {
        Self { _one: lock(&CHANGING) }
    }
}

/// The way of a check to the decider of an open engine: without a count of who is under way, which would take as long as
/// the check.
///
/// INVARIANT: a check holds the interpreter lock from its beginning to its end. So whoever closes the engine, and holds the
/// lock when it says so here, finds none under way. Where there is no such lock, no shortcut is ever opened.
pub struct Shortcut {
    decider: Decider,
    /// The generation in which it may be taken, or one that never comes.
    open_in: AtomicU64,
    /// The one of a child.
    next: OnceLock<Arc<Self>>,
}

const UNOPENED: u64 = u64::MAX - 1;
const CLOSED: u64 = u64::MAX;

impl Shortcut {
    /// The decider of the engine of this process, if there is a shortcut to it.
    #[inline]
    pub fn decider(&self) -> Option<&Decider> {
        let (generation, mut one) = (GENERATION.load(Ordering::Acquire), self);
        while one.open_in.load(Ordering::Acquire) != generation {
            one = one.next.get()?;
        }
        Some(&one.decider)
    }

    /// Goes on to this one in the process that opened it.
    pub fn go_on_to(&self, next: &Arc<Self>, _opening: &Opening) {
        let mut last = self;
        while let Some(after) = last.next.get() {
            last = after;
        }
        let _ = last.next.set(Arc::clone(next));
    }

    fn open(&self, generation: u64) {
        let _ = self.open_in.compare_exchange(UNOPENED, generation, Ordering::Release, Ordering::Relaxed);
    }

    /// Closes it for good.
    pub fn close(&self) {
        self.open_in.store(CLOSED, Ordering::Release);
    }
}

/// An open engine and its handles.
pub struct Live {
    pub engine: Engine,
    pub shortcut: Arc<Shortcut>,
    pub desk: Desk,
    pub reconciler: Arc<Reconciler>,
    generation: u64,
    store: Option<Arc<SqliteStore>>,
    keeper: OnceLock<Option<Keeper>>,
}

impl Live {
    /// Opens the store and an engine over it, and has the store closed before a fork and what waits written at the end.
    /// With a clock that tests set, nothing happens by itself either: no keeper.
    pub fn open(
        _opening: &Opening,
        config: &Config,
        clock: Option<&Arc<ManualClock>>,
        host: Option<&Host>,
    ) -> Result<Self, Error> {
        let rules = config.rules.clone();
        let mut store = None;
        let builder = match &config.store {
            StoreConfig::Memory => Builder::new(MemoryStore::new(), rules),
            StoreConfig::Sqlite { path, busy_timeout } => {
                let sqlite = Arc::new(SqliteStore::open(path, SqliteOptions { busy_timeout: *busy_timeout })?);
                store = Some(Arc::clone(&sqlite));
                Builder::shared(sqlite, rules)
            }
            _ => {
                return Err(
                    Invalid::new("store", "is of a kind that this module does not know", "sqlite or memory").into()
                );
            }
        };
        let builder = match clock {
            Some(clock) => builder.clock(Arc::clone(clock) as Arc<dyn Clock>),
            None => builder,
        };
        let builder = match host {
            Some(host) => builder.directory(host.clone()),
            None => builder,
        };
        let engine = builder.settings(config.settings.clone()).open()?;
        let open_in = AtomicU64::new(if cfg!(Py_GIL_DISABLED) { CLOSED } else { UNOPENED });
        let this = Self {
            shortcut: Arc::new(Shortcut { decider: engine.decider(), open_in, next: OnceLock::new() }),
            desk: engine.desk(),
            reconciler: Arc::new(engine.reconciler()),
            engine,
            generation: GENERATION.load(Ordering::Acquire),
            store,
            keeper: clock.map_or_else(OnceLock::new, |_| OnceLock::from(None)),
        };
        this.register();
        Ok(this)
    }

    fn register(&self) {
        let mut stores = lock(&STORES);
        stores.retain(|store| store.strong_count() > 0);
        stores.extend(self.store.as_ref().map(Arc::downgrade));
        drop(stores);
        let mut endings = lock(&ENDINGS);
        endings.retain(|reconciler| reconciler.strong_count() > 0);
        endings.push(Arc::downgrade(&self.reconciler));
    }

    pub fn decider(&self) -> &Decider {
        &self.shortcut.decider
    }

    /// Whether this engine was opened by this process.
    pub fn is_ours(&self) -> bool {
        self.generation == GENERATION.load(Ordering::Acquire)
    }

    /// Starts the keeper at the first call that could give it something to do: never at import, never before a fork that
    /// follows an import.
    pub fn ensure_kept(&self) {
        self.keeper.get_or_init(|| Keeper::start(&self.engine).ok());
        self.shortcut.open(self.generation);
    }
}

impl Drop for Live {
    /// No fork may find a connection half closed, so the store is closed here. A child leaves alone what it inherited.
    fn drop(&mut self) {
        if self.is_ours() {
            let _one = lock(&CHANGING);
            drop(self.keeper.take());
            self.store.iter().for_each(|store| store.before_fork());
        }
    }
}
