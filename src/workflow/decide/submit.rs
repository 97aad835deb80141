//! Requesting a role.

use super::case::Case;
use super::covered::{covering, repeated, twin};
use super::eligibility::{check_may_request, eligible, requested};
use super::limits;
use super::request::{Draft, make};
use super::terms::{check_details, check_start, limited, part_of};
use crate::authz::Entitlement;
use crate::command::Submit;
use crate::model::{Event, Timestamp};
use crate::workflow::Refusal;
use crate::workflow::agents::check_budget;

pub(super) fn submit(case: &Case<'_>, submit: &Submit) -> Result<Vec<Event>, Refusal> {
    let Case { view, caller, rules, now, .. } = *case;
    case.check_enabled()?;
    let role = requested(case, &submit.role)?;
    let (duration, duration_cut) = limited(submit.duration, role, rules);
    let reserved = rules.reserved(false);
    let wanted = match &submit.permissions {
        None => Some(role.permissions.clone()),
        Some(wanted) => role.permissions.intersection(wanted),
    };
    let given = wanted.and_then(|wanted| wanted.difference(reserved));
    let wanted = Entitlement {
        role: &role.name,
        permissions: given.as_ref().unwrap_or(&role.permissions),
        scope: &submit.resource,
        duration,
        emergency: false,
        eligibility: eligible(Some(role)),
    };
    check_may_request(case, &wanted)?;
    check_details(&submit.details, rules)?;
    if let Some(start) = submit.starts_at {
        check_start(start, now)?;
    }
    let (resource, conditions) = (&submit.resource, &submit.conditions);
    let terms = part_of(role, submit.permissions.as_ref(), resource, duration, conditions, reserved)?;
    let begins = submit.starts_at.unwrap_or(now);
    if !case.dry_run
        && let Some(grant) = covering(&view.history, caller, &terms, begins, now)
    {
        return repeated(case, grant, submit);
    }
    check_budget(caller, &view.history, &rules.agents, now)?;
    limits::check_request(&caller.principal, &view.tally, &rules.limits, now)?;
    limits::check_grant(&caller.principal, &view.tally, &rules.limits)?;
    // A form that was sent twice makes no twins, unless a rule approves by now what waited before.
    let is_twin = twin(case, submit, &terms, duration_cut.as_ref()).is_some();
    let draft = Draft {
        terms,
        duration_cut,
        extends: None,
        starts_at: submit.starts_at,
        answer_by: Timestamp::MAX,
        details: submit.details.clone(),
    };
    let events = make(case, role, draft, None)?;
    Ok(if is_twin && events.len() == 1 { Vec::new() } else { events })
}
