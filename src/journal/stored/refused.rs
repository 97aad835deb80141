//! Refused attempts of a session as they are written down.

use serde::{Deserialize, Serialize};

use crate::model::{Invalid, RefusedKind};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredRefused {
    attempt: String,
    code: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    about: String,
    count: u64,
    first: String,
    last: String,
}

impl From<&RefusedKind> for StoredRefused {
    fn from(kind: &RefusedKind) -> Self {
        Self {
            attempt: kind.attempt.clone(),
            code: kind.code.clone(),
            about: kind.about.clone(),
            count: kind.count,
            first: kind.first.to_string(),
            last: kind.last.to_string(),
        }
    }
}

impl TryFrom<StoredRefused> for RefusedKind {
    type Error = Invalid;

    fn try_from(stored: StoredRefused) -> Result<Self, Invalid> {
        let StoredRefused { attempt, code, about, count, first, last } = stored;
        Ok(Self { attempt, code, about, count, first: first.parse()?, last: last.parse()? })
    }
}
