//! The contents of a checkpoint, and the form of a signed one.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::journal::Hash;
use crate::model::{Invalid, Revision, Timestamp};

/// The signed contents: the number of records, and the hashes that cover them.
///
/// ```
/// use jit_access::internal::journal::Hash;
/// use jit_access::model::Revision;
/// use jit_access::internal::seal::Checkpoint;
///
/// let (at, zero) = ("2026-12-01T13:00:00Z".parse()?, Hash::GENESIS);
/// let said = Checkpoint { origin: "jit-access/1".into(), size: Revision(2), root: zero, head: zero, at };
/// assert_eq!(said.to_string().parse::<Checkpoint>()?, said);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The journal: `jit-access/` and its lineage.
    pub origin: String,
    /// The revision of the last record, which is also the number of records.
    pub size: Revision,
    /// The root of the tree (RFC 6962) over their texts.
    pub root: Hash,
    /// The hash of the last record.
    pub head: Hash,
    /// When it was made.
    pub at: Timestamp,
}

const EXPECTED: &str = "a checkpoint as this library signs it";

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { origin, size, root, head, at } = self;
        writeln!(f, "{origin}\n{size}\n{}\nhead {head}\nat {at}", STANDARD.encode(root.bytes()))
    }
}

impl FromStr for Checkpoint {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let read = || {
            let mut lines = text.split_terminator('\n');
            let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
            let (head, at) = (lines.next()?.strip_prefix("head ")?, lines.next()?.strip_prefix("at ")?);
            let root: [u8; 32] = STANDARD.decode(root).ok()?.try_into().ok()?;
            let found = Self {
                origin: origin.to_owned(),
                size: Revision(size.parse().ok()?),
                root: Hash::from_bytes(root),
                head: head.parse().ok()?,
                at: at.parse().ok()?,
            };
            // Only text that is fully parsed is accepted: other text would be signed but not checked.
            (found.to_string() == text).then_some(found)
        };
        read().ok_or_else(|| Invalid::new("checkpoint", format!("is {}", Invalid::quote(text)), EXPECTED))
    }
}

/// A checkpoint with its signatures: text, an empty line, and a line for each signature.
///
/// ```
/// use jit_access::internal::seal::SignedNote;
///
/// assert!("jit-access/1\n".parse::<SignedNote>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    /// The signed text, with its last line break.
    pub text: String,
    /// The names of the keys and their signatures: four bytes that identify the key, and the signature.
    pub signatures: Vec<(String, Vec<u8>)>,
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|(name, bytes)| writeln!(f, "\u{2014} {name} {}", STANDARD.encode(bytes)))
    }
}

impl FromStr for SignedNote {
    type Err = Invalid;

    fn from_str(note: &str) -> Result<Self, Invalid> {
        let read = || {
            let (text, signed) = note.rsplit_once("\n\n")?;
            let signature = |line: &str| {
                let (name, bytes) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
                Some((name.to_owned(), STANDARD.decode(bytes).ok()?))
            };
            let signatures = signed.strip_suffix('\n')?.split('\n').map(signature).collect::<Option<Vec<_>>>()?;
            Some(Self { text: format!("{text}\n"), signatures })
        };
        read().ok_or_else(|| Invalid::new("checkpoint", format!("is {}", Invalid::quote(note)), "a signed note"))
    }
}
