//! How the fields of a command's document are read: each once, by its type, and none that the command does not take.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::command::COMMANDS;
use crate::error::Error;
use crate::model::{
    Caller, Conditions, Invalid, Justification, Permission, PermissionSet, Principal, RoleName, Scope, SignIn,
    Timestamp, Ttl,
};

/// The fields that have not been read yet. A field without a value is a field left out.
pub(super) struct Fields {
    /// What error messages call the whole: the command, or `caller`.
    of: &'static str,
    takes: &'static [&'static str],
    map: Map<String, Value>,
}

/// How many rows a page has when nobody says.
const PAGE: usize = 50;
/// What is told of a caller.
const TEXTS: &str = "a list of texts";
const WHO: &str = "who the host authenticated: principal, roles, agent";
const CALLER: &[&str] = &["principal", "roles", "permissions", "agent", "acts_for", "amr", "acr", "auth_time", "mfa"];

const CONDITIONS: &[&str] = &["mfa_within_minutes", "networks", "session", "max_uses"];

impl Fields {
    pub(super) fn read(document: &str) -> Result<Self, Invalid> {
        const EXPECTED: &str = "a JSON object with the field command";
        let value: Unambiguous = serde_json::from_str(document)
            .map_err(|error| Invalid::new("document", format!("cannot be read: {error}"), EXPECTED))?;
        match value.0 {
            Value::Object(map) => Ok(Self { of: "document", takes: &[], map }),
            other => Err(Invalid::new("document", format!("is {}", shown(&other)), EXPECTED)),
        }
    }

