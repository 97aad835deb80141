//! How the library's log records reach a host that is not written in Rust.
//!
//! The library logs with `tracing`. A Rust program installs its own subscriber and needs nothing from here. For other
//! languages [`collect`] keeps each record in a short queue, and [`deliver`] passes the queue to the [`Sink`] of the
//! host. It is called where no lock of this library is held: by the bindings at the end of each call, and by the
//! background thread after each round. So a sink may wait for a lock of its own language, and may call the library.

use std::collections::VecDeque;
use std::fmt::{self, Debug};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, ThreadId};
use std::time::Duration;

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span;
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};

use crate::lock::{Condvar, Mutex, MutexGuard};
use crate::model::shown;

/// One log record.
///
/// ```
/// use jit_access::host::log::{Level, Record};
///
/// let record = Record::new(Level::Warn, "jit_access::clock", "the clock is behind the journal");
/// assert_eq!((record.level, record.fields.len()), (Level::Warn, 0));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// How urgent it is.
    pub level: Level,
    /// The origin: a path such as `jit_access::host::background`.
    pub target: &'static str,
    /// What happened.
    pub message: String,
    /// The other fields, in the order in which they were given.
    pub fields: Vec<(&'static str, String)>,
}

/// How urgent a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Something works again, or was decided.
    Info,
    /// Something does not work now, and is tried again.
    Warn,
    /// Something is lost or broken.
    Error,
}

/// Where a host receives its records.
///
/// ```
/// use jit_access::host::log::{self, Record, Sink};
/// use std::sync::{Arc, Mutex};
///
/// #[derive(Default)]
/// struct Kept(Mutex<Vec<String>>);
///
/// impl Sink for Kept {
///     fn write(&self, record: &Record) {
///         if let Ok(mut kept) = self.0.lock() {
///             kept.push(record.to_string());
///         }
///     }
/// }
///
/// log::collect();
/// log::set_sink(Some(Arc::new(Kept::default())));
/// log::deliver(); // as the bindings do at the end of each call
/// log::set_sink(None);
/// ```
pub trait Sink: Send + Sync {
    /// Takes one record. Called by one thread at a time, without any lock of this library held. Logs of this thread
    /// meanwhile come afterwards; only logs that a sink causes while it takes such a record are dropped, to prevent an
    /// endless loop.
    fn write(&self, record: &Record);
}

/// The most waiting records. When more come, the oldest are counted and dropped.
const CAPACITY: usize = 1_024;

static STATE: Mutex<State> =
    Mutex::new(State { waiting: VecDeque::new(), dropped: 0, sink: None, delivering: None, echoes: false });
/// Notified when a delivery ends.
static IDLE: Condvar = Condvar::new();
/// Whether [`deliver`] has something to do.
static WAITING: AtomicBool = AtomicBool::new(false);

struct State {
    /// Each with whether the sink itself has caused it.
    waiting: VecDeque<(Record, bool)>,
    dropped: u64,
    sink: Option<Arc<dyn Sink>>,
    /// The thread that calls the sink now.
    delivering: Option<ThreadId>,
    /// Whether the current record was caused by the sink itself.
    echoes: bool,
}

/// From now on every record of this library is kept for [`deliver`]. Does nothing when the program has a `tracing`
/// subscriber for all threads already: then the records go there.
pub fn collect() {
    // An error means that there is one already.
    let _ = tracing::subscriber::set_global_default(Collector);
}

/// Sends records to this sink from now on, or drops them. Once this has returned the earlier sink is not called any
/// more; but a sink that calls this from its own `write` finishes that record.
pub fn set_sink(sink: Option<Arc<dyn Sink>>) {
    let me = thread::current().id();
    let mut state = STATE.lock();
    if sink.is_none() {
        state.waiting.clear();
    }
    let old = std::mem::replace(&mut state.sink, sink);
    while state.delivering.is_some_and(|other| other != me) {
        state = IDLE.wait_for(state, Duration::from_secs(1));
    }
    drop(state);
    // Outside the lock: dropping it may run code of the host.
    drop(old);
}

/// Passes the waiting records to the sink, on this thread. Returns at once when there are none, when there is no sink,
/// or when another thread is delivering and takes these records too.
#[inline]
pub fn deliver() {
    if WAITING.load(Ordering::Acquire) {
        deliver_now();
    }
}

#[cold]
fn deliver_now() {
    let mut state = STATE.lock();
    if state.delivering.is_some() {
        return;
    }
    state.delivering = Some(thread::current().id());
    while let (Some(sink), Some(record)) = (state.sink.clone(), state.next()) {
        drop(state);
        // A sink that panics loses its record.
        let _ = catch_unwind(AssertUnwindSafe(|| sink.write(&record)));
        // Outside the lock: dropping the last reference may run code of the host.
        drop(sink);
        state = STATE.lock();
    }
    // In the same step as the check of the queue: otherwise a record that comes now would not be delivered.
    WAITING.store(false, Ordering::Release);
    state.delivering = None;
    drop(state);
    IDLE.notify_all();
}

impl State {
    fn next(&mut self) -> Option<Record> {
        if self.dropped > 0 {
            let mut record = Record::new(Level::Warn, module_path!(), "log records were dropped: too many waited");
            record.fields.push(("count", self.dropped.to_string()));
            self.dropped = 0;
            self.echoes = true;
            return Some(record);
        }
        let (record, echoes) = self.waiting.pop_front()?;
        self.echoes = echoes;
        Some(record)
    }

