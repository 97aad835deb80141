//! A page of documents.

use serde::Serialize;

use crate::service::Listing;

/// A page of documents.
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
/// use jit_access::wire::{self, PageDocument, RequestDocument};
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
    /// What to send as `cursor` for the next page; `null` on the last one.
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
