//! The grants as Cedar policies: the check of each new one before it is in force.

use std::sync::Arc;

use super::grant_cache::GrantCache;
use super::guard::Guard;
use super::policy_errors::{internal, unfit};
use super::settings::GuardrailSettings;
use crate::authz::CedarPolicy;
use crate::error::Error;
use crate::model::{Action, Event, Fact, Grant, Permission, PolicyFile, Role};
use crate::policy::{Guardrails, Invariants, PolicyError, Schema, StandingPolicies};
use crate::workflow::{HostSchema, Rules};

/// The rules, with the Cedar workflow policy if no other one was chosen.
pub(super) fn with_workflow_policy(rules: Rules) -> Result<Rules, Error> {
    if !rules.policy.is_default() {
        return Ok(rules);
    }
    let shipped = CedarPolicy::shipped().map_err(|error| internal(&error))?;
    Ok(Rules { policy: shipped.into(), ..rules })
}

/// The schema of the operator's catalogue.
#[derive(Debug)]
pub(super) struct Policies {
    schema: Schema,
}

impl Policies {
    pub(super) fn new(rules: &Rules) -> Result<Self, Error> {
        let catalogue = rules
            .catalogue
            .values()
            .flat_map(|role: &Role| named(role.permissions.allowed(), role.permissions.excepted()));
        let host = rules.schema.as_ref().map_or("", HostSchema::text);
        let schema =
            Schema::parse(host).and_then(|schema| schema.with(catalogue.chain(&rules.reserved_permissions), []));
        Ok(Self { schema: schema.map_err(|error| internal(&error))? })
    }

    /// What judges what grants allow.
    pub(super) fn guard(
        &self,
        rules: &Arc<Rules>,
        settings: &GuardrailSettings,
        cross_check_percent: u32,
        grant_cache: &Arc<GrantCache>,
    ) -> Result<Guard, Error> {
        let files: Vec<PolicyFile> = settings.ready.iter().chain(&settings.own).cloned().collect();
        let set = Guardrails::parse(&files, &self.schema).map_err(|error| unfit("jit_access.guardrails", &error))?;
        let ready = Guardrails::parse(&settings.ready, &self.schema).map_err(|error| internal(&error))?.len();
        Ok(Guard::new(
            Arc::clone(rules),
            self.schema.clone(),
            Arc::clone(grant_cache),
            set,
            (settings, ready),
            cross_check_percent,
        ))
    }

    /// The host's own policies.
    pub(super) fn standing(&self, files: &[PolicyFile]) -> Result<StandingPolicies, Error> {
        StandingPolicies::parse(files, &self.schema).map_err(|error| unfit("jit_access.standing_policies", &error))
    }

    /// What no request may newly make possible.
    pub(super) fn invariants(&self, files: &[PolicyFile]) -> Result<Invariants, Error> {
        Invariants::parse(files, &self.schema).map_err(|error| unfit("jit_access.invariants", &error))
    }

    /// The actions that the schema declares.
    pub(super) fn actions(&self) -> impl Iterator<Item = Action> {
        self.schema.action_names()
    }

    /// Every new grant must be a policy that validates strictly. The model only makes grants that are, so a refusal here
    /// is a bug of the library, found before the grant is in force.
    pub(super) fn check(&self, events: &[Event]) -> Result<(), Error> {
        for event in events {
            if let Fact::GrantCreated(grant) = &event.fact {
                self.fitting([&**grant]).and_then(|schema| schema.check(grant)).map_err(|error| internal(&error))?;
            }
        }
        Ok(())
    }

    /// A schema that declares what these grants permit; some may come from an earlier catalogue.
    pub(super) fn fitting<'a>(
        &self,
        grants: impl IntoIterator<Item = &'a Grant> + Clone,
    ) -> Result<Schema, PolicyError> {
        let permissions = |grant: &'a Grant| named(grant.permissions.allowed(), grant.permissions.excepted());
        let scopes = grants.clone().into_iter().map(|grant| &grant.scope);
        self.schema.with(grants.into_iter().flat_map(permissions), scopes)
    }
}

fn named<'a>(allowed: &'a [Permission], excepted: &'a [Permission]) -> impl Iterator<Item = &'a Permission> {
    allowed.iter().chain(excepted)
}
