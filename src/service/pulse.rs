//! What was seen of the health of the engine.

/// What is looked at from time to time.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// When it was looked last.
    pub(super) looked: i64,
    /// How many looks in a row found the store slow.
    pub(super) slow: u32,
    /// When it was looked last for refused calls.
    pub(super) refusals: i64,
    /// How old the last proof was at most, in milliseconds, while the background work failed since the last look.
    pub(super) stalest: i64,
    /// How many checks were not honoured because the state was stale, as of the last look.
    pub(super) not_honoured: u64,
}
