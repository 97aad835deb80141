//! What is generated from the commands and the documents is what is committed.
//!
//! `UPDATE_GENERATED=1 cargo test --all-features --test generated` writes it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use jit_access::authz::{ActionGroup, AuthzAction};
use jit_access::command::{AnswerKind, CallerKind, CommandSpec, Effect, FieldKind, FieldSpec, catalogue};
use jit_access::model::{DelegationStatus, GrantStatus, RequestStatus};
use jit_access::wire::command::fields_of;
use jit_access::wire::{DocumentSpec, ShownField, ShownKind, documents};
use serde_json::{Value, json};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Whether the file is not in this package: the published one has no bindings and no manual.
fn is_elsewhere(name: &str) -> bool {
    let missing = !path(name.split('/').next().unwrap()).exists();
    if missing {
        eprintln!("SKIPPED: there is no {name}");
    }
    missing
}

/// That the file is this, or that it becomes this.
fn compare(name: &str, wanted: &str) {
    if is_elsewhere(name) {
        return;
    }
    let committed = fs::read_to_string(path(name)).unwrap_or_default();
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(path(name), wanted).unwrap();
    } else {
        assert!(
            committed == wanted,
            "{name} is not what src/command and src/wire say; write it with UPDATE_GENERATED=1"
        );
    }
}

/// The same for the part of a file between two marks.
fn compare_part(name: &str, (begin, end): (&str, &str), part: &str) {
    if is_elsewhere(name) {
        return;
    }
    let committed = fs::read_to_string(path(name)).unwrap();
    let (before, rest) = committed.split_once(begin).unwrap_or_else(|| panic!("{name} has no {begin}"));
    let (_, after) = rest.split_once(end).unwrap_or_else(|| panic!("{name} has no {end}"));
    compare(name, &format!("{before}{begin}{part}{end}{after}"));
}

fn answer(spec: &CommandSpec) -> &'static str {
    match spec.answer {
        AnswerKind::Request => "the request",
        AnswerKind::Grant => "the grant",
        AnswerKind::Delegation => "the delegation",
        AnswerKind::Ended => "a page of all grants that ended",
        AnswerKind::Requests => "a page of requests",
        AnswerKind::Grants => "a page of grants",
        AnswerKind::Delegations => "a page of delegations",
        AnswerKind::Records => "a page of records",
        AnswerKind::Delivery => "the delivery",
        AnswerKind::Deliveries => "a page of deliveries",
        AnswerKind::Refusals => "a page of refused attempts",
        AnswerKind::Health => "how it stands",
        AnswerKind::Offers => "a page of roles",
        AnswerKind::Explanation => "the explanation",
        AnswerKind::Remedies => "what may be asked for",
        AnswerKind::RightSize => "what was used",
        AnswerKind::Replay => "what would have come of it",
        AnswerKind::GrantList => "a list of grants",
        AnswerKind::Summary => "the summary",
        AnswerKind::Alert => "the alert",
        AnswerKind::Alerts => "a page of alerts",
        AnswerKind::Events => "what happened",
        AnswerKind::Text => "text",
        AnswerKind::Number => "a number",
        other => panic!("{other:?} has no words"),
    }
}

/// The arguments that stories pass: `by` is the caller, and links start at `/jit`.
fn arguments(spec: &CommandSpec) -> Vec<&'static str> {
    let named = |name| if name == "caller" { "by" } else { name };
    fields_of(spec).into_iter().filter(|name| *name != "base").map(named).collect()
}

/// The actions of the workflow policy, as its schema declares them.
#[test]
fn the_schema_of_the_workflow_policy_has_every_action() {
    let mut actions = String::new();
    for group in ActionGroup::ALL {
        writeln!(actions, "// {}", group.doc().trim()).unwrap();
        writeln!(actions, "action \"{}\";", group.name()).unwrap();
    }
    for action in AuthzAction::ALL {
        let group = action.group().map_or(String::new(), |group| format!(" in [\"{}\"]", group.name()));
        let resources = action.resources().join(", ");
        writeln!(actions, "// To {}.\naction \"{}\"{group}", action.phrase(), action.name()).unwrap();
        writeln!(actions, "  appliesTo {{ principal: [Principal], resource: [{resources}], context: Context }};")
            .unwrap();
    }
    let name = "policies/workflow.cedarschema";
    let committed = fs::read_to_string(path(name)).unwrap();
    let mark = "// the export of all grants.\n";
    let (by_hand, _) = committed.split_once(mark).unwrap_or_else(|| panic!("{name} has no {mark}"));
    compare(name, &format!("{by_hand}{mark}{actions}"));
}

