//! The memory that readers read: it only ever contains words, so that a late reader reads stale words and nothing
//! worse.
//!
//! Memory is allocated in runs of cache lines and is never returned to the system while the index lives. A run is named
//! by a 32-bit line number; line 0 is never allocated and means none.

use std::sync::OnceLock;

use super::atomic::{AtomicU64, Ordering};
use super::pages::Pages;

/// How many words a cache line has.
pub(super) const WORDS: usize = 8;

/// Cache lines of words.
pub(super) struct Lines(Pages);

impl Lines {
    /// This many lines, all zero.
    pub(super) fn new(count: usize) -> Self {
        Self(Pages::zeroed(count * WORDS))
    }

    /// The word at this position.
    #[inline]
    pub(super) fn word(&self, at: usize) -> Option<&AtomicU64> {
        self.0.words().get(at)
    }

    /// All words.
    #[inline]
    pub(super) fn words(&self) -> &[AtomicU64] {
        self.0.words()
    }

    /// How many words there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.words().len()
    }

    /// The words from this line on.
    #[inline]
    fn from(&self, line: usize) -> &[AtomicU64] {
        self.0.words().get(line.wrapping_mul(WORDS)..).unwrap_or_default()
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.0.words())
    }
}

/// Chunks of growing size, four of a size before the size doubles, so that at most a fifth is unused.
pub(super) struct Arena {
    chunks: [OnceLock<Lines>; CHUNKS],
}

/// The first chunks have two to the power of this many lines; the last ones have as many as a line number can address.
const SMALLEST: u32 = if cfg!(loom) { 2 } else { 6 };
const LARGEST: u32 = 25;
const CHUNKS: usize = 1 << (32 - LARGEST);

/// The chunk of a line, and its place there.
#[inline]
const fn place(line: u32) -> (usize, usize) {
    ((line >> LARGEST) as usize, (line & ((1 << LARGEST) - 1)) as usize)
}

/// The name of the line at this place of this chunk.
#[expect(clippy::cast_possible_truncation, reason = "both parts of a name fit it")]
const fn name(chunk: usize, at: usize) -> u32 {
    (chunk << LARGEST | at) as u32
}

/// How many lines a chunk has.
fn size_of_chunk(chunk: usize) -> usize {
    let doublings = u32::try_from(chunk / 4).unwrap_or(u32::MAX);
    1 << SMALLEST.saturating_add(doublings).min(LARGEST)
}

impl Default for Arena {
    fn default() -> Self {
        Self { chunks: [const { OnceLock::new() }; CHUNKS] }
    }
}

impl Arena {
    /// The run that starts at this line, and everything after it in its chunk. Empty when there is no such line.
    #[inline]
    pub(super) fn run(&self, line: u32) -> Run<'_> {
        let (chunk, at) = place(line);
        let chunk = self.chunks.get(chunk).and_then(OnceLock::get);
        Run(chunk.map_or(&[], |lines| lines.from(at)))
    }

    /// Its size in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.chunks.iter().filter_map(OnceLock::get).map(Lines::bytes).sum()
    }
}

/// Words to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run<'a>(&'a [AtomicU64]);

impl<'a> Run<'a> {
    /// The word at this position; zero past the end, which only a late reader reads.
    #[inline]
    pub(super) fn word(&self, at: usize) -> u64 {
        self.0.get(at).map_or(0, load)
    }

    /// How many words can be read.
    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// This number of words from this position, if there are as many.
    #[inline]
    pub(super) fn exactly(&self, at: usize, count: usize) -> Option<&'a [AtomicU64]> {
        self.0.get(at..)?.get(..count)
    }

    /// This many words from this position; none when there are fewer.
    #[inline]
    pub(super) fn words(&self, at: usize, count: usize) -> &'a [AtomicU64] {
        self.exactly(at, count).unwrap_or_default()
    }

    /// Has the processor fetch a line that will be wanted soon.
    #[inline]
    pub(super) fn fetch(&self, line: usize) {
        std::hint::black_box(self.word(line.wrapping_mul(WORDS)));
    }

    /// Writes a word. Only for the writer, and only in a run that no reader can reach.
    pub(super) fn set(&self, at: usize, value: u64) {
        if let Some(word) = self.0.get(at) {
            word.store(value, Ordering::Relaxed);
        }
    }
}

/// Reads a word that is not written while it can be reached.
#[inline]
pub(super) fn load(word: &AtomicU64) -> u64 {
    word.load(Ordering::Relaxed)
}

/// The writer's state of the arena: which runs are free.
#[derive(Debug)]
pub(super) struct Allocator {
    /// The chunk and the place of the line that is handed out next.
    next: (usize, usize),
    free: Vec<Vec<u32>>,
    /// Runs that readers of the current epoch may still be reading.
    limbo: Vec<(u32, u8)>,
}

/// How many runs wait before the epoch is raised for them: raising it makes readers on their way start over.
const LIMBO: usize = if cfg!(loom) { 1 } else { 64 };

impl Default for Allocator {
    fn default() -> Self {
        Self { next: (0, 1), free: Vec::new(), limbo: Vec::new() }
    }
}

impl Allocator {
    /// A run of at least this many words, which no reader can reach. Calls `raise` when that needs a new epoch.
    pub(super) fn take(&mut self, arena: &Arena, words: usize, raise: impl FnOnce()) -> u32 {
        let class = class_of(words.div_ceil(WORDS));
        if let Some(run) = self.free.get_mut(class).and_then(Vec::pop) {
            return run;
        }
        if self.limbo.len() >= LIMBO {
            raise();
            for (run, class) in std::mem::take(&mut self.limbo) {
                self.put_free(run, class.into());
            }
            if let Some(run) = self.free.get_mut(class).and_then(Vec::pop) {
                return run;
            }
        }
        self.extend(arena, class)
    }

