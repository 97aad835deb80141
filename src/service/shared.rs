//! The state that the handles of an engine share.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::approved::KeptApprovals;
use super::contention::Contention;
use super::counts::Published;
use super::directory::Directory;
use super::ended_sessions::EndedSessions;
use super::following::Following;
use super::health_samples::HealthSamples;
use super::integrity::Integrity;
use super::kept_pasts::KeptPasts;
use super::live_view::LiveView;
use super::metrics::Counters;
use super::notifier::Notifier;
use super::offline::Offline;
use super::pending::PendingCommands;
use super::process::Process;
use super::settings::Settings;
use super::store_clock::StoreClock;
use crate::check::CheckState;
use crate::clock::{Clock, SteadyTime, TimeSource};
use crate::error::Error;
use crate::lock::Mutex;
use crate::monitor::Monitor;
use crate::projection::Projection;
use crate::store::{Store, StoreError};
use crate::workflow::Rules;

/// What the handles share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) store: Arc<dyn Store>,
    /// What checks are answered from.
    pub(super) checks: Arc<CheckState>,
    pub(super) rules: Arc<Rules>,
    #[cfg(feature = "cedar")]
    pub(super) policies: super::policies::Policies,
    /// What judges what grants allow.
    #[cfg(feature = "cedar")]
    pub(super) guard: Arc<super::guard::Guard>,
    /// The cached live grants of principals.
    #[cfg(feature = "cedar")]
    pub(super) grant_cache: Arc<super::grant_cache::GrantCache>,
    /// The host's own policies.
    #[cfg(feature = "cedar")]
    pub(super) standing: crate::policy::StandingPolicies,
    /// What no request may newly make possible.
    #[cfg(feature = "cedar")]
    pub(super) invariants: crate::policy::Invariants,
    pub(super) settings: Settings,
    pub(super) directory: Option<Arc<dyn Directory>>,
    pub(super) time: Arc<SteadyTime>,
    /// How far the projections have followed the store. Locked by the one thread that feeds them; checks do not lock
    /// it.
    pub(super) following: Mutex<Following>,
    /// What is kept for an unavailable store, if configured.
    pub(super) offline: Option<Offline>,
    /// What the verification of the store has found.
    pub(super) integrity: Mutex<Integrity>,
    /// Whether others change the journal too.
    pub(super) contention: Contention,
    /// Commands that ended or suspended grants and are not written yet.
    pub(super) pending: PendingCommands,
    /// The monitor. Locked by the thread that reads on; checks do not lock it.
    pub(super) monitor: Mutex<Monitor>,
    pub(super) health_samples: Mutex<HealthSamples>,
    /// The recent activity for live displays. Lock order: the monitor before this one.
    pub(super) live_view: Mutex<LiveView>,
    /// Whether the live view was refreshed completely: until then the first refresh holds its lock for long.
    pub(super) has_refreshed: AtomicBool,
    /// Sessions that ended a moment ago.
    pub(super) sessions: Mutex<EndedSessions>,
    /// Cached answers of what the past says about requests.
    pub(super) pasts: Mutex<KeptPasts>,
    /// Cached approvals of grants.
    pub(super) approvals: Mutex<KeptApprovals>,
    pub(super) counters: Counters,
    pub(super) published: Mutex<Published>,
    /// The values of the configuration as text, where there is one to put on record.
    pub(super) configuration: Option<String>,
    /// Whether the configuration was applied.
    pub(super) configured: Mutex<bool>,
    /// The identity of this process, for the record.
    pub(super) process: Process,
    /// Notified after the revision has risen.
    pub(super) notifier: Notifier,
}

/// The parts from which an engine is opened.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) store: Arc<dyn Store>,
    pub(super) rules: Rules,
    pub(super) settings: Settings,
    pub(super) directory: Option<Arc<dyn Directory>>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) configuration: Option<String>,
    pub(super) account: Option<String>,
}