/// Which action each command needs, for those who write policies.
#[test]
fn the_manual_of_policies_lists_every_action() {
    let mut table = String::from("| action | group | resource | what it allows | commands |\n|---|---|---|---|---|\n");
    for action in AuthzAction::ALL {
        let group = action.group().map_or(String::new(), |group| format!("`{}`", group.name()));
        let commands = catalogue().filter(|spec| spec.action == Some(*action));
        let commands: Vec<_> = commands.map(|spec| format!("`{}`", spec.name)).collect();
        let (name, resources) = (action.name(), action.resources().join(", "));
        writeln!(table, "| `{name}` | {group} | {resources} | to {} | {} |", action.phrase(), commands.join(", "))
            .unwrap();
    }
    compare_part("policies/README.md", ("<!-- actions: begin -->\n", "<!-- actions: end -->\n"), &table);
}

#[test]
fn every_command_names_its_action() {
    for spec in catalogue() {
        let is_for_the_host = spec.caller == CallerKind::Host;
        assert_eq!(spec.action.is_none(), is_for_the_host, "{}", spec.name);
        assert!(!spec.writes || spec.action != Some(AuthzAction::See), "{}", spec.name);
    }
    // Asked beside a command, and by no command alone.
    let internal = [AuthzAction::Hold, AuthzAction::SeeAll];
    for action in AuthzAction::ALL {
        let has_command = catalogue().any(|spec| spec.action == Some(*action));
        assert_ne!(has_command, internal.contains(action), "{}", action.name());
    }
}

/// Which fields a command takes, for the runners of the stories in every language.
#[test]
fn the_list_of_calls_is_committed() {
    let calls = catalogue().map(|spec| {
        let call = json!({"arguments": arguments(spec), "writes": spec.writes});
        format!("  {}: {call}", json!(spec.name))
    });
    compare("tests/calls.json", &format!("{{\n{}\n}}\n", calls.collect::<Vec<_>>().join(",\n")));
}

#[test]
fn the_manuals_list_every_command() {
    let mut of_c = String::from("| command | what it does | fields | answer |\n|---|---|---|---|\n");
    let mut of_stories = String::from("| verb | arguments | answer |\n|---|---|---|\n");
    for spec in catalogue() {
        let required = |name: &str| {
            let field = spec.all_fields().find(|field| field.name == name);
            field.is_some_and(|field| field.required) || name == "caller" && spec.caller == CallerKind::Caller
        };
        let listed = |names: Vec<&str>| {
            let shown = |name: &&str| if required(name) { format!("**`{name}`**") } else { format!("`{name}`") };
            names.iter().map(shown).collect::<Vec<_>>().join(", ")
        };
        let fields = listed(fields_of(spec).into_iter().filter(|name| *name != "base").collect());
        writeln!(of_c, "| `{}` | {} | {fields} | {} |", spec.name, spec.summary(), answer(spec)).unwrap();
        writeln!(of_stories, "| `{}` | {} | {} |", spec.name, listed(arguments(spec)), answer(spec)).unwrap();
    }
    let marks = ("<!-- commands: begin -->\n", "<!-- commands: end -->\n");
    compare_part("ffi/c/README.md", marks, &of_c);
    compare_part("tests/scenarios/README.md", marks, &of_stories);
}

#[test]
fn the_manual_of_routes_lists_every_route() {
    let mut routes = String::from("\n| route | what it does | body or query | answer |\n|---|---|---|---|\n");
    for spec in catalogue() {
        let Some(http) = spec.http else { continue };
        let in_path = http.path.contains("{id}");
        let fields = spec.all_fields().skip(usize::from(in_path)).map(|field| {
            let name = if field.kind == FieldKind::Id { format!("{}_id", field.name) } else { field.name.to_owned() };
            if field.required { format!("**`{name}`**") } else { format!("`{name}`") }
        });
        let fields: Vec<_> = fields.chain(spec.dry_run.then(|| "`dry_run` (query)".to_owned())).collect();
        writeln!(
            routes,
            "| `{} /jit{}` | {} | {} | {} {} |",
            http.method,
            http.path,
            spec.summary(),
            fields.join(", "),
            http.status,
            answer(spec)
        )
        .unwrap();
    }
    routes.push('\n');
    compare_part("docs/http.md", ("<!-- routes -->\n", "<!-- end -->\n"), &routes);
}

/// The commands of `jit`, and how it ends.
#[test]
fn the_manual_of_the_command_line_lists_every_command() {
    compare_part("docs/cli.md", ("<!-- commands -->\n", "<!-- end -->\n"), &jit_access::cli::tables());
}

/// The name of a field in Python and in the bodies of routes: what holds the id of a request is no request.
fn name_in_python(field: &FieldSpec) -> String {
    if field.kind == FieldKind::Id { format!("{}_id", field.name) } else { field.name.to_owned() }
}

