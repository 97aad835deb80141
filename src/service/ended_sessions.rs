//! Sessions that ended a moment ago, and how far the journal was read for them.

use std::collections::VecDeque;

use crate::model::{GrantId, Revision, Timestamp};

/// Sessions that ended a moment ago.
#[derive(Debug, Default)]
pub(super) struct EndedSessions {
    pub(super) reached: Revision,
    pub(super) ended: VecDeque<(Timestamp, GrantId)>,
}
