//! The delivery work: leases due deliveries from the outbox and gives them to their channels, a thread for each.
//!
//! One thread reads and writes the outbox; the threads of the channels hold nothing of the store. So a channel that hangs delays only
//! itself, and nothing waits for it: not a command, not another channel, not the end of the process. At most one batch of
//! each channel is in memory.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::retry::{Circuit, RetryPolicy};
use crate::clock::instant;
use crate::model::{DeliveryId, Timestamp};
use crate::notify::{Channel, Notice, Outgoing, SendError};
use crate::store::{LeasedDelivery, Settled, StoreError};

/// The outbox, as the work of delivery sees it.
///
/// ```
/// use jit_access::internal::deliver::{Deliverer, Outbox};
/// use jit_access::model::{DeliveryId, Timestamp};
/// use jit_access::store::{LeasedDelivery, Settled, StoreError};
///
/// /// There is never anything to send.
/// #[derive(Debug)]
/// struct Empty;
///
/// impl Outbox for Empty {
///     fn now(&self) -> Timestamp {
///         Timestamp::EPOCH
///     }
///     fn plan(&self) -> Result<(), StoreError> {
///         Ok(())
///     }
///     fn lease(&self, _: &str, _: Timestamp, _: usize) -> Result<Vec<LeasedDelivery>, StoreError> {
///         Ok(vec![])
///     }
///     fn settle(&self, _: DeliveryId, _: &Settled) -> Result<(), StoreError> {
///         Ok(())
///     }
/// }
///
/// let deliverer = Deliverer::start(Empty, [].into())?;
/// drop(deliverer); // ends the work
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Outbox: Debug + Send {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Determines the recipients and channels of due notices.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    fn plan(&self) -> Result<(), StoreError>;

    /// See [`crate::store::Store::lease_deliveries`].
    ///
    /// # Errors
    /// When the store cannot be read or written.
    fn lease(&self, channel: &str, until: Timestamp, limit: usize) -> Result<Vec<LeasedDelivery>, StoreError>;

    /// See [`crate::store::Store::settle_delivery`].
    ///
    /// # Errors
    /// When the store cannot be written.
    fn settle(&self, id: DeliveryId, settled: &Settled) -> Result<(), StoreError>;
}

/// A channel, and how it is used.
#[derive(Debug, Clone)]
pub struct DeliveryChannel {
    /// The channel.
    pub channel: Arc<dyn Channel>,
    /// How often and how long it is tried.
    pub retry: RetryPolicy,
    /// The time limit of one attempt.
    pub timeout: Duration,
}

/// Delivers until it is dropped. It does not survive `fork`: a child starts its own.
#[derive(Debug)]
pub struct Deliverer {
    events: Sender<Event>,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    process: u32,
}

#[derive(Debug)]
enum Event {
    /// What became of a batch.
    Done {
        channel: String,
        results: Vec<(Attempt, Result<Option<String>, Unsent>)>,
    },
    Stop,
}

/// One message of a batch: a delivery, or those of a digest.
#[derive(Debug)]
struct Job {
    deliveries: Vec<LeasedDelivery>,
}

/// The deliveries of an attempt, and how often the first of them was tried.
#[derive(Debug)]
struct Attempt {
    ids: Vec<DeliveryId>,
    number: u32,
}

#[derive(Debug)]
enum Unsent {
    Error(SendError),
    /// It was not tried: the one before it failed, time was short, or the work ends.
    NotTried,
}

/// How often the outbox is looked at.
const POLL: Duration = Duration::from_millis(100);
/// How many deliveries of a working channel are leased at once.
const BATCH: usize = 32;
/// How long the end waits for deliveries in progress.
const LAST_WAIT: Duration = Duration::from_secs(1);
/// A lease lasts for two attempts and this.
const GRACE: Duration = Duration::from_secs(5);
/// At most 15 bytes, so that the system shows all of it.
const NAME: &str = "jit-deliver";

