//! The operator's configuration: YAML under `jit_access:`, with overrides from the environment.
//!
//! A mistake is an error that names the key, the value and what would be right, before anything starts.
//! [`Config::check`] returns all of them at once. A key for a feature that this build does not have is refused, not
//! ignored.
//!
//! | file | question |
//! |---|---|
//! | `agents` | what agents may do, and how much of it |
//! | `break_glass` | who may use break-glass, and what follows |
//! | `diff` | the differences between two configurations |
//! | `effective` | the effective values, and where each comes from |
//! | `environment` | how variables set keys |
//! | `journal` | when the journal is verified and signed, and what happens when it is not intact |
//! | `keys` | the keys and their meaning |
//! | `monitor` | when alerts are raised |
//! | `names` | misspelt names in rules that forbid |
//! | `notifications` | which notices are sent, when, and by which channels |
//! | `reader` | reading values from the document, and noting errors |
//! | `roles` | the roles that can be requested, and who approves them |
//! | `schema` | the resource kinds of the host, if the operator declares them |
//! | `spelling` | suggestions for misspelt names |
//! | `store` | where the journal is kept, and whether it can be kept there |
//! | `policy_cases` | a file of policy tests |
//! | `guardrails` | guardrails and standing policies |
//! | `workflow_policy` | the operator's own workflow policy |

mod agents;
mod break_glass;
mod diff;
mod effective;
mod environment;
mod guardrails;
mod journal;
mod keys;
mod monitor;
mod names;
mod notifications;
mod policy_cases;
mod reader;
mod roles;
mod schema;
mod spelling;
mod store;
mod workflow_policy;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

pub use self::diff::{Changed, Difference};
pub use self::effective::Effective;
pub use self::keys::Key;
pub use self::policy_cases::PolicyCases;
use self::reader::{Findings, Reader};
pub use self::store::StoreConfig;
use crate::clock::TimeSource;
use crate::model::{Invalid, Permission, RiskLevel, RoleName};
use crate::service::Settings;
use crate::workflow::{BreakGlassRules, Limits, NeverAutoApprove, RiskRules, Rules};

/// Everything an operator sets.
///
/// ```
/// use jit_access::config::Config;
///
/// let environ = [("JIT_MAX_DURATION_HOURS".to_owned(), "2".to_owned())];
/// let config = Config::parse("jit_access: {max_duration_hours: 12}", environ)?;
/// assert_eq!(config.rules.max_duration.hours(), 2.0);
/// let mistake = Config::parse("jit_access: {max_duration_hour: 12}", []).unwrap_err();
/// assert!(mistake.to_string().contains("max_duration_hours"), "{mistake}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// The rules of the workflow.
    pub rules: Rules,
    /// How the service runs.
    pub settings: Settings,
    /// Where the journal is kept.
    pub store: StoreConfig,
    /// What works and is probably a mistake. It has been logged.
    pub warnings: Vec<String>,
    /// Every key with its value, as in [`Config::effective`].
    pub values: Vec<Effective>,
}

/// The result of [`Config::check`].
///
/// ```
/// use jit_access::config::{Checked, Config};
///
/// assert_eq!(Config::check(None, "jit_access: {enabled: true}", []), Checked::default());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Checked {
    /// Every mistake. With any of them, nothing starts.
    pub errors: Vec<Invalid>,
    /// What works and is probably a mistake.
    pub warnings: Vec<String>,
}

impl Checked {
    /// The same as JSON: `errors`, each with `key`, `problem` and `expected`, and `warnings`. One form for every interface.
    ///
    /// ```
    /// use jit_access::config::Config;
    ///
    /// let found = Config::check(None, "jit_access: {enabled: maybe}", []);
    /// assert!(found.to_json().contains(r#""key":"jit_access.enabled""#));
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        let errors = self.errors.iter().map(
            |error| serde_json::json!({"key": error.field(), "problem": error.problem(), "expected": error.expected()}),
        );
        serde_json::json!({"errors": errors.collect::<Vec<_>>(), "warnings": self.warnings}).to_string()
    }
}

