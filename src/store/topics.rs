//! Which records have a topic: one bitmap for each block of records, and how bitmaps are combined.
//!
//! A block has 4,096 records, one bit each. A filter combines the bitmaps of its topics, so a page costs a few words
//! for each block, however many records have each single topic.

#![cfg_attr(not(all(feature = "postgres", feature = "sqlite")), allow(dead_code, reason = "each store uses a part"))]

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use super::{Rows, Subject};
use crate::journal::Record;
use crate::model::{Action, Actor, Event, Fact, GrantId, Resource, Revision, SharedTopics, Topic};

/// The number of records in a block.
pub(super) const BLOCK: u64 = 4_096;
const WORDS: usize = 64;

/// Uses with the same topics: one of them, and the records by their blocks.
pub(super) type Uses<'a> = HashMap<
    (&'a GrantId, &'a Actor, &'a Action, &'a Resource),
    (&'a Event, BTreeMap<u64, Bits>),
    foldhash::quality::RandomState,
>;

/// Groups uses with the same topics, so that the topics are computed once for all of them. Every other record is passed
/// to `other`.
pub(super) fn uses_among<'a>(records: &'a [Record], mut other: impl FnMut(&'a Record)) -> Uses<'a> {
    let mut uses = Uses::default();
    for record in records {
        let Fact::GrantUsed { grant, action, resource, .. } = &record.event.fact else {
            other(record);
            continue;
        };
        let (block, place) = place_of(record.revision);
        let like = (grant, &record.event.by, action, resource);
        let (_, blocks) = uses.entry(like).or_insert_with(|| (&record.event, BTreeMap::new()));
        blocks.entry(block).or_default().insert(place);
    }
    uses
}

/// Some of the records of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bits([u64; WORDS]);

impl Default for Bits {
    fn default() -> Self {
        Self([0; WORDS])
    }
}

impl Bits {
    /// The records of the block whose revisions are in this range.
    fn within(block: u64, range: &RangeInclusive<u64>) -> Self {
        let first = block * BLOCK;
        let (from, until) = (range.start().saturating_sub(first), range.end().saturating_sub(first).min(BLOCK - 1));
        let mut bits = Self::default();
        for (word, at) in bits.0.iter_mut().zip((0..BLOCK).step_by(64)) {
            if from <= at && at + 63 <= until {
                *word = u64::MAX;
            } else {
                (at..at + 64).filter(|bit| (from..=until).contains(bit)).for_each(|bit| *word |= 1 << (bit - at));
            }
        }
        bits
    }

    pub(super) fn insert(&mut self, place: u16) {
        if let Some(word) = self.0.get_mut(usize::from(place) / 64) {
            *word |= 1 << (place % 64);
        }
    }

    /// Removes a record; returns whether it was in the set.
    pub(super) fn remove(&mut self, place: u16) -> bool {
        let was_there = self.contains(place);
        if let Some(word) = self.0.get_mut(usize::from(place) / 64) {
            *word &= !(1 << (place % 64));
        }
        was_there
    }

    pub(super) fn contains(&self, place: u16) -> bool {
        self.0.get(usize::from(place) / 64).is_some_and(|word| word & (1 << (place % 64)) != 0)
    }

    pub(super) fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0 == [0; WORDS]
    }

    fn keep(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word &= other);
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word |= other);
    }

    pub(super) fn places(&self) -> impl DoubleEndedIterator<Item = u16> + use<> {
        let words = self.0.into_iter().zip((0..BLOCK as u16).step_by(64));
        let with_some = words.filter(|(word, _)| *word != 0);
        with_some
            .flat_map(|(word, first)| (0..64).filter(move |bit| word & (1 << bit) != 0).map(move |bit| first + bit))
    }

    /// The first record that is in this one and not in the other.
    pub(super) fn first_beyond(&self, other: &Self) -> Option<u16> {
        self.places().find(|place| !other.contains(*place))
    }

    /// The last record.
    pub(super) fn last(&self) -> Option<u16> {
        self.places().next_back()
    }

    /// The stored form: two bytes for each record, or one bit for every record of the block if that is shorter.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        if self.count() * 2 < WORDS * 8 {
            return self.places().flat_map(u16::to_le_bytes).collect();
        }
        self.0.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// `None` if this is not a stored form.
    pub(super) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let mut bits = Self::default();
        if bytes.len() == WORDS * 8 {
            for (word, bytes) in bits.0.iter_mut().zip(bytes.as_chunks::<8>().0) {
                *word = u64::from_le_bytes(*bytes);
            }
            return Some(bits);
        }
        let (places, []) = bytes.as_chunks::<2>() else { return None };
        for place in places {
            let place = u16::from_le_bytes(*place);
            (u64::from(place) < BLOCK).then(|| bits.insert(place))?;
        }
        Some(bits)
    }
}

/// The block of a record, and its position in the block.
pub(super) const fn place_of(revision: Revision) -> (u64, u16) {
    (revision.0 / BLOCK, (revision.0 % BLOCK) as u16)
}

