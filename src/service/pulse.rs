//! What was seen of the health of the engine.

/// What is looked at from time to time.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    /// When it was looked last.
    pub(super) looked: i64,
    /// How many looks in a row found the store slow.
    pub(super) slow: u32,
}
