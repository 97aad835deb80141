//! One use of a grant.
//!
//! Uses outnumber everything else, so their canonical text is written without the general writer, which sorts. The fields here and
//! in `use_details` stand in the order of their names for that reason.

use serde::{Deserialize, Serialize};

use super::break_glass::is_false;
use super::parts::StoredActor;
use super::use_details::StoredUseDetails;
use crate::model::{Action, Event, Fact, GrantId, Invalid, Resource, Timestamp, UseDetails};

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
            details: stored.details.map(|details| (*details).try_into().map(Box::new)).transpose()?,
        })
    }
}

/// What the canonical text of this event says after its instant, up to the end of the event. `None` when it is no use, or one that
/// only the general writer puts in order.
pub(in crate::journal) fn said(event: &Event) -> Option<String> {
    let Fact::GrantUsed { grant, action, resource, drill, left, used_at, details } = &event.fact else { return None };
    let used = StoredUse::new(*grant, action, resource, *drill, *left, *used_at, details.as_deref());
    // Names are sorted as UTF-16 there, which is the order of a map for these.
    if used.details.as_deref().is_some_and(|details| !details.has_plain_names()) {
        return None;
    }
    let mut said = b"\",\"by\":".to_vec();
    serde_json::to_writer(&mut said, &StoredActor::from(&event.by)).ok()?;
    said.extend(b",\"data\":");
    serde_json::to_writer(&mut said, &used).ok()?;
    said.extend(b",\"type\":\"grant_used\"}");
    String::from_utf8(said).ok()
}
