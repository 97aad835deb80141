//! Which rows a list shows.

use crate::model::{AccessRequest, Grant, Principal, Revision, RoleName, Timestamp};

/// Which rows, and how many.
///
/// ```
/// use jit_access::model::RequestStatus;
/// use jit_access::store::{MemoryStore, Page, Store, Visible};
///
/// let status = Some(RequestStatus::Pending);
/// let page = Page { visible: Visible::All, status, now: "2026-12-01T09:00:00Z".parse()?, before: None, limit: 50 };
/// assert!(MemoryStore::new().requests(&page)?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Page<S> {
    /// Whose.
    pub visible: Visible,
    /// Only those with this status.
    pub status: Option<S>,
    /// The instant of the statuses.
    pub now: Timestamp,
    /// Only those that were created before this revision.
    pub before: Option<Revision>,
    /// How many at most.
    pub limit: usize,
}

/// A row of a list of requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRequest {
    /// The request.
    pub request: AccessRequest,
    /// The grant that it led to, as of the same revision.
    pub grant: Option<Grant>,
}

/// Whose rows a caller may see.
///
/// ```
/// use jit_access::model::Principal;
/// use jit_access::store::Visible;
///
/// let (dev, other) = (Principal::user("dev@example.com")?, Principal::user("other@example.com")?);
/// let visible = Visible::To(dev.clone(), vec![]);
/// assert!(visible.includes(&dev, &[]) && !visible.includes(&other, &[]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub enum Visible {
    /// Everybody's.
    All,
    /// The rows of this principal, and the rows that one of these roles may approve.
    To(Principal, Vec<RoleName>),
}

impl Visible {
    /// Whether the caller may see a row of `owner` that `approver_roles` may approve.
    #[must_use]
    pub fn includes(&self, owner: &Principal, approver_roles: &[RoleName]) -> bool {
        match self {
            Self::All => true,
            Self::To(principal, roles) => principal == owner || roles.iter().any(|role| approver_roles.contains(role)),
        }
    }
}
