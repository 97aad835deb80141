//! Sets of permissions that are written out, each once, however many grants have it.
//!
//! INVARIANT: a run that a linked block refers to has the same words for as long as the block is linked. Runs are
//! counted; the last reference is released after its block was unlinked.

use super::arena::{Allocator, Arena, Run};
use super::hash::Keys;
use super::lookup::Lookup;

/// Where the content of a shared run begins: before it are the count, which only the writer reads, and the length.
pub(super) const CONTENT: usize = 2;

/// The shared runs, by content.
#[derive(Debug, Default)]
pub(super) struct Runs {
    by_content: Lookup,
}

impl Runs {
    /// The run with this content, for one user more.
    pub(super) fn intern(
        &mut self,
        keys: &Keys,
        arena: &Arena,
        allocator: &mut Allocator,
        content: &[u64],
        raise: impl FnOnce(),
    ) -> u32 {
        let hash = keys.words(content);
        let known = self.by_content.matching(hash).find(|run| holds(arena.run(*run), content));
        if let Some(line) = known {
            let run = arena.run(line);
            run.set(0, run.word(0) + 1);
            return line;
        }
        let line = allocator.take(arena, CONTENT + content.len(), raise);
        let run = arena.run(line);
        run.set(0, 1);
        run.set(1, content.len() as u64);
        for (at, word) in content.iter().enumerate() {
            run.set(CONTENT + at, *word);
        }
        self.by_content.insert(hash, line);
        line
    }

    /// One user more of a run.
    pub(super) fn share(arena: &Arena, line: u32) {
        let run = arena.run(line);
        run.set(0, run.word(0) + 1);
    }

    /// One user less of a run, and the block of that user is not linked any more.
    pub(super) fn release(&mut self, keys: &Keys, arena: &Arena, allocator: &mut Allocator, line: u32) {
        let run = arena.run(line);
        let users = run.word(0) - 1;
        run.set(0, users);
        if users == 0 {
            let content: Vec<_> = (0..length(run)).map(|at| run.word(CONTENT + at)).collect();
            self.by_content.remove(keys.words(&content), line);
            allocator.retire(line, CONTENT + content.len());
        }
    }

    pub(super) const fn bytes(&self) -> usize {
        self.by_content.bytes()
    }
}

fn length(run: Run<'_>) -> usize {
    usize::try_from(run.word(1)).unwrap_or(usize::MAX)
}

fn holds(run: Run<'_>, content: &[u64]) -> bool {
    length(run) == content.len() && content.iter().enumerate().all(|(at, word)| run.word(CONTENT + at) == *word)
}
