//! What the past says about a request, for its approvers.

use super::calls::{Called, Calls};
use super::replay::{Candidate, Replay, replay};
use super::rests_on::{RestsOn, counted};
use crate::model::{Action, Permission, Role, RoleName};
use crate::summary::{SmallerRole, smaller_role};

/// Which parts of a request its requester used before, under earlier grants of the same role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The parts that were never used; empty when nothing was used at all, which proves nothing.
    pub never_used: Vec<Permission>,
    /// A smaller role of the catalogue that would have been enough for the uses, if there is one.
    pub smaller: Option<SmallerRole>,
    /// The recorded calls under this request.
    pub replay: Replay,
}

/// How many names a sentence has at most.
const NAMED: usize = 5;

impl Past {
    /// What these calls say about such a grant.
    #[must_use]
    pub fn of(
        candidate: Candidate,
        (passed, refused): (&Calls, &Calls),
        rests_on: RestsOn,
        catalogue: &std::collections::BTreeMap<RoleName, Role>,
    ) -> Self {
        let mut done: Vec<Action> = passed.all().map(|one| one.action.clone()).collect();
        done.dedup();
        let is_unused = |one: &&Permission| !done.is_empty() && !done.iter().any(|action| one.covers(action));
        Self {
            never_used: candidate.permissions.allowed().iter().filter(is_unused).cloned().collect(),
            smaller: smaller_role(&candidate.permissions, &done, catalogue),
            replay: replay(candidate, passed, refused, rests_on),
        }
    }

    /// The same for people, a sentence each; the last one says how much history this is based on.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let Self { never_used, smaller, replay } = self;
        let mut all = Vec::new();
        if replay.rests_on.uses == 0 {
            all.push("The requester has not used this role.".to_owned());
        }
        if !never_used.is_empty() {
            all.push(format!("Never used of it: {}.", join_names(never_used.iter().map(ToString::to_string))));
        }
        if let Some(smaller) = smaller {
            all.push(format!("The role {} would have been enough.", smaller.role));
        }
        if replay.would_pass_total > 0 {
            let calls = join_names(replay.would_pass.iter().map(describe));
            all.push(format!("It would have let {} pass: {calls}.", counted(replay.would_pass_total, "refused call")));
        }
        if replay.if_met_total > 0 {
            let calls = counted(replay.if_met_total, "refused call");
            all.push(format!("It would have let {calls} pass where its conditions are met."));
        }
        if replay.would_be_refused_total > 0 {
            let calls = join_names(replay.would_be_refused.iter().map(describe));
            let count = counted(replay.would_be_refused_total, "call");
            all.push(format!("It would have refused {count} that passed: {calls}."));
        }
        all.push(format!("This is {}.", replay.rests_on));
        all
    }
}

fn describe(one: &Called) -> String {
    format!("{} on {} ({})", one.action, one.resource, one.count)
}

fn join_names(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(NAMED);
    let mut all: Vec<String> = names.take(NAMED).collect();
    if more > 0 {
        all.push(format!("{more} more"));
    }
    all.join(", ")
}
