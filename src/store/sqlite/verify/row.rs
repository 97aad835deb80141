//! A row, as the journal tells it.

use crate::model::{AccessRequest, Delegation, Grant};

/// A row, as the journal tells it.
#[derive(Debug, Clone)]
pub(super) enum Row {
    Request(AccessRequest),
    Grant(Grant),
    Delegation(Delegation),
}
