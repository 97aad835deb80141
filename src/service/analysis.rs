//! What a proposed grant would change, over the known entities.
//!
//! A grant adds only what it covers, so only that is evaluated: each declared action that it permits, on each entity
//! that the host has set or that the request names. Both decisions are those of `authorize`, without and with the
//! grant, for a principal who has just signed in with a second factor and meets the conditions of the grant.

use super::shared::Shared;
use super::workflow::Workflow;
use crate::error::Error;
use crate::model::{AccessRequest, Analysis};

impl Workflow {
    /// What a request would change: what would become possible, which rules of the operator (`invariants`) that would
    /// break, and what is possible already. `None` without the feature `cedar`.
    ///
    /// # Errors
    /// Errors of the store.
    pub fn analysis_of(&self, request: &AccessRequest) -> Result<Option<Analysis>, Error> {
        self.shared.analysis_of(request)
    }
}

impl Shared {
    /// The same in a few sentences. A failure of the policies never stops the notice of a request.
    pub(super) fn changes_of(&self, request: &AccessRequest) -> Vec<String> {
        match self.analysis_of(request) {
            Ok(analysis) => analysis.map(|analysis| analysis.brief()).unwrap_or_default(),
            Err(error) => {
                tracing::warn!(%error, request = %request.id, "what a request would change cannot be said");
                Vec::new()
            }
        }
    }
}

#[cfg(not(feature = "cedar"))]
impl Shared {
    fn analysis_of(&self, _: &AccessRequest) -> Result<Option<Analysis>, Error> {
        Ok(None)
    }
}

#[cfg(feature = "cedar")]
mod with_cedar {
    use std::collections::BTreeSet;

    use super::super::combine::combine;
    use super::super::policy_errors::internal;
    use super::super::proving::proposed;
    use super::{AccessRequest, Analysis, Error, Shared};
    use crate::model::{
        Action, BrokenRule, Case, Context, Grant, Outcome, Permission, Query, Resource, RoleName, SignIn, Timestamp,
    };
    use crate::policy::{self, Beside, Extra, PolicyError, Seen, fewest};

    /// How many questions are evaluated at most: a caller waits for the answer.
    const QUESTIONS: usize = 2_000;

    impl Shared {
        pub(super) fn analysis_of(&self, request: &AccessRequest) -> Result<Option<Analysis>, Error> {
            let now = self.time.now();
            let Some(grant) = proposed(request, now) else { return Ok(None) };
            let held = self.grant_cache.of(&request.requester, now)?;
            // An extension begins when the extended grant ends.
            let extended = request.extends.map(|extension| extension.of);
            let held: Vec<_> = held.iter().filter(|one| Some(one.grant.id) != extended).collect();
            let entities = self.guard.entities();
            let mut things: Vec<Resource> = entities.as_ref().map(|entities| entities.things()).unwrap_or_default();
            things.extend(scope_resources(&grant));
            things.retain(|thing| grant.scope.covers(thing));
            things.sort();
            things.dedup();
            let exact = grant.permissions.allowed().iter().filter_map(|one| Action::new(one.as_str()).ok());
            let actions: BTreeSet<Action> =
                self.policies.actions().chain(exact).filter(|action| grant.permissions.covers(action)).collect();
            let all = things.iter().flat_map(|thing| actions.iter().map(move |action| (action, thing)));
            let mut analysis = Analysis {
                things: if actions.is_empty() { 0 } else { things.len() as u64 },
                // Without a declared action there is nothing to evaluate.
                complete: !actions.is_empty() && things.len().saturating_mul(actions.len()) <= QUESTIONS,
                conflicts: self.conflicts(request, held.iter().map(|one| &one.grant)),
                ..Analysis::default()
            };
            let policy = policy::translate(&grant).map_err(|error| internal(&error))?;
            let Some(policy) = policy else { return Ok(None) };
            let before: Vec<Beside> = held.iter().map(|one| one.policy.clone()).collect();
            let mut after = before.clone();
            after.push(Beside { number: self.guard.next_number(), policy });
            let asks = Asks { shared: self, request, before: &before, after: &after, at: grant.window.start() };
            for (action, thing) in all.take(QUESTIONS) {
                asks.ask(action, thing, &mut analysis).map_err(|error| internal(&error))?;
            }
            analysis.proof = request.proof.clone().filter(|proof| self.is_current(request, proof));
            Ok(Some(analysis))
        }

