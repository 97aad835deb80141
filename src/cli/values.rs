//! How the fields of a command become arguments, and arguments become the fields of its document.

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, ArgAction, ArgMatches};
use serde_json::{Map, Value, json};

use super::names::{flag_name, is_placed, value_name};
use super::problem::{Exit, Problem};
use super::screen::Screen;
use super::zone::length_of;
use crate::command::{CommandSpec, FieldKind, FieldSpec};

/// The conditions of use, each with its flag, its value name, and its help.
const CONDITIONS: [(&str, &str, &str); 4] = [
    ("max-uses", "NUMBER", "No more uses than this"),
    ("network", "NETWORK,…", "Only from these networks, such as 10.0.0.0/8"),
    ("mfa-within", "LENGTH", "Only with a second factor used no longer ago than this, such as 15m"),
    ("session", "TEXT", "Only in this session or task"),
];

/// The arguments of a command.
pub(super) fn arguments(spec: &CommandSpec) -> Vec<Arg> {
    let mut all: Vec<Arg> = Vec::new();
    for field in spec.all_fields() {
        match field.kind {
            FieldKind::AgentFlag => {}
            FieldKind::Conditions => all.extend(CONDITIONS.map(|(flag, value, help)| option(flag, value, help))),
            _ => all.push(argument(spec, field)),
        }
    }
    if spec.dry_run {
        all.push(
            Arg::new("dry_run")
                .long("dry-run")
                .action(ArgAction::SetTrue)
                .help("Show what would happen, and do nothing"),
        );
    }
    if spec.writes {
        let help = "1 to 255 characters that are yours alone: a repeat with the same key does nothing again";
        all.push(option("idempotency-key", "KEY", help).hide_short_help(true));
    }
    all
}

pub(super) fn option(flag: &'static str, value: &'static str, help: &'static str) -> Arg {
    Arg::new(flag).long(flag).value_name(value).help(help)
}

fn argument(spec: &CommandSpec, field: &FieldSpec) -> Arg {
    let flag = flag_name(spec, field);
    let arg = Arg::new(field.name).help(help(field)).value_name(value_name(field));
    if is_placed(spec, field) {
        // Words after it belong to it, so that a question needs no quotes.
        let is_text = field.kind == FieldKind::Text;
        return if is_text { arg.num_args(1..).required(true) } else { arg.required(true) };
    }
    let arg = arg.long(flag);
    let words = field.kind.words();
    match field.kind {
        FieldKind::Flag if field.required => {
            let words = [PossibleValue::new("yes").alias("true"), PossibleValue::new("no").alias("false")];
            arg.required(true).action(ArgAction::Set).value_parser(PossibleValuesParser::new(words))
        }
        FieldKind::Flag => {
            Arg::new(field.name).help(help(field)).long(flag_name(spec, field)).action(ArgAction::SetTrue)
        }
        FieldKind::Roles | FieldKind::Permissions => arg.value_delimiter(',').action(ArgAction::Append),
        // Missing text is asked for on a terminal, see `fields`.
        FieldKind::Text => arg,
        _ if !words.is_empty() => arg.value_parser(PossibleValuesParser::new(words)),
        FieldKind::Instant => arg.allow_hyphen_values(true).required(field.required),
        _ => arg.required(field.required),
    }
}

/// The documentation of a field as help: one paragraph without its last period, and without names that only JSON has.
fn help(field: &FieldSpec) -> String {
    let text = field.doc.split_whitespace().collect::<Vec<_>>().join(" ").replace('`', "");
    let text = match field.kind {
        FieldKind::Hours => {
            text.replace("The length in hours", "How long, such as 4h or 2h30m").replace(", in hours", "")
        }
        FieldKind::Instant => text.replace(", with its time zone", ", such as 18:00, 2h or 2026-12-01T09:30:00Z"),
        FieldKind::Id => format!("{} The beginning of its id is enough, while no other begins so.", text),
        _ => text,
    };
    text.trim_end_matches('.').to_owned()
}

