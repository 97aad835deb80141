//! The block of one principal: its name and its grants, side by side in one run of words.
//!
//! | word | meaning |
//! |---|---|
//! | 0 | how many grants (32 bits), the length of the name (16), the kind of principal (8) |
//! | then | the name |
//! | then, for each grant | start, end, scope, id (two words), set of permissions (two words, see `names`) |
//! | then | the texts of the scopes, each once |
//!
//! The grants are in the order of scope, then set, then the latest end first, then id. A principal with a few grants is
//! read from end to end; among many, those with a scope that covers the resource are found by binary search, and of each
//! set of permissions only as many are read as have ended or not begun.

use super::IndexedGrant;
use super::arena::{Run, load};
use super::atomic::AtomicU64;
use super::memory::Memory;
use super::names::{Number, SetWords, Wanted, line_of};
use super::permissions;
use super::scope::{self, Reach};
use super::text;
use crate::model::{PrincipalKind, RawQuery, Timestamp};

/// How many grants are read from end to end.
const FEW: usize = 32;
/// How many words a grant takes.
const ENTRY: usize = 7;

/// A grant as the index knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) set: SetWords,
    /// The word of its scope, whose text is among those that come with the entries.
    pub(super) scope: u64,
    pub(super) id: u128,
}

impl Entry {
    pub(super) const fn of(grant: &IndexedGrant<'_>, set: SetWords, scope: u64) -> Self {
        let (start, end) = (grant.window.start().millis().unsigned_abs(), grant.window.end().millis().unsigned_abs());
        Self { start, end, set, scope, id: grant.id.as_u128() }
    }

    /// Its sort key.
    fn order<'a>(&self, texts: &'a [u64]) -> ((u64, &'a [u64]), SetWords, u64, u128) {
        (scope::order(self.scope, texts), self.set, u64::MAX - self.end, self.id)
    }
}

/// Puts the entries in the order of a block, and their texts in the same one, each once.
pub(super) fn lay_out(entries: &mut [Entry], texts: &[u64], own: &mut Vec<u64>) {
    entries.sort_unstable_by(|one, other| one.order(texts).cmp(&other.order(texts)));
    own.clear();
    let mut before: (&[u64], usize) = (&[], 0);
    for entry in entries.iter_mut().filter(|entry| scope::place_of(entry.scope).is_some()) {
        let text = scope::text_of(entry.scope, texts);
        if text != before.0 {
            before = (text, own.len());
            own.extend_from_slice(text);
        }
        entry.scope = scope::moved(entry.scope, before.1);
    }
}

/// How many words a block takes.
pub(super) const fn size(name: usize, entries: usize, texts: usize) -> usize {
    1 + text::words(name) + ENTRY * entries + texts
}

/// Writes a block, laid out, to a run that no reader can reach.
pub(super) fn write(run: Run<'_>, (kind, name): (PrincipalKind, &[u8]), entries: &[Entry], texts: &[u64]) {
    let mut at = 0;
    let mut put = |word| {
        run.set(at, word);
        at += 1;
    };
    put((entries.len() as u64) << 32 | head(kind, name.len()));
    text::of(name).for_each(&mut put);
    for entry in entries {
        let [high, low] = halves(entry.id);
        let [one, two] = entry.set;
        [entry.start, entry.end, entry.scope, high, low, one, two].into_iter().for_each(&mut put);
    }
    texts.iter().copied().for_each(put);
}

#[expect(clippy::cast_possible_truncation, reason = "each half is taken on purpose")]
pub(super) const fn halves(id: u128) -> [u64; 2] {
    [(id >> 64) as u64, id as u64]
}

const fn head(kind: PrincipalKind, len: usize) -> u64 {
    (len as u64) << 8 | kind as u64
}

/// A block to read.
#[derive(Clone, Copy)]
pub(super) struct Block<'a> {
    run: Run<'a>,
    first: usize,
    /// A late reader may have read any number here: it must not lead out of the run.
    count: usize,
}

impl<'a> Block<'a> {
    /// The block in this run.
    #[inline]
    pub(super) fn at(run: Run<'a>) -> Self {
        let head = run.word(0);
        Self::headed(run, head, (head >> 8) as usize & 0xFFFF)
    }

    #[inline]
    const fn headed(run: Run<'a>, head: u64, name: usize) -> Self {
        Self { run, first: 1 + text::words(name), count: (head >> 32) as usize }
    }

    /// The block in this run, if it is that of the principal of this kind and name: all of the name is compared.
    #[inline]
    pub(super) fn of(run: Run<'a>, kind: PrincipalKind, name: &[u8]) -> Option<Self> {
        let found = run.word(0);
        let is_it = found & 0xFFFF_FFFF == head(kind, name.len()) && text::is(run, 1, name);
        is_it.then(|| Self::headed(run, found, name.len()))
    }

