//! What the handles share, and how the index keeps up with the store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::watch::Bell;
use super::{Desk, Directory, Reconciler};
use crate::check::{CheckState, Decider, KeepsCurrent};
use crate::clock::{Clock, MAX_DOWNTIME, MAX_STEP, SteadyTime, SystemClock};
use crate::error::Error;
use crate::index::Change;
use crate::journal::Record;
use crate::lock::Mutex;
use crate::model::{Fact, Grant, GrantId, Revision, Timestamp};
use crate::store::{Store, StoreError};
use crate::workflow::Rules;

/// What an operator tunes, with the reason for each default.
///
/// ```
/// use jit_access::service::Settings;
/// use std::time::Duration;
///
/// let settings = Settings { max_staleness: Duration::from_millis(500), ..Settings::default() };
/// assert!(settings.interval < settings.max_staleness);
/// ```
#[derive(Debug, Clone)]
pub struct Settings {
    /// How old the last proof that the index is current may be before a grant is no longer honoured without a new one.
    /// Two seconds: the longest that a revocation made in another process can go unnoticed.
    pub max_staleness: Duration,
    /// How far the wall clock may jump ahead before it is not believed. See [`crate::clock::MAX_STEP`].
    pub max_clock_step: Duration,
    /// How often a [`super::Keeper`] looks at the store, notes what time did, and writes uses down. 50 ms: the most that a
    /// power cut can take from the record of uses.
    pub interval: Duration,
    /// How many uses may wait to be written. When they are that many, the check that makes the next one writes first.
    pub waiting_uses: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_staleness: Duration::from_secs(2),
            max_clock_step: MAX_STEP,
            interval: Duration::from_millis(50),
            waiting_uses: 16_384,
        }
    }
}

/// One host's view of one store.
///
/// ```
/// use jit_access::config::Config;
/// use jit_access::service::Builder;
/// use jit_access::store::MemoryStore;
///
/// let config = Config::parse("jit_access: {roles: {deployer: {permissions: [tools.execute]}}}", [])?;
/// let engine = Builder::new(MemoryStore::new(), config.rules).settings(config.settings).open()?;
/// let (decider, desk) = (engine.decider(), engine.desk()); // cheap to clone, one for each thread
/// assert_eq!(engine.revision(), engine.sync()?);
/// # let _ = (decider, desk);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

/// What is needed to open an [`Engine`].
///
/// ```
/// use jit_access::clock::ManualClock;
/// use jit_access::service::{Builder, Settings};
/// use jit_access::store::MemoryStore;
/// use jit_access::workflow::Rules;
///
/// let clock = std::sync::Arc::new(ManualClock::at("2026-12-01T09:00:00Z".parse()?));
/// let engine = Builder::new(MemoryStore::new(), Rules::default()).settings(Settings::default()).clock(clock).open()?;
/// assert_eq!(engine.now(), "2026-12-01T09:00:00Z".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Builder {
    store: Arc<dyn Store>,
    rules: Rules,
    settings: Settings,
    clock: Arc<dyn Clock>,
    directory: Option<Arc<dyn Directory>>,
}

impl Builder {
    /// An engine over this store, under these rules.
    pub fn new(store: impl Store + 'static, rules: Rules) -> Self {
        Self::shared(Arc::new(store), rules)
    }

    /// The same over a store that others hold too.
    pub fn shared(store: Arc<dyn Store>, rules: Rules) -> Self {
        Self { store, rules, settings: Settings::default(), clock: Arc::new(SystemClock::default()), directory: None }
    }

    /// Other settings than the default ones.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Another clock than the system's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Ask the host who still is a reviewer when the last approval comes.
    #[must_use]
    pub fn directory(mut self, directory: impl Directory + 'static) -> Self {
        self.directory = Some(Arc::new(directory));
        self
    }

    /// Reads the live grants. Once this has returned, checks are answered from all that was committed before the call.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn open(self) -> Result<Engine, Error> {
        #[cfg(feature = "cedar")]
        let this = Self { rules: super::policies::with_workflow_policy(self.rules)?, ..self };
        #[cfg(not(feature = "cedar"))]
        let this = self;
        this.start()
    }

    fn start(self) -> Result<Engine, Error> {
        let head = self.store.head()?;
        let time = Arc::new(SteadyTime::with_bounds(self.clock, head.at, self.settings.max_clock_step, MAX_DOWNTIME));
        let rules = Arc::new(self.rules);
        let shared = Shared {
            #[cfg(feature = "cedar")]
            policies: super::policies::Policies::new(&rules)?,
            checks: Arc::new(CheckState::new(
                Arc::clone(&self.store),
                Arc::clone(&rules),
                Arc::clone(&time),
                self.settings.max_staleness,
                self.settings.waiting_uses,
            )),
            rules,
            settings: self.settings,
            directory: self.directory,
            catching_up: Mutex::new(()),
            bell: Bell::default(),
            store: self.store,
            time,
        };
        shared.reload()?;
        Ok(Engine { shared: Arc::new(shared) })
    }
}

impl Engine {
    pub(super) const fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The handle that answers checks.
    #[must_use]
    pub fn decider(&self) -> Decider {
        let shared = Arc::clone(&self.shared);
        Decider::new(Arc::clone(&shared.checks), shared)
    }

    /// The handle that runs the workflow.
    #[must_use]
    pub fn desk(&self) -> Desk {
        Desk::new(Arc::clone(&self.shared))
    }

