//! What each kind of answer is called: in the manuals, in Python, and in OpenAPI.

use jit_access::command::{AnswerKind, CommandSpec};

/// The words of the manuals, the type in Python, and the model of OpenAPI.
fn names(spec: &CommandSpec) -> (&'static str, &'static str, &'static str) {
    match spec.answer {
        AnswerKind::Request => ("the request", "AccessRequest", "AccessRequestModel"),
        AnswerKind::Grant => ("the grant", "Grant", "GrantModel"),
        AnswerKind::Delegation => ("the delegation", "Delegation", "DelegationModel"),
        AnswerKind::Ended => ("a page of all grants that ended", "Page[Grant]", "GrantPageModel"),
        AnswerKind::Requests => ("a page of requests", "Page[AccessRequest]", "RequestPageModel"),
        AnswerKind::Grants => ("a page of grants", "Page[Grant]", "GrantPageModel"),
        AnswerKind::Delegations => ("a page of delegations", "Page[Delegation]", "DelegationPageModel"),
        AnswerKind::Records => ("a page of records", "Page[Record]", "AuditPageModel"),
        AnswerKind::Delivery => ("the delivery", "Delivery", "DeliveryModel"),
        AnswerKind::Deliveries => ("a page of deliveries", "Page[Delivery]", "DeliveryPageModel"),
        AnswerKind::Refusals => ("a page of refused attempts", "Page[RefusedAttempt]", "RefusedPageModel"),
        AnswerKind::Health => ("the health", "Health", "HealthModel"),
        AnswerKind::Offers => ("a page of roles", "Page[Offer]", "OfferPageModel"),
        AnswerKind::Explanation => ("the explanation", "Explanation", "ExplanationModel"),
        AnswerKind::Remedies => ("the possible requests", "Remedies", "RemediesModel"),
        AnswerKind::RightSize => ("the use of the roles", "RightSize", "RightSizeModel"),
        AnswerKind::Replay => ("the replay", "Replay", "ReplayModel"),
        AnswerKind::GrantList => ("a list of grants", "list[Grant]", "None"),
        AnswerKind::Summary => ("the summary", "Summary", "SummaryModel"),
        AnswerKind::Alert => ("the alert", "Alert", "AlertModel"),
        AnswerKind::Alerts => ("a page of alerts", "Page[Alert]", "AlertPageModel"),
        AnswerKind::Events => ("the events", "Events", "EventsModel"),
        AnswerKind::Text => ("text", "str", "None"),
        AnswerKind::Number => ("a number", "int", "None"),
        other => panic!("{other:?} has no names"),
    }
}

pub(crate) fn in_words(spec: &CommandSpec) -> &'static str {
    names(spec).0
}

pub(crate) fn type_in_python(spec: &CommandSpec) -> &'static str {
    names(spec).1
}

pub(crate) fn model(spec: &CommandSpec) -> &'static str {
    names(spec).2
}
