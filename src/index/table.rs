//! The table of the principals with grants.
//!
//! A filter in front: one word of it answers for nearly every principal without a grant, and it stays in the
//! processor's cache, unlike the rest. Behind it is a hash table with open addressing. A slot is half a hash and the
//! line of a block; the block has the whole name.

use super::arena::{Lines, WORDS};
use super::atomic::{AtomicU64, Ordering};

/// One size of table, with room for [`Table::room`] principals.
pub(super) struct Table {
    slots: Lines,
    filter: Lines,
    /// How far to shift a hash to have its slot.
    slot_shift: u32,
    /// How far to shift a hash to get its word of the filter.
    filter_shift: u32,
}

/// The smallest table has two to the power of this many slots.
pub(super) const SMALLEST: u32 = if cfg!(loom) { 4 } else { 6 };
/// How many sizes there are. The last one exceeds any memory.
const SIZES: usize = 26;
/// Two tables of each size: one is filled while the other is read.
pub(super) const TABLES: usize = SIZES * 2;

const EMPTY: u64 = 0;
/// A slot whose principal no longer has a grant. Line 0 is not a block.
const GONE: u64 = 1 << 32;

impl Table {
    /// An empty table of two to the power of `bits` slots.
    pub(super) fn new(bits: u32) -> Self {
        // Sixteen bits for each principal when the table is two thirds full, until the filter is half a megabyte: half
        // of a common L2 cache; the host needs the rest. Then less, down to three.
        let filter = bits.saturating_sub(3).min(16.max(bits.saturating_sub(5)));
        let lines_of = |bits: u32| Lines::new((1_usize << bits).div_ceil(WORDS));
        Self { slots: lines_of(bits), filter: lines_of(filter), slot_shift: 64 - bits, filter_shift: 64 - filter }
    }

    /// How many slots may be in use.
    pub(super) const fn room(bits: u32) -> usize {
        (1 << bits) / 8 * 5
    }

    /// The power of two that is its number of slots.
    pub(super) const fn bits(&self) -> u32 {
        64 - self.slot_shift
    }

    /// The size for this number of principals, with room for half as many again.
    pub(super) fn bits_for(principals: usize) -> u32 {
        (SMALLEST..).find(|bits| principals + principals / 2 < Self::room(*bits)).unwrap_or(SMALLEST)
    }

    /// Empties it. Only while no reader can reach it.
    pub(super) fn clear(&self) {
        for at in 0..self.slots.len() {
            self.set(at, EMPTY);
        }
        for at in 0..self.filter.len() {
            if let Some(word) = self.filter.word(at) {
                word.store(0, Ordering::Relaxed);
            }
        }
    }

