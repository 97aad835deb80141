//! Which parts of a role were used, and recorded calls under another grant, as JSON.

use super::shown::Instant;
use super::summary::{SummaryHeld, SummaryRole};
use super::texts;
use crate::model::PermissionSet;
use crate::sizing::{Called, Past, PermissionUse, Proposal, Replay, RestsOn, RightSize, RoleUse};

document! {
    /// On how much history an answer rests.
    pub(super) struct HistoryDocument as "History" {
        /// The first instant that was looked at: of the period, of the journal, or of the oldest use that was read.
        from: Instant as "start",
        /// The first instant that was not.
        until: Instant,
        /// How many days that is.
        days: i64,
        /// How many uses.
        uses: u64,
        /// How many refused calls.
        refused: u64,
        /// Whether these are all of the period. Of very many the newest are read.
        complete: bool,
        /// The same for people: `from 312 uses over 21 days`.
        text: String,
    }
}

document! {
    /// Which parts of roles were used in a period.
    pub struct RightSizeDocument as "RightSize" {
        /// On how much history it rests.
        history: HistoryDocument,
        /// By role.
        roles: Vec<RoleUseDocument>,
    }
}

document! {
    /// Which parts of a role were used.
    pub(super) struct RoleUseDocument as "RoleUse" {
        /// The role.
        role: String,
        /// How many grants of it were made in the period, or used in it.
        grants: u64,
        /// How many of these were never used.
        unused_grants: u64,
        /// How many principals held them.
        holders: u64,
        /// How often it was used.
        uses: u64,
        /// Its permissions.
        permissions: Vec<String>,
        /// Exceptions from the wildcards of `permissions`.
        excluded_permissions: Vec<String>,
        /// The permissions that were used, the most frequent first.
        used: Vec<PermissionUseDocument>,
        /// The permissions that were granted and never used.
        never_used: Vec<String>,
        /// The entry of the catalogue that would be enough; `null` when everything was used, or nothing.
        proposal: Option<ProposalDocument>,
        /// The smallest role of the catalogue that covers every use and is within this one; `null` for none.
        smaller_role: Option<SummaryRole>,
    }
}

document! {
    /// How often a permission was used.
    pub(super) struct PermissionUseDocument as "PermissionUse" {
        /// The permission.
        permission: String,
        /// How often.
        count: u64,
        /// By how many principals.
        holders: u64,
        /// On how many different resources; at most 1,000 are counted.
        resources: u64,
        /// When the last one was.
        last_at: Instant,
    }
}

document! {
    /// An entry of the catalogue that would be enough.
    pub(super) struct ProposalDocument as "Proposal" {
        /// Its permissions.
        permissions: Vec<String>,
        /// Exceptions from the wildcards of `permissions`.
        excluded_permissions: Vec<String>,
        /// Each of its permissions, with the granted one that includes it.
        inside: Vec<SummaryHeld>,
        /// The entry as the configuration has it below `roles`, on one line of YAML.
        entry: String,
    }
}

document! {
    /// Recorded calls under another grant.
    pub struct ReplayDocument as "Replay" {
        /// On how much history it rests.
        history: HistoryDocument,
        /// The permissions of that grant.
        permissions: Vec<String>,
        /// Exceptions from the wildcards of `permissions`.
        excluded_permissions: Vec<String>,
        /// Where.
        resource: String,
        /// Refused calls that would have passed, the most frequent first; at most 200 rows.
        would_pass: Vec<CalledDocument>,
        /// How many those are in all.
        would_pass_total: u64,
        /// How many refused calls would have been allowed if the conditions of the grant were met, which the record
        /// does not contain.
        if_met_total: u64,
        /// How many refused calls would have been refused all the same.
        still_refused_total: u64,
        /// Calls that passed and would have been refused, the most frequent first; at most 200 rows.
        would_be_refused: Vec<CalledDocument>,
        /// How many those are in all.
        would_be_refused_total: u64,
        /// How many calls would have passed as they did, where its conditions are met.
        still_passing_total: u64,
        /// How many calls are counted and not judged, because there were too many different ones.
        unknown_total: u64,
    }
}

document! {
    /// Calls of one permission on one resource.
    pub(super) struct CalledDocument as "Called" {
        /// The permission.
        permission: String,
        /// The resource; `*` when the check named none.
        resource: String,
        /// What the resource is in.
        parent: Option<String>,
        /// Why they were refused: the reason of the check; `null` for calls that passed.
        code: Option<String>,
        /// How often.
        count: u64,
        /// When first.
        first_at: Instant,
        /// When the last one was.
        last_at: Instant,
    }
}

