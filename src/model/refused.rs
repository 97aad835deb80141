//! An attempt that was refused.

use super::{Action, Principal, Resource, Timestamp};

/// Attempts of one principal that were refused for one reason within one hour: what they have in common, their number,
/// and the last of them. Checks are counted separately for each call. They are not part of the journal.
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
    /// The principal.
    pub principal: Principal,
    /// The person that an agent acts for, if known.
    pub acts_for: Option<Principal>,
    /// The attempt: the name of a command or a read, or `check`.
    pub attempt: String,
    /// Why it was refused: the code of the refusal, or the reason of the check.
    pub code: String,
    /// For a check: the call. `None` for a command, and for a principal with very many different calls.
    pub call: Option<(Action, Resource)>,
    /// The subject of the last one: a request, a grant, a role, or the action and the resource of a check.
    pub about: String,
    /// The message of the last refusal; empty for a check.
    pub message: String,
    /// How many.
    pub count: u64,
    /// When the first was.
    pub first_at: Timestamp,
    /// When the last one was made.
    pub last_at: Timestamp,
}

/// Refused attempts of one session that are alike, as the journal keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedKind {
    /// The attempt: the name of a command or a read, or `check`.
    pub attempt: String,
    /// Why it was refused: the code of the refusal, or the reason of the check.
    pub code: String,
    /// The subject of the last one.
    pub about: String,
    /// How many.
    pub count: u64,
    /// When the first was.
    pub first: Timestamp,
    /// When the last one was made.
    pub last: Timestamp,
}

impl RefusedKind {
    /// How many kinds of attempts in a session are listed one by one.
    pub const MOST: usize = 50;

    /// These attempts, equal ones combined, the most frequent first; and how many are not listed.
    #[must_use]
    pub fn of<'a>(refused: impl Iterator<Item = &'a Refused>) -> (Vec<Self>, u64) {
        let mut kinds: std::collections::BTreeMap<(String, String, String), Self> = std::collections::BTreeMap::new();
        for one in refused {
            // For commands only the last subject is known, for checks each call.
            let what = if one.call.is_some() { one.about.clone() } else { String::new() };
            let fresh = || Self {
                attempt: one.attempt.clone(),
                code: one.code.clone(),
                about: one.about.clone(),
                count: 0,
                first: one.first_at,
                last: one.last_at,
            };
            let kind = kinds.entry((one.attempt.clone(), one.code.clone(), what)).or_insert_with(fresh);
            kind.count = kind.count.saturating_add(one.count);
            kind.first = kind.first.min(one.first_at);
            if one.last_at >= kind.last {
                kind.last = one.last_at;
                kind.about.clone_from(&one.about);
            }
        }
        let mut kinds: Vec<Self> = kinds.into_values().collect();
        kinds.sort_by_key(|kind| std::cmp::Reverse(kind.count));
        let others = kinds.iter().skip(Self::MOST).map(|kind| kind.count).sum();
        kinds.truncate(Self::MOST);
        (kinds, others)
    }
}

/// The longest text of a refusal that is kept.
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
            call: None,
            about: String::new(),
            message: String::new(),
            count: 1,
            first_at: at,
            last_at: at,
        }
    }

    /// The same, with this subject and this message; long ones are cut.
    #[must_use]
    pub fn about(mut self, about: &str, message: &str) -> Self {
        let shortened = |text: &str| text.chars().take(LONGEST).collect();
        (self.about, self.message) = (shortened(about), shortened(message));
        self
    }

    /// The same, of a check of this call.
    #[must_use]
    pub fn call(mut self, action: Action, resource: Resource) -> Self {
        self.about = format!("{action} on {resource}").chars().take(LONGEST).collect();
        self.call = Some((action, resource));
        self
    }

    /// The beginning of the hour of the first one.
    #[must_use]
    pub fn hour(&self) -> Timestamp {
        let millis = self.first_at.millis();
        Timestamp::from_millis(millis - millis.rem_euclid(HOUR_MILLIS)).unwrap_or(self.first_at)
    }

    /// Whether both are counted as one: the same principal, attempt, code and hour, and of checks the same call.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        self.hour() == other.hour()
            && self.principal == other.principal
            && self.acts_for == other.acts_for
            && self.attempt == other.attempt
            && self.code == other.code
            && self.call == other.call
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
