//! What an operator tunes in the engine.

use std::time::Duration;

use crate::clock::{MAX_DOWNTIME, MAX_STEP};
use crate::notify::NoticeSettings;

/// What an operator tunes, with the reason for each default.
///
/// ```
/// use jit_access::service::Settings;
/// use std::time::Duration;
///
/// let settings = Settings { max_staleness: Duration::from_millis(500), ..Settings::default() };
/// assert!(settings.interval < settings.max_staleness);
/// ```
#[derive(Debug, Clone)]
pub struct Settings {
    /// How old the last proof that the index is current may be before a grant is no longer honoured without a new one.
    /// Two seconds: the longest that a revocation made in another process can go unnoticed.
    pub max_staleness: Duration,
    /// How far the wall clock may jump ahead before it is not believed. See [`crate::clock::MAX_STEP`].
    pub max_clock_step: Duration,
    /// How long a store that outlives its processes may have been unused before the wall clock is not believed at a start.
    /// See [`crate::clock::MAX_DOWNTIME`].
    pub max_downtime: Duration,
    /// How often the background work looks at the store, notes what time did, and writes uses down. 50 ms: the most that a
    /// power cut can take from the record of uses.
    pub interval: Duration,
    /// How many uses may wait to be written. When they are that many, the check that makes the next one writes first.
    pub waiting_uses: usize,
    /// What is told to whom by which channels.
    pub notices: NoticeSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_staleness: Duration::from_secs(2),
            max_clock_step: MAX_STEP,
            max_downtime: MAX_DOWNTIME,
            interval: Duration::from_millis(50),
            waiting_uses: 16_384,
            notices: NoticeSettings::default(),
        }
    }
}
