//! The reads, in the same form as the commands.

use serde_json::Value;

use super::define::command;
use super::field::{Field, shown};
use super::spec::FieldKind;
use crate::model::{
    Action, AlertStatus, Checkpoint, Cursor, DelegationStatus, DeliveryId, DeliveryState, EvidenceForm, ExportFormat,
    GrantId, GrantStatus, Invalid, Principal, RecordFilter, RecordOrder, RequestId, RequestStatus, Resource,
    ResourceId, Revision, RoleName, SearchText, SummaryForm, Timestamp,
};

/// How many rows a page has at most. The default is 50.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(pub usize);

impl Default for Limit {
    fn default() -> Self {
        Self(50)
    }
}

impl From<usize> for Limit {
    fn from(rows: usize) -> Self {
        Self(rows)
    }
}

impl Field for Limit {
    const KIND: FieldKind = FieldKind::Limit;

    fn read(value: Value, field: &'static str) -> Result<Self, Invalid> {
        let limit = value.as_u64().and_then(|limit| usize::try_from(limit).ok());
        limit
            .map(Self)
            .ok_or_else(|| Invalid::new(field, format!("is {}", shown(&value)), "a whole number of 1 or more"))
    }

    fn write(&self) -> Value {
        self.0.into()
    }
}

command! {
    /// Get a request.
    ///
    /// Visible to its requester, its approvers and those who see everything. Uses of its grant that are not written yet
    /// are not counted.
    GetRequest = "request",
    answers: Request,
    action: See,
    http: GET "/requests/{id}" 200,
    writes: false,
    fields: {
        /// The request.
        id: RequestId,
    },
}

command! {
    /// Get a grant.
    ///
    /// Visible to its holder, those who could approve it and those who see everything. Every use that this process has
    /// answered is counted.
    GetGrant = "grant",
    answers: Grant,
    action: See,
    http: GET "/grants/{id}" 200,
    writes: false,
    fields: {
        /// The grant.
        id: GrantId,
    },
}

command! {
    /// Get a summary of what was done under a grant; for a live one, until now.
    ///
    /// It follows from the journal alone. Visible to everyone who may see the grant.
    GetSummary = "summary",
    answers: Summary,
    action: See,
    http: GET "/grants/{id}/summary" 200,
    writes: false,
    fields: {
        /// The grant.
        grant: GrantId,
    },
}

command! {
    /// Get the summary of a grant as text, Markdown or HTML.
    ///
    /// What people and agents wrote is escaped as the form needs it.
    WriteSummary = "summary_text",
    answers: Text,
    action: See,
    http: GET "/grants/{id}/summary/text" 200,
    writes: false,
    fields: {
        /// The grant.
        grant: GrantId,
    },
    optional: {
        /// The form: `text`, which is the default, `markdown` or `html`.
        form: SummaryForm,
    },
}

command! {
    /// List the requests that the caller can see, newest first.
    ListRequests = "requests",
    answers: Requests,
    action: See,
    http: GET "/requests" 200,
    writes: false,
    optional: {
        /// Only requests of this status.
        status: Option<RequestStatus>,
        /// Only requests of this role.
        role: Option<RoleName>,
        /// Only requests of this person and of agents that act for them.
        person: Option<Principal>,
        /// Only requests that the caller could approve now.
        reviewable: bool,
        /// Only requests that time out before this instant.
        ending_before: Option<Timestamp>,
        /// Only requests with this text in the reason, the ticket, the resource, the role or the name, ignoring case.
        text: Option<SearchText>,
        /// The most rows on the page, 1 to 500.
        limit: Limit,
        /// `next_cursor` of the page before.
        cursor: Option<Cursor>,
    },
}

command! {
    /// List the grants that the caller can see, newest first.
    ListGrants = "grants",
    answers: Grants,
    action: See,
    http: GET "/grants" 200,
    writes: false,
    optional: {
        /// Only grants of this status.
        status: Option<GrantStatus>,
        /// Only grants of this role.
        role: Option<RoleName>,
        /// Only grants of this person and of agents that act for them.
        person: Option<Principal>,
        /// Only break-glass grants whose review the caller could complete now.
        reviewable: bool,
        /// Only grants that end before this instant.
        ending_before: Option<Timestamp>,
        /// Only grants with this text in the reason, the ticket, the resource, the role or the name, ignoring case.
        text: Option<SearchText>,
        /// The most rows on the page, 1 to 500.
        limit: Limit,
        /// `next_cursor` of the page before.
        cursor: Option<Cursor>,
    },
}

