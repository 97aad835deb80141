//! The bodies of the routes in Python, and what OpenAPI says of each route.

use std::fmt::Write as _;

use jit_access::command::{CallerKind, Effect, FieldKind, FieldSpec, catalogue};
use serde_json::{Value, json};

use crate::answers::model;
use crate::compare;
use crate::python::name_in_python;

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
        let of_answer = model(spec);
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
    let text = "\"\"\"The routes and the bodies that they accept. Generated from `src/command`, by `tests/generated`.\"\"\"\n\n\
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
