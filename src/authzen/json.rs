//! Parses a body as I-JSON (RFC 7493), which every parser reads alike.

use serde_json::{Map, Value};

use super::reply::HttpResponse;
use crate::command::unambiguous;

/// How many bytes a body has at most.
pub(super) const MAX_BODY: usize = 64 * 1024;
/// How deep its objects and lists may be in each other.
const MAX_DEPTH: usize = 64;

/// The object in the body: no duplicate names in an object, no incomplete characters in a text.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, HttpResponse> {
    if body.len() > MAX_BODY {
        return Err(HttpResponse::problem(413, "body_too_large", &format!("the body is larger than {MAX_BODY} bytes")));
    }
    let text = std::str::from_utf8(body).map_err(|_| HttpResponse::invalid("", "the body is not UTF-8"))?;
    let value =
        unambiguous(text).map_err(|error| HttpResponse::invalid("", &format!("the body cannot be read: {error}")))?;
    if depth(&value) > MAX_DEPTH {
        return Err(HttpResponse::invalid("", &format!("the body is deeper than {MAX_DEPTH} levels")));
    }
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(HttpResponse::invalid("", "the body is no JSON object")),
    }
}

fn depth(value: &Value) -> usize {
    let deepest = match value {
        Value::Object(map) => map.values().map(depth).max(),
        Value::Array(list) => list.iter().map(depth).max(),
        _ => return 0,
    };
    1 + deepest.unwrap_or(0)
}

/// A member, where `null` counts as left out.
pub(super) fn member<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    map.get(name).filter(|value| !value.is_null())
}

/// A member that is an object.
pub(super) fn object_of<'a>(
    map: &'a Map<String, Value>,
    name: &str,
    at: &str,
) -> Result<Option<&'a Map<String, Value>>, HttpResponse> {
    match member(map, name) {
        None => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(HttpResponse::invalid(&format!("{at}/{name}"), "is no JSON object")),
    }
}

/// A member that is text.
pub(super) fn text_of<'a>(map: &'a Map<String, Value>, name: &str, at: &str) -> Result<Option<&'a str>, HttpResponse> {
    match member(map, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(HttpResponse::invalid(&format!("{at}/{name}"), "is no text")),
    }
}
