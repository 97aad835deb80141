//! The effective values, and where each comes from.

use serde_json::Value;

use super::keys;

/// A key with its value.
///
/// ```
/// use jit_access::config::Config;
///
/// let all = Config::effective(None, "jit_access: {max_duration_hours: 2}", [])?;
/// let longest = all.iter().find(|one| one.path == "max_duration_hours").ok_or("no such key")?;
/// assert_eq!((longest.value.to_string().as_str(), longest.origin.as_str()), ("2", "file"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    /// The key, below `jit_access`; in a role with the name of the role.
    pub path: String,
    /// Its value; the manual's description when the default is not a value. Secrets are hidden.
    pub value: Value,
    /// `default`, `file`, or the variable that set it.
    pub origin: String,
}

/// Keys with secret values. Addresses may contain a password.
const SECRET: [&str; 8] = ["secret", "password", "token", "url", "listen_url", "webhook_url", "secrets", "bot_token"];

/// Every key in `section`, and the default of every other. `set` returns which variable set a key.
pub(super) fn effective(section: &Value, set: &dyn Fn(&str) -> Option<String>) -> Vec<Effective> {
    let mut found = Vec::new();
    leaves(section, String::new(), set, &mut found);
    let is_set = |path: &str| {
        let below = format!("{path}.");
        found.iter().any(|one: &Effective| one.path == path || one.path.starts_with(&below))
    };
    // A key of a role or a step has no path when there is no role or step.
    let is_single = |path: &str| !path.starts_with("roles.") && !path.starts_with("approval.");
    let defaults: Vec<_> = keys::all().filter(|key| is_single(key.path) && !is_set(key.path)).collect();
    found.extend(defaults.into_iter().filter(|key| !key.default.is_empty()).map(|key| Effective {
        path: key.path.to_owned(),
        value: serde_json::from_str(key.default).unwrap_or_else(|_| Value::String(key.default.replace('`', ""))),
        origin: "default".to_owned(),
    }));
    let place = |one: &Effective| {
        keys::all().position(|key| one.path == key.path || one.path.starts_with(&format!("{}.", key.path)))
    };
    found.sort_by_key(|one| (place(one).unwrap_or(usize::MAX), one.path.clone()));
    found
}

fn leaves(value: &Value, path: String, set: &dyn Fn(&str) -> Option<String>, found: &mut Vec<Effective>) {
    match value {
        Value::Object(map) if !map.is_empty() || path.is_empty() => {
            for (name, value) in map {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(value, path, set, found);
            }
        }
        other => {
            let name = path.rsplit('.').next().unwrap_or_default();
            let value = if SECRET.contains(&name) { Value::String("(hidden)".to_owned()) } else { hidden(other) };
            let origin = set(&path).unwrap_or_else(|| "file".to_owned());
            found.push(Effective { path, value, origin });
        }
    }
}

/// The value, without the secrets in a list of mappings.
fn hidden(value: &Value) -> Value {
    match value {
        Value::Array(all) => all.iter().map(hidden).collect(),
        Value::Object(map) => {
            let one = |(name, value): (&String, &Value)| {
                let is_secret = SECRET.contains(&name.as_str());
                (name.clone(), if is_secret { Value::String("(hidden)".to_owned()) } else { hidden(value) })
            };
            Value::Object(map.iter().map(one).collect())
        }
        other => other.clone(),
    }
}
