//! The differences between two configurations.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Config;
use super::effective::Effective;
use crate::model::{AccessRequest, Grant, Timestamp};
use crate::workflow::{Rules, RulesImpact, impact_on_grant, impact_on_request};

/// The differences of a new configuration.
///
/// ```
/// use jit_access::config::Config;
///
/// let old = Config::parse("jit_access: {max_duration_hours: 8}", [])?;
/// let new = Config::parse("jit_access: {max_duration_hours: 2}", [])?;
/// let difference = Config::diff(&old, &new);
/// assert_eq!(difference.changed[0].to_string(), "max_duration_hours: 8 -> 2");
/// assert!(difference.impact(&[], &[], "2026-12-01T09:00:00Z".parse()?).is_empty(), "nothing is live");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Difference {
    /// The keys that have another value, in the order of the manual.
    pub changed: Vec<Changed>,
    old: Rules,
    new: Rules,
}

/// A key that has another value.
///
/// ```
/// use jit_access::config::Config;
///
/// let (old, new) = (Config::parse("", [])?, Config::parse("jit_access: {auditor_roles: [audit]}", [])?);
/// let changed = &Config::diff(&old, &new).changed[0];
/// assert_eq!((changed.path.as_str(), changed.old.is_none()), ("auditor_roles", true));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Changed {
    /// The key, below `jit_access`.
    pub path: String,
    /// Its value in the old configuration; `None` when it has none. Secrets are hidden.
    pub old: Option<Value>,
    /// Its value in the new one.
    pub new: Option<Value>,
}

impl std::fmt::Display for Changed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |value: &Option<Value>| value.as_ref().map_or_else(|| "none".to_owned(), Value::to_string);
        write!(f, "{}: {} -> {}", self.path, shown(&self.old), shown(&self.new))
    }
}

impl Config {
    /// The differences in `new`. A changed secret is not seen, because the values of secrets are hidden.
    #[must_use]
    pub fn diff(old: &Self, new: &Self) -> Difference {
        let by_path = |values: &[Effective]| -> BTreeMap<String, Value> {
            values.iter().map(|one| (one.path.clone(), one.value.clone())).collect()
        };
        let (before, after) = (by_path(&old.values), by_path(&new.values));
        let mut changed: Vec<Changed> = Vec::new();
        for Effective { path, .. } in new.values.iter().chain(&old.values) {
            let (was, is) = (before.get(path), after.get(path));
            if was != is && changed.iter().all(|one| one.path != *path) {
                changed.push(Changed { path: path.clone(), old: was.cloned(), new: is.cloned() });
            }
        }
        Difference { changed, old: old.rules.clone(), new: new.rules.clone() }
    }
}

impl Config {
    /// Every key with its value, one on a line, without secrets and without sources, and the text of each policy file
    /// that it names. A start records the digest of this text.
    #[must_use]
    pub fn text(&self) -> String {
        // What the host reserves in addition is in no file.
        let reserved = self.rules.reserved_permissions.iter().map(|one| format!("reserved: {one}\n"));
        let standing = self.settings.standing_policies.iter().map(|file| (file.name(), file.text()));
        let who = self.rules.policy.text().map(|text| ("workflow_policy", text));
        let policies =
            who.into_iter().chain(standing).map(|(name, text)| format!("policy: {name} {}\n", Value::from(text)));
        self.values.iter().map(|one| format!("{}: {}\n", one.path, one.value)).chain(reserved).chain(policies).collect()
    }
}

impl Difference {
    /// What the new configuration changes about these grants and requests that the old one did not change already.
    #[must_use]
    pub fn impact(&self, grants: &[Grant], requests: &[AccessRequest], now: Timestamp) -> Vec<RulesImpact> {
        let by = |rules: &Rules| -> Vec<RulesImpact> {
            let grants = grants.iter().flat_map(|grant| impact_on_grant(grant, rules, now));
            grants.chain(requests.iter().flat_map(|request| impact_on_request(request, rules, now))).collect()
        };
        let before = by(&self.old);
        by(&self.new).into_iter().filter(|touched| !before.contains(touched)).collect()
    }
}
