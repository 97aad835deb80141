//! A grant as JSON.

use super::circumstances::{Circumstances, keep_possible};
use super::conditions::ConditionsDocument;
use super::details::DetailsDocument;
use super::shown::{Instant, Who};
use super::texts;
use crate::model::{BreakGlass, EndKind, Grant, GrantStatus, Timestamp};
use crate::service::Counts;

document! {
    /// A grant: access for a limited time.
    ///
    /// ```
    /// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
    /// # let world::World { engine, request, dev, .. } = world::granted()?;
    /// use jit_access::model::*;
    /// use jit_access::internal::wire::{self, GrantDocument};
    ///
    /// let receipt = engine.workflow().request(&dev, request)?;
    /// let document = GrantDocument::new(receipt.grant.as_ref().ok_or("no grant")?, receipt.now, "/jit");
    /// assert!(wire::to_json(&document)?.contains(r#""status":"active""#));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub struct GrantDocument as "Grant" {
        /// The id, a UUID.
        id: String,
        /// The holder; `agent:name` for an agent.
        requester_email: Who as "holder",
        /// The person that a holding agent acts for.
        requester_acts_for: Option<Who>,
        /// The standing roles of the holder at the time of the request.
        requester_normal_roles: Vec<String>,
        /// The role of the catalogue.
        granted_role: String as "role",
        /// What it permits.
        granted_permissions: Vec<String> as "permissions",
        /// Details of the request for people.
        details: DetailsDocument [flatten],
        /// Who gave the last approval; `rule:` and a configuration key for a rule.
        approved_by: String,
        /// Everyone whose approval counted, in order; the last is `approved_by`.
        approvers: Vec<String>,
        /// When it was approved.
        approved_at: Instant,
        /// The first instant at which it permits something.
        starts_at: Instant,
        /// The first instant at which it no longer permits anything.
        expires_at: Instant,
        /// The status at the instant of the answer.
        status: &'static str = ["scheduled", "active", "suspended", "expired", "revoked", "released", "exhausted"],
        /// How many uses are recorded.
        actions_taken: u64,
        /// When it was last used, for a grant that is looked up or listed; at most a second old. `null` when it was not
        /// used, and for a grant that ended long ago.
        last_used_at: Option<Instant>,
        /// Its uses a minute, over the last ten minutes, when it is looked up or listed.
        uses_per_minute: Option<f64>,
        /// How many calls of its holder were refused since it began, where it is looked up or listed.
        refusals: Option<u64>,
        /// Who revoked it; `rule:` and the name of a rule for a rule.
        revoked_by: Option<String>,
        /// Why it was revoked.
        revoke_reason: Option<String>,
        /// The review that a break-glass grant needs afterwards.
        break_glass: Option<BreakGlassDocument>,
        /// Since when it is suspended.
        suspended_at: Option<Instant>,
        /// Who suspended it.
        suspended_by: Option<String>,
        /// Why it is suspended.
        suspend_reason: Option<String>,
        /// The id of the request it answers.
        request_id: String,
        /// Exceptions from the wildcards of `granted_permissions`.
        excluded_permissions: Vec<String>,
        /// The resource it is for; `*` for all.
        resource: String,
        /// The conditions at every use; `null` for none.
        conditions: Option<ConditionsDocument>,
        /// How many uses are left; `null` when the number is not limited.
        uses_left: Option<u64>,
        /// When it ended; `null` while it has not.
        ended_at: Option<Instant>,
        /// The id of the grant that it extends.
        extends: Option<String>,
        /// 0 when it extends nothing, 1 for the first extension.
        extension_number: u32,
        /// Paths to the grant and to what the caller can do with it now.
        links: GrantLinks,
    }
}

document! {
    /// The review that a grant without approval needs afterwards.
    pub(super) struct BreakGlassDocument as "BreakGlass" {
        /// Whether it was a drill.
        drill: bool,
        /// Whether it was taken while the store was unavailable.
        offline: bool,
        /// When a grant that was taken while the store was unavailable was merged into the journal; `null` before.
        merged_at: Option<Instant>,
        /// The state of the review.
        review_status: &'static str = ["required", "overdue", "done", "waived"],
        /// From when on the review is overdue.
        review_due_at: Instant,
        /// The host roles; a reviewer needs one of them.
        reviewer_roles: Vec<String>,
        /// Who reviewed the use, or waived the review.
        reviewed_by: Option<String>,
        /// When it was reviewed or waived.
        reviewed_at: Option<Instant>,
        /// The result of the review.
        outcome: Option<&'static str> = ["justified", "unjustified", "waived"],
        /// The text of the reviewer.
        finding: Option<String>,
        /// Who waived the finding of unjustified use.
        lifted_by: Option<String>,
        /// When that was.
        lifted_at: Option<Instant>,
        /// Why it was lifted.
        lift_reason: Option<String>,
    }
}

