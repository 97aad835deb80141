//! The name of a role.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::{Invalid, characters};

/// The name of a role, of this library's catalogue or of the host.
///
/// ```
/// use jit_access::model::RoleName;
///
/// assert_eq!(RoleName::new("platform_admin")?.as_str(), "platform_admin");
/// assert!(RoleName::new(" padded ").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleName(Arc<str>);

const EXPECTED: &str = "1 to 128 characters that can be seen, without surrounding space, such as incident-responder";

impl RoleName {
    /// The role of this name. Names are compared as they are written.
    ///
    /// # Errors
    /// When it is empty, longer than 128 bytes, padded with space, or contains control characters, invisible
    /// characters, or characters that reorder text.
    pub fn new(name: &str) -> Result<Self, Invalid> {
        let refuse = |problem: String| Err(Invalid::new("role", problem, EXPECTED));
        if let Some(bad) = name.chars().find(|c| *c != ' ' && characters::is_blank(*c)) {
            return refuse(format!("is {}, which holds {}", Invalid::quote(name), characters::named(bad)));
        }
        if name.is_empty() || name.len() > 128 || name.trim() != name {
            return refuse(format!("is {}", Invalid::quote(name)));
        }
        Ok(Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RoleName {
    type Err = Invalid;

    fn from_str(name: &str) -> Result<Self, Invalid> {
        Self::new(name)
    }
}
