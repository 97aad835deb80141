//! A set of permissions that is written out, and whether it permits an action.
//!
//! A head with four counts, then one word for each permission: half a hash of its name, its length, and where its text
//! is. First the names and the prefixes that are allowed, then the names and prefixes that are excepted. Names are in
//! the order of their hashes.

use super::arena::{Run, load};
use super::hash::Keys;
use super::runs::CONTENT;
use super::text;
use crate::model::{Permission, PermissionSet};

/// Past this many names they are searched by halves.
const FEW: usize = 16;

/// The set as the content of a run.
pub(super) fn encode(keys: &Keys, set: &PermissionSet, words: &mut Vec<u64>) {
    words.clear();
    let parts = [set.allowed(), set.excepted()].map(|part| {
        let (prefixes, names): (Vec<_>, Vec<_>) = part.iter().partition(|p| p.wildcard_prefix().is_some());
        [names, prefixes]
    });
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    words.push(parts.iter().enumerate().fold(0, |head, (n, part)| head | (part.len() as u64) << (16 * n)));
    let count: usize = parts.iter().map(Vec::len).sum();
    let mut items = Vec::with_capacity(count);
    let mut texts = Vec::new();
    for part in &parts {
        let mut sorted = Vec::with_capacity(part.len());
        for permission in part {
            let offset = 1 + count + texts.len();
            sorted.push(item(keys, permission, offset));
            text::push(&mut texts, text_of(permission).as_bytes());
        }
        sorted.sort_unstable();
        items.append(&mut sorted);
    }
    words.append(&mut items);
    words.append(&mut texts);
}

fn text_of(permission: &Permission) -> &str {
    permission.wildcard_prefix().unwrap_or(permission.as_str())
}

/// At most 512 permissions of at most 17 words each: the offset fits 16 bits.
fn item(keys: &Keys, permission: &Permission, offset: usize) -> u64 {
    let text = text_of(permission);
    let hash = if permission.wildcard_prefix().is_some() { 0 } else { keys.action(text.as_bytes()) };
    name_of(hash, text.len()) << 16 | offset as u64
}

/// Whether the set in this run permits the action of this name and hash.
#[inline]
pub(super) fn give(set: Run<'_>, action: &[u8], hash: u64) -> bool {
    let head = set.word(CONTENT);
    let count = |part: u32| (head >> (16 * part)) as usize & 0xFFFF;
    let (names, prefixes, first) = (count(0), count(1), CONTENT + 1);
    let given = is_named(set, first, names, action, hash) || is_under(set, first + names, prefixes, action);
    given && (head >> 32 == 0 || !is_excepted(set, first + names + prefixes, (count(2), count(3)), action, hash))
}

#[cold]
fn is_excepted(set: Run<'_>, first: usize, (names, prefixes): (usize, usize), action: &[u8], hash: u64) -> bool {
    is_named(set, first, names, action, hash) || is_under(set, first + names, prefixes, action)
}

#[inline]
fn is_named(set: Run<'_>, first: usize, names: usize, action: &[u8], hash: u64) -> bool {
    let (mut items, wanted) = (set.words(first, names), name_of(hash, action.len()));
    if names > FEW {
        items = items.get(items.partition_point(|item| load(item) >> 16 < wanted)..).unwrap_or_default();
        let last = items.partition_point(|item| load(item) >> 16 <= wanted);
        items = items.get(..last).unwrap_or_default();
    }
    items.iter().map(load).any(|item| item >> 16 == wanted && text::is(set, text_at(item), action))
}

#[inline]
fn is_under(set: Run<'_>, first: usize, prefixes: usize, action: &[u8]) -> bool {
    // Prefixes are padded as whole texts are, so the head of the action is compared as one.
    let covers = |item: u64| {
        let head = action.get(..(item >> 16) as usize & 0xFFFF);
        head.is_some_and(|head| text::is(set, text_at(item), head))
    };
    prefixes > 0 && set.words(first, prefixes).iter().map(load).any(covers)
}

/// An item without its place.
#[inline]
const fn name_of(hash: u64, len: usize) -> u64 {
    hash >> 32 << 16 | len as u64
}

#[inline]
const fn text_at(item: u64) -> usize {
    CONTENT + (item as usize & 0xFFFF)
}