command! {
    /// List the delegations that the caller can see, newest first.
    ListDelegations = "delegations",
    answers: Delegations,
    action: See,
    http: GET "/delegations" 200,
    writes: false,
    optional: {
        /// Only delegations of this status.
        status: Option<DelegationStatus>,
        /// The most rows on the page, 1 to 500.
        limit: Limit,
        /// `next_cursor` of the page before.
        cursor: Option<Cursor>,
    },
}

command! {
    /// List the alerts that the monitor keeps, newest first.
    ///
    /// Needs a role in `approver_roles` or `auditor_roles`. The newest 10,000 of the last 30 days are kept.
    ListAlerts = "alerts",
    answers: Alerts,
    action: Audit,
    http: GET "/alerts" 200,
    writes: false,
    optional: {
        /// Only alerts of this status.
        status: Option<AlertStatus>,
        /// Only alerts about this grant.
        grant: Option<GrantId>,
        /// The most rows on the page, 1 to 500.
        limit: Limit,
        /// `next_cursor` of the page before.
        cursor: Option<Cursor>,
    },
}

command! {
    /// Get what happened after a record: the numbers and the kinds of the records that the caller may know of.
    ///
    /// The caller then reads the changes with their own rights. For uses, only the last one is returned. Over HTTP this
    /// is a stream of server-sent events. It is at most a second old, and the store is read at most once a second, for
    /// any number of callers.
    ListEvents = "events",
    answers: Events,
    action: See,
    http: GET "/events" 200,
    writes: false,
    optional: {
        /// The `revision` of the answer before. Without it, only the current revision is returned.
        after: Option<Revision>,
        /// How many seconds to wait for something to happen, 0 to 60. A closed engine ends the wait.
        wait_seconds: Option<u64>,
    },
}

command! {
    /// List the break-glass grants that the caller can see and that wait for a review, newest first.
    ListUnreviewed = "unreviewed",
    answers: Grants,
    action: See,
    http: GET "/reviews" 200,
    writes: false,
}

command! {
    /// List refused attempts, newest first.
    ///
    /// Refused commands, refused reads of the journal, and denied checks that a grant covers (denied by a condition, or
    /// because the permission is reserved); also checks of grant holders that nothing allows, if the host reports that.
    /// Those of one principal for one reason within an hour are one row. They are not part of the journal: the newest
    /// 100,000 rows of 90 days are kept. Needs a role in `approver_roles` or `auditor_roles`.
    ListRefusals = "refusals",
    answers: Refusals,
    action: Audit,
    http: GET "/refusals" 200,
    writes: false,
    optional: {
        /// Only attempts of this person and of agents that act for them.
        person: Option<Principal>,
        /// Only attempts that were refused for this reason, such as `self_approval`.
        code: Option<String>,
        /// Only attempts at this command, or `check`.
        attempt: Option<String>,
        /// The most rows on the page, 1 to 500.
        limit: Limit,
        /// `next_cursor` of the page before.
        cursor: Option<Cursor>,
    },
}

command! {
    /// List the deliveries of notices, newest first.
    ///
    /// Needs a role in `approver_roles` or `auditor_roles`.
    ListDeliveries = "deliveries",
    answers: Deliveries,
    action: Audit,
    http: GET "/deliveries" 200,
    writes: false,
    optional: {
        /// Only deliveries in this state.
        state: Option<DeliveryState>,
        /// Only deliveries by this channel.
        channel: Option<String>,
        /// The most rows on the page, 1 to 500.
        limit: Limit,
        /// `next_cursor` of the page before.
        cursor: Option<Cursor>,
    },
}

command! {
    /// Send a delivery again, under the same id.
    ///
    /// It waits from now on, whatever its state was before. Needs a role in `approver_roles`.
    ResendDelivery = "resend_delivery",
    answers: Delivery,
    action: ManageDeliveries,
    http: POST "/deliveries/{id}/resend" 200,
    writes: false,
    fields: {
        /// The delivery.
        id: DeliveryId,
    },
}

command! {
    /// Drop a delivery that waits or has failed.
    ///
    /// One that is being sent at this moment may still arrive; one that was sent stays sent. Needs a role in
    /// `approver_roles`.
    DropDelivery = "drop_delivery",
    answers: Delivery,
    action: ManageDeliveries,
    http: POST "/deliveries/{id}/drop" 200,
    writes: false,
    fields: {
        /// The delivery.
        id: DeliveryId,
    },
}

command! {
    /// Get the health of the library.
    ///
    /// For the store, its last record, and when the grants were last proven to be current; for the journal, up to which
    /// record it was verified, when, and what is wrong; whether the time is uncertain. For each channel, when a
    /// delivery last succeeded, how many wait, and how many have failed. It connects to no channel. Needs a role in
    /// `approver_roles` or `auditor_roles`.
    Health = "health",
    answers: Health,
    action: Audit,
    http: GET "/health" 200,
    writes: false,
}

