//! The numbers of permissions.
//!
//! Grants name a few permissions out of a few thousand. So each permission gets a 16-bit number, and a block stores the
//! numbers of its grants' permissions beside the grants: a check looks up the numbers that permit its action once, and
//! reads no text of a grant. A number belongs to the whole text: two texts never share one.
//!
//! Permissions come from the operator's roles. They keep their numbers for as long as the index lives. When there are
//! more of them than numbers, sets with one of the others are written out in full (see `permissions`).

use wide::{bytemuck, u16x8};

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

/// No four numbers make this word.
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
    /// Bit n is set when a wildcard with a prefix of n bytes has a number; bit 63 means that length and all longer
    /// ones.
    prefixes: AtomicU64,
}

impl Names {
    pub(super) fn new() -> Self {
        Self { table: Table::new(BITS), prefixes: AtomicU64::new(0) }
    }

    /// The number of the permission for exactly this action. Call it after finding the block: the numbers in a block
    /// can be found before the block can.
    #[inline(never)]
    pub(super) fn number(&self, keys: &Keys, arena: &Arena, action: &[u8]) -> u16 {
        self.number_of(keys, arena, action, 0).unwrap_or(Number::NONE)
    }

    /// Whether a wildcard has a number.
    #[inline]
    pub(super) fn has_wildcards(&self) -> bool {
        self.prefixes.load(Ordering::Relaxed) != 0
    }

    /// The number and those of all wildcards that permit this action.
    #[inline(never)]
    pub(super) fn with_wildcards(&self, keys: &Keys, arena: &Arena, action: &[u8], number: u16) -> Numbers {
        let lengths = self.prefixes.load(Ordering::Relaxed);
        let mut numbers = Numbers { numbers: [Number::of(number); MOST], len: 1 };
        let ends = action.iter().enumerate().filter(|(_, byte)| is_separator(**byte)).map(|(at, _)| at + 1);
        for prefix in std::iter::once(0).chain(ends).take(DEEPEST + 1).filter_map(|end| action.get(..end)) {
            if lengths & length_bit(prefix.len()) != 0 {
                let number = self.number_of(keys, arena, prefix, PREFIX);
                number.into_iter().for_each(|number| numbers.push(Number::of(number)));
            }
        }
        numbers
    }

    #[inline]
    fn number_of(&self, keys: &Keys, arena: &Arena, text: &[u8], kind: u64) -> Option<u16> {
        // No filter: most checked actions of holders have a number.
        self.table.find(spread(keys.action(text)), |line| number_in(arena.run(line), text, kind))
    }

    pub(super) fn bytes(&self) -> usize {
        self.table.bytes()
    }
}

/// What permits an action.
pub(super) trait Wanted {
    /// Whether one of the numbers is in this set. Unknown for a set that is written out.
    fn is_in(&self, set: SetWords) -> bool;
}

/// A number in all eight places of a set.
#[derive(Clone, Copy)]
pub(super) struct Number(u16x8);

impl Number {
    /// In the place of a number: no permission has this one.
    const NONE: u16 = u16::MAX;

    #[inline]
    pub(super) fn of(number: u16) -> Self {
        Self(u16x8::splat(number))
    }
}

impl Wanted for Number {
    #[inline]
    fn is_in(&self, [one, two]: SetWords) -> bool {
        bytemuck::cast::<[u64; 2], u16x8>([one, two]).simd_eq(self.0).any()
    }
}

/// The number of an action, and those of the wildcards over it.
pub(super) struct Numbers {
    numbers: [Number; MOST],
    len: usize,
}

impl Numbers {
    fn push(&mut self, number: Number) {
        if let Some(place) = self.numbers.get_mut(self.len) {
            *place = number;
            self.len += 1;
        }
    }
}

impl Wanted for Numbers {
    #[inline]
    fn is_in(&self, set: SetWords) -> bool {
        self.numbers.iter().take(self.len).any(|number| number.is_in(set))
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
        // The zeros, which mean none, come last.
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
        if let Some(number) = names.number_of(keys, arena, text, kind) {
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
