//! The approval of a request as JSON: its steps, what is still missing, reviews and answers.

use super::conditions::ConditionsDocument;
use super::shown::{Instant, Who};
use super::texts;
use crate::model::{Answer, ApprovalStep, Cut, Review, Ttl};
use crate::workflow::Missing;

document! {
    /// A step of the approval: a number of different people who each hold one of its roles.
    pub(super) struct StepDocument as "ApprovalStep" {
        /// The host roles; a reviewer needs one of them.
        roles: Vec<String>,
        /// How many different people must approve.
        count: u32,
        /// From when on the roles of `escalate_to` may approve, too.
        escalates_at: Option<Instant>,
        /// The roles that may approve, too, from then on.
        escalate_to: Vec<String>,
    }
}

impl From<&ApprovalStep> for StepDocument {
    fn from(step: &ApprovalStep) -> Self {
        let escalation = step.escalation.as_ref();
        Self {
            roles: texts(&step.roles),
            count: step.count,
            escalates_at: escalation.map(|escalation| escalation.at.into()),
            escalate_to: escalation.map(|escalation| texts(&escalation.to)).unwrap_or_default(),
        }
    }
}

document! {
    /// A step of the approval that is not complete, and how many reviewers it needs.
    pub(super) struct MissingDocument as "WaitingFor" {
        /// The roles; a reviewer needs one of them now.
        roles: Vec<String>,
        /// How many more different people must approve.
        missing: u32,
    }
}

impl From<&Missing> for MissingDocument {
    fn from(missing: &Missing) -> Self {
        Self { roles: texts(&missing.roles), missing: missing.count }
    }
}

document! {
    /// A review: approval, denial, or a question.
    pub(super) struct ReviewDocument as "Review" {
        /// Who gave the review.
        by: String,
        /// When the review was given.
        at: Instant,
        /// What the reviewer decided; `ask` is a question to the requester.
        verdict: &'static str = ["approve", "deny", "ask"],
        /// The reason, or the question.
        comment: Option<String>,
        /// The version of the request that was reviewed.
        version: u32,
        /// The roles with which it was given.
        roles: Vec<String>,
        /// The person that a reviewing agent acts for.
        acts_for: Option<Who>,
        /// Who delegated these roles.
        on_behalf_of: Option<Who>,
        /// Since when the review no longer counts, because the reviewer lost such a role.
        lapsed_at: Option<Instant>,
        /// The most that the reviewer approves; `null` for all that was requested.
        limit: Option<LimitDocument>,
    }
}

document! {
    /// The most that a reviewer approves. A field that is `null` is not limited.
    pub(super) struct LimitDocument as "Limit" {
        /// No more than these permissions.
        permissions: Option<Vec<String>>,
        /// Exceptions from the wildcards of `permissions`.
        excluded_permissions: Option<Vec<String>>,
        /// No more than this resource.
        resource: Option<String>,
        /// No longer than this.
        duration_hours: Option<f64>,
        /// These conditions hold, too.
        conditions: Option<ConditionsDocument>,
    }
}

impl LimitDocument {
    fn new(cut: &Cut) -> Option<Self> {
        (!cut.is_none()).then(|| Self {
            permissions: cut.permissions.as_ref().map(|set| texts(set.allowed())),
            excluded_permissions: cut.permissions.as_ref().map(|set| texts(set.excepted())),
            resource: cut.scope.as_ref().map(ToString::to_string),
            duration_hours: cut.duration.map(Ttl::hours),
            conditions: ConditionsDocument::new(&cut.conditions),
        })
    }
}

impl From<&Review> for ReviewDocument {
    fn from(review: &Review) -> Self {
        Self {
            by: review.by.to_string(),
            at: review.at.into(),
            verdict: review.verdict.name(),
            comment: review.comment.as_ref().map(ToString::to_string),
            version: review.version,
            roles: texts(&review.capacity.roles),
            acts_for: review.capacity.acts_for.as_ref().map(Into::into),
            on_behalf_of: review.capacity.on_behalf_of.as_ref().map(Into::into),
            lapsed_at: review.lapsed.map(Into::into),
            limit: LimitDocument::new(&review.cut),
        }
    }
}

document! {
    /// An answer of the requester to a question.
    pub(super) struct AnswerDocument as "Answer" {
        /// When it was given.
        at: Instant,
        /// The text of the answer.
        text: String,
        /// The version of the request after the answer.
        version: u32,
    }
}

impl From<&Answer> for AnswerDocument {
    fn from(answer: &Answer) -> Self {
        Self { at: answer.at.into(), text: answer.text.to_string(), version: answer.version }
    }
}