/// The field of a body: closed and strict, as `_Body` says.
fn field_of_body(field: &FieldSpec) -> String {
    let kind = match field.kind {
        FieldKind::Roles | FieldKind::Permissions => "list[str]",
        FieldKind::Hours => "Annotated[float, Field(allow_inf_nan=False)]",
        FieldKind::Flag | FieldKind::AgentFlag => "bool",
        FieldKind::Number => "Annotated[int, Field(ge=1, le=2**32 - 1)]",
        FieldKind::Instant => "Instant",
        FieldKind::Conditions => "ConditionsBody",
        _ => "str",
    };
    let words = json!(field.doc.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.'));
    let (name, alias) = match field.name {
        "from" => ("start".to_owned(), "alias=\"from\", "),
        _ => (name_in_python(field), ""),
    };
    match (field.required, kind) {
        (true, _) => format!("    {name}: {kind} = Field({alias}description={words})\n"),
        (false, "bool") => format!("    {name}: bool = Field(default=False, {alias}description={words})\n"),
        (false, _) => format!("    {name}: {kind} | None = Field(default=None, {alias}description={words})\n"),
    }
}

fn in_python(value: &Value) -> String {
    match value {
        Value::Bool(flag) => if *flag { "True" } else { "False" }.to_owned(),
        other => other.to_string(),
    }
}

/// The query parameter of a list.
fn query_parameter(field: &FieldSpec) -> String {
    let words = json!(field.doc.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.'));
    // A word of the language.
    let alias = if field.name == "from" { "alias=\"from\", " } else { "" };
    let words = format!("{alias}description={words}");
    let names = field.kind.words();
    match field.kind {
        FieldKind::Limit => format!("Annotated[int, Query(ge=1, le=200, {words})]"),
        FieldKind::Number => format!("Annotated[int | None, Query(ge=0, le=2**53, {words})]"),
        FieldKind::Cursor => format!("Annotated[str | None, Query(max_length=512, {words})]"),
        FieldKind::Flag | FieldKind::AgentFlag => format!("Annotated[bool, Query({words})]"),
        FieldKind::Instant => {
            format!(
                "Annotated[str | None, Query(max_length=64, {words}, json_schema_extra={{\"format\": \"date-time\"}})]"
            )
        }
        FieldKind::Id => {
            format!("Annotated[str | None, Query(max_length=128, {words}, json_schema_extra={{\"format\": \"uuid\"}})]")
        }
        FieldKind::Roles | FieldKind::Permissions => {
            format!("Annotated[list[str] | None, Query(max_length=512, {words})]")
        }
        _ if !names.is_empty() => {
            let names = json!(names);
            format!("Annotated[str | None, Query(max_length=64, {words}, json_schema_extra={{\"enum\": {names}}})]")
        }
        _ if field.required => format!("Annotated[str, Query(max_length=512, {words})]"),
        _ => format!("Annotated[str | None, Query(max_length=512, {words})]"),
    }
}

fn default_in_python(field: &FieldSpec) -> &'static str {
    match field.kind {
        _ if field.required => "Parameter.empty",
        FieldKind::Limit => "50",
        FieldKind::Flag | FieldKind::AgentFlag => "False",
        _ => "None",
    }
}

/// The bodies of the routes, and what OpenAPI says of each route.
#[test]
fn the_routes_and_bodies_of_python_are_committed() {
    let mut routes = String::from("ROUTES: Final[dict[str, Route]] = {\n");
    let mut bodies = String::new();
    for spec in catalogue() {
        let Some(http) = spec.http else { continue };
        let in_path = http.path.contains("{id}");
        let fields: Vec<_> = spec.all_fields().skip(usize::from(in_path)).collect();
        let class: String = spec.name.split('_').map(|part| part[..1].to_uppercase() + &part[1..]).collect();
        let has_body = spec.writes && http.method == "POST";
        let body = match (has_body, fields.is_empty()) {
            (false, _) => "None".to_owned(),
            (true, true) => "EmptyBody".to_owned(),
            (true, false) => format!("{class}Body"),
        };
        let description: Vec<_> = spec.doc.trim().lines().skip(1).map(str::trim).collect();
        let query = fields.iter().filter(|_| !spec.writes).map(|field| {
            let name = if field.name == "from" { "start".to_owned() } else { name_in_python(field) };
            let name = json!(name);
            if field.required {
                let kind = query_parameter(field).replacen("str | None", "str", 1);
                return format!("            {name}: ({kind}, Parameter.empty),\n");
            }
            format!("            {name}: ({}, {}),\n", query_parameter(field), default_in_python(field))
        });
        let query: String = query.collect();
        let query = if query.is_empty() { "{}".to_owned() } else { format!("{{\n{query}        }}") };
        let caller = if spec.caller == CallerKind::Caller { "True" } else { "False" };
        let of_answer = match spec.answer {
            AnswerKind::Request => "AccessRequestModel",
            AnswerKind::Grant => "GrantModel",
            AnswerKind::Delegation => "DelegationModel",
            AnswerKind::Ended | AnswerKind::Grants => "GrantPageModel",
            AnswerKind::Requests => "RequestPageModel",
            AnswerKind::Delegations => "DelegationPageModel",
            AnswerKind::Records => "AuditPageModel",
            AnswerKind::Summary => "SummaryModel",
            AnswerKind::Alert => "AlertModel",
            AnswerKind::Alerts => "AlertPageModel",
            AnswerKind::Events => "EventsModel",
            AnswerKind::Delivery => "DeliveryModel",
            AnswerKind::Deliveries => "DeliveryPageModel",
            AnswerKind::Refusals => "RefusedPageModel",
            AnswerKind::Health => "HealthModel",
            AnswerKind::Offers => "OfferPageModel",
            AnswerKind::Explanation => "ExplanationModel",
            AnswerKind::Remedies => "RemediesModel",
            AnswerKind::RightSize => "RightSizeModel",
            AnswerKind::Replay => "ReplayModel",
            AnswerKind::Text => "None",
            other => panic!("{other:?} has no model"),
        };
        let effect = match spec.effect {
            Effect::Begins => "\"begins\"",
            Effect::Ends => "\"ends\"",
            _ => "None",
        };
        write!(
            routes,
            "    {}: Route(\n        method={}, path={}, status={},\n        summary={},\n        description={},\n        \
             body={body}, body_required={}, answer={of_answer}, effect={effect}, writes={}, dry_run={}, names_one={}, caller_first={caller},\n        \
             query={query},\n    ),\n",
            json!(spec.name),
            json!(http.method),
            json!(http.path),
            http.status,
            json!(spec.summary()),
            json!(description.join("\n").trim()),
            in_python(&json!(fields.iter().any(|field| field.required))),
            in_python(&json!(spec.writes)),
            in_python(&json!(spec.dry_run)),
            in_python(&json!(spec.names_one())),
        )
        .unwrap();
        if !has_body || fields.is_empty() {
            continue;
        }
        write!(bodies, "class {class}Body(Body):\n    \"\"\"{}.\"\"\"\n\n", spec.summary()).unwrap();
        let example: Value =
            serde_json::from_str(spec.example.unwrap_or_else(|| panic!("{}: no example", spec.name))).unwrap();
        let example = example.as_object().unwrap().iter();
        let example: Vec<_> = example.map(|(name, value)| format!("{name}={}", in_python(value))).collect();
        write!(bodies, "    model_config = example({})\n\n", example.join(", ")).unwrap();
        // What is required comes first.
        for required in [true, false] {
            let part = fields.iter().filter(|field| field.required == required);
            part.for_each(|field| bodies.push_str(&field_of_body(field)));
        }
        bodies.push_str("\n\n");
    }
    let text = "\"\"\"The routes and the bodies that they accept. Generated from `src/command`, by `tests/generated.rs`.\"\"\"\n\n\
         # ruff: noqa: E501\n\
         # fmt: off\n\n\
         from __future__ import annotations\n\n\
         from inspect import Parameter\n\
         from typing import Annotated, Final\n\n\
         from fastapi import Query\n\
         from pydantic import Field\n\n\
         from jit_access.schemas import (\n    AccessRequestModel,\n    AlertModel,\n    AlertPageModel,\n    AuditPageModel,\n    DelegationModel,\n    \
         DelegationPageModel,\n    DeliveryModel,\n    DeliveryPageModel,\n    EventsModel,\n    ExplanationModel,\n    GrantModel,\n    GrantPageModel,\n    \
         HealthModel,\n    OfferPageModel,\n    RefusedPageModel,\n    RemediesModel,\n    ReplayModel,\n    RequestPageModel,\n    RightSizeModel,\n    SummaryModel,\n)\n\
         from jit_access.shapes import Body, ConditionsBody, EmptyBody, Instant, Route, example\n\n\n";
    compare(
        "ffi/python/jit_access/bodies.py",
        &format!("{text}{bodies}{routes}}}\n\"\"\"By command, in the order of the catalogue.\"\"\"\n"),
    );
}

/// The most characters of a line of documentation in Python, without its indent.
const WIDTH: usize = 108;

/// Puts the words of a paragraph into lines; all but the first begin with `indent`.
fn filled(words: &str, indent: &str) -> String {
    let mut lines = vec![String::new()];
    for word in words.split_whitespace() {
        let line = lines.last_mut().unwrap();
        if line.trim().is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= WIDTH {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(format!("{indent}{word}"));
        }
    }
    lines.join("\n")
}

/// What Python says of a command: its documentation, and its arguments.
fn docstring(spec: &CommandSpec) -> String {
    let lines: Vec<_> = spec.doc.trim().lines().map(str::trim).collect();
    let paragraphs = lines.split(|line| line.is_empty()).map(|lines| filled(&lines.join(" "), ""));
    let mut text = paragraphs.collect::<Vec<_>>().join("\n\n");
    let mut arguments: Vec<_> = spec
        .all_fields()
        .filter(|field| field.kind != FieldKind::AgentFlag)
        .map(|field| format!("- `{}`: {}", argument_of(spec, field), field.doc))
        .collect();
    if spec.writes {
        arguments.push(
            "- `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and \
             the same arguments does nothing. It answers with the current state of what the first call did, marked \
             `replayed`."
                .to_owned(),
        );
    }
    if !arguments.is_empty() {
        let arguments: Vec<_> = arguments.iter().map(|words| filled(words, "  ")).collect();
        text.push_str(&format!("\n\n{}", arguments.join("\n")));
    }
    text
}

/// The name of a field as an argument of a method.
fn argument_of(spec: &CommandSpec, field: &FieldSpec) -> String {
    match field.name {
        // The thing alone, where the name is of a read and begins with what is done to it.
        "id" => format!("{}_id", spec.name.rsplit('_').next().unwrap_or_default()),
        // A word of the language.
        "from" => "start".to_owned(),
        _ => name_in_python(field),
    }
}

/// The type of a field as an argument of a method.
fn type_of_argument(field: &FieldSpec) -> &'static str {
    match field.kind {
        FieldKind::Principal => "Principal | str",
        FieldKind::Roles | FieldKind::Permissions => "Sequence[str]",
        FieldKind::Hours => "float",
        FieldKind::Flag | FieldKind::AgentFlag => "bool",
        FieldKind::Number | FieldKind::Limit => "int",
        FieldKind::Instant => "datetime | str",
        FieldKind::Conditions => "Conditions",
        _ => "str",
    }
}

