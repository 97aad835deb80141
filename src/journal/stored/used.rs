//! One use of a grant.
//!
//! Uses outnumber everything else, so their canonical text is written without the general writer, which sorts and makes a text of
//! each value first. What is written so is what that one writes: `verify` compares each.

use std::fmt::{self, Write};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::break_glass::is_false;
use super::use_details::StoredUseDetails;
use crate::model::{
    Action, Actor, DetailText, Event, Fact, GrantId, Invalid, Principal, Resource, ResourceId, Timestamp, UseDetails,
};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredUse {
    action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    details: Option<Box<StoredUseDetails>>,
    #[serde(default, skip_serializing_if = "is_false")]
    drill: bool,
    grant: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    left: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resource: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    used_at: Option<String>,
}

impl StoredUse {
    pub(super) fn new(
        grant: GrantId,
        action: &Action,
        resource: &Resource,
        drill: bool,
        left: Option<u32>,
        used_at: Option<Timestamp>,
        details: Option<&UseDetails>,
    ) -> Self {
        Self {
            action: action.to_string(),
            details: details.map(|details| Box::new(details.into())),
            drill,
            grant: grant.to_string(),
            left,
            parent: resource.parent().map(ToString::to_string),
            resource: (!resource.is_everything()).then(|| resource.to_string()),
            used_at: used_at.map(|at| at.to_string()),
        }
    }
}

impl TryFrom<StoredUse> for Fact {
    type Error = Invalid;

    fn try_from(stored: StoredUse) -> Result<Self, Invalid> {
        let resource = stored.resource.map_or_else(|| Ok(Resource::everything()), |text| text.parse::<Resource>())?;
        Ok(Self::GrantUsed {
            grant: stored.grant.parse()?,
            action: Action::new(&stored.action)?,
            resource: match stored.parent {
                Some(parent) => resource.with_parent(parent.parse()?)?,
                None => resource,
            },
            drill: stored.drill,
            left: stored.left,
            used_at: stored.used_at.map(|at| at.parse()).transpose()?,
            details: stored.details.map(|details| (*details).try_into().map(Arc::new)).transpose()?,
        })
    }
}

/// Writes what the canonical text of this event says after its instant, up to the end of the event. `false` when it is no use,
/// or one that only the general writer puts in order; then nothing is written.
pub(in crate::journal) fn write_said(event: &Event, text: &mut String) -> bool {
    let Fact::GrantUsed { grant, action, resource, drill, left, used_at, details } = &event.fact else { return false };
    let Actor::Principal(by) = &event.by else { return false };
    // Names are sorted as UTF-16 there, which is the order of a map for these.
    if details.as_deref().is_some_and(|details| details.arguments.keys().any(|name| !name.is_ascii())) {
        return false;
    }
    text.push_str("\",\"by\":{");
    principal(text, by);
    text.push_str("},\"data\":{");
    field(text, "action", action.name());
    if let Some(details) = details {
        name(text, "details");
        text.push('{');
        write_details(details, text);
        text.push('}');
    }
    if *drill {
        name(text, "drill");
        text.push_str("true");
    }
    shown_field(text, "grant", Some(grant));
    if let Some(left) = left {
        name(text, "left");
        // Writing to a string does not fail.
        let _ = write!(text, "{left}");
    }
    if let Some(parent) = resource.parent() {
        thing(text, "parent", parent);
    }
    if !resource.is_everything() {
        thing(text, "resource", resource.thing());
    }
    shown_field(text, "used_at", used_at.as_ref());
    text.push_str("},\"type\":\"grant_used\"}");
    true
}

fn write_details(details: &UseDetails, text: &mut String) {
    if let Some(person) = &details.acts_for {
        name(text, "acts_for");
        text.push('{');
        principal(text, person);
        text.push('}');
    }
    shown_field(text, "address", details.address.as_ref());
    if !details.arguments.is_empty() {
        name(text, "arguments");
        text.push('{');
        for (argument, value) in &details.arguments {
            if !text.ends_with('{') {
                text.push(',');
            }
            string(text, argument);
            text.push(':');
            string(text, value.as_str());
        }
        text.push('}');
    }
    text_field(text, "arguments_digest", details.arguments_digest.as_ref());
    if let Some(by_standing) = details.by_standing {
        name(text, "by_standing");
        text.push_str(if by_standing { "true" } else { "false" });
    }
    text_field(text, "correlation_id", details.correlation_id.as_ref());
    if let Some(session) = &details.session {
        field(text, "session", session.as_str());
    }
    text_field(text, "token_id", details.token_id.as_ref());
    text_field(text, "trace_id", details.trace_id.as_ref());
    text_field(text, "user_agent", details.user_agent.as_ref());
}

/// The name of a field. No value ends with an opening brace, so one that comes after it is the first.
fn name(text: &mut String, name: &str) {
    if !text.ends_with('{') {
        text.push(',');
    }
    text.push('"');
    text.push_str(name);
    text.push_str("\":");
}

fn field(text: &mut String, of: &str, value: &str) {
    name(text, of);
    string(text, value);
}

fn text_field(text: &mut String, of: &str, value: Option<&DetailText>) {
    if let Some(value) = value {
        field(text, of, value.as_str());
    }
}

/// A value that is written without a character that JSON has another form for: an id, an instant, an address.
fn shown_field(text: &mut String, of: &str, value: Option<&impl fmt::Display>) {
    if let Some(value) = value {
        name(text, of);
        let _ = write!(text, "\"{value}\"");
    }
}

fn principal(text: &mut String, who: &Principal) {
    field(text, who.kind().name(), who.id());
}

fn thing(text: &mut String, of: &str, thing: &ResourceId) {
    name(text, of);
    text.push('"');
    content(text, thing.kind().name());
    text.push(':');
    content(text, thing.id());
    text.push('"');
}

fn string(text: &mut String, value: &str) {
    text.push('"');
    content(text, value);
    text.push('"');
}

/// A string between its quotes.
fn content(text: &mut String, value: &str) {
    if value.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        text.push_str(value);
    } else if let Ok(written) = serde_json::to_string(value) {
        text.push_str(written.get(1..written.len() - 1).unwrap_or_default());
    }
}
