//! What time has made true, and what is waiting to be written.

use std::sync::Arc;

use super::engine::Shared;
use crate::error::Error;
use crate::model::Timestamp;
use crate::notify::messages;
use crate::store::{Batch, StoreError};
use crate::workflow::note;

/// Does what nobody is waiting for. A host calls it from its own scheduler, or lets a [`super::Keeper`] do it; if nobody
/// calls it, the record says things late, and no answer changes.
///
/// ```
/// use jit_access::config::Config;
/// use jit_access::service::Builder;
/// use jit_access::store::MemoryStore;
///
/// let config = Config::parse("jit_access: {roles: {deployer: {permissions: [tools.execute]}}}", [])?;
/// let engine = Builder::new(MemoryStore::new(), config.rules).settings(config.settings).open()?;
/// let tick = engine.reconciler().tick()?; // what a keeper does all the time
/// assert_eq!((tick.noted, tick.next), (0, None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reconciler {
    shared: Arc<Shared>,
}

/// What a tick did, and when the next one has something to do.
///
/// ```
/// # use jit_access::{config::Config, service::Builder, store::MemoryStore};
/// # let config = Config::parse("jit_access: {approver_roles: [lead], roles: {deployer: {permissions: [tools.execute]}}}", [])?;
/// # let engine = Builder::new(MemoryStore::new(), config.rules).open()?;
/// # use jit_access::wire::command;
/// # let made = command::run(&engine.desk(), r#"{"command": "submit", "caller": {"principal": "dev@example.com"},
/// #     "role": "deployer", "duration_hours": 1, "reason": "INC-1234"}"#)?;
/// # let request: RequestId = made.get(7..43).unwrap_or_default().parse()?;
/// # let (dev, lead) = (Principal::user("dev@example.com")?, Principal::user("lead@example.com")?);
/// # let dev = Caller::new(dev, vec![]);
/// # let lead = Caller::new(lead, vec![RoleName::new("lead")?]);
/// # let approve = format!(r#"{{"command": "approve", "caller": {{"principal": "boss", "roles": ["lead"]}}, "request": "{request}"}}"#);
/// # command::run(&engine.desk(), &approve)?;
/// use jit_access::model::*;
/// use jit_access::service::Tick;
///
/// let Tick { next, .. } = engine.reconciler().tick()?;
/// assert!(next.is_some(), "the grant will end");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tick {
    /// How many facts were noted in the journal.
    pub noted: usize,
    /// The next instant at which time makes something true, as far as is known now.
    pub next: Option<Timestamp>,
}

/// How many views are looked at in a tick: a million grants that end together are noted over many ticks.
const CHUNK: usize = 200;

impl Reconciler {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Writes waiting uses, catches up with other processes, and notes what time made true: once, whichever process
    /// gets there first.
    ///
    /// # Errors
    /// When the store cannot be read or written. What was waiting goes on waiting.
    pub fn tick(&self) -> Result<Tick, Error> {
        let shared = &*self.shared;
        shared.flush_uses()?;
        shared.sync()?;
        let now = shared.time.now();
        let views = shared.store.due(now, CHUNK)?;
        let (mut events, mut outbox) = (Vec::new(), Vec::new());
        for view in &views {
            let noted = note(view, now);
            outbox.extend(messages(view, &noted, &shared.rules));
            events.extend(noted);
        }
        let mut noted = events.len();
        shared.checks.forget(now);
        if let Some(decided_from) = views.iter().map(|view| view.revision).min() {
            match shared.store.commit(&Batch { decided_from: Some(decided_from), events, outbox, ..Batch::default() }) {
                Ok(records) => shared.publish(&records),
                // Somebody else was first, with this or with something else: the next tick looks again.
                Err(StoreError::Conflict) => noted = 0,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Tick { noted, next: shared.store.next_due()? })
    }

    /// Writes the uses that wait. Once this has returned, every use that a check of this process answered before the
    /// call is on disk.
    ///
    /// # Errors
    /// When the store cannot be written. What was waiting goes on waiting.
    pub fn flush(&self) -> Result<(), Error> {
        Ok(self.shared.flush_uses()?)
    }
}

impl Shared {
    pub(super) fn flush_uses(&self) -> Result<(), StoreError> {
        self.checks.flush_uses()
    }
}