fn type_of_answer(spec: &CommandSpec) -> &'static str {
    match spec.answer {
        AnswerKind::Request => "AccessRequest",
        AnswerKind::Grant => "Grant",
        AnswerKind::Delegation => "Delegation",
        AnswerKind::Ended | AnswerKind::Grants => "Page[Grant]",
        AnswerKind::Requests => "Page[AccessRequest]",
        AnswerKind::Delegations => "Page[Delegation]",
        AnswerKind::Records => "Page[Record]",
        AnswerKind::Delivery => "Delivery",
        AnswerKind::Deliveries => "Page[Delivery]",
        AnswerKind::Refusals => "Page[RefusedAttempt]",
        AnswerKind::Health => "Health",
        AnswerKind::Offers => "Page[Offer]",
        AnswerKind::Explanation => "Explanation",
        AnswerKind::Remedies => "Remedies",
        AnswerKind::RightSize => "RightSize",
        AnswerKind::Replay => "Replay",
        AnswerKind::GrantList => "list[Grant]",
        AnswerKind::Summary => "Summary",
        AnswerKind::Alert => "Alert",
        AnswerKind::Alerts => "Page[Alert]",
        AnswerKind::Events => "Events",
        AnswerKind::Text => "str",
        AnswerKind::Number => "int",
        other => panic!("{other:?} has no type in Python"),
    }
}