impl Deliverer {
    /// Starts the work. A thread for a channel is started when it has something to send.
    ///
    /// # Errors
    /// When the operating system cannot start a thread.
    pub fn start(outbox: impl Outbox + 'static, channels: BTreeMap<String, DeliveryChannel>) -> std::io::Result<Self> {
        let (events, received) = mpsc::channel();
        let stopping = Arc::new(AtomicBool::new(false));
        let mut work = Work {
            outbox: Box::new(outbox),
            channels: channels.into_iter().map(|(name, line)| (name, State::new(line))).collect(),
            events: events.clone(),
            stopping: Arc::clone(&stopping),
            started: instant(),
            failing: false,
        };
        let thread = thread::Builder::new().name(NAME.to_owned()).spawn(move || work.run(&received))?;
        Ok(Self { events, stopping, thread: Some(thread), process: std::process::id() })
    }
}

impl Drop for Deliverer {
    /// Waits a moment for deliveries in progress; what is not settled then is leased again later. In a forked child
    /// there is nothing to wait for.
    fn drop(&mut self) {
        if self.process != std::process::id() {
            std::mem::forget(self.thread.take());
            return;
        }
        self.stopping.store(true, Ordering::Release);
        let _ = self.events.send(Event::Stop);
        if let Some(thread) = self.thread.take() {
            // A panic in the thread was reported by the panic hook.
            let _ = thread.join();
        }
    }
}

/// One channel as the work sees it.
#[derive(Debug)]
struct State {
    line: DeliveryChannel,
    circuit: Circuit,
    jobs: Option<Sender<(Vec<Job>, Instant)>>,
    is_busy: bool,
    /// What could not be written yet.
    unsettled: Vec<(DeliveryId, Settled)>,
}

impl State {
    fn new(line: DeliveryChannel) -> Self {
        Self { line, circuit: Circuit::default(), jobs: None, is_busy: false, unsettled: Vec::new() }
    }
}

#[derive(Debug)]
struct Work {
    outbox: Box<dyn Outbox>,
    channels: BTreeMap<String, State>,
    events: Sender<Event>,
    stopping: Arc<AtomicBool>,
    started: Instant,
    failing: bool,
}

