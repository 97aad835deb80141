//! Delegate the right to review.

use super::define::command;
use crate::model::{Justification, Principal, RoleName, Timestamp};

command! {

    /// Delegate your right to review to another person for a limited time.
    ///
    /// The delegate cannot delegate it further, and cannot approve what the delegator requested.
    Delegate = "delegate",
    answers: Delegation,
    action: Delegate,
    http: POST "/delegations" 201,
    example: r#"{"to": "ben@example.com", "until": "2026-03-09T18:00:00Z", "reason": "away for a week"}"#,
    fields: {
        /// The person who reviews in your place.
        to: Principal,
        /// When it ends, with its time zone. It does not hold at that instant.
        until: Timestamp,
        /// Why, for the journal.
        reason: Justification,
    },
    optional: {
        /// Which of your roles to delegate. The default is all roles with which you review.
        roles: Option<Vec<RoleName>>,
        /// When it begins, with its time zone: at most a minute ago. The default is now.
        starts_at as "from": Option<Timestamp>,
    },
}
