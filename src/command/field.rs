//! How a value is read from a field of a document, and written to one.

use serde_json::{Map, Value};

use super::spec::FieldKind;
use crate::model::Invalid;

/// A value that is one field in a document.
///
/// ```
/// use jit_access::command::Field;
/// use jit_access::model::Ttl;
///
/// assert_eq!(Ttl::read(1.5.into(), "duration_hours")?, Ttl::from_hours(1.5)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Field: Sized {
    /// What the field holds.
    const KIND: FieldKind;

    /// The value. `field` is what errors name.
    ///
    /// # Errors
    /// When it cannot be one.
    fn read(value: Value, field: &'static str) -> Result<Self, Invalid>;

    /// Whether the value, where the field may be left out, is as if it were.
    fn is_left_out(value: &Value) -> bool {
        value.is_null()
    }

    /// The value in a document, in its one form.
    fn write(&self) -> Value;
}

/// Puts the value into the document, unless it is missing.
pub(super) fn put(into: &mut Map<String, Value>, name: &str, value: &impl Field) {
    let value = value.write();
    if !value.is_null() {
        into.insert(name.to_owned(), value);
    }
}

/// The text of a field.
///
/// # Errors
/// When it is not text.
pub fn text(value: Value, field: &'static str) -> Result<String, Invalid> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(Invalid::new(field, format!("is {}", shown(&other)), "text")),
    }
}

/// The texts of a field.
///
/// # Errors
/// When it is not a list of texts.
pub fn texts(value: Value, field: &'static str) -> Result<Vec<String>, Invalid> {
    const EXPECTED: &str = "a list of texts";
    let text = |value| match value {
        Value::String(text) => Ok(text),
        other => Err(Invalid::new(field, format!("holds {}", shown(&other)), EXPECTED)),
    };
    match value {
        Value::Array(values) => values.into_iter().map(text).collect(),
        other => Err(Invalid::new(field, format!("is {}", shown(&other)), EXPECTED)),
    }
}

/// A wrong value, as an error shows it.
#[must_use]
pub fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => Invalid::quote(text),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_string(),
    }
}
