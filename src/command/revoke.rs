//! Revoke a grant.

use super::define::command;
use crate::model::{GrantId, Justification};

command! {

    /// Revoke a grant and all its extensions.
    ///
    /// Once the call has returned, it is on disk, and no later check of this process honours the grant. Revoking an
    /// ended grant is not an error and changes nothing. Holders release their own grants instead.
    Revoke = "revoke",
    answers: Grant,
    action: Revoke,
    http: POST "/grants/{id}/revoke" 200,
    effect: Ends,
    takes_away: true,
    example: r#"{"reason": "INC-42 is closed"}"#,
    fields: {
        /// The grant to revoke.
        grant: GrantId,
        /// Why. The holder sees it.
        reason: Justification,
    },
}