    /// Which command it is; from here on the fields are those of that command, and others are refused.
    pub(super) fn command(&mut self) -> Result<&'static str, Invalid> {
        let name = self.must("command")?;
        let Some((name, takes)) = COMMANDS.iter().find(|(known, _)| *known == name) else {
            let known: Vec<_> = COMMANDS.iter().map(|(known, _)| *known).collect();
            return Err(Invalid::new("command", format!("is {}", Invalid::quote(&name)), one_of(&known)));
        };
        (self.of, self.takes) = (name, takes);
        // Before anything else is looked at: the first thing wrong with a misspelt field is its name.
        self.refuse_unknown()?;
        Ok(name)
    }

    fn refuse_unknown(&self) -> Result<(), Invalid> {
        match self.map.keys().find(|key| !self.takes.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => {
                let field = key.chars().filter(|c| !c.is_control()).take(80).collect::<String>();
                Err(Invalid::new(field, format!("is no field of `{}`", self.of), one_of(self.takes)))
            }
        }
    }

    /// That nothing is left: a field that the command takes and this code forgot would be ignored in silence.
    pub(super) fn finish(&self) -> Result<(), Error> {
        match self.map.keys().next() {
            None => Ok(()),
            Some(key) => Err(Error::Internal(format!("nothing reads the field {key} of {}", self.of))),
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<String>, Invalid> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(Invalid::new(name, format!("is {}", shown(&other)), "text")),
        }
    }

    pub(super) fn must(&mut self, name: &'static str) -> Result<String, Invalid> {
        self.text(name)?.ok_or_else(|| Invalid::new(name, "is missing", "text"))
    }

    pub(super) fn hours(&mut self, name: &'static str) -> Result<Option<Ttl>, Invalid> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => match value.as_f64() {
                Some(hours) => Ttl::from_hours(hours).map(Some).map_err(|error| error.for_field(name)),
                None => Err(Invalid::new(name, format!("is {}", shown(&value)), "a number of hours, such as 4 or 0.5")),
            },
        }
    }

    /// What somebody says, for people to read.
    pub(super) fn words(&mut self, name: &'static str) -> Result<Option<Justification>, Invalid> {
        self.text(name)?.map(|text| Justification::new(&text).map_err(|error| error.for_field(name))).transpose()
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Result<Option<bool>, Invalid> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(other) => Err(Invalid::new(name, format!("is {}", shown(&other)), "true or false")),
        }
    }

    pub(super) fn number(&mut self, name: &'static str) -> Result<Option<u32>, Invalid> {
        let fits = |number: u64| {
            u32::try_from(number).map_err(|_| Invalid::new(name, format!("is {number}"), "a smaller whole number"))
        };
        self.whole(name)?.map(fits).transpose()
    }

    fn whole(&mut self, name: &'static str) -> Result<Option<u64>, Invalid> {
        let whole = |value: Value| {
            value.as_u64().ok_or_else(|| Invalid::new(name, format!("is {}", shown(&value)), "a whole number"))
        };
        self.take(name).map(whole).transpose()
    }

    pub(super) fn scope(&mut self) -> Result<Option<Scope>, Invalid> {
        self.text("resource")?.map(|text| text.parse()).transpose()
    }

    pub(super) fn permissions(&mut self) -> Result<Option<PermissionSet>, Invalid> {
        let Some(names) = self.texts("permissions")? else { return Ok(None) };
        let permissions = names.iter().map(|name| Permission::new(name)).collect::<Result<Vec<_>, _>>();
        PermissionSet::new(permissions.map_err(|error| error.for_field("permissions"))?).map(Some)
    }

    pub(super) fn roles(&mut self) -> Result<Option<Vec<RoleName>>, Invalid> {
        let role = |name: &String| RoleName::new(name).map_err(|error| error.for_field("roles"));
        self.texts("roles")?.map(|names| names.iter().map(role).collect()).transpose()
    }

    /// What must be so at each use: a mapping of its own.
    pub(super) fn conditions(&mut self) -> Result<Conditions, Invalid> {
        let map = match self.take("conditions") {
            None => return Ok(Conditions::default()),
            Some(Value::Object(map)) => map,
            Some(other) => {
                let expected = format!("an object with {}", CONDITIONS.join(", "));
                return Err(Invalid::new("conditions", format!("is {}", shown(&other)), expected));
            }
        };
        let mut fields = Self { of: "conditions", takes: CONDITIONS, map };
        fields.refuse_unknown()?;
        let (minutes, uses) = (fields.whole("mfa_within_minutes")?, fields.whole("max_uses")?);
        let (networks, session) = (fields.texts("networks")?, fields.text("session")?);
        Conditions::new(minutes, networks.as_deref(), session.as_deref(), uses)
    }

    fn texts(&mut self, name: &'static str) -> Result<Option<Vec<String>>, Invalid> {
        let text = |value| match value {
            Value::String(text) => Ok(text),
            other => Err(Invalid::new(name, format!("holds {}", shown(&other)), TEXTS)),
        };
        match self.take(name) {
            None => Ok(None),
            Some(Value::Array(values)) => values.into_iter().map(text).collect::<Result<_, _>>().map(Some),
            Some(other) => Err(Invalid::new(name, format!("is {}", shown(&other)), TEXTS)),
        }
    }

    pub(super) fn instant(&mut self, name: &'static str) -> Result<Option<Timestamp>, Invalid> {
        self.text(name)?.map(|text| text.parse::<Timestamp>().map_err(|error| error.for_field(name))).transpose()
    }

    pub(super) fn limit(&mut self) -> Result<usize, Invalid> {
        let Some(value) = self.take("limit") else { return Ok(PAGE) };
        let limit = value.as_u64().and_then(|limit| usize::try_from(limit).ok());
        limit.ok_or_else(|| Invalid::new("limit", format!("is {}", shown(&value)), "a whole number of 1 or more"))
    }

    pub(super) fn caller(&mut self) -> Result<Caller, Invalid> {
        self.caller_if_any()?.ok_or_else(|| Invalid::new("caller", "is missing", WHO))
    }

    /// The caller of a command that the host itself may give.
    pub(super) fn caller_if_any(&mut self) -> Result<Option<Caller>, Invalid> {
        let map = match self.take("caller") {
            None => return Ok(None),
            Some(Value::Object(map)) => map,
            Some(other) => return Err(Invalid::new("caller", format!("is {}", shown(&other)), WHO)),
        };
        let mut fields = Self { of: "caller", takes: CALLER, map };
        fields.refuse_unknown()?;
        let name = fields.must("principal")?;
        let is_agent = fields.flag("agent")?.unwrap_or(false);
        let roles = fields.roles()?.unwrap_or_default();
        let permissions = match fields.take("permissions") {
            None => None,
            Some(Value::Array(all)) => Some(all.iter().filter_map(standing).collect()),
            Some(other) => return Err(Invalid::new("permissions", format!("is {}", shown(&other)), TEXTS)),
        };
        let principal = if is_agent { Principal::agent(&name) } else { Principal::user(&name) }?;
        let acts_for = fields.text("acts_for")?.map(|name| Principal::user(&name)).transpose();
        let acts_for = acts_for.map_err(|error| error.for_field("acts_for"))?;
        let sign_in = fields.sign_in()?;
        Ok(Some(Caller { principal, roles, permissions, acts_for, sign_in }))
    }

    /// How the caller signed in, as far as any of it is told.
    fn sign_in(&mut self) -> Result<Option<SignIn>, Invalid> {
        let methods = self.texts("amr")?.unwrap_or_default();
        let at = match self.map.get("auth_time").and_then(Value::as_i64) {
            Some(seconds) => {
                self.take("auth_time");
                Some(SignIn::instant(seconds)?)
            }
            None => self.instant("auth_time")?,
        };
        SignIn::told(methods.iter().map(String::as_str), self.text("acr")?.as_deref(), at, self.flag("mfa")?)
    }
}

/// What the host calls a permission and this library cannot name takes nothing off what a grant newly permits.
fn standing(value: &Value) -> Option<Permission> {
    value.as_str().and_then(|text| Permission::new(text).ok())
}

fn one_of(names: &[&str]) -> String {
    if names.is_empty() { "no field".to_owned() } else { format!("one of {}", names.join(", ")) }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => Invalid::quote(text),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_string(),
    }
}

/// A JSON value in which no object names a field twice.
struct Unambiguous(Value);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Builder).map(Self)
    }
}

struct Builder;

impl<'de> Visitor<'de> for Builder {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(flag.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Unambiguous(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Unambiguous(value))) = fields.next_entry::<String, Unambiguous>()? {
            if map.contains_key(&name) {
                return Err(A::Error::custom(format_args!("the field {} stands twice", Invalid::quote(&name))));
            }
            map.insert(name, value);
        }
        Ok(map.into())
    }
}
