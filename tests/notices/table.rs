//! Every kind of notice, with exactly those who are told of it: a person asks in one story, an agent in the other.

use std::collections::BTreeSet;

use jit_access::command::{
    Answer, Approve, Ask, CompleteReview, Delegate, Deny, Release, ReportStanding, Resume, Revoke, RevokeMany, Submit,
    Suspend, Undelegate, WaiveReview, Withdraw,
};
use jit_access::model::*;
use jit_access::notify::{Notice, NoticeKey, NoticeKind};
use jit_access::store::conformance::world::{person, role};

use crate::world::{CONFIG, World, dev, lead, mail, text, told};

/// The world of the table: what is off by default is on.
fn world() -> World {
    let more = "jit_access:\n  monitor: {enabled: true}\n  session_summary: true";
    World::of(&CONFIG.replace("KEYS", "").replace("jit_access:", more))
}

/// What was told, row by row.
struct Table {
    world: World,
    seen: BTreeSet<String>,
}

impl Table {
    fn new() -> Self {
        Self { world: world(), seen: BTreeSet::new() }
    }

    /// What was told since the last rows: exactly these. What is due at one instant comes in any order.
    fn rows(&mut self, after: &str, rows: &[(&str, &[&str])]) {
        let sent = self.world.sent(&mail());
        sent.iter().for_each(|(notice, _)| says_everything(notice));
        let sent = sent.into_iter().map(|(notice, people)| (notice.kind.name().to_owned(), people));
        let (alerts, mut came): (Vec<_>, Vec<_>) = sent.partition(|(kind, _)| kind == NoticeKind::Alert.name());
        // When the monitor finds something is its own matter; that security alone hears of it is not.
        alerts.iter().for_each(|alert| assert_eq!(*alert, told(NoticeKind::Alert.name(), &["target"])));
        self.seen.extend(alerts.into_iter().map(|(kind, _)| kind));
        let mut right: Vec<_> = rows.iter().map(|(kind, people)| told(kind, people)).collect();
        came.sort();
        right.sort();
        assert_eq!(came, right, "after {after}");
        self.seen.extend(right.into_iter().map(|(kind, _)| kind));
    }

    fn submit(&self, who: &Caller, of: &str) -> RequestId {
        let command = Submit::new(role(of)).reason(text("INC-7")).duration(Ttl::from_hours(1.0).unwrap());
        self.world.run(who, command).request.unwrap().id
    }
}

/// Who, the role, what it newly permits, on what, for how long, why, how risky, and a link; and who was skipped.
fn says_everything(notice: &Notice) {
    let kind = notice.kind;
    assert!(notice.link.is_some(), "{kind}");
    if notice.request_id.is_none() {
        return;
    }
    assert!(notice.requester.is_some() && notice.role.is_some() && notice.reason.is_some(), "{kind}");
    assert!(notice.resource.is_some() && notice.duration_hours.is_some(), "{kind}");
    assert!(notice.newly_permitted.is_some() && notice.risk.is_some(), "{kind}");
    if kind.key() == NoticeKey::NotifySecurityTeam {
        assert_eq!(notice.skipped_approvers, ["lead"], "{kind}");
    }
}

/// To those who can fill an open step: all leads but whoever asks, and the channel's own target.
const LEADS: &[&str] = &["lead", "second", "target"];

