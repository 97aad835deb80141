//! What was done under a grant, as JSON.

use super::AlertDocument;
use super::details::DetailsDocument;
use super::shown::{Instant, Who};
use super::texts;
use crate::model::{EndKind, RefusedKind, Review};
use crate::summary::{IncludedPermission, Session, SmallerRole, TimelineEntry, Used};
use crate::workflow::{CutLine, cuts_of};

document! {
    /// What was done under a grant, from the journal alone. For a live grant, until now.
    pub struct SummaryDocument as "Summary" {
        /// The grant.
        grant_id: String,
        /// The request that it answers.
        request_id: String,
        /// The state of the grant.
        status: &'static str = ["scheduled", "active", "suspended", "expired", "revoked", "released", "exhausted"],
        /// The holder.
        holder: Who,
        /// The person that a holding agent acts for.
        acts_for: Option<Who>,
        /// The role.
        role: String,
        /// Its permissions.
        permissions: Vec<String>,
        /// Exceptions from the wildcards of `permissions`.
        excluded_permissions: Vec<String>,
        /// Where it held.
        resource: String,
        /// Details of the request for people.
        details: DetailsDocument [flatten],
        /// When it was requested.
        requested_at: Instant,
        /// When it began.
        starts_at: Instant,
        /// The end of its window.
        expires_at: Instant,
        /// The end of the grant, or the instant at which a live one was summarized.
        until: Instant,
        /// Who ended it early.
        ended_by: Option<String>,
        /// Why it was revoked.
        end_reason: Option<String>,
        /// Whether it was break-glass access.
        break_glass: bool,
        /// Who gave the last approval: a person, or `rule:` and the name of a rule.
        approved_by: String,
        /// The approvals that count.
        approvals: Vec<SummaryApproval>,
        /// What was reduced from the request, and by whom.
        cuts: Vec<SummaryCut>,
        /// How often it was used.
        uses_total: u64,
        /// When it was used first.
        first_used_at: Option<Instant>,
        /// When it was last used.
        last_used_at: Option<Instant>,
        /// The uses by permission and resource, the most frequent first; at most 500 rows.
        uses: Vec<SummaryUse>,
        /// How many uses are not listed in `uses`.
        other_uses: u64,
        /// The permissions that were granted and never used.
        never_used: Vec<String>,
        /// The smallest role of the catalogue that covers every use and is within the grant; `null` for none.
        smaller_role: Option<SummaryRole>,
        /// What was refused to the holder meanwhile, the most frequent first; at most 50 rows.
        refused: Vec<SummaryRefused>,
        /// How many refused attempts are not listed in `refused`.
        other_refused: u64,
        /// The alerts about it, oldest first.
        alerts: Vec<AlertDocument>,
        /// What happened, in order. Uses that follow each other are one entry.
        timeline: Vec<SummaryMoment>,
        /// The last record of the journal that the summary uses.
        through_revision: u64,
    }
}

document! {
    /// An approval.
    pub(super) struct SummaryApproval as "SummaryApproval" {
        /// The approver.
        by: String,
        /// The person in whose place they approved.
        on_behalf_of: Option<Who>,
        /// When it was given.
        at: Instant,
        /// The words of the approver.
        comment: Option<String>,
    }
}

document! {
    /// Something that was made less than requested.
    pub(super) struct SummaryCut as "SummaryCut" {
        /// The part that was reduced.
        what: &'static str = ["permissions", "resource", "duration", "conditions"],
        /// The requested value; `null` for conditions.
        asked: Option<String>,
        /// The given value.
        given: String,
        /// Who reduced it.
        by: String,
    }
}

document! {
    /// The uses of one permission on one resource.
    pub(super) struct SummaryUse as "SummaryUse" {
        /// The permission.
        permission: String,
        /// The resource; `*` when the check named none.
        resource: String,
        /// How often.
        count: u64,
        /// When first.
        first_at: Instant,
        /// When the last one was.
        last_at: Instant,
    }
}

document! {
    /// Refused attempts that are alike.
    pub(super) struct SummaryRefused as "SummaryRefused" {
        /// The attempt: the name of a command or a read, or `check`.
        attempt: String,
        /// The subject of the last one; empty without one.
        about: String,
        /// Why it was refused.
        code: String,
        /// How often.
        count: u64,
        /// When first.
        first_at: Instant,
        /// When the last one was.
        last_at: Instant,
    }
}

document! {
    /// A role of the catalogue that would have been enough.
    pub(super) struct SummaryRole as "SummaryRole" {
        /// The role.
        role: String,
        /// Each of its permissions, with the permission of the grant that it lies in.
        inside: Vec<SummaryHeld>,
    }
}

