//! The recent activity that an engine keeps for live displays.

use crate::monitor::{Activity, RefusedCalls};

/// The activity, and when the store was read last.
#[derive(Debug, Default)]
pub(super) struct LiveView {
    pub(super) activity: Activity,
    /// When the view was refreshed last, by the monotonic clock; `None` before the first use.
    pub(super) refreshed_at: Option<i64>,
    /// When a caller asked for it first, before the first refresh; by the same clock.
    pub(super) first_wanted: Option<i64>,
    /// Refused calls that the monitor has not read yet.
    pub(super) refused: Vec<RefusedCalls>,
}
