//! The uses that are not written yet.
//!
//! A check must not wait for another check or for memory. So each thread adds its uses to its own queue, as text in
//! buffers that are reused. The text is parsed when the uses are written.

use core::net::IpAddr;
use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::lock::Mutex;
use crate::model::{
    Action, Actor, Context, Event, Fact, GrantId, Principal, PrincipalKind, RawQuery, Resource, SessionId, Timestamp,
    UseDetails,
};
use crate::store::StoreError;

/// The uses that wait to be written. Their number is bounded: if the queues are full, the next check writes them first,
/// and if that fails its use is not accepted. No use is dropped.
///
/// Uses of one thread stay in order, and so do uses of different milliseconds. Threads that add uses at the same
/// instant may exceed the bound by one use each.
#[derive(Debug)]
pub(super) struct Recorder {
    queues: Box<[Queue]>,
    /// How many uses may wait in one queue before the total is computed.
    share: usize,
    capacity: usize,
    /// Whether records contain what the host reports about a call.
    detailed: bool,
    /// How many uses are being written, or could not be written last time.
    pending: AtomicUsize,
    /// Held while a batch is written, so that uses stay in order and a reader who flushes sees them all.
    writing: Mutex<Writing>,
}

/// A queue on separate cache lines.
#[derive(Debug)]
#[repr(align(128))]
struct Queue {
    waiting: Mutex<Uses>,
    len: AtomicUsize,
}

#[derive(Debug, Default)]
struct Writing {
    events: Vec<Event>,
    /// An empty buffer that replaces the full buffer of a queue.
    spare: Uses,
}

/// Uses, with all their text in one buffer.
#[derive(Debug, Default)]
struct Uses {
    uses: Vec<Use>,
    text: String,
    /// The details of each use, if details are recorded.
    details: Vec<Reported>,
}

#[derive(Debug)]
struct Use {
    at: Timestamp,
    grant: GrantId,
    principal_kind: PrincipalKind,
    /// The lengths of the principal, the action, the kind and the id of the resource, and of its parent's kind and id,
    /// in the order of the text.
    lens: [u32; 4],
    parent: Option<[u32; 2]>,
}

/// What the host reported about a call, kept until the record of the use is made.
#[derive(Debug, Default)]
struct Reported {
    address: Option<IpAddr>,
    session: Option<SessionId>,
    details: Option<Arc<UseDetails>>,
}

/// The number of queues, unless so few uses may wait that one queue is enough.
const QUEUES: usize = 8;
const WORTH_SPLITTING: usize = 1_024;
/// A queue gets room for this multiple of the uses that it had between the last two batches.
const FEW_TIMES: usize = 4;
/// The expected length of the text of a use.
const TEXT: usize = 96;

thread_local! {
    static THREAD: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// The number of this thread.
fn thread() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    THREAD.with(|thread| {
        if thread.get() == usize::MAX {
            thread.set(THREADS.fetch_add(1, Ordering::Relaxed));
        }
        thread.get()
    })
}

impl Recorder {
    pub(super) fn new(capacity: usize, detailed: bool) -> Self {
        let capacity = capacity.max(1);
        let queues = if capacity < WORTH_SPLITTING { 1 } else { QUEUES };
        let share = capacity / queues;
        let uses = || {
            let mut uses = Uses::default();
            uses.make_room_for(share, detailed);
            uses
        };
        let queue = || Queue { waiting: Mutex::new(uses()), len: AtomicUsize::new(0) };
        Self {
            queues: std::iter::repeat_with(queue).take(queues).collect(),
            share,
            capacity,
            detailed,
            pending: AtomicUsize::new(0),
            writing: Mutex::new(Writing { events: Vec::new(), spare: uses() }),
        }
    }

    /// Adds a use. If the queues are full, `flush` is called first, and its error is returned.
    pub(super) fn push(
        &self,
        at: Timestamp,
        grant: GrantId,
        query: &RawQuery<'_>,
        flush: impl FnOnce() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        // INVARIANT: there is at least one queue, and the remainder is the place of one of them.
        #[expect(clippy::indexing_slicing, reason = "see the invariant")]
        let queue = &self.queues[thread() % self.queues.len()];
        let may_be_full = queue.len.load(Ordering::Relaxed) >= self.share || self.pending.load(Ordering::Relaxed) > 0;
        if may_be_full && self.len() >= self.capacity {
            flush()?;
        }
        let mut waiting = queue.waiting.lock();
        waiting.push(at, grant, query, self.detailed);
        queue.len.store(waiting.uses.len(), Ordering::Relaxed);
        Ok(())
    }

