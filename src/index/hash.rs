//! The hash by which a name is looked up.
//!
//! Names come from outside, so the hash is keyed, with a secret key of the process. It only finds candidates, which are
//! compared in full.

use std::hash::{BuildHasher, Hasher};

use foldhash::SharedSeed;
use foldhash::fast::FoldHasher;

use crate::model::{GrantId, PrincipalKind, padded};

/// The half of a hash that is combined with a number in one word.
pub(super) const fn upper(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// The secret of one index.
pub(super) struct Keys {
    shared: SharedSeed,
    seed: u64,
    /// The bits that a test leaves of every hash, to make names collide.
    #[cfg(test)]
    kept: u64,
}

/// The kind of name that is hashed, so that equal bytes of two kinds differ.
const PRINCIPALS: u64 = 0x100;
const THINGS: u64 = 0x200;
const GRANTS: u64 = 0x400;
const RUNS: u64 = 0x500;

/// Any odd number with as many ones as zeros.
const ODD: u64 = 0x9E37_79B9_7F4A_7C15;

impl Keys {
    /// A key from the operating system's random source.
    pub(super) fn random() -> Self {
        #[cfg(not(loom))]
        let system = std::hash::RandomState::new();
        // The model checker repeats a story step by step.
        #[cfg(loom)]
        let system = foldhash::fast::FixedState::default();
        Self {
            shared: SharedSeed::from_u64(system.hash_one(0_u8)),
            seed: system.hash_one(1_u8),
            #[cfg(test)]
            kept: u64::MAX,
        }
    }

    /// A key that keeps only these bits of a hash, so that others collide.
    #[cfg(test)]
    pub(super) fn colliding(kept: u64) -> Self {
        Self { kept, ..Self::random() }
    }

    #[inline]
    pub(super) fn principal(&self, kind: PrincipalKind, name: &[u8]) -> u64 {
        self.bytes(PRINCIPALS | kind as u64, name)
    }

    /// The hash of a resource whose kind has this number (see [`kind`]).
    #[inline]
    pub(super) fn thing(&self, kind: u64, id: &[u8]) -> u64 {
        // All of a short text is in its two ends.
        match id.len() {
            ..=16 => self.ends(kind, id),
            17..=32 => self.two_ends(kind, id),
            _ => self.bytes(kind, id),
        }
    }

    /// The same for a text of 16 bytes or more: sixteen of each end.
    #[inline]
    fn two_ends(&self, what: u64, bytes: &[u8]) -> u64 {
        let inner = bytes.len().checked_sub(8).and_then(|end| bytes.get(8..end)).unwrap_or_default();
        let (outer, inner) = ((ends(bytes) ^ what).wrapping_mul(self.seed | 1), ends(inner));
        self.kept(outer.wrapping_add(inner.wrapping_mul(self.seed.rotate_left(32) | 1)))
    }

    /// Only the upper half is used. Action names are few and short, and operators choose them: their two ends
    /// distinguish them well enough, in a fraction of the time.
    #[inline]
    pub(super) fn action(&self, name: &[u8]) -> u64 {
        self.ends(0, name)
    }

    #[inline]
    fn ends(&self, what: u64, bytes: &[u8]) -> u64 {
        self.kept((ends(bytes) ^ what).wrapping_mul(self.seed | 1))
    }

    pub(super) fn grant(&self, id: GrantId) -> u64 {
        let mut hasher = self.hasher(GRANTS);
        hasher.write_u128(id.as_u128());
        self.kept(hasher.finish())
    }

    pub(super) fn words(&self, words: &[u64]) -> u64 {
        let mut hasher = self.hasher(RUNS);
        for word in words {
            hasher.write_u64(*word);
        }
        self.kept(hasher.finish())
    }

    #[inline]
    fn bytes(&self, what: u64, bytes: &[u8]) -> u64 {
        let mut hasher = self.hasher(what);
        hasher.write(bytes);
        self.kept(hasher.finish())
    }

    #[inline]
    fn hasher(&self, what: u64) -> FoldHasher<'_> {
        FoldHasher::with_seed(self.seed ^ what, &self.shared)
    }

    #[cfg(not(test))]
    #[inline]
    const fn kept(&self, hash: u64) -> u64 {
        hash
    }

    #[cfg(test)]
    const fn kept(&self, hash: u64) -> u64 {
        hash & self.kept
    }
}

/// The kind of a thing as part of its hash: `a:b` must not meet `b:a`.
#[inline]
pub(super) fn kind(kind: &[u8]) -> u64 {
    ends(kind).wrapping_add(THINGS).wrapping_mul(ODD)
}

/// The first and the last eight bytes in one word.
#[inline]
fn ends(bytes: &[u8]) -> u64 {
    match (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(first), Some(last)) => u64::from_le_bytes(*first) ^ u64::from_le_bytes(*last).rotate_left(29),
        _ => padded(bytes),
    }
}
