//! Whether what is kept of each record, to find it by, is what the record says.
//!
//! It is kept as sets of records, a block of records each. The sets of a block are made anew while its records are read, and
//! compared once all of them were. That there are no other sets, both sides show when they are added up, as numbers that
//! nobody can foresee.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher;
use std::ops::Range;
use std::sync::Arc;

use rusqlite::Connection;

use super::super::about;
use super::super::error::Fault;
use super::super::kept::{Kept, Together};
use super::super::rows::int;
use super::held::Held;
use crate::journal::Whole;
use crate::model::{Event, Fact, Revision, Subject, Topic};
use crate::store::topics::{Bits, place_of, revision_of};

/// How many topics are known at a time.
const KNOWN: usize = 32_768;
/// How many forms of uses are known at a time.
const USES: usize = 8_192;

type Sets = HashMap<i64, Bits, foldhash::quality::RandomState>;

/// What the records read so far account for.
pub(super) struct About {
    /// Up to which record older ones were put together when the reading began.
    packed: Revision,
    numbers: RandomState,
    /// Of the sets: their topic and block.
    pub(super) sets: Sum,
    /// Of the index of instants.
    pub(super) instants: Sums,
    /// Of the index of changes.
    pub(super) changes: Sums,
    /// Of the three indexes of records that are kept together, without the last of these rows, which may grow.
    pub(super) packs: [Sums; 3],
    /// The last of these rows: its first and its last instant, and its first record.
    last_pack: Option<Together>,
    /// The sets of the blocks that are not compared yet.
    open: BTreeMap<u64, Sets>,
    /// The block in which the reading begins, if not with its first record.
    partial: Option<u64>,
    keys: HashMap<Topic, i64, foldhash::quality::RandomState>,
    /// Uses that say the same, by the place of their event in memory.
    uses: HashMap<usize, Form, foldhash::quality::RandomState>,
    /// Those of them that records of the block are not added to the sets of.
    unsettled: Vec<usize>,
    /// The block of the record that was taken in last.
    block: u64,
}

/// Uses that say the same.
struct Form {
    /// Kept, so that no other one gets its place in memory.
    _event: Arc<Event>,
    /// What they can be found by.
    keys: Vec<i64>,
    /// Which records of the block they are, as far as the sets do not have them: there are ten sets for each use.
    bits: Bits,
    is_unsettled: bool,
}

/// How many pairs of numbers, and all of them added up as numbers that nobody can foresee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sum {
    count: u64,
    sum: u64,
}

/// Sums of the rows of an index, a block of records each: what is put together meanwhile can be left out.
#[derive(Debug, Default)]
pub(super) struct Sums(BTreeMap<u64, Sum>);

impl Sums {
    fn add(&mut self, numbers: &RandomState, pair: (i64, i64), record: Revision) {
        self.0.entry(place_of(record).0).or_default().add(numbers, pair);
    }

    /// All of them, but for these blocks.
    pub(super) fn without(&self, blocks: &Range<u64>) -> Sum {
        let mut sum = Sum::default();
        self.0.iter().filter(|(block, _)| !blocks.contains(block)).for_each(|(_, one)| sum.join(*one));
        sum
    }
}

impl Sum {
    fn join(&mut self, other: Self) {
        self.count += other.count;
        self.sum = self.sum.wrapping_add(other.sum);
    }

    pub(super) fn add(&mut self, numbers: &RandomState, pair: (i64, i64)) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(numbers.hash_one(pair));
    }
}

impl About {
    /// Of the records after this one, in a journal whose older ones are put together up to that one.
    pub(super) fn after(record: Revision, packed: Revision) -> Self {
        Self {
            packed,
            numbers: RandomState::new(),
            sets: Sum::default(),
            instants: Sums::default(),
            changes: Sums::default(),
            packs: Default::default(),
            last_pack: None,
            open: BTreeMap::new(),
            partial: (record > Revision::ZERO).then(|| place_of(record).0),
            keys: HashMap::default(),
            uses: HashMap::default(),
            unsettled: Vec::new(),
            block: 0,
        }
    }

    /// The blocks of those that were put together since, when that is done up to this record by now.
    pub(super) fn moved(&self, packed: Revision) -> Range<u64> {
        if packed <= self.packed {
            return 0..0;
        }
        place_of(self.packed).0..place_of(packed).0 + 1
    }

    pub(super) const fn numbers(&self) -> &RandomState {
        &self.numbers
    }

    /// Takes in a record that was folded.
    pub(super) fn take(
        &mut self,
        connection: &Connection,
        revision: Revision,
        whole: &Whole,
        kept: &Kept<'_>,
        held: &Held,
    ) -> Result<(), Fault> {
        match kept.together {
            None => {
                self.instants.add(&self.numbers, (whole.at.millis(), int(revision)), revision);
                if kept.changes {
                    self.changes.add(&self.numbers, (int(revision), 0), revision);
                }
            }
            together => self.pass(together),
        }
        let is_use = matches!(whole.event.fact, Fact::GrantUsed { .. });
        let known = Arc::as_ptr(&whole.event).addr();
        let (block, place) = place_of(revision);
        if block != self.block {
            self.settle();
            self.block = block;
        }
        if is_use && let Some(form) = self.uses.get_mut(&known) {
            form.bits.insert(place);
            if !std::mem::replace(&mut form.is_unsettled, true) {
                self.unsettled.push(known);
            }
            return Ok(());
        }
        let subject = Subject::of(&whole.event);
        let topics = Topic::of(&whole.event, &held.concerned(connection, &subject, revision)?);
        let mut keys = Vec::with_capacity(topics.len());
        for topic in topics {
            let key = self.key(connection, topic)?.ok_or_else(|| wrong(revision))?;
            self.open.entry(block).or_default().entry(key).or_default().insert(place);
            keys.push(key);
        }
        if is_use {
            if self.uses.len() == USES {
                self.settle();
                self.uses.clear();
            }
            let form = Form { _event: Arc::clone(&whole.event), keys, bits: Bits::default(), is_unsettled: false };
            self.uses.insert(known, form);
        }
        Ok(())
    }

