//! The settings of the engine.

use derive_setters::Setters;
use std::path::PathBuf;
use std::time::Duration;

use crate::clock::{MAX_DOWNTIME, MAX_STEP, TimeSource};
use crate::model::{KeySource, PolicyCase, PolicyFile};
use crate::monitor::MonitorSettings;
use crate::notify::NoticeSettings;

/// What an operator tunes, with the reason for each default.
///
/// ```
/// use jit_access::service::Settings;
/// use std::time::Duration;
///
/// let settings = Settings::default().max_staleness(Duration::from_millis(500));
/// assert!(settings.interval < settings.max_staleness);
/// ```
#[derive(Debug, Clone, Setters)]
#[non_exhaustive]
pub struct Settings {
    /// How old the last proof that the index is current may be before a grant is not honoured without a new proof. Two
    /// seconds by default: the longest time that a revocation in another process can go unnoticed.
    pub max_staleness: Duration,
    /// Which clock gives the time.
    pub time_source: TimeSource,
    /// How far the host's clock may be from the clock of the store's server before this process honours no grant. Ten
    /// seconds by default: far more than the error of a synchronized clock, and far less than the length of a grant.
    pub max_clock_skew: Duration,
    /// How far the wall clock may jump ahead before it is not believed. See [`crate::clock::MAX_STEP`].
    pub max_clock_step: Duration,
    /// How long a store that outlives its processes may have been unused before the wall clock is not believed at a start.
    /// See [`crate::clock::MAX_DOWNTIME`].
    pub max_downtime: Duration,
    /// How often the background work reads the store, records what time did, and writes uses. 50 ms by default: the
    /// most that a power failure can remove from the record of uses.
    pub interval: Duration,
    /// How many uses may wait to be written. When they are that many, the check that makes the next one writes first.
    pub waiting_uses: usize,
    /// Whether the record of a use contains the call's address, session, program and trace. See
    /// [`crate::model::UseDetails`].
    pub enhanced_audit: bool,
    /// Which notices are sent to whom by which channels.
    pub notices: NoticeSettings,
    /// When the monitor raises alerts.
    pub monitor: MonitorSettings,
    /// When the journal is verified and signed.
    pub journal: JournalSettings,
    /// The guardrails, which apply to every grant. Needs the feature `cedar`.
    pub guardrails: GuardrailSettings,
    /// The host's own policies, for [`super::Engine`]'s `authorize`. Needs the feature `cedar`.
    pub standing_policies: Vec<PolicyFile>,
    /// What no request may newly make possible, as Cedar forbids: approvers see which ones it would break. Needs the
    /// feature `cedar`.
    pub invariants: Vec<PolicyFile>,
    /// The percentage of checks that are also evaluated by Cedar, among those that a grant allows and those that none
    /// covers. When the two differ the answer is no, and an alert has the whole question. Needs the feature `cedar`.
    pub cross_check_percent: u32,
    /// A folder of this machine where break-glass access is recorded while the store is unavailable; the rules say
    /// whether it can be taken then. Its contents are merged when the store is available again, even if the rules have
    /// changed by then.
    pub offline_folder: Option<PathBuf>,
    /// The tests of these policies. The engine does not start while one fails.
    pub policy_tests: PolicyTests,
}

/// Tests of the policies.
///
/// ```
/// assert!(jit_access::service::PolicyTests::default().cases.is_empty());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyTests {
    /// The sentences.
    pub cases: Vec<PolicyCase>,
    /// The entities of the host for these tests, in Cedar's JSON format.
    pub entities: Option<String>,
}

/// The guardrails, which apply to every grant.
///
/// ```
/// use jit_access::model::PolicyFile;
/// use jit_access::service::GuardrailSettings;
///
/// let own = PolicyFile::new("own.cedar", "forbid (principal, action, resource is Server);");
/// let settings = GuardrailSettings { own: vec![own], ..GuardrailSettings::default() };
/// assert!(settings.ready.is_empty() && settings.path.is_none());
/// ```
#[derive(Debug, Clone, Default)]
pub struct GuardrailSettings {
    /// Ready sets of the library's.
    pub ready: Vec<PolicyFile>,
    /// The operator's own, as they were at the start.
    pub own: Vec<PolicyFile>,
    /// Their file, which is read again when it changes.
    pub path: Option<PathBuf>,
    /// How old the entities of the host may be before no grant is honoured. `None`: no entities are expected.
    pub max_entity_age: Option<Duration>,
}

/// The shortest time that records are kept, in days, whatever the configuration says: notices and refused attempts are
/// kept for 90 days and refer to records.
pub const MIN_RETENTION_DAYS: u32 = 92;

/// When the journal is verified and signed, and what follows when it is not whole.
///
/// ```
/// use jit_access::service::JournalSettings;
///
/// assert!(JournalSettings::default().stop_on_failure);
/// ```
#[derive(Debug, Clone)]
pub struct JournalSettings {
    /// Whether everything since the last signed checkpoint is verified at a start.
    pub verify_at_start: bool,
    /// How often the same is done while it runs.
    pub verify_every: Option<Duration>,
    /// How often everything is verified.
    pub verify_all_every: Option<Duration>,
    /// How often a checkpoint is signed while there are new records. One is signed at the end of each grant besides.
    pub checkpoint_every: Option<Duration>,
    /// Whether no grant is honoured while the store is known to be altered. Standing rights remain in any case.
    pub stop_on_failure: bool,
    /// A folder that gets each signed checkpoint.
    pub checkpoint_folder: Option<PathBuf>,
    /// The key that signs.
    pub signing_key: KeySource,
    /// How many days records are kept; at least [`super::MIN_RETENTION_DAYS`]. `None`: no limit. See
    /// [`super::Sealer::remove_old`].
    pub keep_days: Option<u32>,
    /// How many records are kept; none younger than [`super::MIN_RETENTION_DAYS`] is removed. `None`: all.
    pub keep_records: Option<u64>,
}

impl Default for JournalSettings {
    fn default() -> Self {
        const HOUR: Duration = Duration::from_secs(3_600);
        Self {
            verify_at_start: true,
            verify_every: Some(HOUR),
            verify_all_every: Some(HOUR * 24),
            checkpoint_every: Some(HOUR),
            stop_on_failure: true,
            checkpoint_folder: None,
            signing_key: KeySource::BesideStore,
            keep_days: None,
            keep_records: None,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_staleness: Duration::from_secs(2),
            time_source: TimeSource::default(),
            max_clock_skew: Duration::from_secs(10),
            max_clock_step: MAX_STEP,
            max_downtime: MAX_DOWNTIME,
            interval: Duration::from_millis(50),
            waiting_uses: 65_536,
            enhanced_audit: false,
            notices: NoticeSettings::default(),
            journal: JournalSettings::default(),
            monitor: MonitorSettings::default(),
            guardrails: GuardrailSettings::default(),
            standing_policies: Vec::new(),
            offline_folder: None,
            policy_tests: PolicyTests::default(),
            invariants: Vec::new(),
            cross_check_percent: 0,
        }
    }
}
