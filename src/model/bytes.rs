//! Which bytes may stand where: one look into a table for every byte of every name that is asked about.

/// In a name before the `@`.
pub(super) const LOCAL: u8 = 1;
/// In a label of a domain, and between labels or words.
pub(super) const LABEL: u8 = 2;
pub(super) const BETWEEN_LABELS: u8 = 4;
/// In a segment of a permission, and between segments.
pub(super) const SEGMENT: u8 = 8;
pub(super) const BETWEEN_SEGMENTS: u8 = 16;
/// Perhaps a part of a control character: one of ASCII, or the byte that all others begin with.
pub(super) const CONTROL: u8 = 32;

static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0_usize;
    while byte < 256 {
        #[expect(clippy::indexing_slicing, reason = "a byte is less than 256, and this runs in the compiler")]
        #[expect(clippy::cast_possible_truncation, reason = "a byte is less than 256")]
        {
            classes[byte] = match byte as u8 {
                b'a'..=b'z' | b'0'..=b'9' => LOCAL | LABEL | SEGMENT,
                b'A'..=b'Z' => SEGMENT,
                b'.' => LOCAL | BETWEEN_LABELS | BETWEEN_SEGMENTS,
                b'-' => LOCAL | BETWEEN_LABELS | SEGMENT,
                b'_' => LOCAL | SEGMENT,
                b'+' => LOCAL,
                b':' => BETWEEN_SEGMENTS,
                0..0x20 | 0x7F | 0xC2 => CONTROL,
                _ => 0,
            };
        }
        byte += 1;
    }
    classes
}

#[inline]
pub(super) fn is(byte: u8, class: u8) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|classes| classes & class != 0)
}

/// Whether these bytes are parts with single separators between them.
#[inline]
pub(super) fn are_joined(bytes: &[u8], part: u8, separator: u8) -> bool {
    let mut inside = false;
    for byte in bytes {
        if is(*byte, part) {
            inside = true;
        } else if inside && is(*byte, separator) {
            inside = false;
        } else {
            return false;
        }
    }
    inside
}
