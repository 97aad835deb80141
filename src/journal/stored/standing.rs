//! The standing rights of a principal.

use serde::{Deserialize, Serialize};

use super::parts::{parse_roles, role_texts};
use crate::model::{Invalid, Standing};

/// The stored form of standing rights, version 1.
///
/// ```
/// use jit_access::internal::journal::stored::StoredStanding;
/// use jit_access::model::{RoleName, Standing};
///
/// let standing = Standing { enabled: true, roles: vec![RoleName::new("developer")?] };
/// let text = serde_json::to_string(&StoredStanding::from(&standing))?;
/// assert_eq!(Standing::try_from(serde_json::from_str::<StoredStanding>(&text)?)?, standing);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Serialize, Deserialize)]
pub struct StoredStanding {
    enabled: bool,
    roles: Vec<String>,
}

impl From<&Standing> for StoredStanding {
    fn from(standing: &Standing) -> Self {
        Self { enabled: standing.enabled, roles: role_texts(&standing.roles) }
    }
}

impl TryFrom<StoredStanding> for Standing {
    type Error = Invalid;

    fn try_from(stored: StoredStanding) -> Result<Self, Invalid> {
        Ok(Self { enabled: stored.enabled, roles: parse_roles(&stored.roles)? })
    }
}
