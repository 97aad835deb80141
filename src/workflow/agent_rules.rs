//! What the operator permits agents to do, as plain values.

use derive_setters::Setters;

use crate::model::Ttl;

const HOUR_MILLIS: i64 = 3_600_000;

/// What agents may do. Each key is `agents.` and the name here.
///
/// ```
/// use jit_access::workflow::AgentRules;
///
/// let rules = AgentRules::default();
/// assert!(rules.require_person && !rules.may_review);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Setters)]
#[non_exhaustive]
pub struct AgentRules {
    /// `require_person`: whether an agent may request only on behalf of a person, who is accountable for it.
    pub require_person: bool,
    /// `may_review`: whether agents with reviewer roles may review requests, each on behalf of a person.
    pub may_review: bool,
    /// `requests_per_hour`: how many requests all agents of a person may make in any hour together.
    pub requests_per_hour: Option<u64>,
    /// `open_requests`: how many requests of all agents of a person may wait for an answer together.
    pub open_requests: Option<u64>,
    /// `denials`: after this many denials in a row, the person's agents may not request anything for a while.
    pub denials: Option<u64>,
    /// `pause_minutes`: for how long.
    pub pause: Ttl,
}

impl AgentRules {
    /// The highest value of a number: a decision reads this many of a person's requests.
    pub const MOST: u64 = 100;
}

impl Default for AgentRules {
    fn default() -> Self {
        Self {
            require_person: true,
            may_review: false,
            requests_per_hour: Some(20),
            open_requests: Some(5),
            denials: Some(3),
            pause: Ttl::from_millis(HOUR_MILLIS).unwrap_or(Ttl::MAX),
        }
    }
}
