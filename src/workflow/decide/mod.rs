//! Which facts follow from a command.
//!
//! | file | question |
//! |---|---|
//! | `case` | the input of a decision |
//! | `submit` | requesting a role |
//! | `extend` | requesting an extension |
//! | `break_glass` | taking a role by break-glass, and its review |
//! | `review` | approving and denying a request, asking for more information |
//! | `answer` | what the requester does with an open request |
//! | `alert` | acknowledging, silencing and raising an alert |
//! | `ending` | ending a grant, and suspending it |
//! | `delegation` | delegating the right to review |
//! | `standing` | a report of a principal's standing rights |
//! | `store` | accepting a replaced store |
//! | `merge` | merging what was recorded while the store was unavailable |
//! | `clock` | the confirmation that the clock is right |
//! | `covered` | whether a live grant already gives what is requested |
//! | `eligibility` | who may hold a role, and who may act at all |
//! | `terms` | what a request is for, after every limit |
//! | `today` | what the current rules leave of an older request |
//! | `impact` | what other rules would change about existing grants and requests |
//! | `limits` | how many grants and requests there may be |
//! | `request` | the request that a command makes or is about |
//! | `offer` | the roles that a caller may request |
//! | `remedy` | the requests that would lift a denial |
//! | `grant` | the grant that an approved request leads to or a command is about |

mod alert;
mod answer;
mod break_glass;
mod case;
mod clock;
mod covered;
mod delegation;
mod eligibility;
mod ending;
mod extend;
mod grant;
mod impact;
mod limits;
mod merge;
mod offer;
mod remedy;
mod request;
mod review;
mod standing;
mod store;
mod submit;
mod terms;
mod today;

use std::sync::Arc;

pub use self::alert::record_alert;
pub use self::break_glass::may_review_use;
use self::case::Case;
pub use self::covered::answered_with;
pub use self::eligibility::check_not_disabled;
pub use self::ending::no_longer_extending;
pub use self::impact::{RulesImpact, end_changed_roles, impact_on_grant, impact_on_request};
pub use self::merge::{merge_ends, merge_taken, why_it_ends};
pub use self::offer::{Offer, offers};
pub use self::remedy::{Remedy, remedies};
pub use self::review::may_review;
pub use self::standing::may_still_hold;
use super::{Call, Refusal, RefusalCode, Rules, View};
use crate::command::Command;
use crate::model::{Actor, Caller, Event, Fact, OnBehalf, Timestamp};
use crate::workflow::agents::check_command;

/// Returns the facts that follow from the command at `now`, given the state in `view` and the operator's rules. Empty
/// when the command changes nothing.
///
/// # Errors
/// The refusal, when the rules do not allow the command. Then nothing has happened.
pub fn decide(view: &View, call: &Call<'_>, rules: &Rules, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    decided(view, call, rules, now, false)
}

/// Like [`decide`], for a dry run: what a submission would make, even when a live grant already gives it.
///
/// # Errors
/// As for [`decide`].
pub fn preview(view: &View, call: &Call<'_>, rules: &Rules, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    decided(view, call, rules, now, true)
}

fn decided(view: &View, call: &Call<'_>, rules: &Rules, now: Timestamp, dry_run: bool) -> Result<Vec<Event>, Refusal> {
    let mut events = facts(view, call, rules, now, dry_run)?;
    if let Some(caller) = call.caller {
        events.iter_mut().for_each(|event| name_person(event, caller));
    }
    Ok(events)
}

/// Has the record of what an agent did name the person it acted for, unless the fact names them itself.
fn name_person(event: &mut Event, caller: &Caller) {
    let Some(person) = &caller.acts_for else { return };
    let is_named = matches!(
        event.fact,
        Fact::RequestSubmitted(_)
            | Fact::RequestReviewed { .. }
            | Fact::RequestApproved { .. }
            | Fact::RequestDenied { .. }
            | Fact::InformationRequested { .. }
    );
    if !is_named && matches!(&event.by, Actor::Principal(by) if *by == caller.principal) {
        let (agent, person) = (caller.principal.clone(), person.clone());
        event.by = Actor::Agent(Arc::new(OnBehalf { agent, person }));
    }
}

fn facts(view: &View, call: &Call<'_>, rules: &Rules, now: Timestamp, dry_run: bool) -> Result<Vec<Event>, Refusal> {
    if let Some(caller) = call.caller {
        eligibility::check_not_disabled(caller, view)?;
        check_command(caller, call.command, rules)?;
    }
    if let Command::ReportStanding(report) = call.command {
        return standing::report(view, call.caller, report, rules, now);
    }
    if let Command::AcceptStore(accept) = call.command {
        return store::accept(call.caller, accept, rules, now);
    }
    if let Command::AcceptClock(accept) = call.command {
        return clock::accept(view, call.caller, accept, rules, now);
    }
    let Some(caller) = call.caller else {
        return Err(Refusal::new(RefusalCode::NotEligible, "only an authenticated caller can give this command"));
    };
    let case = &Case { view, caller, ids: call.ids, rules, now, dry_run, keyed: call.keyed };
    match call.command {
        Command::Submit(submit) => submit::submit(case, submit),
        Command::Extend(extend) => extend::extend(case, extend),
        Command::BreakGlass(take) => break_glass::break_glass(case, take),
        Command::CompleteReview(review) => break_glass::complete_review(case, review),
        Command::WaiveReview(waive) => break_glass::waive_review(case, waive),
        Command::Approve(approve) => review::approve(case, approve),
        Command::Deny(deny) => review::deny(case, deny),
        Command::Ask(ask) => review::ask(case, ask),
        Command::Answer(answer) => answer::answer(case, answer),
        Command::Withdraw(withdraw) => answer::withdraw(case, withdraw),
        Command::Delegate(delegate) => delegation::delegate(case, delegate),
        Command::Undelegate(undelegate) => delegation::undelegate(case, undelegate),
        Command::Revoke(revoke) => ending::revoke(case, revoke),
        Command::RevokeMany(many) => ending::revoke_many(case, many),
        Command::Release(release) => ending::release(case, release),
        Command::Suspend(suspend) => ending::suspend(case, suspend),
        Command::Resume(resume) => ending::resume(case, resume),
        Command::AcknowledgeAlert(acknowledge) => alert::acknowledge(case, acknowledge),
        Command::SilenceAlert(silence) => alert::silence(case, silence),
        Command::ReportStanding(report) => standing::report(view, Some(caller), report, rules, now),
        Command::AcceptStore(accept) => store::accept(Some(caller), accept, rules, now),
        Command::AcceptClock(accept) => clock::accept(view, Some(caller), accept, rules, now),
    }
}
