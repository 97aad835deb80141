//! A row that follows from the journal.

use crate::model::{AccessRequest, Delegation, Grant};

/// A row that follows from the journal.
#[derive(Debug, Clone)]
pub(super) enum Row {
    Request(AccessRequest),
    Grant(Grant),
    Delegation(Delegation),
}
