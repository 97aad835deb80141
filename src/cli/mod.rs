//! The command line `jit`: over HTTP against a running host, or against a store for operators.
//!
//! Its commands follow from the catalogue of [`crate::command`]. Only what helps people is written by hand: shorter
//! names, tables and cards, waiting, and operations on the local machine.
//!
//! The program is `bin/jit.rs`, and the Python package calls the same [`main`].
//!
//! | file | question |
//! |---|---|
//! | `grammar` | the commands and their arguments |
//! | `names` | the names of commands and fields |
//! | `values` | how arguments become the fields of a command |
//! | `zone` | the text of instants and lengths |
//! | `place` | which host or store, and as which caller |
//! | `client` | how a command reaches its host, and completing short ids |
//! | `remote` | a command over HTTP |
//! | `local` | a command against a store |
//! | `problem` | errors, and the exit codes |
//! | `screen` | output and its width |
//! | `paint` | colours, and escaping text from others |
//! | `table` | tables and cards |
//! | `field` | the value of one field of a document |
//! | `show` | the results of commands, for people |
//! | `plain` | any other result of a command, in words |
//! | `offered` | the roles that may be requested, and what lifts a denial, for people |
//! | `wait` | waiting for a decision |
//! | `asking` | `request`, `status`, `run` |
//! | `deciding` | `queue`, `grants`, `revoke`, `review` |
//! | `following` | `audit --follow` |
//! | `policies` | `test-policies` |
//! | `proving` | `prove` |
//! | `operating` | `verify`, `check`, `config`, `doctor` |
//! | `simulating` | `simulate-config` |
//! | `copying` | `copy-store` |
//! | `exporting` | `export`, `evidence` |
//! | `progress` | a bar with a rate and a remaining time |
//! | `overseen` | alerts, deliveries, summaries and roles, for people |
//! | `session` | `login`, `logout` |
//! | `manual` | `completions`, `man`, docs/cli.md |

#![expect(clippy::result_large_err, reason = "a program ends with it, once")]

mod asking;
mod client;
mod copying;
mod deciding;
mod exporting;
mod field;
mod following;
mod grammar;
mod local;
mod manual;
mod names;
mod offered;
mod operating;
mod overseen;
mod paint;
mod place;
mod plain;
mod policies;
mod problem;
mod progress;
mod proving;
mod remote;
mod screen;
mod session;
mod show;
mod simulating;
mod table;
mod values;
mod wait;
mod zone;

use std::ffi::OsString;

use clap::ArgMatches;
use clap::error::ErrorKind;

use self::client::Client;
pub use self::manual::tables;
use self::names::command_name;
use self::paint::Look;
use self::place::Place;
use self::problem::{Exit, Problem};
use self::screen::{Format, Screen};
use crate::command::{CommandSpec, catalogue};

/// Runs the command line, and returns the exit code. The first argument is the name of the program.
///
/// ```no_run
/// let code = jit_access::internal::cli::main(std::env::args_os());
/// ```
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let matches = match grammar::grammar().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            let _ = error.print();
            let is_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return if is_help { Exit::Done.code() } else { Exit::Usage.code() };
        }
    };
    let Some((name, of_command)) = matches.subcommand() else { return Exit::Usage.code() };
    let format = match (of_command.get_flag("json"), of_command.get_flag("jsonl")) {
        (true, _) => Format::Json,
        (_, true) => Format::Lines,
        _ => Format::Text,
    };
    let screen = Screen::new(format);
    match run(&screen, name, of_command) {
        Ok(code) => code,
        Err(problem) => {
            report(&screen, &problem);
            problem.exit.code()
        }
    }
}

fn report(screen: &Screen, problem: &Problem) {
    if problem.message.is_empty() {
        return;
    }
    if screen.format != Format::Text {
        return screen.note(&paint::harmless_json(&problem.document().to_string()));
    }
    screen.note(&format!("{} {}", Look::Bad.on("jit:"), paint::harmless(&problem.message)));
    if let Some(next) = &problem.next {
        screen.note(&format!("  {} {}", Look::Dim.on("→"), paint::harmless(next)));
    }
}