/// The field that is passed by its place: what the command is about.
fn by_place(spec: &CommandSpec) -> Option<&'static FieldSpec> {
    let about = |field: &&FieldSpec| field.required && matches!(field.kind, FieldKind::Id | FieldKind::Principal);
    spec.all_fields().next().filter(about)
}

/// The parameters of a method after `self`.
fn parameters(spec: &CommandSpec) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    if spec.caller == CallerKind::Caller {
        all.push("caller: Caller".to_owned());
    }
    let about = by_place(spec);
    all.extend(about.map(|field| format!("{}: {}", argument_of(spec, field), type_of_argument(field))));
    let keywords: Vec<_> = spec.all_fields().filter(|field| about != Some(*field)).collect();
    let mut named = Vec::new();
    for required in [true, false] {
        for field in keywords.iter().filter(|field| field.required == required) {
            let (name, kind) = (argument_of(spec, field), type_of_argument(field));
            named.push(match (required, field.kind) {
                (true, _) => format!("{name}: {kind}"),
                (_, FieldKind::Flag | FieldKind::AgentFlag) => format!("{name}: {kind} = False"),
                (_, FieldKind::Limit) => format!("{name}: {kind} = 50"),
                _ => format!("{name}: {kind} | None = None"),
            });
        }
    }
    if spec.caller == CallerKind::CallerOrHost {
        named.push("caller: Caller | None = None".to_owned());
    }
    if spec.dry_run {
        named.push("dry_run: bool = False".to_owned());
    }
    if spec.writes {
        named.push("idempotency_key: str | None = None".to_owned());
    }
    if !named.is_empty() {
        all.push("*".to_owned());
    }
    all.extend(named);
    all
}

