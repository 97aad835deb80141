//! All grants in force as one Cedar policy set.

use super::honoured::Honoured;
use super::policy_errors::internal;
use super::workflow::Workflow;
use crate::command::{Definition, ExportPolicies};
use crate::error::Error;
use crate::model::Caller;
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
}