command! {
    /// List the records of the journal that are wanted.
    ///
    /// Every given part of the filter must match. A search for a text reads a thousand records for one page, so such a
    /// page can have fewer rows than `limit` and still a `next_cursor`. Needs a role in `approver_roles` or
    /// `auditor_roles`.
    ListRecords = "audit",
    answers: Records,
    action: Audit,
    http: GET "/audit" 200,
    writes: false,
    group:
        /// Which records.
        filter: RecordFilter,
    optional: {
        /// Only records after the one of this number.
        after: Option<Revision>,
        /// The order: `oldest` first or `newest` first.
        order: RecordOrder,
        /// Whether each record has its `body` too: the canonical JSON that `hash` is the SHA-256 of.
        canonical: bool,
        /// The most rows on the page, 1 to 500.
        limit: Limit,
        /// `next_cursor` of the page before.
        cursor: Option<Cursor>,
    },
}

/// All records, oldest first.
impl Default for ListRecords {
    fn default() -> Self {
        Self::new(RecordFilter::default())
    }
}

command! {
    /// Get the figures of the engine, as Prometheus reads them.
    ///
    /// Needs a role in `approver_roles` or `auditor_roles`. docs/metrics.md has every name.
    GetMetrics = "metrics",
    answers: Text,
    action: Audit,
    http: GET "/metrics" 200,
    writes: false,
}

command! {
    /// Export records, oldest first: a thousand of those that are wanted, in one of three forms.
    ///
    /// To continue, send the number of the last record as `after`; when there are no more, the text is empty. So an
    /// export can stop at any record and continue later. Over HTTP all of them are one response. `jsonl` has a record
    /// on each line, as `audit` shows it; `csv` has a line with its column names before the first record; `ocsf` has an
    /// event of OCSF 1.8.0 on each line. Needs a role in `approver_roles` or `auditor_roles`.
    ExportRecords = "export",
    answers: Text,
    action: Audit,
    http: GET "/audit/export" 200,
    writes: false,
    group:
        /// Which records.
        filter: RecordFilter,
    optional: {
        /// The form: `jsonl`, `csv` or `ocsf`.
        format: ExportFormat,
        /// Only records after the one of this number.
        after: Option<Revision>,
    },
}

/// All records as JSON lines.
impl Default for ExportRecords {
    fn default() -> Self {
        Self::new(RecordFilter::default())
    }
}

command! {
    /// List everything that is on record about a grant.
    ///
    /// The request, its reviews, the grant, its uses and its end, and the same for every other grant in its chain of
    /// extensions. Visible to its holder, those who could approve it and those who see everything.
    GetStory = "story",
    answers: Records,
    action: See,
    http: GET "/grants/{id}/story" 200,
    writes: false,
    fields: {
        /// The grant.
        grant: GrantId,
    },
    optional: {
        /// The order: `oldest` first or `newest` first.
        order: RecordOrder,
        /// Whether each record has its `body` too: the canonical JSON that `hash` is the SHA-256 of.
        canonical: bool,
        /// The most rows on the page, 1 to 500.
        limit: Limit,
        /// `next_cursor` of the page before.
        cursor: Option<Cursor>,
    },
}

command! {
    /// List the grants that permitted an action at an instant, in their state at that time.
    ///
    /// Answered from the journal alone: each grant has its holder, its approvers, its reason and its conditions.
    /// Standing rights of the host are not recorded. Needs a role in `approver_roles` or `auditor_roles`.
    WhoCould = "who_could",
    answers: Grants,
    action: Audit,
    http: GET "/audit/who_could" 200,
    writes: false,
    fields: {
        /// The action, such as `tools.execute`.
        permission: Action,
        /// When.
        at: Timestamp,
    },
    optional: {
        /// The resource, such as `tool:deploy`. The default is everything, which only a grant on everything covers.
        resource: Option<Resource>,
        /// The parent of that resource, such as `server:s1`.
        parent: Option<ResourceId>,
        /// Only grants of this person, or of an agent that acts for them.
        person: Option<Principal>,
        /// The most grants to return, the oldest first. The default is all of them.
        most: Option<u32>,
    },
}

command! {
    /// List the grants that a principal held in force at an instant, in their state at that time.
    ///
    /// Answered from the record alone. Needs a role in `approver_roles` or `auditor_roles`.
    WhatCould = "what_could",
    answers: Grants,
    action: Audit,
    http: GET "/audit/what_could" 200,
    writes: false,
    group:
        /// The holder.
        principal: Principal,
    fields: {
        /// When.
        at: Timestamp,
    },
}

