//! Which bytes may stand where, in every name that is asked about.
//!
//! A check from text looks at each byte of it, which is most of what it costs. So eight are looked at at a time, as one
//! number: an answer is the top bit of each byte for which it is yes.

/// The same byte, eight times.
const fn each(byte: u8) -> u64 {
    u64::MAX / 255 * byte as u64
}

const TOPS: u64 = each(0x80);

/// In a name before the `@`.
#[inline]
pub(super) const fn is_local(eight: u64) -> u64 {
    is_label(eight) | are_from(eight, b'-', b'.') | are(eight, b'_') | are(eight, b'+')
}

/// In a label of a domain.
#[inline]
pub(super) const fn is_label(eight: u64) -> u64 {
    are_from(eight, b'a', b'z') | are_from(eight, b'0', b'9')
}

/// Between labels of a domain, or words of one.
#[inline]
pub(super) const fn is_between_labels(eight: u64) -> u64 {
    are_from(eight, b'-', b'.')
}

/// In a segment of a permission.
#[inline]
pub(super) const fn is_segment(eight: u64) -> u64 {
    is_label(eight) | are_from(eight, b'A', b'Z') | are(eight, b'-') | are(eight, b'_')
}

/// Between segments of a permission.
#[inline]
pub(super) const fn is_between_segments(eight: u64) -> u64 {
    are(eight, b'.') | are(eight, b':')
}

/// No part of a control character: none of ASCII, and not the byte that all others begin with.
#[inline]
pub(super) const fn is_no_control(eight: u64) -> u64 {
    are_from(eight, b' ', b'~') | eight & !are(eight ^ TOPS, 0x42) & TOPS
}

/// Those from one byte to another, both of ASCII.
#[inline]
const fn are_from(eight: u64, first: u8, last: u8) -> u64 {
    // Without its top bit a byte carries nothing into the next one.
    let low = eight & !TOPS;
    let (reached, passed) = (low + each(0x80 - first), low + each(0x7F - last));
    reached & !passed & !eight & TOPS
}

/// Those that are this byte of ASCII.
#[inline]
const fn are(eight: u64, byte: u8) -> u64 {
    let other = (eight & !TOPS ^ each(byte)) + each(0x7F);
    !(other | eight) & TOPS
}

/// Tells of the bytes by eights, each with the top bits of those that are there.
#[inline]
fn by_eights(bytes: &[u8], mut tell: impl FnMut(u64, u64)) {
    let (whole, rest) = bytes.as_chunks::<8>();
    for eight in whole {
        tell(u64::from_le_bytes(*eight), TOPS);
    }
    if !rest.is_empty() {
        let beyond = 64_usize.wrapping_sub(rest.len().wrapping_mul(8)) & 63;
        let word = match bytes.last_chunk::<8>() {
            Some(last) => u64::from_le_bytes(*last) >> beyond,
            None => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
        };
        tell(word, TOPS >> beyond);
    }
}

/// Whether every byte is of this class.
#[inline]
pub(super) fn all(bytes: &[u8], class: impl Fn(u64) -> u64) -> bool {
    let mut unfit = 0;
    by_eights(bytes, |eight, there| unfit |= !class(eight) & there);
    unfit == 0
}

/// Whether these bytes are parts with single separators between them.
#[inline]
pub(super) fn are_joined(bytes: &[u8], part: impl Fn(u64) -> u64, separator: impl Fn(u64) -> u64) -> bool {
    // As if a separator went before: none may follow it.
    let (mut unfit, mut before, mut ends) = (0, 0x80, 0x80);
    by_eights(bytes, |eight, there| {
        let separators = separator(eight) & there;
        unfit |= !(part(eight) | separators) & there | separators & (separators << 8 | before);
        before = separators >> 56;
        ends = separators & (there ^ there >> 8);
    });
    unfit | ends == 0
}

/// The first place of this byte of ASCII.
#[inline]
pub(super) fn position(bytes: &[u8], byte: u8) -> Option<usize> {
    let (whole, rest) = bytes.as_chunks::<8>();
    let found =
        whole.iter().map(|eight| are(u64::from_le_bytes(*eight), byte)).enumerate().find(|(_, found)| *found != 0);
    match found {
        Some((at, found)) => Some(at * 8 + found.trailing_zeros() as usize / 8),
        None => rest.iter().position(|other| *other == byte).map(|at| whole.len() * 8 + at),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naive(bytes: &[u8]) -> bool {
        let mut inside = false;
        for byte in bytes {
            inside = match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => true,
                b'.' | b':' if inside => false,
                _ => return false,
            };
        }
        inside
    }

    proptest! {
        #[test]
        fn many_bytes_at_once_are_as_one_by_one(
            bytes in prop_oneof!["[a-z@.]{0,40}", "[a-zA-Z0-9_-]{1,20}([.:][a-z]{1,9}){0,3}[.:]{0,1}"],
            odd in any::<u8>(),
            at in 0..40_usize,
        ) {
            let mut bytes = bytes.into_bytes();
            for _ in 0..2 {
                prop_assert_eq!(are_joined(&bytes, is_segment, is_between_segments), naive(&bytes));
                prop_assert_eq!(position(&bytes, b'@'), bytes.iter().position(|byte| *byte == b'@'));
                prop_assert_eq!(all(&bytes, is_local), bytes.iter().all(|byte| all(&[*byte], is_local)));
                prop_assert_eq!(all(&bytes, is_no_control), bytes.iter().all(|byte| all(&[*byte], is_no_control)));
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = odd;
                }
            }
        }
    }

    #[test]
    fn every_byte_is_where_it_may_stand() {
        for byte in 0..=u8::MAX {
            // Among others: no byte changes what is said of its neighbours.
            for at in 0..8 {
                let others = [0, b'a', b'.', 0x7F, 0x80, 0xC2, 0xFF, b'Z'];
                let mut eight = others;
                eight[at] = byte;
                let is = |class: fn(u64) -> u64| {
                    let (with, without) = (class(u64::from_le_bytes(eight)), class(u64::from_le_bytes(others)));
                    let own = 0x80 << (8 * at);
                    assert_eq!(with & !own, without & !own, "{byte}");
                    with & own != 0
                };
                let alphanumeric = byte.is_ascii_lowercase() || byte.is_ascii_digit();
                assert_eq!(is(is_label), alphanumeric, "{byte}");
                assert_eq!(is(is_between_labels), b".-".contains(&byte), "{byte}");
                assert_eq!(is(is_local), alphanumeric || b".-_+".contains(&byte), "{byte}");
                assert_eq!(is(is_segment), byte.is_ascii_alphanumeric() || b"-_".contains(&byte), "{byte}");
                assert_eq!(is(is_between_segments), b".:".contains(&byte), "{byte}");
                assert_eq!(is(is_no_control), !byte.is_ascii_control() && byte != 0xC2, "{byte}");
            }
        }
    }
}
