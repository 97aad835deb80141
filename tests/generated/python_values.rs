//! The values that Python holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jit_access::internal::wire::{ShownKind, documents};

use crate::python::{about, compare_package, field_words, group, imports, name_of, type_of_field, values};

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

/// The values that Python holds have every field of the documents. Each noun is a module, as it is a file of `src/wire`.
#[test]
fn the_values_of_python_are_committed() {
    let mut classes = BTreeMap::<&str, (String, String)>::new();
    for spec in documents().iter().filter(|spec| spec.name != "Conditions") {
        let (text, code) = classes.entry(spec.noun).or_default();
        let answer = ANSWERS.iter().find(|(name, _)| *name == spec.name);
        let base = match spec.name {
            "Grant" => "GrantAnswer",
            _ if answer.is_some() => "Answered",
            _ => "Value",
        };
        write!(code, "{base} ").unwrap();
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
            let kind = type_of_field(&field.kind, field.names, false);
            let read = read_in_python(&field.kind, &format!("self._of({:?})", field.name));
            write!(code, "{kind} {read} ").unwrap();
            write!(
                text,
                "\n    @property\n    def {}(self) -> {kind}:\n        \"\"\"{}\"\"\"\n        return {read}\n",
                name_of(field),
                field_words(field).replace("`null`", "`None`"),
            )
            .unwrap();
        }
    }
    let standard = group(&[
        ("collections.abc", &["Mapping"]),
        ("datetime", &["datetime"]),
        ("types", &["MappingProxyType"]),
        ("typing", &["Any", "Literal", "final"]),
    ]);
    let mut modules: BTreeMap<_, _> = classes.iter().map(|(noun, (text, code))| {
        let mut ours = values();
        ours.remove(&format!("jit_access.values.{noun}"));
        ours.append(&mut group(&[
            ("jit_access._native", &["Conditions"]),
            ("jit_access.answers", &["Answered", "GrantAnswer", "Value"]),
            ("jit_access.principals", &["Principal"]),
        ]));
        let imports = imports(&format!("final {code}"), &[standard.clone(), ours]);
        let head = format!(
            "\"\"\"Values of `jit_access.values`. Generated from `src/wire/{noun}.rs`, by `tests/generated`.\"\"\"\n\n\
             from __future__ import annotations\n\n{}",
             imports.trim_end()
        );
        ((*noun).to_owned(), format!("{head}\n{text}"))
    }).collect();
    let all: BTreeSet<_> = values().into_values().flatten().collect();
    let code = all.iter().copied().collect::<Vec<_>>().join(" ");
    let listed: String = all.iter().map(|name| format!("    {name:?},\n")).collect();
    let init = format!(
        "\"\"\"The values that an engine answers with. Generated from `src/wire`, by `tests/generated`.\n\n\
         Each has every field of its JSON document, with the instants as `datetime` in UTC and the lists as tuples. What a method\n\
         answers is how things stood when it returned; nothing changes it later.\n\"\"\"\n\n\
         {}__all__ = [\n{listed}]\n",
        imports(&code, &[values()])
    );
    modules.insert("__init__".to_owned(), init);
    compare_package("ffi/python/jit_access/values", &modules);
}
