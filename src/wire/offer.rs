//! A role that the caller may request, as JSON.

use super::conditions::ConditionsDocument;
use super::shown::Instant;
use super::texts;
use crate::model::{ApprovalRule, Grant, PermissionSet};
use crate::workflow::{Offer, Refusal};

document! {
    /// A role of the catalogue that the caller may request.
    pub struct OfferDocument as "Offer" {
        /// Its name.
        role: String,
        /// The description of the operator; may be empty.
        description: String,
        /// Whether the caller may request it.
        may_request: bool,
        /// Whether the caller may take it by break-glass, with a sign-in that is strong enough.
        may_break_glass: bool,
        /// What it permits, without reserved permissions.
        permissions: Vec<String>,
        /// Exceptions from the wildcards of `permissions`.
        excluded_permissions: Vec<String>,
        /// Those permissions that the caller has neither by standing right nor by a live grant on everything.
        not_held: Vec<String>,
        /// Exceptions from the wildcards of `not_held`.
        not_held_except: Vec<String>,
        /// The risk of a request for all of it, everywhere, for the usual length.
        risk_level: &'static str = ["low", "medium", "high", "critical"],
        /// The conditions at every use; `null` for none.
        conditions: Option<ConditionsDocument>,
        /// The length of a grant when the request names none.
        default_duration_hours: f64,
        /// The longest grant.
        max_duration_hours: f64,
        /// Whether a request must have a ticket.
        needs_ticket: bool,
        /// The steps of the approval; empty when nobody can approve.
        approval: Vec<OfferedStepDocument>,
        /// The rule that would approve such a request now.
        approved_by_rule: Option<String>,
        /// The code of the refusal, if such a request would be refused now.
        refused: Option<&'static str>,
        /// Why it would be refused.
        refused_detail: Option<String>,
        /// From when on it may be accepted, where time alone makes the difference.
        refused_until: Option<Instant>,
        /// The live grants of the caller with any of these permissions, the one that ends last first.
        held: Vec<HeldDocument>,
        /// Until when a live grant of the caller has all these permissions, everywhere and without conditions.
        covered_until: Option<Instant>,
    }
}

document! {
    /// A step of an approval: a number of different people who each hold one of its roles.
    pub(super) struct OfferedStepDocument as "OfferedStep" {
        /// The host roles; a reviewer needs one of them.
        roles: Vec<String>,
        /// How many different people must approve.
        count: u32,
    }
}

document! {
    /// A live grant with some permissions of a role.
    pub(super) struct HeldDocument as "Held" {
        /// The id of the grant.
        grant_id: String,
        /// The role of the grant.
        role: String,
        /// The scope: a resource, or `*`.
        resource: String,
        /// When it begins or has begun.
        starts_at: Instant,
        /// When it ends.
        expires_at: Instant,
        /// Whether it is suspended.
        suspended: bool,
    }
}

impl From<&Offer> for OfferDocument {
    fn from(offer: &Offer) -> Self {
        let refused = offer.refused.as_ref();
        let new = offer.not_held.as_ref();
        Self {
            role: offer.role.to_string(),
            description: offer.description.clone(),
            may_request: offer.may_request,
            may_break_glass: offer.may_break_glass,
            permissions: texts(offer.permissions.allowed()),
            excluded_permissions: texts(offer.permissions.excepted()),
            not_held: new.map(PermissionSet::allowed).map(texts).unwrap_or_default(),
            not_held_except: new.map(PermissionSet::excepted).map(texts).unwrap_or_default(),
            risk_level: offer.risk.name(),
            conditions: ConditionsDocument::new(&offer.conditions),
            default_duration_hours: offer.default_duration.hours(),
            max_duration_hours: offer.max_duration.hours(),
            needs_ticket: offer.needs_ticket,
            approval: offer.approval.iter().map(OfferedStepDocument::from).collect(),
            approved_by_rule: offer.approved_by_rule.clone(),
            refused: refused.map(|refusal| refusal.code().name()),
            refused_detail: refused.map(|refusal| refusal.message().to_owned()),
            refused_until: refused.and_then(Refusal::retry_at).map(Into::into),
            held: offer.held.iter().map(HeldDocument::from).collect(),
            covered_until: offer.covered_until.map(Into::into),
        }
    }
}

impl From<&ApprovalRule> for OfferedStepDocument {
    fn from(step: &ApprovalRule) -> Self {
        Self { roles: texts(&step.roles), count: step.count }
    }
}

impl From<&Grant> for HeldDocument {
    fn from(grant: &Grant) -> Self {
        Self {
            grant_id: grant.id.to_string(),
            role: grant.role.to_string(),
            resource: grant.scope.to_string(),
            starts_at: grant.window.start().into(),
            expires_at: grant.window.end().into(),
            suspended: grant.suspended.is_some(),
        }
    }
}
