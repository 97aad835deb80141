//! Applies changes: one writer at a time stages the new grants of each principal and then links them.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::arena::Allocator;
use super::block::{self, Block, Entry};
use super::hash::upper;
use super::load::{Loaded, Record};
use super::lookup::Lookup;
use super::names::{Numbering, SetWords, line_of, written};
use super::permissions;
use super::published::Published;
use super::runs::Runs;
use super::scope;
use super::table::Table;
use super::{Change, IndexedGrant};
use crate::model::{GrantId, PermissionSet, Principal, PrincipalKind};

/// What only the writer knows.
#[derive(Debug, Default)]
pub(super) struct Writer {
    allocator: Allocator,
    sets: Runs,
    numbering: Numbering,
    /// By the hash of a grant's id, the upper half of its holder's hash.
    ids: Lookup,
    /// How many slots of the current table are in use, and how many of them by principals.
    used: usize,
    principals: usize,
    stages: Vec<Stage>,
    /// The last stage of each hash.
    staged: HashMap<u64, usize, RandomState>,
    words: Vec<u64>,
}

/// The grants of a principal after all changes of a batch.
#[derive(Debug)]
struct Stage {
    hash: u64,
    kind: PrincipalKind,
    name: Box<[u8]>,
    /// The block that is linked now.
    was: Option<u32>,
    entries: Vec<Entry>,
    /// Those of the scopes of the entries, and perhaps others.
    texts: Vec<u64>,
    /// Removed entries: their runs are released when the block is unlinked.
    left: Vec<Entry>,
    /// The stage before this one with the same hash.
    before: Option<usize>,
}

