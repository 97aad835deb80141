//! Which grant another one extends.

use super::{GrantId, Timestamp};

/// The place of a grant, or of a request for one, in a chain of grants that follow each other without a gap.
///
/// ```
/// use jit_access::model::{Extension, GrantId};
///
/// let first = GrantId::from_u128(1);
/// let again = Extension { of: first, first, since: "2026-12-01T09:00:00Z".parse()?, number: 1 };
/// assert_eq!(again.of, again.first);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension {
    /// The grant that ends where this one begins.
    pub of: GrantId,
    /// The first grant of the chain.
    pub first: GrantId,
    /// When the first one began.
    pub since: Timestamp,
    /// The number of this extension in its chain, from 1; those that ended early count.
    pub number: u32,
}
