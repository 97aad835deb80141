//! Where a page of a list continues.

use std::fmt;
use std::str::FromStr;

use super::{Invalid, Revision};

/// Where a page continues, and of which list with which filter. Callers pass it back unchanged.
///
/// ```
/// use jit_access::model::{Cursor, Revision};
///
/// let cursor = Cursor::new("grants of the last hour", Revision(7));
/// let same: Cursor = cursor.to_string().parse()?;
/// assert_eq!(same.place_in("grants of the last hour")?, Revision(7));
/// assert!(same.place_in("all grants").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cursor {
    list: u64,
    place: Revision,
}

impl Cursor {
    /// A place in the list that this text describes.
    #[must_use]
    pub fn new(list: &str, place: Revision) -> Self {
        Self { list: mark(list), place }
    }

    /// The place, in the list that this text describes.
    ///
    /// # Errors
    /// When the cursor is of another list, or of the same one with another filter.
    pub fn place_in(&self, list: &str) -> Result<Revision, Invalid> {
        if self.list == mark(list) {
            return Ok(self.place);
        }
        let expected = "the next_cursor of a page of this list with the same filter";
        Err(Invalid::new("cursor", "is of another list or another filter", expected))
    }
}

/// FNV-1a. It distinguishes lists; it protects nothing.
fn mark(list: &str) -> u64 {
    list.bytes().fold(0xcbf2_9ce4_8422_2325, |mark, byte| (mark ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:x}", self.list, self.place.0)
    }
}

impl FromStr for Cursor {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let is_cursor =
            (17..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let read = |digits: Option<&str>| digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let parts = (read(text.get(..16)), read(text.get(16..)));
        match parts {
            (Some(list), Some(place)) if is_cursor => Ok(Self { list, place: Revision(place) }),
            _ => Err(Invalid::new("cursor", format!("is {}", Invalid::quote(text)), "a next_cursor that a page gave")),
        }
    }
}