command! {
    /// List the grants that were in force at only one of two instants, in their state at the second.
    ///
    /// An `active` one began in between, and any other ended or was suspended. Answered from the record alone. Needs a role in
    /// `approver_roles` or `auditor_roles`.
    WhatChanged = "what_changed",
    answers: Grants,
    action: Audit,
    http: GET "/audit/what_changed" 200,
    writes: false,
    fields: {
        /// The first instant.
        since as "from": Timestamp,
        /// The second instant, later than the first.
        until: Timestamp,
    },
}

command! {
    /// List the roles that the caller may request, the one that adds the least access first.
    ///
    /// Each has its permissions, those of them that the caller does not have yet, its limits, the required approvals,
    /// whether a rule would approve now, and the caller's grants of it with their end. Roles that the caller may not
    /// request are left out. It is evaluated for the whole role, everywhere, for the default length.
    ListRoles = "roles",
    answers: Offers,
    action: Request,
    http: GET "/roles" 200,
    writes: false,
}

command! {
    /// Export all live grants as one Cedar policy set, or the policy of one grant.
    ///
    /// The same grants at the same instant give the same text. Needs a role in `approver_roles` or `auditor_roles`;
    /// everyone who may see a grant may read its policy.
    ExportPolicies = "policies",
    answers: Text,
    action: Audit,
    http: GET "/policies" 200,
    writes: false,
    optional: {
        /// Only the policy of this grant. Of one that is not in force the set is empty.
        grant: Option<GrantId>,
    },
}

command! {
    /// List all live grants, for the host itself. No caller is checked.
    ListLiveGrants = "live_grants",
    answers: GrantList,
    caller: Host,
    writes: false,
}

command! {
    /// Get the head of the journal, to keep outside of the store.
    ///
    /// It is the number of the last record, a colon, and that record's hash. `verify` takes it later and finds whether
    /// any record up to that one was removed, changed or rewritten. Needs a role in `approver_roles` or
    /// `auditor_roles`.
    GetHead = "head",
    answers: Text,
    action: Audit,
    http: GET "/head" 200,
    writes: false,
}

command! {
    /// Get a signed checkpoint of the journal.
    ///
    /// It is a signed note (C2SP) with the number of records, the root of the tree over their texts (RFC 6962), and the
    /// hash of the last one. Keep it elsewhere: it shows later whether any record up to that one was removed or
    /// rewritten. Needs a role in `approver_roles` or `auditor_roles`.
    GetCheckpoint = "checkpoint",
    answers: Text,
    action: Audit,
    http: GET "/audit/checkpoint" 200,
    writes: false,
    optional: {
        /// A record: returns the first checkpoint that covers it. The default is the last checkpoint.
        record: Option<u64>,
    },
}

command! {
    /// Prove that a record is in the journal, or that an earlier checkpoint is of the same one.
    ///
    /// The answer is JSON with the checkpoint and the hashes that lead to it. Give either `record` or `since`. Needs a
    /// role in `approver_roles` or `auditor_roles`.
    GetProof = "proof",
    answers: Text,
    action: Audit,
    http: GET "/audit/proof" 200,
    writes: false,
    optional: {
        /// The record that is in the journal.
        record: Option<u64>,
        /// The size of an earlier checkpoint, whose journal this one continues.
        since: Option<u64>,
        /// The size of the checkpoint that the proof leads to. The default is the last checkpoint.
        checkpoint: Option<u64>,
    },
}

command! {
    /// Get evidence for an audit of a period, from the journal alone.
    ///
    /// Under NIST SP 800-53 AC-2(2), AC-2(4), AC-2(12), AC-6(5), AC-6(7), AC-6(9) and AC-6(10), and HIPAA
    /// 164.312(a)(2)(ii): the facts of each control, its exceptions and its list, and whether the chain of records is
    /// intact. The period must have ended: then the same call gives the same bytes. Needs a role in `approver_roles` or
    /// `auditor_roles`.
    GetEvidence = "evidence",
    answers: Text,
    action: Audit,
    http: GET "/evidence" 200,
    writes: false,
    optional: {
        /// The first instant of the period.
        from: Option<Timestamp>,
        /// The first instant after it.
        until: Option<Timestamp>,
        /// The form: `json`, which is the default, `csv` or `html`.
        form: EvidenceForm,
    },
}

command! {
    /// Check the whole journal, and that the stored state follows from it. The answer is the number of records.
    Verify = "verify",
    answers: Number,
    caller: Host,
    writes: false,
    optional: {
        /// A head that `head` gave, kept outside of the store. The journal must have that record.
        expected: Option<Checkpoint>,
        /// A head up to which everything was verified before. Only later records are checked, and every row in force.
        after: Option<Checkpoint>,
    },
}
