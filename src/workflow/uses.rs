//! Whether a grant can be used now, and what is recorded of the use.

use std::sync::Arc;

use super::Rules;
use super::second_factor::proven_until;
use crate::model::{
    Action, Actor, Conditions, Context, Event, Fact, Grant, GrantStatus, Principal, Reason, Resource, Timestamp,
    UseDetails,
};

/// Whether a check meets these conditions at `now`, and until which instant. The number of uses left is not checked
/// here.
///
/// ```
/// use jit_access::model::{Conditions, Context, Reason, Timestamp};
/// use jit_access::workflow::{Rules, met_until};
///
/// let conditions = Conditions::default().session(Some("task-42".parse()?));
/// let context = Context::default().session(Some("task-42".parse()?));
/// let now = "2026-12-01T09:00:00Z".parse()?;
/// assert_eq!(met_until(&conditions, &context, &Rules::default(), now), Ok(Timestamp::MAX));
/// assert_eq!(met_until(&conditions, &Context::default(), &Rules::default(), now), Err(Reason::OtherSession));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// The first condition that is not met, as the reason of a decision.
pub fn met_until(
    conditions: &Conditions,
    context: &Context,
    rules: &Rules,
    now: Timestamp,
) -> Result<Timestamp, Reason> {
    if conditions.session.as_ref().is_some_and(|session| context.session.as_ref() != Some(session)) {
        return Err(Reason::OtherSession);
    }
    if conditions.call.as_ref().is_some_and(|call| context.call.as_ref() != Some(call)) {
        return Err(Reason::OtherCall);
    }
    let from_there = |networks: &crate::model::Networks| context.address.is_some_and(|address| networks.hold(address));
    if !conditions.networks.as_ref().is_none_or(from_there) {
        return Err(Reason::OutsideNetworks);
    }
    match (conditions.mfa_within, &context.sign_in) {
        (None, _) => Ok(Timestamp::MAX),
        (Some(_), None) => Err(Reason::MfaRequired),
        (Some(within), Some(sign_in)) => {
            proven_until(sign_in, within, &rules.break_glass, now).map_err(|_| Reason::MfaRequired)
        }
    }
}

/// One use, as it is recorded.
///
/// ```
/// use jit_access::workflow::Use;
///
/// let used = Use { action: "tools.execute".parse()?, resource: "tool:deploy".parse()?, details: None };
/// assert_eq!(used.resource.id(), "deploy");
/// # Ok::<(), jit_access::model::Invalid>(())
/// ```
#[derive(Debug, Clone)]
pub struct Use {
    /// The action.
    pub action: Action,
    /// To what.
    pub resource: Resource,
    /// Additional data for the record.
    pub details: Option<Arc<UseDetails>>,
}

/// The facts of one more use of this grant at `now`, with its end if this was the last permitted use; `None` when no
/// use is left.
///
/// ```
/// use jit_access::model::Grant;
/// use jit_access::workflow::{Use, use_of};
///
/// fn uses_left(grant: &Grant) -> bool {
///     let (action, resource) = ("tools.execute".parse(), "gateway".parse());
///     let used = |(action, resource)| Use { action, resource, details: None };
///     action.ok().zip(resource.ok()).is_some_and(|what| use_of(grant, used(what), grant.window.start()).is_some())
/// }
/// ```
#[must_use]
pub fn use_of(grant: &Grant, used: Use, now: Timestamp) -> Option<Vec<Event>> {
    if grant.status(now) != GrantStatus::Active {
        return None;
    }
    let left = match grant.conditions.max_uses {
        None => None,
        Some(max) => Some(u64::from(max.get()).checked_sub(grant.uses)?.checked_sub(1)?),
    };
    let mut details = used.details;
    if let Some(person) = &grant.holder_acts_for {
        Arc::make_mut(details.get_or_insert_default()).acts_for = Some(person.clone());
    }
    let used = Fact::GrantUsed {
        grant: grant.id,
        action: used.action,
        resource: used.resource,
        drill: grant.break_glass.as_ref().is_some_and(|owed| owed.drill),
        left: left.map(|left| u32::try_from(left).unwrap_or(u32::MAX)),
        used_at: None,
        details,
    };
    let holder: Principal = grant.holder.clone();
    let mut events = vec![Event { at: now, by: Actor::Principal(holder), fact: used }];
    if left == Some(0) {
        let by = Actor::Rule("max_uses".into());
        events.push(Event { at: now, by, fact: Fact::GrantExhausted { grant: grant.id } });
    }
    Some(events)
}
