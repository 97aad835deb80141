//! What may be asked for to lift a denial.

use super::define::command;
use crate::model::{Action, Resource, ResourceId};

command! {
    /// Tell what the caller may ask for, so that an action that is denied becomes permitted.
    ///
    /// Each option is a request that would be accepted now: its role, permissions and resource are fields of `submit`. What gives
    /// the least comes first: the action alone, before a role that gives more. Without an option, asking does not help. It is a
    /// dry run; nothing is recorded, but a call that no grant covers is counted among the refused attempts.
    ListRemedies = "remedies",
    answers: Remedies,
    action: Request,
    http: GET "/remedies" 200,
    writes: false,
    fields: {
        /// The action that is denied, such as `tools.execute`.
        action: Action,
    },
    optional: {
        /// The resource, such as `tool:deploy`. The default is everything at once.
        resource: Option<Resource>,
        /// What the resource is in, such as `server:s1`.
        parent: Option<ResourceId>,
    },
}
