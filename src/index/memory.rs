//! What the words of a block refer to: permission sets in the arena, numbers of permissions, and the keys of the hashes.

use super::arena::Arena;
use super::hash::Keys;
use super::names::Names;

/// The memory that all blocks share.
pub(super) struct Memory {
    pub(super) keys: Keys,
    pub(super) arena: Arena,
    pub(super) names: Names,
}