        /// The roles that should not be held together with this one, declared by either of the two, and that the
        /// requester holds.
        fn conflicts<'a>(&self, request: &AccessRequest, held: impl Iterator<Item = &'a Grant>) -> Vec<RoleName> {
            let says = |one: &RoleName, other: &RoleName| {
                self.rules.catalogue.get(one).is_some_and(|role| role.conflicts_with.contains(other))
            };
            let theirs = request.requester_normal_roles.iter().chain(held.map(|grant| &grant.role));
            let apart = theirs.filter(|role| says(&request.role, role) || says(role, &request.role));
            apart.cloned().collect::<BTreeSet<_>>().into_iter().collect()
        }
    }

    /// One question, evaluated without and with the grant.
    struct Asks<'a> {
        shared: &'a Shared,
        request: &'a AccessRequest,
        before: &'a [Beside],
        after: &'a [Beside],
        at: Timestamp,
    }

    impl Asks<'_> {
        fn ask(&self, action: &Action, thing: &Resource, analysis: &mut Analysis) -> Result<(), PolicyError> {
            let query = Query { principal: &self.request.requester, action, resource: thing };
            let context = Context { sign_in: fresh(self.at), ..Context::default() };
            let seen = self.shared.guard.seen(&query, &context, Extra::default(), self.at)?;
            let stands = |one: &Permission| one.covers(action);
            let by_host = self.request.requester_normal_permissions.iter().flatten().any(stands);
            if by_host || self.allows(&seen, self.before)? {
                analysis.already_total += 1;
                return Ok(());
            }
            if !self.allows(&seen, self.after)? {
                analysis.forbidden_total += 1;
                return Ok(());
            }
            analysis.newly_total += 1;
            let case = Case { action: action.clone(), resource: thing.clone() };
            self.rules(&seen, &case, analysis)?;
            if analysis.newly.len() < Analysis::LISTED {
                analysis.newly.push(case);
            }
            Ok(())
        }

        fn allows(&self, seen: &Seen, beside: &[Beside]) -> Result<bool, PolicyError> {
            let guardrails = self.shared.guard.set();
            Ok(combine(&self.shared.standing, &guardrails, seen, beside, |_| false)?.outcome == Outcome::Allow)
        }

        /// The rules that this case breaks and no earlier case did, each with as few entities as possible.
        fn rules(&self, seen: &Seen, case: &Case, analysis: &mut Analysis) -> Result<(), PolicyError> {
            let rules = &self.shared.invariants;
            if rules.is_empty() {
                return Ok(());
            }
            let (broken, failed) = rules.broken(seen)?;
            let known: Vec<String> = analysis.broken.iter().map(|one| one.rule.clone()).collect();
            let of = |names: Vec<String>, failed: bool| names.into_iter().map(move |rule| (rule, failed));
            let all = of(broken, false).chain(of(failed, true)).filter(|(rule, _)| !known.contains(rule));
            for (rule, failed) in all.collect::<Vec<_>>() {
                let whole = Seen { request: seen.request.clone(), entities: seen.entities.clone() };
                let (_, entities) = fewest(whole, |smaller| self.still_breaks(smaller, &rule, failed));
                analysis.broken.push(BrokenRule { rule, case: case.clone(), entities, failed });
            }
            Ok(())
        }

        fn still_breaks(&self, seen: &Seen, rule: &String, failed: bool) -> bool {
            let is_new =
                matches!((self.allows(seen, self.before), self.allows(seen, self.after)), (Ok(false), Ok(true)));
            is_new
                && self
                    .shared
                    .invariants
                    .broken(seen)
                    .is_ok_and(|(broken, erring)| if failed { erring.contains(rule) } else { broken.contains(rule) })
        }
    }

    /// The resources that the grant's scope names; the host may not have set them as entities.
    fn scope_resources(grant: &Grant) -> Vec<Resource> {
        if let Some((own, parent)) = grant.scope.part() {
            return Resource::from(own.clone()).with_parent(parent.clone()).into_iter().collect();
        }
        let things: Vec<Resource> = grant.scope.things().cloned().map(Resource::from).collect();
        if things.is_empty() { vec![Resource::everything()] } else { things }
    }

    fn fresh(at: Timestamp) -> Option<SignIn> {
        SignIn::optional(["mfa"], None, Some(at), Some(true)).ok().flatten()
    }
}
