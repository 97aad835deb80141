//! Waive a break-glass review.

use super::define::command;
use crate::model::{GrantId, Justification};

command! {

    /// Waive the review of a break-glass grant. The journal keeps who did so, and why.
    ///
    /// Needs what completing the review needs, and is possible at any time. Of a review that found the use unjustified, it
    /// lifts what `break_glass.after_unjustified` makes follow; what was found stays on record.
    WaiveReview = "waive_review",
    answers: Grant,
    action: WaiveReview,
    http: POST "/grants/{id}/waive-review" 200,
    example: r#"{"reason": "the same incident as grant 01, reviewed there"}"#,
    fields: {
        /// The grant whose review is waived.
        grant: GrantId,
        /// Why.
        reason: Justification,
    },
}
