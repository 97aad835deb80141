//! Additional data in the record of a use.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::parts::StoredPrincipal;
use crate::model::{DetailText, Invalid, UseDetails};

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct StoredUseDetails {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    acts_for: Option<StoredPrincipal>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    arguments: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    arguments_digest: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by_standing: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
}

impl From<&UseDetails> for StoredUseDetails {
    fn from(details: &UseDetails) -> Self {
        let text = |text: &Option<DetailText>| text.as_ref().map(ToString::to_string);
        Self {
            acts_for: details.acts_for.as_ref().map(Into::into),
            address: details.address.map(|address| address.to_string()),
            session: details.session.as_ref().map(ToString::to_string),
            user_agent: text(&details.user_agent),
            token_id: text(&details.token_id),
            correlation_id: text(&details.correlation_id),
            trace_id: text(&details.trace_id),
            by_standing: details.by_standing,
            arguments_digest: text(&details.arguments_digest),
            arguments: details.arguments.iter().map(|(name, value)| (name.clone(), value.to_string())).collect(),
        }
    }
}

impl TryFrom<StoredUseDetails> for UseDetails {
    type Error = Invalid;

    fn try_from(stored: StoredUseDetails) -> Result<Self, Invalid> {
        let text = |text: Option<String>| text.map(|text| DetailText::new(&text));
        let not_an_address = |_| Invalid::new("address", "is no address", "an IP address");
        Ok(Self {
            acts_for: stored.acts_for.map(TryInto::try_into).transpose()?,
            address: stored.address.map(|text| text.parse().map_err(not_an_address)).transpose()?,
            session: stored.session.map(|text| text.parse()).transpose()?,
            user_agent: text(stored.user_agent),
            token_id: text(stored.token_id),
            correlation_id: text(stored.correlation_id),
            trace_id: text(stored.trace_id),
            by_standing: stored.by_standing,
            arguments_digest: text(stored.arguments_digest),
            arguments: stored.arguments.into_iter().map(|(name, value)| (name, DetailText::new(&value))).collect(),
        })
    }
}
