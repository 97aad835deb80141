//! Resume a suspended grant.

use super::define::command;
use crate::model::GrantId;

command! {

    /// Resume a suspended grant.
    Resume = "resume",
    answers: Grant,
    action: Resume,
    http: POST "/grants/{id}/resume" 200,
    effect: Begins,
    fields: {
        /// The grant to resume.
        grant: GrantId,
    },
}