/// The head of a function, in as few lines as the formatter of Python makes of it.
fn head(name: &str, parameters: &[String], answer: &str, indent: &str) -> String {
    const LINE: usize = 120;
    let one = format!("{indent}def {name}({}) -> {answer}:", parameters.join(", "));
    let inner = format!("{indent}    {}", parameters.join(", "));
    if one.chars().count() <= LINE {
        one
    } else if inner.chars().count() <= LINE {
        format!("{indent}def {name}(\n{inner}\n{indent}) -> {answer}:")
    } else {
        let lines: String = parameters.iter().map(|one| format!("{indent}    {one},\n")).collect();
        format!("{indent}def {name}(\n{lines}{indent}) -> {answer}:")
    }
}

/// The documentation as a literal of Python, inside a method that is indented by this much.
fn literal(words: &str, indent: &str) -> String {
    let indented = words.lines().map(|line| if line.is_empty() { String::new() } else { format!("{indent}{line}") });
    let indented = indented.collect::<Vec<_>>().join("\n");
    let close = if words.contains('\n') { format!("\n{indent}") } else { String::new() };
    format!("\"\"\"{}{close}\"\"\"", indented.trim_start())
}

/// Each command and each read is a method of `Engine`, in the module and in its stub. All give their fields to one function.
#[test]
fn the_methods_of_python_are_committed() {
    let mut module = String::from(
        "\"\"\"The commands and reads, as methods of `Engine`. Generated from `src/command`, by `tests/generated.rs`.\"\"\"\n\n\
         # ruff: noqa: E501\n\
         # fmt: off\n\
         # mypy: disable-error-code=\"no-any-return\"\n\n\
         from collections.abc import Sequence\n\
         from datetime import datetime\n\n\
         from jit_access._methods import method\n\
         from jit_access._native import Caller, Conditions, Engine\n\
         from jit_access.answers import Page\n\
         from jit_access.principals import Principal\n\
         from jit_access.values import (\n    AccessRequest,\n    Alert,\n    Delegation,\n    Delivery,\n    Events,\n    Explanation,\n    Grant,\n    \
         Health,\n    Offer,\n    Record,\n    RefusedAttempt,\n    Remedies,\n    Replay,\n    RightSize,\n    Summary,\n)\n",
    );
    let mut stub = String::new();
    for spec in catalogue() {
        let (name, answer, words) = (spec.name, type_of_answer(spec), docstring(spec));
        let head = |itself: &str, indent| {
            let all: Vec<_> = std::iter::once(itself.to_owned()).chain(parameters(spec)).collect();
            head(name, &all, answer, indent)
        };
        let mut fields: Vec<_> =
            spec.all_fields().map(|field| format!("{:?}: {}", field.name, argument_of(spec, field))).collect();
        fields.extend(spec.dry_run.then(|| "\"dry_run\": dry_run".to_owned()));
        fields.extend(spec.writes.then(|| "\"idempotency_key\": idempotency_key".to_owned()));
        let caller = if spec.caller == CallerKind::Host { "None" } else { "caller" };
        write!(
            module,
            "\n\n@method\n{}\n    {}\n    return self._run({name:?}, {caller}, {{{}}})\n",
            head("self: Engine", ""),
            literal(&words, "    "),
            fields.join(", ")
        )
        .unwrap();
        write!(stub, "{}\n        {}\n\n", head("self", "    "), literal(&words, "        ")).unwrap();
    }
    compare("ffi/python/jit_access/_commands.py", &module);
    let marks =
        ("    # Commands and reads: begin. Generated from `src/command`.\n\n", "    # Commands and reads: end.\n");
    compare_part("ffi/python/jit_access/_native.pyi", marks, &stub);
}

/// Documents in Python: the first paragraph of what Rust says, because examples are for Rust.
fn about(spec: &DocumentSpec) -> String {
    let paragraph: Vec<_> = spec.doc.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    paragraph.join(" ")
}

fn field_words(field: &ShownField) -> String {
    field.doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The name in Python.
fn name_of(field: &ShownField) -> &'static str {
    field.in_python.unwrap_or(field.name)
}

/// The type of a field: as values have it, or as models of OpenAPI do, which `model` says.
fn type_in_python(kind: &ShownKind, names: &[&str], model: bool) -> String {
    match kind {
        ShownKind::Text if !names.is_empty() => {
            format!("Literal[{}]", names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", "))
        }
        ShownKind::Text => "str".to_owned(),
        ShownKind::Principal if model => "str".to_owned(),
        ShownKind::Principal => "Principal".to_owned(),
        ShownKind::Instant => "datetime".to_owned(),
        ShownKind::Integer => "int".to_owned(),
        ShownKind::Float => "float".to_owned(),
        ShownKind::Flag => "bool".to_owned(),
        ShownKind::Links if model => "dict[str, str]".to_owned(),
        ShownKind::Links => "Mapping[str, str]".to_owned(),
        ShownKind::Object if model => "dict[str, Any]".to_owned(),
        ShownKind::Object => "Mapping[str, Any]".to_owned(),
        ShownKind::Document(spec) if model => model_of(spec),
        ShownKind::Document(spec) => spec.name.to_owned(),
        ShownKind::List(of) if model => format!("list[{}]", type_in_python(of, names, model)),
        ShownKind::List(of) => format!("tuple[{}, ...]", type_in_python(of, names, model)),
        ShownKind::Optional(of) => format!("{} | None", type_in_python(of, names, model)),
    }
}

