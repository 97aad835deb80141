//! A command against a store on this machine, for operators.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::place::StorePlace;
use super::problem::{Exit, Problem};
use crate::command::{CallerKind, CommandSpec, spec_of};
use crate::config::{Config, StoreConfig};
use crate::error::Error;
use crate::host::{BackgroundWork, Host, environment};
use crate::model::Invalid;
use crate::store::Verifying;
use crate::wire::{ProblemDocument, command, http_status, to_json};

/// An open store.
pub(super) struct Local {
    host: Host,
    user: Option<String>,
    roles: Vec<String>,
}

/// The caller of an operator's reads when none is named. It is never recorded.
const OPERATOR: &str = "operator";

impl Local {
    pub(super) fn open(place: &StorePlace) -> Result<Self, Problem> {
        let mut config = match &place.config {
            Some(path) => Config::from_file(path, environment()).map_err(|error| invalid(&error))?,
            None => Config::parse("jit_access: {}", environment()).map_err(|error| invalid(&error))?,
        };
        if let Some(place) = &place.store {
            config.store = at(place, &config.store)?;
        }
        Self::of(config, place)
    }

    /// A store with this configuration.
    pub(super) fn of(mut config: Config, place: &StorePlace) -> Result<Self, Problem> {
        if let StoreConfig::Sqlite { path, .. } = &config.store {
            // Opening creates the file. A read needs one that exists.
            if !path.is_file() {
                let message = format!("there is no store at {}", path.display());
                return Err(
                    Problem::new(Exit::Invalid, message).next("--store FILE names the file itself; nothing was made")
                );
            }
        } else if matches!(config.store, StoreConfig::Memory) {
            return Err(Problem::new(
                Exit::Usage,
                "the configuration keeps its store in memory, which is gone with its process",
            )
            .next("--store FILE names a store"));
        }
        let mut roles: Vec<String> = place.roles.clone();
        if roles.is_empty() {
            let rules = &config.rules;
            roles.extend(rules.approver_roles.iter().chain(&rules.auditor_roles).map(ToString::to_string));
        }
        // Without a configuration, no role of a store may read it.
        if roles.is_empty() {
            roles.push(OPERATOR.to_owned());
            config.rules.auditor_roles =
                config.rules.auditor_roles.into_iter().chain(crate::model::RoleName::new(OPERATOR)).collect();
        }
        let host = Host::builder(config).background(BackgroundWork::Off).open().map_err(|error| problem(&error))?;
        Ok(Self { host, user: place.user.clone(), roles })
    }

    pub(super) const fn host(&self) -> &Host {
        &self.host
    }

    pub(super) fn execute(&self, spec: &CommandSpec, fields: Map<String, Value>) -> Result<Value, Problem> {
        self.watched(spec, fields, &mut ())
    }

    /// Carries out a whole document, with the caller that it names.
    pub(super) fn document(&self, document: &Value) -> Result<Value, Problem> {
        let text = command::run(self.host.workflow(), &document.to_string()).map_err(|error| problem(&error))?;
        serde_json::from_str(&text).map_err(|error| Problem::new(Exit::Failed, error.to_string()))
    }

    /// A command of the catalogue by its name.
    pub(super) fn run(&self, name: &str, fields: Map<String, Value>) -> Result<Value, Problem> {
        let spec = spec_of(name).ok_or_else(|| Problem::new(Exit::Failed, format!("there is no command `{name}`")))?;
        self.execute(spec, fields)
    }

    /// The same; reads of the whole journal report progress to `watch`.
    pub(super) fn watched(
        &self,
        spec: &CommandSpec,
        fields: Map<String, Value>,
        watch: &mut dyn Verifying,
    ) -> Result<Value, Problem> {
        let mut document = fields;
        document.insert("command".to_owned(), json!(spec.name));
        if spec.caller != CallerKind::Host {
            let user = match &self.user {
                Some(user) => user.as_str(),
                None if spec.writes => {
                    return Err(
                        Problem::new(Exit::Usage, "the journal has to say who did this").next("--as you@example.com")
                    );
                }
                None => OPERATOR,
            };
            document.insert("caller".to_owned(), json!({"principal": user, "roles": self.roles}));
        }
        let text = command::run_watched(self.host.workflow(), &Value::Object(document).to_string(), watch)
            .map_err(|error| problem(&error))?;
        serde_json::from_str(&text).map_err(|error| Problem::new(Exit::Failed, error.to_string()))
    }
}

/// The store that an operator names, with the other settings of the configured one.
pub(super) fn at(place: &str, configured: &StoreConfig) -> Result<StoreConfig, Problem> {
    if is_database(place) {
        return database(place);
    }
    let busy_timeout = match configured {
        StoreConfig::Sqlite { busy_timeout, .. } => *busy_timeout,
        _ => std::time::Duration::from_secs(5),
    };
    Ok(StoreConfig::Sqlite { path: Path::new(place).to_owned(), busy_timeout })
}

fn is_database(place: &str) -> bool {
    ["postgresql:", "postgres:"].iter().any(|scheme| place.starts_with(scheme))
}

#[cfg(feature = "postgres")]
fn database(place: &str) -> Result<StoreConfig, Problem> {
    // No message repeats the address, which may contain a password.
    let url: crate::store::PostgresUrl = place.parse().map_err(|error: Invalid| {
        Problem::new(Exit::Invalid, format!("the address of the store {}", error.problem()))
            .next(format!("expected {}", error.expected()))
    })?;
    Ok(StoreConfig::Postgres { url, options: crate::store::PostgresOptions::default() })
}

#[cfg(not(feature = "postgres"))]
fn database(_: &str) -> Result<StoreConfig, Problem> {
    Err(Problem::new(Exit::Usage, "this build knows no PostgreSQL").next("a build with the feature `postgres`"))
}

/// The store as it may be shown: without a password.
pub(super) fn shown(place: &str) -> String {
    match is_database(place).then(|| place.split_once("://")).flatten() {
        Some((scheme, rest)) => {
            let rest = rest.split_once('?').map_or(rest, |(rest, _)| rest);
            format!("{scheme}://{}", rest.rsplit_once('@').map_or(rest, |(_, host)| host))
        }
        None => place.to_owned(),
    }
}

pub(super) fn invalid(error: &Invalid) -> Problem {
    Problem::new(Exit::Invalid, error.to_string()).next("`jit config check` lists every mistake at once")
}

/// An error of the engine as a host would send it.
pub(super) fn problem(error: &Error) -> Problem {
    let document = to_json(&ProblemDocument::from(error)).ok().and_then(|text| serde_json::from_str(&text).ok());
    Problem::of(http_status(error), document.unwrap_or(Value::Null))
}
