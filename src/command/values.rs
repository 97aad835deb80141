//! The types of fields, and their form.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::field::{Field, shown, text, texts};
use super::fields::Fields;
use super::spec::FieldKind;
use crate::model::{
    Action, AlertId, AlertStatus, Checkpoint, Conditions, Context, Cursor, DelegationId, DelegationStatus, DeliveryId,
    DeliveryState, EventKind, EvidenceForm, ExportFormat, GrantId, GrantStatus, Invalid, Justification, Networks,
    Permission, PermissionSet, Principal, RecordOrder, RecordResult, RequestId, RequestStatus, Resource, ResourceId,
    Revision, RoleName, Scope, SearchText, SessionId, SummaryForm, TicketUrl, Timestamp, ToolCall, Ttl,
};

impl<T: Field> Field for Option<T> {
    const KIND: FieldKind = T::KIND;

    fn read(value: Value, field: &'static str) -> Result<Self, Invalid> {
        if T::is_left_out(&value) { Ok(None) } else { T::read(value, field).map(Some) }
    }

    fn write(&self) -> Value {
        self.as_ref().map_or(Value::Null, Field::write)
    }
}

/// A type whose values are texts, with the function that parses them.
macro_rules! text_field {
    ($($type:ty: $kind:expr, $parse:expr;)+) => {$(
        impl Field for $type {
            const KIND: FieldKind = $kind;

            fn read(value: Value, field: &'static str) -> Result<Self, Invalid> {
                let text = text(value, field)?;
                let parse: fn(&str) -> Result<Self, Invalid> = $parse;
                parse(&text).map_err(|error| error.for_field(field))
            }

            fn write(&self) -> Value {
                self.to_string().into()
            }
        }
    )+};
}

text_field! {
    RequestId: FieldKind::Id, str::parse;
    AlertId: FieldKind::Id, str::parse;
    GrantId: FieldKind::Id, str::parse;
    DelegationId: FieldKind::Id, str::parse;
    DeliveryId: FieldKind::Id, str::parse;
    String: FieldKind::Text, as_it_is;
    RoleName: FieldKind::Role, RoleName::new;
    TicketUrl: FieldKind::Url, TicketUrl::new;
    Scope: FieldKind::Resource, str::parse;
    Timestamp: FieldKind::Instant, str::parse;
    Checkpoint: FieldKind::Text, str::parse;
    Permission: FieldKind::Text, Permission::new;
    Action: FieldKind::Text, Action::new;
    Resource: FieldKind::Resource, str::parse;
    ResourceId: FieldKind::Resource, str::parse;
    EventKind: FieldKind::EventKind, str::parse;
    SearchText: FieldKind::Text, str::parse;
    Cursor: FieldKind::Cursor, str::parse;
    SessionId: FieldKind::Text, str::parse;
    IpAddr: FieldKind::Text, address;
}

/// An address, as hosts have it.
fn address(text: &str) -> Result<IpAddr, Invalid> {
    let address = Context::new(None, Some(text), None)?.address;
    address.ok_or_else(|| Invalid::new("address", "is empty", "an IP address"))
}

#[expect(clippy::unnecessary_wraps, reason = "other texts can be wrong")]
fn as_it_is(text: &str) -> Result<String, Invalid> {
    Ok(text.to_owned())
}

impl Field for Justification {
    const KIND: FieldKind = FieldKind::Text;

    fn read(value: Value, field: &'static str) -> Result<Self, Invalid> {
        Self::new(&text(value, field)?).map_err(|error| error.for_field(field))
    }

    fn is_left_out(value: &Value) -> bool {
        value.is_null() || value.as_str().is_some_and(Self::is_blank)
    }

    fn write(&self) -> Value {
        self.to_string().into()
    }
}

/// A person.
impl Field for Principal {
    const KIND: FieldKind = FieldKind::Person;

    fn read(value: Value, field: &'static str) -> Result<Self, Invalid> {
        Self::user(&text(value, field)?).map_err(|error| error.for_field(field))
    }

    fn write(&self) -> Value {
        self.id().into()
    }
}

impl Field for Ttl {
    const KIND: FieldKind = FieldKind::Hours;

    fn read(value: Value, field: &'static str) -> Result<Self, Invalid> {
        let Some(hours) = value.as_f64() else {
            return Err(Invalid::new(field, format!("is {}", shown(&value)), "a number of hours, such as 4 or 0.5"));
        };
        Self::from_hours(hours).map_err(|error| error.for_field(field))
    }

    fn write(&self) -> Value {
        self.hours().into()
    }
}

impl Field for bool {
    const KIND: FieldKind = FieldKind::Flag;

    fn read(value: Value, field: &'static str) -> Result<Self, Invalid> {
        value.as_bool().ok_or_else(|| Invalid::new(field, format!("is {}", shown(&value)), "true or false"))
    }

    fn write(&self) -> Value {
        (*self).into()
    }
}

impl Field for u32 {
    const KIND: FieldKind = FieldKind::Number;

