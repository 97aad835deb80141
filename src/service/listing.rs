//! A page of rows.

use crate::model::{Cursor, Invalid, Revision, Timestamp};
use crate::store::Page;

/// A page of rows, newest first.
///
/// ```
/// # use jit_access::{config::Config, service::Builder, store::MemoryStore};
/// # let config = Config::parse("jit_access: {approver_roles: [lead], roles: {deployer: {permissions: [tools.execute]}}}", [])?;
/// # let engine = Builder::new(MemoryStore::new(), config.rules).open()?;
/// # use jit_access::wire::command;
/// # let made = command::run(&engine.workflow(), r#"{"command": "submit", "caller": {"principal": "dev@example.com"},
/// #     "role": "deployer", "duration_hours": 1, "reason": "INC-1234"}"#)?;
/// # let request: RequestId = made.get(7..43).unwrap_or_default().parse()?;
/// # let (dev, lead) = (Principal::user("dev@example.com")?, Principal::user("lead@example.com")?);
/// # let dev = Caller::new(dev, vec![]);
/// # let lead = Caller::new(lead, vec![RoleName::new("lead")?]);
/// use jit_access::model::*;
///
/// use jit_access::command::ListRequests;
///
/// let page = engine.workflow().requests(&dev, &ListRequests::default().status(RequestStatus::Pending))?;
/// assert_eq!((page.items.len(), page.next), (1, None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Listing<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page goes on, when there may be one.
    pub next: Option<Cursor>,
    /// The instant that statuses are judged at.
    pub now: Timestamp,
}

/// The most rows on a page.
const MAX_PAGE: usize = 500;

impl<T> Listing<T> {
    /// The rows of a page that was asked for with [`one_more`].
    pub(super) fn of<S>(mut rows: Vec<(Revision, T)>, page: &Page<S>, list: &str) -> Self {
        let limit = page.limit.saturating_sub(1);
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| has_more).map(|(created, _)| Cursor::new(list, *created));
        Self { items: rows.into_iter().map(|(_, row)| row).collect(), next, now: page.now }
    }
}

/// How many rows to ask for: one more than the caller wants, because only that one tells whether there is another page.
///
/// # Errors
/// When the caller wants none, or too many.
pub(super) fn one_more(limit: usize) -> Result<usize, Invalid> {
    if (1..=MAX_PAGE).contains(&limit) {
        return Ok(limit.saturating_add(1));
    }
    Err(Invalid::new("limit", format!("is {limit}"), format!("1 to {MAX_PAGE}")))
}
