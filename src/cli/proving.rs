//! A solver's verdicts about the pending requests: `jit prove`.

use clap::ArgMatches;

use super::problem::{Exit, Problem};
use super::screen::Screen;

/// `jit prove FILE`: beside a host, on its store. Ends with Ctrl-C, or at once with `--once`.
#[cfg(feature = "proof")]
pub(super) fn prove(screen: &Screen, matches: &ArgMatches) -> Result<(), Problem> {
    use std::path::Path;
    use std::time::Duration;

    use serde_json::json;

    use super::local::{invalid, problem};
    use super::paint::harmless;
    use super::screen::Format;
    use super::wait::Interrupt;
    use crate::config::{Config, StoreConfig};
    use crate::host::{BackgroundWork, Host, environment};
    use crate::proof::Prover;

    /// How often it is looked whether something waits.
    const PAUSE: u64 = 1_000;

    let seconds = matches.get_one::<u64>("seconds").copied().unwrap_or(30);
    let Some(prover) = Prover::find(Duration::from_secs(seconds)) else {
        return Err(Problem::new(Exit::Unavailable, "cvc5 is not installed, so nothing is proven")
            .next("install it, or name it with the variable CVC5"));
    };
    let path = matches.get_one::<String>("file").cloned().unwrap_or_default();
    let config = Config::from_file(Path::new(&path), environment()).map_err(|error| invalid(&error))?;
    if matches!(config.store, StoreConfig::Memory) {
        return Err(Problem::new(
            Exit::Usage,
            "the configuration keeps its store in memory, where no other process sees it",
        ));
    }
    let host = Host::builder(config).background(BackgroundWork::Off).open().map_err(|error| problem(&error))?;
    let interrupt = Interrupt::watch();
    while !interrupt.came() {
        match host.prove_waiting(&prover) {
            Ok(proven) => {
                for (request, proof) in proven {
                    let (outcome, detail) = (proof.outcome.name(), &proof.detail);
                    match screen.format {
                        Format::Text => screen.print(&harmless(&format!("{request} {outcome}: {detail}"))),
                        _ => screen.line(&json!({"request_id": request.to_string(), "outcome": outcome, "detail": detail.to_string()})),
                    }
                }
            }
            Err(error) if matches.get_flag("once") => return Err(problem(&error)),
            // A busy or unavailable store, or a file that is being written: the next round tries again.
            Err(error) => screen.note(&harmless(&error.to_string())),
        }
        if matches.get_flag("once") {
            break;
        }
        interrupt.pause(PAUSE);
    }
    Ok(())
}

/// `jit prove FILE`.
#[cfg(not(feature = "proof"))]
pub(super) fn prove(_: &Screen, _: &ArgMatches) -> Result<(), Problem> {
    Err(Problem::new(Exit::Usage, "this build is one without the feature `proof`")
        .next("cargo install jit-access --features cli,postgres,proof"))
}
