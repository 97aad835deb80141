//! Ask the requester for more information.

use super::define::command;
use crate::model::{Justification, RequestId};

command! {

    /// Ask the requester for more information.
    ///
    /// The request waits for an answer. It can still be approved or denied.
    Ask = "ask",
    answers: Request,
    action: Ask,
    http: POST "/requests/{id}/ask" 200,
    example: r#"{"question": "which of the servers?"}"#,
    fields: {
        /// The request.
        request: RequestId,
        /// What the reviewer wants to know.
        question: Justification,
    },
}
