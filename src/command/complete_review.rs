//! Complete a break-glass review.

use super::define::command;
use crate::model::{GrantId, Justification};

command! {

    /// Complete the review of a break-glass grant, once the grant has ended.
    ///
    /// The reviewer needs one of the reviewer roles of the grant, and is not its holder.
    CompleteReview = "complete_review",
    answers: Grant,
    action: Review,
    http: POST "/grants/{id}/review" 200,
    example: r#"{"justified": true, "finding": "INC-42 was real, and the access fitted it"}"#,
    fields: {
        /// The grant that was reviewed.
        grant: GrantId,
        /// Whether there was an emergency, and the access fitted it.
        justified: bool,
        /// What the review found.
        finding: Justification,
    },
}