    /// The holder.
    pub(super) fn holder(&self) -> (PrincipalKind, Vec<u8>) {
        let head = self.run.word(0);
        let kind = if head & 0xFF == PrincipalKind::User as u64 { PrincipalKind::User } else { PrincipalKind::Agent };
        (kind, text::read(self.run, 1, (head >> 8) as usize & 0xFFFF))
    }

    pub(super) fn words(&self) -> usize {
        // Texts are in the order of the entries, and entries without a text come before those with one.
        let last = self.count.checked_sub(1).map(|n| self.run.word(self.entry(n) + 2));
        let last = last.and_then(scope::place_of).map(|place| self.texts_from() + place);
        last.map_or(self.texts_from(), |at| at + scope::words(self.run.word(at)))
    }

    /// Where the texts of the scopes begin.
    #[inline]
    const fn texts_from(&self) -> usize {
        self.entry(self.count)
    }

    /// The texts of the scopes.
    pub(super) fn texts(&self) -> impl Iterator<Item = u64> {
        (self.texts_from()..self.words()).map(|at| self.run.word(at))
    }

    pub(super) fn entries(&self) -> impl ExactSizeIterator<Item = Entry> {
        (0..self.count).map(|n| {
            let at = self.entry(n);
            Entry {
                start: self.run.word(at),
                end: self.run.word(at + 1),
                set: self.set(at),
                scope: self.run.word(at + 2),
                id: self.id(at),
            }
        })
    }

    pub(super) fn has(&self, id: u128) -> bool {
        (0..self.count).any(|n| self.id(self.entry(n)) == id)
    }

    /// The grants of a block with a few.
    #[inline]
    fn few(&self) -> &'a [AtomicU64] {
        self.run.words(self.first, self.count.wrapping_mul(ENTRY))
    }

    #[inline]
    const fn entry(&self, n: usize) -> usize {
        self.first.wrapping_add(n.wrapping_mul(ENTRY))
    }

    #[inline]
    fn set(&self, at: usize) -> SetWords {
        [self.run.word(at + 5), self.run.word(at + 6)]
    }

    #[inline]
    fn id(&self, at: usize) -> u128 {
        u128::from(self.run.word(at + 3)) << 64 | u128::from(self.run.word(at + 4))
    }
}

/// The result of a question for a principal's grants.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    /// The end of the grant that permits it: of the grant that ends last, the smallest id among equals. No grant ends
    /// at 0.
    end: u64,
    /// Its id, in two halves.
    id: [u64; 2],
    /// When the first grant begins that will permit it, if none does now; [`NEVER`] when none will.
    begins: u64,
}

const NEVER: u64 = u64::MAX;

impl Answer {
    /// No grant permits it, now or later.
    pub(super) const NO: Self = Self { end: 0, id: [0; 2], begins: NEVER };

    #[inline]
    fn take(&mut self, end: u64, id: [u64; 2]) {
        if end > self.end || end == self.end && id < self.id {
            (self.end, self.id) = (end, id);
        }
    }

    #[inline]
    fn will(&mut self, start: u64) {
        self.begins = self.begins.min(start);
    }

    /// The end and the id of the grant that permits it.
    #[inline]
    pub(super) fn given(&self) -> Option<(u64, u128)> {
        let [high, low] = self.id;
        (self.end > 0).then(|| (self.end, u128::from(high) << 64 | u128::from(low)))
    }

    /// When the first grant begins that will permit it, if none does now.
    #[inline]
    pub(super) fn begins(&self) -> Option<u64> {
        (self.begins != NEVER).then_some(self.begins)
    }
}

/// Evaluates the question with the grants of this block. The clock is read only when a grant covers it.
#[inline(always)]
pub(super) fn answer(
    block: &Block<'_>,
    memory: &Memory,
    query: &RawQuery<'_>,
    now: &mut (impl FnMut() -> Timestamp + ?Sized),
) -> Answer {
    let action = query.action().as_bytes();
    let number = memory.names.number(&memory.keys, &memory.arena, action);
    let asked = Asked { memory, query, reach: Reach::of(&memory.keys, query) };
    if block.count <= FEW && !memory.names.has_wildcards() {
        return few(block, &asked, &Number::of(number), now);
    }
    // Nothing permits it, and a wildcard does not know.
    if query.is_reserved() {
        return Answer::NO;
    }
    let wanted = memory.names.with_wildcards(&memory.keys, &memory.arena, action, number);
    if block.count <= FEW { few_of_any(block, &asked, &wanted, now) } else { many(block, &asked, &wanted, now) }
}