#[test]
fn every_kind_is_told_to_whom_it_concerns() {
    let mut table = Table::new();
    let guard = person("guard", &["guard"]);

    // Asked, answered, changed; every outcome without a grant.
    let asked = table.submit(&dev(), "operator");
    table.rows("a request", &[("request_submitted", LEADS)]);
    table.world.run(&lead(), Ask::new(asked, text("which?")));
    table.rows("a question", &[("question_asked", &["dev"])]);
    table.world.run(&dev(), Answer::new(asked, text("that one")));
    table.rows("an answer", &[("request_answered", LEADS)]);
    table.world.run(&lead(), Ask::new(asked, text("so long?")));
    table.rows("another question", &[("question_asked", &["dev"])]);
    table.world.run(&dev(), Answer::new(asked, text("less")).duration(Some(Ttl::from_hours(0.5).unwrap())));
    table.rows("a new version", &[("request_changed", LEADS)]);
    table.world.run(&lead(), Deny::new(asked, text("no")));
    table.rows("a denial", &[("request_denied", &["dev", "second", "target"])]);
    let asked = table.submit(&dev(), "operator");
    table.world.run(&dev(), Withdraw::new(asked));
    table.rows(
        "a withdrawal",
        &[("request_submitted", LEADS), ("request_withdrawn", &["dev", "lead", "second", "target"])],
    );
    table.submit(&dev(), "operator");
    table.rows("a request", &[("request_submitted", LEADS)]);
    table.world.pass(24 * 60);
    table.rows("its deadline", &[("request_timed_out", &["dev", "lead", "second", "target"])]);

    // Two steps: one is filled, one escalates, one opens again.
    let later = Timestamp::from_millis(table.world.engine.now().millis() + 7_200_000).unwrap();
    let stand_in = person("stand-in", &[]);
    let lent = table.world.run(&lead(), Delegate::new(stand_in.principal.clone(), later, text("away")));
    table.rows("a delegation", &[("delegation_made", &["lead", "stand-in"])]);
    let asked = table.submit(&dev(), "twin");
    table
        .rows("a request with two steps", &[("request_submitted", &["lead", "owner", "second", "stand-in", "target"])]);
    table.world.run(&stand_in, Approve::new(asked));
    table.rows("the first step", &[("request_reviewed", LEADS)]);
    table.world.pass(60);
    table.rows("an hour without the second", &[("request_escalated", &["boss", "owner", "target"])]);
    table.world.run(&lead(), Undelegate::new(lent.delegation.unwrap().id));
    table.rows("the end of the delegation", &[("delegation_ended", &["lead", "stand-in"])]);
    table.world.run(&person("owner", &["owner"]), Approve::new(asked));
    table.rows(
        "the second step, when the first counts no more",
        &[("review_lapsed", LEADS), ("request_reviewed", &["boss", "target"])],
    );
    table.world.run(&lead(), Approve::new(asked));
    table.rows(
        "the last step",
        &[("request_approved", &["dev", "second", "target"]), ("grant_active", &["dev", "lead"])],
    );

    // A grant from its use to its end, in every way.
    table.world.use_it("dev");
    table.rows("the first use", &[("grant_first_used", &["lead", "target"])]);
    table.world.use_it("dev");
    table.world.pass(10);
    table.rows("further uses", &[("grant_used", &["lead", "target"])]);
    table.world.pass(35);
    table.rows("a quarter of an hour before the end", &[("grant_ends_soon", &["dev"])]);
    table.world.pass(10);
    table.rows("five minutes before the end", &[("grant_ends_soon", &["dev"])]);
    table.world.pass(5);
    table.rows("the end", &[("grant_expired", &["dev", "lead"])]);
    table.world.pass(1);
    table.rows("the end, a moment later", &[("session_summary", &["dev", "lead", "target"])]);

    let start = Timestamp::from_millis(table.world.engine.now().millis() + 3_600_000).unwrap();
    let command = Submit::new(role("operator")).reason(text("INC-8")).starts_at(Some(start));
    let asked = table.world.run(&dev(), command).request.unwrap().id;
    let grant = table.world.run(&lead(), Approve::new(asked)).grant.unwrap().id;
    table.rows(
        "an approval for later",
        &[("request_submitted", LEADS), ("request_approved", &["dev", "second", "target"])],
    );
    table.world.pass(60);
    table.rows("the start", &[("grant_started", &["dev", "lead"])]);
    table.world.run(&lead(), Suspend::new(grant, text("odd")));
    table.rows("a suspension", &[("grant_suspended", &["dev", "lead"])]);
    table.world.run(&lead(), Resume::new(grant));
    table.rows("its end", &[("grant_resumed", &["dev", "lead"])]);
    table.world.run(&lead(), Revoke::new(grant, text("enough")));
    table.rows("a revocation", &[("grant_revoked", &["dev", "lead"])]);
    table.world.pass(1);
    table.rows("a revocation, a moment later", &[("session_summary", &["dev", "lead", "target"])]);
    let given: &[(&str, &[&str])] = &[
        ("request_submitted", LEADS),
        ("request_approved", &["dev", "second", "target"]),
        ("grant_active", &["dev", "lead"]),
    ];
    let asked = table.submit(&dev(), "operator");
    let grant = table.world.run(&lead(), Approve::new(asked)).grant.unwrap().id;
    table.rows("an approval", given);
    table.world.run(&dev(), Release::new(grant));
    table.world.pass(1);
    table.rows("a release", &[("grant_released", &["dev", "lead"]), ("session_summary", &["dev", "lead", "target"])]);
    let asked = table.submit(&dev(), "once");
    table.world.run(&lead(), Approve::new(asked));
    table.rows("an approval of one use", given);
    table.world.use_it("dev");
    table.world.pass(1);
    table.rows(
        "that use",
        &[
            ("grant_first_used", &["lead", "target"]),
            ("grant_exhausted", &["dev", "lead"]),
            ("session_summary", &["dev", "lead", "target"]),
        ],
    );

    // Without approval: security hears of everything.
    let grant = table.world.emergency();
    table.rows("break-glass", &[("break_glass", &["target"]), ("grant_active", &["sre"])]);
    table.world.use_it("sre");
    table.rows("its use", &[("break_glass_used", &["target"])]);
    table.world.run(&person("sre", &["sre"]), Release::new(grant));
    table.world.pass(1);
    table.rows(
        "its end",
        &[
            ("grant_released", &["sre"]),
            ("break_glass_over", &["target"]),
            ("break_glass_review_due", &["guard", "target"]),
            ("session_summary", &["sre", "target"]),
        ],
    );
    table.world.pass(120);
    table.world.tick();
    table.rows("an hour too late", &[("break_glass_review_overdue", &["guard", "target"])]);
    table.world.run(&guard, CompleteReview::new(grant, true, text("it was down")));
    table.rows("the review", &[("break_glass_review_done", &["sre", "target"])]);
    let grant = table.world.emergency();
    table.world.run(&person("sre", &["sre"]), Release::new(grant));
    table.world.pass(1);
    table.world.told();
    table.world.run(&guard, WaiveReview::new(grant, text("a known case")));
    table.rows("a waiver", &[("break_glass_review_waived", &["sre", "target"])]);

    // What concerns people rather than a grant.
    let asked = table.submit(&dev(), "operator");
    table.world.run(&lead(), Approve::new(asked));
    table.rows("an approval", given);
    table.world.run(&lead(), RevokeMany::new(Selector::All, text("stop")));
    table.rows("the red button", &[("grant_revoked", &["dev", "lead"]), ("red_button", &["lead", "target"])]);
    let asked = table.submit(&dev(), "operator");
    table.world.run(&lead(), Approve::new(asked));
    table.world.told();
    table.world.engine.workflow().execute_for_host(ReportStanding::new(dev().principal, false)).unwrap();
    table
        .rows("an account switched off", &[("grant_revoked", &["dev", "lead"]), ("standing_lost", &["dev", "target"])]);

    // The record itself goes to no person. What a solver refutes is told by `src/service/proving.rs`, and nobody else says so.
    let told = NoticeKind::ALL.iter().filter(|kind| kind.key() != NoticeKey::Record);
    let told = told.filter(|kind| **kind != NoticeKind::RequestRefuted);
    let all: BTreeSet<_> = told.map(|kind| kind.name().to_owned()).collect();
    assert_eq!(all.difference(&table.seen).collect::<Vec<_>>(), Vec::<&String>::new(), "no kind is left out");
}