impl Work {
    fn run(&mut self, received: &Receiver<Event>) {
        loop {
            let round = self.round();
            self.note(round);
            match received.recv_timeout(POLL) {
                Ok(Event::Done { channel, results }) => self.done(&channel, results),
                Ok(Event::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        let until = instant() + LAST_WAIT;
        while self.channels.values().any(|state| state.is_busy) {
            match received.recv_timeout(until.saturating_duration_since(instant())) {
                Ok(Event::Done { channel, results }) => self.done(&channel, results),
                Ok(Event::Stop) => {}
                Err(_) => break,
            }
        }
    }

    fn round(&mut self) -> Result<(), StoreError> {
        let span = tracing::debug_span!("jit.outbox", otel.name = "jit outbox", otel.kind = "internal");
        span.in_scope(|| {
            self.outbox.plan()?;
            let names: Vec<_> = self.channels.keys().cloned().collect();
            names.iter().try_for_each(|name| self.feed(name))
        })
    }

    /// Logged when it begins and when it ends, not ten times a second.
    fn note(&mut self, round: Result<(), StoreError>) {
        let failed = round.is_err();
        match round {
            Err(error) if !self.failing => tracing::warn!(%error, "the outbox cannot be used; trying again"),
            Ok(()) if self.failing => tracing::info!("the outbox can be used again"),
            _ => {}
        }
        self.failing = failed;
    }

    /// Gives a channel its next batch, if it is free.
    fn feed(&mut self, name: &str) -> Result<(), StoreError> {
        let since = instant().saturating_duration_since(self.started);
        let Some(state) = self.channels.get_mut(name) else { return Ok(()) };
        while let Some((id, settled)) = state.unsettled.first() {
            self.outbox.settle(*id, settled)?;
            state.unsettled.remove(0);
        }
        if state.is_busy || !state.circuit.wait(since).is_zero() {
            return Ok(());
        }
        // A channel that is down, or has a rate limit, gets one at a time.
        let limit = if state.circuit.is_down() || !state.line.retry.gap.is_zero() { 1 } else { BATCH };
        let lease = state.line.timeout * 2 + GRACE;
        let leased = self.outbox.lease(name, later(self.outbox.now(), lease), limit)?;
        if leased.is_empty() {
            return Ok(());
        }
        state.circuit.sends(since, &state.line.retry);
        let batch = (jobs(leased), instant() + lease - GRACE);
        let batch = match &state.jobs {
            Some(jobs) => match jobs.send(batch) {
                Ok(()) => None,
                Err(mpsc::SendError(batch)) => Some(batch),
            },
            None => Some(batch),
        };
        if let Some(batch) = batch {
            let jobs = start(name, &state.line, self.events.clone(), Arc::clone(&self.stopping));
            let Some(jobs) = jobs else { return Ok(()) };
            let _ = jobs.send(batch);
            state.jobs = Some(jobs);
        }
        state.is_busy = true;
        Ok(())
    }

    /// Writes down what became of a batch.
    fn done(&mut self, channel: &str, results: Vec<(Attempt, Result<Option<String>, Unsent>)>) {
        let since = instant().saturating_duration_since(self.started);
        let at = self.outbox.now();
        let Some(state) = self.channels.get_mut(channel) else { return };
        state.is_busy = false;
        for (attempt, result) in results {
            let settled = match result {
                Ok(reference) => {
                    if state.circuit.is_down() {
                        tracing::info!(channel, "the channel works again");
                    }
                    state.circuit.succeeded();
                    Settled::Sent { reference }
                }
                Err(Unsent::NotTried) => Settled::RetryAt { at, error: "not tried yet".to_owned() },
                Err(Unsent::Error(SendError::Refused(why))) => {
                    tracing::warn!(channel, delivery = %attempt.ids.first().copied().unwrap_or(NOBODY), error = why, "a notice was refused");
                    Settled::Failed { error: why }
                }
                Err(Unsent::Error(SendError::Later { after, why })) => {
                    if state.circuit.failed(since, &state.line.retry, after) {
                        tracing::warn!(channel, error = why, "the channel does not work; trying again");
                    }
                    match state.line.retry.delay(attempt.number, after) {
                        Some(pause) => Settled::RetryAt { at: later(at, pause), error: why },
                        None => {
                            tracing::error!(channel, delivery = %attempt.ids.first().copied().unwrap_or(NOBODY), error = why, "a notice was given up");
                            let times = if attempt.number == 1 { "attempt" } else { "attempts" };
                            Settled::Failed { error: format!("given up after {} {times}: {why}", attempt.number) }
                        }
                    }
                }
            };
            for id in attempt.ids {
                if let Err(error) = self.outbox.settle(id, &settled) {
                    tracing::debug!(%error, "what became of a notice cannot be written yet");
                    state.unsettled.push((id, settled.clone()));
                }
            }
        }
    }
}

const NOBODY: DeliveryId = DeliveryId::from_u128(0);

/// One message for each delivery, and one for all of a digest to the same recipient.
fn jobs(leased: Vec<LeasedDelivery>) -> Vec<Job> {
    let mut jobs: Vec<Job> = Vec::with_capacity(leased.len());
    for one in leased {
        let same = |job: &&mut Job| {
            job.deliveries.first().is_some_and(|first| {
                first.delivery.digest && one.delivery.digest && first.delivery.recipient == one.delivery.recipient
            })
        };
        match jobs.iter_mut().find(same) {
            Some(job) => job.deliveries.push(one),
            None => jobs.push(Job { deliveries: vec![one] }),
        }
    }
    jobs
}

/// Starts the thread of a channel. `None` when the operating system cannot; the next round tries again.
fn start(
    name: &str,
    line: &DeliveryChannel,
    events: Sender<Event>,
    stopping: Arc<AtomicBool>,
) -> Option<Sender<(Vec<Job>, Instant)>> {
    let (jobs, received) = mpsc::channel::<(Vec<Job>, Instant)>();
    let (channel, own) = (name.to_owned(), Arc::clone(&line.channel));
    let timeout = line.timeout;
    let work = move || {
        while let Ok((batch, until)) = received.recv() {
            let results = send_all((&channel, &*own), batch, until, timeout, &stopping);
            if events.send(Event::Done { channel: channel.clone(), results }).is_err() {
                return;
            }
        }
    };
    match thread::Builder::new().name(NAME.to_owned()).spawn(work) {
        Ok(_) => Some(jobs),
        Err(error) => {
            tracing::warn!(channel = name, %error, "no thread for the channel; trying again");
            None
        }
    }
}

/// Sends one after the other, until one fails in a way that the next would too, or the lease is nearly over.
fn send_all(
    (name, channel): (&str, &dyn Channel),
    batch: Vec<Job>,
    until: Instant,
    timeout: Duration,
    stopping: &AtomicBool,
) -> Vec<(Attempt, Result<Option<String>, Unsent>)> {
    let mut results = Vec::with_capacity(batch.len());
    let mut is_over = false;
    for job in batch {
        let ids: Vec<_> = job.deliveries.iter().map(|one| one.delivery.id).collect();
        let number = job.deliveries.iter().map(|one| one.delivery.attempts).max().unwrap_or(1);
        is_over |= stopping.load(Ordering::Acquire) || (!results.is_empty() && instant() + timeout > until);
        let result = if is_over { Err(Unsent::NotTried) } else { send_in_span((name, channel), &job, number) };
        is_over |= matches!(result, Err(Unsent::Error(SendError::Later { .. })));
        results.push((Attempt { ids, number }, result));
    }
    results
}

/// One attempt is one span, with OpenTelemetry's attribute names for messages. It does not contain the recipient.
fn send_in_span((name, channel): (&str, &dyn Channel), job: &Job, attempt: u32) -> Result<Option<String>, Unsent> {
    let span = tracing::info_span!(
        "jit.delivery",
        otel.name = format_args!("jit send {name}"),
        otel.kind = "producer",
        otel.status_code = tracing::field::Empty,
        messaging.system = "jit",
        messaging.operation.name = "send",
        messaging.destination.name = name,
        messaging.message.id = %job.deliveries.first().map_or(NOBODY, |first| first.delivery.id),
        messaging.batch.message_count = job.deliveries.len(),
        jit.attempt = attempt,
        jit.trace_id = tracing::field::Empty,
        "error.type" = tracing::field::Empty,
    );
    let done = span.in_scope(|| send(channel, job, attempt, &span));
    if let Err(Unsent::Error(error)) = &done {
        let why = match error {
            SendError::Refused(_) => "refused",
            SendError::Later { .. } => "later",
        };
        span.record("error.type", why).record("otel.status_code", "ERROR");
    }
    done
}

/// The traces of the commands that caused the notices, so that an operator finds the message of a command.
fn note_traces(notices: &[Notice], span: &tracing::Span) {
    let mut traces: Vec<&str> = notices.iter().filter_map(|notice| notice.trace_id.as_deref()).collect();
    traces.dedup();
    if !traces.is_empty() {
        span.record("jit.trace_id", traces.join(" ").as_str());
    }
}

fn send(channel: &dyn Channel, job: &Job, attempt: u32, span: &tracing::Span) -> Result<Option<String>, Unsent> {
    let Some(first) = job.deliveries.first() else { return Ok(None) };
    let parse = |one: &LeasedDelivery| {
        let why = |error| Unsent::Error(SendError::Refused(format!("its notice cannot be read: {error}")));
        Notice::parse(&one.body).map_err(why)
    };
    let notices = job.deliveries.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    note_traces(&notices, span);
    let outgoing = Outgoing {
        delivery: first.delivery.id,
        attempt,
        notices: &notices,
        links: &[],
        recipient: &first.delivery.recipient,
        reference: first.reference.as_deref(),
        now: wall(),
    };
    match catch_unwind(AssertUnwindSafe(|| channel.send(&outgoing))) {
        Ok(Ok(sent)) => Ok(sent.reference),
        Ok(Err(error)) => Err(Unsent::Error(error)),
        Err(_) => Err(Unsent::Error(SendError::Later { after: None, why: "the channel panicked".to_owned() })),
    }
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    let millis = u64::try_from(at.millis()).unwrap_or_default();
    Timestamp::at_most(millis.saturating_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)))
}

/// The wall clock, as a receiver has it: dates and signatures are checked by it.
#[expect(clippy::disallowed_methods, reason = "a receiver compares it with its own wall clock")]
fn wall() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::at_most(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
