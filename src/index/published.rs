//! What readers see, and how they read it without a lock.
//!
//! Readers follow the epoch word to a table, a slot of the table to a block, and the block to shared runs, and never
//! write. The writer never changes what a reader can reach, except to link another block in a slot: it writes a new
//! block beside the old one.
//!
//! INVARIANT: memory that was reachable in an epoch is not written again before the epoch is raised. A reader that
//! finds the epoch unchanged has therefore read nothing that was written meanwhile; otherwise it starts again. So it
//! waits only for a publication to *finish*, never for an idle writer, and needs no lock, no count and no memory of its
//! own.
//!
//! Why the orderings suffice: the writer raises the epoch, then a release fence, then writes to old memory. A reader
//! that saw such a write sees the raised epoch after its acquire fence. And a reader that starts in the raised epoch
//! sees every unlinking before it, so it cannot reach that memory.

use std::sync::OnceLock;

use super::arena::Arena;
use super::atomic::{AtomicU64, Ordering, fence};
use super::block::{self, Block};
use super::hash::Keys;
use super::memory::Memory;
use super::names::Names;
use super::table::{SMALLEST, TABLES, Table};
use crate::model::{Decision, GrantId, PrincipalKind, RawQuery, Reason, Revision, Timestamp};

pub(super) struct Published {
    /// The number of the table in the lowest byte, a count that only rises in the others.
    epoch: AtomicU64,
    revision: AtomicU64,
    pub(super) memory: Memory,
    tables: [OnceLock<Table>; TABLES],
}

/// The bits of the epoch word that are the number of the table.
const TABLE: u64 = 0xFF;

impl Published {
    pub(super) fn new(keys: Keys) -> Self {
        let tables = [const { OnceLock::new() }; TABLES];
        let [first, ..] = &tables;
        first.get_or_init(|| Table::new(SMALLEST));
        Self {
            epoch: AtomicU64::new(0),
            revision: AtomicU64::new(0),
            memory: Memory { keys, arena: Arena::default(), names: Names::new() },
            tables,
        }
    }

    #[inline]
    pub(super) fn revision(&self) -> Revision {
        Revision(self.revision.load(Ordering::Acquire))
    }

    /// The revision at which one word shows that the principal with this hash has no grant.
    #[inline]
    pub(super) fn rules_out(&self, hash: u64) -> Option<Revision> {
        let epoch = self.epoch.load(Ordering::Acquire);
        // Read before anything that a publication changes, so that the answer is from this revision or a later one.
        let revision = self.revision();
        let rules_out = self.table(epoch).is_some_and(|table| !table.may_hold(hash)) && self.is_still(epoch);
        rules_out.then_some(revision)
    }

    /// See [`super::GrantIndex::fetch`].
    #[inline]
    pub(super) fn fetch(&self, hash: u64) {
        if let Some(line) = self.table(self.epoch.load(Ordering::Acquire)).and_then(|table| table.first(hash)) {
            let run = self.memory.arena.run(line);
            (0..4).for_each(|line| run.fetch(line));
        }
    }

    /// Answers the query, whose principal has this hash. The clock is called only when a grant covers the query; a
    /// second call must return the same instant.
    #[inline(never)]
    pub(super) fn search(&self, hash: u64, query: &RawQuery<'_>, mut now: impl FnMut() -> Timestamp) -> Decision {
        match self.try_search(hash, query, &mut now) {
            Some(decision) => decision,
            None => self.search_again(hash, query, &mut now),
        }
    }

    /// The same after the first try. Not a loop around the first one: the compiler would compute before it, for each check, what
    /// only some of the later tries might use again.
    #[cold]
    #[inline(never)]
    fn search_again(&self, hash: u64, query: &RawQuery<'_>, now: &mut dyn FnMut() -> Timestamp) -> Decision {
        loop {
            if let Some(decision) = self.try_search(hash, query, now) {
                return decision;
            }
        }
    }

    /// The answer, unless the writer has begun to use memory again that was read for it.
    #[inline(always)]
    fn try_search(
        &self,
        hash: u64,
        query: &RawQuery<'_>,
        now: &mut (impl FnMut() -> Timestamp + ?Sized),
    ) -> Option<Decision> {
        let (kind, name) = (query.principal_kind(), query.principal().as_bytes());
        let epoch = self.epoch.load(Ordering::Acquire);
        let revision = self.revision();
        let answer = match self.block_of(epoch, hash, kind, name) {
            Some(block) => block::answer(&block, &self.memory, query, now),
            None => block::Answer::NO,
        };
        self.is_still(epoch).then(|| decision(&answer, revision))
    }

    #[inline]
    fn block_of(&self, epoch: u64, hash: u64, kind: PrincipalKind, name: &[u8]) -> Option<Block<'_>> {
        let table = self.table(epoch)?;
        let (at, line) = table.first_half(hash)?;
        let run = self.memory.arena.run(line);
        // The data after the name is needed next, and comparing the name takes too long to wait with the fetch.
        run.fetch(1);
        if let Some(block) = Block::of(run, kind, name) {
            return Some(block);
        }
        // Return only the line: a larger result would be passed through memory each time.
        let is_it = |line| Block::of(self.memory.arena.run(line), kind, name).map(|_| line);
        table.find_after(hash, at, is_it).map(|line| Block::at(self.memory.arena.run(line)))
    }

    #[inline]
    fn is_still(&self, epoch: u64) -> bool {
        fence(Ordering::Acquire);
        self.epoch.load(Ordering::Relaxed) == epoch
    }

    #[inline]
    fn table(&self, epoch: u64) -> Option<&Table> {
        self.tables.get((epoch & TABLE) as usize)?.get()
    }

    // What follows is for the writer.

    /// The table that is read now.
    pub(super) fn current(&self) -> Option<&Table> {
        self.table(self.epoch.load(Ordering::Relaxed))
    }

    /// An empty table of this size that no reader reads, and its number.
    pub(super) fn table_to_fill(&self, bits: u32) -> (usize, Option<&Table>) {
        let current = self.epoch.load(Ordering::Relaxed) & TABLE;
        let mut number = (bits.saturating_sub(SMALLEST) as usize) * 2;
        if number as u64 == current {
            number += 1;
        }
        let table = self.tables.get(number).map(|table| {
            if let Some(used) = table.get() {
                used.clear();
            }
            table.get_or_init(|| Table::new(bits))
        });
        (number, table)
    }

    /// Raises the epoch. Memory that was unlinked before may be written afterwards.
    pub(super) fn raise(&self) {
        let epoch = self.epoch.load(Ordering::Relaxed);
        self.switch(usize::try_from(epoch & TABLE).unwrap_or_default());
    }

    /// Raises the epoch and has readers read this table.
    pub(super) fn switch(&self, table: usize) {
        let count = (self.epoch.load(Ordering::Relaxed) | TABLE).wrapping_add(1);
        self.epoch.store(count | table as u64, Ordering::Release);
        fence(Ordering::Release);
    }

    pub(super) fn set_revision(&self, revision: Revision) {
        self.revision.store(revision.0, Ordering::Release);
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(self)
            + self.memory.arena.bytes()
            + self.memory.names.bytes()
            + self.tables.iter().filter_map(OnceLock::get).map(Table::bytes).sum::<usize>()
    }
}

#[inline]
fn decision(answer: &block::Answer, revision: Revision) -> Decision {
    match answer.given() {
        Some((end, id)) => Decision::allow(GrantId::from_u128(id), Timestamp::at_most(end), revision),
        None => Decision::not_applicable(Reason::NoGrant, answer.begins().map(Timestamp::at_most), revision),
    }
}
