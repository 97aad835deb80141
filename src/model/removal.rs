//! Which old records were removed, and what covers them.

use super::{Invalid, Revision, Timestamp};

/// Which records were removed from the beginning of the journal, and what covers them: the hash that the next record
/// continues, and the root of the tree over the texts of all removed records.
///
/// ```
/// use jit_access::model::{Removal, Revision, Timestamp};
///
/// let hash = "0".repeat(64);
/// let removal = Removal::new(Revision(4_096), &hash, &hash, "max_age_days: 365")?;
/// assert_eq!(removal.until, Timestamp::EPOCH);
/// assert!(Removal::new(Revision(4_096), "short", &hash, "max_age_days: 365").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Removal {
    /// The last record that was removed. All records before it are removed too, so this is the total number of removed
    /// records.
    pub last: Revision,
    /// The hash of that record, in hexadecimal.
    pub hash: String,
    /// The root of the tree over the texts of all removed records (RFC 6962), in hexadecimal.
    pub root: String,
    /// The roots of the complete parts of that tree, the largest first: the tree continues from these.
    pub parts: Vec<String>,
    /// The instant of that record.
    pub until: Timestamp,
    /// From this instant on the journal has every grant that was in force: the end of the last grant whose beginning
    /// was removed.
    pub complete_from: Timestamp,
    /// The rule of the configuration that removed them, with its value.
    pub rule: String,
}

impl Removal {
    /// The removal of all records up to this one.
    ///
    /// # Errors
    /// When a hash is not 64 lower-case hexadecimal digits.
    pub fn new(last: Revision, hash: &str, root: &str, rule: &str) -> Result<Self, Invalid> {
        check("hash", hash)?;
        check("root", root)?;
        let (hash, root, rule) = (hash.to_owned(), root.to_owned(), rule.to_owned());
        Ok(Self { last, hash, root, parts: Vec::new(), until: Timestamp::EPOCH, complete_from: Timestamp::EPOCH, rule })
    }

    /// The same, with the instant of the last removed record, and the instant from which the journal has every grant.
    #[must_use]
    pub fn of_times(self, until: Timestamp, complete_from: Timestamp) -> Self {
        Self { until, complete_from, ..self }
    }
    /// The same, with the roots of the parts of the tree.
    ///
    /// # Errors
    /// When one is not 64 lower-case hexadecimal digits.
    pub fn of_parts(self, parts: Vec<String>) -> Result<Self, Invalid> {
        parts.iter().try_for_each(|part| check("parts", part))?;
        Ok(Self { parts, ..self })
    }
}

fn check(field: &'static str, text: &str) -> Result<(), Invalid> {
    if text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Ok(());
    }
    Err(Invalid::new(field, format!("is {}", Invalid::quote(text)), "64 hexadecimal digits"))
}
