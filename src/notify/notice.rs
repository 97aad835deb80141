//! What is told, as a document: the one form that is kept in the outbox and given to templates and webhooks.

use serde::{Deserialize, Serialize};

use super::{Audience, NoticeKind};
use crate::model::Timestamp;

/// One notice: what happened, about what, and to whom it is told. Every value is text as it is shown outside, so nothing
/// has to be read from the store to send it. Instants are RFC 3339 in UTC. What does not apply is left out.
///
/// Reason, comments, question, answer, ticket, names and permissions are written by people and agents: escape them.
///
/// ```
/// use jit_access::notify::{Notice, NoticeKind};
///
/// let at = "2026-12-01T09:00:00Z".parse()?;
/// let notice = Notice { role: Some("deployer".into()), ..Notice::new(NoticeKind::GrantExpired, at) };
/// let kept = notice.to_json();
/// assert_eq!(kept, r#"{"kind":"grant_expired","at":"2026-12-01T09:00:00.000Z","urgent":false,"role":"deployer"}"#);
/// assert_eq!(Notice::parse(&kept)?, notice);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// What it tells of.
    pub kind: NoticeKind,
    /// When that happened.
    pub at: String,
    /// The trace of the command that it follows from, as the host told it: 32 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// Whether it is never held back by quiet hours or a digest.
    pub urgent: bool,
    /// Whether it is about an exercise of access without approval.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// To whom it is told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<Audience>,
    /// The request that it is about, or that led to the grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Which version of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_version: Option<u32>,
    /// The grant that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_id: Option<String>,
    /// The delegation that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation_id: Option<String>,
    /// Who did what is told; `rule:time` when time did, `rule:<key>` when a rule of the configuration did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// In whose place the actor reviewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<String>,
    /// Who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<String>,
    /// The person that a requesting or holding agent acts for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Who holds the grant, or whose standing changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// Who approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<String>,
    /// The role asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What it gives, as it now is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<String>,
    /// What it does not give although a permission above would.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded_permissions: Vec<String>,
    /// What the requester could not do before. Empty when that is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newly_permitted: Option<Vec<String>>,
    /// What is excepted from that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub newly_excluded: Vec<String>,
    /// Where it holds: the scope of resources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// How long it lasts, in hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_hours: Option<f64>,
    /// When it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<String>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Why it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where the work is tracked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket_url: Option<String>,
    /// How much could go wrong with it, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// Of a request that waits: what the requester used before and what it would have let pass, a sentence each. The last one says
    /// how much history that rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past: Vec<String>,
    /// Of a request that waits: what it would change of what its requester may do, a sentence each. The last ones say how that is
    /// known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// Everything that is less than what was asked for, each with who or what made it less.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cuts: Vec<CutNotice>,
    /// Until when somebody has to act: the request times out, the grant ends, the review is overdue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
    /// The actor's words: the reason of a denial or a revocation, an approver's comment, a reviewer's finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// What a reviewer asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// What the requester answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Roles of the host: those whose approval was skipped in an emergency.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped_approvers: Vec<String>,
    /// Roles of the host: those who can act on it now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviewer_roles: Vec<String>,
    /// Whether a review afterwards found that there was an emergency that the access fitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justified: Option<bool>,
    /// The uses that it tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<Uses>,
    /// Of a grant that is over: the permissions that were never used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub never_used: Vec<String>,
    /// Of a grant that is over: a smaller role of the catalogue that covers every use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smaller_role: Option<String>,
    /// Of a grant that is over: how many attempts of its holder were refused meanwhile, where any were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<u64>,
    /// Of a grant that is over: the alerts about it, the first twenty, each with its kind and its numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<String>,
    /// Of a grant that is over: what was done most often, ten rows of a permission, a resource and how often, and one that says
    /// how many more there are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<String>,
    /// What an alert tells of: `burst`. What was found is the comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<String>,
    /// The grants that were ended by one command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<EndedGrant>,
    /// How many grants were ended, where `ended` names only the first of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_count: Option<u64>,
    /// Of a checkpoint: the signed note (C2SP).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
    /// Records for a channel that exports the record, in its form. They are read when they are sent, and are not kept twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<serde_json::Value>,
    /// Where the one link of the message leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
}

