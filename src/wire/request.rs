//! An access request as JSON.

use super::assessment::AssessmentDocument;
use super::circumstances::{Circumstances, keep_possible};
use super::conditions::ConditionsDocument;
use super::details::DetailsDocument;
use super::review::{AnswerDocument, MissingDocument, ReviewDocument, StepDocument};
use super::shown::{Instant, Who};
use super::texts;
use crate::model::{AccessRequest, Analysis, Emergency, Grant, Repeat, RequestStatus, Timestamp};
use crate::service::Receipt;
use crate::sizing::Past;
use crate::workflow::waiting_for;

document! {
    /// A request for access.
    ///
    /// ```
    /// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
    /// # let world::World { engine, request, dev, .. } = world::requested()?;
    /// use jit_access::model::*;
    /// use jit_access::internal::wire;
    ///
    /// let receipt = engine.workflow().request(&dev, request)?;
    /// let document = wire::request_of(&receipt, "/jit").ok_or("no request")?;
    /// assert!(wire::to_json(&document)?.contains(r#""status":"pending""#));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub struct RequestDocument as "AccessRequest" {
        /// The id, a UUID.
        id: String,
        /// The status at the instant of the answer.
        status: &'static str = ["pending", "needs_info", "approved", "denied", "withdrawn", "timed_out"],
        /// Who requests access; `agent:name` for an agent.
        requester_email: Who as "requester",
        /// The person that a requesting agent acts for.
        requester_acts_for: Option<Who>,
        /// The standing roles of the requester at the time of the request.
        requester_normal_roles: Vec<String>,
        /// The requester's standing permissions at the request; `null` when the host did not report them.
        requester_normal_permissions: Option<Vec<String>>,
        /// The role of the catalogue.
        role: String,
        /// The requested permissions: those of the role, or the part of it that the requester named.
        permissions: Vec<String>,
        /// Exceptions from the wildcards of `permissions`.
        excluded_permissions: Vec<String>,
        /// The resource it is for; `*` for all.
        resource: String,
        /// The duration of the grant in hours, after every limit.
        duration_hours: f64,
        /// The length that was requested.
        requested_duration_hours: f64,
        /// The configuration key of the limit that shortened it; `null` when none did.
        duration_cut_by: Option<String>,
        /// The conditions at every use; `null` for none.
        conditions: Option<ConditionsDocument>,
        /// When the grant is to start; `null` for at the approval.
        starts_at: Option<Instant>,
        /// Details for people.
        details: DetailsDocument [flatten],
        /// Every role that may review the request at some time.
        approver_roles: Vec<String>,
        /// The steps of the approval.
        approval: Vec<StepDocument>,
        /// The steps that are not complete; empty once the request is closed.
        waiting_for: Vec<MissingDocument>,
        /// When the request was made.
        created_at: Instant,
        /// From when on the request can no longer be reviewed.
        times_out_at: Instant,
        /// Break-glass access: how it was taken.
        break_glass: Option<EmergencyDocument>,
        /// The version. It rises when the length or the resource changes; a review is of one version.
        version: u32,
        /// What the request would newly permit, and the risk of that.
        assessment: AssessmentDocument,
        /// The reviews, oldest first.
        reviews: Vec<ReviewDocument>,
        /// The answers of the requester, oldest first.
        answers: Vec<AnswerDocument>,
        /// Other reasons of the requester for the same request, while it was pending or its grant was live, oldest
        /// first.
        asked_again: Vec<RepeatDocument>,
        /// The id of the grant it led to.
        grant_id: Option<String>,
        /// The id of the grant to extend.
        extends: Option<String>,
        /// True when no new request was made, because this one is pending for the same, or its grant gives it.
        already: bool => "std::ops::Not::not",
        /// True when nothing was made: the answer of a dry run. Such a request has no links.
        dry_run: bool => "std::ops::Not::not",
        /// Paths to the request and to what the caller can do with it now.
        links: RequestLinks,
    }
}

document! {
    /// Another reason of the requester for the same request. It adds no access.
    pub(super) struct RepeatDocument as "Repeat" {
        /// When it was requested again.
        at: Instant,
        /// The reason that the requester gave.
        justification: Option<String>,
        /// The ticket of that work.
        ticket_url: Option<String>,
    }
}

impl From<&Repeat> for RepeatDocument {
    fn from(repeat: &Repeat) -> Self {
        Self {
            at: repeat.at.into(),
            justification: repeat.justification.as_ref().map(ToString::to_string),
            ticket_url: repeat.ticket.as_ref().map(ToString::to_string),
        }
    }
}

document! {
    /// How break-glass access was taken.
    pub(super) struct EmergencyDocument as "Emergency" {
        /// Whether it was a drill.
        drill: bool,
        /// Whether it was taken while the store was unavailable.
        offline: bool,
        /// The roles that would have had to approve.
        skipped_approvers: Vec<String>,
        /// How the requester had signed in.
        sign_in: Option<SignInDocument>,
    }
}

