//! Suspend a grant.

use super::define::command;
use crate::model::{GrantId, Justification};

command! {

    /// Suspend a grant. Its expiry does not change.
    ///
    /// No later check of this process honours the grant until it is resumed.
    Suspend = "suspend",
    answers: Grant,
    action: Suspend,
    http: POST "/grants/{id}/suspend" 200,
    effect: Ends,
    takes_away: true,
    example: r#"{"reason": "odd calls at night"}"#,
    fields: {
        /// The grant to suspend.
        grant: GrantId,
        /// Why. The holder sees it.
        reason: Justification,
    },
}
