//! A share of the checks is asked of Cedar too, allows and misses alike.
//!
//! Where the index allows and Cedar does not, the answer is no. Where Cedar allows and the index knows no grant, the answer is no
//! already; whether a grant is lost is told once the index had the time to follow, because a check may be answered from a state
//! that is older than the store by one change.

use super::cross_check::Missed;
use super::guard::Guard;
use super::shared::Shared;
use crate::model::{Context, GrantId, Query, RawQuery, Timestamp};
use crate::policy::{Beside, ScopedPolicies, Told};

impl Guard {
    /// Whether Cedar does not allow by this grant what the index does.
    pub(super) fn is_refuted(&self, query: &RawQuery<'_>, grant: GrantId, now: Timestamp) -> bool {
        let by_cedar = |guard: &Self| guard.by_cedar(query, now).map(|allowing| allowing.contains(&grant));
        if by_cedar(self) == Ok(true) {
            return false;
        }
        // What is kept of the grants may be older than the index by one change.
        self.held.forget(&query.to_values().0);
        let again = by_cedar(self);
        if again == Ok(true) {
            return false;
        }
        let question = told(query, now);
        self.cross_check
            .differ(format!("the grant {grant} allows {question} by the index, and Cedar answers {again:?}"));
        true
    }

    /// Keeps in mind that Cedar allows what the index knows no grant for.
    pub(super) fn look_at_miss(&self, query: &RawQuery<'_>, now: Timestamp) {
        let context = query.context().cloned().unwrap_or_default();
        // What no grant allows, and what is judged by the store and the person's standing instead of the index.
        if self.rules.reserves(false, query.action()) || context.acts_for.is_some() {
            return;
        }
        let Some(grant) = self.lost(query, now) else { return };
        let (principal, action, resource) = query.to_values();
        self.cross_check.miss(Missed { principal, action, resource, context, grant });
    }

    /// A grant by which Cedar allows it. Whether uses are left is not Cedar's to say.
    fn lost(&self, query: &RawQuery<'_>, now: Timestamp) -> Option<GrantId> {
        let allowing = self.by_cedar(query, now).ok()?;
        let held = self.held.of(&query.to_values().0, now).ok()?;
        let is_numbered =
            |id: &GrantId| held.iter().any(|one| one.grant.id == *id && one.grant.conditions.max_uses.is_some());
        allowing.into_iter().find(|id| !is_numbered(id))
    }

    /// The grants by which Cedar allows it, over the grants of the principal as the store has them.
    fn by_cedar(&self, query: &RawQuery<'_>, now: Timestamp) -> Result<Vec<GrantId>, String> {
        let (principal, action, resource) = query.to_values();
        let held = self.held.of(&principal, now).map_err(|error| error.to_string())?;
        if held.is_empty() {
            return Ok(Vec::new());
        }
        let beside: Vec<Beside> = held.iter().map(|one| one.policy.clone()).collect();
        let none = Context::default();
        let asked = Query { principal: &principal, action: &action, resource: &resource };
        let context = query.context().unwrap_or(&none);
        let seen = self.seen_over(&asked, context, Told::default(), None, now).map_err(|error| error.to_string())?;
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
    /// What was answered differently since the last call.
    pub(super) fn differences(&self, now: Timestamp) -> Vec<String> {
        let cross_check = &self.guard.cross_check;
        for Missed { principal, action, resource, context, grant } in cross_check.take_missed() {
            // As the store has it by now.
            self.guard.held.forget(&principal);
            let checked = Query { principal: &principal, action: &action, resource: &resource };
            let query = RawQuery::from(checked).given(&context);
            let is_withheld = self.following.lock().withheld.contains(&grant);
            if is_withheld || self.checks.covers(&query, now) || self.guard.lost(&query, now) != Some(grant) {
                continue;
            }
            let question = told(&query, now);
            cross_check.differ(format!("Cedar allows {question} by the grant {grant}, and the index knows none"));
        }
        cross_check.take()
    }
}

/// The whole question.
fn told(query: &RawQuery<'_>, now: Timestamp) -> String {
    let (principal, action, resource) = query.to_values();
    let parent = resource.parent().map(|parent| format!(" in {parent}")).unwrap_or_default();
    format!("{action} on {resource}{parent} to {principal} at {now} (given {:?})", query.context())
}
