//! One use of a grant.
//!
//! Uses are the most frequent records, so their canonical text is written without the general writer, which sorts and
//! makes a text of each value first. The result is the same: `verify` compares each.

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

/// Writes the canonical text of this event after its instant, up to the end of the event. `false` for anything but a
/// use, or when only the general writer can sort it; then nothing is written.
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

/// The name of a field. No value ends with an opening brace, so a field after one is the first.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::record::is_canonical;
    use crate::journal::{Hash, Record};
    use crate::model::{DetailText, OnBehalf, Revision};

    #[test]
    fn every_use_is_written_as_the_general_writer_writes_it() {
        let texts = ["curl/8.9", "a \"b\" \\c", "naïve 😀", "\u{1F}\t", ""];
        let text = |nth: usize| DetailText::new(texts[nth % texts.len()]);
        let people = [
            Actor::Principal(Principal::user("ann\"o'hara@example.com").unwrap()),
            Actor::Principal(Principal::agent("büro-bot").unwrap()),
            Actor::Agent(Arc::new(OnBehalf {
                agent: Principal::agent("bot").unwrap(),
                person: Principal::user("ann@example.com").unwrap(),
            })),
            Actor::Host,
        ];
        let things = ["tool:deploy", "file:c:\\temp\\\"x\"", "page:日本"].map(|text| text.parse::<Resource>().unwrap());
        let parent = "server:a\"b".parse::<ResourceId>().unwrap();
        let at = |millis| Timestamp::from_millis(millis).unwrap();
        for nth in 0..600_usize {
            let is = |bit: usize| nth >> bit & 1 == 1;
            let mut details = UseDetails::default();
            if is(1) {
                details.acts_for = Principal::user("dev@example.com").ok();
                details.address = "2001:db8::7".parse().ok();
                details.trace_id = Some(text(nth));
            }
            if is(2) {
                (details.user_agent, details.token_id) = (Some(text(nth + 1)), Some(text(nth + 2)));
                (details.correlation_id, details.by_standing) = (Some(text(nth + 3)), Some(is(3)));
                details.session = "s-1".parse().ok();
            }
            if is(4) {
                details.arguments_digest = Some(text(nth));
                let names = ["what", "wh\"at", if is(5) { "größe" } else { "size" }];
                details.arguments = names.into_iter().map(|name| (name.to_owned(), text(nth + 1))).collect();
            }
            let thing = things[nth % things.len()].clone();
            let resource = match nth % 5 {
                0 => Resource::everything(),
                1 => thing.with_parent(parent.clone()).unwrap(),
                _ => thing,
            };
            let fact = Fact::GrantUsed {
                grant: GrantId::from_u128(nth as u128),
                action: Action::new("tools.execute").unwrap(),
                resource,
                drill: is(3),
                left: is(6).then_some(7),
                used_at: is(7).then(|| at(1_796_115_600_007)),
                details: is(0).then(|| Arc::new(details)),
            };
            let millis = [0, 951_827_696_789, 1_796_115_600_000, 253_402_300_799_999][nth % 4];
            let event = Event { at: at(millis), by: people[nth % people.len()].clone(), fact };
            let record = Record::seal(event, Revision(nth as u64 * 17), Hash::of("before")).unwrap();
            assert!(is_canonical(&record).unwrap(), "{}", record.body);
            assert_eq!(Record::parse(record.body.clone()).unwrap(), record);
            let said: serde_json::Value = serde_json::from_str(record.data_text().unwrap()).unwrap();
            assert_eq!(said, record.data().unwrap());
        }
    }
}
