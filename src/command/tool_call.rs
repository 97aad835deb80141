//! Reading the exact call of a tool from JSON.

use serde_json::{Map, Value};

use super::field::{Field, shown};
use super::spec::FieldKind;
use crate::model::{Invalid, ToolCall};

/// How deep arguments may be nested.
const MAX_DEPTH: usize = 32;
/// The largest whole number that every reader of JSON reads as it is written (RFC 7493).
const MAX_WHOLE: u64 = 9_007_199_254_740_991;
const EXPECTED: &str =
    "an object with `name` and `arguments`, such as {\"name\": \"deploy\", \"arguments\": {\"env\": \"staging\"}}";

/// The call in this JSON text: an object with the `name` of the tool and the object `arguments`.
///
/// ```
/// use jit_access::command::tool_call;
///
/// let call = tool_call(r#"{"name": "deploy", "arguments": {"n": 1.0, "env": "staging"}}"#)?;
/// assert_eq!(call.as_str(), r#"{"arguments":{"env":"staging","n":1},"name":"deploy"}"#);
/// assert!(tool_call(r#"{"name": "deploy", "arguments": {"n": 9007199254740993}}"#).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When it is not such an object, or contains a number that two parsers may read as two numbers.
pub fn tool_call(text: &str) -> Result<ToolCall, Invalid> {
    let value =
        serde_json::from_str(text).map_err(|error| Invalid::new("call", format!("is not JSON: {error}"), EXPECTED))?;
    ToolCall::read(value, "call")
}

impl Field for ToolCall {
    const KIND: FieldKind = FieldKind::Text;

    fn read(value: Value, field: &'static str) -> Result<Self, Invalid> {
        let wrong = |value: &Value| Invalid::new(field, format!("is {}", shown(value)), EXPECTED);
        let Value::Object(map) = &value else { return Err(wrong(&value)) };
        let known = map.len() == 2
            && map.get("name").and_then(Value::as_str).is_some_and(|name| !name.is_empty())
            && map.get("arguments").is_some_and(Value::is_object);
        if !known {
            return Err(wrong(&value));
        }
        check(&value, field, 0)?;
        let text = serde_json_canonicalizer::to_string(&value)
            .map_err(|error| Invalid::new(field, format!("cannot be written: {error}"), EXPECTED))?;
        Self::from_canonical(&text).map_err(|error| error.for_field(field))
    }

    fn write(&self) -> Value {
        serde_json::from_str(self.as_str()).unwrap_or_else(|_| Map::new().into())
    }
}

/// That every reader reads the same: no number that RFC 8785 would round, and no nesting without an end.
fn check(value: &Value, field: &'static str, depth: usize) -> Result<(), Invalid> {
    if depth > MAX_DEPTH {
        return Err(Invalid::new(field, format!("is nested deeper than {MAX_DEPTH}"), "flatter arguments"));
    }
    match value {
        Value::Number(number) => {
            let whole = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            if whole.is_some_and(|whole| whole > MAX_WHOLE) {
                let expected = format!("whole numbers up to {MAX_WHOLE}; write a larger one as a string");
                return Err(Invalid::new(field, format!("holds the number {number}"), expected));
            }
            Ok(())
        }
        Value::Array(items) => items.iter().try_for_each(|item| check(item, field, depth.saturating_add(1))),
        Value::Object(map) => map.values().try_for_each(|item| check(item, field, depth.saturating_add(1))),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}
