//! Asking for access: `request`, `status`, and `run`.

use std::process::Command;

use clap::ArgMatches;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Map, Value, json};

use super::client::Client;
use super::field::{instant, text};
use super::paint::Look;
use super::problem::{Exit, Problem};
use super::screen::{Format, Screen};
use super::show::{self, short};
use super::wait::{Interrupt, for_decision, outcome};
use super::zone::{distance, length_of, span};
use crate::command::{CommandSpec, spec_of};

/// How long `--wait` waits, if given.
fn patience(matches: &ArgMatches) -> Result<Option<i64>, Problem> {
    let Some(text) = matches.get_one::<String>("patience") else { return Ok(None) };
    let wrong = || Problem::new(Exit::Invalid, format!("--patience `{text}` is no length: write 30m or 2h"));
    length_of(text).ok_or_else(wrong).map(Some)
}

/// `jit request`.
pub(super) fn request(
    client: &Client,
    screen: &Screen,
    spec: &CommandSpec,
    fields: Map<String, Value>,
    matches: &ArgMatches,
) -> Result<(), Problem> {
    let patience = patience(matches)?;
    let is_dry = fields.contains_key("dry_run");
    let made = client.execute(spec, fields)?;
    let is_open = matches!(text(&made, "status").as_str(), "pending" | "needs_info");
    if screen.format == Format::Text && is_dry {
        screen.note(&Look::Warn.on("this is what would be requested; nothing was done"));
    }
    if is_dry || !matches.get_flag("wait") {
        show::answer(screen, spec, &made);
        if screen.format == Format::Text && !is_dry && is_open {
            let id = short(&text(&made, "id"));
            screen.note(&Look::Dim.on(&format!("jit status {id} --wait waits for the decision")));
        }
        return Ok(());
    }
    wait_for_decision(client, screen, spec, made, patience)
}

/// Waits for the decision on a request, and shows the result.
fn wait_for_decision(
    client: &Client,
    screen: &Screen,
    spec: &CommandSpec,
    made: Value,
    patience: Option<i64>,
) -> Result<(), Problem> {
    if screen.format == Format::Text && text(&made, "status") == "pending" {
        screen.note(&request_line(screen, &made));
    }
    let decided = for_decision(client, screen, made, patience, &Interrupt::watch())?;
    if screen.format == Format::Text && text(&decided, "status") == "approved" {
        screen.print(&grant_lines(client, screen, &decided));
    } else if screen.format != Format::Text {
        show::answer(screen, spec, &decided);
    }
    outcome(screen, &decided)
}

/// What was requested, and who must approve, in one line.
fn request_line(screen: &Screen, request: &Value) -> String {
    let already = if request.get("already") == Some(&json!(true)) { "you have asked for this already: " } else { "" };
    format!(
        "{already}{} {} for {} · asked {} · since {}",
        Look::Dim.on(&short(&text(request, "id"))),
        Look::Bold.on(&text(request, "role")),
        show::place(request),
        Look::Bold.on(&show::waits_for(request)),
        instant(request, "created_at").map(|at| screen.zone.clock(at, screen.now())).unwrap_or_default(),
    )
}

/// What was granted, and until when, in one or two lines.
fn grant_lines(client: &Client, screen: &Screen, request: &Value) -> String {
    let grant = client.run("grant", Map::from_iter([("id".to_owned(), json!(text(request, "grant_id")))]));
    let Ok(grant) = grant else { return show::request(screen, request) };
    let already = request.get("already") == Some(&json!(true));
    let by = text(&grant, "approved_by");
    let head = if already { "you have this already".to_owned() } else { format!("approved by {by}") };
    let until = instant(&grant, "expires_at").unwrap_or_default();
    let starts = instant(&grant, "starts_at").unwrap_or_default();
    let when = if starts > screen.now() {
        format!("from {} until {}", screen.zone.clock(starts, screen.now()), screen.zone.clock(until, screen.now()))
    } else {
        format!("until {} ({})", screen.zone.clock(until, screen.now()), distance(until, screen.now()))
    };
    let id = short(&text(&grant, "id"));
    format!(
        "{} {head}: {} on {} {when}\n{}",
        Look::Good.on("✓"),
        Look::Bold.on(&text(&grant, "granted_role")),
        show::place(&grant),
        Look::Dim.on(&format!("  jit release {id} gives it back earlier, jit extend {id} asks for more time")),
    )
}

/// `jit status`.
pub(super) fn status(client: &Client, screen: &Screen, matches: &ArgMatches) -> Result<(), Problem> {
    let Some(id) = matches.get_one::<String>("id") else { return all_that_is_open(client, screen) };
    let get = |kind: &str, name: &str| {
        let whole = client.whole_id(kind, id)?;
        client.run(name, Map::from_iter([("id".to_owned(), json!(whole))])).map_err(|problem| match problem.exit {
            Exit::NotFound => {
                Problem::new(Exit::NotFound, format!("there is no request and no grant `{id}` that you can see"))
                    .next("`jit status` and `jit grants --all` list what you can see")
            }
            _ => problem,
        })
    };
    let spec = |name: &str| spec_of(name).ok_or_else(|| Problem::new(Exit::Failed, "a read is missing"));
    match get("requests", "request") {
        Ok(request) if matches.get_flag("wait") => {
            wait_for_decision(client, screen, spec("request")?, request, patience(matches)?)
        }
        Ok(request) => {
            show::answer(screen, spec("request")?, &request);
            Ok(())
        }
        Err(problem) if problem.exit == Exit::NotFound => {
            let grant = get("grants", "grant")?;
            show::answer(screen, spec("grant")?, &grant);
            Ok(())
        }
        Err(problem) => Err(problem),
    }
}

