//! Does this scope reach that thing? The scope as one word, and the text of its id in words beside it.
//!
//! Everything is 0, a kind is a small number, and one thing is the top bit, a bit that says whether it is a
//! server, 30 bits of hash, and the place among the texts where its kind and id begin. A server with only a part of what is
//! in it is a server whose text goes on with that part:
//!
//! | bits of the text's first word | meaning |
//! |---|---|
//! | 0 to 7 | the kind |
//! | 8 to 31 | the length of the id, which follows |
//! | 32 to 39 | of a server: 1 and the kind of its part; 0 for all of it |
//! | 40 to 63 | of a server: 1 and the length of the part's id, which follows; 0 for all of that kind |

use super::arena::Run;
use super::hash::Keys;
use super::text;
use crate::model::{ResourceKind, Scope};

pub(super) const ANY: u64 = 0;
const ONE: u64 = 1 << 63;
const SERVER: u64 = 1 << 62;

/// The word of a whole kind.
pub(super) const fn of_kind(kind: ResourceKind) -> u64 {
    kind as u64 + 1
}

/// The upper half of the word of one thing.
#[inline]
fn tag(keys: &Keys, kind: ResourceKind, id: &[u8]) -> u64 {
    let server = if matches!(kind, ResourceKind::Server) { SERVER } else { 0 };
    (ONE | server | keys.thing(kind, id) & !SERVER) >> 32
}

/// The word of a scope, whose text, if it has one, is appended to the texts.
pub(super) fn encode(keys: &Keys, scope: &Scope, texts: &mut Vec<u64>) -> u64 {
    let (kind, id, part) = match (scope.kind(), scope.id(), scope.server()) {
        (None, _, None) => return ANY,
        (Some(kind), None, None) => return of_kind(kind),
        (Some(kind), Some(id), None) => (kind, id, 0),
        (kind, id, Some(server)) => (ResourceKind::Server, server, part(kind, id.map(str::len))),
    };
    let place = texts.len();
    texts.push(head(kind, id.len()) | part);
    text::push(texts, id.as_bytes());
    if part >> 40 != 0 {
        text::push(texts, scope.id().unwrap_or_default().as_bytes());
    }
    moved(tag(keys, kind, id.as_bytes()) << 32, place)
}

/// Where the text of the scope of this word begins, if it has one.
#[inline]
pub(super) const fn place_of(scope: u64) -> Option<usize> {
    if scope & ONE == 0 { None } else { Some((scope & 0xFFFF_FFFF) as usize) }
}

/// The word of a scope whose text has come to this place.
#[inline]
pub(super) fn moved(scope: u64, place: usize) -> u64 {
    // So many words are more than the index holds.
    scope >> 32 << 32 | u64::from(u32::try_from(place).unwrap_or(u32::MAX))
}

/// How many words a text takes whose first word is this.
pub(super) const fn words(first: u64) -> usize {
    let part = (first >> 40) as usize;
    1 + text::words((first >> 8) as usize & 0xFF_FFFF) + text::words(part.saturating_sub(1))
}

/// The text of the scope of this word, if it has one.
pub(super) fn text_of(scope: u64, texts: &[u64]) -> &[u64] {
    let text = place_of(scope).and_then(|place| texts.get(place..)).unwrap_or_default();
    text.first().and_then(|first| text.get(..words(*first))).unwrap_or_default()
}

/// Where the scope of this word stands among others, wherever their texts lie.
pub(super) fn order(scope: u64, texts: &[u64]) -> (u64, &[u64]) {
    (if place_of(scope).is_some() { moved(scope, 0) } else { scope }, text_of(scope, texts))
}

const fn head(kind: ResourceKind, len: usize) -> u64 {
    (len as u64) << 8 | kind as u64
}

/// The upper half of the first word of a server's run.
fn part(kind: Option<ResourceKind>, len: Option<usize>) -> u64 {
    kind.map_or(0, of_kind) << 32 | len.map_or(0, |len| len as u64 + 1) << 40
}

/// The thing that is asked about.
pub(super) struct Reach<'a> {
    kind: ResourceKind,
    id: &'a [u8],
    /// The server that a scope of a server must name to reach the thing.
    server: Option<&'a [u8]>,
    thing_tag: u64,
    /// Of no scope when there is no such server.
    server_tag: u64,
}

impl<'a> Reach<'a> {
    #[inline]
    pub(super) fn of(keys: &Keys, (kind, id, server): (ResourceKind, &'a [u8], Option<&'a [u8]>)) -> Self {
        // A server is reached by its own name, and is in no other.
        let server = if matches!(kind, ResourceKind::Server) { Some(id) } else { server };
        let server_tag = server.map_or(u64::MAX, |id| tag(keys, ResourceKind::Server, id));
        Self { kind, id, server, thing_tag: tag(keys, kind, id), server_tag }
    }

    /// Whether a scope of this word reaches the thing. The texts begin at this place of the run.
    #[inline]
    pub(super) fn covered_by(&self, scope: u64, texts: (Run<'_>, usize)) -> bool {
        // Which sort of scope comes next is anybody's guess, so no branch is made of it until one fits.
        let tag = scope >> 32;
        let one = (tag == self.thing_tag) | (tag == self.server_tag);
        (one | (scope == ANY) | (scope == of_kind(self.kind))) && (scope & ONE == 0 || self.is_written(scope, texts))
    }

    /// The first and last words of the ranges, apart from each other, that can reach the thing.
    pub(super) fn ranges(&self) -> [(u64, u64); 4] {
        const NOWHERE: (u64, u64) = (1, 0);
        let one = |tag: u64| (tag << 32, tag << 32 | 0xFFFF_FFFF);
        let kind = of_kind(self.kind);
        let thing = if matches!(self.kind, ResourceKind::Server) { NOWHERE } else { one(self.thing_tag) };
        [(ANY, ANY), (kind, kind), thing, self.server.map_or(NOWHERE, |_| one(self.server_tag))]
    }

    /// Whether the text of this scope is the thing or its server, and, when it goes on with a part, the thing is that part.
    #[inline]
    fn is_written(&self, scope: u64, (run, texts): (Run<'_>, usize)) -> bool {
        let (kind, id) = match self.server {
            Some(server) if scope & SERVER != 0 => (ResourceKind::Server, server),
            _ => (self.kind, self.id),
        };
        let at = texts.wrapping_add((scope & 0xFFFF_FFFF) as usize);
        let first = run.word(at);
        first & 0xFFFF_FFFF == head(kind, id.len())
            && text::is(run, at.wrapping_add(1), id)
            && (first >> 32 == 0 || self.is_part(run, first, at.wrapping_add(1 + text::words(id.len()))))
    }

    fn is_part(&self, run: Run<'_>, first: u64, at: usize) -> bool {
        first >> 32 == part(Some(self.kind), None) >> 32
            || first >> 32 == part(Some(self.kind), Some(self.id.len())) >> 32 && text::is(run, at, self.id)
    }
}