    /// Writes all waiting uses. After an error they still wait.
    pub(super) fn flush(
        &self,
        write: impl FnOnce(&mut Vec<Event>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut writing = self.writing.lock();
        let writing = &mut *writing;
        let old = writing.events.len();
        for queue in &self.queues {
            // Allocated here, so that no check waits for memory when there are more uses than ever before.
            let wanted = queue.len.load(Ordering::Relaxed).saturating_mul(FEW_TIMES).min(self.capacity);
            writing.spare.make_room_for(wanted, self.detailed);
            let mut waiting = queue.waiting.lock();
            if waiting.uses.is_empty() {
                continue;
            }
            std::mem::swap(&mut *waiting, &mut writing.spare);
            self.pending.fetch_add(writing.spare.uses.len(), Ordering::Relaxed);
            queue.len.store(0, Ordering::Relaxed);
            drop(waiting);
            writing.spare.drain_into(&mut writing.events);
        }
        if writing.events.is_empty() {
            return Ok(());
        }
        if let Some(new) = writing.events.get_mut(old..) {
            new.sort_by_key(|event| event.at);
        }
        write(&mut writing.events)?;
        writing.events.clear();
        self.pending.store(0, Ordering::Relaxed);
        Ok(())
    }

    /// The details in the record of this use.
    pub(super) fn details_of(&self, query: &RawQuery<'_>) -> Option<Arc<UseDetails>> {
        query.context().filter(|_| self.detailed).and_then(Context::use_details)
    }

    /// How many uses wait.
    fn len(&self) -> usize {
        let queued: usize = self.queues.iter().map(|queue| queue.len.load(Ordering::Relaxed)).sum();
        queued + self.pending.load(Ordering::Relaxed)
    }
}

impl Uses {
    /// Makes room for so many, where there are none.
    fn make_room_for(&mut self, count: usize, detailed: bool) {
        self.uses.reserve(count);
        self.text.reserve(count.saturating_mul(TEXT));
        if detailed {
            self.details.reserve(count);
        }
    }

    fn push(&mut self, at: Timestamp, grant: GrantId, query: &RawQuery<'_>, detailed: bool) {
        let texts = [query.principal(), query.action(), query.resource_kind(), query.resource_id()];
        let parent = query.parent().map(|(kind, id)| [kind, id]);
        for text in texts.iter().chain(parent.iter().flatten()) {
            self.text.push_str(text);
        }
        self.uses.push(Use {
            at,
            grant,
            principal_kind: query.principal_kind(),
            lens: texts.map(len),
            parent: parent.map(|texts| texts.map(len)),
        });
        if detailed {
            self.details.push(query.context().map(Reported::from).unwrap_or_default());
        }
    }

    /// Converts them into events, and keeps the buffers.
    fn drain_into(&mut self, events: &mut Vec<Event>) {
        events.reserve(self.uses.len());
        let mut rest = self.text.as_str();
        let mut reported = self.details.drain(..);
        // Most uses are by few people of few resources, so equal values share their memory.
        let mut known: HashMap<_, (Principal, Action, Resource), foldhash::quality::RandomState> = HashMap::default();
        for used in self.uses.drain(..) {
            let lens = used.lens.iter().chain(used.parent.iter().flatten());
            // INVARIANT: the lengths are those of the texts that were pushed, in the same order.
            let (text, after) = rest.split_at_checked(lens.map(|len| *len as usize).sum()).unwrap_or_default();
            rest = after;
            let same = (text, used.principal_kind, used.lens, used.parent);
            let (principal, action, resource) = known.entry(same).or_insert_with(|| used.values(text)).clone();
            let details = reported.next().and_then(Reported::into_details);
            events.push(Event {
                at: used.at,
                by: Actor::Principal(principal),
                fact: Fact::GrantUsed {
                    grant: used.grant,
                    action,
                    resource,
                    drill: false,
                    left: None,
                    used_at: None,
                    details,
                },
            });
        }
        drop(known);
        self.text.clear();
    }
}

impl Use {
    /// The values in its text.
    fn values(&self, text: &str) -> (Principal, Action, Resource) {
        let mut rest = text;
        let mut take = |len: u32| {
            let (text, after) = rest.split_at_checked(len as usize).unwrap_or_default();
            rest = after;
            text
        };
        let [principal, action, kind, id] = self.lens.map(&mut take);
        let parent = self.parent.map(|lens| lens.map(&mut take).into());
        RawQuery::from_checked((self.principal_kind, principal), action, (kind, id), parent).to_values()
    }
}

impl Reported {
    fn into_details(self) -> Option<Arc<UseDetails>> {
        Context::default().address(self.address).session(self.session).details(self.details).use_details()
    }
}

impl From<&Context> for Reported {
    fn from(context: &Context) -> Self {
        Self { address: context.address, session: context.session.clone(), details: context.details.clone() }
    }
}

/// The length as `u32`; the model bounds it far below the maximum.
fn len(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}
