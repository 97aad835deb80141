//! Reading values from the document, and noting errors.
//!
//! A wrong value does not stop the reading: it is noted in [`Findings`], the default is used instead, and reading
//! continues. So an operator sees all errors at once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{keys, spelling};
use crate::model::{Invalid, Ttl};

/// The findings of reading a configuration, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Findings(Rc<RefCell<Found>>);

#[derive(Debug, Default)]
struct Found {
    errors: Vec<Invalid>,
    warnings: Vec<String>,
    /// Which variable set a key.
    variables: BTreeMap<String, String>,
}

impl Findings {
    /// A mistake. When a variable set the key, the message names it.
    pub(super) fn error(&self, error: Invalid) {
        let mut found = self.0.borrow_mut();
        let key = error.field().strip_prefix("jit_access.").unwrap_or_default();
        let key = key.split('[').next().unwrap_or_default();
        let error = match found.variables.get(key) {
            Some(variable) => Invalid::new(
                error.field().to_owned(),
                format!("{} (set by the variable {variable})", error.problem()),
                error.expected().to_owned(),
            ),
            None => error,
        };
        found.errors.push(error);
    }

    /// Notes something that works and is probably a mistake.
    pub(super) fn warn(&self, warning: String) {
        self.0.borrow_mut().warnings.push(warning);
    }

    pub(super) fn is_set_by(&self, key: &str, variable: &str) {
        self.0.borrow_mut().variables.insert(key.to_owned(), variable.to_owned());
    }

    /// The variable that set a key, if one did.
    pub(super) fn set_by(&self, key: &str) -> Option<String> {
        self.0.borrow().variables.get(key).cloned()
    }

    /// The value, or `None` after noting the error.
    pub(super) fn ok<T>(&self, read: Result<T, Invalid>) -> Option<T> {
        read.map_err(|error| self.error(error)).ok()
    }

    /// The errors and the warnings.
    pub(super) fn into_parts(self) -> (Vec<Invalid>, Vec<String>) {
        let mut found = self.0.borrow_mut();
        (std::mem::take(&mut found.errors), std::mem::take(&mut found.warnings))
    }
}

/// One mapping of the document. Values are taken out; what is left at the end is unknown.
#[derive(Debug)]
pub(super) struct Reader {
    path: String,
    /// The same place in the table of keys: without the names of roles and the numbers of list entries.
    place: String,
    map: Map<String, Value>,
    findings: Findings,
}

impl Reader {
    /// The mapping under `jit_access`.
    pub(super) fn new(value: Value, findings: Findings) -> Self {
        Self::at("jit_access".to_owned(), String::new(), value, findings)
    }

    fn at(path: String, place: String, value: Value, findings: Findings) -> Self {
        let map = match value {
            Value::Object(map) => map,
            Value::Null => Map::new(),
            other => {
                findings.error(wrong(path.clone(), &other, "a mapping of keys to values"));
                Map::new()
            }
        };
        Self { path, place, map, findings }
    }

    pub(super) const fn findings(&self) -> &Findings {
        &self.findings
    }

    /// Notes a mistake under one of the keys.
    pub(super) fn refuse(&self, name: &str, problem: impl Into<String>, expected: impl Into<String>) {
        self.findings.error(Invalid::new(self.key(name), problem.into(), expected.into()));
    }

