//! What the host says of people at this moment.

use std::fmt::Debug;

use crate::model::{Principal, Standing};

/// The host's own knowledge of who is enabled and holds which roles. With it, an approval counts only while its reviewer is
/// still what they reviewed as when the last approval comes; without it, the roles count with which each one came. What it
/// says beats what was reported of somebody before.
///
/// ```
/// use jit_access::model::{Principal, Standing};
/// use jit_access::service::{Builder, Directory, DirectoryError};
/// use jit_access::store::MemoryStore;
/// use jit_access::workflow::Rules;
///
/// /// Everybody whose name is longer than three letters has left.
/// #[derive(Debug)]
/// struct Host;
///
/// impl Directory for Host {
///     fn standing(&self, principal: &Principal) -> Result<Option<Standing>, DirectoryError> {
///         Ok(Some(Standing { enabled: principal.id().len() <= 3, roles: vec![] }))
///     }
/// }
///
/// let engine = Builder::new(MemoryStore::new(), Rules::default()).directory(Host).open()?;
/// # let _ = engine;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Directory: Debug + Send + Sync {
    /// Whether this principal is enabled, and its roles; `None` for one that the host does not know, whose rights are then
    /// taken to be those that they came with. Asked when somebody wants something done, of them and of whom it concerns, and
    /// never by a check.
    ///
    /// # Errors
    /// When the host cannot say now. Then nothing is done, and it can be tried again; but access is taken away all the same,
    /// by those who were not reported to be disabled.
    fn standing(&self, principal: &Principal) -> Result<Option<Standing>, DirectoryError>;
}

/// Why the host cannot say.
///
/// ```
/// use jit_access::service::DirectoryError;
///
/// assert_eq!(DirectoryError::new("no route to the identity provider").to_string(), "no route to the identity provider");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DirectoryError(String);

impl DirectoryError {
    /// This reason.
    #[must_use]
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}
