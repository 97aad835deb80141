//! Which bytes are permitted in the names of a check.
//!
//! A check from text looks at each byte, which is much of its cost. So sixteen bytes are classified at a time, and the
//! results for up to 64 bytes are the bits of one number, with the first byte as the lowest bit.

use wide::u8x16;

/// In a name before the `@`.
#[inline]
pub(super) fn is_local(bytes: u8x16) -> u8x16 {
    is_label(bytes) | are_from(bytes, b'-', b'.') | is(bytes, b'_') | is(bytes, b'+')
}

/// In a label of a domain.
#[inline]
pub(super) fn is_label(bytes: u8x16) -> u8x16 {
    are_from(bytes, b'a', b'z') | are_from(bytes, b'0', b'9')
}

/// Between labels of a domain, or words of one.
#[inline]
pub(super) fn is_between_labels(bytes: u8x16) -> u8x16 {
    are_from(bytes, b'-', b'.')
}

/// In a segment of a permission.
#[inline]
pub(super) fn is_segment(bytes: u8x16) -> u8x16 {
    is_kind(bytes) | is_between_words(bytes)
}

/// Bytes of a word in the name of a kind.
#[inline]
pub(super) fn is_kind(bytes: u8x16) -> u8x16 {
    is_label(bytes) | are_from(bytes, b'A', b'Z')
}

/// Between words of the name of a kind.
#[inline]
pub(super) fn is_between_words(bytes: u8x16) -> u8x16 {
    is(bytes, b'-') | is(bytes, b'_')
}

/// Between segments of a permission.
#[inline]
pub(super) fn is_between_segments(bytes: u8x16) -> u8x16 {
    is(bytes, b'.') | is(bytes, b':')
}

/// Bytes that are not part of a control character: no ASCII control, and not the first byte of any other.
#[inline]
pub(super) fn is_no_control(bytes: u8x16) -> u8x16 {
    are_from(bytes, b' ', u8::MAX) & !(is(bytes, 0x7F) | is(bytes, 0xC2))
}

#[inline]
fn are_from(bytes: u8x16, first: u8, last: u8) -> u8x16 {
    // A byte before the first becomes a number far beyond the last.
    let past_first = bytes - u8x16::splat(first);
    past_first.min(u8x16::splat(last - first)).simd_eq(past_first)
}

/// This byte.
#[inline]
pub(super) fn is(bytes: u8x16, byte: u8) -> u8x16 {
    bytes.simd_eq(u8x16::splat(byte))
}

/// How many bytes one number describes.
pub(super) const BLOCK: usize = 64;

/// Fewer than eight bytes as a number, the first one the lowest.
#[inline]
pub(crate) fn padded(bytes: &[u8]) -> u64 {
    // A loop over the bytes takes several times as long. Bytes that are read twice set the same bit.
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let shift = bytes.len().wrapping_sub(4).wrapping_mul(8) & 63;
        return u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << shift;
    }
    let byte = |at: usize| bytes.get(at).map_or(0, |byte| u64::from(*byte) << (at * 8));
    byte(0) | byte(1) | byte(2)
}

/// Up to sixteen bytes, or the first sixteen, with zeros after them.
#[inline]
pub(super) fn sixteen(bytes: &[u8]) -> u8x16 {
    let sixteen = match (bytes.first_chunk::<16>(), bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(first), ..) => return u8x16::new(*first),
        // Bytes that are read twice set the same bit.
        (None, Some(first), Some(last)) => {
            let shift = u32::try_from(bytes.len().wrapping_sub(8).wrapping_mul(8)).unwrap_or_default();
            u128::from(u64::from_le_bytes(*first)) | u128::from(u64::from_le_bytes(*last)).wrapping_shl(shift)
        }
        _ => u128::from(padded(bytes)),
    };
    u8x16::new(sixteen.to_le_bytes())
}

/// One bit for each byte, at most sixteen.
#[inline]
pub(super) const fn all_of_sixteen(len: usize) -> u32 {
    let len = if len < 16 { len as u32 } else { 16 };
    1_u32.wrapping_shl(len).wrapping_sub(1)
}

/// A character of ASCII that can be seen, or a space.
#[inline]
pub(super) fn is_printable(bytes: u8x16) -> u8x16 {
    are_from(bytes, b' ', b'~')
}

/// A lower-case letter.
#[inline]
pub(super) fn is_lower(bytes: u8x16) -> u8x16 {
    are_from(bytes, b'a', b'z')
}