impl Config {
    /// Reads a YAML document (JSON is YAML) and the variables of `environ` that begin with `JIT_`. Relative paths count from
    /// the folder that the process works in.
    ///
    /// # Errors
    /// The first error, with its key, its value, and what would be right. [`Config::check`] returns all of them.
    pub fn parse(text: &str, environ: impl IntoIterator<Item = (String, String)>) -> Result<Self, Invalid> {
        Self::parse_in(None, text, environ)
    }

    /// Like [`Config::parse`], for a document in this folder: relative paths in it start there.
    ///
    /// # Errors
    /// As for [`Config::parse`].
    pub fn parse_in(
        folder: Option<&Path>,
        text: &str,
        environ: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Invalid> {
        let (config, found) = Self::read(folder, text, environ);
        match found.errors.into_iter().next() {
            Some(first) => Err(first),
            None => {
                found.warnings.iter().for_each(|warning| tracing::warn!("configuration: {warning}"));
                Ok(Self { warnings: found.warnings, ..config })
            }
        }
    }

    /// Every key there is, in the order of the manual.
    pub fn keys() -> impl Iterator<Item = &'static Key> {
        keys::all()
    }

    /// All mistakes and warnings, and whether the store's file could be opened. Nothing is written.
    ///
    /// ```
    /// use jit_access::config::Config;
    ///
    /// let found = Config::check(None, "jit_access: {enabeld: true, max_duration_hours: -1}", []);
    /// assert_eq!(found.errors.len(), 2);
    /// ```
    #[must_use]
    pub fn check(folder: Option<&Path>, text: &str, environ: impl IntoIterator<Item = (String, String)>) -> Checked {
        let (config, mut found) = Self::read(folder, text, environ);
        found.errors.extend(config.store.check().err());
        found
    }

