//! The requests that would lift a denial.

use std::sync::Arc;

use super::commit::Round;
use super::execute::Standings;
use super::workflow::Workflow;
use crate::check::{Check, Decider};
use crate::command::{Command, ListRemedies, Submit};
use crate::error::Error;
use crate::model::{Action, Caller, Query, Reason, Resource, RoleName, Timestamp};
use crate::workflow::{Call, Needs, Remedy, remedies};

/// How long an answer may be used. The request is judged again when it is made.
const HOLDS_MILLIS: i64 = 600_000;

/// The requests that would lift a denial.
///
/// See [`Remedy`].
#[derive(Debug, Clone)]
pub struct Remedies {
    /// The action that is denied.
    pub action: Action,
    /// On what.
    pub resource: Resource,
    /// The requests that would be accepted, the one with the least access first; empty when no request helps.
    pub options: Vec<Remedy>,
    /// The instant of the answer.
    pub now: Timestamp,
    /// Until when the caller may use this answer.
    pub expires_at: Timestamp,
}

impl Remedies {
    /// What to do, in sentences for people and for models.
    #[must_use]
    pub fn detail(&self) -> String {
        let (action, resource) = (&self.action, &self.resource);
        let on = if resource.is_everything() { String::new() } else { format!(" on `{}`", resource.thing()) };
        let Some(first) = self.options.first() else {
            return format!("`{action}`{on} is denied, and asking for it does not help.");
        };
        let who = match &first.approved_by_rule {
            Some(_) => "It is approved at once.",
            None => "A person decides.",
        };
        let why = if first.needs_reason { " with a reason" } else { "" };
        format!(
            "`{action}`{on} is denied. You may ask for it: request the role `{}`{why}, for up to {}. {who} \
             Then make the same call again.",
            first.role, first.max_duration
        )
    }
}

impl Workflow {
    /// Returns the requests by which the caller could get this action: a dry run of each request that would give it. A
    /// call that no grant covers is counted among the refused attempts.
    ///
    /// # Errors
    /// [`crate::workflow::RefusalCode::NotEligible`] when the caller is disabled; when the resource and its parent are of
    /// one kind; errors of the store and of the directory.
    pub fn remedies(&self, caller: &Caller, denied: &ListRemedies) -> Result<Remedies, Error> {
        let (shared, now) = (&*self.shared, self.shared.time.now());
        let caller = &*shared.on_our_time(caller);
        let resource = denied.resource.clone().unwrap_or_else(Resource::everything);
        let resource = match &denied.parent {
            Some(parent) => resource.with_parent(parent.clone())?,
            None => resource,
        };
        let any: Command = Submit::new(RoleName::new("any")?).into();
        let call = Call::new(caller, &any, shared.new_ids());
        // What is read for a request does not depend on the role.
        let needs = Needs::of(&call, &shared.rules);
        let mut standings = Standings::of(shared);
        let view = shared.view(&*shared.store, &needs, &call, (now, Round::Free), &mut standings)?.unwrap_or_default();
        let options = remedies(&view, caller, call.ids, &shared.rules, (&denied.action, &resource), now)?;
        self.count_denied(caller, &denied.action, &resource)?;
        let expires_at = Timestamp::from_millis(now.millis().saturating_add(HOLDS_MILLIS)).unwrap_or(now);
        Ok(Remedies { action: denied.action.clone(), resource, options, now, expires_at })
    }

    /// Counts the denied call when no grant covers it; other denials were counted by the check.
    fn count_denied(&self, caller: &Caller, action: &Action, resource: &Resource) -> Result<(), Error> {
        let decider = Decider::new(Arc::clone(&self.shared.checks), Arc::clone(&self.shared) as _);
        let query = Query { principal: &caller.principal, action, resource };
        let reason = decider.check(&Check::new(query).peek())?.basis.reason;
        if reason == Reason::NoGrant {
            let who = (caller.principal.clone(), caller.acts_for.clone());
            self.shared.refused_call(who, (action, resource), reason.name(), self.shared.time.now());
        }
        Ok(())
    }
}
