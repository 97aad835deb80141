//! Which facts follow from a command.
//!
//! | file | question |
//! |---|---|
//! | `submit` | asking for a role |
//! | `extend` | asking that a grant goes on when it ends |
//! | `standing` | who may ask for a role, and what follows when the host says that it is not so any more |
//! | `limits` | how many grants and requests there may be |
//! | `covered` | does a live grant give already what is asked for |
//! | `review` | answering a request, asking back, taking it back |
//! | `delegation` | letting somebody review in one's place |
//! | `break_glass` | taking a role without approval, and the review owed for it |
//! | `ending` | ending a grant, and holding it back for a while |

mod break_glass;
mod covered;
mod delegation;
mod ending;
mod extend;
mod limits;
mod review;
mod standing;
mod submit;

pub use self::covered::already_covered;
use self::review::reviewable;
pub use self::standing::report_standing;
use self::submit::Wish;
use super::authority::Act;
use super::{Command, Intent, Refusal, RefusalCode, Rules, View};
use crate::model::{Actor, Conditions, Event, Fact, Timestamp};

/// The facts that follow from `command` at `now`, given what `view` holds and what the operator has set; none when the
/// command wants what is already so.
///
/// # Errors
/// The refusal, when the rules say no. Then nothing has happened.
pub fn decide(view: &View, command: &Command, rules: &Rules, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    decided(view, command, rules, now, false)
}

/// The same for who only wants to see it: what a submission would make although a live grant may give it already.
///
/// # Errors
/// As for [`decide`].
pub fn preview(view: &View, command: &Command, rules: &Rules, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    decided(view, command, rules, now, true)
}

fn decided(
    view: &View,
    command: &Command,
    rules: &Rules,
    now: Timestamp,
    even_if_covered: bool,
) -> Result<Vec<Event>, Refusal> {
    let caller = &command.caller;
    standing::check_not_disabled(caller, view)?;
    let by = Actor::Principal(caller.principal.clone());
    let facts = match &command.intent {
        Intent::Submit { id, grant, role, duration, scope, starts_at, conditions, justification, ticket } => {
            let (justification, ticket) = (justification.as_ref(), ticket.as_ref());
            let (duration, starts_at) = (*duration, *starts_at);
            let wish =
                Wish { id: *id, role, duration, scope, starts_at, conditions, justification, ticket, even_if_covered };
            return submit::submit(caller, wish, *grant, view, rules, now);
        }
        Intent::Extend { grant, id, next, duration, justification } => {
            let wish = extend::Wish { id: *id, duration: *duration, justification: justification.as_ref() };
            return extend::extend(view, (*grant, *next), wish, caller, rules, now);
        }
        Intent::BreakGlass { id, grant, role, duration, scope, justification, ticket, drill } => {
            let (justification, ticket) = (justification.as_ref(), ticket.as_ref());
            let wish = Wish {
                id: *id,
                role,
                duration: *duration,
                scope,
                starts_at: None,
                conditions: &Conditions::default(),
                justification,
                ticket,
                even_if_covered,
            };
            return break_glass::break_glass(caller, &wish, (*grant, *drill), view, rules, now);
        }
        Intent::CompleteReview { grant, justified, finding } => {
            break_glass::complete_review(view, (*grant, *justified, finding), caller, rules, now)?
        }
        Intent::WaiveReview { grant, reason } => break_glass::waive_review(view, (*grant, reason), caller, rules, now)?,
        Intent::Approve { request, version, grant, cut, comment } => {
            let (request, capacity) = reviewable(view, (*request, Act::Approve), *version, caller, rules, now)?;
            check_enabled(rules)?;
            standing::check_still_eligible(request, view, rules, now)?;
            match &request.extends {
                // It begins when the grant before it ends, and is counted with it.
                Some(extension) => extend::check_still_extendable(view, extension, now)?,
                None => limits::check_grant(&request.requester, &view.tally, &rules.limits)?,
            }
            return review::approve(view, request, (caller, capacity), (cut, comment.as_ref()), *grant, now);
        }
        Intent::Deny { request, reason } => {
            let (request, capacity) = reviewable(view, (*request, Act::Deny), None, caller, rules, now)?;
            vec![Fact::RequestDenied { request: request.id, capacity, reason: reason.clone() }]
        }
        Intent::Ask { request, question } => {
            let (request, capacity) = reviewable(view, (*request, Act::Ask), None, caller, rules, now)?;
            vec![Fact::InformationRequested { request: request.id, capacity, question: question.clone() }]
        }
        Intent::Answer { request, answer, duration, scope } => {
            review::answer(view, (*request, answer), (*duration, scope.as_ref()), caller, rules, now)?
        }
        Intent::Withdraw { request } => review::withdraw(view, *request, caller, rules, now)?,
        Intent::Delegate { id, to, roles, from, until, reason } => {
            let wish = delegation::Wish { id: *id, to, roles: roles.as_deref(), from: *from, until: *until, reason };
            delegation::delegate(view, &wish, caller, rules, now)?
        }
        Intent::Undelegate { delegation } => delegation::undelegate(view, *delegation, caller, rules, now)?,
        Intent::Revoke { grant, reason } => ending::revoke(view, (*grant, reason), caller, rules, now)?,
        Intent::RevokeMany { select, reason } => ending::revoke_many(view, (select, reason), caller, rules, now)?,
        Intent::Release { grant } => ending::release(view, *grant, caller, rules, now)?,
        Intent::Suspend { grant, reason } => ending::suspend(view, (*grant, reason), caller, rules, now)?,
        Intent::Resume { grant } => ending::resume(view, *grant, caller, rules, now)?,
    };
    Ok(each(now, &by, facts))
}

fn each(now: Timestamp, by: &Actor, facts: impl IntoIterator<Item = Fact>) -> Vec<Event> {
    facts.into_iter().map(|fact| Event { at: now, by: by.clone(), fact }).collect()
}

fn check_enabled(rules: &Rules) -> Result<(), Refusal> {
    if rules.enabled {
        Ok(())
    } else {
        Err(Refusal::new(RefusalCode::Disabled, "just-in-time access is switched off (`enabled: false`)"))
    }
}
