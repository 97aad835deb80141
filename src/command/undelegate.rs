//! End a delegation.

use super::define::command;
use crate::model::DelegationId;

command! {

    /// End a delegation before its time.
    ///
    /// Either of the two people may do so, and holders of the general `approver_roles`. Ending one that is over is no
    /// error.
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
