//! All grants in force as one Cedar policy set.

use super::honoured::Honoured;
use super::policy_errors::internal;
use super::workflow::Workflow;
use crate::command::{Definition, ExportPolicies};
use crate::error::Error;
use crate::model::{Caller, GrantId};
use crate::policy::export;

impl Workflow {
    /// All grants that are honoured, now or once their window begins, as one Cedar policy set, for people and for other
    /// engines.
    ///
    /// # Errors
    /// [`crate::workflow::RefusalCode::NotAnAuditor`]; when the state cannot be proven to be current.
    pub fn policies(&self, caller: &Caller) -> Result<String, Error> {
        self.shared.may_audit(caller, &ExportPolicies::SPEC, self.shared.time.now())?;
        let Honoured { grants, revision, now, .. } = self.shared.honoured_now_or_later()?;
        let schema = self.shared.policies.fitting(&grants).map_err(|error| internal(&error))?;
        export(&grants, &schema, now, revision).map_err(|error| internal(&error))
    }

    /// The policy of one grant, for a caller who may see the grant. The set is empty for a grant that is not honoured,
    /// now or when its window begins.
    ///
    /// # Errors
    /// [`crate::workflow::RefusalCode::UnknownGrant`]; as for [`Workflow::policies`].
    pub fn policy(&self, caller: &Caller, id: GrantId) -> Result<String, Error> {
        self.grant(caller, id)?;
        let Honoured { mut grants, revision, now, .. } = self.shared.honoured_now_or_later()?;
        grants.retain(|grant| grant.id == id);
        let schema = self.shared.policies.fitting(&grants).map_err(|error| internal(&error))?;
        export(&grants, &schema, now, revision).map_err(|error| internal(&error))
    }
}
