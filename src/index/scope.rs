//! Does this scope reach that thing? The scope as one word, and the text of its id in a shared run.
//!
//! Everything is 0, a kind is a small number, and one thing is the top bit, a bit that says whether it is a
//! server, 30 bits of hash, and the run that holds its kind and id. A server with only a part of what is in it is a
//! server whose run goes on with that part:
//!
//! | bits of the run's first word | meaning |
//! |---|---|
//! | 0 to 7 | the kind |
//! | 8 to 31 | the length of the id, which follows |
//! | 32 to 39 | of a server: 1 and the kind of its part; 0 for all of it |
//! | 40 to 63 | of a server: 1 and the length of the part's id, which follows; 0 for all of that kind |

use super::arena::{Arena, Run};
use super::hash::Keys;
use super::runs::CONTENT;
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

/// The word of a scope.
#[derive(Debug, Clone, Copy)]
pub(super) enum Encoded {
    Whole(u64),
    /// The upper half of it. The lower one is the run of what was appended to the words.
    One(u64),
}

/// Encodes a scope, whose ids, if it has any, are appended to the words.
pub(super) fn encode(keys: &Keys, scope: &Scope, words: &mut Vec<u64>) -> Encoded {
    let (kind, id, part) = match (scope.kind(), scope.id(), scope.server()) {
        (None, _, None) => return Encoded::Whole(ANY),
        (Some(kind), None, None) => return Encoded::Whole(of_kind(kind)),
        (Some(kind), Some(id), None) => (kind, id, 0),
        (kind, id, Some(server)) => (ResourceKind::Server, server, part(kind, id.map(str::len))),
    };
    words.push(head(kind, id.len()) | part);
    text::push(words, id.as_bytes());
    if part >> 40 != 0 {
        text::push(words, scope.id().unwrap_or_default().as_bytes());
    }
    Encoded::One(tag(keys, kind, id.as_bytes()))
}

/// The run that the word of a scope names, if it names one.
#[expect(clippy::cast_possible_truncation, reason = "the lower half is the run")]
pub(super) const fn run_of(scope: u64) -> Option<u32> {
    if scope & ONE == 0 { None } else { Some(scope as u32) }
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
    arena: &'a Arena,
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
    pub(super) fn of(
        keys: &'a Keys,
        arena: &'a Arena,
        (kind, id, server): (ResourceKind, &'a [u8], Option<&'a [u8]>),
    ) -> Self {
        // A server is reached by its own name, and is in no other.
        let server = if matches!(kind, ResourceKind::Server) { Some(id) } else { server };
        let server_tag = server.map_or(u64::MAX, |id| tag(keys, ResourceKind::Server, id));
        Self { arena, kind, id, server, thing_tag: tag(keys, kind, id), server_tag }
    }

    /// Whether a scope of this word reaches the thing.
    #[inline]
    pub(super) fn covered_by(&self, scope: u64) -> bool {
        // Which sort of scope comes next is anybody's guess, so no branch is made of it until one fits.
        let tag = scope >> 32;
        let one = (tag == self.thing_tag) | (tag == self.server_tag);
        (one | (scope == ANY) | (scope == of_kind(self.kind))) && (scope & ONE == 0 || self.is_written(scope))
    }

    /// The first and last words of the ranges, apart from each other, that can reach the thing.
    pub(super) fn ranges(&self) -> [(u64, u64); 4] {
        const NOWHERE: (u64, u64) = (1, 0);
        let one = |tag: u64| (tag << 32, tag << 32 | 0xFFFF_FFFF);
        let kind = of_kind(self.kind);
        let thing = if matches!(self.kind, ResourceKind::Server) { NOWHERE } else { one(self.thing_tag) };
        [(ANY, ANY), (kind, kind), thing, self.server.map_or(NOWHERE, |_| one(self.server_tag))]
    }

    /// Whether the run of this scope holds the thing or its server, and, when it goes on with a part, the thing is that part.
    #[inline]
    fn is_written(&self, scope: u64) -> bool {
        let (kind, id) = match self.server {
            Some(server) if scope & SERVER != 0 => (ResourceKind::Server, server),
            _ => (self.kind, self.id),
        };
        let run = self.arena.run(run_of(scope).unwrap_or_default());
        let first = run.word(CONTENT);
        first & 0xFFFF_FFFF == head(kind, id.len())
            && text::is(run, CONTENT + 1, id)
            && (first >> 32 == 0 || self.is_part(run, first, CONTENT + 1 + text::words(id.len())))
    }

    fn is_part(&self, run: Run<'_>, first: u64, at: usize) -> bool {
        first >> 32 == part(Some(self.kind), None) >> 32
            || first >> 32 == part(Some(self.kind), Some(self.id.len())) >> 32 && text::is(run, at, self.id)
    }
}
