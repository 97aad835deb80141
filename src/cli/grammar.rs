//! The commands and their arguments: those of the catalogue, and those that are made for people.

use clap::{Arg, ArgAction, Command};

use super::names::{COVERED, command_name};
use super::place;
use super::screen::columns;
use super::table::wrapped;
use super::values::{arguments, option};
use crate::command::{CommandSpec, catalogue, spec_of};

/// The commands by purpose, in the order of the help. Commands that are not listed are under the last heading.
pub(super) const GROUPS: &[(&str, &[&str])] = &[
    (
        "Ask for access",
        &["roles", "request", "run", "status", "answer", "withdraw", "extend", "release", "break-glass"],
    ),
    (
        "Decide",
        &[
            "queue",
            "requests",
            "approve",
            "deny",
            "ask",
            "review",
            "waive-review",
            "delegate",
            "undelegate",
            "delegations",
        ],
    ),
    (
        "Watch and end",
        &["grants", "revoke", "suspend", "resume", "alerts", "acknowledge-alert", "silence-alert", "standing"],
    ),
    (
        "Look back",
        &[
            "audit",
            "events",
            "story",
            "who-could",
            "what-could",
            "what-changed",
            "replay",
            "right-size",
            "explain",
            "remedies",
            "check",
            "summary",
            "summary-text",
            "right-size",
            "replay",
            "evidence",
            "export",
            "policies",
            "verify",
            "head",
            "checkpoint",
            "proof",
        ],
    ),
    (
        "Operate",
        &[
            "doctor",
            "health",
            "config",
            "test-policies",
            "prove",
            "simulate-config",
            "refusals",
            "deliveries",
            "resend-delivery",
            "drop-delivery",
            "metrics",
            "live-grants",
            "accept-store",
            "accept-clock",
            "copy-store",
        ],
    ),
    ("This command", &["login", "logout", "completions", "man"]),
    ("More", &[]),
];

/// The widest help, in columns.
const WIDEST: usize = 120;

