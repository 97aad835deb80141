//! Refused attempts, as JSON.

use super::shown::Instant;
use crate::model::Refused;

document! {
    /// Attempts of one principal that were refused for one reason, within one hour.
    pub struct RefusedDocument as "RefusedAttempt" {
        /// The principal: a person, or `agent:name`.
        principal: String,
        /// The person that an agent acts for, if known.
        acts_for: Option<String>,
        /// The attempt: the name of a command or a read, or `check`.
        attempt: String,
        /// Why it was refused: the code of the refusal, or the reason of the check.
        code: String,
        /// The subject of the last one, such as `request` and its id; empty without one.
        about: String,
        /// The message of the last refusal; empty for a check.
        message: String,
        /// How many.
        count: u64,
        /// When the first was.
        first_at: Instant,
        /// When the last one was made.
        last_at: Instant,
    }
}

impl From<&Refused> for RefusedDocument {
    fn from(refused: &Refused) -> Self {
        Self {
            principal: refused.principal.to_string(),
            acts_for: refused.acts_for.as_ref().map(ToString::to_string),
            attempt: refused.attempt.clone(),
            code: refused.code.clone(),
            about: refused.about.clone(),
            message: refused.message.clone(),
            count: refused.count,
            first_at: refused.first_at.into(),
            last_at: refused.last_at.into(),
        }
    }
}
