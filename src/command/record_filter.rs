//! The filter of records, as fields of the reads of the journal.

use serde_json::{Map, Value};

use super::define::Group;
use super::field::{Field, put, text};
use super::fields::Fields;
use super::spec::{FieldKind, FieldSpec};
use crate::model::{Invalid, Principal, RecordFilter};

/// The name of an agent.
struct Agent(Principal);

impl Field for Agent {
    const KIND: FieldKind = FieldKind::Text;

    fn read(value: Value, field: &'static str) -> Result<Self, Invalid> {
        Principal::agent(&text(value, field)?).map(Self).map_err(|error| error.for_field(field))
    }

    fn write(&self) -> Value {
        self.0.id().into()
    }
}

const fn field(name: &'static str, doc: &'static str, kind: FieldKind) -> FieldSpec {
    FieldSpec::new(name, doc, kind, false)
}

impl Group for RecordFilter {
    const FIELDS: &'static [FieldSpec] = &[
        field("grant", "Only records about this grant.", FieldKind::Id),
        field("request", "Only records about this request, and the one that made its grant.", FieldKind::Id),
        field(
            "person",
            "Only records that concern this person: who did it, whose request or grant it is, or for whom an agent acts.",
            FieldKind::Person,
        ),
        field("agent", "Only records that concern this agent.", FieldKind::Text),
        field(
            "approver",
            "Only answers of this person to requests, and records of grants that needed their approval.",
            FieldKind::Person,
        ),
        field("role", "Only records about a request or a grant of this role.", FieldKind::Role),
        field(
            "permission",
            "Only uses of this permission, and requests and new grants that name it as it is written here.",
            FieldKind::Text,
        ),
        field(
            "resource",
            "Only uses on this resource, of this kind or with this parent, and requests and new grants whose scope names it.",
            FieldKind::Resource,
        ),
        field("result", "Only records with this result.", FieldKind::RecordResult),
        field("event", "Only records of this kind.", FieldKind::EventKind),
        field("from", "Only records of this instant or later.", FieldKind::Instant),
        field("until", "Only records before this instant.", FieldKind::Instant),
        field(
            "text",
            "Only records with this text in a reason, comment or similar field, ignoring case.",
            FieldKind::Text,
        ),
    ];

    fn read(fields: &mut Fields) -> Result<Self, Invalid> {
        Ok(Self {
            grant: fields.optional("grant")?,
            request: fields.optional("request")?,
            person: fields.optional("person")?,
            agent: fields.optional::<Option<Agent>>("agent")?.map(|agent| agent.0),
            approver: fields.optional("approver")?,
            role: fields.optional("role")?,
            permission: fields.optional("permission")?,
            resource: fields.optional("resource")?,
            result: fields.optional("result")?,
            event: fields.optional("event")?,
            from: fields.optional("from")?,
            until: fields.optional("until")?,
            text: fields.optional("text")?,
        })
    }

    fn write(&self, into: &mut Map<String, Value>) {
        put(into, "grant", &self.grant);
        put(into, "request", &self.request);
        put(into, "person", &self.person);
        put(into, "agent", &self.agent);
        put(into, "approver", &self.approver);
        put(into, "role", &self.role);
        put(into, "permission", &self.permission);
        put(into, "resource", &self.resource);
        put(into, "result", &self.result);
        put(into, "event", &self.event);
        put(into, "from", &self.from);
        put(into, "until", &self.until);
        put(into, "text", &self.text);
    }
}
