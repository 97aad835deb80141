//! What can be done about an alert: it is acknowledged or silenced on record, or a rule of the operator suspends its
//! grant.

use super::case::{Case, each};
use super::grant::with_later;
use crate::authz::{AuthzAction, AuthzResource};
use crate::command::{AcknowledgeAlert, SilenceAlert};
use crate::model::{Actor, Alert, AlertId, AlertState, AlertStatus, Event, Fact, Timestamp};
use crate::workflow::access::not_an_approver;
use crate::workflow::{Refusal, RefusalCode, View};

/// Acknowledging an acknowledged alert makes no new fact.
pub(super) fn acknowledge(case: &Case<'_>, command: &AcknowledgeAlert) -> Result<Vec<Event>, Refusal> {
    let state = find_alert(case, command.alert)?;
    let fact = (state.acknowledged.is_none()).then(|| Fact::AlertAcknowledged {
        alert: state.alert.id,
        grant: state.alert.grant,
        reason: command.reason.clone(),
    });
    Ok(case.events(fact))
}

pub(super) fn silence(case: &Case<'_>, command: &SilenceAlert) -> Result<Vec<Event>, Refusal> {
    let state = find_alert(case, command.alert)?;
    let until = case.now.saturating_add(command.duration);
    // A shorter silence than the one in force changes nothing.
    let is_longer = state.silenced.as_ref().is_none_or(|(_, before)| *before < until);
    let fact = (is_longer || state.status(case.now) != AlertStatus::Silenced).then(|| Fact::AlertSilenced {
        alert: state.alert.id,
        grant: state.alert.grant,
        until,
        reason: command.reason.clone(),
    });
    Ok(case.events(fact))
}

/// The alert, for a caller who may act on it.
fn find_alert<'a>(case: &Case<'a>, id: AlertId) -> Result<&'a AlertState, Refusal> {
    let handle = case.may(AuthzAction::HandleAlert, AuthzResource::Workflow);
    handle.check(|| not_an_approver(case.caller, &case.rules.approver_roles))?;
    let known = case.view.alert.as_ref().filter(|state| state.alert.id == id);
    known.ok_or_else(|| Refusal::new(RefusalCode::UnknownAlert, format!("there is no alert {id}")))
}

/// Records the alert. If configured, its grant is suspended with it, together with the grant's extensions; nothing is
/// revoked.
#[must_use]
pub fn record_alert(view: &View, alert: &Alert, suspends: bool, now: Timestamp) -> Vec<Event> {
    let mut events = each(now, &Actor::Rule("monitor".into()), [Fact::AlertRaised(Box::new(alert.clone()))]);
    if let Some(grant) = view.grant.as_ref().filter(|grant| suspends && Some(grant.id) == alert.grant) {
        let active = with_later(view, grant, now).filter(|grant| grant.suspended.is_none());
        let facts = active.map(|grant| Fact::GrantSuspended { grant: grant.id, reason: alert.text.clone() });
        events.extend(each(now, &Actor::Rule("monitor.suspend_on".into()), facts));
    }
    events
}
