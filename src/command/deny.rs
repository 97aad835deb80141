//! Deny a request.

use super::define::command;
use crate::model::{Justification, RequestId};

command! {

    /// Deny a request.
    Deny = "deny",
    answers: Request,
    action: Deny,
    http: POST "/requests/{id}/deny" 200,
    example: r#"{"reason": "the report of last week has it"}"#,
    fields: {
        /// The request to deny.
        request: RequestId,
        /// Why. The requester sees it.
        reason: Justification,
    },
}
