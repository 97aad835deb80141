//! Whether two questions are equal, and their hash.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::question::Question;
use crate::journal::{canonical, digest_of};
use crate::model::Invalid;

/// Whether two values are the same as JSON: numbers under their form of RFC 8785, text by code points, lists in order; a member
/// that is absent is not one that is `null`.
///
/// ```
/// use jit_access::authzen::is_equal;
/// use serde_json::json;
///
/// assert!(is_equal(&json!({"a": 1, "b": 2}), &json!({"b": 2.0, "a": 1})));
/// assert!(!is_equal(&json!({}), &json!({"a": null})));
/// ```
#[must_use]
pub fn is_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let same = |(name, one): (&String, &Value)| other.get(name).is_some_and(|other| is_equal(one, other));
            one.len() == other.len() && one.iter().all(same)
        }
        (one, other) => one == other,
    }
}

/// The subject as it is bound: without the acting agent, which the binding contains separately.
pub(super) fn bound_subject(subject: &Map<String, Value>, keeps_emptied: bool) -> Map<String, Value> {
    let mut bound = subject.clone();
    let emptied = match bound.get_mut("properties") {
        Some(Value::Object(properties)) => properties.remove("act").is_some() && properties.is_empty(),
        _ => false,
    };
    if emptied && !keeps_emptied {
        bound.remove("properties");
    }
    bound
}

/// The members of the context that are bound.
pub(super) fn bound_context(context: &Map<String, Value>, members: &[String]) -> Map<String, Value> {
    members.iter().filter_map(|name| Some((name.clone(), context.get(name)?.clone()))).collect()
}

/// The bound part of a question, as canonical JSON (RFC 8785).
pub(super) fn bound_text(question: &Question, members: &[String], keeps_emptied: bool) -> Result<String, Invalid> {
    canonical(&json!({
        "subject": bound_subject(question.subject.whole(), keeps_emptied),
        "resource": question.resource.whole(),
        "action": question.action,
        "context": bound_context(&question.context, members),
    }))
}

/// The hash of a question for a signed denial: SHA-256 over the canonical JSON of its bound part, in base64url.
///
/// ```
/// use jit_access::authzen::{Entity, Question, binding_hash};
///
/// let asked = Question::new(Entity::new("user", "ann@example.com"), "tools.execute", Entity::new("tool", "deploy"));
/// assert_eq!(binding_hash(&asked, &[])?, "3Sk7Nr0zHD17JFnU3KONkpkHZdY8Ok361IzVetZTYLM");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When a number cannot be written in canonical form.
pub fn binding_hash(question: &Question, members: &[String]) -> Result<String, Invalid> {
    let text = bound_text(question, members, true)?;
    Ok(URL_SAFE_NO_PAD.encode(digest_of(text.as_bytes())))
}