fn run(screen: &Screen, name: &str, matches: &ArgMatches) -> Result<u8, Problem> {
    match name {
        "completions" => manual::completions(screen, matches),
        "man" => manual::man(screen, matches)?,
        "config" => operating::config(screen, matches)?,
        "test-policies" => policies::test(screen, matches)?,
        "prove" => proving::prove(screen, matches)?,
        "copy-store" => copying::copy_store(screen, matches)?,
        "doctor" => operating::doctor(screen, matches)?,
        "simulate-config" => simulating::simulate(screen, matches)?,
        "login" => session::login(screen, matches)?,
        "logout" => session::logout(screen, matches)?,
        _ => return at_a_place(screen, name, matches),
    }
    Ok(0)
}

/// A command that needs its host or its store.
fn at_a_place(screen: &Screen, name: &str, matches: &ArgMatches) -> Result<u8, Problem> {
    let client = Client::of(Place::of(matches)?)?;
    let spec = catalogue()
        .find(|spec| command_name(spec) == name && names::COVERED.iter().all(|(other, _)| *other != spec.name));
    match (name, spec) {
        ("status", _) => asking::status(&client, screen, matches)?,
        ("queue", _) => deciding::queue(&client, screen)?,
        ("revoke", _) => deciding::revoke(&client, screen, matches)?,
        ("review", _) => deciding::review(&client, screen, matches)?,
        ("check", None) => operating::check(&client, screen, matches)?,
        ("run", None) => {
            let submit = spec_named("submit")?;
            let fields = values::fields(submit, matches, screen)?;
            return asking::run(&client, screen, fields, matches);
        }
        (_, Some(spec)) => of_catalogue(&client, screen, spec, matches)?,
        (_, None) => return Err(Problem::new(Exit::Usage, format!("there is no command {name}"))),
    }
    Ok(0)
}

fn of_catalogue(client: &Client, screen: &Screen, spec: &CommandSpec, matches: &ArgMatches) -> Result<(), Problem> {
    let fields = values::fields(spec, matches, screen)?;
    match spec.name {
        "submit" => asking::request(client, screen, spec, fields, matches),
        "grants" => deciding::grants(client, screen, fields, matches),
        "audit" => following::audit(client, screen, spec, fields, matches),
        "verify" => operating::verify(client, screen, fields),
        "export" => exporting::export(client, screen, spec, fields),
        "evidence" => {
            let is_for_a_person =
                screen.format == Format::Text && screen.width.is_some() && !fields.contains_key("form");
            let found = exporting::evidence(client, screen, spec, fields)?;
            if !is_for_a_person || !found.as_str().is_some_and(|text| exporting::assessed(screen, text)) {
                show::answer(screen, spec, &found);
            }
            Ok(())
        }
        _ => {
            let answer = client.execute(spec, fields)?;
            if !overseen::answer(screen, spec, &answer) {
                show::answer(screen, spec, &answer);
            }
            Ok(())
        }
    }
}

fn spec_named(name: &str) -> Result<&'static CommandSpec, Problem> {
    crate::command::spec_of(name).ok_or_else(|| Problem::new(Exit::Failed, format!("the command {name} is missing")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_is_sound_and_every_command_of_the_catalogue_is_reachable() {
        let jit = grammar::grammar();
        jit.clone().debug_assert();
        for spec in catalogue() {
            let covered = names::COVERED.iter().find(|(name, _)| *name == spec.name).map(|(_, by)| (*by).to_owned());
            let name = covered.unwrap_or_else(|| command_name(spec));
            assert!(jit.find_subcommand(&name).is_some(), "{} is not reachable as {name}", spec.name);
        }
    }

    #[test]
    fn exit_codes_are_told_apart() {
        let mut codes: Vec<_> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Exit::ALL.len());
    }
}