document! {
    /// The sign-in of a principal: the claims of their token.
    pub(super) struct SignInDocument as "SignIn" {
        /// The methods of authentication (RFC 8176).
        amr: Vec<String>,
        /// The context of authentication.
        acr: Option<String>,
        /// When the sign-in happened.
        auth_time: Option<Instant>,
        /// Whether the host claimed a second factor without its method.
        mfa: bool,
    }
}

impl From<&Emergency> for EmergencyDocument {
    fn from(emergency: &Emergency) -> Self {
        Self {
            drill: emergency.drill,
            offline: emergency.offline,
            skipped_approvers: texts(&emergency.skipped),
            sign_in: emergency.sign_in.as_ref().map(|sign_in| SignInDocument {
                amr: sign_in.methods().map(ToOwned::to_owned).collect(),
                acr: sign_in.context().map(ToOwned::to_owned),
                auth_time: sign_in.at().map(Into::into),
                mfa: sign_in.claims_mfa(),
            }),
        }
    }
}

links! {
    struct RequestLinks { always: [], sometimes: [approve, deny, ask, answer, withdraw, grant] }
}

impl RequestDocument {
    /// The request in its state at `now`, with its grant. Links start with `base`: `/jit`.
    #[must_use]
    pub fn new(request: &AccessRequest, grant: Option<&Grant>, now: Timestamp, base: &str) -> Self {
        let status = request.status(now);
        let waiting = if status.is_open() { waiting_for(request, now) } else { Vec::new() };
        let this = format!("{base}/requests/{}", request.id);
        let while_open = |verb: &str| status.is_open().then(|| format!("{this}/{verb}"));
        Self {
            id: request.id.to_string(),
            status: status.name(),
            requester_email: (&request.requester).into(),
            requester_acts_for: request.requester_acts_for.as_ref().map(Into::into),
            requester_normal_roles: texts(&request.requester_normal_roles),
            requester_normal_permissions: request.requester_normal_permissions.as_deref().map(texts),
            role: request.role.to_string(),
            permissions: texts(request.permissions.allowed()),
            excluded_permissions: texts(request.permissions.excepted()),
            resource: request.scope.to_string(),
            duration_hours: request.duration.hours(),
            requested_duration_hours: request.duration_cut.as_ref().map_or(request.duration, |cut| cut.asked).hours(),
            duration_cut_by: request.duration_cut.as_ref().map(|cut| cut.limit.to_string()),
            conditions: ConditionsDocument::new(&request.conditions),
            starts_at: request.starts_at.map(Into::into),
            details: (&request.details).into(),
            approver_roles: texts(&request.approver_roles),
            approval: request.approval.iter().map(Into::into).collect(),
            waiting_for: waiting.iter().map(Into::into).collect(),
            created_at: request.created_at.into(),
            times_out_at: request.times_out_at.into(),
            break_glass: request.emergency.as_ref().map(Into::into),
            version: request.version,
            assessment: (&request.assessment).into(),
            reviews: request.reviews.iter().map(Into::into).collect(),
            answers: request.answers.iter().map(Into::into).collect(),
            asked_again: request.repeats.iter().map(Into::into).collect(),
            grant_id: grant.map(|grant| grant.id.to_string()),
            extends: request.extends.map(|extension| extension.of.to_string()),
            already: false,
            dry_run: false,
            links: RequestLinks {
                approve: while_open("approve"),
                deny: while_open("deny"),
                ask: while_open("ask"),
                answer: (status == RequestStatus::NeedsInfo).then(|| format!("{this}/answer")),
                withdraw: while_open("withdraw"),
                grant: grant.map(|grant| format!("{base}/grants/{}", grant.id)),
                this: Some(this),
            },
        }
    }
}

impl RequestDocument {
    /// The same, with what the past says about it.
    #[must_use]
    pub fn past(mut self, past: &Past) -> Self {
        self.assessment = self.assessment.with_past(past.into());
        self
    }

    /// The same, with what it would change.
    #[must_use]
    pub fn analysis(mut self, analysis: &Analysis) -> Self {
        self.assessment = self.assessment.with_analysis(analysis.into());
        self
    }

    /// The same, as it is shown to a caller: links lead to what they can do, and nowhere where nothing was made.
    #[must_use]
    pub fn circumstances(mut self, shown: &Circumstances) -> Self {
        (self.already, self.dry_run) = (shown.already, shown.dry_run);
        if shown.dry_run {
            self.links = RequestLinks::default();
        } else if let Some(possible) = &shown.possible {
            let links = &mut self.links;
            keep_possible(
                possible,
                [
                    ("approve", &mut links.approve),
                    ("deny", &mut links.deny),
                    ("ask", &mut links.ask),
                    ("answer", &mut links.answer),
                    ("withdraw", &mut links.withdraw),
                ],
            );
        }
        self
    }

    /// The same, and whether a grant already gave what was requested.
    #[must_use]
    pub(super) const fn already(mut self, already: bool) -> Self {
        self.already = already;
        self
    }
}

/// The request of a receipt, as a document.
#[must_use]
pub fn request_of(receipt: &Receipt, base: &str) -> Option<RequestDocument> {
    let request = receipt.request.as_ref()?;
    Some(RequestDocument::new(request, receipt.grant.as_ref(), receipt.now, base).already(receipt.already))
}