/// The record at a position of a block.
pub(super) const fn revision_of(block: u64, place: u16) -> Revision {
    Revision(block * BLOCK + place as u64)
}

/// A search: sets of records, named by keys of the store.
#[derive(Debug)]
pub(super) struct Search<K> {
    /// Every record is in each of these.
    pub(super) all: Vec<K>,
    /// And in one of these, unless there are none.
    pub(super) any: Vec<K>,
    /// And one of these revisions.
    pub(super) range: RangeInclusive<u64>,
    pub(super) newest_first: bool,
}

impl<K> Search<K> {
    /// Gives every record that is found to `take`, in order, until it answers `false`. `bits` are the records of a block in a set.
    ///
    /// # Errors
    /// The first error of `bits` or `take`.
    pub(super) fn run<E>(
        &self,
        mut bits: impl FnMut(&K, u64) -> Result<Option<Bits>, E>,
        mut take: impl FnMut(Revision) -> Result<bool, E>,
    ) -> Result<(), E> {
        if self.range.is_empty() {
            return Ok(());
        }
        let (first, last) = (self.range.start() / BLOCK, self.range.end() / BLOCK);
        for nth in 0..=last - first {
            let block = if self.newest_first { last - nth } else { first + nth };
            let found = self.of_block(block, &mut bits)?;
            if found.is_empty() {
                continue;
            }
            let mut places = found.places();
            while let Some(place) = if self.newest_first { places.next_back() } else { places.next() } {
                if !take(Revision(block * BLOCK + u64::from(place)))? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn of_block<E>(&self, block: u64, bits: &mut impl FnMut(&K, u64) -> Result<Option<Bits>, E>) -> Result<Bits, E> {
        let mut found = Bits::within(block, &self.range);
        for key in &self.all {
            found.keep(&bits(key, block)?.unwrap_or_default());
            if found.is_empty() {
                return Ok(found);
            }
        }
        if !self.any.is_empty() {
            let mut one_of = Bits::default();
            for key in &self.any {
                if let Some(bits) = bits(key, block)? {
                    one_of.add(&bits);
                }
            }
            found.keep(&one_of);
        }
        Ok(found)
    }
}

/// What the records about this subject have in common, given the rows after them.
pub(super) fn concerned(subject: &Subject, rows: &Rows) -> SharedTopics {
    match subject {
        Subject::Request(id) => rows.requests.get(id).map(SharedTopics::from),
        Subject::Grant(id) => rows.grants.get(id).map(SharedTopics::from),
        Subject::Delegation(id) => rows.delegations.get(id).map(SharedTopics::from),
        Subject::Principal(_) | Subject::Store => None,
    }
    .unwrap_or_default()
}

/// The kind and the name under which a topic is kept.
pub(super) fn text_of(topic: &Topic) -> (&'static str, String) {
    match topic {
        Topic::Subject(Subject::Request(id)) => ("request", id.to_string()),
        Topic::Subject(Subject::Grant(id)) => ("grant", id.to_string()),
        Topic::Subject(Subject::Delegation(id)) => ("delegation", id.to_string()),
        Topic::Subject(Subject::Principal(who)) => (who.kind().name(), who.id().to_owned()),
        Topic::Subject(Subject::Store) => ("store", String::new()),
        // An agent never answers a request; its name could be a person's.
        Topic::Approver(who) => ("approver", who.to_string()),
        Topic::Role(role) => ("role", role.to_string()),
        Topic::Permission(permission) => ("permission", permission.to_string()),
        Topic::Resource(text) => ("resource", text.clone()),
        Topic::Result(result) => ("result", result.name().to_owned()),
        Topic::Event(kind) => ("event", kind.to_string()),
        Topic::Words => ("words", String::new()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bits(places: &[u16]) -> Bits {
        let mut bits = Bits::default();
        places.iter().for_each(|place| bits.insert(*place));
        bits
    }

    proptest! {
        #[test]
        fn a_set_comes_back_as_it_was_kept(places in proptest::collection::btree_set(0_u16..4_096, 0..600)) {
            let places: Vec<_> = places.into_iter().collect();
            let set = bits(&places);
            prop_assert_eq!(set.places().collect::<Vec<_>>(), places.clone());
            prop_assert_eq!(set.count(), places.len());
            prop_assert!(set.to_bytes().len() <= 512);
            prop_assert_eq!(Bits::of_bytes(&set.to_bytes()), Some(set));
        }

        #[test]
        fn a_range_is_what_is_between_its_ends(block in 0_u64..3, from in 0_u64..13_000, until in 0_u64..13_000) {
            let inside = Bits::within(block, &(from..=until));
            for place in 0..4_096_u16 {
                let revision = block * BLOCK + u64::from(place);
                if block * BLOCK <= until {
                    prop_assert_eq!(inside.contains(place), (from..=until).contains(&revision));
                }
            }
        }
    }

    #[test]
    fn what_no_store_wrote_is_no_set() {
        assert_eq!(Bits::of_bytes(&[1]), None);
        assert_eq!(Bits::of_bytes(&[0, 16]), None);
    }
}
