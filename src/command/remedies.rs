//! The requests that would lift a denial.

use super::define::command;
use crate::model::{Action, Resource, ResourceId};

command! {
    /// List the requests that would lift a denial.
    ///
    /// Each option is a request that would be accepted now: its role, permissions and resource are fields of `submit`.
    /// The one with the least access comes first: the action alone, before a role with more. Without an option, no
    /// request helps. It is a dry run; nothing is recorded, but a call that no grant covers is counted among the
    /// refused attempts.
    ListRemedies = "remedies",
    answers: Remedies,
    action: Request,
    http: GET "/remedies" 200,
    writes: false,
    fields: {
        /// The denied action, such as `tools.execute`.
        action: Action,
    },
    optional: {
        /// The resource, such as `tool:deploy`. The default is everything.
        resource: Option<Resource>,
        /// The parent of the resource, such as `server:s1`.
        parent: Option<ResourceId>,
    },
}
