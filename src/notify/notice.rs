//! A notice as a document: the one form that is stored in the outbox and passed to templates and webhooks.

use serde::{Deserialize, Serialize};

use super::{Audience, NoticeKind};
use crate::model::Timestamp;

/// One notice: what happened, its subject, and its recipients. Every value is text in its public form, so sending it
/// needs no read from the store. Instants are RFC 3339 in UTC. Fields that do not apply are omitted.
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
    /// The kind.
    pub kind: NoticeKind,
    /// When that happened.
    pub at: String,
    /// The trace of the command that caused it, as the host gave it: 32 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// Whether quiet hours and digests never delay it.
    pub urgent: bool,
    /// Whether it is about an exercise of access without approval.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// The recipients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<Audience>,
    /// The request that it is about, or that led to the grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The version of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_version: Option<u32>,
    /// The grant that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_id: Option<String>,
    /// The delegation that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation_id: Option<String>,
    /// The actor; `rule:time` for an effect of time, `rule:<key>` for a rule of the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The person in whose place the actor reviewed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<String>,
    /// The requester.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<String>,
    /// The person that a requesting or holding agent acts for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The holder of the grant, or the person whose standing changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// The approver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<String>,
    /// The requested role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The current permissions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<String>,
    /// The exceptions from these permissions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded_permissions: Vec<String>,
    /// What the requester could not do before. Empty when that is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newly_permitted: Option<Vec<String>>,
    /// The exceptions from those.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub newly_excluded: Vec<String>,
    /// Where it holds: the scope of resources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The duration in hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_hours: Option<f64>,
    /// When it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<String>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// The reason of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where the work is tracked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket_url: Option<String>,
    /// How much could go wrong with it, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// For a pending request: what the requester used before and what it would have allowed, a sentence each. The last
    /// one says how much history this is based on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past: Vec<String>,
    /// For a pending request: what it would change for its requester, a sentence each. The last ones say how that is
    /// known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// Everything that was reduced from the request, each with who or what reduced it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cuts: Vec<CutNotice>,
    /// The deadline of an action: the request times out, the grant ends, or the review is overdue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
    /// The actor's words: the reason of a denial or a revocation, an approver's comment, a reviewer's finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The question of a reviewer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// What the requester answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Roles of the host: those whose approval was skipped by break-glass.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped_approvers: Vec<String>,
    /// Roles of the host: those who can act on it now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviewer_roles: Vec<String>,
    /// Whether a review afterwards found that there was an emergency that the access fitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justified: Option<bool>,
    /// The uses that it reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uses: Option<Uses>,
    /// For an ended grant: the permissions that were never used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub never_used: Vec<String>,
    /// For an ended grant: a smaller role of the catalogue that covers every use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smaller_role: Option<String>,
    /// For an ended grant: how many attempts of its holder were refused meanwhile, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<u64>,
    /// For an ended grant: the alerts about it, the first twenty, each with its kind and its numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<String>,
    /// For an ended grant: what was done most often, ten rows of a permission, a resource and a count, and one with the
    /// number of further rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<String>,
    /// The kind of an alert: `burst`. The comment has the finding.
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
    /// The factor: `conflict_of_duties`.
    pub factor: String,
    /// Which part of the request it is about, for people.
    pub detail: String,
}

/// One part of a request that was reduced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CutNotice {
    /// The part: `permissions`, `resource`, `duration`, `conditions`.
    pub what: String,
    /// The requested value. Omitted for conditions, which are not requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The given value.
    pub to: String,
    /// Who reduced it: an approver, or `rule:<key>` of the configuration.
    pub by: String,
}

/// Uses of a grant, reported together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Uses {
    /// How many.
    pub count: u64,
    /// The permissions used: the first [`Uses::NAMED`] different ones.
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
    /// The grant.
    pub grant_id: String,
    /// Its holder.
    pub holder: String,
    /// The role it gave.
    pub role: String,
}

/// Where the link of a message leads. A path below the base URL is made of it where it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Link {
    /// The page on which a request is approved, denied or questioned. Such a link is signed.
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
    /// The page of a grant on which it is extended or released.
    Extend {
        /// The grant.
        grant_id: String,
    },
    /// The page on which break-glass access is reviewed afterwards.
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
    /// A notice of this kind without further values.
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

    /// The form in which it is stored and sent.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Text, numbers and lists of text can always be written; a number that is not finite is written as null.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The notice of this form.
    ///
    /// # Errors
    /// When it is not a notice of this version.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The thread that it belongs to: notices about one request and its grant are one conversation.
    #[must_use]
    pub fn thread(&self) -> Option<&str> {
        self.request_id.as_deref().or(self.grant_id.as_deref()).or(self.delegation_id.as_deref())
    }
}
