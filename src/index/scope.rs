//! Whether a scope covers a resource. A scope is one word, with its text in words beside it.
//!
//! The scope of everything is 0. For any other scope the word is the top bit, 31 bits of hash, and the position of its
//! text among the texts. The hash is that of one resource: the checked resource or its parent must be that resource. A
//! scope of a whole kind is hashed as a resource of that kind with an empty id, which no resource has. The text
//! contains the whole scope:
//!
//! | bits of the text's first word | meaning |
//! |---|---|
//! | 0 to 7, 8 to 19 | the lengths of the kind and of the id of the resource |
//! | 20 to 27, 28 to 39 | the same of another resource that must be the resource or its parent too; 0 for none |
//! | 40 to 47 | the length of the required kind; 0 for any |
//!
//! Then these texts follow in this order.

use wide::u32x4;

use super::arena::Run;
use super::hash::{self, Keys};
use super::text;
use crate::model::{RawQuery, ResourceId, Scope};

/// The kind and the id of a thing.
type Thing<'a> = (&'a [u8], &'a [u8]);

pub(super) const ANY: u64 = 0;
const ONE: u64 = 1 << 63;

/// The upper half of the word of a single resource.
#[inline]
fn tag(keys: &Keys, kind: u64, id: &[u8]) -> u32 {
    hash::upper(ONE | keys.thing(kind, id))
}

/// The word of a scope. Its text, if it has one, is appended to the texts.
pub(super) fn encode(keys: &Keys, scope: &Scope, texts: &mut Vec<u64>) -> u64 {
    fn bytes(thing: &ResourceId) -> Thing<'_> {
        (thing.kind().name().as_bytes(), thing.id().as_bytes())
    }
    let mut things = scope.things().map(bytes);
    let kind = scope.kind().map(|kind| kind.name().as_bytes());
    let (first, kind) = match (things.next(), kind) {
        (None, None) => return ANY,
        (None, Some(kind)) => ((kind, [].as_slice()), [].as_slice()),
        (Some(first), kind) => (first, kind.unwrap_or_default()),
    };
    let second = things.next().unwrap_or_default();
    let place = texts.len();
    texts.push(head(first) | head(second) << 20 | (kind.len() as u64) << 40);
    for text in [first.0, first.1, second.0, second.1, kind] {
        text::push(texts, text);
    }
    moved(u64::from(tag(keys, hash::kind(first.0), first.1)) << 32, place)
}

/// Where the text of the scope with this word begins, if it has one.
#[inline]
pub(super) const fn place_of(scope: u64) -> Option<usize> {
    if scope & ONE == 0 { None } else { Some((scope & 0xFFFF_FFFF) as usize) }
}

/// The word of a scope after its text has moved to this place.
#[inline]
pub(super) fn moved(scope: u64, place: usize) -> u64 {
    // The index never has this many words.
    scope >> 32 << 32 | u64::from(u32::try_from(place).unwrap_or(u32::MAX))
}

/// The number of words of a text with this first word.
pub(super) const fn words(first: u64) -> usize {
    1 + thing_words(first) + thing_words(first >> 20) + text::words((first >> 40) as usize & 0xFF)
}

/// The number of words of a resource with these lengths.
#[inline]
const fn thing_words(head: u64) -> usize {
    text::words(head as usize & 0xFF) + text::words((head >> 8) as usize & 0xFFF)
}

/// The text of the scope with this word, if it has one.
pub(super) fn text_of(scope: u64, texts: &[u64]) -> &[u64] {
    let text = place_of(scope).and_then(|place| texts.get(place..)).unwrap_or_default();
    text.first().and_then(|first| text.get(..words(*first))).unwrap_or_default()
}

/// The sort key of the scope with this word, wherever its text is.
pub(super) fn order(scope: u64, texts: &[u64]) -> (u64, &[u64]) {
    (if place_of(scope).is_some() { moved(scope, 0) } else { scope }, text_of(scope, texts))
}