/// A question, for each of a block's grants.
struct Asked<'a> {
    memory: &'a Memory,
    query: &'a RawQuery<'a>,
    reach: Reach,
}

impl Asked<'_> {
    /// Whether a grant of this scope and this set covers the question, at some time.
    #[inline]
    fn is_covered_by(&self, block: &Block<'_>, scope: u64, set: SetWords, wanted: &impl Wanted) -> bool {
        scope::covers(scope, (block.run, block.texts_from()), self.query)
            && line_of(set).map_or_else(|| wanted.is_in(set), |line| self.is_permitted_by_run(line))
    }

    #[cold]
    fn is_permitted_by_run(&self, line: u32) -> bool {
        let (action, keys) = (self.query.action().as_bytes(), &self.memory.keys);
        !self.query.is_reserved() && permissions::give(self.memory.arena.run(line), action, keys.action(action))
    }
}

#[inline(never)]
fn few_of_any(
    block: &Block<'_>,
    asked: &Asked<'_>,
    wanted: &impl Wanted,
    now: &mut (impl FnMut() -> Timestamp + ?Sized),
) -> Answer {
    few(block, asked, wanted, now)
}

#[inline(always)]
fn few(
    block: &Block<'_>,
    asked: &Asked<'_>,
    wanted: &impl Wanted,
    now: &mut (impl FnMut() -> Timestamp + ?Sized),
) -> Answer {
    let words = block.few();
    let mut these = may_cover(words, &asked.reach, wanted);
    let (mut answer, texts) = (Answer::NO, (block.run, block.texts_from()));
    while these != 0 {
        let at = these.trailing_zeros() as usize * ENTRY;
        these &= these.wrapping_sub(1);
        let entry = words.get(at..).and_then(<[_]>::first_chunk::<ENTRY>);
        let Some([start, end, scope, high, low, one, two]) = entry else { break };
        let covers = scope::covers(load(scope), texts, asked.query);
        if covers && line_of([load(one), load(two)]).is_none_or(|line| asked.is_permitted_by_run(line)) {
            let (start, end, now) = (load(start), load(end), now().millis().unsigned_abs());
            if now < start {
                answer.will(start);
            } else if now < end {
                answer.take(end, [load(high), load(low)]);
            }
        }
    }
    answer
}

/// Which of these grants, at most [`FEW`], may cover the question: one bit for each. The text of the scope, and of a
/// set that is written out, is checked afterwards.
#[inline(never)]
fn may_cover(mut words: &[AtomicU64], reach: &Reach, wanted: &impl Wanted) -> u32 {
    let (mut these, mut bit) = (0, 1_u32);
    while let Some(([_, _, scope, _, _, one, two], rest)) = words.split_first_chunk::<ENTRY>() {
        let set = [load(one), load(two)];
        // Neither part can be predicted: no branch.
        let may_cover = reach.may_be_in(load(scope)) & (wanted.is_in(set) | line_of(set).is_some());
        these |= if may_cover { bit } else { 0 };
        bit = bit.wrapping_shl(1);
        words = rest;
    }
    these
}

#[cold]
fn many(
    block: &Block<'_>,
    asked: &Asked<'_>,
    wanted: &impl Wanted,
    now: &mut (impl FnMut() -> Timestamp + ?Sized),
) -> Answer {
    let mut answer = Answer::NO;
    let count = block.count.min(block.run.len().saturating_sub(block.first) / ENTRY);
    let order = |n: usize| {
        let at = block.entry(n);
        (block.run.word(at + 2), block.set(at))
    };
    for (low, high) in asked.reach.ranges() {
        let mut n = first(0, count, |n| order(n).0 >= low);
        while n < count {
            let (scope, set) = order(n);
            if scope > high {
                break;
            }
            let mut rest = n;
            if asked.is_covered_by(block, scope, set, wanted) {
                let now = now().millis().unsigned_abs();
                // Grants with equal scope and set are sorted with the latest end first: after the first that permits it
                // or has ended, no other matters.
                while rest < count && order(rest) == (scope, set) {
                    let at = block.entry(rest);
                    let (start, end) = (block.run.word(at), block.run.word(at + 1));
                    if now >= end {
                        break;
                    }
                    if now >= start {
                        answer.take(end, halves(block.id(at)));
                        break;
                    }
                    answer.will(start);
                    rest += 1;
                }
            }
            n = first(rest, count, |n| order(n) > (scope, set));
        }
    }
    answer
}

/// The first place from `low` to `high` where this holds, given that it holds everywhere after it.
fn first(mut low: usize, mut high: usize, holds: impl Fn(usize) -> bool) -> usize {
    while low < high {
        let middle = low.midpoint(high);
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}
