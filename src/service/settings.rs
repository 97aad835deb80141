//! What an operator tunes in the engine.

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
    /// How old the last proof that the index is current may be before a grant is no longer honoured without a new one.
    /// Two seconds: the longest that a revocation made in another process can go unnoticed.
    pub max_staleness: Duration,
    /// Whose time of day is believed.
    pub time_source: TimeSource,
    /// How far the host's clock may be from that of the store's server before no grant is honoured in this process. Ten seconds:
    /// far more than a clock is off that anything keeps, and far less than a grant lasts.
    pub max_clock_skew: Duration,
    /// How far the wall clock may jump ahead before it is not believed. See [`crate::clock::MAX_STEP`].
    pub max_clock_step: Duration,
    /// How long a store that outlives its processes may have been unused before the wall clock is not believed at a start.
    /// See [`crate::clock::MAX_DOWNTIME`].
    pub max_downtime: Duration,
    /// How often the background work looks at the store, notes what time did, and writes uses down. 50 ms: the most that a
    /// power cut can take from the record of uses.
    pub interval: Duration,
    /// How many uses may wait to be written. When they are that many, the check that makes the next one writes first.
    pub waiting_uses: usize,
    /// Whether the record of a use says what the host told of the call: address, session, program, trace. See
    /// [`crate::model::UseDetails`].
    pub enhanced_audit: bool,
    /// What is told to whom by which channels.
    pub notices: NoticeSettings,
    /// What is unusual.
    pub monitor: MonitorSettings,
    /// When the journal is verified and signed.
    pub journal: JournalSettings,
    /// What stands above every grant. Needs the feature `cedar`.
    pub guardrails: GuardrailSettings,
    /// The host's own policies, for [`super::Engine`]'s `authorize`. Needs the feature `cedar`.
    pub standing_policies: Vec<PolicyFile>,
    /// What no request may newly make possible, as Cedar forbids: approvers see what it would break. Needs the feature `cedar`.
    pub invariants: Vec<PolicyFile>,
    /// How many of a hundred checks are asked of Cedar too, of those that a grant allows and of those that none covers. Where the
    /// two differ the answer is no, and an alert tells the whole question. Needs the feature `cedar`.
    pub cross_check_percent: u32,
    /// A folder of this machine where access without approval is recorded while the store is away; whether it can be taken then,
    /// the rules say. What stands there is merged when the store is back, also when the rules say no by now.
    pub offline_folder: Option<PathBuf>,
    /// What these policies must say. Nothing starts while they do not.
    pub policy_tests: PolicyTests,
}

/// What policies must say.
///
/// ```
/// assert!(jit_access::service::PolicyTests::default().cases.is_empty());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyTests {
    /// The sentences.
    pub cases: Vec<PolicyCase>,
    /// What the host would tell of its people and things, in Cedar's JSON format.
    pub entities: Option<String>,
}

/// What stands above every grant.
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
    /// The file that they come from, which is read again when it changes.
    pub path: Option<PathBuf>,
    /// How old what the host tells of its people and things may be before no grant is honoured. Without it, nothing is
    /// expected of the host.
    pub max_entity_age: Option<Duration>,
}

/// No record is removed that is younger than so many days, whatever the configuration says: notices and refused attempts are
/// kept for 90 days and name what they are about.
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
    /// Whether what was written since the last signed checkpoint is verified at a start.
    pub verify_at_start: bool,
    /// How often the same is done while it runs.
    pub verify_every: Option<Duration>,
    /// How often everything is verified.
    pub verify_all_every: Option<Duration>,
    /// How often a checkpoint is signed while there are new records. One is signed at the end of each grant besides.
    pub checkpoint_every: Option<Duration>,
    /// Whether no grant is honoured while the store is not what was written to it. Standing rights go on in any case.
    pub stop_on_failure: bool,
    /// A folder that gets each signed checkpoint.
    pub checkpoint_folder: Option<PathBuf>,
    /// The key that signs.
    pub signing_key: KeySource,
    /// How many days records are kept; at least [`super::MIN_RETENTION_DAYS`]. `None`: as long as there is room. See
    /// [`super::Sealer::remove_old`].
    pub keep_days: Option<u32>,
    /// How many records are kept, though none that is younger than [`super::MIN_RETENTION_DAYS`] is removed. `None`: all.
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
