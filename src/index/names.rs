//! Which number has this permission?
//!
//! Grants name a few permissions out of a few thousand. So each permission gets a number of sixteen bits, and a block keeps
//! the numbers of what its grants permit beside the grants: a check finds the numbers that permit its action once, and reads
//! no text of any grant. A number belongs to the whole text: two texts never share one.
//!
//! Permissions come from the roles that an operator writes. They keep their numbers for as long as the index lives. When
//! there are more of them than numbers, sets with one of the others are written out in full (see `permissions`).

use super::arena::{Allocator, Arena, Run};
use super::atomic::{AtomicU64, Ordering};
use super::hash::Keys;
use super::table::Table;
use super::text;
use crate::model::Permission;

/// How many permissions a set may have to be kept as numbers.
const MOST: usize = 8;
/// How many segments the prefix of a wildcard may have to get a number.
const DEEPEST: usize = MOST - 2;
/// Two to the power of this many slots.
const BITS: u32 = if cfg!(loom) { 4 } else { 13 };
/// How many permissions get a number. Tests run out of them.
const NUMBERS: usize = if cfg!(test) { 8 } else { Table::room(BITS) };

/// The permissions of a set as numbers in ascending order, four to a word, padded with zeros; or, when the second word is
/// [`WRITTEN`], the line of the run that holds the set in full.
pub(super) type SetWords = [u64; 2];

/// No four numbers are this word.
const WRITTEN: u64 = u64::MAX;
const PREFIX: u64 = 1 << 32;

/// The words of a set that is written out at this line.
pub(super) const fn written(line: u32) -> SetWords {
    [line as u64, WRITTEN]
}

/// The line of the run of a set that is written out.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the word is a line")]
pub(super) const fn line_of([line, marker]: SetWords) -> Option<u32> {
    if marker == WRITTEN { Some(line as u32) } else { None }
}

/// The numbers, as readers find them.
pub(super) struct Names {
    table: Table,
    /// Bit n is set when a wildcard with a prefix of n bytes has a number; bit 63 stands for that length and all beyond.
    prefixes: AtomicU64,
}

impl Names {
    pub(super) fn new() -> Self {
        Self { table: Table::new(BITS), prefixes: AtomicU64::new(0) }
    }

    /// The numbers of all permissions that permit this action. A reader asks after it has found the block: the numbers in a
    /// block are findable before the block is.
    #[inline]
    pub(super) fn permitting(&self, keys: &Keys, arena: &Arena, action: &[u8]) -> Wanted {
        let mut wanted = Wanted::default();
        wanted.extend(self.number(keys, arena, action, 0));
        let prefixes = self.prefixes.load(Ordering::Relaxed);
        if prefixes != 0 {
            self.extend_with_prefixes(keys, arena, (action, prefixes), &mut wanted);
        }
        wanted
    }

    #[inline(never)]
    fn extend_with_prefixes(&self, keys: &Keys, arena: &Arena, (action, lengths): (&[u8], u64), wanted: &mut Wanted) {
        let ends = action.iter().enumerate().filter(|(_, byte)| is_separator(**byte)).map(|(at, _)| at + 1);
        for prefix in std::iter::once(0).chain(ends).take(DEEPEST + 1).filter_map(|end| action.get(..end)) {
            if lengths & length_bit(prefix.len()) != 0 {
                wanted.extend(self.number(keys, arena, prefix, PREFIX));
            }
        }
    }

    #[inline]
    fn number(&self, keys: &Keys, arena: &Arena, text: &[u8], kind: u64) -> Option<u16> {
        // No filter: most actions that holders ask for have a number.
        self.table.find(spread(keys.action(text)), |line| number_in(arena.run(line), text, kind))
    }

    pub(super) fn bytes(&self) -> usize {
        self.table.bytes()
    }
}

/// The numbers that permit an action, each in all four places of a word.
#[derive(Default)]
pub(super) struct Wanted {
    numbers: [u64; MOST],
    len: usize,
}

