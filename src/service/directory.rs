//! The host's directory: the current status and roles of people.

use std::fmt::Debug;
use std::sync::Arc;

use crate::model::{Principal, RoleName, Standing, Timestamp};
use crate::notify::Contact;

/// What a host knows of a principal.
///
/// ```
/// use jit_access::model::Standing;
/// use jit_access::service::Known;
///
/// let known = Known::from(Standing { enabled: true, roles: vec![] });
/// assert!(matches!(known, Known::Account { since: None, .. }));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// There is an account of this name.
    Account {
        /// Whether it is enabled, and its roles.
        standing: Standing,
        /// When the account was created, if the host knows it. Earlier actions belong to another person's account of
        /// the same name.
        since: Option<Timestamp>,
    },
    /// There is no such account, or no longer: it counts as disabled and without roles.
    Gone,
    /// The host does not judge principals of this kind. Their rights are those in the call, or those that were
    /// reported.
    NotJudged,
}

impl Known {
    /// The current standing of a principal who acted at `done`, if they did. `None` when the host does not judge them.
    pub(super) fn standing_for(self, done: Option<Timestamp>) -> Option<Standing> {
        let is_anothers = done.is_some_and(|done| self.is_younger_than(done));
        match self {
            Self::NotJudged => None,
            Self::Account { standing, .. } if !is_anothers => Some(standing),
            Self::Gone | Self::Account { .. } => Some(Standing { enabled: false, roles: Vec::new() }),
        }
    }

    /// Whether an action at this instant was by another person with the same name.
    pub(super) fn is_younger_than(&self, done: Timestamp) -> bool {
        let Self::Account { since: Some(since), .. } = self else { return false };
        since.millis().saturating_sub(done.millis()) > CLOCK_SLACK_MILLIS
    }
}

impl From<Standing> for Known {
    fn from(standing: Standing) -> Self {
        Self::Account { standing, since: None }
    }
}

/// How far the host's clock and the library's may be apart.
const CLOCK_SLACK_MILLIS: i64 = 2_000;

/// The host's own knowledge of who is enabled and holds which roles. With it, an approval counts only while its
/// reviewer still holds the reviewing role when the last approval comes; without it, the roles at the time of each
/// approval count. The directory takes precedence over earlier reports.
///
/// ```
/// use jit_access::model::{Principal, Standing};
/// use jit_access::service::{Builder, Directory, DirectoryError, Known};
/// use jit_access::store::MemoryStore;
/// use jit_access::workflow::Rules;
///
/// /// Everybody whose name is longer than three letters has left.
/// #[derive(Debug)]
/// struct Host;
///
/// impl Directory for Host {
///     fn standing(&self, principal: &Principal) -> Result<Known, DirectoryError> {
///         let here = Known::from(Standing { enabled: true, roles: vec![] });
///         Ok(if principal.id().len() <= 3 { here } else { Known::Gone })
///     }
/// }
///
/// let engine = Builder::new(MemoryStore::new(), Rules::default()).directory(Host).open()?;
/// # let _ = engine;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Directory: Debug + Send + Sync {
    /// Returns what the host knows of this principal. Called by commands, for the caller and the principals concerned,
    /// and never by a check.
    ///
    /// # Errors
    /// When the host cannot answer now. Then nothing is done, and the command can be retried; but callers who were not
    /// reported as disabled can still end or suspend access.
    fn standing(&self, principal: &Principal) -> Result<Known, DirectoryError>;

    /// Returns who holds this role of the host by standing right, so that they can be notified. Called only by the
    /// background work: no command waits for it. Empty by default.
    ///
    /// # Errors
    /// When the host cannot answer now. It is called again.
    fn people_of(&self, role: &RoleName) -> Result<Vec<Principal>, DirectoryError> {
        let _ = role;
        Ok(Vec::new())
    }

    /// Returns how this principal is reached. Called only by the background work. By default, a person whose name is an
    /// e-mail address is reached by it.
    ///
    /// # Errors
    /// When the host cannot answer now. It is called again.
    fn contact(&self, principal: &Principal) -> Result<Contact, DirectoryError> {
        Ok(Contact::of(principal))
    }
}

impl<D: Directory + ?Sized> Directory for Arc<D> {
    fn standing(&self, principal: &Principal) -> Result<Known, DirectoryError> {
        (**self).standing(principal)
    }

    fn people_of(&self, role: &RoleName) -> Result<Vec<Principal>, DirectoryError> {
        (**self).people_of(role)
    }

    fn contact(&self, principal: &Principal) -> Result<Contact, DirectoryError> {
        (**self).contact(principal)
    }
}

/// Why the host cannot answer.
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
