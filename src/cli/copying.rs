//! `copy-store`: a whole store, into another one.

use clap::ArgMatches;
use serde_json::json;

use super::local::{at, invalid, problem};
use super::paint::Look;
use super::problem::{Exit, Problem};
use super::progress::Progress;
use super::screen::{Format, Screen};
use crate::clock::{Clock as _, SystemClock};
use crate::config::{Config, StoreConfig};
use crate::error::Error;
use crate::host::{environment, open_store};
use crate::model::Timestamp;
use crate::store::copy;

/// `jit copy-store FROM TO`.
pub(super) fn copy_store(screen: &Screen, matches: &ArgMatches) -> Result<(), Problem> {
    let named = |name: &str| store(matches.get_one::<String>(name).map(String::as_str).unwrap_or_default());
    let (from, to) = (named("from")?, named("to")?);
    if let StoreConfig::Sqlite { path, .. } = &from
        && !path.is_file()
    {
        let message = format!("there is no store at {}", path.display());
        return Err(Problem::new(Exit::Invalid, message).next("name the file itself; nothing was made"));
    }
    let open = |store: &StoreConfig| {
        store.check().map_err(|error| invalid(&error))?;
        open_store(store, std::time::Duration::from_secs(2)).map_err(|error| problem(&error))
    };
    let (from, to) = (open(&from)?, open(&to)?);
    let now = Timestamp::from_millis(SystemClock::default().wall().max(0)).unwrap_or(Timestamp::EPOCH);
    let mut progress = Progress::of(screen, "copying");
    let copied = copy(&*from, &*to, now, &mut progress);
    progress.end();
    let copied = copied.map_err(|error| {
        let why = std::error::Error::source(&error).map(|why| format!(": {why}"));
        let message = format!("{error}{}", why.unwrap_or_default());
        let mut failure =
            problem(&Error::from(error)).next("what was copied stays; the same command continues from there");
        failure.message = message;
        failure
    })?;
    if screen.format != Format::Text {
        screen.json(&json!({
            "revision": copied.revision.0, "hash": copied.hash.to_string(), "checkpoints": copied.checkpoints,
            "notices": copied.notices,
        }));
        return Ok(());
    }
    screen.print(&format!(
        "{} {} records, {} checkpoints and {} waiting notices, verified; both stores end with {}",
        Look::Good.on("✓"),
        copied.revision,
        copied.checkpoints,
        copied.notices,
        copied.hash
    ));
    Ok(())
}

/// A file, the address of a database, or the store of a configuration.
fn store(text: &str) -> Result<StoreConfig, Problem> {
    let is_configuration = [".yaml", ".yml"].iter().any(|end| text.ends_with(end));
    if !is_configuration {
        return at(text, &StoreConfig::Memory);
    }
    let config = Config::from_file(text, environment()).map_err(|error| invalid(&error))?;
    match config.store {
        StoreConfig::Memory => Err(Problem::new(Exit::Usage, format!("{text} keeps its store in memory"))
            .next("a configuration with store.path or store.url")),
        store => Ok(store),
    }
}
