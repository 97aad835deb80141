//! Evaluates a share of the checks with Cedar too, allows and misses alike.
//!
//! When the index allows and Cedar does not, the answer is no. When Cedar allows and the index has no grant, the answer
//! is no already; a difference is reported only after the index had time to follow, because a check may use a state
//! that is one change older than the store.

use super::cross_check::Missed;
use super::guard::Guard;
use super::shared::Shared;
use crate::model::{Context, GrantId, Query, RawQuery, Timestamp};
use crate::policy::{Beside, Extra, ScopedPolicies};

impl Guard {
    /// Whether Cedar does not allow by this grant what the index allows.
    pub(super) fn is_refuted(&self, query: &RawQuery<'_>, grant: GrantId, now: Timestamp) -> bool {
        let by_cedar = |guard: &Self| guard.by_cedar(query, now).map(|allowing| allowing.contains(&grant));
        if by_cedar(self) == Ok(true) {
            return false;
        }
        // The cached grants may be one change older than the index.
        self.grant_cache.forget(&query.to_values().0);
        let again = by_cedar(self);
        if again == Ok(true) {
            return false;
        }
        let question = describe(query, now);
        self.cross_check
            .differ(format!("the grant {grant} allows {question} by the index, and Cedar answers {again:?}"));
        true
    }

    /// Notes that Cedar allows an action for which the index has no grant.
    pub(super) fn compare_miss(&self, query: &RawQuery<'_>, now: Timestamp) {
        let context = query.context().cloned().unwrap_or_default();
        // No grant allows reserved actions, and checks for an agent's person are decided by the store instead of the
        // index.
        if self.rules.reserves(false, query.action()) || context.acts_for.is_some() {
            return;
        }
        let Some(grant) = self.lost_grant(query, now) else { return };
        let (principal, action, resource) = query.to_values();
        self.cross_check.miss(Missed { principal, action, resource, context, grant });
    }

    /// A grant by which Cedar allows the action. Cedar does not know whether uses are left.
    fn lost_grant(&self, query: &RawQuery<'_>, now: Timestamp) -> Option<GrantId> {
        let allowing = self.by_cedar(query, now).ok()?;
        let held = self.grant_cache.of(&query.to_values().0, now).ok()?;
        let is_numbered =
            |id: &GrantId| held.iter().any(|one| one.grant.id == *id && one.grant.conditions.max_uses.is_some());
        allowing.into_iter().find(|id| !is_numbered(id))
    }

    /// The grants by which Cedar allows the action, over the principal's grants in the store.
    fn by_cedar(&self, query: &RawQuery<'_>, now: Timestamp) -> Result<Vec<GrantId>, String> {
        let (principal, action, resource) = query.to_values();
        let held = self.grant_cache.of(&principal, now).map_err(|error| error.to_string())?;
        if held.is_empty() {
            return Ok(Vec::new());
        }
        let beside: Vec<Beside> = held.iter().map(|one| one.policy.clone()).collect();
        let none = Context::default();
        let asked = Query { principal: &principal, action: &action, resource: &resource };
        let context = query.context().unwrap_or(&none);
        let seen = self.seen_over(&asked, context, Extra::default(), None, now).map_err(|error| error.to_string())?;
        let answer = ScopedPolicies::default().ask_beside(&seen.request, &seen.entities, &beside);
        let answer = answer.map_err(|error| error.to_string())?;
        if !answer.errors.is_empty() {
            return Err(format!("{:?}", answer.errors));
        }
        let reasons = if answer.allows { answer.reasons } else { Vec::new() };
        Ok(reasons.iter().filter_map(|id| id.parse().ok()).collect())
    }
}

impl Shared {
    /// The differences since the last call.
    pub(super) fn differences(&self, now: Timestamp) -> Vec<String> {
        let cross_check = &self.guard.cross_check;
        for Missed { principal, action, resource, context, grant } in cross_check.take_missed() {
            // Read the grants from the store again.
            self.guard.grant_cache.forget(&principal);
            let checked = Query { principal: &principal, action: &action, resource: &resource };
            let query = RawQuery::from(checked).given(&context);
            let is_withheld = self.following.lock().withheld.contains(&grant);
            if is_withheld || self.checks.covers(&query, now) || self.guard.lost_grant(&query, now) != Some(grant) {
                continue;
            }
            let question = describe(&query, now);
            cross_check.differ(format!("Cedar allows {question} by the grant {grant}, and the index knows none"));
        }
        cross_check.take()
    }
}

/// The question with all its values.
fn describe(query: &RawQuery<'_>, now: Timestamp) -> String {
    let (principal, action, resource) = query.to_values();
    let parent = resource.parent().map(|parent| format!(" in {parent}")).unwrap_or_default();
    format!("{action} on {resource}{parent} to {principal} at {now} (given {:?})", query.context())
}
