//! What an engine keeps for those who look on.

use crate::monitor::{Activity, RefusedCalls};

/// What is looked on at, and when the store was asked last.
#[derive(Debug, Default)]
pub(super) struct Onlooker {
    pub(super) activity: Activity,
    /// By the monotonic clock; `None` before anybody looked.
    pub(super) looked: Option<i64>,
    /// When somebody wanted to know first, before anybody looked; by the same clock.
    pub(super) wanted: Option<i64>,
    /// Refused calls that the monitor was not told.
    pub(super) refused: Vec<RefusedCalls>,
}
