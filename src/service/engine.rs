//! One host's view of one store: opening it, and the handles of the engine.

use std::sync::Arc;

use super::directory::Directory;
use super::integrity::Integrity;
use super::outbox::Outbox;
use super::reconciler::Reconciler;
use super::settings::Settings;
use super::shared::{Parts, Shared};
use super::workflow::Workflow;
use crate::check::Decider;
use crate::clock::{Clock, SystemClock};
use crate::error::Error;
use crate::model::{Revision, Timestamp};
use crate::store::Store;
use crate::workflow::Rules;

/// One host's view of one store.
///
/// ```
/// use jit_access::config::Config;
/// use jit_access::service::Builder;
/// use jit_access::store::MemoryStore;
///
/// let config = Config::parse("jit_access: {roles: {deployer: {permissions: [tools.execute]}}}", [])?;
/// let engine = Builder::new(MemoryStore::new(), config.rules).settings(config.settings).open()?;
/// let (decider, workflow) = (engine.decider(), engine.workflow()); // cheap to clone, one for each thread
/// assert_eq!(engine.revision(), engine.sync()?);
/// # let _ = (decider, workflow);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

/// The parts and options of a new [`Engine`].
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
    configuration: Option<String>,
    account: Option<String>,
}

impl Builder {
    /// An engine over this store, under these rules.
    pub fn new(store: impl Store + 'static, rules: Rules) -> Self {
        Self::shared(Arc::new(store), rules)
    }

    /// The same over a store that others hold too.
    pub fn shared(store: Arc<dyn Store>, rules: Rules) -> Self {
        let clock = Arc::new(SystemClock::default());
        Self { store, rules, settings: Settings::default(), clock, directory: None, configuration: None, account: None }
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

    /// Sets the directory of the host. It is asked at the last approval who is still a reviewer.
    #[must_use]
    pub fn directory(mut self, directory: impl Directory + 'static) -> Self {
        self.directory = Some(Arc::new(directory));
        self
    }

    /// Records the configuration of this engine: the digest of this text, if it differs from the last recorded one.
    #[must_use]
    pub fn configuration(mut self, values: impl Into<String>) -> Self {
        self.configuration = Some(values.into());
        self
    }

    /// The account of the system that the process runs under: what changes by its start is on record as changed under it.
    #[must_use]
    pub fn account(mut self, account: Option<String>) -> Self {
        self.account = account;
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
        let Self { store, rules, settings, clock, directory, configuration, account } = self;
        let shared = Shared::open(Parts { store, rules, settings, directory, clock, configuration, account })?;
        #[cfg(feature = "cedar")]
        shared.run_policy_tests()?;
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
    pub fn workflow(&self) -> Workflow {
        Workflow::new(Arc::clone(&self.shared))
    }

    /// The handle for background work.
    #[must_use]
    pub fn reconciler(&self) -> Reconciler {
        Reconciler::new(Arc::clone(&self.shared))
    }

    /// The handle for sending notices.
    #[must_use]
    pub fn outbox(&self) -> Outbox {
        Outbox::new(Arc::clone(&self.shared))
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

    /// The result of the last verification of the store by this process.
    #[must_use]
    pub fn integrity(&self) -> Integrity {
        self.shared.integrity.lock().clone()
    }

    /// The current instant. It is never before an instant in the journal.
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
    /// When the store cannot be read. Checks then use the known state until it is too old.
    pub fn sync(&self) -> Result<Revision, Error> {
        Ok(self.shared.sync()?)
    }
}
