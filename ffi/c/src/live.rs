//! Which engines are open, and which of them serve this process.
//!
//! Calls find their engine without a lock. Opening, closing and forking exclude each other.
//!
//! A forked child must not use what it inherits: the threads are gone, a lock may have been held at the instant of the
//! fork, and SQLite keeps in the process what the kernel does not pass on. So the connections are closed before a fork and
//! opened again after it in the parent; in the child each engine is opened anew from the same configuration at its next
//! call, and the parent's is left where it is and never dropped.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use arc_swap::ArcSwapOption;
use jit_access::Error;
use jit_access::check::Decider;
use jit_access::clock::{Clock, ManualClock};
use jit_access::config::{Config, StoreConfig};
use jit_access::model::{Invalid, Timestamp};
use jit_access::service::{Builder, Desk, Engine, Keeper, Reconciler, Watch};
use jit_access::store::{MemoryStore, SqliteOptions, SqliteStore, Store};

use crate::guard::{ERRORS, Failure, at_fork};
use crate::handle::{gone, new_name};
use crate::{TEXTS, Text};

/// How many forks lie between this process and the one that loaded the library.
static FORKS: AtomicU64 = AtomicU64::new(0);

/// The open engines by name. Few, so they are simply looked through.
static ENGINES: ArcSwapOption<Vec<(usize, Arc<Live>)>> = ArcSwapOption::const_empty();

/// Held while the list changes, while an engine opens or closes, and over a fork.
static CHANGING: Mutex<()> = Mutex::new(());

/// The engines that this process inherited. Dropping one would close the connections of the parent.
static INHERITED: Mutex<Vec<Arc<Live>>> = Mutex::new(Vec::new());

fn lock<T>(mutex: &'static Mutex<T>) -> MutexGuard<'static, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What an engine is opened from, now and again after a fork.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) config: Config,
    pub(crate) clock: Option<Arc<ManualClock>>,
    pub(crate) without_thread: bool,
}

impl Source {
    /// Reads the configuration.
    pub(crate) fn read(
        text: Option<&str>,
        path: Option<&str>,
        environ: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Error> {
        let (text, folder) = match (text, path) {
            (Some(text), None) => (text.to_owned(), None),
            (None, Some(path)) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    let problem = format!("is {}, which cannot be read: {error}", Invalid::quote(path));
                    Invalid::new("config_path", problem, "a YAML file")
                })?;
                (text, Path::new(path).parent().map(PathBuf::from))
            }
            (Some(_), Some(_)) => {
                return Err(Invalid::new("config", "is given together with config_path", "one of the two").into());
            }
            (None, None) => return Err(Invalid::new("config", "is missing", "a text, or config_path").into()),
        };
        let config = Config::parse_in(folder.as_deref(), &text, environ)?;
        Ok(Self { config, clock: None, without_thread: false })
    }
}

/// An open engine and its handles.
pub(crate) struct Live {
    pub(crate) engine: Engine,
    pub(crate) decider: Decider,
    pub(crate) desk: Desk,
    pub(crate) reconciler: Reconciler,
    pub(crate) watch: Watch,
    pub(crate) source: Source,
    keeper: OnceLock<Option<Keeper>>,
    store: Option<Arc<SqliteStore>>,
    forks: u64,
    /// The last field, dropped when all others are.
    end: End,
}

