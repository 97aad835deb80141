//! How the environment sets keys.
//!
//! A variable is called `JIT_` and the key in capitals, with two underscores between the levels:
//! `JIT_MAX_DURATION_HOURS=12`, `JIT_STORE__PATH=/var/lib/jit/jit.db`, `JIT_APPROVER_ROLES=platform_admin,security`. Values
//! are read as YAML, and a list may also be written with commas. The catalogue of roles is too large for a variable and
//! stays in the file.
//!
//! A few names are kept for command lines and clients (`JIT_URL`, `JIT_TOKEN` …) and are passed over.
//!
//! A variable without a value counts as not set: deployments pass on variables that are not filled in. Only `null`, or
//! `[]` for a list, removes what the file sets.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::keys::{self, Kind, PREFIX};
use super::reader::Findings;
use super::spelling;
use crate::model::Invalid;

/// Variables that a command line or a client of the routes reads. They set no key and are passed over.
const RESERVED: &[&str] = &[
    "JIT_CONFIG",
    "JIT_FORMAT",
    "JIT_HOST",
    "JIT_INSECURE",
    "JIT_OUTPUT",
    "JIT_PROFILE",
    "JIT_TIMEOUT",
    "JIT_TOKEN",
    "JIT_TOKEN_FILE",
    "JIT_URL",
    "JIT_USER",
];

/// Sets the values of environment variables in the document.
pub(super) fn overlay(section: &mut Value, environ: impl IntoIterator<Item = (String, String)>, findings: &Findings) {
    let mut set: Vec<(String, String)> = environ.into_iter().filter(|(name, _)| name.starts_with(PREFIX)).collect();
    set.sort();
    let mut empty = Vec::new();
    for (name, text) in set {
        let known = keys::all().find(|key| key.variable().as_ref() == Some(&name));
        match known {
            _ if text.trim().is_empty() => empty.push(name),
            _ if name.contains(char::REPLACEMENT_CHARACTER) || text.contains(char::REPLACEMENT_CHARACTER) => {
                findings.error(Invalid::new(name, "is not UTF-8", "text in UTF-8"));
            }
            Some(key) => match put(section, key.path, parse(&text, key.kind)) {
                Ok(()) => findings.is_set_by(key.path, &name),
                Err(()) => findings.error(Invalid::new(
                    name,
                    format!("sets {}, and the file has no mapping there", key.path),
                    "a file in which that section is a mapping",
                )),
            },
            None if is_service_link(&name, &text) || RESERVED.contains(&name.as_str()) => {}
            None => {
                let variables: Vec<_> = keys::all().filter_map(keys::Key::variable).collect();
                let expected = spelling::meant(&name, variables.iter().map(String::as_str));
                findings.error(Invalid::new(name, "is not a known variable", expected));
            }
        }
    }
    if !empty.is_empty() {
        let (are, names) = (if empty.len() == 1 { "is" } else { "are" }, empty.join(", "));
        findings.warn(format!("{names} {are} empty and ignored; to remove what the file sets, write null"));
    }
}

fn parse(text: &str, kind: Kind) -> Value {
    let text = text.trim();
    match kind {
        _ if text == "null" => Value::Null,
        Kind::Text => Value::String(text.to_owned()),
        Kind::List if !text.starts_with('[') => {
            Value::Array(text.split(',').map(|item| Value::String(item.trim().to_owned())).collect())
        }
        Kind::Plain | Kind::List | Kind::FileOnly => {
            serde_saphyr::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
        }
    }
}

fn put(section: &mut Value, path: &str, value: Value) -> Result<(), ()> {
    let mut at = section;
    let mut steps: Vec<&str> = path.split('.').collect();
    let last = steps.pop().ok_or(())?;
    for step in steps {
        let map = at.as_object_mut().ok_or(())?;
        at = map.entry(step).or_insert_with(|| Value::Object(Map::new()));
        if at.is_null() {
            *at = Value::Object(Map::new());
        }
    }
    at.as_object_mut().ok_or(())?.insert(last.to_owned(), value);
    Ok(())
}

/// Whether Kubernetes set the variable, for a service whose name begins with `jit`:
/// `JIT_ACCESS_PORT=tcp://10.0.0.1:80`, `JIT_SERVICE_HOST=10.0.0.1`. The value must match the name, so a misspelt key
/// is not mistaken for one.
fn is_service_link(name: &str, value: &str) -> bool {
    const PROTOCOLS: [&str; 3] = ["tcp", "udp", "sctp"];
    let is_port = |text: &str| text.parse::<u16>().is_ok();
    let is_address = |text: &str| text.parse::<IpAddr>().is_ok();
    let is_url = || {
        let (protocol, place) = value.split_once("://").unwrap_or_default();
        let (host, port) = place.rsplit_once(':').unwrap_or_default();
        PROTOCOLS.contains(&protocol) && !host.is_empty() && is_port(port)
    };
    // `JIT_PORT_8080_TCP_ADDR`: what follows the number and the protocol of a port.
    let of_port = || {
        let mut rests = name.match_indices("_PORT_").filter_map(|(at, found)| name.get(at + found.len()..));
        let rest = rests.find(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))?;
        let (number, rest) = rest.split_once('_')?;
        let (protocol, part) = rest.split_once('_').map_or((rest, ""), |(protocol, part)| (protocol, part));
        (is_port(number) && PROTOCOLS.contains(&protocol.to_ascii_lowercase().as_str())).then_some(part)
    };
    match of_port() {
        Some("") => is_url(),
        Some("PROTO") => PROTOCOLS.contains(&value),
        Some("PORT") => is_port(value),
        Some("ADDR") => is_address(value),
        Some(_) => false,
        None if name.ends_with("_SERVICE_HOST") => is_address(value),
        None if name.ends_with("_SERVICE_PORT") || name.contains("_SERVICE_PORT_") => is_port(value),
        None => name.ends_with("_PORT") && is_url(),
    }
}
