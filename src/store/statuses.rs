//! Which rows have a status at an instant: the rules of the model as SQL conditions.
//!
//! Conditions name the instant as `:now` and the row as `t`.

use super::columns::{GRANT_STATES, REQUEST_STATES};
use crate::model::{DelegationStatus, GrantStatus, RequestStatus};

/// Rows in one stored state that have the status at `:now`.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Matching {
    pub(in crate::store) state: &'static str,
    /// A condition on the row as `t`.
    pub(in crate::store) at: &'static str,
}

pub(in crate::store) const fn always(state: &'static str) -> Matching {
    Matching { state, at: ":now IS NOT NULL" }
}

/// [`crate::model::AccessRequest::status`] as SQL: which rows have the status at `:now`.
pub(in crate::store) fn requests_that_are(status: Option<RequestStatus>) -> Vec<Matching> {
    match status {
        None => REQUEST_STATES.into_iter().map(always).collect(),
        Some(RequestStatus::Pending) => vec![Matching { state: "pending", at: "t.times_out_at > :now" }],
        Some(RequestStatus::NeedsInfo) => vec![Matching { state: "needs_info", at: "t.times_out_at > :now" }],
        Some(RequestStatus::TimedOut) => vec![
            always("timed_out"),
            Matching { state: "pending", at: "t.times_out_at <= :now" },
            Matching { state: "needs_info", at: "t.times_out_at <= :now" },
        ],
        Some(RequestStatus::Approved) => vec![always("approved")],
        Some(RequestStatus::Denied) => vec![always("denied")],
        Some(RequestStatus::Withdrawn) => vec![always("withdrawn")],
    }
}

/// [`crate::model::Grant::status`] as SQL: which rows have the status at `:now`.
pub(in crate::store) fn grants_that_are(status: Option<GrantStatus>) -> Vec<Matching> {
    match status {
        None => GRANT_STATES.into_iter().map(always).collect(),
        Some(GrantStatus::Scheduled) => vec![Matching { state: "open", at: "t.starts_at > :now" }],
        Some(GrantStatus::Active) => {
            vec![Matching { state: "open", at: "t.starts_at <= :now AND t.ends_at > :now" }]
        }
        Some(GrantStatus::Suspended) => vec![Matching { state: "suspended", at: "t.ends_at > :now" }],
        Some(GrantStatus::Expired) => vec![
            always("expired"),
            Matching { state: "open", at: "t.ends_at <= :now" },
            Matching { state: "suspended", at: "t.ends_at <= :now" },
        ],
        Some(GrantStatus::Revoked) => vec![always("revoked")],
        Some(GrantStatus::Released) => vec![always("released")],
        Some(GrantStatus::Exhausted) => vec![always("exhausted")],
    }
}

/// [`crate::model::Delegation::status`] as SQL: a condition on the row at `:now`.
pub(in crate::store) const fn delegations_that_are(status: Option<DelegationStatus>) -> &'static str {
    match status {
        None => ":now IS NOT NULL",
        Some(DelegationStatus::Scheduled) => "NOT t.ended AND t.starts_at > :now",
        Some(DelegationStatus::Active) => "NOT t.ended AND t.starts_at <= :now AND t.ends_at > :now",
        Some(DelegationStatus::Expired) => "NOT t.ended AND t.ends_at <= :now",
        Some(DelegationStatus::Ended) => "t.ended AND :now IS NOT NULL",
    }
}
