//! Which parts of a role were used, and recorded calls under another grant.

use super::define::command;
use crate::model::{PermissionSet, Principal, RoleName, Scope, Timestamp};

command! {
    /// List which parts of roles were granted and never used, and which role of the catalogue would be enough.
    ///
    /// Answered from recorded uses, the newest 50,000 of the period; `history` has their number and over how many days.
    /// The proposed role covers what was used and is within what was granted. Needs a role in `approver_roles` or
    /// `auditor_roles`.
    GetRightSize = "right_size",
    answers: RightSize,
    action: Audit,
    http: GET "/right_size" 200,
    writes: false,
    optional: {
        /// Only this role.
        role: Option<RoleName>,
        /// Only grants of this person and of agents that act for them.
        person: Option<Principal>,
        /// The first instant of the period. The default is 30 days before its end.
        from: Option<Timestamp>,
        /// The first instant after it. The default is now.
        until: Option<Timestamp>,
    },
}

command! {
    /// Replay the recorded calls of a principal under another grant.
    ///
    /// `would_pass` are refused calls that this grant would have allowed; `would_be_refused` are allowed calls that it
    /// would have refused. Calls are decided like a check, by the permissions and the resource. What a guardrail
    /// refused stays refused; guardrails are not evaluated for calls that no grant covered. The refused calls are those
    /// that `refusals` lists: those that a grant covers and that were denied, and those for which `remedies` was
    /// called. Needs a role in `approver_roles` or `auditor_roles`.
    AskReplay = "replay",
    answers: Replay,
    action: Audit,
    http: GET "/replay" 200,
    writes: false,
    group:
        /// The principal of the calls.
        principal: Principal,
    fields: {
        /// The role that would have been granted.
        role: RoleName,
    },
    optional: {
        /// Fewer permissions than the role gives. The default is all of the role's.
        permissions: Option<PermissionSet>,
        /// The scope: `*`, a kind such as `tool`, or one resource such as `tool:deploy` or `server:s1`. The default is
        /// `*`.
        resource: Scope,
        /// Among the allowed calls, only those under grants of this role, which the other grant would have replaced.
        instead_of: Option<RoleName>,
        /// The first instant of the period. The default is 30 days before its end.
        from: Option<Timestamp>,
        /// The first instant after it. The default is now.
        until: Option<Timestamp>,
    },
}