    fn add(&mut self, record: Record) {
        let is_the_sinks_own = self.delivering.is_some_and(|thread| thread == thread::current().id());
        // Records that a sink causes come to it once; records caused by those would never end.
        if self.sink.is_none() || is_the_sinks_own && self.echoes {
            return;
        }
        if self.waiting.len() >= CAPACITY {
            self.waiting.pop_front();
            self.dropped += 1;
        }
        self.waiting.push_back((record, is_the_sinks_own));
        WAITING.store(true, Ordering::Release);
    }
}

/// Logs a panic. For a panic hook, where the default one would print.
pub fn panicked(panic: &PanicHookInfo<'_>) {
    let message = panic.payload_as_str().unwrap_or("without a message");
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(target: "jit_access::panic", location, "the library panicked: {message}");
}

/// The queue, locked over a fork.
pub(super) struct Held(MutexGuard<'static, State>);

pub(super) fn hold() -> Held {
    Held(STATE.lock())
}

impl Held {
    /// In the child: what waits is the parent's to deliver, and no other thread is here to end a delivery.
    pub(super) fn forget(mut self) {
        let me = thread::current().id();
        self.0.waiting.clear();
        self.0.dropped = 0;
        self.0.delivering = self.0.delivering.filter(|thread| *thread == me);
        WAITING.store(false, Ordering::Release);
    }
}

impl Record {
    /// A record without fields.
    #[must_use]
    pub fn new(level: Level, target: &'static str, message: impl Into<String>) -> Self {
        Self { level, target, message: message.into(), fields: Vec::new() }
    }
}

/// The message, followed by the fields as `name=value`.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for (at, (name, value)) in self.fields.iter().enumerate() {
            write!(f, "{}{name}={value}", if at == 0 { ": " } else { " " })?;
        }
        Ok(())
    }
}

impl Level {
    fn of(level: tracing::Level) -> Option<Self> {
        match level {
            tracing::Level::ERROR => Some(Self::Error),
            tracing::Level::WARN => Some(Self::Warn),
            tracing::Level::INFO => Some(Self::Info),
            _ => None,
        }
    }
}

/// Keeps this library's events. It has no spans.
struct Collector;

impl Collector {
    fn wants(metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= tracing::Level::INFO && metadata.target().starts_with("jit_access")
    }
}

impl Subscriber for Collector {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if Self::wants(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        Self::wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::INFO)
    }

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let Some(level) = Level::of(*metadata.level()) else { return };
        let mut record = Record::new(level, metadata.target(), String::new());
        event.record(&mut Fields(&mut record));
        STATE.lock().add(record);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        span::Id::from_u64(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Fields<'a>(&'a mut Record);

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // It may contain text from others: one record stays one line, with its contents visible.
        let text = shown(&format!("{value:?}"));
        if field.name() == "message" {
            self.0.message.push_str(&text);
        } else {
            self.0.fields.push((field.name(), text));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    struct Channel(Mutex<Sender<String>>);

    impl Sink for Channel {
        fn write(&self, record: &Record) {
            let _ = self.0.lock().send(format!("{:?} {} {record}", record.level, record.target));
            if record.message.starts_with("for the sink") {
                tracing::warn!(target: "jit_access::tests", "caused by the sink");
                deliver();
            }
            if record.message == "caused by the sink" {
                tracing::warn!(target: "jit_access::tests", "caused by what the sink has caused: dropped");
            }
            if record.message == "the last one" {
                set_sink(None);
            }
        }
    }

    #[test]
    fn records_reach_the_sink_on_one_line_each_and_a_sink_may_call_back() {
        collect();
        let (sender, records) = channel();
        tracing::error!(target: "jit_access::tests", "before there is a sink");
        set_sink(Some(Arc::new(Channel(Mutex::new(sender)))));
        tracing::warn!(target: "other_crate", "not ours");
        tracing::debug!(target: "jit_access::tests", "below the lowest level");
        tracing::warn!(target: "jit_access::tests", error = %"disk full", count = 3, name = "x", "for the sink");
        deliver();
        let forged = "x\nERROR jit_access: the store is whole\r\n\u{1b}[2K\u{202e}\u{2028}";
        tracing::warn!(target: "jit_access::tests", error = %forged, name = forged, kept = ?[forged], "as {forged} said");
        deliver();
        tracing::warn!(target: "jit_access::tests", "the last one");
        deliver();
        // Other tests of this program may log at the same time. The last sender is dropped with the sink.
        let ours: Vec<_> = records.iter().filter(|record| record.contains("tests")).collect();
        let once = "x ⏎ ERROR jit_access: the store is whole ⏎ [U+001B][2K[U+202E][U+2028]";
        let escaped = r#"["x\nERROR jit_access: the store is whole\r\n\u{1b}[2K\u{202e}\u{2028}"]"#;
        let forged = format!("as {once} said: error={once} name={once} kept={escaped}");
        let told = ["for the sink: error=disk full count=3 name=x", "caused by the sink", &forged, "the last one"];
        assert_eq!(ours, told.map(|told| format!("Warn jit_access::tests {told}")));
    }

    #[test]
    fn what_is_too_much_is_counted() {
        struct Nothing;
        impl Sink for Nothing {
            fn write(&self, _: &Record) {}
        }
        let sink: Arc<dyn Sink> = Arc::new(Nothing);
        let mut state =
            State { waiting: VecDeque::new(), dropped: 0, sink: Some(sink), delivering: None, echoes: false };
        for n in 0..CAPACITY + 2 {
            state.add(Record::new(Level::Info, "jit_access", n.to_string()));
        }
        let first = state.next().unwrap();
        assert_eq!(first.to_string(), "log records were dropped: too many waited: count=2");
        assert_eq!(state.next().unwrap().message, "2");
        assert_eq!(state.waiting.len(), CAPACITY - 1);
    }
}