    /// The handle that does what nobody is waiting for.
    #[must_use]
    pub fn reconciler(&self) -> Reconciler {
        Reconciler::new(Arc::clone(&self.shared))
    }

    /// The rules it was opened with.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.shared.rules
    }

    /// The settings it was opened with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// The instant it is now: never before anything that is in the journal.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.time.now()
    }

    /// The revision that checks are answered from now, at least. It rises with every change: a host that caches answers
    /// drops them when it does.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.shared.checks.index.revision()
    }

    /// Brings the index up to everything committed before this call, by any process; answers the revision. Costs
    /// microseconds when there is nothing new.
    ///
    /// # Errors
    /// When the store cannot be read. Then checks go on from what is known until it is too old.
    pub fn sync(&self) -> Result<Revision, Error> {
        Ok(self.shared.sync()?)
    }
}

/// What the handles share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) store: Arc<dyn Store>,
    /// What checks are answered from.
    pub(super) checks: Arc<CheckState>,
    pub(super) rules: Arc<Rules>,
    #[cfg(feature = "cedar")]
    pub(super) policies: super::policies::Policies,
    pub(super) settings: Settings,
    pub(super) directory: Option<Arc<dyn Directory>>,
    pub(super) time: Arc<SteadyTime>,
    /// Held by the one thread that brings the index forward; checks do not take it.
    catching_up: Mutex<()>,
    /// Rung after the revision has risen.
    pub(super) bell: Bell,
}

/// How many records are read at a time.
const CHUNK: usize = 1_000;

impl Shared {
    fn reload(&self) -> Result<(), StoreError> {
        let asked = self.time.now();
        self.checks.load(&self.store.live(asked)?);
        self.checks.prove(asked);
        Ok(())
    }

    /// See [`Engine::sync`].
    pub(super) fn sync(&self) -> Result<Revision, StoreError> {
        // Read before the store is asked: what is committed in between is not covered by this proof.
        let asked = self.time.now();
        if self.store.may_have_grown(self.checks.index.revision())? {
            let _one = self.catching_up.lock();
            let caught_up = self.catch_up();
            self.bell.ring();
            caught_up?;
        }
        self.checks.prove(asked);
        Ok(self.checks.index.revision())
    }

    fn catch_up(&self) -> Result<(), StoreError> {
        loop {
            let (head, records) = self.store.changes(self.checks.index.revision(), CHUNK)?;
            let complete = records.len() < CHUNK;
            let reached = if complete { head } else { records.last().map_or(head, |record| record.revision) };
            if let Some(last) = records.last() {
                self.time.not_before(last.event.at);
            }
            let resumed = self.resumed(&records)?;
            self.expect(&records);
            self.checks.apply(reached, records.iter().filter_map(|record| change(record, &resumed)));
            if complete {
                return Ok(());
            }
        }
    }

    /// Takes what this process has just committed into the index. Once this has returned, every check sees it.
    pub(super) fn publish(&self, records: &[Record]) {
        let Some((first, last)) = records.first().zip(records.last()) else { return };
        let _one = self.catching_up.lock();
        let resumed = self.resumed(records);
        if let (true, Ok(resumed)) = (self.checks.index.revision().next() == first.revision, &resumed) {
            self.expect(records);
            self.checks.apply(last.revision, records.iter().filter_map(|record| change(record, resumed)));
        } else if self.checks.index.revision() < last.revision && self.catch_up().is_err() {
            // The commit stands but what came before it cannot be read. What it took away must go at once; nothing else
            // may be honoured until the index is known to be whole again.
            let none = BTreeMap::new();
            let gone = records.iter().filter_map(|record| change(record, &none));
            self.checks.apply(Revision::ZERO, gone.filter(|change| matches!(change, Change::Remove(_))));
            self.checks.doubt();
        }
        self.bell.ring();
    }

    /// Takes note of what the index will tell of.
    fn expect(&self, records: &[Record]) {
        for record in records {
            if let Fact::GrantCreated(grant) = &record.event.fact {
                self.checks.expect(grant);
            }
        }
    }

    /// The grants that these records give back, as they stand now. What happened to them since comes in later records, or
    /// stands in the grant already, and then it gives nothing.
    fn resumed(&self, records: &[Record]) -> Result<BTreeMap<GrantId, Grant>, StoreError> {
        let ids = records.iter().filter_map(|record| match &record.event.fact {
            Fact::GrantResumed { grant } => Some(*grant),
            _ => None,
        });
        ids.filter_map(|id| Some((id, self.store.grant(id).map(|view| view.grant).transpose()?)))
            .map(|(id, grant)| Ok((id, grant?)))
            .collect()
    }
}

impl KeepsCurrent for Shared {
    fn sync(&self) -> Result<Revision, StoreError> {
        Self::sync(self)
    }

    fn publish(&self, records: &[Record]) {
        Self::publish(self, records);
    }
}

/// What a record means to the index, given the grants that it gives back.
fn change<'a>(record: &'a Record, resumed: &'a BTreeMap<GrantId, Grant>) -> Option<Change<'a>> {
    match &record.event.fact {
        Fact::GrantCreated(grant) => Some(Change::Add(grant)),
        Fact::GrantResumed { grant } => resumed.get(grant).map(Change::Add),
        Fact::GrantRevoked { grant, .. }
        | Fact::GrantReleased { grant }
        | Fact::GrantExpired { grant }
        | Fact::GrantExhausted { grant }
        | Fact::GrantSuspended { grant, .. } => Some(Change::Remove(*grant)),
        _ => None,
    }
}