fn model_of(spec: &DocumentSpec) -> String {
    if spec.name == "Record" { "AuditRecordModel".to_owned() } else { format!("{}Model", spec.name) }
}

/// How Python makes the value of a field from what JSON has.
fn read_in_python(kind: &ShownKind, json: &str) -> String {
    match kind {
        ShownKind::Principal => format!("Principal._of({json})"),
        ShownKind::Instant => format!("datetime.fromisoformat({json})"),
        ShownKind::Links | ShownKind::Object => format!("MappingProxyType({json})"),
        // A class of the native module, which callers make, too.
        ShownKind::Document(spec) if spec.name == "Conditions" => format!("Conditions(**{json})"),
        ShownKind::Document(spec) => format!("{}({json})", spec.name),
        ShownKind::List(ShownKind::Document(spec)) => format!("tuple({}(each) for each in {json})", spec.name),
        ShownKind::List(_) => format!("tuple({json})"),
        ShownKind::Optional(ShownKind::Text | ShownKind::Integer | ShownKind::Float | ShownKind::Flag) => {
            json.to_owned()
        }
        ShownKind::Optional(of) => format!("None if (found := {json}) is None else {}", read_in_python(of, "found")),
        ShownKind::Flag => format!("bool({json})"),
        ShownKind::Text | ShownKind::Integer | ShownKind::Float => json.to_owned(),
    }
}

/// Whole answers of the engine, and the fields that their `repr` shows. The others are parts of them.
const ANSWERS: [(&str, &[&str]); 15] = [
    ("AccessRequest", &["id", "status", "requester", "role"]),
    ("Grant", &["id", "status", "holder", "role"]),
    ("Delegation", &["id", "status", "delegator", "delegate"]),
    ("Record", &["revision", "event", "by"]),
    ("Alert", &["id", "kind", "status", "text"]),
    ("Events", &["revision", "missed"]),
    ("Summary", &["grant_id", "status", "holder", "role"]),
    ("Delivery", &["id", "state", "kind", "channel"]),
    ("Health", &["channels"]),
    ("RefusedAttempt", &["principal", "attempt", "code", "count"]),
    ("Offer", &["role", "may_request", "not_held"]),
    ("Explanation", &["outcome", "reason", "detail"]),
    ("Remedies", &["action", "resource", "detail"]),
    ("RightSize", &["roles"]),
    ("Replay", &["would_pass_total", "would_be_refused_total"]),
];

/// The values that Python holds have every field of the documents.
#[test]
fn the_values_of_python_are_committed() {
    let mut text = String::from(
        "\"\"\"The values that an engine answers with. Generated from `src/wire`, by `tests/generated.rs`.\n\n\
         Each has every field of its JSON document, with the instants as `datetime` in UTC and the lists as tuples. What a method\n\
         answers is how things stood when it returned; nothing changes it later.\n\"\"\"\n\n\
         # ruff: noqa: E501\n\
         # fmt: off\n\
         # mypy: disable-error-code=\"no-any-return\"\n\n\
         from __future__ import annotations\n\n\
         from collections.abc import Mapping\n\
         from datetime import datetime\n\
         from types import MappingProxyType\n\
         from typing import Any, Literal, final\n\n\
         from jit_access._native import Conditions\n\
         from jit_access.answers import Answered, GrantAnswer, Value\n\
         from jit_access.principals import Principal\n\n\
         __all__ = [\n",
    );
    let mut names: Vec<_> = documents().iter().map(|spec| spec.name).filter(|name| *name != "Conditions").collect();
    names.sort_unstable();
    names.iter().for_each(|name| writeln!(text, "    {name:?},").unwrap());
    text.push_str("]\n");
    for spec in documents().iter().filter(|spec| spec.name != "Conditions") {
        let answer = ANSWERS.iter().find(|(name, _)| *name == spec.name);
        let base = match spec.name {
            "Grant" => "GrantAnswer",
            _ if answer.is_some() => "Answered",
            _ => "Value",
        };
        let all: Vec<_> = spec.all_fields().map(name_of).collect();
        let shown = answer.map_or(all, |(_, shown)| shown.to_vec());
        let shown: String = shown.iter().map(|name| format!("{name:?}, ")).collect();
        write!(
            text,
            "\n\n@final\nclass {}({base}):\n    \"\"\"{}\"\"\"\n\n    __slots__ = ()\n    _shown = ({})\n",
            spec.name,
            about(spec),
            shown.trim_end()
        )
        .unwrap();
        for field in spec.all_fields() {
            let json = format!("self._of({:?})", field.name);
            write!(
                text,
                "\n    @property\n    def {}(self) -> {}:\n        \"\"\"{}\"\"\"\n        return {}\n",
                name_of(field),
                type_in_python(&field.kind, field.names, false),
                field_words(field).replace("`null`", "`None`"),
                read_in_python(&field.kind, &json)
            )
            .unwrap();
        }
    }
    compare("ffi/python/jit_access/values.py", &text);
}