/// Open requests and live grants, as far as the caller may see them.
fn all_that_is_open(client: &Client, screen: &Screen) -> Result<(), Problem> {
    let mut requests = Vec::new();
    for status in ["needs_info", "pending"] {
        requests.extend(client.all("requests", &Map::from_iter([("status".to_owned(), json!(status))]), 200)?);
    }
    let grants = live_grants(client)?;
    if screen.format != Format::Text {
        screen.json(&json!({"requests": requests, "grants": grants}));
        return Ok(());
    }
    if requests.is_empty() && grants.is_empty() {
        screen.print("nothing is open, and no grant is live");
        screen.note(&Look::Dim.on("jit request ROLE --for 1h --reason \"…\" asks for a role"));
    }
    if !requests.is_empty() {
        screen.print(&show::requests(screen, &requests));
    }
    if !requests.is_empty() && !grants.is_empty() {
        screen.print("");
    }
    if !grants.is_empty() {
        screen.print(&show::grants(screen, &grants));
    }
    Ok(())
}

/// The grants that are active, scheduled or suspended.
pub(super) fn live_grants(client: &Client) -> Result<Vec<Value>, Problem> {
    let mut all = Vec::new();
    for status in ["active", "suspended", "scheduled"] {
        all.extend(client.all("grants", &Map::from_iter([("status".to_owned(), json!(status))]), 10_000)?);
    }
    Ok(all)
}

/// `jit run`: the code of the command.
pub(super) fn run(
    client: &Client,
    screen: &Screen,
    fields: Map<String, Value>,
    matches: &ArgMatches,
) -> Result<u8, Problem> {
    let before = |problem: Problem| problem.exit(Exit::NoAnswer);
    let patience = patience(matches)?;
    let interrupt = Interrupt::watch();
    let made = client.run("submit", fields).map_err(before)?;
    let request = text(&made, "id");
    let is_older = made.get("already") == Some(&json!(true));
    if text(&made, "status") == "pending" {
        screen.note(&request_line(screen, &made));
    }
    let decided = for_decision(client, screen, made, patience, &interrupt);
    let decided = decided.and_then(|decided| outcome(screen, &decided).map(|()| decided)).map_err(|problem| {
        // The request is not needed any more, so no decision is needed.
        let withdrawn =
            !is_older && client.run("withdraw", Map::from_iter([("request".to_owned(), json!(request))])).is_ok();
        let problem = problem.exit(Exit::NoAnswer);
        if withdrawn { problem.next("the request was withdrawn") } else { problem }
    })?;
    let grant = text(&decided, "grant_id");
    let until = client.run("grant", Map::from_iter([("id".to_owned(), json!(grant))])).ok();
    let until = until.as_ref().and_then(|grant| instant(grant, "expires_at"));
    if let Some(until) = until {
        let head = if is_older { "you have this already" } else { "approved" };
        screen.note(&format!("{} {head}, until {}", Look::Good.on("✓"), screen.zone.clock(until, screen.now())));
    }
    let code = if interrupt.came() { Ok(130) } else { child(screen, matches, until, &interrupt) };
    if is_older {
        screen.note(&Look::Dim.on("the grant was there before this command, so it stays"));
        return code;
    }
    match client.run("release", Map::from_iter([("grant".to_owned(), json!(grant))])) {
        Ok(_) => screen.note(&Look::Dim.on("given back")),
        Err(problem) if problem.exit == Exit::NotFound || problem.exit == Exit::Refused => {
            screen.note(&Look::Dim.on(&format!("nothing to give back: {}", problem.message)));
        }
        Err(problem) => {
            let left = until.map(|until| span(until - screen.now())).unwrap_or_default();
            screen.note(&Look::Warn.on(&format!("could not be given back: {}", problem.message)));
            screen.note(&format!("it ends by itself in {left}; jit release {} tries again", short(&grant)));
        }
    }
    code
}

/// Runs the command until it ends. A signal that only this process got is passed on.
fn child(screen: &Screen, matches: &ArgMatches, until: Option<i64>, interrupt: &Interrupt) -> Result<u8, Problem> {
    let mut words = matches.get_many::<String>("command").into_iter().flatten();
    let program = words.next().cloned().unwrap_or_default();
    let mut child = match Command::new(&program).args(words).env_remove("JIT_TOKEN").spawn() {
        Ok(child) => child,
        Err(error) => {
            screen.note(&Look::Bad.on(&format!("{}: {error}", super::paint::harmless(&program))));
            return Ok(if error.kind() == std::io::ErrorKind::NotFound { 127 } else { 126 });
        }
    };
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let (mut passed_on, mut warned) = (false, false);
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(code_of(status)),
            Ok(None) => {}
            Err(error) => return Err(Problem::new(Exit::Failed, format!("the command was lost: {error}"))),
        }
        if interrupt.must_end() && !passed_on {
            passed_on = true;
            if let Some(pid) = pid {
                let _ = kill_process(pid, Signal::TERM);
            }
        }
        if !warned && until.is_some_and(|until| until <= screen.now()) {
            warned = true;
            screen.note(&Look::Warn.on("the access has ended; the command continues without it"));
        }
        interrupt.pause(20);
    }
}

/// The exit code of a command, as shells report it.
fn code_of(status: std::process::ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt as _;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code & 0xff).unwrap_or(1)
}