    /// Adds the uses of the block to the sets.
    fn settle(&mut self) {
        for known in self.unsettled.drain(..) {
            let Some(form) = self.uses.get_mut(&known) else { continue };
            let sets = self.open.entry(self.block).or_default();
            form.keys.iter().for_each(|key| sets.entry(*key).or_default().add(&form.bits));
            (form.bits, form.is_unsettled) = (Bits::default(), false);
        }
    }

    /// Goes on to this row of records that are kept together.
    fn pass(&mut self, together: Option<Together>) {
        if let Some(before) = self.last_pack
            && together.is_none_or(|together| together.first != before.first)
        {
            let first = int(before.first);
            let [begins, ends, changes] = &mut self.packs;
            begins.add(&self.numbers, (before.began.millis(), first), before.first);
            ends.add(&self.numbers, (before.ended.millis(), first), before.first);
            if before.changes > 0 {
                changes.add(&self.numbers, (first, before.changes), before.first);
            }
        }
        self.last_pack = together;
    }

    /// The first record of the last row of records that are kept together. It and what follows it is not among the sums.
    pub(super) fn last_pack(&self) -> Revision {
        self.last_pack.map_or(Revision(1), |last| last.first)
    }

    /// Compares the blocks of which every record was read; at the head of the journal, the last one too.
    pub(super) fn compare(
        &mut self,
        connection: &Connection,
        reached: Revision,
        is_at_head: bool,
    ) -> Result<(), Fault> {
        let current = place_of(reached.next()).0;
        if is_at_head || self.block < current {
            self.settle();
        }
        while let Some(entry) = self.open.first_entry() {
            let block = *entry.key();
            if block >= current {
                break;
            }
            let sets = entry.remove();
            self.check_block(connection, block, &sets)?;
            for key in sets.keys() {
                self.sets.add(&self.numbers, (*key, block.cast_signed()));
            }
        }
        match self.open.get(&current) {
            Some(sets) if is_at_head => self.check_block(connection, current, sets),
            _ => Ok(()),
        }
    }

    fn check_block(&self, connection: &Connection, block: u64, sets: &Sets) -> Result<(), Fault> {
        for (key, expected) in sets {
            let kept = about::bits_of(connection, *key, block)?.unwrap_or_default();
            if let Some(place) = expected.first_beyond(&kept) {
                return Err(wrong(revision_of(block, place)));
            }
            if self.partial != Some(block)
                && let Some(place) = kept.first_beyond(expected)
            {
                return Err(wrong(revision_of(block, place)));
            }
        }
        Ok(())
    }

    /// All sets of the blocks that were compared whole, and which block is not yet.
    pub(super) fn whole(&self, reached: Revision) -> (Sum, u64) {
        (self.sets, place_of(reached.next()).0)
    }

    fn key(&mut self, connection: &Connection, topic: Topic) -> Result<Option<i64>, Fault> {
        if let Some(key) = self.keys.get(&topic) {
            return Ok(Some(*key));
        }
        let found = about::key(connection, &topic)?;
        if let Some(key) = found {
            if self.keys.len() == KNOWN {
                self.keys.clear();
            }
            self.keys.insert(topic, key);
        }
        Ok(found)
    }

    /// That the last row of records that are kept together is the last one, and is in its indexes.
    pub(super) fn check_last_pack(&self, connection: &Connection, packed: Revision) -> Result<(), Fault> {
        if packed > self.packed {
            // It may have been put together with others since it was read.
            return Ok(());
        }
        let expected = self.last_pack.map(|last| (int(last.first), last.began.millis(), last.ended.millis()));
        let after = self.last_pack.map_or(0, |last| int(last.first));
        for index in ["packs_by_begin", "packs_by_end"] {
            let sql = format!(
                "SELECT first, began, ended FROM packs INDEXED BY {index} WHERE began >= 0 AND ended >= 0 AND first >= ?"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let mut found = statement.query([after])?;
            let one = match found.next()? {
                Some(row) => Some((row.get(0)?, row.get(1)?, row.get(2)?)),
                None => None,
            };
            if one != expected || found.next()?.is_some() {
                return Err(Fault::corrupt("the index of records that are kept together is not what the journal says"));
            }
        }
        Ok(())
    }

    /// How many sets of the last block there are to be.
    pub(super) fn last_block(&self, reached: Revision) -> (u64, usize) {
        let block = place_of(reached.next()).0;
        (block, self.open.get(&block).map_or(0, HashMap::len))
    }
}

fn wrong(revision: Revision) -> Fault {
    Fault::corrupt(format!("what record {revision} is about is not what the journal says"))
}