    /// False when the principal of this hash has no grant.
    #[inline]
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        let wanted = filter_bits(hash);
        self.filter
            .word((hash >> self.filter_shift) as usize)
            .is_some_and(|word| word.load(Ordering::Relaxed) & wanted == wanted)
    }

    /// Calls `look` for each block that may have this hash, until it returns a result. It may be called with line 0,
    /// which is not a block.
    #[inline]
    pub(super) fn find<R>(&self, hash: u64, mut look: impl FnMut(u32) -> Option<R>) -> Option<R> {
        let (at, block) = self.first_half(hash)?;
        // The same half hash: nearly always the right block, but the name is compared.
        match look(block) {
            Some(found) => Some(found),
            None => self.find_after(hash, at, look),
        }
    }

    /// The first slot with the same half hash, and its block. It may be line 0, which is not a block.
    #[inline]
    pub(super) fn first_half(&self, hash: u64) -> Option<(usize, u32)> {
        self.find_half(hash, self.home(hash))
    }

    /// What `look` knows of a block in the slots after this one.
    #[cold]
    #[inline(never)]
    pub(super) fn find_after<R>(&self, hash: u64, mut at: usize, mut look: impl FnMut(u32) -> Option<R>) -> Option<R> {
        for _ in 0..self.slots.len() {
            let block;
            (at, block) = self.find_half(hash, at.wrapping_add(1))?;
            if let Some(found) = look(block) {
                return Some(found);
            }
        }
        None
    }

    /// The next slot from here on that has the same half of the hash, and its block.
    #[inline]
    fn find_half(&self, hash: u64, mut at: usize) -> Option<(usize, u32)> {
        let slots = self.slots.words();
        let mask = slots.len().wrapping_sub(1);
        for _ in 0..slots.len() {
            let slot = slots.get(at & mask)?.load(Ordering::Acquire);
            if slot == EMPTY {
                return None;
            }
            if slot >> 32 == hash & 0xFFFF_FFFF {
                return Some((at, block_of(slot)));
            }
            at = at.wrapping_add(1);
        }
        None
    }

    /// The slot at which the search for this hash begins.
    #[inline]
    fn home(&self, hash: u64) -> usize {
        hash.wrapping_shr(self.slot_shift) as usize
    }

    /// The block in the first slot of this hash.
    #[inline]
    pub(super) fn first(&self, hash: u64) -> Option<u32> {
        let block = block_of(self.slot(self.home(hash) & self.mask(), Ordering::Acquire));
        (block != 0).then_some(block)
    }

    /// The blocks that may be of a hash with this upper half.
    pub(super) fn near(&self, upper: u32) -> impl Iterator<Item = u32> {
        let slots = self.probe(u64::from(upper) << 32).take_while(|(_, slot)| *slot != EMPTY);
        slots.map(|(_, slot)| block_of(slot)).filter(|block| *block != 0)
    }

    /// Every block.
    pub(super) fn blocks(&self) -> impl Iterator<Item = u32> {
        (0..self.slots.len()).map(|at| block_of(self.slot(at, Ordering::Relaxed))).filter(|block| *block != 0)
    }

    /// Links the block of a principal that had no grant. Returns whether a used slot was used again.
    pub(super) fn link(&self, hash: u64, block: u32) -> bool {
        let bits = filter_bits(hash);
        if let Some(word) = self.filter.word((hash >> self.filter_shift) as usize) {
            word.store(word.load(Ordering::Relaxed) | bits, Ordering::Relaxed);
        }
        let free = self.probe(hash).find(|(_, slot)| block_of(*slot) == 0);
        free.is_some_and(|(at, slot)| {
            self.set(at, hash << 32 | u64::from(block));
            slot == GONE
        })
    }

    /// Links one block in the place of another of the same principal.
    pub(super) fn relink(&self, hash: u64, old: u32, new: u32) {
        if let Some(at) = self.slot_of(hash, old) {
            self.set(at, hash << 32 | u64::from(new));
        }
    }

    /// Unlinks a block. Returns whether its slot stays in use, so that others are found past it.
    pub(super) fn unlink(&self, hash: u64, block: u32) -> bool {
        let Some(at) = self.slot_of(hash, block) else { return false };
        let last = self.slot((at + 1) & self.mask(), Ordering::Relaxed) == EMPTY;
        self.set(at, if last { EMPTY } else { GONE });
        !last
    }

    pub(super) fn bytes(&self) -> usize {
        self.slots.bytes() + self.filter.bytes()
    }

    fn slot_of(&self, hash: u64, block: u32) -> Option<usize> {
        let mut slots = self.probe(hash).take_while(|(_, slot)| *slot != EMPTY);
        slots.find(|(_, slot)| block_of(*slot) == block).map(|(at, _)| at)
    }

    #[inline]
    fn probe(&self, hash: u64) -> impl Iterator<Item = (usize, u64)> {
        let (home, mask) = (self.home(hash), self.mask());
        (0..=mask).map(move |step| {
            let at = home.wrapping_add(step) & mask;
            (at, self.slot(at, Ordering::Acquire))
        })
    }

    #[inline]
    fn mask(&self) -> usize {
        self.slots.len().wrapping_sub(1)
    }

    #[inline]
    fn slot(&self, at: usize, ordering: Ordering) -> u64 {
        self.slots.word(at).map_or(EMPTY, |slot: &AtomicU64| slot.load(ordering))
    }

    fn set(&self, at: usize, value: u64) {
        if let Some(slot) = self.slots.word(at) {
            slot.store(value, Ordering::Release);
        }
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the lower half is the block")]
const fn block_of(slot: u64) -> u32 {
    slot as u32
}

/// Four bits of a word. They are taken from the lower half of the hash: the upper half chose the word.
#[inline]
const fn filter_bits(hash: u64) -> u64 {
    1 << (hash & 63) | 1 << (hash >> 6 & 63) | 1 << (hash >> 12 & 63) | 1 << (hash >> 18 & 63)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers without a pattern (splitmix64).
    fn hash(n: u64) -> u64 {
        let n = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let n = (n ^ n >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let n = (n ^ n >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        n ^ n >> 31
    }

    /// Without the filter every answer would be the same, and the usual one slow.
    #[test]
    fn a_full_table_rules_out_nearly_everybody_else() {
        let (table, room) = (Table::new(10), Table::room(10) as u64);
        for n in 1..=room {
            table.link(hash(n), u32::try_from(n).unwrap());
        }
        assert!((1..=room).all(|n| table.may_hold(hash(n))));
        let passed = (room + 1..=room + 50_000).filter(|n| table.may_hold(hash(*n))).count();
        assert!(passed < 600, "{passed} of 50,000 pass the filter");
        table.clear();
        assert!((1..=room).all(|n| !table.may_hold(hash(n))) && table.blocks().next().is_none());
    }

    /// The search for a name begins where its hash says, and a full table is no long list.
    #[test]
    fn names_are_found_near_the_place_of_their_hash() {
        let (table, room) = (Table::new(10), Table::room(10) as u64);
        let (first, second) = (hash(1), hash(2));
        assert_eq!((table.link(first, 7), table.link(second, 8)), (false, false));
        assert_eq!((table.first(first), table.first(second), table.first(hash(3))), (Some(7), Some(8), None));
        for n in 3..=room {
            table.link(hash(n), u32::try_from(n + 6).unwrap());
        }
        let steps: usize = (1..=room).map(|n| table.near(u32::try_from(hash(n) >> 32).unwrap()).count()).sum();
        assert!(steps < 640 * 10, "{steps} steps for {room} names");
        assert!((1..=room).all(|n| table.find(hash(n), |block| (u64::from(block) == n + 6).then_some(())).is_some()));
    }

    #[test]
    fn sizes_are_as_documented() {
        // Slots and filter, in bytes.
        let bytes = [6, 10, 19, 20, 21, 22].map(|bits| Table::new(bits).bytes());
        let of = |slots: u32, filter: u32| (8 << slots) + (8 << filter);
        assert_eq!(bytes, [of(6, 3), of(10, 7), of(19, 16), of(20, 16), of(21, 16), of(22, 17)]);
        assert_eq!([6, 10, 20].map(Table::room), [40, 640, 655_360]);
        assert_eq!([0, 26, 27, 53, 54, 106, 107].map(Table::bits_for), [6, 6, 7, 7, 8, 8, 9]);
        assert_eq!([6, 13].map(|bits| Table::new(bits).bits()), [6, 13]);
    }

    /// A slot in a row stays in use until the row ends with it; then it is empty again.
    #[test]
    fn a_slot_is_used_again() {
        let table = Table::new(6);
        // The same slot, and other lower halves.
        let [one, two, three] = [1, 2, 3].map(|n| 5 << 58 | n);
        assert!(!table.link(one, 11) && !table.link(two, 12));
        let blocks = |table: &Table| table.blocks().collect::<Vec<_>>();
        assert_eq!(blocks(&table), [11, 12]);
        assert!(table.unlink(one, 11), "the second is found past it");
        assert_eq!((blocks(&table), table.first(one)), (vec![12], None));
        assert_eq!(table.find(two, Some), Some(12));
        assert!(!table.unlink(one, 11), "it is gone");
        assert!(table.link(three, 13), "its slot is used again");
        assert_eq!(blocks(&table), [13, 12]);
        table.relink(two, 12, 14);
        assert_eq!((blocks(&table), table.find(two, Some)), (vec![13, 14], Some(14)));
        assert!(!table.unlink(two, 14) && !table.unlink(three, 13));
        assert!(!table.link(one, 15), "every slot is empty again");
    }
}
