//! Tests of an operator's policies: `jit test-policies`.

use clap::ArgMatches;

use super::problem::Problem;
use super::screen::Screen;

/// `jit test-policies FILE`.
#[cfg(feature = "cedar")]
pub(super) fn test(screen: &Screen, matches: &ArgMatches) -> Result<(), Problem> {
    use std::path::Path;

    use serde_json::json;

    use super::local::{invalid, problem};
    use super::paint::{Look, harmless};
    use super::problem::Exit;
    use super::screen::Format;
    use crate::config::{Config, PolicyCases, StoreConfig};
    use crate::host::environment;

    let read = |path: &str| {
        std::fs::read_to_string(path)
            .map_err(|error| Problem::new(Exit::Invalid, format!("{path} cannot be read: {error}")))
    };
    let path = matches.get_one::<String>("file").cloned().unwrap_or_default();
    let mut config =
        Config::parse_in(Path::new(&path).parent(), &read(&path)?, environment()).map_err(|error| invalid(&error))?;
    let tests = std::mem::take(&mut config.settings.policy_tests);
    let (cases, entities) = match matches.get_one::<String>("tests") {
        None => (tests.cases, tests.entities),
        Some(path) => {
            let read = PolicyCases::parse(&read(path)?).map_err(|error| invalid(&error))?;
            (read.cases, read.entities)
        }
    };
    if cases.is_empty() {
        return Err(Problem::new(Exit::Usage, "there are no tests")
            .next("name a file with --tests FILE, or set policy_tests.path in the configuration"));
    }
    // The store of the configuration is not touched.
    config.store = StoreConfig::Memory;
    let host = config.open().map_err(|error| problem(&error))?;
    let failures = host.engine().policy_failures(&cases, entities.as_deref()).map_err(|error| problem(&error))?;
    if screen.format != Format::Text {
        let failed: Vec<_> = failures
            .iter()
            .map(|one| {
                json!({"name": one.name, "expected": one.expected.name(), "found": one.found.name(), "policies": one.policies})
            })
            .collect();
        screen.json(&json!({"tests": cases.len(), "failures": failed}));
    } else {
        for failure in &failures {
            screen.print(&format!("{} {}", Look::Bad.on("✗"), harmless(&failure.to_string())));
        }
        let held = cases.len() - failures.len();
        screen.print(&format!("{} {held} of {} tests hold", Look::Good.on("✓"), cases.len()));
    }
    match failures.len() {
        0 => Ok(()),
        1 => Err(Problem::new(Exit::Found, "1 test does not hold: nothing would start with it")),
        many => Err(Problem::new(Exit::Found, format!("{many} tests do not hold: nothing would start with them"))),
    }
}

/// `jit test-policies FILE`.
#[cfg(not(feature = "cedar"))]
pub(super) fn test(_: &Screen, _: &ArgMatches) -> Result<(), Problem> {
    use super::problem::Exit;

    Err(Problem::new(Exit::Usage, "this build is one without the feature `cedar`"))
}