const ONES: u64 = 0x0001_0001_0001_0001;
const TOPS: u64 = 0x8000_8000_8000_8000;

impl Wanted {
    #[inline]
    fn extend(&mut self, number: Option<u16>) {
        if let (Some(number), Some(place)) = (number, self.numbers.get_mut(self.len)) {
            *place = u64::from(number) * ONES;
            self.len += 1;
        }
    }

    /// Whether one of them is among the numbers of this set.
    #[inline]
    pub(super) fn is_in(&self, [one, two]: SetWords) -> bool {
        let is_zero_in = |word: u64| word.wrapping_sub(ONES) & !word & TOPS != 0;
        self.numbers.iter().take(self.len).any(|wanted| is_zero_in(one ^ wanted) | is_zero_in(two ^ wanted))
    }
}

/// What the writer knows of the numbers.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    given: usize,
}

impl Numbering {
    /// The set of these permissions as numbers, if it can be: new permissions get theirs.
    pub(super) fn words<'a>(
        &mut self,
        names: &Names,
        keys: &Keys,
        (arena, allocator): (&Arena, &mut Allocator),
        permissions: impl ExactSizeIterator<Item = &'a Permission>,
        mut raise: impl FnMut(),
    ) -> Option<SetWords> {
        if permissions.len() > MOST {
            return None;
        }
        let mut numbers = [0; MOST];
        for (permission, place) in permissions.zip(&mut numbers) {
            *place = self.number(names, keys, (arena, &mut *allocator), permission, &mut raise)?;
        }
        // The zeros, which stand for nothing, come last.
        numbers.sort_unstable_by_key(|number: &u16| number.wrapping_sub(1));
        let mut words = [0; 2];
        for (word, four) in words.iter_mut().zip(numbers.as_chunks::<4>().0) {
            *word = four.iter().rev().fold(0, |word, number| word << 16 | u64::from(*number));
        }
        Some(words)
    }

    fn number(
        &mut self,
        names: &Names,
        keys: &Keys,
        (arena, allocator): (&Arena, &mut Allocator),
        permission: &Permission,
        raise: &mut impl FnMut(),
    ) -> Option<u16> {
        let prefix = permission.wildcard_prefix();
        let (text, kind) = (prefix.unwrap_or(permission.as_str()).as_bytes(), prefix.map_or(0, |_| PREFIX));
        if let Some(number) = names.number(keys, arena, text, kind) {
            return Some(number);
        }
        let is_deep = kind == PREFIX && text.iter().filter(|byte| is_separator(**byte)).count() > DEEPEST;
        if self.given >= NUMBERS || is_deep {
            return None;
        }
        self.given += 1;
        let number = u16::try_from(self.given).ok()?;
        let line = allocator.take(arena, 1 + text::words(text.len()), raise);
        let run = arena.run(line);
        run.set(0, u64::from(number) << 48 | head(text.len(), kind));
        for (word, at) in text::of(text).zip(1..) {
            run.set(at, word);
        }
        if kind == PREFIX {
            let known = names.prefixes.load(Ordering::Relaxed);
            names.prefixes.store(known | length_bit(text.len()), Ordering::Relaxed);
        }
        names.table.link(spread(keys.action(text)), line);
        Some(number)
    }
}

#[inline]
fn number_in(run: Run<'_>, text: &[u8], kind: u64) -> Option<u16> {
    let first = run.word(0);
    let is_it = first & (u64::MAX >> 16) == head(text.len(), kind) && text::is(run, 1, text);
    is_it.then_some((first >> 48) as u16)
}

#[inline]
const fn head(len: usize, kind: u64) -> u64 {
    len as u64 | kind
}

#[inline]
fn length_bit(len: usize) -> u64 {
    1 << len.min(63)
}

#[inline]
const fn is_separator(byte: u8) -> bool {
    matches!(byte, b'.' | b':')
}

/// The hash of an action is good in its upper half only; the table needs both halves.
#[inline]
const fn spread(hash: u64) -> u64 {
    hash ^ hash >> 32
}
