//! An alert as it is written down.

use serde::{Deserialize, Serialize};

use super::parts::StoredPrincipal;
use crate::model::{Alert, AlertKind, Invalid, Justification};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredAlert {
    id: String,
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    grant: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    who: Option<StoredPrincipal>,
    since: String,
    text: String,
}

impl From<&Alert> for StoredAlert {
    fn from(alert: &Alert) -> Self {
        Self {
            id: alert.id.to_string(),
            kind: alert.kind.name().to_owned(),
            grant: alert.grant.map(|grant| grant.to_string()),
            who: alert.who.as_ref().map(Into::into),
            since: alert.since.to_string(),
            text: alert.text.to_string(),
        }
    }
}

impl TryFrom<StoredAlert> for Alert {
    type Error = Invalid;

    fn try_from(stored: StoredAlert) -> Result<Self, Invalid> {
        let kind = AlertKind::ALL.iter().copied().find(|kind| kind.name() == stored.kind);
        let unknown = || Invalid::new("alert", format!("is of kind {}", Invalid::quote(&stored.kind)), "a known kind");
        Ok(Self {
            kind: kind.ok_or_else(unknown)?,
            id: stored.id.parse()?,
            grant: stored.grant.map(|grant| grant.parse()).transpose()?,
            who: stored.who.map(TryInto::try_into).transpose()?,
            since: stored.since.parse()?,
            text: Justification::new(&stored.text)?,
        })
    }
}