document! {
    /// What the past says about a request: which of its parts the requester used before, and their recorded calls under
    /// it.
    pub(super) struct PastDocument as "Past" {
        /// On how much history it rests.
        history: HistoryDocument,
        /// The same for people, a sentence each.
        sentences: Vec<String>,
        /// The permissions of the request that were never used under earlier grants of the role; empty when none was
        /// used.
        never_used: Vec<String>,
        /// A smaller role of the catalogue that would have been enough for the uses; `null` for none.
        smaller_role: Option<String>,
        /// Refused calls of the last 30 days that it would have allowed, the most frequent first.
        would_pass: Vec<CalledDocument>,
        /// How many those are in all.
        would_pass_total: u64,
        /// Calls that passed and that it would have refused, the most frequent first.
        would_be_refused: Vec<CalledDocument>,
        /// How many those are in all.
        would_be_refused_total: u64,
    }
}

fn allowed(set: Option<&PermissionSet>) -> Vec<String> {
    set.map(|set| texts(set.allowed())).unwrap_or_default()
}

fn excepted(set: Option<&PermissionSet>) -> Vec<String> {
    set.map(|set| texts(set.excepted())).unwrap_or_default()
}

fn rows(calls: &[Called]) -> Vec<CalledDocument> {
    calls.iter().map(Into::into).collect()
}

impl From<&RestsOn> for HistoryDocument {
    fn from(rests_on: &RestsOn) -> Self {
        Self {
            from: rests_on.from.into(),
            until: rests_on.until.into(),
            days: rests_on.days(),
            uses: rests_on.uses,
            refused: rests_on.refused,
            complete: rests_on.is_all,
            text: rests_on.to_string(),
        }
    }
}

impl From<&RightSize> for RightSizeDocument {
    fn from(found: &RightSize) -> Self {
        Self { history: (&found.rests_on).into(), roles: found.roles.iter().map(Into::into).collect() }
    }
}

impl From<&RoleUse> for RoleUseDocument {
    fn from(found: &RoleUse) -> Self {
        Self {
            role: found.role.to_string(),
            grants: found.grants,
            unused_grants: found.unused_grants,
            holders: found.holders,
            uses: found.uses,
            permissions: allowed(found.given.as_ref()),
            excluded_permissions: excepted(found.given.as_ref()),
            used: found.used.iter().map(Into::into).collect(),
            never_used: texts(&found.never_used),
            proposal: found.proposal.as_ref().map(Into::into),
            smaller_role: found.smaller.as_ref().map(Into::into),
        }
    }
}

impl From<&PermissionUse> for PermissionUseDocument {
    fn from(used: &PermissionUse) -> Self {
        Self {
            permission: used.action.to_string(),
            count: used.count,
            holders: used.holders,
            resources: used.resources,
            last_at: used.last.into(),
        }
    }
}

impl From<&Proposal> for ProposalDocument {
    fn from(proposal: &Proposal) -> Self {
        Self {
            permissions: allowed(Some(&proposal.permissions)),
            excluded_permissions: excepted(Some(&proposal.permissions)),
            inside: proposal.inside.iter().map(Into::into).collect(),
            entry: proposal.entry.clone(),
        }
    }
}

impl From<&Replay> for ReplayDocument {
    fn from(replay: &Replay) -> Self {
        Self {
            history: (&replay.rests_on).into(),
            permissions: allowed(Some(&replay.candidate.permissions)),
            excluded_permissions: excepted(Some(&replay.candidate.permissions)),
            resource: replay.candidate.scope.to_string(),
            would_pass: rows(&replay.would_pass),
            would_pass_total: replay.would_pass_total,
            if_met_total: replay.if_met_total,
            still_refused_total: replay.still_refused_total,
            would_be_refused: rows(&replay.would_be_refused),
            would_be_refused_total: replay.would_be_refused_total,
            still_passing_total: replay.still_passing_total,
            unknown_total: replay.unknown_total,
        }
    }
}

impl From<&Called> for CalledDocument {
    fn from(one: &Called) -> Self {
        Self {
            permission: one.action.to_string(),
            resource: one.resource.to_string(),
            parent: one.resource.parent().map(ToString::to_string),
            code: one.code.clone(),
            count: one.count,
            first_at: one.first.into(),
            last_at: one.last.into(),
        }
    }
}

impl From<&Past> for PastDocument {
    fn from(past: &Past) -> Self {
        Self {
            history: (&past.replay.rests_on).into(),
            sentences: past.sentences(),
            never_used: texts(&past.never_used),
            smaller_role: past.smaller.as_ref().map(|smaller| smaller.role.to_string()),
            would_pass: rows(&past.replay.would_pass),
            would_pass_total: past.replay.would_pass_total,
            would_be_refused: rows(&past.replay.would_be_refused),
            would_be_refused_total: past.replay.would_be_refused_total,
        }
    }
}