/// The fields of the document from the arguments. Required text that is missing is asked for on a terminal.
pub(super) fn fields(spec: &CommandSpec, matches: &ArgMatches, screen: &Screen) -> Result<Map<String, Value>, Problem> {
    let mut all = Map::new();
    for field in spec.all_fields() {
        let value = match field.kind {
            FieldKind::AgentFlag => None,
            FieldKind::Conditions => conditions(matches)?,
            FieldKind::Flag if !field.required => matches.get_flag(field.name).then(|| json!(true)),
            _ => value(spec, field, matches, screen)?,
        };
        let Some(value) = value else { continue };
        // A principal that is an agent is written `agent:` and its name.
        let agent = value.as_str().and_then(|text| text.strip_prefix("agent:")).map(ToOwned::to_owned);
        match (field.kind, agent) {
            (FieldKind::Principal, Some(name)) => {
                all.insert("agent".to_owned(), json!(true));
                all.insert(field.name.to_owned(), json!(name));
            }
            _ => {
                all.insert(field.name.to_owned(), value);
            }
        }
    }
    // `jit run` has all arguments of a request except this one.
    if spec.dry_run && matches.try_get_one::<bool>("dry_run").ok().flatten() == Some(&true) {
        all.insert("dry_run".to_owned(), json!(true));
    }
    if let Some(key) = spec.writes.then(|| matches.get_one::<String>("idempotency-key")).flatten() {
        all.insert("idempotency_key".to_owned(), json!(key));
    }
    Ok(all)
}

fn value(
    spec: &CommandSpec,
    field: &FieldSpec,
    matches: &ArgMatches,
    screen: &Screen,
) -> Result<Option<Value>, Problem> {
    let given: Option<Vec<&String>> = matches.get_many::<String>(field.name).map(Iterator::collect);
    let Some(given) = given else { return ask_for(spec, field, screen) };
    let text = given.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(" ");
    let wrong = |why: String| {
        let name = if is_placed(spec, field) { field.name.to_owned() } else { format!("--{}", flag_name(spec, field)) };
        Problem::new(Exit::Invalid, format!("{name} `{text}` {why}"))
    };
    Ok(Some(match field.kind {
        FieldKind::Hours => json!(hours(&text).map_err(wrong)?),
        FieldKind::Instant => {
            let instant = screen.zone.instant(&text, screen.now(), !spec.writes).map_err(wrong)?;
            json!(instant.to_string())
        }
        FieldKind::Roles | FieldKind::Permissions => json!(given),
        FieldKind::Number | FieldKind::Limit => {
            json!(text.parse::<u64>().map_err(|_| wrong("is no whole number".to_owned()))?)
        }
        FieldKind::Flag => json!(["yes", "true"].contains(&text.as_str())),
        _ => json!(text),
    }))
}

/// Asks for a required value that was not given.
fn ask_for(spec: &CommandSpec, field: &FieldSpec, screen: &Screen) -> Result<Option<Value>, Problem> {
    let is_reason = field.name == "reason" && matches!(spec.name, "submit" | "break_glass");
    if field.kind != FieldKind::Text || !(field.required || is_reason) {
        return Ok(None);
    }
    let question = help(field);
    if let Some(text) = screen.ask(&format!("{}: ", question.split('.').next().unwrap_or_default())) {
        return Ok(Some(json!(text)));
    }
    if is_reason {
        return Ok(None);
    }
    let flag = flag_name(spec, field);
    Err(Problem::new(Exit::Usage, format!("--{flag} is missing")).next(format!("add --{flag} \"…\"")))
}

/// Hours, from a length such as `2h30m`.
pub(super) fn hours(text: &str) -> Result<f64, String> {
    let millis = length_of(text).ok_or("is no length: write it with a unit, such as 4h, 30m or 2h30m")?;
    #[expect(clippy::cast_precision_loss, reason = "lengths of people are far below")]
    let hours = millis as f64 / 3_600_000.0;
    Ok(hours)
}

fn conditions(matches: &ArgMatches) -> Result<Option<Value>, Problem> {
    let mut all = Map::new();
    let text = |flag: &str| matches.get_one::<String>(flag);
    if let Some(uses) = text("max-uses") {
        let wrong = || Problem::new(Exit::Invalid, format!("--max-uses `{uses}` is no whole number"));
        all.insert("max_uses".to_owned(), json!(uses.parse::<u64>().map_err(|_| wrong())?));
    }
    if let Some(networks) = text("network") {
        all.insert("networks".to_owned(), json!(networks.split(',').map(str::trim).collect::<Vec<_>>()));
    }
    if let Some(within) = text("mfa-within") {
        let wrong = || Problem::new(Exit::Invalid, format!("--mfa-within `{within}` is no length: write 15m or 1h"));
        all.insert("mfa_within_minutes".to_owned(), json!(length_of(within).ok_or_else(wrong)? / 60_000));
    }
    if let Some(session) = text("session") {
        all.insert("session".to_owned(), json!(session));
    }
    Ok((!all.is_empty()).then_some(Value::Object(all)))
}
