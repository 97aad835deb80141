//! Take a role by break-glass.

use super::define::command;
use crate::model::{RoleName, Scope, Ttl};

command! {

    /// Take a role at once without approval, in an emergency. Another person must review it afterwards.
    ///
    /// Once the call has returned, every later check of this process sees the grant. Without a length it lasts as long
    /// as the limits allow. A reason is always needed.
    BreakGlass = "break_glass",
    answers: Request,
    action: BreakGlass,
    http: POST "/break-glass" 201,
    effect: Begins,
    example: r#"{"role": "responder", "reason": "INC-42: the shop is down", "duration_hours": 1}"#,
    fields: {
        /// The role to take.
        role: RoleName,
    },
    details: details,
    optional: {
        /// The length in hours. Limits may cut it. The default is the longest that they allow.
        duration as "duration_hours": Option<Ttl>,
        /// The scope: `*`, a kind such as `tool`, or one resource such as `tool:deploy` or `server:s1`. The default is
        /// `*`.
        resource: Scope,
        /// Whether this is an exercise. Everything about it is marked so.
        drill: bool,
    },
}
