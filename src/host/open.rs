//! How a configuration becomes an open engine.

use std::collections::BTreeMap;
use std::mem;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::background::Background;
use super::delivery::{Channels, Delivery, Own};
use super::fork::{self, Opening};
use super::keeper::{Keeper, Keeping};
use super::listening::Listening;
use crate::check::Decider;
use crate::clock::{Clock, SystemClock};
use crate::config::{Checked, Config, StoreConfig};
use crate::error::Error;
use crate::lock::Mutex;
use crate::model::Invalid;
use crate::notify::Channel;
use crate::service::{Builder, Directory, Engine, Reconciler, Watch, Workflow};
use crate::store::{MemoryStore, SqliteOptions, SqliteStore, Store};

/// An engine opened from a configuration, with its store and its background work.
///
/// Dropping it stops the background work and writes the uses that wait. [`Host::close`] does the same and returns the
/// error, if there is one.
///
/// ```
/// use jit_access::check::Check;
/// use jit_access::config::Config;
/// use jit_access::model::{Outcome, PrincipalKind};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("jit.db");
/// let config = format!("jit_access: {{store: {{path: {path:?}}}, roles: {{deployer: {{permissions: [tools.execute]}}}}}}");
/// let host = Config::parse(&config, jit_access::host::environment())?.open()?;
/// let check = Check::text((PrincipalKind::User, "dev@example.com"), "tools.execute", Some("tool:deploy"), None);
/// assert_eq!(host.decider().check(&check)?.outcome, Outcome::NotApplicable);
/// host.close()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Host {
    pub(super) engine: Engine,
    decider: Decider,
    workflow: Workflow,
    reconciler: Arc<Reconciler>,
    watch: Watch,
    pub(super) threads: Mutex<Option<Threads>>,
    pub(super) channels: Mutex<Channels>,
    /// The channels of the host; a child has those that are added later too.
    pub(super) own: Arc<Mutex<Own>>,
    keeper: Keeper,
    /// Whether the first call has to start the background work.
    starts_at_first_use: AtomicBool,
    is_finished: AtomicBool,
    generation: u64,
    builder: Arc<HostBuilder>,
    /// The last field, so that it is dropped after every handle.
    store: Connections,
}

/// The work that is done beside the calls.
#[derive(Debug)]
pub(super) struct Threads {
    /// The first field, so that it ends before the background work.
    #[cfg_attr(not(any(feature = "smtp", feature = "webhooks")), expect(dead_code, reason = "it is empty then"))]
    pub(super) delivery: Delivery,
    _keeping: Keeping,
    _listening: Option<Listening>,
    _background: Background,
}

impl Threads {
    fn start(engine: &Engine, channels: &Channels, keeper: &Keeper, hears: bool) -> Result<Self, Error> {
        Ok(Self {
            delivery: channels.start(engine)?,
            _keeping: Keeping::start(keeper)?,
            _listening: hears.then(|| Listening::start(engine)).transpose()?,
            _background: Background::start(engine)?,
        })
    }
}

/// The options of a [`Host`], besides its configuration.
///
/// ```
/// use jit_access::clock::ManualClock;
/// use jit_access::config::Config;
/// use jit_access::host::{BackgroundWork, Host};
/// use std::sync::Arc;
///
/// let clock = Arc::new(ManualClock::at("2026-12-01T09:00:00Z".parse()?));
/// let config = Config::parse("jit_access: {store: {type: memory}}", [])?;
/// let host = Host::builder(config).clock(clock.clone()).background(BackgroundWork::Off).open()?;
/// clock.advance(1_000);
/// assert_eq!(host.engine().now(), "2026-12-01T09:00:01Z".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct HostBuilder {
    config: Config,
    clock: Arc<dyn Clock>,
    directory: Option<Arc<dyn Directory>>,
    background: BackgroundWork,
    channels: Own,
}

/// When the thread of the background work starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum BackgroundWork {
    /// When the host opens.
    #[default]
    AtOpen,
    /// At the first call of [`Host::ensure_background`]. Opening checks that a thread can be started, and leaves none
    /// running: a process that opens first and forks its workers afterwards forks without one.
    AtFirstUse,
    /// Never: the program calls [`Reconciler::tick`] itself.
    Off,
}

impl Config {
    /// Opens an engine over the store that this configuration names.
    ///
    /// # Errors
    /// As for [`HostBuilder::open`].
    pub fn open(self) -> Result<Host, Error> {
        Host::builder(self).open()
    }

