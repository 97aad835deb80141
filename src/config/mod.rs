//! The operator's configuration: YAML under `jit_access:`, with overrides from the environment.
//!
//! A mistake is an error that names the key, the value and what would be right, before anything starts. A key whose
//! feature this version does not have is refused when it asks for the feature, rather than ignored.
//!
//! | file | question |
//! |---|---|
//! | `break_glass` | who may take access without approval, and what they owe |
//! | `keys` | which keys there are, and what kind of value each takes |
//! | `workflow_policy` | who may do what, where the operator says so |
//! | `reader` | how a value is taken out of the document, or refused |

mod break_glass;
mod keys;
mod reader;
mod workflow_policy;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use self::reader::Reader;
use crate::model::{
    ApprovalRule, Conditions, EscalationRule, Invalid, Networks, Permission, PermissionSet, RiskLevel, Role, RoleName,
    Ttl,
};
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
pub struct Config {
    /// The rules of the workflow.
    pub rules: Rules,
    /// How the service runs.
    pub settings: Settings,
    /// Where the journal is kept.
    pub store: StoreConfig,
}

/// Where the journal is kept.
///
/// ```
/// use jit_access::config::{Config, StoreConfig};
///
/// let config = Config::parse("jit_access: {store: {path: jit.db}}", [])?;
/// assert!(matches!(config.store, StoreConfig::Sqlite { path, .. } if path.ends_with("jit.db")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreConfig {
    /// Nowhere: gone with the process. For trials.
    Memory,
    /// In an SQLite file of its own.
    Sqlite {
        /// The file.
        path: PathBuf,
        /// How long a write waits for another process.
        busy_timeout: Duration,
    },
}

impl Config {
    /// Reads a YAML document (JSON is YAML) and the variables of `environ` that begin with `JIT_`. Relative paths count from
    /// the folder that the process works in.
    ///
    /// # Errors
    /// The first mistake, with its key, its value, and what would be right.
    pub fn parse(text: &str, environ: impl IntoIterator<Item = (String, String)>) -> Result<Self, Invalid> {
        Self::parse_in(None, text, environ)
    }

