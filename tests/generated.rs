//! What is generated from the commands and the documents is what is committed.
//!
//! `UPDATE_GENERATED=1 cargo test --all-features --test generated` writes it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use jit_access::command::{AnswerKind, CallerKind, CommandSpec, FieldKind, FieldSpec, catalogue};
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
        AnswerKind::GrantList => "a list of grants",
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
        "from" => ("from_".to_owned(), "alias=\"from\", "),
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

/// The bodies of the routes, and what OpenAPI says of each route.
#[test]
fn the_routes_and_bodies_of_python_are_committed() {
    let mut text = String::from(
        "\"\"\"The routes and the bodies that they accept. Generated from `src/command`, by `tests/generated.rs`.\"\"\"\n\n\
         # ruff: noqa: E501\n\
         # fmt: off\n\n\
         from __future__ import annotations\n\n\
         from typing import Annotated, Any, Final\n\n\
         from pydantic import Field\n\n\
         from jit_access.shapes import Body, ConditionsBody, Instant, example\n\n\
         ROUTES: Final[dict[str, dict[str, Any]]] = {\n",
    );
    let mut bodies = String::new();
    for spec in catalogue() {
        let Some(http) = spec.http else { continue };
        let description: Vec<_> = spec.doc.trim().lines().skip(1).map(str::trim).collect();
        let description = json!(description.join("\n").trim());
        let (method, path, summary) = (json!([http.method]), json!(http.path), json!(spec.summary()));
        writeln!(
            text,
            "    {}: {{\"methods\": {method}, \"path\": {path}, \"status_code\": {}, \"summary\": {summary}, \
             \"description\": {description}}},",
            json!(spec.name),
            http.status
        )
        .unwrap();
        let fields: Vec<_> = spec.all_fields().skip(usize::from(http.path.contains("{id}"))).collect();
        if !spec.writes || fields.is_empty() {
            continue;
        }
        let class: String = spec.name.split('_').map(|part| part[..1].to_uppercase() + &part[1..]).collect();
        write!(bodies, "\n\nclass {class}Body(Body):\n    \"\"\"{}.\"\"\"\n\n", spec.summary()).unwrap();
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
    }
    text.push_str("}\n\"\"\"By command: the method, the path, the status of a success, and what OpenAPI says.\"\"\"\n");
    compare("ffi/python/jit_access/bodies.py", &format!("{text}{bodies}"));
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
        .map(|field| {
            let name = if field.name == "id" { format!("{}_id", spec.name) } else { name_in_python(field) };
            let name = if field.name == "from" { "start".to_owned() } else { name };
            format!("- `{name}`: {}", field.doc)
        })
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

/// `help()` shows what the definition says, and so does the stub.
#[test]
fn the_words_of_python_are_committed() {
    let mut macros = String::from(
        "//! The documentation of the commands. Generated from `src/command`, by `tests/generated.rs`.\n\n\
         /// The documentation of the command of this name.\n#[rustfmt::skip]\nmacro_rules! words_of {\n",
    );
    let stub_path = "ffi/python/jit_access/_native.pyi";
    let mut stub = fs::read_to_string(path(stub_path)).unwrap_or_default();
    for spec in catalogue() {
        let words = docstring(spec);
        writeln!(macros, "    ({:?}) => {{\n        {words:?}\n    }};", spec.name).unwrap();
        let engine = stub.find("\nclass Engine:").unwrap_or_default();
        let method = [format!("\n    def {}(self", spec.name), format!("\n    def {}(\n", spec.name)];
        let Some(method) = method.iter().find_map(|head| stub[engine..].find(head)).map(|at| engine + at) else {
            continue;
        };
        let begin = method + stub[method..].find("\"\"\"").unwrap();
        let end = begin + 3 + stub[begin + 3..].find("\"\"\"").unwrap() + 3;
        let indented =
            words.lines().map(|line| if line.is_empty() { String::new() } else { format!("        {line}") });
        let indented = indented.collect::<Vec<_>>().join("\n");
        let close = if words.contains('\n') { "\n        " } else { "" };
        stub.replace_range(begin..end, &format!("\"\"\"{}{close}\"\"\"", indented.trim_start()));
    }
    macros.push_str("}\n");
    compare("ffi/python/src/docs.rs", &macros);
    compare(stub_path, &stub);
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
        ShownKind::Instant => "datetime".to_owned(),
        ShownKind::Integer => "int".to_owned(),
        ShownKind::Float => "float".to_owned(),
        ShownKind::Flag => "bool".to_owned(),
        ShownKind::Links if model => "dict[str, str]".to_owned(),
        ShownKind::Links => "Mapping[str, str]".to_owned(),
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
        ShownKind::Instant => format!("datetime.fromisoformat({json})"),
        ShownKind::Links => format!("MappingProxyType({json})"),
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
const ANSWERS: [(&str, &[&str]); 4] = [
    ("AccessRequest", &["id", "status", "requester", "role"]),
    ("Grant", &["id", "status", "holder", "role"]),
    ("Delegation", &["id", "status", "delegator", "delegate"]),
    ("Record", &["revision", "event", "by"]),
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
         from typing import Literal, final\n\n\
         from jit_access._native import Conditions\n\
         from jit_access.answers import Answered, GrantAnswer, Value\n\n\
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
        let all: Vec<_> = spec.fields.iter().map(name_of).collect();
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
        for field in spec.fields {
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
         from typing import Literal\n\n\
         from pydantic import BaseModel, ConfigDict, Field\n\n\n\
         class _Shown(BaseModel):\n    \
         \"\"\"What the engine writes. Open: a later version adds fields, and a client must not mind.\"\"\"\n\n    \
         model_config = ConfigDict(extra=\"allow\")\n",
    );
    for spec in documents() {
        write!(text, "\n\nclass {}(_Shown):\n    \"\"\"{}\"\"\"\n\n", model_of(spec), about(spec)).unwrap();
        for field in spec.fields {
            let words = json!(field_words(field).trim_end_matches('.'));
            let kind = type_in_python(&field.kind, field.names, true);
            let (name, alias) = match field.name {
                "from" => ("from_", "alias=\"from\", "),
                name => (name, ""),
            };
            let default = if field.left_out { "default=False, " } else { "" };
            writeln!(text, "    {name}: {kind} = Field({default}{alias}description={words})").unwrap();
        }
    }
    for (page, of, about) in [
        ("Request", "AccessRequest", "Access requests, newest first."),
        ("Grant", "Grant", "Grants, newest first."),
        ("Delegation", "Delegation", "Delegations, newest first."),
        ("Audit", "AuditRecord", "Records of the journal, oldest first."),
    ] {
        write!(
            text,
            "\n\nclass {page}PageModel(_Shown):\n    \"\"\"{about}\"\"\"\n\n    \
             items: list[{of}Model] = Field(description=\"The rows of this page\")\n    \
             next_cursor: str | None = Field(description=\"What to pass as `cursor` for the next page; `null` on the last one\")\n"
        )
        .unwrap();
    }
    compare("ffi/python/jit_access/schemas.py", &text);
}

/// A list of names in a document is the list of the model.
#[test]
fn the_statuses_of_documents_are_those_of_the_model() {
    let names = |document: &str| {
        let spec = documents().iter().find(|spec| spec.name == document).unwrap();
        spec.fields.iter().find(|field| field.name == "status").unwrap().names
    };
    assert_eq!(names("AccessRequest"), RequestStatus::ALL.map(RequestStatus::name));
    assert_eq!(names("Grant"), GrantStatus::ALL.map(GrantStatus::name));
    assert_eq!(names("Delegation"), DelegationStatus::ALL.map(DelegationStatus::name));
    for field in documents().iter().flat_map(|spec| spec.fields) {
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