impl BreakGlassDocument {
    fn new(owed: &BreakGlass, now: Timestamp) -> Self {
        let closed = owed.closed.as_ref();
        Self {
            drill: owed.drill,
            offline: owed.offline.is_some(),
            merged_at: owed.offline.and_then(|offline| offline.merged_at).map(Into::into),
            review_status: owed.review(now).name(),
            review_due_at: owed.review_due.into(),
            reviewer_roles: texts(&owed.reviewer_roles),
            reviewed_by: closed.map(|closed| closed.by.to_string()),
            reviewed_at: closed.map(|closed| closed.at.into()),
            outcome: closed.map(|closed| closed.outcome.name()),
            finding: closed.map(|closed| closed.outcome.text().to_string()),
            lifted_by: owed.lifted.as_ref().map(|lifted| lifted.by.to_string()),
            lifted_at: owed.lifted.as_ref().map(|lifted| lifted.at.into()),
            lift_reason: owed.lifted.as_ref().map(|lifted| lifted.outcome.text().to_string()),
        }
    }
}

links! {
    struct GrantLinks { always: [request], sometimes: [revoke, extend, release, suspend, resume, review, waive_review] }
}

impl GrantDocument {
    /// The grant in its state at `now`. Links start with `base`: `/jit`.
    #[must_use]
    pub fn new(grant: &Grant, now: Timestamp, base: &str) -> Self {
        let status = grant.status(now);
        let this = format!("{base}/grants/{}", grant.id);
        let while_live = |verb: &str| status.is_live().then(|| format!("{this}/{verb}"));
        let revoked = grant.ended.as_ref().and_then(|end| match &end.kind {
            EndKind::Revoked(reason) => Some((end.by.to_string(), reason.to_string())),
            EndKind::Released | EndKind::Exhausted => None,
        });
        let ended_at = match (&grant.ended, status) {
            (Some(end), _) => Some(end.at),
            (None, GrantStatus::Expired) => Some(grant.window.end()),
            (None, _) => None,
        };
        Self {
            id: grant.id.to_string(),
            requester_email: (&grant.holder).into(),
            requester_acts_for: grant.holder_acts_for.as_ref().map(Into::into),
            requester_normal_roles: texts(&grant.holder_normal_roles),
            granted_role: grant.role.to_string(),
            granted_permissions: texts(grant.permissions.allowed()),
            details: (&grant.details).into(),
            approved_by: grant.approved_by.to_string(),
            approvers: grant.earlier_approvers.iter().chain([&grant.approved_by]).map(ToString::to_string).collect(),
            approved_at: grant.approved_at.into(),
            starts_at: grant.window.start().into(),
            expires_at: grant.window.end().into(),
            status: status.name(),
            actions_taken: grant.uses,
            last_used_at: None,
            uses_per_minute: None,
            refusals: None,
            revoked_by: revoked.as_ref().map(|(by, _)| by.clone()),
            revoke_reason: revoked.map(|(_, reason)| reason),
            break_glass: grant.break_glass.as_ref().map(|owed| BreakGlassDocument::new(owed, now)),
            suspended_at: grant.suspended.as_ref().map(|one| one.at.into()),
            suspended_by: grant.suspended.as_ref().map(|one| one.by.to_string()),
            suspend_reason: grant.suspended.as_ref().map(|one| one.reason.to_string()),
            request_id: grant.request.to_string(),
            excluded_permissions: texts(grant.permissions.excepted()),
            resource: grant.scope.to_string(),
            conditions: ConditionsDocument::new(&grant.conditions),
            uses_left: grant.conditions.max_uses.map(|max| u64::from(max.get()).saturating_sub(grant.uses)),
            ended_at: ended_at.map(Into::into),
            extends: grant.extends.map(|extension| extension.of.to_string()),
            extension_number: grant.number(),
            links: GrantLinks {
                request: format!("{base}/requests/{}", grant.request),
                revoke: while_live("revoke"),
                extend: while_live("extend").filter(|_| status != GrantStatus::Suspended),
                release: while_live("release"),
                suspend: while_live("suspend").filter(|_| status != GrantStatus::Suspended),
                resume: while_live("resume").filter(|_| status == GrantStatus::Suspended),
                review: (grant.is_unreviewed() && !status.is_live()).then(|| format!("{this}/review")),
                waive_review: grant.is_unreviewed().then(|| format!("{this}/waive-review")),
                this: Some(this),
            },
        }
    }

    /// The same, as it is shown to a caller: links lead to what they can do.
    #[must_use]
    pub fn circumstances(mut self, shown: &Circumstances) -> Self {
        let Some(possible) = &shown.possible else { return self };
        let links = &mut self.links;
        keep_possible(
            possible,
            [
                ("revoke", &mut links.revoke),
                ("extend", &mut links.extend),
                ("release", &mut links.release),
                ("suspend", &mut links.suspend),
                ("resume", &mut links.resume),
                ("complete_review", &mut links.review),
                ("waive_review", &mut links.waive_review),
            ],
        );
        self
    }

    /// The same, with how the grant is used now.
    #[must_use]
    pub fn counted(mut self, counts: Option<&Counts>) -> Self {
        self.last_used_at = counts.and_then(|counts| counts.last_use).map(Into::into);
        self.uses_per_minute = counts.map(|counts| counts.rate);
        self.refusals = counts.map(|counts| counts.refusals);
        self
    }
}
