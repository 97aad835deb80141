//! What an agent may do in the workflow, for whom, and how much of it.

use super::{AgentRules, History, Refusal, RefusalCode, Rules};
use crate::command::Command;
use crate::model::{AccessRequest, Caller, PrincipalKind, RequestState, Timestamp, Verdict};

const HOUR_MILLIS: i64 = 3_600_000;

/// That the command is not kept from agents, if the caller is one.
pub(super) fn check_command(caller: &Caller, command: &Command, rules: &Rules) -> Result<(), Refusal> {
    if !caller.is_agent() {
        return Ok(());
    }
    check_accountable(caller, command, rules)?;
    match command {
        Command::CompleteReview(_) | Command::WaiveReview(_) => check_may_review(caller, rules),
        Command::ReportStanding(_) => Err(not_for_agents("an agent does not report what anybody is")),
        Command::AcceptStore(_) | Command::AcceptClock(_) => {
            Err(not_for_agents("an agent does not say that the store or the clock is right"))
        }
        Command::Resume(_) => Err(not_for_agents("an agent cannot resume a suspended grant")),
        Command::AcknowledgeAlert(_) | Command::SilenceAlert(_) => {
            Err(not_for_agents("an agent does not answer an alert"))
        }
        // A review is checked where the requester is known, and a delegation is refused together with other invalid
        // ones. The remaining commands request, answer, or end access.
        _ => Ok(()),
    }
}

/// Checks that the caller is not an agent, or that the operator permits agents to review and a person is accountable for
/// this one.
pub(super) fn check_may_review(caller: &Caller, rules: &Rules) -> Result<(), Refusal> {
    if caller.is_agent() && !rules.agents.may_review {
        return Err(not_for_agents("an agent reviews nothing (`agents.may_review: false`): a person has to"));
    }
    if caller.person().kind() == PrincipalKind::Agent {
        return Err(not_for_agents(format!(
            "{} acts for nobody: an agent reviews on behalf of a person who is accountable for it",
            caller.principal
        )));
    }
    Ok(())
}

/// Checks that the caller is not an agent.
pub(super) fn check_is_no_agent(caller: &Caller, what: &str) -> Result<(), Refusal> {
    if caller.is_agent() { Err(not_for_agents(format!("an agent does not {what}: a person has to"))) } else { Ok(()) }
}

/// Checks that a person is accountable for what an agent requests.
fn check_accountable(caller: &Caller, command: &Command, rules: &Rules) -> Result<(), Refusal> {
    if caller.acts_for.as_ref().is_some_and(|person| person.kind() == PrincipalKind::Agent) {
        return Err(not_for_agents("the person that an agent acts for is a person, and no other agent"));
    }
    let asks = matches!(command, Command::Submit(_) | Command::Extend(_) | Command::BreakGlass(_));
    if asks && rules.agents.require_person && caller.acts_for.is_none() {
        let message = format!(
            "{} acts for nobody: an agent asks on behalf of a person who is accountable for it \
             (`agents.require_person`)",
            caller.principal
        );
        return Err(not_for_agents(message));
    }
    Ok(())
}

fn not_for_agents(why: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::NotForAgents, why)
}

/// Checks that the agents of the caller's person may make one more request. All of them count together: a new agent
/// name adds no budget.
pub(super) fn check_budget(
    caller: &Caller,
    history: &History,
    rules: &AgentRules,
    now: Timestamp,
) -> Result<(), Refusal> {
    if !caller.is_agent() {
        return Ok(());
    }
    let person = caller.person();
    let of_agents = |request: &&AccessRequest| request.requester.kind() == PrincipalKind::Agent;
    // Newest first.
    let asked: Vec<&AccessRequest> = history.requests.iter().filter(of_agents).collect();
    let after = |at: Timestamp, millis: i64| {
        Timestamp::from_millis(at.millis().saturating_add(millis)).unwrap_or(Timestamp::MAX)
    };
    let nth = |most: u64| usize::try_from(most).ok().and_then(|most| most.checked_sub(1));
    if let Some(most) = rules.requests_per_hour
        && let Some(oldest) = nth(most).and_then(|nth| asked.get(nth))
    {
        let room = after(oldest.created_at, HOUR_MILLIS);
        if now < room {
            let message = format!(
                "agents of {person} have asked {most} times in the last hour, and `agents.requests_per_hour` is {most}; \
                 ask again at {room}"
            );
            return Err(Refusal::new(RefusalCode::TooManyRequests, message).until(room));
        }
    }
    let open = asked.iter().filter(|request| request.status(now).is_open()).count();
    if let Some(most) = rules.open_requests.filter(|most| u64::try_from(open).is_ok_and(|open| open >= *most)) {
        let message = format!(
            "{open} of the requests by agents of {person} wait for an answer, and `agents.open_requests` is {most}: \
             wait for one, or withdraw one"
        );
        return Err(Refusal::new(RefusalCode::TooManyOpenRequests, message));
    }
    let answered = asked.iter().filter(|request| !request.status(now).is_open());
    let denied: Vec<_> = answered.take_while(|request| request.state == RequestState::Denied).collect();
    if let Some(most) = rules.denials
        && let Some(last) = denied.first()
        && u64::try_from(denied.len()).is_ok_and(|count| count >= most)
    {
        let denial = last.reviews.iter().rev().find(|review| review.verdict == Verdict::Deny);
        let room = after(denial.map_or(last.created_at, |review| review.at), rules.pause.millis());
        if now < room {
            let reason = denial
                .and_then(|review| review.comment.as_ref())
                .map_or_else(String::new, |reason| format!("; the last time because: {reason}"));
            let message = format!(
                "the last {} requests by agents of {person} were denied{reason}. Stop asking, and tell {person}; \
                 agents may ask again at {room} (`agents.denials`, `agents.pause_minutes`)",
                denied.len()
            );
            return Err(Refusal::new(RefusalCode::AgentPaused, message).until(room));
        }
    }
    Ok(())
}