/// Which of at most [`BLOCK`] bytes are in each of these classes.
#[inline]
pub(super) fn classify<const N: usize>(bytes: &[u8], classes: impl Fn(u8x16) -> [u8x16; N]) -> [u64; N] {
    let of = |sixteen| classes(u8x16::new(sixteen)).map(|class| u64::from(class.to_bitmask()));
    let mut classes = [0; N];
    let mut add = |of: [u64; N], at: usize| {
        for (classes, of) in classes.iter_mut().zip(of) {
            *classes |= of << (at % BLOCK);
        }
    };
    let (whole, rest) = bytes.as_chunks::<16>();
    for (n, sixteen) in whole.iter().enumerate() {
        add(of(*sixteen), n * 16);
    }
    if rest.is_empty() {
        return classes;
    }
    // The last sixteen bytes overlap bytes that were already classified, with the same result.
    if let Some(last) = bytes.last_chunk::<16>() {
        add(of(*last), bytes.len() - 16);
    } else if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        let both =
            of((u128::from(u64::from_le_bytes(*last)) << 64 | u128::from(u64::from_le_bytes(*first))).to_le_bytes());
        add(both.map(|both| both & 0xFF), 0);
        add(both.map(|both| both >> 8), bytes.len() - 8);
    } else {
        add(of(u128::from(padded(bytes)).to_le_bytes()).map(|of| of & all_of(bytes)), 0);
    }
    classes
}

/// One bit for each of these bytes; at least one and at most [`BLOCK`] bytes.
#[inline]
pub(super) const fn all_of(bytes: &[u8]) -> u64 {
    u64::MAX >> (BLOCK.wrapping_sub(bytes.len()) % BLOCK)
}

/// Whether every byte is of this class.
#[inline]
pub(super) fn all(bytes: &[u8], class: impl Fn(u8x16) -> u8x16) -> bool {
    bytes.chunks(BLOCK).all(|block| classify(block, |bytes| [class(bytes)]) == [all_of(block)])
}

/// Whether these bytes are parts with single separators between them.
#[inline]
pub(super) fn are_joined(bytes: &[u8], part: impl Fn(u8x16) -> u8x16, separator: impl Fn(u8x16) -> u8x16) -> bool {
    // The start counts as a separator: another one must not follow it.
    let (mut fits, mut before) = (true, 1);
    for block in bytes.chunks(BLOCK) {
        let [parts, separators] = classify(block, |bytes| [part(bytes), separator(bytes)]);
        fits &= parts | separators == all_of(block) && separators & (separators << 1 | before) == 0;
        before = separators >> ((block.len() - 1) % BLOCK);
    }
    fits && before == 0
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
            bytes in prop_oneof!["[a-z@.]{0,40}", "[a-zA-Z0-9_-]{1,20}([.:][a-z]{1,9}){0,20}[.:]{0,1}"],
            odd in any::<u8>(),
            at in 0..140_usize,
        ) {
            let mut bytes = bytes.into_bytes();
            for _ in 0..2 {
                prop_assert_eq!(are_joined(&bytes, is_segment, is_between_segments), naive(&bytes));
                prop_assert_eq!(all(&bytes, is_local), bytes.iter().all(|byte| all(&[*byte], is_local)));
                prop_assert_eq!(all(&bytes, is_no_control), bytes.iter().all(|byte| all(&[*byte], is_no_control)));
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = odd;
                }
            }
        }
    }

    #[test]
    fn few_bytes_are_one_number() {
        for len in 0..8 {
            let bytes: Vec<u8> = (0..len).map(|n| 0xF1 + n).collect();
            let number = bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
            assert_eq!(padded(&bytes), number, "{bytes:?}");
        }
    }

    #[test]
    fn every_byte_is_where_it_may_stand() {
        for byte in 0..=u8::MAX {
            // The other bytes are classified as well.
            for at in 0..16 {
                let mut bytes = *b"\0a.\x7F\x80\xC2\xFFZ 09z-_+:";
                bytes[at] = byte;
                let are = |class: fn(u8x16) -> u8x16| {
                    let [classes] = classify(&bytes, |bytes| [class(bytes)]);
                    classes >> at & 1 == 1
                };
                let alphanumeric = byte.is_ascii_lowercase() || byte.is_ascii_digit();
                assert_eq!(are(is_label), alphanumeric, "{byte}");
                assert_eq!(are(is_between_labels), b".-".contains(&byte), "{byte}");
                assert_eq!(are(is_local), alphanumeric || b".-_+".contains(&byte), "{byte}");
                assert_eq!(are(is_segment), byte.is_ascii_alphanumeric() || b"-_".contains(&byte), "{byte}");
                assert_eq!(are(is_between_segments), b".:".contains(&byte), "{byte}");
                assert_eq!(are(is_no_control), !byte.is_ascii_control() && byte != 0xC2, "{byte}");
            }
        }
    }
}
