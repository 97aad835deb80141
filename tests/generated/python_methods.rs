//! The methods of `Engine` in Python, and its stub.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jit_access::command::{CallerKind, CommandSpec, FieldKind, FieldSpec, catalogue};
use jit_access::internal::wire::documents;

use crate::answers::type_in_python;
use crate::compare_part;
use crate::python::{compare_package, filled, group, imports, name_in_python, values};

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

/// The modules of the methods: each noun that commands answer with, and those that answer with text or a number.
fn noun(spec: &CommandSpec) -> &'static str {
    let answer = type_in_python(spec);
    let words: Vec<_> = answer.split(['[', ']']).collect();
    let document = documents().iter().find(|document| words.contains(&document.name));
    document.map_or("plain", |document| document.noun)
}

/// Each command and each read is a method of `Engine`, in a module and in the stub. All give their fields to one function.
#[test]
fn the_methods_of_python_are_committed() {
    let mut methods = BTreeMap::<&str, (String, String)>::new();
    let mut stub = String::new();
    for spec in catalogue() {
        let (name, answer, words) = (spec.name, type_in_python(spec), docstring(spec));
        let head = |itself: &str, indent| {
            let all: Vec<_> = std::iter::once(itself.to_owned()).chain(parameters(spec)).collect();
            head(name, &all, answer, indent)
        };
        let mut fields: Vec<_> =
            spec.all_fields().map(|field| format!("{:?}: {}", field.name, argument_of(spec, field))).collect();
        fields.extend(spec.dry_run.then(|| "\"dry_run\": dry_run".to_owned()));
        fields.extend(spec.writes.then(|| "\"idempotency_key\": idempotency_key".to_owned()));
        let caller = if spec.caller == CallerKind::Host { "None" } else { "caller" };
        let (text, code) = methods.entry(noun(spec)).or_default();
        let of_module = head("self: Engine", "");
        write!(
            text,
            "\n\n@method\n{of_module}\n    {}\n    return self._run({name:?}, {caller}, {{{}}})\n",
            literal(&words, "    "),
            fields.join(", ")
        )
        .unwrap();
        code.push_str(&of_module);
        write!(stub, "{}\n        {}\n\n", head("self", "    "), literal(&words, "        ")).unwrap();
    }
    let standard = group(&[("collections.abc", &["Sequence"]), ("datetime", &["datetime"])]);
    let mut ours = group(&[
        ("jit_access._methods", &["method"]),
        ("jit_access._native", &["Caller", "Conditions", "Engine"]),
        ("jit_access.answers", &["Page"]),
        ("jit_access.principals", &["Principal"]),
    ]);
    ours.append(&mut values());
    let modules = methods.iter().map(|(noun, (text, code))| {
        let head = format!(
            "\"\"\"Methods of `Engine`. Generated from `src/command`, by `tests/generated`.\"\"\"\n\n\
             {}",
            imports(&format!("method {code}"), &[standard.clone(), ours.clone()]).trim_end()
        );
        ((*noun).to_owned(), format!("{head}\n{text}"))
    });
    let mut modules: BTreeMap<_, _> = modules.collect();
    let listed: String = modules.keys().map(|noun| format!("    {noun},\n")).collect();
    let init = format!(
        "\"\"\"The commands and reads, as methods of `Engine`: a module for each noun that they answer with. Generated from\n\
         `src/command`, by `tests/generated`.\n\"\"\"\n\nfrom jit_access._commands import (  # noqa: F401\n{listed})\n"
    );
    modules.insert("__init__".to_owned(), init);
    compare_package("ffi/python/jit_access/_commands", &modules);
    let marks =
        ("    # Commands and reads: begin. Generated from `src/command`.\n\n", "    # Commands and reads: end.\n");
    compare_part("ffi/python/jit_access/_native.pyi", marks, &stub);
}
