//! An attempt that was refused.

use super::{Principal, Timestamp};

/// Attempts of one principal that were refused for one reason, within one hour: what they have in common, how many they were,
/// and the last of them. They are no part of the journal.
///
/// ```
/// use jit_access::model::{Principal, Refused};
///
/// let at = "2026-12-01T09:20:00Z".parse()?;
/// let mut one = Refused::new((Principal::user("dev@example.com")?, None), "approve", "self_approval", at);
/// one.add(&one.clone());
/// assert_eq!((one.count, one.hour().to_string().as_str()), (2, "2026-12-01T09:00:00.000Z"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// Whose attempts.
    pub principal: Principal,
    /// The person that an agent acts for, where it was told.
    pub acts_for: Option<Principal>,
    /// What was attempted: the name of a command or a read, or `check`.
    pub attempt: String,
    /// Why it was refused: the code of the refusal, or the reason of the check.
    pub code: String,
    /// What the last one was about: a request, a grant, a role, or the action and the resource of a check.
    pub about: String,
    /// The sentence of the last refusal; empty for a check.
    pub message: String,
    /// How many.
    pub count: u64,
    /// When the first was.
    pub first_at: Timestamp,
    /// When the last was.
    pub last_at: Timestamp,
}

/// What is kept of a text that a refusal says.
const LONGEST: usize = 500;
const HOUR_MILLIS: i64 = 3_600_000;

impl Refused {
    /// One attempt.
    #[must_use]
    pub fn new(
        (principal, acts_for): (Principal, Option<Principal>),
        attempt: impl Into<String>,
        code: impl Into<String>,
        at: Timestamp,
    ) -> Self {
        Self {
            principal,
            acts_for,
            attempt: attempt.into(),
            code: code.into(),
            about: String::new(),
            message: String::new(),
            count: 1,
            first_at: at,
            last_at: at,
        }
    }

    /// The same, about this and with this sentence, of which a part is kept when they are very long.
    #[must_use]
    pub fn about(mut self, about: &str, message: &str) -> Self {
        let shortened = |text: &str| text.chars().take(LONGEST).collect();
        (self.about, self.message) = (shortened(about), shortened(message));
        self
    }

    /// The beginning of the hour of the first one.
    #[must_use]
    pub fn hour(&self) -> Timestamp {
        let millis = self.first_at.millis();
        Timestamp::from_millis(millis - millis.rem_euclid(HOUR_MILLIS)).unwrap_or(self.first_at)
    }

    /// Whether both are counted as one: the same principal, attempt, code and hour.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.hour() == other.hour()
            && self.principal == other.principal
            && self.acts_for == other.acts_for
            && self.attempt == other.attempt
            && self.code == other.code
    }

    /// Counts the other one in.
    pub fn add(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.first_at = self.first_at.min(other.first_at);
        if other.last_at >= self.last_at {
            self.last_at = other.last_at;
            self.about.clone_from(&other.about);
            self.message.clone_from(&other.message);
        }
    }
}
