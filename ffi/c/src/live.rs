//! Which engines are open, and which of them serve this process.
//!
//! A call finds its engine without a lock. Opening and closing exclude each other, and forks.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::catch_unwind;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

use arc_swap::ArcSwapOption;
use jit_access::Error;
use jit_access::clock::{Clock as _, ManualClock};
use jit_access::host::{Host, HostBuilder, fork};
use jit_access::model::{Invalid, Timestamp};

use crate::guard::{ERRORS, Failure, at_fork};
use crate::handle::{gone, new_engine_name, was_engine};
use crate::log::watch_panics;
use crate::{TEXTS, Text};

/// The open engines by name. Few, so they are simply looked through.
static ENGINES: ArcSwapOption<Vec<(usize, Arc<Live>)>> = ArcSwapOption::const_empty();

/// Held while the list changes, and over a fork.
static CHANGING: Mutex<()> = Mutex::new(());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An open engine.
pub(crate) struct Live {
    pub(crate) host: Host,
    clock: Option<Arc<ManualClock>>,
    /// The last field, dropped after the host.
    end: End,
}

impl Drop for Live {
    /// Runs when the last call has left.
    fn drop(&mut self) {
        lock(&self.end.state.0).result = Some(self.host.finish());
    }
}

/// Tells the thread that closes an engine that nothing is left of it.
#[derive(Default)]
struct End {
    state: Arc<(Mutex<EndState>, Condvar)>,
}

#[derive(Default)]
struct EndState {
    is_over: bool,
    result: Option<Result<(), Error>>,
}

impl Drop for End {
    fn drop(&mut self) {
        lock(&self.state.0).is_over = true;
        self.state.1.notify_all();
    }
}

/// Opens an engine and gives it a name.
pub(crate) fn open(builder: HostBuilder, clock: Option<Arc<ManualClock>>) -> Result<usize, Error> {
    static WATCHING: OnceLock<()> = OnceLock::new();
    let _one = lock(&CHANGING);
    if WATCHING.get().is_none() {
        watch_panics();
        at_fork(before_fork, after_fork_in_parent, after_fork_in_child)?;
        let _ = WATCHING.set(());
    }
    let live = Arc::new(Live { host: builder.open()?, clock, end: End::default() });
    let name = new_engine_name();
    replace(|engines| engines.push((name, live)));
    Ok(name)
}

/// Takes the engine's name away, waits for the calls that are inside, and closes it.
pub(crate) fn close(name: usize) -> Result<(), Error> {
    if name == 0 {
        return Ok(());
    }
    let _one = lock(&CHANGING);
    let live = find(name).ok_or_else(|| gone("engine", name))?;
    replace(|engines| engines.retain(|(other, _)| *other != name));
    if !live.host.is_of_this_process() {
        // Threads of the parent may have been inside at the fork, and never leave here.
        return Ok(());
    }
    live.host.watch().end();
    let state = Arc::clone(&live.end.state);
    drop(live);
    let (end, over) = &*state;
    let mut end = over.wait_while(lock(end), |end| !end.is_over).unwrap_or_else(PoisonError::into_inner);
    end.result.take().unwrap_or(Ok(()))
}

/// Calls the engine of this name. Meanwhile none can be closed, so this is for what does not wait.
#[inline]
pub(crate) fn with<R>(name: usize, call: impl FnOnce(&Live) -> Result<R, Error>) -> Result<R, Error> {
    let engines = ENGINES.load();
    let found = engines.as_ref().and_then(|engines| engines.iter().find(|(other, _)| *other == name));
    match found {
        Some((_, live)) if live.host.is_of_this_process() => {
            live.host.ensure_background()?;
            call(live)
        }
        Some(_) => {
            drop(engines);
            call(&*pinned(name)?)
        }
        None => Err(not_open(name)),
    }
}

/// The engine of this name, for calls that take their time.
pub(crate) fn pinned(name: usize) -> Result<Arc<Live>, Error> {
    let mut live = find(name).ok_or_else(|| not_open(name))?;
    if !live.host.is_of_this_process() {
        live = opened_in_child(name)?;
    }
    live.host.ensure_background()?;
    Ok(live)
}

#[cold]
fn opened_in_child(name: usize) -> Result<Arc<Live>, Error> {
    let _one = lock(&CHANGING);
    // Another thread of this child may have been first.
    let inherited = find(name).ok_or_else(|| not_open(name))?;
    if inherited.host.is_of_this_process() {
        return Ok(inherited);
    }
    let host = inherited.host.reopen()?;
    let fresh = Arc::new(Live { host, clock: inherited.clock.clone(), end: End::default() });
    replace(|engines| {
        for (other, live) in engines.iter_mut().filter(|(other, _)| *other == name) {
            (*other, *live) = (name, Arc::clone(&fresh));
        }
    });
    Ok(fresh)
}

fn find(name: usize) -> Option<Arc<Live>> {
    let engines = ENGINES.load();
    let mut engines = engines.iter().flat_map(|engines| engines.iter());
    engines.find(|(other, _)| *other == name).map(|(_, live)| Arc::clone(live))
}

/// Another thread may close an engine while this one calls it, so that is no mistake in the call.
#[cold]
fn not_open(name: usize) -> Error {
    if was_engine(name) { Error::Closed } else { gone("engine", name).into() }
}

/// To be called with `CHANGING` held.
fn replace(change: impl FnOnce(&mut Vec<(usize, Arc<Live>)>)) {
    let mut engines = ENGINES.load_full().map_or_else(Vec::new, |engines| Vec::clone(&engines));
    change(&mut engines);
    ENGINES.store(Some(Arc::new(engines)));
}

/// Lets time pass on the clock of an engine that was opened with one for tests.
pub(crate) fn move_clock(live: &Live, advance_ms: i64, set_wall_ms: i64) -> Result<(), Error> {
    let clock = live.clock.as_ref();
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

/// What the thread that forks holds meanwhile, so that the child finds these locks free.
type Held = (
    MutexGuard<'static, ()>,
    MutexGuard<'static, BTreeMap<usize, Arc<Failure>>>,
    MutexGuard<'static, BTreeMap<usize, Arc<Text>>>,
);

thread_local! {
    static HELD: RefCell<Option<Held>> = const { RefCell::new(None) };
}

extern "C" fn before_fork() {
    let _ = catch_unwind(|| {
        let changing = lock(&CHANGING);
        fork::before();
        HELD.with_borrow_mut(|held| *held = Some((changing, ERRORS.lock(), TEXTS.lock())));
    });
}

extern "C" fn after_fork_in_parent() {
    let _ = catch_unwind(|| {
        fork::after_in_parent();
        HELD.with_borrow_mut(Option::take);
    });
}

extern "C" fn after_fork_in_child() {
    let _ = catch_unwind(|| {
        fork::after_in_child();
        HELD.with_borrow_mut(Option::take);
    });
}
