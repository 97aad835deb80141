//! Whether the stored topics of each record are right.
//!
//! Topics are stored as sets of records, one set for each block. The sets of a block are computed again while its
//! records are read, and compared after the last one. Sums over both sides, of unpredictable numbers, show that there
//! are no other sets.

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
use super::expected_rows::ExpectedRows;
use crate::journal::VerifiedRecord;
use crate::model::{Event, Fact, Revision, Subject, Topic};
use crate::store::topics::{Bits, place_of, revision_of};

/// How many topics are known at a time.
const KNOWN: usize = 32_768;
/// How many forms of uses are known at a time.
const USES: usize = 8_192;

type Sets = HashMap<i64, Bits, foldhash::quality::RandomState>;

/// The sums that follow from the records read so far.
pub(super) struct About {
    /// The last record in packs of older records when the reading began.
    packed: Revision,
    numbers: RandomState,
    /// Of the sets: their topic and block.
    pub(super) sets: Sum,
    /// Of the index of instants.
    pub(super) instants: Sums,
    /// Of the index of changes.
    pub(super) changes: Sums,
    /// Of the three indexes of packs, without the last pack, which may grow.
    pub(super) packs: [Sums; 3],
    /// The last pack: its first and its last instant, and its first record.
    last_pack: Option<Together>,
    /// The sets of the blocks that are not compared yet.
    open: BTreeMap<u64, Sets>,
    /// The block in which the reading begins, if this is not its first record.
    partial: Option<u64>,
    keys: HashMap<Topic, i64, foldhash::quality::RandomState>,
    /// Equal uses, by the address of their event in memory.
    uses: HashMap<usize, Form, foldhash::quality::RandomState>,
    /// Those whose records in the block are not in the sets yet.
    unsettled: Vec<usize>,
    /// The block of the last added record.
    block: u64,
}

/// Equal uses.
struct Form {
    /// Kept, so that no other event gets its address.
    _event: Arc<Event>,
    /// Their topics.
    keys: Vec<i64>,
    /// Their records in the block that are not in the sets yet: there are ten sets for each use.
    bits: Bits,
    is_unsettled: bool,
}

/// A number of pairs, and their sum as unpredictable numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sum {
    count: u64,
    sum: u64,
}

/// Sums of the rows of an index for each block of records, so that blocks whose rows move meanwhile can be left out.
#[derive(Debug, Default)]
pub(super) struct Sums(BTreeMap<u64, Sum>);

impl Sums {
    fn add(&mut self, numbers: &RandomState, pair: (i64, i64), record: Revision) {
        self.0.entry(place_of(record).0).or_default().add(numbers, pair);
    }

    /// The sum without these blocks.
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
    /// Of the records after this one, in a journal whose packs of older records end with that one.
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

    /// The blocks whose records moved to packs since, if these packs now end with this record.
    pub(super) fn moved(&self, packed: Revision) -> Range<u64> {
        if packed <= self.packed {
            return 0..0;
        }
        place_of(self.packed).0..place_of(packed).0 + 1
    }

    pub(super) const fn numbers(&self) -> &RandomState {
        &self.numbers
    }

    /// Adds a record that was folded.
    pub(super) fn take(
        &mut self,
        connection: &Connection,
        revision: Revision,
        whole: &VerifiedRecord,
        kept: &Kept<'_>,
        rows: &ExpectedRows,
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
        let topics = Topic::of(&whole.event, &rows.concerned(connection, &subject, revision)?);
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

    /// Continues with this pack.
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

    /// The first record of the last pack. It and later records are not in the sums.
    pub(super) fn last_pack(&self) -> Revision {
        self.last_pack.map_or(Revision(1), |last| last.first)
    }

    /// Compares the blocks that were read completely; at the head of the journal, the last one too.
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

    /// All sets of the blocks that were compared completely, and the block that was not.
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

    /// Checks that the last pack is the last one, and is in its indexes.
    pub(super) fn check_last_pack(&self, connection: &Connection, packed: Revision) -> Result<(), Fault> {
        if packed > self.packed {
            // Its records may have moved to another pack since it was read.
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
                return Err(Fault::corrupt("the index of packs of records is not what the journal says"));
            }
        }
        Ok(())
    }

    /// The required number of sets of the last block.
    pub(super) fn last_block(&self, reached: Revision) -> (u64, usize) {
        let block = place_of(reached.next()).0;
        (block, self.open.get(&block).map_or(0, HashMap::len))
    }
}

fn wrong(revision: Revision) -> Fault {
    Fault::corrupt(format!("the topics of record {revision} are not what the journal says"))
}