    /// The same of a document that stands in this folder: relative paths in it count from there.
    ///
    /// # Errors
    /// As for [`Config::parse`].
    pub fn parse_in(
        folder: Option<&Path>,
        text: &str,
        environ: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Invalid> {
        let document: Value = if text.trim().is_empty() {
            Value::Null
        } else {
            serde_saphyr::from_str(text).map_err(|error| {
                Invalid::new(
                    "configuration",
                    format!("is not valid YAML: {error}"),
                    "a YAML document with the key jit_access",
                )
            })?
        };
        let mut jit_access = match document {
            Value::Null => Value::Object(serde_json::Map::new()),
            Value::Object(mut top) => {
                let section = top.remove("jit_access").unwrap_or(Value::Null);
                if let Some(key) = top.keys().next() {
                    return Err(Invalid::new(
                        key.clone(),
                        "is not a known key",
                        "only `jit_access` at the top of the document",
                    ));
                }
                if section.is_null() { Value::Object(serde_json::Map::new()) } else { section }
            }
            other => {
                return Err(Invalid::new(
                    "configuration",
                    format!("is {}", reader::shown(&other)),
                    "a mapping with the key jit_access",
                ));
            }
        };
        keys::overlay(&mut jit_access, environ)?;
        Self::read(jit_access, folder)
    }

    fn read(section: Value, folder: Option<&Path>) -> Result<Self, Invalid> {
        let mut reader = Reader::new("jit_access", section)?;
        keys::refuse_unknown(&reader)?;
        let defaults = Rules::default();
        let max_duration = reader.hours("max_duration_hours")?.unwrap_or(defaults.max_duration);
        let default_duration = match reader.hours("default_duration_hours")? {
            Some(hours) if hours > max_duration => {
                return Err(Invalid::new(
                    "jit_access.default_duration_hours",
                    format!("is {}", hours.hours()),
                    format!("at most max_duration_hours, which is {}", max_duration.hours()),
                ));
            }
            Some(hours) => hours,
            None => defaults.default_duration.min(max_duration),
        };
        let approval_timeout = reader.hours("approval_timeout_hours")?.unwrap_or(defaults.approval_timeout);
        let mut rules = Rules {
            enabled: reader.flag("enabled")?.unwrap_or(defaults.enabled),
            max_duration,
            default_duration,
            require_justification: reader.flag("require_justification")?.unwrap_or(defaults.require_justification),
            require_ticket_url: reader.flag("require_ticket_url")?.unwrap_or(defaults.require_ticket_url),
            require_approval: reader.flag("require_approval")?.unwrap_or(defaults.require_approval),
            approver_roles: reader.list("approver_roles", RoleName::new)?.unwrap_or_default(),
            approval: approval(&mut reader, approval_timeout)?,
            auto_approve_for_roles: reader.list("auto_approve_for_roles", RoleName::new)?.unwrap_or_default(),
            auto_approve_max: reader.hours("auto_approve_max_hours")?,
            never_auto_approve: never_auto_approve(&mut reader)?,
            approval_timeout,
            auditor_roles: reader.list("auditor_roles", RoleName::new)?.unwrap_or_default(),
            reserved_permissions: reader.list("reserved_permissions", Permission::new)?.unwrap_or_default(),
            auto_extend: reader.flag("auto_extend")?.unwrap_or(defaults.auto_extend),
            max_extensions: max_extensions(&mut reader)?.unwrap_or(defaults.max_extensions),
            max_total_duration: max_total(&mut reader, max_duration)?,
            limits: limits(&mut reader)?,
            risk: risk(&mut reader)?,
            break_glass: BreakGlassRules::default(),
            policy: workflow_policy::workflow_policy(&mut reader, folder)?,
            catalogue: BTreeMap::new(),
        };
        rules.catalogue = catalogue(&mut reader, &rules)?;
        rules.break_glass = break_glass::break_glass(&mut reader, &rules)?;
        refuse_missing_features(&mut reader)?;
        let settings = settings(&mut reader)?;
        let store = store(&mut reader, folder)?;
        reader.finish()?;
        Ok(Self { rules, settings, store })
    }
}

fn catalogue(reader: &mut Reader, rules: &Rules) -> Result<BTreeMap<RoleName, Role>, Invalid> {
    let mut catalogue = BTreeMap::new();
    for (name, mut entry) in reader.sections("roles")? {
        let name = RoleName::new(&name).map_err(|error| error.for_field(entry.path().to_owned()))?;
        let permissions = entry.list("permissions", Permission::new)?;
        let excepted = entry.list("except_permissions", Permission::new)?.unwrap_or_default();
        let permissions = PermissionSet::with_exceptions(permissions.unwrap_or_default(), excepted)
            .map_err(|error| error.for_field(format!("{}.permissions", entry.path())))?;
        let max_duration = entry.hours("max_duration_hours")?;
        let limit = max_duration.map_or(rules.max_duration, |max| max.min(rules.max_duration));
        let default_duration = entry.hours("default_duration_hours")?;
        if let Some(hours) = default_duration.filter(|hours| *hours > limit) {
            return Err(Invalid::new(
                format!("{}.default_duration_hours", entry.path()),
                format!("is {}", hours.hours()),
                format!("at most the role's limit, which is {}", limit.hours()),
            ));
        }
        let approver_roles = entry.list("approver_roles", RoleName::new)?;
        let approval = approval(&mut entry, rules.approval_timeout)?;
        if approver_roles.is_some() && !approval.is_empty() {
            return Err(Invalid::new(
                format!("{}.approver_roles", entry.path()),
                "stands beside `approval`",
                "one of the two: the steps of `approval` name their own roles",
            ));
        }
        let role = Role {
            name: name.clone(),
            description: entry.text("description")?.unwrap_or_default(),
            permissions,
            max_duration,
            default_duration,
            approver_roles,
            approval,
            requestable_by: entry.list("requestable_by", RoleName::new)?,
            conditions: conditions(&mut entry)?,
            conflicts_with: entry.list("conflicts_with", RoleName::new)?.unwrap_or_default(),
        };
        entry.finish()?;
        catalogue.insert(name, role);
    }
    Ok(catalogue)
}

fn conditions(role: &mut Reader) -> Result<Conditions, Invalid> {
    let Some(mut section) = role.section("conditions")? else { return Ok(Conditions::default()) };
    let networks = section.list("networks", |text| Networks::new([text]).map(|_| text.to_owned()))?;
    let (minutes, uses) = (section.count("mfa_within_minutes")?, section.count("max_uses")?);
    let conditions = Conditions::new(minutes, networks.as_deref(), None, uses)
        .map_err(|error| error.clone().for_field(section.key(error.field())))?;
    section.finish()?;
    Ok(conditions)
}

fn max_extensions(reader: &mut Reader) -> Result<Option<u32>, Invalid> {
    let count = reader.count("max_extensions")?;
    let too_many = |count: u64| {
        Invalid::new(reader.key("max_extensions"), format!("is {count}"), format!("at most {MAX_EXTENSIONS}"))
    };
    count
        .map(|count| match u32::try_from(count) {
            Ok(count) if count <= MAX_EXTENSIONS => Ok(count),
            _ => Err(too_many(count)),
        })
        .transpose()
}

/// A grant that is extended more often is no temporary one.
const MAX_EXTENSIONS: u32 = 100;

fn max_total(reader: &mut Reader, max_duration: Ttl) -> Result<Option<Ttl>, Invalid> {
    match reader.hours("max_total_duration_hours")? {
        Some(hours) if hours < max_duration => Err(Invalid::new(
            reader.key("max_total_duration_hours"),
            format!("is {}", hours.hours()),
            format!("at least max_duration_hours, which is {}", max_duration.hours()),
        )),
        hours => Ok(hours),
    }
}

/// 0 is no limit, as is a key left out.
fn limits(reader: &mut Reader) -> Result<Limits, Invalid> {
    let Some(mut section) = reader.section("limits")? else { return Ok(Limits::default()) };
    let mut limit = |key| Ok::<_, Invalid>(section.count(key)?.filter(|count| *count > 0));
    let limits = Limits {
        grants_per_person: limit("grants_per_person")?,
        grants_total: limit("grants_total")?,
        open_requests_per_person: limit("open_requests_per_person")?,
        requests_per_hour: limit("requests_per_hour")?,
    };
    section.finish()?;
    Ok(limits)
}

/// The most steps an approval has, and the most people that a step takes. More is a slip of the pen.
const MAX_STEPS: usize = 10;

fn approval(reader: &mut Reader, timeout: Ttl) -> Result<Vec<ApprovalRule>, Invalid> {
    let key = reader.key("approval");
    let Some(steps) = reader.entries("approval")? else { return Ok(Vec::new()) };
    if steps.is_empty() || steps.len() > MAX_STEPS {
        let problem = format!("has {} steps", steps.len());
        return Err(Invalid::new(key, problem, format!("1 to {MAX_STEPS} steps, or the key left out")));
    }
    steps.into_iter().map(|step| approval_step(step, timeout)).collect()
}

fn approval_step(mut step: Reader, timeout: Ttl) -> Result<ApprovalRule, Invalid> {
    let some = |step: &mut Reader, name: &str| match step.list(name, RoleName::new)? {
        Some(roles) if roles.is_empty() => Err(Invalid::new(step.key(name), "names nobody", "at least one role")),
        roles => Ok(roles),
    };
    let roles = some(&mut step, "roles")?;
    let roles = roles.ok_or_else(|| Invalid::new(step.key("roles"), "is missing", "at least one role"))?;
    let count = match step.count("count")? {
        None => 1,
        Some(count) => u32::try_from(count).ok().filter(|count| (1..=10).contains(count)).ok_or_else(|| {
            Invalid::new(step.key("count"), format!("is {count}"), "how many different people it takes, 1 to 10")
        })?,
    };
    let after = step.hours("escalate_after_hours")?;
    let to = some(&mut step, "escalate_to")?;
    let escalation = match (after, to) {
        (None, None) => None,
        (Some(after), Some(_)) if after >= timeout => {
            return Err(Invalid::new(
                step.key("escalate_after_hours"),
                format!("is {}", after.hours()),
                format!("less than approval_timeout_hours, which is {}", timeout.hours()),
            ));
        }
        (Some(after), Some(to)) => Some(EscalationRule { after, to }),
        (Some(_), None) => return Err(Invalid::new(step.key("escalate_to"), "is missing", "at least one role")),
        (None, Some(_)) => {
            return Err(Invalid::new(step.key("escalate_after_hours"), "is missing", "a number of hours"));
        }
    };
    step.finish()?;
    Ok(ApprovalRule { roles, count, escalation })
}

fn never_auto_approve(reader: &mut Reader) -> Result<NeverAutoApprove, Invalid> {
    let Some(mut section) = reader.section("never_auto_approve")? else { return Ok(NeverAutoApprove::default()) };
    let key = section.key("risk_level");
    let level = |name: String| {
        RiskLevel::ALL.into_iter().find(|level| level.name() == name).ok_or_else(|| {
            let names = RiskLevel::ALL.map(RiskLevel::name).join(", ");
            Invalid::new(key, format!("is {}", Invalid::quote(&name)), format!("one of {names}"))
        })
    };
    let risk_level = section.text("risk_level")?.map(level).transpose()?;
    let never = NeverAutoApprove {
        roles: section.list("roles", RoleName::new)?.unwrap_or_default(),
        scopes: section.list("resources", str::parse)?.unwrap_or_default(),
        risk_level,
    };
    section.finish()?;
    Ok(never)
}

fn risk(reader: &mut Reader) -> Result<RiskRules, Invalid> {
    let Some(mut section) = reader.section("risk")? else { return Ok(RiskRules::default()) };
    let risk = RiskRules {
        production: section.list("production", str::parse)?.unwrap_or_default(),
        working_hours: section
            .text("working_hours")?
            .map(|text| text.parse().map_err(|error: Invalid| error.for_field(section.key("working_hours"))))
            .transpose()?,
    };
    section.finish()?;
    Ok(risk)
}

/// Keys of the published configuration whose features this version does not have. Their off values are accepted.
fn refuse_missing_features(reader: &mut Reader) -> Result<(), Invalid> {
    let missing = |key: String, value: String| {
        Err(Invalid::new(
            key,
            format!("is {value}, which needs a feature that this version does not have"),
            "the key left out or off",
        ))
    };
    for key in ["enhanced_audit", "session_summary"] {
        if reader.flag(key)? == Some(true) {
            return missing(reader.key(key), "true".to_owned());
        }
    }
    if let Some(minutes) =
        reader.list("expiration_warning_minutes", |text| Ok(text.to_owned()))?.filter(|m| !m.is_empty())
    {
        return missing(reader.key("expiration_warning_minutes"), format!("{minutes:?}"));
    }
    if let Some(mut notifications) = reader.section("notifications")? {
        for key in ["on_request", "on_approval", "on_activation", "on_use", "on_expiration"] {
            if notifications.flag(key)? == Some(true) {
                return missing(notifications.key(key), "true".to_owned());
            }
        }
        if let Some(channels) = notifications.list("channels", |text| Ok(text.to_owned()))?.filter(|c| !c.is_empty()) {
            return missing(notifications.key("channels"), format!("{channels:?}"));
        }
        notifications.finish()?;
    }
    Ok(())
}

fn settings(reader: &mut Reader) -> Result<Settings, Invalid> {
    let defaults = Settings::default();
    let Some(mut section) = reader.section("service")? else { return Ok(defaults) };
    let settings = Settings {
        max_staleness: section.millis("max_staleness_ms", 0..=60_000)?.unwrap_or(defaults.max_staleness),
        interval: section.millis("interval_ms", 1..=60_000)?.unwrap_or(defaults.interval),
        waiting_uses: match section.count("waiting_uses")? {
            Some(0) => return Err(Invalid::new(section.key("waiting_uses"), "is 0", "a whole number of 1 or more")),
            Some(count) => usize::try_from(count).unwrap_or(usize::MAX).min(1 << 20),
            None => defaults.waiting_uses,
        },
    };
    section.finish()?;
    Ok(settings)
}

fn store(reader: &mut Reader, folder: Option<&Path>) -> Result<StoreConfig, Invalid> {
    let Some(mut section) = reader.section("store")? else { return Ok(StoreConfig::Memory) };
    let path = section.text("path")?;
    let kind = section.text("type")?;
    let busy_timeout = section.millis("busy_timeout_ms", 0..=60_000)?;
    let store = match (kind.as_deref(), path) {
        (Some("memory"), None) | (None, None) => StoreConfig::Memory,
        (Some("sqlite") | None, Some(path)) if !path.is_empty() => {
            let path = folder.map_or_else(|| PathBuf::from(&path), |folder| folder.join(&path));
            StoreConfig::Sqlite { path, busy_timeout: busy_timeout.unwrap_or(Duration::from_secs(5)) }
        }
        (Some("sqlite") | None, path) => {
            let problem = path.map_or_else(|| "is missing".to_owned(), |path| format!("is {}", Invalid::quote(&path)));
            return Err(Invalid::new(
                section.key("path"),
                problem,
                "the path of the SQLite file, in a directory that exists",
            ));
        }
        (Some("memory"), Some(path)) => {
            return Err(Invalid::new(
                section.key("path"),
                format!("is {}", Invalid::quote(&path)),
                "no path with the type memory",
            ));
        }
        (Some(other), _) => {
            return Err(Invalid::new(section.key("type"), format!("is {}", Invalid::quote(other)), "sqlite or memory"));
        }
    };
    section.finish()?;
    Ok(store)
}

#[cfg(test)]
mod tests;