/// How much could go wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// `low`, `medium`, `high`, `critical`.
    pub level: String,
    /// Why, the weightiest first.
    pub reasons: Vec<RiskNotice>,
}

/// One thing that makes a request more risky.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskNotice {
    /// Which: `conflict_of_duties`.
    pub factor: String,
    /// What of the request it is, for people.
    pub detail: String,
}

/// One thing that is less than what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CutNotice {
    /// What is less: `permissions`, `resource`, `duration`, `conditions`.
    pub what: String,
    /// What was asked for. Left out where nothing was asked for: of conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What is given.
    pub to: String,
    /// Who or what made it less: an approver, or `rule:<key>` of the configuration.
    pub by: String,
}

/// Uses of a grant, told together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Uses {
    /// How many.
    pub count: u64,
    /// What was allowed: the first [`Uses::NAMED`] different ones.
    pub permissions: Vec<String>,
    /// On what: the first [`Uses::NAMED`] different ones.
    pub resources: Vec<String>,
    /// When the first of them was.
    pub first: String,
    /// When the last of them was.
    pub last: String,
}

impl Uses {
    /// How many permissions and how many resources are named at most.
    pub const NAMED: usize = 20;
}

/// One of the grants that one command ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedGrant {
    /// Which grant.
    pub grant_id: String,
    /// Who held it.
    pub holder: String,
    /// The role it gave.
    pub role: String,
}

/// Where the link of a message leads. A path below the base URL is made of it where it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Link {
    /// The page on which a request is approved, denied or asked back about. Such a link is signed.
    Approve {
        /// The request.
        request_id: String,
        /// The version that the notice shows.
        version: u32,
    },
    /// The page of a request.
    Request {
        /// The request.
        request_id: String,
    },
    /// The page of a grant.
    Grant {
        /// The grant.
        grant_id: String,
    },
    /// The page of a grant on which it is extended or given back.
    Extend {
        /// The grant.
        grant_id: String,
    },
    /// The page on which access without approval is reviewed afterwards.
    Review {
        /// The grant.
        grant_id: String,
    },
    /// The page of delegations.
    Delegations,
    /// The page of grants.
    Grants,
}

impl Notice {
    /// A notice of this kind that says nothing else.
    #[must_use]
    pub fn new(kind: NoticeKind, at: Timestamp) -> Self {
        Self {
            kind,
            at: at.to_string(),
            trace_id: None,
            urgent: kind.is_urgent(),
            drill: false,
            audience: Vec::new(),
            request_id: None,
            request_version: None,
            grant_id: None,
            delegation_id: None,
            actor: None,
            on_behalf_of: None,
            requester: None,
            person: None,
            holder: None,
            approver: None,
            role: None,
            permissions: Vec::new(),
            excluded_permissions: Vec::new(),
            newly_permitted: None,
            newly_excluded: Vec::new(),
            resource: None,
            duration_hours: None,
            starts_at: None,
            expires_at: None,
            reason: None,
            ticket_url: None,
            risk: None,
            past: Vec::new(),
            changes: Vec::new(),
            cuts: Vec::new(),
            deadline: None,
            comment: None,
            question: None,
            answer: None,
            skipped_approvers: Vec::new(),
            reviewer_roles: Vec::new(),
            justified: None,
            uses: None,
            never_used: Vec::new(),
            smaller_role: None,
            refused: None,
            alerts: Vec::new(),
            done: Vec::new(),
            alert: None,
            ended: Vec::new(),
            ended_count: None,
            checkpoint: None,
            records: Vec::new(),
            link: None,
        }
    }

    /// The form in which it is kept and sent.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Text, numbers and lists of text can always be written; a number that is no number is written as null.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The notice of this form.
    ///
    /// # Errors
    /// When it is no notice that this version writes.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// What it belongs to: notices about one request and the grant it led to are one conversation.
    #[must_use]
    pub fn thread(&self) -> Option<&str> {
        self.request_id.as_deref().or(self.grant_id.as_deref()).or(self.delegation_id.as_deref())
    }
}
