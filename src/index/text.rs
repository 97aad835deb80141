//! Packs byte strings into u64 words: eight bytes to a word, the last word padded with zeros. The length is stored
//! elsewhere.

use super::arena::{Run, load};
use crate::model::padded;

/// The number of words that this number of bytes fills.
#[inline]
pub(super) const fn words(bytes: usize) -> usize {
    bytes.div_ceil(8)
}

/// The words of these bytes.
pub(super) fn of(bytes: &[u8]) -> impl Iterator<Item = u64> {
    let (whole, rest) = bytes.as_chunks::<8>();
    let last = (!rest.is_empty()).then(|| last(bytes, rest));
    whole.iter().map(|chunk| u64::from_le_bytes(*chunk)).chain(last)
}

/// Appends the words of these bytes.
pub(super) fn push(words: &mut Vec<u64>, bytes: &[u8]) {
    words.extend(of(bytes));
}

/// The bytes that begin at this word.
pub(super) fn read(run: Run<'_>, at: usize, len: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..words(len)).flat_map(|word| run.word(at + word).to_le_bytes()).collect();
    bytes.truncate(len);
    bytes
}

/// Whether exactly these bytes begin at this word. The rest of their last word must be zeros.
// Not inlined: where it is, its callers keep all that they know out of registers.
#[inline(never)]
pub(super) fn is(run: Run<'_>, at: usize, bytes: &[u8]) -> bool {
    let Some(text) = run.exactly(at, words(bytes.len())) else { return false };
    let Some((end, text)) = text.split_last() else { return true };
    let (whole, rest) = bytes.as_chunks::<8>();
    load(end) == last(bytes, rest)
        && text.iter().zip(whole).all(|(word, chunk)| load(word) == u64::from_le_bytes(*chunk))
}

/// The padded last word. Long texts read it from their last eight bytes at once.
#[inline]
fn last(bytes: &[u8], rest: &[u8]) -> u64 {
    match bytes.last_chunk::<8>() {
        Some(eight) => u64::from_le_bytes(*eight) >> (64_usize.wrapping_sub(rest.len().wrapping_mul(8)) & 63),
        None => padded(rest),
    }
}