impl Writer {
    /// How many grants there are.
    pub(super) const fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.ids.bytes() + self.sets.bytes()
    }

    /// Applies a batch. Each principal's part of it appears to readers at once.
    pub(super) fn publish<'a>(&mut self, to: &Published, changes: impl IntoIterator<Item = Change<'a>>) {
        for change in changes {
            match change {
                Change::Add(grant) => IndexedGrant::of(grant).into_iter().for_each(|grant| self.add(to, &grant)),
                Change::Remove(id) => self.remove(to, id),
            }
        }
        self.link(to);
    }

    fn add(&mut self, to: &Published, grant: &IndexedGrant<'_>) {
        self.remove(to, grant.id);
        let hash = hash_of(to, grant.holder);
        let set = self.set(to, grant.permissions, None);
        self.ids.insert(to.memory.keys.grant(grant.id), upper(hash));
        let stage = self.stage(to, hash, grant.holder.kind(), grant.holder.id().as_bytes());
        let scope = scope::encode(&to.memory.keys, grant.scope, &mut stage.texts);
        stage.entries.push(Entry::of(grant, set, scope));
    }

    fn remove(&mut self, to: &Published, id: GrantId) {
        let id_hash = to.memory.keys.grant(id);
        let holders: Vec<_> = self.ids.matching(id_hash).collect();
        for holder in holders {
            let Some((hash, kind, name)) = self.holder(to, id.as_u128(), holder) else { continue };
            let stage = self.stage(to, hash, kind, &name);
            if let Some(at) = stage.entries.iter().position(|entry| entry.id == id.as_u128()) {
                let entry = stage.entries.swap_remove(at);
                stage.left.push(entry);
                self.ids.remove(id_hash, holder);
                return;
            }
        }
    }

    /// The holder of this grant, among those whose hash has this upper half: as staged, or otherwise as linked.
    fn holder(&self, to: &Published, id: u128, holder: u32) -> Option<(u64, PrincipalKind, Vec<u8>)> {
        let mut stages = self.stages.iter().filter(|stage| upper(stage.hash) == holder);
        if let Some(stage) = stages.find(|stage| stage.entries.iter().any(|entry| entry.id == id)) {
            return Some((stage.hash, stage.kind, stage.name.to_vec()));
        }
        let mut linked = to.current()?.near(holder).map(|line| Block::at(to.memory.arena.run(line)));
        let (kind, name) = linked.find(|block| block.has(id))?.holder();
        Some((to.memory.keys.principal(kind, &name), kind, name))
    }

    fn stage(&mut self, to: &Published, hash: u64, kind: PrincipalKind, name: &[u8]) -> &mut Stage {
        let mut known = self.staged.get(&hash).copied();
        while let Some(stage) = known.and_then(|at| self.stages.get(at)) {
            if stage.kind == kind && *stage.name == *name {
                break;
            }
            known = stage.before;
        }
        let at = known.unwrap_or_else(|| {
            let is_it = |line: u32| Block::of(to.memory.arena.run(line), kind, name).map(|_| line);
            let was = to.current().and_then(|table| table.find(hash, is_it));
            let block = was.map(|line| Block::at(to.memory.arena.run(line)));
            let entries = block.iter().flat_map(Block::entries).collect();
            let texts = block.iter().flat_map(Block::texts).collect();
            let before = self.staged.insert(hash, self.stages.len());
            self.stages.push(Stage { hash, kind, name: name.into(), was, entries, texts, left: Vec::new(), before });
            self.stages.len() - 1
        });
        // INVARIANT: a value in `staged` is an index into `stages`; both are emptied together.
        #[expect(clippy::indexing_slicing, reason = "see the invariant")]
        &mut self.stages[at]
    }

    /// Links what was staged.
    fn link(&mut self, to: &Published) {
        let new = self.stages.iter().filter(|stage| stage.was.is_none() && !stage.entries.is_empty()).count();
        self.make_room(to, new);
        self.staged.clear();
        let Some(table) = to.current() else { return };
        let mut left = Vec::new();
        for mut stage in std::mem::take(&mut self.stages) {
            if stage.left.is_empty() && stage.was.is_some_and(|was| stage.entries.len() == count(to, was)) {
                continue;
            }
            let holder = (stage.kind, &*stage.name);
            let now = (!stage.entries.is_empty()).then(|| self.write(to, holder, &mut stage.entries, &stage.texts));
            match (stage.was, now) {
                (Some(was), Some(now)) => table.relink(stage.hash, was, now),
                (None, Some(now)) => {
                    self.used += usize::from(!table.link(stage.hash, now));
                    self.principals += 1;
                }
                (Some(was), None) => {
                    self.used -= usize::from(!table.unlink(stage.hash, was));
                    self.principals -= 1;
                }
                (None, None) => {}
            }
            if let Some(was) = stage.was {
                self.allocator.retire(was, Block::at(to.memory.arena.run(was)).words());
            }
            left.append(&mut stage.left);
        }
        for entry in left {
            self.let_go(to, &entry);
        }
    }

    fn write(&mut self, to: &Published, holder: (PrincipalKind, &[u8]), entries: &mut [Entry], texts: &[u64]) -> u32 {
        block::lay_out(entries, texts, &mut self.words);
        let size = block::size(holder.1.len(), entries.len(), self.words.len());
        let line = self.allocator.take(&to.memory.arena, size, || to.raise());
        block::write(to.memory.arena.run(line), holder, entries, &self.words);
        line
    }

    /// Makes room for this number of additional principals.
    fn make_room(&mut self, to: &Published, new: usize) {
        let Some(table) = to.current() else { return };
        if self.used + new <= Table::room(table.bits()) {
            return;
        }
        let (number, next) = to.table_to_fill(Table::bits_for(self.principals + new));
        let Some(next) = next else { return };
        for line in table.blocks() {
            let (kind, name) = Block::at(to.memory.arena.run(line)).holder();
            next.link(to.memory.keys.principal(kind, &name), line);
        }
        to.switch(number);
        self.used = self.principals;
    }

    /// Puts these grants in the place of all others. Readers see either all of the old or all of the new.
    pub(super) fn replace<'a>(&mut self, to: &Published, grants: impl Iterator<Item = impl Into<IndexedGrant<'a>>>) {
        let old: Vec<u32> = to.current().map(|table| table.blocks().collect()).unwrap_or_default();
        // Grants with the same set share its memory, and this map finds it faster than its content.
        let mut known = KnownSets::default();
        let mut loaded = Loaded::of(&to.memory.keys, grants, |set| self.set(to, set, Some(&mut known)));
        for entry in std::mem::take(&mut loaded.left_out) {
            self.let_go(to, &entry);
        }
        self.ids = Lookup::of(&std::mem::take(&mut loaded.ids));
        let chains = loaded.chains();
        let (number, table) = to.table_to_fill(Table::bits_for(chains.count));
        let Some(table) = table else { return };
        let (mut same, mut entries) = (Vec::<&Record>::new(), Vec::new());
        let mut blocks = Vec::with_capacity(chains.count);
        // Blocks are written in the order of the grants, because grants are most of the memory that is read, and linked
        // at the end, so that many random reads overlap.
        for chain in chains.all() {
            same.extend(chain.filter_map(|place| loaded.record(place)));
            // Half a hash may be that of several principals.
            while let Some(first) = same.first().copied() {
                let holder = loaded.holder(first);
                let own = same.extract_if(.., |other| loaded.holder(other) == holder);
                entries.clear();
                entries.extend(own.map(Record::entry));
                blocks.push((first.hash(), self.write(to, holder, &mut entries, loaded.texts())));
            }
        }
        for (hash, line) in &blocks {
            table.link(*hash, *line);
        }
        self.principals = blocks.len();
        self.used = self.principals;
        to.switch(number);
        for line in old {
            let block = Block::at(to.memory.arena.run(line));
            self.allocator.retire(line, block.words());
            for entry in block.entries() {
                self.let_go(to, &entry);
            }
        }
    }

    fn set(&mut self, to: &Published, set: &PermissionSet, known: Option<&mut KnownSets>) -> SetWords {
        let place = (set.allowed().as_ptr() as usize, set.excepted().as_ptr() as usize);
        if let Some(words) = known.as_ref().and_then(|known| known.get(&place)) {
            line_of(*words).into_iter().for_each(|line| Runs::share(&to.memory.arena, line));
            return *words;
        }
        let words = self.numbers(to, set).unwrap_or_else(|| self.written(to, set));
        if let Some(known) = known {
            known.insert(place, words);
        }
        words
    }

    fn numbers(&mut self, to: &Published, set: &PermissionSet) -> Option<SetWords> {
        let memory = (&to.memory.arena, &mut self.allocator);
        let permissions = set.excepted().is_empty().then(|| set.allowed().iter())?;
        self.numbering.words(&to.memory.names, &to.memory.keys, memory, permissions, || to.raise())
    }

    fn written(&mut self, to: &Published, set: &PermissionSet) -> SetWords {
        permissions::encode(&to.memory.keys, set, &mut self.words);
        written(self.sets.intern(&to.memory.keys, &to.memory.arena, &mut self.allocator, &self.words, || to.raise()))
    }

    fn let_go(&mut self, to: &Published, entry: &Entry) {
        if let Some(line) = line_of(entry.set) {
            self.sets.release(&to.memory.keys, &to.memory.arena, &mut self.allocator, line);
        }
    }
}

/// The words of sets by the address of the set, for as long as the grants are borrowed.
type KnownSets = HashMap<(usize, usize), SetWords, RandomState>;

fn hash_of(to: &Published, principal: &Principal) -> u64 {
    to.memory.keys.principal(principal.kind(), principal.id().as_bytes())
}

fn count(to: &Published, line: u32) -> usize {
    Block::at(to.memory.arena.run(line)).entries().len()
}
