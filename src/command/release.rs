//! Release a grant.

use super::define::command;
use crate::model::GrantId;

command! {

    /// Release your grant and all its extensions, before they expire. Releasing it again is not an error.
    Release = "release",
    answers: Grant,
    action: Release,
    http: POST "/grants/{id}/release" 200,
    effect: Ends,
    takes_away: true,
    fields: {
        /// The grant to release.
        grant: GrantId,
    },
}
