//! The grants as Cedar policies: the last look before one is in force, and the export of all that are.

use super::{Desk, Honoured};
use crate::error::Error;
use crate::model::{Caller, Event, Fact, Grant, Permission, Role};
use crate::policy::{CedarWorkflow, PolicyError, Schema, export};
use crate::workflow::{HostSchema, Rules, may_audit};

/// The rules, with Cedar to ask who may do what where nobody has chosen another policy.
pub(super) fn with_workflow_policy(rules: Rules) -> Result<Rules, Error> {
    if !rules.policy.is_default() {
        return Ok(rules);
    }
    let shipped = CedarWorkflow::shipped().map_err(|error| internal(&error))?;
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

    /// A schema that knows what these grants give, some of which may come from an earlier catalogue.
    fn fitting<'a>(&self, grants: impl IntoIterator<Item = &'a Grant> + Clone) -> Result<Schema, PolicyError> {
        let permissions = |grant: &'a Grant| named(grant.permissions.allowed(), grant.permissions.excepted());
        let scopes = grants.clone().into_iter().map(|grant| &grant.scope);
        self.schema.with(grants.into_iter().flat_map(permissions), scopes)
    }
}

impl Desk {
    /// All grants that are honoured, now or once their window begins, as one Cedar policy set, for people and for other
    /// engines.
    ///
    /// # Errors
    /// [`crate::workflow::RefusalCode::NotAnAuditor`]; when the state cannot be proven to be current.
    pub fn policies(&self, caller: &Caller) -> Result<String, Error> {
        may_audit(caller, &self.shared.rules, self.shared.time.now())?;
        let Honoured { grants, revision, now, .. } = self.shared.honoured_now_or_later()?;
        let schema = self.shared.policies.fitting(&grants).map_err(|error| internal(&error))?;
        export(&grants, &schema, now, revision).map_err(|error| internal(&error))
    }
}

fn named<'a>(allowed: &'a [Permission], excepted: &'a [Permission]) -> impl Iterator<Item = &'a Permission> {
    allowed.iter().chain(excepted)
}

fn internal(error: &PolicyError) -> Error {
    Error::Internal(error.to_string())
}
