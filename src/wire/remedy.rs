//! The requests that would lift a denial, as JSON. Every interface that reports a denial uses it.

use super::offer::OfferedStepDocument;
use super::shown::Instant;
use super::texts;
use crate::service::Remedies;
use crate::workflow::Remedy;

document! {
    /// The requests that would lift a denial.
    pub struct RemediesDocument as "Remedies" {
        /// The action that is denied.
        action: String,
        /// The resource, or `*` for everything.
        resource: String,
        /// What to do, in sentences for people and for models.
        detail: String,
        /// Until when this answer may be used; then ask again.
        expires_at: Instant,
        /// The requests that would be accepted now, the one with the least access first. Empty when no request helps.
        options: Vec<RemedyDocument>,
    }
}

document! {
    /// A request that would be accepted now. `role`, `permissions` and `resource` are fields of `submit`.
    pub struct RemedyDocument as "Remedy" {
        /// The role to request.
        role: String,
        /// What the role is for; empty when the operator wrote nothing.
        description: String,
        /// What the request would be for.
        permissions: Vec<String>,
        /// Exceptions from the wildcards of `permissions`.
        excluded_permissions: Vec<String>,
        /// Whether that is the whole role: then a request names no permissions.
        whole_role: bool,
        /// Where, as a request names it.
        resource: String,
        /// The length of a grant when the request names none.
        default_duration_hours: f64,
        /// The longest grant.
        max_duration_hours: f64,
        /// Whether a request must have a reason.
        needs_reason: bool,
        /// Whether a request must have a ticket.
        needs_ticket: bool,
        /// The steps of the approval.
        approval: Vec<OfferedStepDocument>,
        /// The rule that would approve such a request now.
        approved_by_rule: Option<String>,
        /// The risk of such a request.
        risk_level: &'static str = ["low", "medium", "high", "critical"],
    }
}

impl From<&Remedies> for RemediesDocument {
    fn from(remedies: &Remedies) -> Self {
        let resource = &remedies.resource;
        Self {
            action: remedies.action.to_string(),
            resource: if resource.is_everything() { "*".to_owned() } else { resource.thing().to_string() },
            detail: remedies.detail(),
            expires_at: remedies.expires_at.into(),
            options: remedies.options.iter().map(RemedyDocument::from).collect(),
        }
    }
}

impl From<&Remedy> for RemedyDocument {
    fn from(one: &Remedy) -> Self {
        Self {
            role: one.role.to_string(),
            description: one.description.clone(),
            permissions: texts(one.permissions.allowed()),
            excluded_permissions: texts(one.permissions.excepted()),
            whole_role: !one.is_part,
            resource: one.scope.to_string(),
            default_duration_hours: one.default_duration.hours(),
            max_duration_hours: one.max_duration.hours(),
            needs_reason: one.needs_reason,
            needs_ticket: one.needs_ticket,
            approval: one.approval.iter().map(OfferedStepDocument::from).collect(),
            approved_by_rule: one.approved_by_rule.clone(),
            risk_level: one.risk.name(),
        }
    }
}
