//! Request an extension.

use super::define::command;
use crate::model::{GrantId, Justification, Ttl};

command! {

    /// Request an extension of your grant.
    ///
    /// The same approvers decide, or the rule `auto_extend` does. The extension is a separate grant. It begins at the
    /// instant at which the old one ends, and gives the same or less.
    Extend = "extend",
    answers: Request,
    action: Extend,
    http: POST "/grants/{id}/extend" 201,
    effect: Begins,
    example: r#"{"duration_hours": 1, "reason": "INC-42 goes on"}"#,
    fields: {
        /// The grant to extend.
        grant: GrantId,
    },
    optional: {
        /// The length in hours. Limits may cut it. The default is the role's.
        duration as "duration_hours": Option<Ttl>,
        /// Why. The default is the reason of the grant.
        reason: Option<Justification>,
    },
}