impl Live {
    fn open(source: &Source) -> Result<Self, Error> {
        let rules = source.config.rules.clone();
        let mut store = None;
        let builder = match &source.config.store {
            StoreConfig::Memory => Builder::new(MemoryStore::new(), rules),
            StoreConfig::Sqlite { path, busy_timeout } => {
                let sqlite = Arc::new(SqliteStore::open(path, SqliteOptions { busy_timeout: *busy_timeout })?);
                store = Some(Arc::clone(&sqlite));
                Builder::shared(sqlite, rules)
            }
            _ => {
                let problem = "is of a kind that this library does not know";
                return Err(Invalid::new("store", problem, "sqlite or memory").into());
            }
        };
        let builder = match &source.clock {
            Some(clock) => builder.clock(Arc::clone(clock) as Arc<dyn Clock>),
            None => builder,
        };
        let engine = builder.settings(source.config.settings.clone()).open()?;
        Ok(Self {
            decider: engine.decider(),
            desk: engine.desk(),
            reconciler: engine.reconciler(),
            watch: Watch::of(&engine),
            engine,
            keeper: if source.without_thread { OnceLock::from(None) } else { OnceLock::new() },
            source: source.clone(),
            store,
            forks: FORKS.load(Ordering::Acquire),
            end: End::default(),
        })
    }

    fn is_ours(&self) -> bool {
        self.forks == FORKS.load(Ordering::Acquire)
    }

    /// Starts the keeper at the first call that could give it something to do, so that a host which opens before it forks
    /// has no thread at that instant.
    fn ensure_kept(&self) {
        self.keeper.get_or_init(|| Keeper::start(&self.engine).ok());
    }
}

impl Drop for Live {
    /// The last one to let go writes what waits.
    fn drop(&mut self) {
        drop(self.keeper.take());
        self.end.told(self.reconciler.flush());
    }
}

/// Tells whoever closes an engine that nothing is left of it.
#[derive(Default)]
struct End {
    state: Arc<(Mutex<EndState>, Condvar)>,
}

#[derive(Default)]
struct EndState {
    is_over: bool,
    result: Option<Result<(), Error>>,
}

impl End {
    fn told(&self, result: Result<(), Error>) {
        self.state.0.lock().unwrap_or_else(PoisonError::into_inner).result = Some(result);
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.state.0.lock().unwrap_or_else(PoisonError::into_inner).is_over = true;
        self.state.1.notify_all();
    }
}

/// Opens an engine and gives it a name.
pub(crate) fn open(source: &Source) -> Result<usize, Error> {
    static WATCHING: OnceLock<()> = OnceLock::new();
    let _one = lock(&CHANGING);
    if WATCHING.get().is_none() {
        at_fork(before_fork, after_fork_in_parent, after_fork_in_child)?;
        let _ = WATCHING.set(());
    }
    let live = Arc::new(Live::open(source)?);
    let name = new_name();
    replace(|engines| engines.push((name, live)));
    Ok(name)
}

/// Takes the engine's name away, waits for the calls that are inside, and closes it.
pub(crate) fn close(name: usize) -> Result<(), Error> {
    if name == 0 {
        return Ok(());
    }
    let _one = lock(&CHANGING);
    let live = find(name)?;
    replace(|engines| engines.retain(|(other, _)| *other != name));
    if !live.is_ours() {
        lock(&INHERITED).push(live);
        return Ok(());
    }
    live.watch.end();
    let state = Arc::clone(&live.end.state);
    drop(live);
    let (end, over) = &*state;
    let end = end.lock().unwrap_or_else(PoisonError::into_inner);
    let mut end = over.wait_while(end, |end| !end.is_over).unwrap_or_else(PoisonError::into_inner);
    end.result.take().unwrap_or(Ok(()))
}

/// Asks the engine of this name. Meanwhile none can be closed, so this is for what does not wait.
#[inline]
pub(crate) fn with<R>(name: usize, ask: impl FnOnce(&Live) -> Result<R, Error>) -> Result<R, Error> {
    let engines = ENGINES.load();
    let found = engines.as_ref().and_then(|engines| engines.iter().find(|(other, _)| *other == name));
    match found {
        Some((_, live)) if live.is_ours() => {
            live.ensure_kept();
            ask(live)
        }
        Some(_) => {
            drop(engines);
            ask(&*pinned(name)?)
        }
        None => Err(gone("engine", name).into()),
    }
}