/// An agent has no address; whom it acts for hears of everything that it would.
#[test]
fn the_person_of_an_agent_is_told_in_its_place() {
    let mut table = Table::new();
    let bot = Caller::new(Principal::agent("bot").unwrap(), vec![]).acts_for(Some(dev().principal));
    let asked = table.submit(&bot, "operator");
    table.rows("a request", &[("request_submitted", LEADS)]);
    table.world.run(&lead(), Ask::new(asked, text("which?")));
    table.rows("a question", &[("question_asked", &["dev"])]);
    table.world.run(&bot, Answer::new(asked, text("that one")));
    table.rows("an answer", &[("request_answered", LEADS)]);
    let grant = table.world.run(&lead(), Approve::new(asked)).grant.unwrap().id;
    table
        .rows("an approval", &[("request_approved", &["dev", "second", "target"]), ("grant_active", &["dev", "lead"])]);
    table.world.pass(45);
    table.rows("a quarter of an hour before the end", &[("grant_ends_soon", &["dev"])]);
    table.world.run(&lead(), Suspend::new(grant, text("odd")));
    table.rows("a suspension", &[("grant_suspended", &["dev", "lead"])]);
    table.world.run(&lead(), Revoke::new(grant, text("enough")));
    table.world.pass(1);
    table.rows("a revocation", &[("grant_revoked", &["dev", "lead"]), ("session_summary", &["dev", "lead", "target"])]);
    for (denied, kind) in [(true, "request_denied"), (false, "request_withdrawn")] {
        let asked = table.submit(&bot, "operator");
        table.rows("a request", &[("request_submitted", LEADS)]);
        if denied {
            table.world.run(&lead(), Deny::new(asked, text("no")));
            table.rows("a denial", &[(kind, &["dev", "second", "target"])]);
        } else {
            table.world.run(&bot, Withdraw::new(asked));
            table.rows("a withdrawal", &[(kind, &["dev", "lead", "second", "target"])]);
        }
    }
    table.submit(&bot, "operator");
    table.world.told();
    table.world.pass(24 * 60);
    table.rows("its deadline", &[("request_timed_out", &["dev", "lead", "second", "target"])]);
}
