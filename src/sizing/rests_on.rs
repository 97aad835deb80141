//! How much history an answer is based on.

use std::fmt;

use crate::model::Timestamp;

/// On how much history an answer rests.
///
/// ```
/// use jit_access::internal::sizing::RestsOn;
///
/// let (from, until) = ("2026-12-01T09:00:00Z".parse()?, "2026-12-22T08:00:00Z".parse()?);
/// let rests_on = RestsOn { from, until, uses: 312, refused: 0, is_all: true };
/// assert_eq!(rests_on.to_string(), "from 312 uses over 21 days");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestsOn {
    /// The first instant that was looked at: of the period, of the journal, or of the oldest use that was read.
    pub from: Timestamp,
    /// The first instant that was not.
    pub until: Timestamp,
    /// How many uses.
    pub uses: u64,
    /// How many refused calls.
    pub refused: u64,
    /// Whether these are all of the period. Of very many the newest are read.
    pub is_all: bool,
}

const DAY: i64 = 24 * 3_600_000;

impl RestsOn {
    /// How many days that is, begun ones counted.
    #[must_use]
    pub const fn days(&self) -> i64 {
        let days = self.until.millis().saturating_sub(self.from.millis()).saturating_add(DAY - 1) / DAY;
        if days < 1 { 1 } else { days }
    }
}

/// `312 uses`.
pub(super) fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

impl fmt::Display for RestsOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("from ")?;
        if !self.is_all {
            f.write_str("the last ")?;
        }
        f.write_str(&counted(self.uses, "use"))?;
        if self.refused > 0 {
            write!(f, " and {}", counted(self.refused, "refused call"))?;
        }
        let days = self.days();
        write!(f, " over {days} day{}", if days == 1 { "" } else { "s" })
    }
}
