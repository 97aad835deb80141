//! The filter of a list, besides the status of its rows.

use crate::command::{ListGrants, ListRequests};
use crate::model::{Caller, Delegation, Grant, SearchText, TicketUrl, Timestamp};
use crate::store::ListedRequest;
use crate::workflow::{Rules, may_review, may_review_use};

/// Whether a request is wanted.
pub(super) fn is_wanted_request(
    list: &ListRequests,
    one: &ListedRequest,
    caller: &Caller,
    delegations: &[Delegation],
    rules: &Rules,
    now: Timestamp,
) -> bool {
    let request = &one.request;
    list.role.as_ref().is_none_or(|role| request.role == *role)
        && list.person.as_ref().is_none_or(|who| request.identities().any(|one| one == who))
        && list.ending_before.is_none_or(|at| request.times_out_at < at)
        && list.text.as_ref().is_none_or(|text| {
            let details = &request.details;
            let reason = details.justification.as_ref().map(|reason| reason.as_str());
            let ticket = details.ticket_url.as_ref().map(TicketUrl::to_string);
            let scope = request.scope.to_string();
            let who = request.requester.to_string();
            let texts = [reason, ticket.as_deref(), Some(&scope), Some(&who), Some(request.role.as_str())];
            is_in_any(text, texts)
        })
        && (!list.reviewable || may_review(caller, request, delegations, rules, now))
}

/// Whether a grant is wanted.
pub(super) fn is_wanted_grant(
    list: &ListGrants,
    grant: &Grant,
    caller: &Caller,
    rules: &Rules,
    now: Timestamp,
) -> bool {
    list.role.as_ref().is_none_or(|role| grant.role == *role)
        && list.person.as_ref().is_none_or(|who| grant.is_of(who))
        && list.ending_before.is_none_or(|at| grant.window.end() < at)
        && list.text.as_ref().is_none_or(|text| {
            let details = &grant.details;
            let reason = details.justification.as_ref().map(|reason| reason.as_str());
            let ticket = details.ticket_url.as_ref().map(TicketUrl::to_string);
            let scope = grant.scope.to_string();
            let who = grant.holder.to_string();
            is_in_any(text, [reason, ticket.as_deref(), Some(&scope), Some(&who), Some(grant.role.as_str())])
        })
        && (!list.reviewable || may_review_use(caller, grant, rules, now))
}

fn is_in_any(text: &SearchText, texts: [Option<&str>; 5]) -> bool {
    texts.into_iter().flatten().any(|one| text.is_in(one))
}
