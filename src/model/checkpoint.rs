//! A position of the journal, in a form to keep elsewhere.

use std::fmt;
use std::str::FromStr;

use super::{Invalid, Revision};

/// The position and the hash of a journal's last record, as text `154:9f86d0…`. Kept outside of the store, it shows
/// later whether any record up to that one was removed, changed or rewritten.
///
/// ```
/// use jit_access::model::{Checkpoint, Revision};
///
/// let kept: Checkpoint = format!("154:{}", "0".repeat(64)).parse()?;
/// assert_eq!(kept.revision, Revision(154));
/// assert!("154".parse::<Checkpoint>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The position of the record; 0 is the beginning.
    pub revision: Revision,
    hash: String,
}

impl Checkpoint {
    /// The record at this position, with its hash.
    ///
    /// # Errors
    /// When the hash is not 64 lower-case hexadecimal digits.
    pub fn new(revision: Revision, hash: &str) -> Result<Self, Invalid> {
        if hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Ok(Self { revision, hash: hash.to_owned() });
        }
        Err(Invalid::new("expected", format!("is {}", Invalid::quote(hash)), EXPECTED))
    }

    /// The same of a hash that was made as one.
    pub(crate) fn of(revision: Revision, hash: &str) -> Self {
        Self { revision, hash: hash.to_owned() }
    }

    /// The hash, in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

const EXPECTED: &str = "a head as the call `head` gives it: a number, a colon and 64 hexadecimal digits";

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.revision, self.hash)
    }
}

impl FromStr for Checkpoint {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let wrong = || Invalid::new("expected", format!("is {}", Invalid::quote(text)), EXPECTED);
        let (revision, hash) = text.split_once(':').ok_or_else(wrong)?;
        let is_number = !revision.is_empty() && revision.bytes().all(|b| b.is_ascii_digit());
        let revision = revision.parse().ok().filter(|_| is_number).ok_or_else(wrong)?;
        Self::new(Revision(revision), hash).map_err(|_| wrong())
    }
}