    fn read(value: Value, field: &'static str) -> Result<Self, Invalid> {
        let number = whole(&value, field)?;
        Self::try_from(number).map_err(|_| Invalid::new(field, format!("is {number}"), "a smaller whole number"))
    }

    fn write(&self) -> Value {
        (*self).into()
    }
}

/// The number of a record.
impl Field for Revision {
    const KIND: FieldKind = FieldKind::Number;

    fn read(value: Value, field: &'static str) -> Result<Self, Invalid> {
        whole(&value, field).map(Self)
    }

    fn write(&self) -> Value {
        self.0.into()
    }
}

impl Field for u64 {
    const KIND: FieldKind = FieldKind::Number;

    fn read(value: Value, field: &'static str) -> Result<Self, Invalid> {
        whole(&value, field)
    }

    fn write(&self) -> Value {
        (*self).into()
    }
}

impl Field for Vec<RoleName> {
    const KIND: FieldKind = FieldKind::Roles;

    fn read(value: Value, field: &'static str) -> Result<Self, Invalid> {
        let role = |name: &String| RoleName::new(name).map_err(|error| error.for_field(field));
        texts(value, field)?.iter().map(role).collect()
    }

    fn write(&self) -> Value {
        self.iter().map(ToString::to_string).collect()
    }
}

impl Field for PermissionSet {
    const KIND: FieldKind = FieldKind::Permissions;

    fn read(value: Value, field: &'static str) -> Result<Self, Invalid> {
        let names = texts(value, field)?;
        let permissions = names.iter().map(|name| Permission::new(name)).collect::<Result<Vec<_>, _>>();
        Self::new(permissions.map_err(|error| error.for_field(field))?).map_err(|error| error.for_field(field))
    }

    /// Exceptions from its wildcards cannot be read from a document; but the document must distinguish such a set.
    fn write(&self) -> Value {
        let texts = |all: &[Permission]| all.iter().map(ToString::to_string).collect::<Value>();
        match self.excepted() {
            [] => texts(self.allowed()),
            excepted => serde_json::json!({"allowed": texts(self.allowed()), "except": texts(excepted)}),
        }
    }
}

impl Field for Conditions {
    const KIND: FieldKind = FieldKind::Conditions;

    fn read(value: Value, field: &'static str) -> Result<Self, Invalid> {
        const NAMES: &[&str] = &["mfa_within_minutes", "networks", "session", "max_uses", "call"];
        let Value::Object(map) = value else {
            let expected = format!("an object with {}", NAMES.join(", "));
            return Err(Invalid::new(field, format!("is {}", shown(&value)), expected));
        };
        let mut fields = Fields::of(field, NAMES, map);
        fields.refuse_unknown()?;
        let mut number = |name| fields.take(name).map(|value| whole(&value, name)).transpose();
        let (minutes, uses) = (number("mfa_within_minutes")?, number("max_uses")?);
        let networks = fields.take("networks").map(|value| texts(value, "networks")).transpose()?;
        let session = fields.take("session").map(|value| text(value, "session")).transpose()?;
        let call = fields.take("call").map(|value| ToolCall::read(value, "call")).transpose()?;
        Ok(Self::new(minutes, networks.as_deref(), session.as_deref(), uses)?.call(call))
    }

    fn write(&self) -> Value {
        let mut map = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                map.insert(name.to_owned(), value);
            }
        };
        put("mfa_within_minutes", self.mfa_within.map(|within| (within.millis() / 60_000).into()));
        put("networks", self.networks.as_ref().map(Networks::texts).map(Iterator::collect));
        put("session", self.session.as_ref().map(|session| session.to_string().into()));
        put("max_uses", self.max_uses.map(|uses| uses.get().into()));
        put("call", self.call.as_ref().map(Field::write));
        map.into()
    }
}

/// One of a few words, by its name.
macro_rules! status_field {
    ($($type:ty: $kind:expr;)+) => {$(
        impl Field for $type {
            const KIND: FieldKind = $kind;

            fn read(value: Value, field: &'static str) -> Result<Self, Invalid> {
                let name = text(value, field)?;
                Self::ALL.into_iter().find(|status| status.name() == name).ok_or_else(|| {
                    let names = Self::ALL.map(Self::name).join(", ");
                    Invalid::new(field, format!("is {}", Invalid::quote(&name)), format!("one of {names}"))
                })
            }

            fn write(&self) -> Value {
                self.name().into()
            }
        }
    )+};
}

status_field! {
    RequestStatus: FieldKind::RequestStatus;
    GrantStatus: FieldKind::GrantStatus;
    DelegationStatus: FieldKind::DelegationStatus;
    SummaryForm: FieldKind::Form;
    EvidenceForm: FieldKind::EvidenceForm;
    RecordResult: FieldKind::RecordResult;
    RecordOrder: FieldKind::RecordOrder;
    AlertStatus: FieldKind::AlertStatus;
    ExportFormat: FieldKind::ExportFormat;
    DeliveryState: FieldKind::DeliveryState;
}

fn whole(value: &Value, field: &'static str) -> Result<u64, Invalid> {
    value.as_u64().ok_or_else(|| Invalid::new(field, format!("is {}", shown(value)), "a whole number"))
}
