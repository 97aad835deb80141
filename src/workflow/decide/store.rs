//! Accepting a replaced store.

use super::case::each;
use crate::authz::{AuthzAction, AuthzResource};
use crate::command::AcceptStore;
use crate::model::{Actor, Caller, Event, Fact, Timestamp};
use crate::workflow::access::not_an_approver;
use crate::workflow::authorize::Authorization;
use crate::workflow::{Refusal, Rules};

/// The acceptance, on record. Without a caller the host itself accepts.
pub(super) fn accept(
    caller: Option<&Caller>,
    accept: &AcceptStore,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if let Some(caller) = caller {
        let accept = Authorization::new(caller, AuthzAction::AcceptStore, AuthzResource::Workflow, rules, now);
        accept.check(|| not_an_approver(caller, &rules.approver_roles))?;
    }
    let by = caller.map_or(Actor::Host, |caller| Actor::Principal(caller.principal.clone()));
    Ok(each(now, &by, [Fact::StoreAccepted { reason: accept.reason.clone() }]))
}