/// The whole command line.
pub(super) fn grammar() -> Command {
    let mut jit = Command::new("jit")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Access for a limited time: ask for it, decide on it, see who has it")
        .max_term_width(WIDEST)
        .after_help(
            "Roles, ids, lengths: a role is one of the catalogue; of an id the beginning is enough; lengths are written 4h, 30m, \
             2h30m.\nExit codes and everything else: jit man",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .infer_subcommands(false)
        .args(place::arguments());
    for spec in catalogue().filter(|spec| COVERED.iter().all(|(name, _)| *name != spec.name)) {
        jit = jit.subcommand(adorned(of_catalogue(spec), spec));
    }
    for command in made_by_hand() {
        // What the catalogue has under this name is the one.
        if jit.find_subcommand(command.get_name()).is_none() {
            jit = jit.subcommand(command);
        }
    }
    let help = grouped(&jit);
    jit.before_help(help).help_template("{about}\n\n{usage-heading} {usage}\n\n{before-help}{options}{after-help}")
}

/// A command of the catalogue, from its own definition.
fn of_catalogue(spec: &'static CommandSpec) -> Command {
    let long = paragraphs(spec.doc);
    Command::new(command_name(spec)).about(spec.summary().replace('`', "")).long_about(long).args(arguments(spec))
}

/// Documentation as text: each paragraph one line, which the help wraps at the edge of the terminal.
fn paragraphs(doc: &str) -> String {
    let lines: Vec<&str> = doc.trim().lines().map(str::trim).collect();
    let paragraphs = lines.split(|line| line.is_empty()).map(|lines| lines.join(" "));
    paragraphs.collect::<Vec<_>>().join("\n\n").replace('`', "")
}

/// Adds what helps people.
fn adorned(command: Command, spec: &CommandSpec) -> Command {
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    match spec.name {
        "submit" => command.args(waiting()).after_help(
            "Example: jit request deployer --on tool:deploy --for 2h --reason \"INC-42: roll back\" --wait",
        ),
        "approve" => command.after_help("Example: jit approve 0198c7a2-5d3e --for 1h --only audit:read"),
        "grants" => command.arg(flag("all", "Those that have ended, too")),
        "who_could" | "what_could" => command.mut_arg("at", |arg| arg.required(false).default_value("now")),
        "audit" => command.arg(flag("follow", "Go on with each new record until Ctrl-C").short('f')),
        "revoke" => {
            let many = spec_of("revoke_many").into_iter().flat_map(arguments);
            let known: Vec<_> = command.get_arguments().map(|arg| arg.get_id().clone()).collect();
            command
                .mut_arg("grant", |arg| arg.required(false))
                .args(many.filter(|arg| !known.contains(arg.get_id())))
                .arg(flag("yes", "Do not ask whether everything is meant"))
                .about("Revoke a grant and its extensions, or many grants at once")
                .after_help("Examples: jit revoke 0198c7a2-5d3e --reason \"done\"\n          jit revoke --holder dev@example.com --reason \"account taken over\"")
        }
        "complete_review" => command
            .mut_arg("grant", |arg| arg.required(false))
            .mut_arg("justified", |arg| arg.required(false))
            .about("List the break-glass grants that wait for a review, or complete a review")
            .after_help("Example: jit review 0198c7a2-5d3e --justified true --finding \"the shop was down\""),
        _ => command,
    }
}

fn waiting() -> [Arg; 2] {
    [
        Arg::new("wait").long("wait").short('w').action(ArgAction::SetTrue).help("Wait for the decision"),
        option("patience", "LENGTH", "With --wait: stop waiting after so long; the request stays open"),
    ]
}

fn made_by_hand() -> Vec<Command> {
    let file = |name: &'static str, help: &'static str| Arg::new(name).required(true).value_name("FILE").help(help);
    let run = Command::new("run")
        .about("Ask for a role, wait for it, run a command, and give the role back")
        .args(spec_of("submit").into_iter().flat_map(arguments).filter(|arg| arg.get_id() != "dry_run"))
        .arg(option("patience", "LENGTH", "Stop waiting for the decision after so long, and withdraw the request"))
        .arg(Arg::new("command").num_args(1..).required(true).last(true).value_name("COMMAND").help("What to run"))
        .after_help("Example: jit run deployer --for 30m --reason INC-42 -- ./roll-back.sh");
    let status = Command::new("status")
        .about("Show a request or a grant, or all that is open")
        .arg(Arg::new("id").value_name("ID").help("A request or a grant. The beginning of its id is enough"))
        .args(waiting());
    let queue = Command::new("queue").about("List the requests that wait for a decision, the oldest first");
    let check = Command::new("check")
        .about("Say whether a principal may do something now, and by which grant")
        .arg(
            Arg::new("principal")
                .required(true)
                .value_name("PERSON")
                .help("A person, or agent: and the name of an agent"),
        )
        .arg(Arg::new("action").required(true).value_name("ACTION").help("Such as tools.execute"))
        .arg(option("on", "RESOURCE", "Such as tool:deploy, or tool:deploy@server:s1. The default is everything"));
    let config = Command::new("config")
        .about("Look at a configuration")
        .subcommand_required(true)
        .subcommand(
            Command::new("check").about("List every mistake of a configuration").arg(file("file", "The configuration")),
        )
        .subcommand(
            Command::new("show")
                .about("List what is in force, and where each value comes from")
                .arg(file("file", "The configuration")),
        )
        .subcommand(Command::new("schema").about("Print a JSON Schema of the configuration, for editors"));
    let policies = Command::new("test-policies")
        .about("Ask the policies of a configuration what its tests say they must answer")
        .arg(file("file", "The configuration"))
        .arg(option("tests", "FILE", "The tests. The default is policy_tests.path of the configuration"));
    let prove = Command::new("prove")
        .about("Have the solver cvc5 prove what waiting requests would give, until Ctrl-C")
        .arg(file("file", "The configuration, which names the store and the policies"))
        .arg(
            Arg::new("seconds")
                .long("seconds")
                .value_name("N")
                .value_parser(clap::value_parser!(u64).range(1..=3_600))
                .help("How long the solver may take for a request. The default is 30"),
        )
        .arg(Arg::new("once").long("once").action(ArgAction::SetTrue).help("Only what waits now"));
    let simulate = Command::new("simulate-config")
        .about(
            "Say what a new configuration would change for what is live and waiting. Needs no host; nothing is changed",
        )
        .arg(file("old", "The configuration in force, which names the store"))
        .arg(file("new", "The configuration to try"))
        .after_help("Example: jit simulate-config jit-access.yaml jit-access.new.yaml");
    let copy = Command::new("copy-store")
        .about("Copy a whole store into an empty one, and verify the copy. Nobody may use either meanwhile")
        .arg(
            Arg::new("from")
                .required(true)
                .value_name("FROM")
                .help("A file, postgresql://…, or a configuration (.yaml)"),
        )
        .arg(
            Arg::new("to")
                .required(true)
                .value_name("TO")
                .help("The same. A copy that was interrupted is gone on with"),
        )
        .after_help("Example: jit copy-store jit-access.db postgresql://jit@db.example.com/gateway");
    let doctor = Command::new("doctor").about("Say everything that is wrong with this installation");
    let login = Command::new("login")
        .about("Keep a token for a host. It is read from the terminal, or from standard input")
        .arg(Arg::new("url").value_name("URL").help("The host, such as https://gateway.example.com"))
        .arg(
            Arg::new("keyring")
                .long("keyring")
                .action(ArgAction::SetTrue)
                .help("Keep it in the desktop's keyring (secret-tool)"),
        );
    let logout = Command::new("logout")
        .about("Forget the token of a host, or of all hosts")
        .arg(Arg::new("url").value_name("URL").help("The host. The default is all"));
    let completions = Command::new("completions")
        .about("Print completions for a shell")
        .arg(Arg::new("shell").required(true).value_name("SHELL").value_parser(clap::value_parser!(clap_complete::Shell)))
        .after_help("bash: source <(jit completions bash)\nzsh:  jit completions zsh > \"${fpath[1]}/_jit\"\nfish: jit completions fish | source");
    let man = Command::new("man")
        .about("Print the manual page, or write the pages of all commands into a folder")
        .arg(option("dir", "FOLDER", "Write jit.1, jit-request.1 … into this folder"));
    vec![run, status, queue, check, config, simulate, policies, prove, copy, doctor, login, logout, completions, man]
}

/// The list of commands by purpose.
fn grouped(jit: &Command) -> String {
    let named = |name: &&str| GROUPS.iter().any(|(_, names)| names.contains(name));
    let longest = jit.get_subcommands().map(|command| command.get_name().len()).max().unwrap_or(0);
    let room = columns().min(WIDEST).saturating_sub(longest + 4).max(20);
    let line = |command: &Command| {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        // A list is read line by line, and continued lines are indented.
        let about = wrapped(about.split(". ").next().unwrap_or_default(), room);
        format!("  {:longest$}  {}\n", command.get_name(), about.join(&format!("\n{:1$}", "", longest + 4)))
    };
    let mut text = String::new();
    for (title, names) in GROUPS {
        let of_group = names.iter().filter_map(|name| jit.find_subcommand(name));
        let lines: String = if names.is_empty() {
            jit.get_subcommands().filter(|command| !named(&command.get_name())).map(line).collect()
        } else {
            of_group.map(line).collect()
        };
        if !lines.is_empty() {
            text.push_str(&format!("{title}:\n{lines}\n"));
        }
    }
    text
}
