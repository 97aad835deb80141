//! What a caller could do now with a request or a grant that they look at.
//!
//! Each command is decided as if it were given, so nothing is offered that would be refused, and no rule stands twice. What the
//! shipped policy answers alike is asked once: a list has many rows.

use super::{Call, Ids, Rules, View, decide};
use crate::command::{
    Answer, Approve, Ask, Command, CompleteReview, Deny, Extend, Release, Resume, Revoke, Suspend, WaiveReview,
    Withdraw,
};
use crate::model::{AccessRequest, Caller, Grant, GrantStatus, Justification, RequestStatus, Timestamp};

/// The commands that are worth a look. Those of a group are possible only where its first one is.
pub type Groups = Vec<Vec<Command>>;

/// The commands that the caller could give about a request.
#[must_use]
pub fn about_request(request: &AccessRequest, caller: &Caller, rules: &Rules, now: Timestamp) -> Groups {
    let (id, text, status) = (request.id, some_text(), request.status(now));
    if !status.is_open() {
        return Vec::new();
    }
    let mut own = vec![vec![Withdraw::new(id).into()]];
    if status == RequestStatus::NeedsInfo {
        own.push(vec![Answer::new(id, text.clone()).into()]);
    }
    let deciding = vec![Deny::new(id, text.clone()).into(), Ask::new(id, text).into(), Approve::new(id).into()];
    if rules.policy.is_custom() {
        return own.into_iter().chain(each(deciding)).collect();
    }
    if caller.principal == request.requester { own } else { vec![deciding] }
}

/// The commands that the caller could give about a grant.
#[must_use]
pub fn about_grant(grant: &Grant, caller: &Caller, rules: &Rules, now: Timestamp) -> Groups {
    let (id, text, status) = (grant.id, some_text(), grant.status(now));
    let mut groups = Vec::new();
    if status.is_live() {
        let own = vec![vec![Release::new(id).into()], vec![Extend::new(id).reason(text.clone()).into()]];
        let hold = match status {
            GrantStatus::Suspended => Resume::new(id).into(),
            _ => Suspend::new(id, text.clone()).into(),
        };
        let control = vec![Revoke::new(id, text.clone()).into(), hold];
        if rules.policy.is_custom() {
            groups.extend(own.into_iter().chain(each(control)));
        } else if caller.principal == grant.holder {
            groups.extend(own);
        } else {
            groups.push(control);
        }
    }
    if grant.break_glass.is_some() {
        let reviews = vec![CompleteReview::new(id, true, text.clone()).into(), WaiveReview::new(id, text).into()];
        groups.extend(each(reviews));
    }
    groups
}

/// Each as a group of its own.
fn each(commands: Vec<Command>) -> Groups {
    commands.into_iter().map(|command| vec![command]).collect()
}

/// Whether the command would do something now.
#[must_use]
pub fn is_possible(view: &View, caller: &Caller, command: &Command, rules: &Rules, now: Timestamp) -> bool {
    let call = Call::new(caller, command, Ids::from_u128(0));
    decide(view, &call, rules, now).is_ok_and(|events| !events.is_empty())
}

/// A text where a command wants one.
fn some_text() -> Justification {
    Justification::fitting("a text")
}
