//! Example notices, with which a replaced template is checked before it is used.

use crate::model::Timestamp;
use crate::notify::{CutNotice, EndedGrant, Link, Notice, NoticeKind, Risk, RiskNotice, Uses};

/// The instant of the examples: 2026-12-01 09:00.
const AT: u64 = 1_796_115_600_000;
const REQUEST: &str = "019c0a3e-5c00-7000-8000-000000000001";
const GRANT: &str = "019c0a3e-5c00-7000-8000-000000000002";

/// A notice that has everything a notice can have. The compiler makes sure that it does.
pub(super) fn full() -> Notice {
    let at = Timestamp::at_most(AT);
    let hours = |count: u64| Timestamp::at_most(AT + count * 3_600_000).to_string();
    let some = |text: &str| Some(text.to_owned());
    let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    Notice {
        kind: NoticeKind::RequestSubmitted,
        at: at.to_string(),
        trace_id: some("4bf92f3577b34da6a3ce929d0e0e4736"),
        urgent: true,
        drill: true,
        audience: Vec::new(),
        request_id: some(REQUEST),
        request_version: Some(2),
        grant_id: some(GRANT),
        delegation_id: some("019c0a3e-5c00-7000-8000-000000000003"),
        actor: some("ann@example.com"),
        on_behalf_of: some("lead@example.com"),
        requester: some("agent:deploy-bot"),
        person: some("dev@example.com"),
        holder: some("agent:deploy-bot"),
        approver: some("bob@example.com"),
        role: some("operator"),
        permissions: list(&["tools.execute", "tools.read"]),
        excluded_permissions: list(&["tools.delete"]),
        newly_permitted: Some(list(&["tools.execute"])),
        newly_excluded: list(&["tools.delete"]),
        resource: some("server:shop"),
        duration_hours: Some(4.0),
        starts_at: Some(hours(0)),
        expires_at: Some(hours(4)),
        reason: some("INC-1234: checkout is slow"),
        ticket_url: some("https://tracker.example.com/INC-1234"),
        risk: Some(Risk {
            level: "high".to_owned(),
            reasons: vec![RiskNotice { factor: "first_time".to_owned(), detail: "never held this role".to_owned() }],
        }),
        changes: list(&[
            "Newly possible: tools.execute on tool:restart in server:shop.",
            "This is enumerated over 12 things.",
        ]),
        past: list(&["Never used of it: tools.read.", "This is from 312 uses over 21 days."]),
        cuts: vec![CutNotice {
            what: "duration".to_owned(),
            from: some("8 hours"),
            to: "4 hours".to_owned(),
            by: "ann@example.com".to_owned(),
        }],
        deadline: Some(hours(24)),
        comment: some("go ahead, but only on shop"),
        question: some("Why not read-only?"),
        answer: some("The pool has to be restarted."),
        skipped_approvers: list(&["lead", "security"]),
        reviewer_roles: list(&["lead"]),
        justified: Some(true),
        uses: Some(Uses {
            count: 7,
            permissions: list(&["tools.execute"]),
            resources: list(&["tool:restart", "tool:logs"]),
            first: hours(1),
            last: hours(2),
        }),
        never_used: list(&["tools.read"]),
        smaller_role: some("restarter"),
        refused: Some(3),
        alerts: list(&["burst: 31 calls in 2 minutes, usual at most 4 an hour over 30 days"]),
        done: list(&["tools.execute on tool:restart: 5 times", "tools.execute on tool:logs: 2 times"]),
        alert: some("burst"),
        ended: vec![EndedGrant {
            grant_id: GRANT.to_owned(),
            holder: "dev@example.com".to_owned(),
            role: "operator".to_owned(),
        }],
        ended_count: Some(1),
        checkpoint: some("jit-access/0123\n42\n"),
        records: Vec::new(),
        link: Some(Link::Approve { request_id: REQUEST.to_owned(), version: 2 }),
    }
}

/// For every kind, a notice with all values and one with only its kind.
pub(super) fn every_kind() -> impl Iterator<Item = Notice> {
    NoticeKind::ALL
        .iter()
        .flat_map(|kind| [Notice { kind: *kind, ..full() }, Notice::new(*kind, Timestamp::at_most(AT))])
}