    /// Frees a run of this many words that no *new* reader can reach.
    pub(super) fn retire(&mut self, run: u32, words: usize) {
        #[expect(clippy::cast_possible_truncation, reason = "there are fewer than 128 classes")]
        self.limbo.push((run, class_of(words.div_ceil(WORDS)) as u8));
    }

    fn put_free(&mut self, run: u32, class: usize) {
        if self.free.len() <= class {
            self.free.resize_with(class + 1, Vec::new);
        }
        if let Some(free) = self.free.get_mut(class) {
            free.push(run);
        }
    }

    fn extend(&mut self, arena: &Arena, class: usize) -> u32 {
        let wanted = size_of_class(class);
        loop {
            let (number, at) = self.next;
            #[expect(clippy::expect_used, reason = "the chunks hold 100 GiB: memory is exhausted long before")]
            let chunk = arena.chunks.get(number).expect("the index holds less than 100 GiB");
            let size = size_of_chunk(number);
            let run = name(number, at);
            let left = size - at;
            // A chunk that is too small for its first run is never made.
            if wanted <= left {
                chunk.get_or_init(|| Lines::new(size));
                self.next = (number, at + wanted);
                return run;
            }
            if chunk.get().is_some() {
                self.spread(run, left);
            }
            self.next = (number + 1, 0);
        }
    }

    /// Makes free runs of the lines that are left at the end of a chunk.
    fn spread(&mut self, mut run: u32, mut left: usize) {
        while left > 0 {
            let mut class = class_of(left);
            if size_of_class(class) > left {
                class -= 1;
            }
            self.put_free(run, class);
            let size = size_of_class(class);
            left -= size;
            run = run.saturating_add(u32::try_from(size).unwrap_or(u32::MAX));
        }
    }
}

/// Sizes of runs: 1 to 8 lines, then four to a doubling.
fn class_of(lines: usize) -> usize {
    if lines <= 8 {
        return lines.max(1) - 1;
    }
    let quarter = (lines - 1).ilog2() - 2;
    (quarter as usize) * 4 + ((lines - 1) >> quarter)
}

fn size_of_class(class: usize) -> usize {
    if class < 8 { class + 1 } else { (class % 4 + 5) << (class / 4 - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_holds_what_is_asked_of_it() {
        for lines in 1..100_000 {
            let class = class_of(lines);
            assert!(size_of_class(class) >= lines, "{lines}");
            assert!(class == 0 || size_of_class(class - 1) < lines, "{lines}");
        }
    }

    #[test]
    fn runs_do_not_overlap() {
        let (arena, mut allocator) = (Arena::default(), Allocator::default());
        let mut taken: Vec<(u32, usize)> = Vec::new();
        for n in 0..3_000_usize {
            let words = (n * 7_919) % 900 + 1;
            let run = allocator.take(&arena, words, || ());
            assert!(arena.run(run).len() >= words);
            taken.push((run, size_of_class(class_of(words.div_ceil(WORDS)))));
        }
        taken.sort_unstable();
        assert!(taken.windows(2).all(|pair| pair[0].0 as usize + pair[0].1 <= pair[1].0 as usize));
        assert!(taken[0].0 > 0);
    }

    #[test]
    fn a_freed_run_is_used_again_once_enough_are_free() {
        let (arena, mut allocator, mut raised) = (Arena::default(), Allocator::default(), 0);
        let runs: Vec<u32> = (0..64).map(|_| allocator.take(&arena, 1, || raised += 1)).collect();
        let (last, others) = runs.split_last().unwrap();
        others.iter().for_each(|run| allocator.retire(*run, 1));
        let new = allocator.take(&arena, 1, || raised += 1);
        assert!(raised == 0 && !runs.contains(&new), "readers may still read the free ones");
        allocator.retire(*last, 1);
        let again: Vec<u32> = (0..64).map(|_| allocator.take(&arena, WORDS, || raised += 1)).collect();
        assert!(raised == 1 && again.iter().all(|run| runs.contains(run)), "{again:?}");
        assert_eq!(again.iter().collect::<std::collections::BTreeSet<_>>().len(), 64, "each once");
        let larger = allocator.take(&arena, WORDS + 1, || raised += 1);
        assert!(raised == 1 && !runs.contains(&larger));
    }

    #[test]
    fn what_is_left_of_a_chunk_is_used() {
        let (arena, mut allocator) = (Arena::default(), Allocator::default());
        let mut take = |lines: usize| allocator.take(&arena, lines * WORDS, || ());
        assert_eq!(take(1), 1);
        // The first chunk has 62 lines left: 56 and 6.
        let next = name(1, 0);
        assert_eq!([take(64), take(56), take(6)], [next, 2, 58]);
        assert_eq!(arena.bytes(), 2 * 64 * 64);
        // All of the second one was taken. What is too large for the next chunks does not make them.
        assert_eq!(take(256), name(8, 0));
        assert_eq!(arena.bytes(), (2 * 64 + 256) * 64);
        assert_eq!(arena.run(name(8, 255)).len(), WORDS);
        assert_eq!(arena.run(name(2, 0)).len(), 0);
    }

    #[test]
    fn chunks_double_every_fourth_time() {
        let sizes = [0, 3, 4, 7, 8, 75, 76, 79, 80, 127].map(size_of_chunk);
        assert_eq!(sizes, [64, 64, 128, 128, 256, 1 << 24, 1 << 25, 1 << 25, 1 << 25, 1 << 25]);
        assert_eq!([place(5), place(name(3, 17)), place(u32::MAX)], [(0, 5), (3, 17), (127, (1 << 25) - 1)]);
    }
}