/// What OpenAPI says of the answers.
#[test]
fn the_models_of_openapi_are_committed() {
    let mut text = String::from(
        "\"\"\"What OpenAPI says of the answers of the routes. Generated from `src/wire`, by `tests/generated.rs`.\n\n\
         What the routes accept is in `bodies`.\n\"\"\"\n\n\
         # ruff: noqa: E501\n\
         # fmt: off\n\n\
         from __future__ import annotations\n\n\
         from datetime import datetime\n\
         from typing import Any, Literal\n\n\
         from pydantic import BaseModel, ConfigDict, Field\n\n\n\
         class _Shown(BaseModel):\n    \
         \"\"\"What the engine writes. Open: a later version adds fields, and a client must not mind.\"\"\"\n\n    \
         model_config = ConfigDict(extra=\"allow\")\n",
    );
    for spec in documents() {
        write!(text, "\n\nclass {}(_Shown):\n    \"\"\"{}\"\"\"\n\n", model_of(spec), about(spec)).unwrap();
        for field in spec.all_fields() {
            let words = json!(field_words(field).trim_end_matches('.'));
            let kind = type_in_python(&field.kind, field.names, true);
            let (name, alias) = match field.name {
                "from" => ("from_", "alias=\"from\", "),
                name => (name, ""),
            };
            let default = match (field.left_out, field.kind) {
                (true, ShownKind::Optional(_)) => "default=None, ",
                (true, _) => "default=False, ",
                _ => "",
            };
            writeln!(text, "    {name}: {kind} = Field({default}{alias}description={words})").unwrap();
        }
    }
    for (page, of, about) in [
        ("Request", "AccessRequest", "Access requests, newest first."),
        ("Grant", "Grant", "Grants, newest first."),
        ("Delegation", "Delegation", "Delegations, newest first."),
        ("Alert", "Alert", "Alerts, newest first."),
        ("Delivery", "Delivery", "Deliveries of notices, newest first."),
        ("Refused", "RefusedAttempt", "Refused attempts, newest first."),
        ("Audit", "AuditRecord", "Records of the journal, oldest first."),
        ("Offer", "Offer", "Roles that the caller may ask for, those that newly give the least first."),
    ] {
        write!(
            text,
            "\n\nclass {page}PageModel(_Shown):\n    \"\"\"{about}\"\"\"\n\n    \
             items: list[{of}Model] = Field(description=\"The rows of this page\")\n    \
             next_cursor: str | None = Field(description=\"What to pass as `cursor` for the next page; `null` on the last one\")\n"
        )
        .unwrap();
        if page == "Audit" {
            text.push_str(
                "    removed_until: datetime | None = Field(\n        default=None,\n        \
                 description=\"Only there where records were removed because they are old: until when\",\n    )\n",
            );
        }
    }
    compare("ffi/python/jit_access/schemas.py", &text);
}

/// A list of names in a document is the list of the model.
#[test]
fn the_statuses_of_documents_are_those_of_the_model() {
    let names = |document: &str| {
        let spec = documents().iter().find(|spec| spec.name == document).unwrap();
        spec.all_fields().find(|field| field.name == "status").unwrap().names
    };
    assert_eq!(names("AccessRequest"), RequestStatus::ALL.map(RequestStatus::name));
    assert_eq!(names("Grant"), GrantStatus::ALL.map(GrantStatus::name));
    assert_eq!(names("Delegation"), DelegationStatus::ALL.map(DelegationStatus::name));
    for field in documents().iter().flat_map(|spec| spec.all_fields()) {
        assert!(field.doc.trim().ends_with('.') && field.doc.trim().len() > 5, "{}", field.name);
    }
}

/// Everything that faces show has words.
#[test]
fn every_command_and_every_field_is_documented() {
    for spec in catalogue() {
        assert!(spec.summary().len() > 5, "{}", spec.name);
        for field in spec.all_fields() {
            assert!(field.doc.trim().ends_with('.'), "{}: {}", spec.name, field.name);
        }
    }
}
