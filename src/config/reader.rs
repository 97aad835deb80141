//! How a value is taken out of the document, or refused.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::model::{Invalid, Ttl};

/// One mapping of the document. Values are taken out; what is left at the end was not known.
#[derive(Debug)]
pub(super) struct Reader {
    path: String,
    map: Map<String, Value>,
}

impl Reader {
    pub(super) fn new(path: impl Into<String>, value: Value) -> Result<Self, Invalid> {
        let path = path.into();
        match value {
            Value::Object(map) => Ok(Self { path, map }),
            other => Err(wrong(path, &other, "a mapping of keys to values")),
        }
    }

    /// Where this mapping stands in the document: `jit_access.roles.auditor`.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Where one of its keys stands.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.map.keys().map(String::as_str)
    }

    /// A key without a value is a key left out.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    pub(super) fn flag(&mut self, name: &str) -> Result<Option<bool>, Invalid> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(other) => Err(wrong(self.key(name), &other, "true or false")),
        }
    }

    pub(super) fn hours(&mut self, name: &str) -> Result<Option<Ttl>, Invalid> {
        const EXPECTED: &str = "a number of hours, such as 4 or 0.5";
        let Some(value) = self.take(name) else { return Ok(None) };
        let hours = value.as_f64().ok_or_else(|| wrong(self.key(name), &value, EXPECTED))?;
        Ttl::from_hours(hours).map(Some).map_err(|error| error.for_field(self.key(name)))
    }

    pub(super) fn count(&mut self, name: &str) -> Result<Option<u64>, Invalid> {
        let Some(value) = self.take(name) else { return Ok(None) };
        value.as_u64().map(Some).ok_or_else(|| wrong(self.key(name), &value, "a whole number of 0 or more"))
    }

    pub(super) fn millis(&mut self, name: &str, range: RangeInclusive<u64>) -> Result<Option<Duration>, Invalid> {
        let Some(value) = self.take(name) else { return Ok(None) };
        match value.as_u64().filter(|millis| range.contains(millis)) {
            Some(millis) => Ok(Some(Duration::from_millis(millis))),
            None => Err(wrong(
                self.key(name),
                &value,
                format!("a whole number of milliseconds from {} to {}", range.start(), range.end()),
            )),
        }
    }

    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Invalid> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(self.key(name), &other, "text")),
        }
    }

    /// A list of texts, each parsed by `parse`.
    pub(super) fn list<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, Invalid>,
    ) -> Result<Option<Vec<T>>, Invalid> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let Value::Array(items) = value else {
            return Err(wrong(self.key(name), &value, "a list, such as [one, two]"));
        };
        let mut parsed = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let key = format!("{}[{at}]", self.key(name));
            let text = match item {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                other => return Err(wrong(key, other, "text")),
            };
            parsed.push(parse(&text).map_err(|error| error.for_field(key))?);
        }
        Ok(Some(parsed))
    }

    pub(super) fn section(&mut self, name: &str) -> Result<Option<Self>, Invalid> {
        self.take(name).map(|value| Self::new(self.key(name), value)).transpose()
    }

    /// The mappings of a list under a key.
    pub(super) fn entries(&mut self, name: &str) -> Result<Option<Vec<Self>>, Invalid> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let Value::Array(items) = value else {
            return Err(wrong(self.key(name), &value, "a list of mappings"));
        };
        let path = self.key(name);
        let entries = items.into_iter().enumerate().map(|(at, item)| Self::new(format!("{path}[{at}]"), item));
        entries.collect::<Result<_, _>>().map(Some)
    }

    /// The mappings under a key, by name.
    pub(super) fn sections(&mut self, name: &str) -> Result<Vec<(String, Self)>, Invalid> {
        let Some(section) = self.section(name)? else { return Ok(Vec::new()) };
        let path = section.path;
        section
            .map
            .into_iter()
            .map(|(name, value)| Self::new(format!("{path}.{name}"), value).map(|reader| (name, reader)))
            .collect()
    }

    /// Refuses what nobody took.
    pub(super) fn finish(self) -> Result<(), Invalid> {
        match self.map.keys().next() {
            None => Ok(()),
            Some(key) => {
                Err(Invalid::new(self.key(key), "is not a known key", "a key of this section as the manual names it"))
            }
        }
    }
}

fn wrong(key: impl Into<String>, value: &Value, expected: impl Into<String>) -> Invalid {
    Invalid::new(key.into(), format!("is {}", shown(value)), expected.into())
}

/// A value as a message may repeat it.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => Invalid::quote(text),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
        Value::Null => "empty".to_owned(),
        other => format!("`{other}`"),
    }
}
