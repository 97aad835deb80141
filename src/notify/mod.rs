//! Who is told what: messages that follow from facts.
//!
//! A message is written with the facts it tells of, in one transaction, so it can neither be forgotten nor hold anybody
//! up. Delivery is another's work.

use serde::Serialize;

use crate::model::{AccessRequest, BreakGlass, Event, Fact, Grant};
use crate::store::Message;
use crate::workflow::{Rules, View};

/// The topic of what the security team is told at once.
pub const SECURITY: &str = "security";

/// The messages that these facts bring, as they follow on `view`.
///
/// ```
/// use jit_access::notify::messages;
/// use jit_access::workflow::{Rules, View};
///
/// assert!(messages(&View::default(), &[], &Rules::default()).is_empty());
/// ```
#[must_use]
pub fn messages(view: &View, events: &[Event], rules: &Rules) -> Vec<Message> {
    if !rules.break_glass.notify_security_team {
        return Vec::new();
    }
    let submitted = events.iter().find_map(|event| match &event.fact {
        Fact::RequestSubmitted(request) => Some(&**request),
        _ => None,
    });
    let request = submitted.or(view.request.as_ref());
    let told = |event: &Event| {
        let (notice, grant) = match &event.fact {
            Fact::GrantCreated(grant) => ("break_glass", &**grant),
            Fact::BreakGlassReviewOverdue { .. } => ("break_glass_review_overdue", view.grant.as_ref()?),
            _ => return None,
        };
        message(&SecurityNotice::new(notice, event, grant, grant.break_glass.as_ref()?, request))
    };
    events.iter().filter_map(told).collect()
}

/// What the security team reads of an access without approval.
#[derive(Debug, Serialize)]
struct SecurityNotice<'a> {
    notice: &'static str,
    at: String,
    drill: bool,
    grant_id: String,
    request_id: String,
    holder: String,
    role: &'a str,
    permissions: Vec<&'a str>,
    excluded_permissions: Vec<&'a str>,
    resource: String,
    starts_at: String,
    expires_at: String,
    justification: Option<&'a str>,
    ticket_url: Option<&'a str>,
    skipped_approvers: Vec<&'a str>,
    reviewer_roles: Vec<&'a str>,
    review_due_at: String,
}

impl<'a> SecurityNotice<'a> {
    fn new(
        notice: &'static str,
        event: &Event,
        grant: &'a Grant,
        owed: &'a BreakGlass,
        request: Option<&'a AccessRequest>,
    ) -> Self {
        let skipped = request.and_then(|request| request.emergency.as_ref()).map(|emergency| &emergency.skipped);
        Self {
            notice,
            at: event.at.to_string(),
            drill: owed.drill,
            grant_id: grant.id.to_string(),
            request_id: grant.request.to_string(),
            holder: grant.holder.to_string(),
            role: grant.role.as_str(),
            permissions: grant.permissions.allowed().iter().map(|one| one.as_str()).collect(),
            excluded_permissions: grant.permissions.excepted().iter().map(|one| one.as_str()).collect(),
            resource: grant.scope.to_string(),
            starts_at: grant.window.start().to_string(),
            expires_at: grant.window.end().to_string(),
            justification: grant.justification.as_ref().map(|text| text.as_str()),
            ticket_url: grant.ticket.as_ref().map(|url| url.as_str()),
            skipped_approvers: skipped.into_iter().flatten().map(|role| role.as_str()).collect(),
            reviewer_roles: owed.reviewer_roles.iter().map(|role| role.as_str()).collect(),
            review_due_at: owed.review_due.to_string(),
        }
    }
}

fn message(notice: &SecurityNotice<'_>) -> Option<Message> {
    // Text, numbers and lists of text can always be written.
    Some(Message { topic: SECURITY.to_owned(), body: serde_json::to_string(notice).ok()? })
}