    /// The path of this mapping in the document: `jit_access.roles.auditor`.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// The path of one of its keys.
    pub(super) fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.path)
    }

    fn place_of(&self, name: &str) -> String {
        if self.place.is_empty() { name.to_owned() } else { format!("{}.{name}", self.place) }
    }

    /// A key without a value is a key left out.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    /// The value under a key, read by `read`; an error is noted.
    fn value<T>(&mut self, name: &str, expected: impl Into<String>, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let value = self.take(name)?;
        let read = read(&value);
        if read.is_none() {
            self.findings.error(wrong(self.key(name), &value, expected));
        }
        read
    }

    pub(super) fn flag(&mut self, name: &str) -> Option<bool> {
        self.value(name, "true or false", Value::as_bool)
    }

    pub(super) fn hours(&mut self, name: &str) -> Option<Ttl> {
        let hours = self.value(name, "a number of hours, such as 4 or 0.5", Value::as_f64)?;
        self.findings.ok(Ttl::from_hours(hours).map_err(|error| error.for_field(self.key(name))))
    }

    pub(super) fn count(&mut self, name: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let expected = match (*range.start(), *range.end()) {
            (least, u64::MAX) => format!("a whole number of {least} or more"),
            (least, most) => format!("a whole number from {least} to {most}"),
        };
        self.value(name, expected, |value| value.as_u64().filter(|count| range.contains(count)))
    }

    /// Numbers: a list of them, or one.
    pub(super) fn counts(&mut self, name: &str, range: RangeInclusive<u64>) -> Option<Vec<u64>> {
        let expected = format!("whole numbers from {} to {}, such as [60, 15]", range.start(), range.end());
        let one = |value: &Value| value.as_u64().filter(|count| range.contains(count));
        self.value(name, expected, |value| match value {
            Value::Array(all) => all.iter().map(one).collect(),
            single => one(single).map(|count| vec![count]),
        })
    }

    pub(super) fn millis(&mut self, name: &str, range: RangeInclusive<u64>) -> Option<Duration> {
        let expected = format!("a whole number of milliseconds from {} to {}", range.start(), range.end());
        let millis = self.value(name, expected, |value| value.as_u64().filter(|millis| range.contains(millis)))?;
        Some(Duration::from_millis(millis))
    }

    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.value(name, "text", |value| value.as_str().map(str::to_owned))
    }

    /// A text that `parse` understands.
    pub(super) fn parsed<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, Invalid>) -> Option<T> {
        let text = self.text(name)?;
        self.findings.ok(parse(&text).map_err(|error| error.for_field(self.key(name))))
    }

    /// A list of texts that `parse` understands.
    pub(super) fn list<T>(&mut self, name: &str, parse: impl Fn(&str) -> Result<T, Invalid>) -> Option<Vec<T>> {
        let items = self.value(name, "a list, such as [one, two]", |value| value.as_array().cloned())?;
        let mut parsed = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let key = format!("{}[{at}]", self.key(name));
            let text = match item {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                other => {
                    self.findings.error(wrong(key, other, "text"));
                    continue;
                }
            };
            parsed.extend(self.findings.ok(parse(&text).map_err(|error| error.for_field(key))));
        }
        Some(parsed)
    }

    pub(super) fn section(&mut self, name: &str) -> Option<Self> {
        let (path, place) = (self.key(name), self.place_of(name));
        self.take(name).map(|value| Self::at(path, place, value, self.findings.clone()))
    }

    /// The mappings of a list under a key.
    pub(super) fn entries(&mut self, name: &str) -> Option<Vec<Self>> {
        let items = self.value(name, "a list of mappings", |value| value.as_array().cloned())?;
        let path = self.key(name);
        // The steps of an approval have the same keys in every place.
        let own = self.place_of(name);
        let place = if keys::below(&own).is_empty() { name.to_owned() } else { own };
        let entry = |(at, item)| Self::at(format!("{path}[{at}]"), place.clone(), item, self.findings.clone());
        Some(items.into_iter().enumerate().map(entry).collect())
    }

    /// The mappings under a key, by name.
    pub(super) fn sections(&mut self, name: &str) -> Vec<(String, Self)> {
        let Some(section) = self.section(name) else { return Vec::new() };
        let Self { path, place, map, findings } = section;
        let reader = |name: &str, value| Self::at(format!("{path}.{name}"), place.clone(), value, findings.clone());
        map.into_iter().map(|(name, value)| (name.clone(), reader(&name, value))).collect()
    }

    /// The mappings under a key, by name; anything else is refused, except an empty list, which counts as none.
    pub(super) fn named(&mut self, name: &str, expected: &str) -> Vec<(String, Self)> {
        match self.map.get(name) {
            Some(Value::Array(all)) if all.is_empty() => {
                self.map.remove(name);
                Vec::new()
            }
            Some(Value::Object(_)) | None => self.sections(name),
            Some(_) => {
                self.value(name, expected, |_| None::<()>);
                Vec::new()
            }
        }
    }

    /// Refuses what was not read.
    pub(super) fn finish(self) {
        for key in self.map.keys() {
            let expected = spelling::meant(key, keys::below(&self.place));
            self.findings.error(Invalid::new(self.key(key), "is not a known key", expected));
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
