//! End a delegation.

use super::define::command;
use crate::model::DelegationId;

command! {

    /// End a delegation before its time.
    ///
    /// Either of the two people may end it, and holders of the general `approver_roles`. Ending one that has ended is
    /// not an error.
    Undelegate = "undelegate",
    answers: Delegation,
    action: Undelegate,
    http: DELETE "/delegations/{id}" 200,
    takes_away: true,
    fields: {
        /// The delegation to end.
        delegation: DelegationId,
    },
}