document! {
    /// A permission and the wider one that it lies in.
    pub(super) struct SummaryHeld as "SummaryHeld" {
        /// The permission of the smaller role.
        permission: String,
        /// The permission of the grant.
        within: String,
    }
}

document! {
    /// An entry of the timeline.
    pub(super) struct SummaryMoment as "SummaryMoment" {
        /// When it happened.
        at: Instant,
        /// When the last of several uses was.
        until: Instant,
        /// The actor: a person, `agent:name`, or `rule:` and the name of a rule.
        by: String,
        /// What happened: `grant_used`.
        event: &'static str,
        /// How often.
        count: u64,
        /// The same in words, with what was written.
        text: String,
    }
}

impl From<&Session> for SummaryDocument {
    fn from(session: &Session) -> Self {
        let Session { grant, request, uses, .. } = session;
        let end_reason = grant.ended.as_ref().and_then(|end| match &end.kind {
            EndKind::Revoked(reason) => Some(reason.to_string()),
            EndKind::Released | EndKind::Exhausted => None,
        });
        Self {
            grant_id: grant.id.to_string(),
            request_id: grant.request.to_string(),
            status: session.status.name(),
            holder: (&grant.holder).into(),
            acts_for: grant.holder_acts_for.as_ref().map(Into::into),
            role: grant.role.to_string(),
            permissions: texts(grant.permissions.allowed()),
            excluded_permissions: texts(grant.permissions.excepted()),
            resource: grant.scope.to_string(),
            details: (&grant.details).into(),
            requested_at: request.created_at.into(),
            starts_at: grant.window.start().into(),
            expires_at: grant.window.end().into(),
            until: session.until.into(),
            ended_by: grant.ended.as_ref().map(|end| end.by.to_string()),
            end_reason,
            break_glass: grant.break_glass.is_some(),
            approved_by: grant.approved_by.to_string(),
            approvals: request.approvals().map(Into::into).collect(),
            cuts: cuts_of(request).into_iter().map(Into::into).collect(),
            uses_total: uses.total,
            first_used_at: uses.first.map(Into::into),
            last_used_at: uses.last.map(Into::into),
            uses: uses.kinds.iter().map(Into::into).collect(),
            other_uses: uses.others,
            never_used: texts(&session.unused),
            smaller_role: session.smaller.as_ref().map(Into::into),
            refused: session.refused.iter().map(Into::into).collect(),
            other_refused: session.other_refused,
            alerts: session.alerts.iter().map(|state| AlertDocument::new(state, session.until)).collect(),
            timeline: session.timeline.iter().map(Into::into).collect(),
            through_revision: session.through.0,
        }
    }
}

impl From<&Review> for SummaryApproval {
    fn from(review: &Review) -> Self {
        Self {
            by: review.by.to_string(),
            on_behalf_of: review.capacity.on_behalf_of.as_ref().map(Into::into),
            at: review.at.into(),
            comment: review.comment.as_ref().map(ToString::to_string),
        }
    }
}

impl From<CutLine> for SummaryCut {
    fn from(CutLine { what, from, to, by }: CutLine) -> Self {
        Self { what, asked: from, given: to, by }
    }
}

impl From<&Used> for SummaryUse {
    fn from(used: &Used) -> Self {
        Self {
            permission: used.action.to_string(),
            resource: used.resource.to_string(),
            count: used.count,
            first_at: used.first.into(),
            last_at: used.last.into(),
        }
    }
}

impl From<&SmallerRole> for SummaryRole {
    fn from(found: &SmallerRole) -> Self {
        Self { role: found.role.to_string(), inside: found.inside.iter().map(Into::into).collect() }
    }
}

impl From<&RefusedKind> for SummaryRefused {
    fn from(kind: &RefusedKind) -> Self {
        Self {
            attempt: kind.attempt.clone(),
            about: kind.about.clone(),
            code: kind.code.clone(),
            count: kind.count,
            first_at: kind.first.into(),
            last_at: kind.last.into(),
        }
    }
}

impl From<&IncludedPermission> for SummaryHeld {
    fn from(held: &IncludedPermission) -> Self {
        Self { permission: held.permission.to_string(), within: held.within.to_string() }
    }
}

impl From<&TimelineEntry> for SummaryMoment {
    fn from(moment: &TimelineEntry) -> Self {
        Self {
            at: moment.at.into(),
            until: moment.until.into(),
            by: moment.by.clone(),
            event: moment.event,
            count: moment.count,
            text: moment.text.clone(),
        }
    }
}
