//! What OpenAPI says of the answers.

use std::fmt::Write as _;

use jit_access::internal::wire::{ShownKind, documents};
use serde_json::json;

use crate::compare;
use crate::python::{about, field_words, model_of, type_of_field};

/// What OpenAPI says of the answers.
#[test]
fn the_models_of_openapi_are_committed() {
    let mut text = String::from(
        "\"\"\"What OpenAPI says of the answers of the routes. Generated from `src/wire`, by `tests/generated`.\n\n\
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
            let kind = type_of_field(&field.kind, field.names, true);
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
