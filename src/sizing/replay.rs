//! Recorded calls under another grant.

use super::calls::{Called, Calls};
use super::rests_on::RestsOn;
use crate::model::{AccessRequest, Action, Conditions, Grant, PermissionSet, Resource, Scope};

/// A hypothetical grant: its permissions and its scope.
///
/// ```
/// use jit_access::model::{Conditions, Permission, PermissionSet, Scope};
/// use jit_access::internal::sizing::{Candidate, Replayed};
///
/// let permissions = PermissionSet::new([Permission::new("tools.*")?])?;
/// let candidate = Candidate { permissions, scope: Scope::one("tool", "deploy")?, conditions: Conditions::default() };
/// let answer = |resource: &str, code| Ok::<_, Box<dyn std::error::Error>>(candidate.answer(&"tools.run".parse()?, &resource.parse()?, code));
/// assert_eq!(answer("tool:deploy", Some("no_grant"))?, Replayed::Passes);
/// assert_eq!(answer("tool:other", Some("no_grant"))?, Replayed::Refused);
/// assert_eq!(answer("tool:deploy", Some("guardrail"))?, Replayed::Refused, "a guardrail stands above every grant");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The permissions.
    pub permissions: PermissionSet,
    /// Where.
    pub scope: Scope,
    /// Conditions checked at every use.
    pub conditions: Conditions,
}

/// The decision about a call. Complete on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Replayed {
    /// It would have passed.
    Passes,
    /// It would have been allowed if the conditions of the grant were met, which the record of a call does not contain.
    IfMet,
    /// It would have been refused.
    Refused,
}

/// The reasons of a check that another grant can lift. What overrides every grant is not among them.
const LIFTED: [&str; 5] = ["no_grant", "mfa_required", "outside_networks", "other_session", "other_call"];

impl Candidate {
    /// The grant of a request.
    #[must_use]
    pub fn of_request(request: &AccessRequest) -> Self {
        let terms = request.terms();
        Self { permissions: terms.permissions, scope: terms.scope, conditions: terms.conditions }
    }

    /// The same as an existing grant.
    #[must_use]
    pub fn of_grant(grant: &Grant) -> Self {
        let (permissions, scope) = (grant.permissions.clone(), grant.scope.clone());
        Self { permissions, scope, conditions: grant.conditions.clone() }
    }

    /// The decision about this call, which was refused for the reason `code`, or allowed.
    #[must_use]
    pub fn answer(&self, action: &Action, resource: &Resource, code: Option<&str>) -> Replayed {
        let covers = self.permissions.covers(action) && self.scope.covers(resource);
        if !covers || code.is_some_and(|code| !LIFTED.contains(&code)) {
            Replayed::Refused
        } else if self.conditions == Conditions::default() {
            Replayed::Passes
        } else {
            Replayed::IfMet
        }
    }
}

/// Recorded calls under another grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// The grant that was not there.
    pub candidate: Candidate,
    /// The history that it rests on.
    pub rests_on: RestsOn,
    /// Refused calls that would have passed, the most frequent first; at most [`Replay::ROWS`].
    pub would_pass: Vec<Called>,
    /// How many those are in all.
    pub would_pass_total: u64,
    /// How many refused calls would have passed where the conditions are met.
    pub if_met_total: u64,
    /// How many refused calls would have been refused all the same.
    pub still_refused_total: u64,
    /// Calls that passed and would have been refused, the most frequent first; at most [`Replay::ROWS`].
    pub would_be_refused: Vec<Called>,
    /// How many those are in all.
    pub would_be_refused_total: u64,
    /// How many calls would have passed as they did, where conditions are met.
    pub still_passing_total: u64,
    /// How many calls are counted and not judged, because there were too many different ones.
    pub unknown_total: u64,
}

impl Replay {
    /// How many rows a list has at most.
    pub const ROWS: usize = 200;
}

/// Judges each of these calls as if this grant had been live instead of others.
#[must_use]
pub fn replay(candidate: Candidate, passed: &Calls, refused: &Calls, rests_on: RestsOn) -> Replay {
    let sum = |calls: &[&Called]| calls.iter().map(|one| one.count).sum::<u64>();
    let judged = |calls: &Calls, answers: &[Replayed]| {
        let answer = |one: &&Called| candidate.answer(&one.action, &one.resource, one.code.as_deref());
        let all = calls.all().filter(|one| answers.contains(&answer(one))).cloned();
        let mut all: Vec<Called> = all.collect();
        // The order of the map is the second key.
        all.sort_by_key(|one| std::cmp::Reverse(one.count));
        let total = sum(&all.iter().collect::<Vec<_>>());
        all.truncate(Replay::ROWS);
        (all, total)
    };
    let (would_pass, would_pass_total) = judged(refused, &[Replayed::Passes]);
    let (_, if_met_total) = judged(refused, &[Replayed::IfMet]);
    let (_, still_refused_total) = judged(refused, &[Replayed::Refused]);
    let (would_be_refused, would_be_refused_total) = judged(passed, &[Replayed::Refused]);
    let (_, still_passing_total) = judged(passed, &[Replayed::Passes, Replayed::IfMet]);
    let unknown_total = passed.unlisted() + refused.unlisted();
    Replay {
        candidate,
        rests_on,
        would_pass,
        would_pass_total,
        if_met_total,
        still_refused_total,
        would_be_refused,
        would_be_refused_total,
        still_passing_total,
        unknown_total,
    }
}