    /// Returns every key that is set, and the default of every other, each with where it comes from. Secrets are
    /// hidden.
    ///
    /// # Errors
    /// As for [`Config::parse`].
    pub fn effective(
        folder: Option<&Path>,
        text: &str,
        environ: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Vec<Effective>, Invalid> {
        let (config, found) = Self::read(folder, text, environ);
        match found.errors.into_iter().next() {
            Some(first) => Err(first),
            None => Ok(config.values),
        }
    }

    /// The configuration as far as it can be read, with the errors.
    fn read(folder: Option<&Path>, text: &str, environ: impl IntoIterator<Item = (String, String)>) -> (Self, Checked) {
        let findings = Findings::default();
        let environ: Vec<(String, String)> = environ.into_iter().collect();
        let home = environ.iter().find(|(name, _)| name == "HOME").map(|(_, home)| home.clone());
        let mut section = section_of(text, &findings);
        environment::overlay(&mut section, environ.iter().cloned(), &findings);
        let place = store::Place { folder, home: home.as_deref().filter(|home| !home.is_empty()).map(Path::new) };
        let values = effective::effective(&section, &|key| findings.set_by(key));
        let config =
            read(Reader::new(section, findings.clone()), &notifications::Around { place: &place, environ: &environ });
        let (errors, warnings) = findings.into_parts();
        (Config { values, ..config }, Checked { errors, warnings })
    }
}

/// The section `jit_access`.
fn section_of(text: &str, findings: &Findings) -> Value {
    let empty = || Value::Object(serde_json::Map::new());
    if text.trim().is_empty() {
        return empty();
    }
    match serde_saphyr::from_str(text) {
        Ok(Value::Null) => empty(),
        Ok(Value::Object(mut top)) => {
            let section = top.remove("jit_access").unwrap_or_default();
            for key in top.keys() {
                let expected = "only `jit_access` at the top of the document";
                findings.error(Invalid::new(key.clone(), "is not a known key", expected));
            }
            if section.is_null() { empty() } else { section }
        }
        Ok(other) => {
            let problem = format!("is {}", reader::shown(&other));
            findings.error(Invalid::new("configuration", problem, "a mapping with the key jit_access"));
            empty()
        }
        Err(error) => {
            let problem = format!("is not valid YAML: {error}");
            findings.error(Invalid::new("configuration", problem, "a YAML document with the key jit_access"));
            empty()
        }
    }
}

fn read(mut reader: Reader, around: &notifications::Around<'_>) -> Config {
    let place = around.place;
    let defaults = Rules::default();
    let max_duration = reader.hours("max_duration_hours").unwrap_or(defaults.max_duration);
    let default_duration = reader.hours("default_duration_hours");
    if let Some(hours) = default_duration.filter(|hours| *hours > max_duration) {
        let expected = format!("at most max_duration_hours, which is {}", max_duration.hours());
        reader.refuse("default_duration_hours", format!("is {}", hours.hours()), expected);
    }
    let approval_timeout = reader.hours("approval_timeout_hours").unwrap_or(defaults.approval_timeout);
    let max_total_duration = reader.hours("max_total_duration_hours");
    if let Some(hours) = max_total_duration.filter(|hours| *hours < max_duration) {
        let expected = format!("at least max_duration_hours, which is {}", max_duration.hours());
        reader.refuse("max_total_duration_hours", format!("is {}", hours.hours()), expected);
    }
    let mut rules = Rules {
        enabled: reader.flag("enabled").unwrap_or(defaults.enabled),
        max_duration,
        default_duration: default_duration.unwrap_or(defaults.default_duration).min(max_duration),
        require_justification: reader.flag("require_justification").unwrap_or(defaults.require_justification),
        require_ticket_url: reader.flag("require_ticket_url").unwrap_or(defaults.require_ticket_url),
        require_approval: reader.flag("require_approval").unwrap_or(defaults.require_approval),
        approver_roles: reader.list("approver_roles", RoleName::new).unwrap_or_default(),
        approval: roles::approval(&mut reader, approval_timeout),
        auto_approve_for_roles: reader.list("auto_approve_for_roles", RoleName::new).unwrap_or_default(),
        auto_approve_max: reader.hours("auto_approve_max_hours"),
        never_auto_approve: never_auto_approve(&mut reader),
        approval_timeout,
        auditor_roles: reader.list("auditor_roles", RoleName::new).unwrap_or_default(),
        reserved_permissions: reader.list("reserved_permissions", Permission::new).unwrap_or_default(),
        auto_extend: reader.flag("auto_extend").unwrap_or(defaults.auto_extend),
        max_extensions: reader
            .count("max_extensions", 0..=MAX_EXTENSIONS)
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(defaults.max_extensions),
        max_total_duration,
        on_role_change: reader.parsed("on_role_change", str::parse).unwrap_or(defaults.on_role_change),
        limits: limits(&mut reader),
        agents: agents::agents(&mut reader),
        risk: risk(&mut reader),
        break_glass: BreakGlassRules::default(),
        policy: workflow_policy::workflow_policy(&mut reader, place),
        schema: schema::schema(&mut reader, place),
        catalogue: BTreeMap::new(),
    };
    schema::check_resources(&rules, reader.findings());
    let listed = roles::catalogue(&mut reader, &mut rules);
    let (break_glass, offline_folder) = break_glass::break_glass(&mut reader, &rules, place);
    rules.break_glass = break_glass;
    let host_roles = reader.list("host_roles", RoleName::new);
    names::check(&reader, &rules, host_roles.as_deref(), &listed);
    let notices = notifications::notifications(&mut reader, around);
    let journal = journal::journal(&mut reader, around);
    let monitor = monitor::monitor(&mut reader);
    let guardrails = guardrails::guardrails(&mut reader, place);
    let standing_policies = guardrails::standing_policies(&mut reader, place);
    let invariants = guardrails::invariants(&mut reader, place);
    let policy_tests = guardrails::policy_tests(&mut reader, place);
    let settings = Settings {
        notices,
        journal,
        monitor,
        guardrails,
        standing_policies,
        invariants,
        policy_tests,
        offline_folder,
        ..settings(&mut reader)
    };
    let store = store::store(&mut reader, place);
    if store == StoreConfig::Memory && rules.break_glass.offline.is_some() {
        let key = "jit_access.break_glass.offline".to_owned();
        let problem = "is true, and a store in memory is never unavailable";
        reader.findings().error(Invalid::new(key, problem.to_owned(), "a store in a file or a database"));
    }
    reader.finish();
    Config { rules, settings, store, warnings: Vec::new(), values: Vec::new() }
}

/// A grant that is extended more often is not temporary.
const MAX_EXTENSIONS: u64 = 100;

/// 0 means no limit.
fn limits(reader: &mut Reader) -> Limits {
    let usual = Limits::usual();
    let Some(mut section) = reader.section("limits") else { return usual };
    let mut limit = |key, usual: Option<u64>| match section.count(key, 0..=u64::MAX) {
        None => usual,
        Some(count) => Some(count).filter(|count| *count > 0),
    };
    let limits = Limits {
        grants_per_person: limit("grants_per_person", usual.grants_per_person),
        grants_total: limit("grants_total", usual.grants_total),
        open_requests_per_person: limit("open_requests_per_person", usual.open_requests_per_person),
        requests_per_hour: limit("requests_per_hour", usual.requests_per_hour),
        open_delegations_per_person: limit("open_delegations_per_person", usual.open_delegations_per_person),
    };
    section.finish();
    limits
}

fn never_auto_approve(reader: &mut Reader) -> NeverAutoApprove {
    let Some(mut section) = reader.section("never_auto_approve") else { return NeverAutoApprove::default() };
    let level = |name: &str| {
        RiskLevel::ALL.into_iter().find(|level| level.name() == name).ok_or_else(|| {
            let names = RiskLevel::ALL.map(RiskLevel::name).join(", ");
            Invalid::new("risk_level", format!("is {}", Invalid::quote(name)), format!("one of {names}"))
        })
    };
    let never = NeverAutoApprove {
        roles: section.list("roles", RoleName::new).unwrap_or_default(),
        scopes: section.list("resources", names::no_wildcard).unwrap_or_default(),
        risk_level: section.parsed("risk_level", level),
    };
    section.finish();
    never
}

fn risk(reader: &mut Reader) -> RiskRules {
    let Some(mut section) = reader.section("risk") else { return RiskRules::default() };
    let risk = RiskRules {
        production: section.list("production", names::no_wildcard).unwrap_or_default(),
        working_hours: section.parsed("working_hours", str::parse),
    };
    section.finish();
    risk
}

fn time_source(section: &mut Reader) -> Option<TimeSource> {
    let named = |name: &str| {
        TimeSource::ALL
            .into_iter()
            .find(|source| source.name() == name)
            .ok_or_else(|| Invalid::new("time_source", format!("is {}", Invalid::quote(name)), "`host` or `database`"))
    };
    section.parsed("time_source", named)
}

fn settings(reader: &mut Reader) -> Settings {
    let enhanced_audit = reader.flag("enhanced_audit").unwrap_or_default();
    let defaults = Settings::default().enhanced_audit(enhanced_audit);
    let Some(mut section) = reader.section("service") else { return defaults };
    let settings = Settings {
        max_staleness: section.millis("max_staleness_ms", 0..=60_000).unwrap_or(defaults.max_staleness),
        time_source: time_source(&mut section).unwrap_or_default(),
        max_clock_skew: section.millis("max_clock_skew_ms", 100..=600_000).unwrap_or(defaults.max_clock_skew),
        max_clock_step: section
            .count("max_clock_step_minutes", 1..=525_600)
            .map_or(defaults.max_clock_step, |minutes| Duration::from_secs(minutes * 60)),
        max_downtime: section
            .count("max_downtime_days", 1..=36_500)
            .map_or(defaults.max_downtime, |days| Duration::from_secs(days * 24 * 60 * 60)),
        interval: section.millis("interval_ms", 1..=60_000).unwrap_or(defaults.interval),
        waiting_uses: section
            .count("waiting_uses", 1..=u64::MAX)
            .map_or(defaults.waiting_uses, |count| usize::try_from(count).unwrap_or(usize::MAX).min(1 << 20)),
        enhanced_audit,
        notices: defaults.notices,
        journal: defaults.journal,
        monitor: defaults.monitor,
        guardrails: defaults.guardrails,
        standing_policies: defaults.standing_policies,
        policy_tests: defaults.policy_tests,
        invariants: defaults.invariants,
        offline_folder: defaults.offline_folder,
        cross_check_percent: section
            .count("cross_check_percent", 0..=100)
            .map_or(defaults.cross_check_percent, |percent| u32::try_from(percent).unwrap_or(100)),
    };
    section.finish();
    settings
}

#[cfg(test)]
mod tests;
