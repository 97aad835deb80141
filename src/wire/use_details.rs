//! A host's details of a call, for the record.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::command::{Fields, shown, text};
use crate::model::{DetailText, Invalid, UseDetails};

const EXPECTED: &str = "an object of at most 32 texts";
const FIELDS: [&str; 7] =
    ["user_agent", "token_id", "correlation_id", "traceparent", "by_standing", "arguments_digest", "arguments"];

/// Reads the host's details of a call from a JSON object: `user_agent`, `token_id`, `correlation_id`, `traceparent`
/// (the header of W3C Trace Context), `by_standing`, `arguments_digest`, `arguments` (an object of texts). Each is
/// optional. Text is cut and made visible (see [`DetailText`]).
///
/// ```
/// use jit_access::internal::wire::use_details;
///
/// let details = use_details(r#"{"user_agent": "curl/8.9", "by_standing": false}"#)?;
/// assert_eq!(details.by_standing, Some(false));
/// assert_eq!(use_details(r#"{"useragent": "curl"}"#).unwrap_err().field(), "useragent");
/// # Ok::<(), jit_access::model::Invalid>(())
/// ```
///
/// # Errors
/// When it is not one JSON object, has a field that is not among these, or one of another type.
pub fn use_details(json: &str) -> Result<UseDetails, Invalid> {
    let mut fields = Fields::parse(json).map_err(|error| match error.field() {
        "document" => error.for_field("details"),
        _ => error,
    })?;
    fields.expect("details", FIELDS.to_vec())?;
    let mut taken = |name: &'static str| fields.take(name).map(|value| text(value, name)).transpose();
    let (user_agent, token_id, correlation_id) = (taken("user_agent")?, taken("token_id")?, taken("correlation_id")?);
    let (traceparent, digest) = (taken("traceparent")?, taken("arguments_digest")?);
    let kept = |text: Option<String>| text.map(|text| DetailText::new(&text));
    let details = UseDetails::default()
        .user_agent(kept(user_agent))
        .token_id(kept(token_id))
        .correlation_id(kept(correlation_id))
        .trace_of(traceparent.as_deref())
        .arguments_digest(kept(digest))
        .by_standing(fields.optional("by_standing")?);
    let arguments = fields.take("arguments").map(arguments).transpose()?.unwrap_or_default();
    Ok(details.arguments(arguments))
}

fn arguments(value: Value) -> Result<BTreeMap<String, DetailText>, Invalid> {
    let Value::Object(map) = value else {
        return Err(Invalid::new("arguments", format!("is {}", shown(&value)), EXPECTED));
    };
    if map.len() > UseDetails::MAX_ARGUMENTS {
        return Err(Invalid::new("arguments", format!("has {} fields", map.len()), EXPECTED));
    }
    let one = |(name, value): (String, Value)| {
        let value = text(value, "arguments")?;
        Ok((DetailText::new(&name).to_string(), DetailText::new(&value)))
    };
    map.into_iter().map(one).collect()
}
