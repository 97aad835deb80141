//! Waive a break-glass review.

use super::define::command;
use crate::model::{GrantId, Justification};

command! {

    /// Waive the review of a break-glass grant. The journal records by whom, and why.
    ///
    /// Needs the same rights as completing the review, and is possible at any time. If a review found the use
    /// unjustified, it lifts the consequence of `break_glass.after_unjustified`; the finding stays on record.
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
