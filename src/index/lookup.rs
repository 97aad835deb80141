//! A table from hashes to numbers, for the writer.
//!
//! A word is half hash, half number, so that a million grants cost sixteen bytes each. Half a hash proves nothing: the
//! caller compares the object with this number.

/// Numbers by hash; a hash may have several.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    words: Vec<u64>,
    len: usize,
}

/// No word has this value, because no tag is `u32::MAX`.
const EMPTY: u64 = u64::MAX;

#[inline]
fn word_of(hash: u64, value: u32) -> u64 {
    tag(hash) << 32 | u64::from(value)
}

#[inline]
fn tag(hash: u64) -> u64 {
    (hash >> 32).min(u64::from(u32::MAX - 1))
}

impl Lookup {
    pub(super) fn with_capacity(count: usize) -> Self {
        Self { words: vec![EMPTY; (count.max(4) * 4 / 3 + 1).next_power_of_two()], len: 0 }
    }

    /// A table of these words, each half a hash and a number. In the order of the words nothing waits for memory.
    pub(super) fn of(words: &[u64]) -> Self {
        let mut this = Self::with_capacity(words.len());
        for word in words {
            this.put(word_of(*word, value(*word)));
        }
        this
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) const fn bytes(&self) -> usize {
        self.words.capacity() * 8
    }

    /// Every number kept under this hash, and perhaps some of other hashes.
    pub(super) fn matching(&self, hash: u64) -> impl Iterator<Item = u32> {
        let tag = tag(hash);
        self.probe(tag).map(|(_, word)| word).filter(move |word| word >> 32 == tag).map(value)
    }

    pub(super) fn insert(&mut self, hash: u64, value: u32) {
        if (self.len + 1) * 4 > self.words.len() * 3 {
            let mut larger = Self::with_capacity((self.len + 1) * 2);
            for word in self.words.iter().filter(|word| **word != EMPTY) {
                larger.put(*word);
            }
            *self = larger;
        }
        self.put(word_of(hash, value));
    }

    /// Removes the number from under this hash.
    pub(super) fn remove(&mut self, hash: u64, value: u32) {
        let wanted = word_of(hash, value);
        let Some((mut hole, _)) = self.probe(tag(hash)).find(|(_, word)| *word == wanted) else { return };
        self.len -= 1;
        // Words that would not be found across the hole move into it.
        let mut at = hole;
        loop {
            at = self.after(at);
            let word = self.at(at);
            if word == EMPTY {
                break;
            }
            let (from_home, from_hole) = (self.distance(self.home(word >> 32), at), self.distance(hole, at));
            if from_home >= from_hole {
                self.set(hole, word);
                hole = at;
            }
        }
        self.set(hole, EMPTY);
    }

    fn put(&mut self, word: u64) {
        let mut at = self.home(word >> 32);
        while self.at(at) != EMPTY {
            at = self.after(at);
        }
        self.set(at, word);
        self.len += 1;
    }

    fn probe(&self, tag: u64) -> impl Iterator<Item = (usize, u64)> {
        let mut at = self.home(tag);
        std::iter::from_fn(move || {
            let here = (at, self.at(at));
            at = self.after(at);
            (here.1 != EMPTY).then_some(here)
        })
    }

    #[inline]
    fn home(&self, tag: u64) -> usize {
        // Words keep the order of their tags, so that half a hash is enough to grow the table.
        ((u128::from(tag) * self.words.len() as u128) >> 32) as usize
    }

    #[inline]
    fn after(&self, at: usize) -> usize {
        (at + 1) & self.words.len().wrapping_sub(1)
    }

    #[inline]
    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & self.words.len().wrapping_sub(1)
    }

    #[inline]
    fn at(&self, at: usize) -> u64 {
        self.words.get(at).copied().unwrap_or(EMPTY)
    }

    #[inline]
    fn set(&mut self, at: usize, word: u64) {
        if let Some(place) = self.words.get_mut(at) {
            *place = word;
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the lower half is the number")]
pub(super) const fn value(word: u64) -> u32 {
    word as u32
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_holds_what_a_set_holds(steps in prop::collection::vec((any::<bool>(), 0_u64..40, 0_u32..6), 0..400)) {
            let (mut lookup, mut model) = (Lookup::default(), BTreeSet::new());
            for (add, number, value) in steps {
                let hash = (number % 7) << 61 | number << 32;
                if add && model.insert((hash, value)) {
                    lookup.insert(hash, value);
                } else if !add {
                    model.remove(&(hash, value));
                    lookup.remove(hash, value);
                }
                prop_assert_eq!(lookup.len(), model.len());
                for number in 0..40 {
                    let hash = (number % 7) << 61 | number << 32;
                    let found: BTreeSet<_> = lookup.matching(hash).collect();
                    let known: BTreeSet<_> = model.iter().filter(|(h, _)| *h == hash).map(|(_, v)| *v).collect();
                    prop_assert_eq!(found, known);
                }
            }
        }
    }

    #[test]
    fn it_grows_when_three_quarters_are_full() {
        let capacities = [0, 4, 5, 6, 12, 100].map(|count| Lookup::with_capacity(count).bytes() / 8);
        assert_eq!(capacities, [8, 8, 8, 16, 32, 256]);
        let mut lookup = Lookup::default();
        let sizes: Vec<_> = (0..26_u32)
            .map(|value| {
                lookup.insert(u64::from(value) << 59, value);
                lookup.bytes() / 8
            })
            .collect();
        let of = |size: usize, count: usize| std::iter::repeat_n(size, count);
        assert_eq!(sizes, of(8, 6).chain(of(32, 18)).chain(of(128, 2)).collect::<Vec<_>>());
    }

    /// Words are in the order of their hashes, so nothing is searched from the beginning.
    #[test]
    fn a_search_begins_where_the_hash_says() {
        let lookup = Lookup::with_capacity(4);
        let homes = [0, 1 << 29, (1 << 29) - 1, 1 << 31, u64::from(u32::MAX)].map(|tag| lookup.home(tag));
        assert_eq!(homes, [0, 1, 0, 4, 7]);
    }

    #[test]
    fn the_largest_hash_is_one_like_others() {
        let mut lookup = Lookup::default();
        for value in [7, u32::MAX] {
            lookup.insert(u64::MAX, value);
        }
        assert_eq!(lookup.matching(u64::MAX).collect::<BTreeSet<_>>(), BTreeSet::from([7, u32::MAX]));
        lookup.remove(u64::MAX, u32::MAX);
        assert_eq!((lookup.matching(u64::MAX).collect::<Vec<_>>(), lookup.len()), (vec![7], 1));
    }
}
