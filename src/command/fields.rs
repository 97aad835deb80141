//! The fields of a document: each is read once, by its type, and none may be left over.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::field::{Field, shown};
use crate::model::Invalid;

/// The fields that have not been read yet. A field without a value is a field left out.
///
/// ```
/// use jit_access::command::{Command, Fields};
///
/// let mut fields = Fields::parse(r#"{"role": "deployer", "duration_hours": "long"}"#)?;
/// let error = Command::parse("submit", &mut fields).unwrap_err();
/// assert_eq!(error.field(), "duration_hours");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Fields {
    /// What error messages call the whole: the command, or `caller`.
    of: &'static str,
    takes: Vec<&'static str>,
    map: Map<String, Value>,
}

impl Fields {
    /// The fields of a document whose kind is not known yet.
    ///
    /// # Errors
    /// When it is not one JSON object, or when an object in it has a field twice.
    pub fn parse(document: &str) -> Result<Self, Invalid> {
        const EXPECTED: &str = "a JSON object with the field command";
        let value: Unambiguous = serde_json::from_str(document)
            .map_err(|error| Invalid::new("document", format!("cannot be read: {error}"), EXPECTED))?;
        match value.0 {
            Value::Object(map) => Ok(Self { of: "document", takes: Vec::new(), map }),
            other => Err(Invalid::new("document", format!("is {}", shown(&other)), EXPECTED)),
        }
    }

    /// The fields of an object that takes these.
    #[must_use]
    pub fn of(of: &'static str, takes: &[&'static str], map: Map<String, Value>) -> Self {
        Self { of, takes: takes.to_vec(), map }
    }

    /// Sets the kind of the fields, and refuses those that it does not take.
    ///
    /// # Errors
    /// The first field that is not among `takes`.
    pub fn expect(&mut self, of: &'static str, takes: Vec<&'static str>) -> Result<(), Invalid> {
        (self.of, self.takes) = (of, takes);
        self.refuse_unknown()
    }

    /// Refuses fields that are not taken.
    ///
    /// # Errors
    /// The first one.
    pub fn refuse_unknown(&self) -> Result<(), Invalid> {
        match self.map.keys().find(|key| !self.takes.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => {
                let field = key.chars().filter(|c| !c.is_control()).take(80).collect::<String>();
                Err(Invalid::new(field, format!("is no field of `{}`", self.of), one_of(&self.takes)))
            }
        }
    }

    /// A field that nothing has read, if there is one.
    #[must_use]
    pub fn left(&self) -> Option<&str> {
        self.map.keys().next().map(String::as_str)
    }

    /// The value of a field, once; `None` when it is omitted or `null`.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    /// A field that must be there.
    ///
    /// # Errors
    /// When it is missing or wrong.
    pub fn required<T: Field>(&mut self, name: &'static str) -> Result<T, Invalid> {
        match self.take(name) {
            Some(value) => T::read(value, name),
            None => Err(Invalid::new(name, "is missing", T::KIND.expected())),
        }
    }

    /// A field that may be left out.
    ///
    /// # Errors
    /// When it is wrong.
    pub fn optional<T: Field + Default>(&mut self, name: &'static str) -> Result<T, Invalid> {
        self.take(name).map_or_else(|| Ok(T::default()), |value| T::read(value, name))
    }
}

/// These names as the valid values in an error.
pub(super) fn one_of(names: &[&str]) -> String {
    if names.is_empty() { "no field".to_owned() } else { format!("one of {}", names.join(", ")) }
}

/// The JSON value of a text without duplicate names in an object.
#[cfg(feature = "authzen")]
pub(crate) fn unambiguous(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str::<Unambiguous>(text).map(|value| value.0)
}

/// A JSON value without duplicate names in an object.
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