    /// Reads the file at `path`, and the variables of `environ` that begin with `JIT_`. Relative paths in the file count
    /// from its folder.
    ///
    /// # Errors
    /// When the file cannot be read, as a mistake in `path`; otherwise as for [`Config::parse`].
    pub fn from_file(
        path: impl AsRef<Path>,
        environ: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Invalid> {
        let path = path.as_ref();
        Self::parse_in(path.parent(), &read(path)?, environ).map_err(|error| in_file(&error, path))
    }
}

/// Adds the file to the error. An error of an environment variable names the variable and has no file.
fn in_file(error: &Invalid, path: &Path) -> Invalid {
    let shown = path.to_string_lossy();
    let names_its_place = error.problem().contains("(set by the variable ") || error.field().starts_with("JIT_");
    let place = if names_its_place { String::new() } else { format!(" (in {})", Invalid::quote(&shown)) };
    Invalid::new(error.field().to_owned(), format!("{}{place}", error.problem()), error.expected().to_owned())
}

/// The process's environment variables. A value that is not UTF-8 contains U+FFFD, which the configuration refuses;
/// [`std::env::vars`] panics on it.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
}

impl Config {
    /// All mistakes and warnings of the file at `path`, and whether the store's file could be opened. Nothing is written.
    ///
    /// # Errors
    /// When the file cannot be read, as a mistake in `path`.
    pub fn check_file(
        path: impl AsRef<Path>,
        environ: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Checked, Invalid> {
        let path = path.as_ref();
        Ok(Self::check(path.parent(), &read(path)?, environ))
    }
}

/// The account that this process runs under, as the system has it: `jit`, or `uid 1000` where it has no name.
#[cfg(target_os = "linux")]
fn account() -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;

    let user = std::fs::metadata("/proc/self").ok()?.uid().to_string();
    let known = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = known.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == user).then(|| name.to_owned())
    });
    Some(named.unwrap_or_else(|| format!("uid {user}")))
}

#[cfg(not(target_os = "linux"))]
const fn account() -> Option<String> {
    None
}

fn read(path: &Path) -> Result<String, Invalid> {
    std::fs::read_to_string(path).map_err(|error| {
        let problem = format!("is {}, which cannot be read: {error}", Invalid::quote(&path.to_string_lossy()));
        Invalid::new("path", problem, "a YAML file")
    })
}

impl HostBuilder {
    /// Another clock than the system's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Where the current standing of people is looked up: see [`Directory`].
    #[must_use]
    pub fn directory(mut self, directory: impl Directory + 'static) -> Self {
        self.directory = Some(Arc::new(directory));
        self
    }

    /// When the background work starts.
    #[must_use]
    pub const fn background(mut self, when: BackgroundWork) -> Self {
        self.background = when;
        self
    }

    /// Adds a channel for notices. The configuration must not have one with this name.
    #[must_use]
    pub fn channel(mut self, name: impl Into<String>, channel: impl Channel + 'static) -> Self {
        self.channels.insert(name.into(), Arc::new(channel));
        self
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Opens the store and reads the live grants. Once this has returned, checks are answered from all that was committed
    /// before the call, by any process.
    ///
    /// # Errors
    /// When a channel of `notifications` is invalid, when the store cannot be opened or read, when a policy is invalid,
    /// or when the operating system cannot start a thread for the background work.
    pub fn open(self) -> Result<Host, Error> {
        let own = Arc::new(Mutex::new(self.channels.clone()));
        Host::open(Arc::new(self), own)
    }
}

/// The one place that knows what each kind of store is opened with.
#[cfg_attr(not(feature = "postgres"), expect(unused_variables, reason = "only a server is asked with a limit"))]
pub(crate) fn open_store(config: &StoreConfig, max_staleness: Duration) -> Result<Arc<dyn Store>, Error> {
    Ok(match config {
        StoreConfig::Memory => Arc::new(MemoryStore::new()),
        StoreConfig::Sqlite { path, busy_timeout } => {
            Arc::new(SqliteStore::open(path, SqliteOptions { busy_timeout: *busy_timeout })?)
        }
        #[cfg(feature = "postgres")]
        StoreConfig::Postgres { url, options } => {
            // A proof that takes longer is useless.
            let proof_timeout = options.proof_timeout.min(max_staleness / 2).max(Duration::from_millis(50));
            let options = crate::store::PostgresOptions { proof_timeout, ..options.clone() };
            Arc::new(crate::store::PostgresStore::open(url.clone(), options)?)
        }
    })
}

impl Host {
    /// What to open from this configuration.
    #[must_use]
    pub fn builder(config: Config) -> HostBuilder {
        HostBuilder {
            config,
            clock: Arc::new(SystemClock::default()),
            directory: None,
            background: BackgroundWork::default(),
            channels: BTreeMap::new(),
        }
    }

