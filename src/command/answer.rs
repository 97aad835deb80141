//! Answer a reviewer's question.

use super::define::command;
use crate::model::{Justification, RequestId, Scope, Ttl};

command! {

    /// Answer a reviewer's question about your request.
    ///
    /// Another length or another resource makes a new version of the request. Reviews of the old version do not count
    /// for it.
    Answer = "answer",
    answers: Request,
    action: Answer,
    http: POST "/requests/{id}/answer" 200,
    example: r#"{"answer": "the shop alone", "resource": "server:shop"}"#,
    fields: {
        /// The request.
        request: RequestId,
        /// The answer.
        answer: Justification,
    },
    optional: {
        /// Another length in hours.
        duration as "duration_hours": Option<Ttl>,
        /// Another resource.
        resource: Option<Scope>,
    },
}
