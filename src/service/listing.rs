//! A page of rows.

use crate::model::{Cursor, Invalid, Revision, Timestamp};
use crate::store::{Page, StoreError};

/// A page of rows, newest first.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let world::World { engine, dev, .. } = world::requested()?;
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
    /// Where the next page continues, when there may be one.
    pub next: Option<Cursor>,
    /// The instant that statuses are judged at.
    pub now: Timestamp,
}

/// The most rows on a page.
const MAX_PAGE: usize = 500;

/// The most rows that are looked through for a page. When that is reached, the page is short and has a cursor.
const MAX_LOOKED_THROUGH: usize = 5_000;
/// How many rows are read at a time when some of them may not be wanted.
const AT_A_TIME: usize = 200;

/// The newest `limit` rows that pass, and the revision that the next page continues before. Pages are filled across
/// rows that do not pass, so that callers cannot count rows that they may not see.
pub(super) fn filled<T, S: Clone, E: From<StoreError>>(
    page: &Page<S>,
    (limit, all_pass): (usize, bool),
    read: impl Fn(&Page<S>) -> Result<Vec<(Revision, T)>, StoreError>,
    passes: impl Fn(&T) -> Result<bool, E>,
) -> Result<(Vec<T>, Option<Revision>), E> {
    let mut page = page.clone();
    page.limit = if all_pass { limit.saturating_add(1) } else { limit.saturating_add(1).max(AT_A_TIME) };
    let (mut items, mut last, mut looked_through) = (Vec::new(), None, 0_usize);
    loop {
        let rows = read(&page)?;
        let (count, oldest) = (rows.len(), rows.last().map(|(created, _)| *created));
        for (created, row) in rows {
            if !passes(&row)? {
                continue;
            }
            if items.len() == limit {
                return Ok((items, last));
            }
            items.push(row);
            last = Some(created);
        }
        looked_through = looked_through.saturating_add(count);
        if count < page.limit {
            return Ok((items, None));
        }
        if looked_through >= MAX_LOOKED_THROUGH {
            return Ok((items, oldest));
        }
        page.before = oldest;
    }
}

/// How many rows to read: one more than the caller wants, because it shows whether there is another page.
///
/// # Errors
/// When the caller wants none, or too many.
pub(super) fn one_more(limit: usize) -> Result<usize, Invalid> {
    if (1..=MAX_PAGE).contains(&limit) {
        return Ok(limit.saturating_add(1));
    }
    Err(Invalid::new("limit", format!("is {limit}"), format!("1 to {MAX_PAGE}")))
}
