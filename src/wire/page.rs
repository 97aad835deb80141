//! A page of documents.

use serde::Serialize;

use crate::service::Listing;

/// A page of documents.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let world::World { engine, request, dev, .. } = world::requested()?;
/// use jit_access::model::*;
/// use jit_access::internal::wire::{self, PageDocument, RequestDocument};
///
/// use jit_access::command::ListRequests;
///
/// let page = engine.workflow().requests(&dev, &ListRequests::default())?;
/// let page = PageDocument::new(&page, |one| RequestDocument::new(&one.request, one.grant.as_ref(), engine.now(), "/jit"));
/// assert_eq!((page.items.len(), page.next_cursor), (1, None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Serialize)]
pub struct PageDocument<T> {
    /// The documents.
    pub items: Vec<T>,
    /// The `cursor` for the next page; `null` on the last page.
    pub next_cursor: Option<String>,
    /// Only there where records were removed because they are old: records up to this instant are not among the items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub removed_until: Option<String>,
}

impl<T> PageDocument<T> {
    /// A page of what `render` makes of each row.
    pub fn new<R>(listing: &Listing<R>, render: impl FnMut(&R) -> T) -> Self {
        Self {
            items: listing.items.iter().map(render).collect(),
            next_cursor: listing.next.as_ref().map(ToString::to_string),
            removed_until: None,
        }
    }
}