/// The lengths of a thing.
#[inline]
const fn head((kind, id): Thing<'_>) -> u64 {
    kind.len() as u64 | (id.len() as u64) << 8
}

const HEAD: u64 = (1 << 20) - 1;

/// The tags of the scopes that may cover the resource of a query: those of its kind, of itself, of its parent, and of
/// everything.
pub(super) struct Reach(u32x4);

/// No scope has this tag; it is used when there is no parent.
const NONE: u32 = u32::MAX >> 1;

impl Reach {
    #[inline]
    pub(super) fn of(keys: &Keys, query: &RawQuery<'_>) -> Self {
        let kind = hash::kind(query.resource_kind().as_bytes());
        let parent = |(kind, id): (&str, &str)| tag(keys, hash::kind(kind.as_bytes()), id.as_bytes());
        let parent = query.parent().map_or(NONE, parent);
        let thing = tag(keys, kind, query.resource_id().as_bytes());
        Self(u32x4::new([tag(keys, kind, &[]), thing, parent, hash::upper(ANY)]))
    }

    /// Whether the scope with this word may cover it.
    #[inline]
    pub(super) fn may_be_in(&self, scope: u64) -> bool {
        u32x4::splat(hash::upper(scope)).simd_eq(self.0).any()
    }

    /// The first and last words of the disjoint ranges that can cover it.
    pub(super) fn ranges(&self) -> [(u64, u64); 4] {
        const NOWHERE: (u64, u64) = (1, 0);
        let mut before = NONE;
        let mut tags = self.0.to_array();
        tags.sort_unstable();
        tags.map(|tag| match std::mem::replace(&mut before, tag) {
            before if before == tag || tag == NONE => NOWHERE,
            _ if tag == hash::upper(ANY) => (ANY, ANY),
            _ => (u64::from(tag) << 32, u64::from(tag) << 32 | 0xFFFF_FFFF),
        })
    }
}

/// Whether the scope with this word covers the resource of the query. The texts begin at this place of the run.
#[inline]
pub(super) fn covers(scope: u64, texts: (Run<'_>, usize), query: &RawQuery<'_>) -> bool {
    scope == ANY || is_written(scope, texts, query)
}

/// Whether the text of this scope is that of the resource or of its parent.
#[inline(never)]
fn is_written(scope: u64, (run, texts): (Run<'_>, usize), query: &RawQuery<'_>) -> bool {
    let at = texts.wrapping_add((scope & 0xFFFF_FFFF) as usize);
    let (first, at) = (run.word(at), at.wrapping_add(1));
    (is_one(first, run, at, query) || is_at(first, run, at, (query.resource_kind(), "")))
        && (first >> 20 == 0 || is_rest(first, run, at.wrapping_add(thing_words(first)), query))
}

/// Whether the thing that begins here is the resource or its parent.
#[inline]
fn is_one(head: u64, run: Run<'_>, at: usize, query: &RawQuery<'_>) -> bool {
    is_at(head, run, at, (query.resource_kind(), query.resource_id()))
        || query.parent().is_some_and(|parent| is_at(head, run, at, parent))
}

#[cold]
fn is_rest(first: u64, run: Run<'_>, at: usize, query: &RawQuery<'_>) -> bool {
    let (second, length, kind) = (first >> 20, (first >> 40) as usize & 0xFF, query.resource_kind().as_bytes());
    (second & HEAD == 0 || is_one(second, run, at, query))
        && (length == 0 || length == kind.len() && text::is(run, at.wrapping_add(thing_words(second)), kind))
}

/// Whether this resource, with these lengths, is at this place.
#[inline]
fn is_at(lengths: u64, run: Run<'_>, at: usize, (kind, id): (&str, &str)) -> bool {
    lengths & HEAD == head((kind.as_bytes(), id.as_bytes()))
        && text::is(run, at.wrapping_add(text::words(kind.len())), id.as_bytes())
        && text::is(run, at, kind.as_bytes())
}
