//! Request a role.

use super::define::command;
use crate::model::{Conditions, PermissionSet, RoleName, Scope, Timestamp, Ttl};

command! {

    /// Request a role for a limited time.
    ///
    /// The duration counts from `starts_at` or from the approval, whichever is later. A length above a limit is cut,
    /// and `duration_cut_by` of the answer names the limit. When a rule approves at once, the answer is approved and
    /// its grant is in force. When a grant of the caller already gives all of it, or an identical request of the caller
    /// is pending, no request is made, and the answer is that request with `already`; another reason or ticket is added
    /// to its `asked_again`. Once the call has returned, it is on disk.
    Submit = "submit",
    answers: Request,
    action: Request,
    http: POST "/request" 201,
    effect: Begins,
    dry_run: true,
    example: r#"{"role": "auditor", "duration_hours": 2, "reason": "find out who changed the deploy tool", "ticket_url": "https://example.com/INC-42"}"#,
    fields: {
        /// The role to request.
        role: RoleName,
    },
    details: details,
    optional: {
        /// The length in hours. Limits may cut it. The default is the role's.
        duration as "duration_hours": Option<Ttl>,
        /// The scope: `*`, a kind such as `tool`, or one resource such as `tool:deploy` or `server:s1`. The default is
        /// `*`.
        resource: Scope,
        /// When the grant begins, with its time zone: at most a minute ago. The default is at the approval.
        starts_at: Option<Timestamp>,
        /// Conditions checked at every use, besides those of the role.
        conditions: Conditions,
        /// Fewer permissions than the role gives. The request is for what both have in common. The default is all of
        /// the role's.
        permissions: Option<PermissionSet>,
    },
}