impl Shared {
    /// Reads the live grants.
    pub(super) fn open(parts: Parts) -> Result<Self, Error> {
        let Parts { store, rules, settings, directory, clock, configuration, account } = parts;
        let clock = match settings.time_source {
            TimeSource::Host => clock,
            TimeSource::Database => Arc::new(StoreClock::open(Arc::clone(&store), clock)?),
        };
        let head = store.head()?;
        // Where nothing outlives the process, nothing was unused.
        let remembered = store.remembered()?;
        let max_downtime = if remembered.is_some() { settings.max_downtime } else { Duration::MAX };
        let newest = remembered.filter(|seen| seen.is_of(&head)).map_or(head.seen, |seen| seen.at.max(head.seen));
        let time = Arc::new(SteadyTime::with_bounds(clock, newest, settings.max_clock_step, max_downtime));
        let rules = Arc::new(rules);
        #[cfg(feature = "cedar")]
        let policies = super::policies::Policies::new(&rules)?;
        #[cfg(feature = "cedar")]
        let grant_cache = Arc::new(super::grant_cache::GrantCache::new(Arc::clone(&store)));
        #[cfg(feature = "cedar")]
        let guard =
            Arc::new(policies.guard(&rules, &settings.guardrails, settings.cross_check_percent, &grant_cache)?);
        let offline = settings.offline_folder.as_deref().map(Offline::open).transpose()?;
        let shared = Self {
            monitor: Mutex::new(Monitor::new(settings.monitor.clone(), &rules)),
            health_samples: Mutex::new(HealthSamples::default()),
            live_view: Mutex::default(),
            has_refreshed: AtomicBool::new(false),
            pasts: Mutex::default(),
            approvals: Mutex::default(),
            sessions: Mutex::default(),
            counters: Counters::default(),
            published: Mutex::default(),
            #[cfg(feature = "cedar")]
            standing: policies.standing(&settings.standing_policies)?,
            #[cfg(feature = "cedar")]
            invariants: policies.invariants(&settings.invariants)?,
            #[cfg(feature = "cedar")]
            policies,
            #[cfg(feature = "cedar")]
            guard,
            #[cfg(feature = "cedar")]
            grant_cache,
            checks: Arc::new(CheckState::new(
                Arc::clone(&store),
                Arc::clone(&rules),
                Arc::clone(&time),
                settings.max_staleness,
                settings.waiting_uses,
                settings.enhanced_audit,
            )),
            rules,
            settings,
            directory,
            following: Mutex::new(Following::at(&head)),
            integrity: Mutex::default(),
            contention: Contention::default(),
            offline,
            pending: PendingCommands::default(),
            configuration,
            configured: Mutex::new(false),
            process: Process::of(account),
            notifier: Notifier::default(),
            store,
            time,
        };
        #[cfg(feature = "cedar")]
        let crosses = shared.settings.cross_check_percent > 0;
        #[cfg(feature = "cedar")]
        if crosses {
            shared.checks.look_closer();
        }
        #[cfg(feature = "cedar")]
        if crosses || !shared.guard.set().is_empty() || shared.settings.guardrails.path.is_some() {
            let _ = shared.checks.guard.set(Arc::clone(&shared.guard) as _);
        }
        shared.compare_clocks()?;
        shared.start_following()?;
        shared.withhold_changed_roles()?;
        shared.refresh_from_spool();
        Ok(shared)
    }

    /// Compares the host's clock with the clock of the store's server, once a second. When the host's clock is no
    /// longer trusted, time may have gone back, and proofs of later instants are dropped.
    pub(super) fn compare_clocks(&self) -> Result<(), StoreError> {
        let is_due = self.counters.is_compared(self.time.monotonic());
        if is_due || self.time.was_set() { self.compare_now() } else { Ok(()) }
    }

    fn compare_now(&self) -> Result<(), StoreError> {
        if self.time.source() != TimeSource::Host {
            return Ok(());
        }
        let asked = self.time.monotonic();
        let Some(shown) = self.store.wall()? else { return Ok(()) };
        let took = self.time.monotonic().saturating_sub(asked).max(0);
        // The answer belongs to an instant between the question and its arrival.
        let doubt = Duration::from_millis(took.unsigned_abs() / 2);
        if self.time.compare(shown, asked.saturating_add(took / 2), self.settings.max_clock_skew.saturating_add(doubt))
        {
            let mut following = self.following.lock();
            self.checks.doubt();
            following.proven = following.proven.min(self.time.now());
        }
        Ok(())
    }

    /// The projections, in the order in which they are fed. Add a new projection before those of the checks, because
    /// the last of them raises the revision.
    pub(super) fn projections(&self) -> impl Iterator<Item = &dyn Projection> {
        #[cfg(feature = "cedar")]
        let before = [&*self.grant_cache as &dyn Projection];
        #[cfg(not(feature = "cedar"))]
        let before = [];
        before.into_iter().chain(self.checks.projections())
    }
}
