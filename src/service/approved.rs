//! How grants came to be: who approved them.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{Actor, Grant, GrantId, RequestId, TicketUrl};

/// How a grant came to be. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Approved {
    /// The request that it answers.
    pub request: RequestId,
    /// Who approved it: people, or a rule.
    pub by: Vec<Actor>,
    /// The ticket that the work is tracked in.
    pub ticket: Option<TicketUrl>,
}

impl Approved {
    pub(super) fn of(grant: &Grant) -> Self {
        let by = grant.earlier_approvers.iter().chain([&grant.approved_by]).cloned().collect();
        Self { request: grant.request, by, ticket: grant.details.ticket_url.clone() }
    }
}

/// How many grants it is kept of.
const KEPT: usize = 4_096;

/// A cache of approvals by grant: most records are about the same few grants.
#[derive(Debug, Default)]
pub(super) struct KeptApprovals(HashMap<GrantId, Arc<Approved>>);

impl KeptApprovals {
    pub(super) fn get(&self, id: GrantId) -> Option<Arc<Approved>> {
        self.0.get(&id).cloned()
    }

    pub(super) fn keep(&mut self, id: GrantId, approval: &Arc<Approved>) {
        if self.0.len() >= KEPT {
            self.0.clear();
        }
        self.0.insert(id, Arc::clone(approval));
    }
}
