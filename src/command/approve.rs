//! Approve a request.

use super::define::command;
use crate::model::{Conditions, Cut, Justification, PermissionSet, RequestId, Scope, Ttl};

command! {

    /// Approve a request, wholly or in part.
    ///
    /// Once the call has returned, the grant is on disk, and every later check of this process sees it. `permissions`,
    /// `resource`, `duration_hours` and `conditions` are the most that this approver gives: the grant is what they and
    /// the request have in common, so nothing can be widened.
    Approve = "approve",
    answers: Request,
    action: Approve,
    http: POST "/requests/{id}/approve" 200,
    effect: Begins,
    example: r#"{"version": 1, "permissions": ["audit:read"], "duration_hours": 1, "comment": "an hour is enough"}"#,
    fields: {
        /// The request to approve.
        request: RequestId,
    },
    optional: {
        /// The version that the approver saw. Another version by now is a conflict. The default is the current one.
        version: Option<u32>,
        /// No more permissions than these. The default is all that are requested.
        permissions: Option<PermissionSet>,
        /// No more resources than this. The default is all that is requested.
        resource: Option<Scope>,
        /// No longer than this, in hours. The default is the requested length.
        duration as "duration_hours": Option<Ttl>,
        /// More conditions, besides those of the request.
        conditions: Conditions,
        /// A comment, which the requester sees.
        comment: Option<Justification>,
    },
}

impl Approve {
    /// The most that the approver gives.
    #[must_use]
    pub fn cut(&self) -> Cut {
        Cut {
            permissions: self.permissions.clone(),
            scope: self.resource.clone(),
            duration: self.duration,
            conditions: self.conditions.clone(),
        }
    }

    /// The same, with this cut as the most that the approver gives.
    #[must_use]
    pub fn at_most(self, cut: Cut) -> Self {
        let Cut { permissions, scope, duration, conditions } = cut;
        Self { permissions, resource: scope, duration, conditions, ..self }
    }
}
