//! What the generated modules of Python have in common: names, types, imports and lines.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use jit_access::command::{FieldKind, FieldSpec};
use jit_access::internal::wire::{DocumentSpec, ShownField, ShownKind, documents};

use crate::{compare, is_elsewhere, path};

/// The name of a field in Python and in the bodies of routes: what holds the id of a request is no request.
pub(crate) fn name_in_python(field: &FieldSpec) -> String {
    if field.kind == FieldKind::Id { format!("{}_id", field.name) } else { field.name.to_owned() }
}

/// The most characters of a line of documentation in Python, without its indent.
const WIDTH: usize = 108;

/// Puts the words of a paragraph into lines; all but the first begin with `indent`.
pub(crate) fn filled(words: &str, indent: &str) -> String {
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

/// Documents in Python: the first paragraph of what Rust says, because examples are for Rust.
pub(crate) fn about(spec: &DocumentSpec) -> String {
    let paragraph: Vec<_> = spec.doc.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    paragraph.join(" ")
}

pub(crate) fn field_words(field: &ShownField) -> String {
    field.doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The name in Python.
pub(crate) fn name_of(field: &ShownField) -> &'static str {
    field.in_python.unwrap_or(field.name)
}

/// The type of a field: as values have it, or as models of OpenAPI do, which `model` says.
pub(crate) fn type_of_field(kind: &ShownKind, names: &[&str], model: bool) -> String {
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
        ShownKind::List(of) if model => format!("list[{}]", type_of_field(of, names, model)),
        ShownKind::List(of) => format!("tuple[{}, ...]", type_of_field(of, names, model)),
        ShownKind::Optional(of) => format!("{} | None", type_of_field(of, names, model)),
    }
}

pub(crate) fn model_of(spec: &DocumentSpec) -> String {
    if spec.name == "Record" { "AuditRecordModel".to_owned() } else { format!("{}Model", spec.name) }
}

/// The lines that import what stands in `code`, in groups as the formatter of Python sorts them. Each group is modules and
/// their names.
pub(crate) fn imports(code: &str, groups: &[BTreeMap<String, BTreeSet<&str>>]) -> String {
    const LINE: usize = 120;
    let words: BTreeSet<_> = code.split(|one: char| !one.is_alphanumeric() && one != '_').collect();
    let mut text = String::new();
    for group in groups {
        let before = text.len();
        for (module, names) in group {
            let names: Vec<_> = names.intersection(&words).copied().collect();
            let one = format!("from {module} import {}", names.join(", "));
            match names.as_slice() {
                [] => {}
                _ if one.len() <= LINE => writeln!(text, "{one}").unwrap(),
                _ => writeln!(text, "from {module} import (\n    {},\n)", names.join(",\n    ")).unwrap(),
            }
        }
        if text.len() > before {
            text.push('\n');
        }
    }
    text
}

/// A group of [`imports`].
pub(crate) fn group<'a>(modules: &[(&str, &[&'a str])]) -> BTreeMap<String, BTreeSet<&'a str>> {
    modules.iter().map(|(module, names)| ((*module).to_owned(), names.iter().copied().collect())).collect()
}

/// The classes of Python's values, by the module of their noun.
pub(crate) fn values() -> BTreeMap<String, BTreeSet<&'static str>> {
    let mut all = BTreeMap::<_, BTreeSet<_>>::new();
    for spec in documents().iter().filter(|spec| spec.name != "Conditions") {
        all.entry(format!("jit_access.values.{}", spec.noun)).or_default().insert(spec.name);
    }
    all
}

/// That a package has these modules and no others, or that it becomes so.
pub(crate) fn compare_package(folder: &str, modules: &BTreeMap<String, String>) {
    if is_elsewhere(folder) {
        return;
    }
    fs::create_dir_all(path(folder)).unwrap();
    for (name, text) in modules {
        compare(&format!("{folder}/{name}.py"), text);
    }
    for entry in fs::read_dir(path(folder)).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        if name.strip_suffix(".py").is_some_and(|name| !modules.contains_key(name)) {
            if std::env::var_os("UPDATE_GENERATED").is_some() {
                fs::remove_file(entry.path()).unwrap();
            } else {
                panic!("{folder}/{name} belongs to nothing; remove it with UPDATE_GENERATED=1");
            }
        }
    }
}
