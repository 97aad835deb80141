//! What is generated from the catalogue of commands is what is committed.
//!
//! `UPDATE_GENERATED=1 cargo test --all-features --test generated` writes it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use jit_access::command::{AnswerKind, CallerKind, CommandSpec, FieldKind, FieldSpec, catalogue};
use jit_access::wire::command::fields_of;
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
        assert!(committed == wanted, "{name} is not what src/command says; write it with UPDATE_GENERATED=1");
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

/// What Python says of a command: its documentation, and its arguments.
fn docstring(spec: &CommandSpec) -> String {
    let lines = spec.doc.trim().lines().map(str::trim);
    let mut text = lines.collect::<Vec<_>>().join("\n");
    let fields: Vec<_> = spec.all_fields().filter(|field| field.kind != FieldKind::AgentFlag).collect();
    if !fields.is_empty() {
        text.push_str("\n\n");
    }
    for field in fields {
        let words = field.doc.split_whitespace().collect::<Vec<_>>().join(" ");
        let name = if field.name == "id" { format!("{}_id", spec.name) } else { name_in_python(field) };
        let name = if field.name == "from" { "start".to_owned() } else { name };
        writeln!(text, "- `{name}`: {words}").unwrap();
    }
    if spec.writes {
        text.truncate(text.trim_end().len());
        text.push_str(
            "\n- `idempotency_key`: 1 to 255 visible ASCII characters, unique per caller. A repeat with the same key and the same\n  \
             arguments does nothing. It answers with the current state of what the first call did, marked `replayed`.",
        );
    }
    text.trim_end().to_owned()
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
        stub.replace_range(begin..end, &format!("\"\"\"{}\n        \"\"\"", indented.trim_start()));
    }
    macros.push_str("}\n");
    compare("ffi/python/src/docs.rs", &macros);
    compare(stub_path, &stub);
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
