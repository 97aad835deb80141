//! The results of the last health checks of the engine.

/// What the periodic health check remembers. Times are in milliseconds.
#[derive(Debug, Default)]
pub(super) struct HealthSamples {
    /// When the last check was made.
    pub(super) sampled_at: i64,
    /// How many checks in a row found the store slow.
    pub(super) slow: u32,
    /// When refused calls were last read.
    pub(super) refusals_at: i64,
    /// The greatest age of the last proof since the last check, in milliseconds, while the background work failed.
    pub(super) stalest: i64,
    /// How many checks were not honoured because the state was stale, as of the last check.
    pub(super) not_honoured: u64,
}