    fn open(from: Arc<HostBuilder>, own: Arc<Mutex<Own>>) -> Result<Self, Error> {
        let mut opening = Opening::begin();
        let store = open_store(&from.config.store, from.config.settings.max_staleness)?;
        let channels = Channels::open(&from.config.settings.notices, &own.lock(), &*store)?;
        let builder = Builder::shared(Arc::clone(&store), from.config.rules.clone()).clock(Arc::clone(&from.clock));
        let builder = match &from.directory {
            Some(directory) => builder.directory(Arc::clone(directory)),
            None => builder,
        };
        let builder = builder.configuration(from.config.text()).account(account());
        let engine = builder.settings(from.config.settings.clone()).open()?;
        let keeper = Keeper::open(&engine, from.config.store.path(), from.config.store.is_shared_server())?;
        let threads = match from.background {
            BackgroundWork::AtOpen => {
                Some(Threads::start(&engine, &channels, &keeper, from.config.store.signals_commits())?)
            }
            BackgroundWork::AtFirstUse => Background::can_start().map(|()| None)?,
            BackgroundWork::Off => None,
        };
        let reconciler = Arc::new(engine.reconciler());
        opening.register(&store, &reconciler);
        Ok(Self {
            decider: engine.decider(),
            workflow: engine.workflow(),
            reconciler,
            watch: Watch::of(&engine),
            threads: Mutex::new(threads),
            channels: Mutex::new(channels),
            own,
            keeper,
            starts_at_first_use: AtomicBool::new(from.background == BackgroundWork::AtFirstUse),
            is_finished: AtomicBool::new(false),
            generation: fork::generation(),
            builder: from,
            store: Connections(Some(store)),
            engine,
        })
    }

    /// Opens another one from the same configuration: in a forked child, where this one belongs to the parent.
    ///
    /// # Errors
    /// As for [`HostBuilder::open`].
    pub fn reopen(&self) -> Result<Self, Error> {
        Self::open(Arc::clone(&self.builder), Arc::clone(&self.own))
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.builder.config
    }

    /// The engine.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The handle that answers checks.
    #[must_use]
    pub const fn decider(&self) -> &Decider {
        &self.decider
    }

    /// The handle that runs the workflow.
    #[must_use]
    pub const fn workflow(&self) -> &Workflow {
        &self.workflow
    }

    /// The handle of the background work, for programs that run it themselves.
    #[must_use]
    pub fn reconciler(&self) -> &Reconciler {
        &self.reconciler
    }

    /// What verifies and signs the journal.
    #[must_use]
    pub const fn keeper(&self) -> &Keeper {
        &self.keeper
    }

    /// Waits for changes.
    #[must_use]
    pub const fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Whether this process opened the host, and did not inherit it from the process that forked it. An inherited host
    /// must not be used: its connections and its thread belong to the parent.
    #[inline]
    #[must_use]
    pub fn is_of_this_process(&self) -> bool {
        self.generation == fork::generation()
    }

    /// Starts the background work, if that was left to the first use. Costs one read when there is nothing to start.
    ///
    /// # Errors
    /// When the operating system cannot start a thread. The next call tries again.
    #[inline]
    pub fn ensure_background(&self) -> Result<(), Error> {
        if self.starts_at_first_use.load(Ordering::Acquire) { self.start_background() } else { Ok(()) }
    }

    #[cold]
    fn start_background(&self) -> Result<(), Error> {
        let mut threads = self.threads.lock();
        if self.starts_at_first_use.load(Ordering::Acquire) {
            let signals = self.builder.config.store.signals_commits();
            *threads = Some(Threads::start(&self.engine, &self.channels.lock(), &self.keeper, signals)?);
            self.starts_at_first_use.store(false, Ordering::Release);
        }
        Ok(())
    }

    /// Stops the background work, ends every wait for a change, and writes the waiting uses; the store is closed when
    /// the last handle is dropped. For a host that other threads still use: dropping it does the same. In a process
    /// that inherited the host it does nothing.
    ///
    /// # Errors
    /// When uses could not be written. They are lost if the process ends before another call writes them.
    pub fn finish(&self) -> Result<(), Error> {
        if !self.is_of_this_process() {
            return Ok(());
        }
        let threads = {
            let mut threads = self.threads.lock();
            self.starts_at_first_use.store(false, Ordering::Release);
            threads.take()
        };
        self.watch.end();
        drop(threads);
        let flushed = self.reconciler.flush();
        let is_first = !self.is_finished.swap(true, Ordering::AcqRel);
        if let (Err(error), true) = (&flushed, is_first) {
            tracing::error!(%error, "uses could not be written before the engine closed");
        }
        if is_first && let Err(error) = self.reconciler.end() {
            tracing::warn!(%error, "the record does not say that this process has ended");
        }
        flushed
    }

    /// Closes it: see [`Host::finish`].
    ///
    /// # Errors
    /// When uses could not be written. They are lost then; the host is closed all the same.
    pub fn close(self) -> Result<(), Error> {
        self.finish()
    }
}

impl Drop for Host {
    /// A child of the process that opened it leaves everything as it is: the thread is not there, and closing the
    /// connections would drop the locks of the parent.
    fn drop(&mut self) {
        if self.is_of_this_process() {
            // Logged where it failed.
            let _ = self.finish();
        } else {
            mem::forget(self.engine.clone());
            mem::forget(self.keeper.clone());
            mem::forget(self.threads.get_mut().take());
            mem::forget(self.store.0.take());
        }
    }
}

/// The store. It is released while no fork runs: a fork must not find a half-closed connection.
#[derive(Debug)]
struct Connections(Option<Arc<dyn Store>>);

impl Drop for Connections {
    fn drop(&mut self) {
        if let Some(store) = self.0.take() {
            let _opening = Opening::begin();
            drop(store);
        }
    }
}
