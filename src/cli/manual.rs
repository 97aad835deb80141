//! The manual: pages, completions, and what docs/cli.md is made from.

use std::fmt::Write as _;
use std::path::Path;

use clap::{ArgMatches, Command};
use clap_mangen::Man;

use super::grammar::{GROUPS, grammar};
use super::problem::{Exit, Problem};
use super::screen::Screen;

/// `jit completions SHELL`.
pub(super) fn completions(screen: &Screen, matches: &ArgMatches) {
    if let Some(shell) = matches.get_one::<clap_complete::Shell>("shell") {
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut grammar(), "jit", &mut script);
        screen.print(String::from_utf8_lossy(&script).trim_end());
    }
}

/// `jit man`.
pub(super) fn man(screen: &Screen, matches: &ArgMatches) -> Result<(), Problem> {
    let failed = |error: std::io::Error| Problem::new(Exit::Failed, format!("the pages cannot be written: {error}"));
    let Some(folder) = matches.get_one::<String>("dir") else {
        screen.print(&page(&full_command(), "jit").map_err(failed)?);
        return Ok(());
    };
    let folder = Path::new(folder);
    std::fs::create_dir_all(folder).map_err(failed)?;
    let jit = grammar();
    let mut count = 1;
    std::fs::write(folder.join("jit.1"), page(&full_command(), "jit").map_err(failed)?).map_err(failed)?;
    for command in jit.get_subcommands() {
        let name = format!("jit-{}", command.get_name());
        let command = command.clone().display_name(&name).bin_name(format!("jit {}", command.get_name()));
        std::fs::write(folder.join(format!("{name}.1")), page(&command, &name).map_err(failed)?).map_err(failed)?;
        count += 1;
    }
    screen.print(&format!("{count} pages are in {}", folder.display()));
    Ok(())
}

fn full_command() -> Command {
    let codes: String = Exit::ALL.iter().map(|exit| format!("{:>3}  {}\n", exit.code(), exit.meaning())).collect();
    grammar().before_help("").after_help(format!("EXIT CODES\n\n{codes}"))
}

fn page(command: &Command, name: &str) -> std::io::Result<String> {
    let mut text = Vec::new();
    Man::new(command.clone()).title(name.to_uppercase()).render(&mut text)?;
    Ok(String::from_utf8_lossy(&text).trim_end().to_owned())
}

/// The tables of docs/cli.md: the commands by purpose, and the exit codes.
#[must_use]
pub fn tables() -> String {
    let jit = grammar();
    let mut text = String::from("\n");
    let named = |name: &str| GROUPS.iter().any(|(_, names)| names.contains(&name));
    for (title, names) in GROUPS {
        let of_group: Vec<&Command> = if names.is_empty() {
            jit.get_subcommands().filter(|command| !named(command.get_name())).collect()
        } else {
            names.iter().filter_map(|name| jit.find_subcommand(name)).collect()
        };
        if of_group.is_empty() {
            continue;
        }
        let _ = write!(text, "### {title}\n\n| command | what it does | takes |\n|---|---|---|\n");
        for command in of_group {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default().replace('|', "\\|");
            let _ = writeln!(text, "| `jit {}` | {about} | {} |", command.get_name(), takes(command));
        }
        text.push('\n');
    }
    text.push_str("### Exit codes\n\n| code | meaning |\n|--:|---|\n");
    for exit in Exit::ALL {
        let _ = writeln!(text, "| {} | {} |", exit.code(), exit.meaning());
    }
    text.push('\n');
    text
}

/// The arguments of a command, those that are required in bold.
fn takes(command: &Command) -> String {
    let one = |arg: &clap::Arg| {
        let value = arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
        let shown = match arg.get_long() {
            Some(long) => format!("`--{long}`"),
            None => format!("`{value}`"),
        };
        if arg.is_required_set() { format!("**{shown}**") } else { shown }
    };
    let of_all = |arg: &&clap::Arg| !arg.is_global_set() && !arg.is_hide_set();
    command
        .get_arguments()
        .filter(of_all)
        .map(one)
        .chain(command.get_subcommands().map(|sub| format!("`{}`", sub.get_name())))
        .collect::<Vec<_>>()
        .join(", ")
}