/// The engine of this name, for calls that take their time.
pub(crate) fn pinned(name: usize) -> Result<Arc<Live>, Error> {
    let live = find(name)?;
    if live.is_ours() {
        live.ensure_kept();
        return Ok(live);
    }
    let _one = lock(&CHANGING);
    // Another thread of this child may have been first.
    let inherited = find(name)?;
    if inherited.is_ours() {
        return Ok(inherited);
    }
    let fresh = Arc::new(Live::open(&inherited.source)?);
    lock(&INHERITED).push(inherited);
    replace(|engines| {
        for (other, live) in engines.iter_mut().filter(|(other, _)| *other == name) {
            (*other, *live) = (name, Arc::clone(&fresh));
        }
    });
    fresh.ensure_kept();
    Ok(fresh)
}

fn find(name: usize) -> Result<Arc<Live>, Error> {
    let engines = ENGINES.load();
    let mut engines = engines.iter().flat_map(|engines| engines.iter());
    engines
        .find(|(other, _)| *other == name)
        .map(|(_, live)| Arc::clone(live))
        .ok_or_else(|| gone("engine", name).into())
}

/// To be called with `CHANGING` held.
fn replace(change: impl FnOnce(&mut Vec<(usize, Arc<Live>)>)) {
    let mut engines = ENGINES.load_full().map_or_else(Vec::new, |engines| Vec::clone(&engines));
    change(&mut engines);
    ENGINES.store(Some(Arc::new(engines)));
}

/// Lets time pass on the clock of an engine that was opened with one for tests.
pub(crate) fn move_clock(live: &Live, advance_ms: i64, set_wall_ms: i64) -> Result<(), Error> {
    let clock = live.source.clock.as_ref();
    let clock = clock.ok_or_else(|| Invalid::new("engine", "runs on the system's clock", "one with a test clock"))?;
    if set_wall_ms != 0 {
        clock.set_wall(Timestamp::from_millis(set_wall_ms).map_err(|error| error.for_field("set_wall_ms"))?);
    }
    if !(0..=Timestamp::MAX.millis()).contains(&advance_ms) {
        return Err(
            Invalid::new("advance_ms", format!("is {advance_ms}"), "0 or more, as time does not go back").into()
        );
    }
    // Time stands before the year 10000 at most, so that a few thousand such steps do not leave the range of a clock.
    clock.advance(advance_ms.min(Timestamp::MAX.millis().saturating_sub(clock.wall())).max(0));
    Ok(())
}

/// What the thread that forks holds meanwhile, so that the child finds every lock of this library free.
type Held = (
    MutexGuard<'static, ()>,
    MutexGuard<'static, BTreeMap<usize, Arc<Failure>>>,
    MutexGuard<'static, BTreeMap<usize, Arc<Text>>>,
    MutexGuard<'static, Vec<Arc<Live>>>,
);

thread_local! {
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

fn each_store(act: fn(&SqliteStore)) {
    let engines = ENGINES.load();
    let engines = engines.iter().flat_map(|engines| engines.iter());
    engines.filter(|(_, live)| live.is_ours()).filter_map(|(_, live)| live.store.as_deref()).for_each(act);
}

extern "C" fn before_fork() {
    let _ = std::panic::catch_unwind(|| {
        let changing = lock(&CHANGING);
        each_store(Store::before_fork);
        HELD.with_borrow_mut(|held| *held = Some((changing, ERRORS.lock(), TEXTS.lock(), lock(&INHERITED))));
    });
}

extern "C" fn after_fork_in_parent() {
    let _ = std::panic::catch_unwind(|| {
        each_store(Store::after_fork_in_parent);
        HELD.with_borrow_mut(Option::take);
    });
}

extern "C" fn after_fork_in_child() {
    let _ = std::panic::catch_unwind(|| {
        FORKS.fetch_add(1, Ordering::AcqRel);
        HELD.with_borrow_mut(Option::take);
    });
}
