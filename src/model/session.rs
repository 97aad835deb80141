//! The id of a session or a task of a host.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::Invalid;

/// A session or a task, as the host calls it. Compared as it is written.
///
/// ```
/// use jit_access::model::SessionId;
///
/// assert_eq!(SessionId::new("task-42")?.as_str(), "task-42");
/// assert!(SessionId::new("two words").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionId(Arc<str>);

impl SessionId {
    /// The session of this id.
    ///
    /// # Errors
    /// When it is empty, longer than 255 bytes, or contains anything but visible ASCII.
    pub fn new(id: &str) -> Result<Self, Invalid> {
        if id.is_empty() || id.len() > 255 || !id.bytes().all(|b| b.is_ascii_graphic()) {
            let problem = format!("is {}", Invalid::quote(id));
            return Err(Invalid::new("session", problem, "1 to 255 visible ASCII characters"));
        }
        Ok(Self(id.into()))
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SessionId {
    type Err = Invalid;

    fn from_str(id: &str) -> Result<Self, Invalid> {
        Self::new(id)
    }
}
