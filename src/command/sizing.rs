//! What of a role was used, and what would another grant have let pass.

use super::define::command;
use crate::model::{PermissionSet, Principal, RoleName, Scope, Timestamp};

command! {
    /// Tell what of roles was given and never used, and which entry of the catalogue would be enough.
    ///
    /// Answered from recorded uses, the newest 50,000 of the period; `history` says how many they are and over how many days. The
    /// proposed entry gives what was used and lies inside what was given. Needs a role in `approver_roles` or `auditor_roles`.
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
    /// Tell what would have come of the recorded calls of a principal, had it held another grant.
    ///
    /// `would_pass` are refused calls that this grant would have let pass; `would_be_refused` are calls that passed and that it
    /// would have refused. Calls are judged as a check judges them, by the permissions and the resource. What a
    /// guardrail refused stays refused; guardrails are not asked about calls that no grant covered. Refused are the calls that
    /// `refusals` lists: those that a grant covers and that were denied, and those for which somebody was told what to ask for. Needs a
    /// role in `approver_roles` or `auditor_roles`.
    AskReplay = "replay",
    answers: Replay,
    action: Audit,
    http: GET "/replay" 200,
    writes: false,
    group:
        /// Whose calls.
        principal: Principal,
    fields: {
        /// The role that would have been granted.
        role: RoleName,
    },
    optional: {
        /// Fewer permissions than the role gives. The default is all of the role's.
        permissions: Option<PermissionSet>,
        /// Where: `*`, a kind such as `tool`, or one resource such as `tool:deploy` or `server:s1`. The default is `*`.
        resource: Scope,
        /// Of the calls that passed only those under grants of this role, which the other one would have replaced.
        instead_of: Option<RoleName>,
        /// The first instant of the period. The default is 30 days before its end.
        from: Option<Timestamp>,
        /// The first instant after it. The default is now.
        until: Option<Timestamp>,
    },
}
