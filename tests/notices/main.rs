//! What is told, to whom, and when: every row of the table, each key that switches it off, and what time does.

mod table;
mod world;

use std::collections::BTreeSet;

use jit_access::command::{
    Answer, Approve, Ask, CompleteReview, Delegate, Deny, Extend, Release, ReportStanding, Resume, Revoke, RevokeMany,
    Submit, Suspend, Undelegate, WaiveReview, Withdraw,
};
use jit_access::model::*;
use jit_access::store::conformance::world::{person, role};
use jit_access::store::{DeliveryPage, Store};

use crate::world::{CONFIG, World, dev, lead, mail, text, told};

#[test]
fn approvers_hear_of_a_request_and_the_requester_of_its_outcome() {
    let world = World::new("");
    let request = world.submit("operator");
    assert_eq!(world.told(), [told("request_submitted", &["lead", "second", "target"])], "and not who asked");
    world.run(&lead(), Ask::new(request, text("which one?")));
    assert_eq!(world.told(), [told("question_asked", &["dev"])]);
    world.run(&dev(), Answer::new(request, text("that one")));
    assert_eq!(world.told(), [told("request_answered", &["lead", "second", "target"])]);
    world.run(&lead(), Ask::new(request, text("so long?")));
    world.told();
    world.run(&dev(), Answer::new(request, text("less")).duration(Some(Ttl::from_hours(0.5).unwrap())));
    assert_eq!(world.told(), [told("request_changed", &["lead", "second", "target"])]);
    world.run(&lead(), Deny::new(request, text("not now")));
    let sent = world.sent(&mail());
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].1, told("", &["dev", "second", "target"]).1, "it is not the second's any more");
    assert_eq!(sent[0].0.comment.as_deref(), Some("not now"));

    let withdrawn = world.submit("operator");
    world.told();
    world.run(&dev(), Withdraw::new(withdrawn));
    assert_eq!(world.told(), [told("request_withdrawn", &["dev", "lead", "second", "target"])]);
    world.submit("operator");
    world.told();
    world.pass(24 * 60);
    world.tick();
    assert_eq!(world.told(), [told("request_timed_out", &["dev", "lead", "second", "target"])], "once");
}

#[test]
fn an_approval_names_every_cut_and_a_grant_is_told_of_to_its_end() {
    let world = World::new("");
    let request = world.submit("operator");
    world.told();
    let cut = Cut::default()
        .permissions(Some(PermissionSet::new([Permission::new("tools.read").unwrap()]).unwrap()))
        .duration(Some(Ttl::from_hours(0.5).unwrap()));
    let grant = world.run(&lead(), Approve::new(request).at_most(cut).comment(Some(text("half")))).grant.unwrap().id;
    let sent = world.sent(&mail());
    let kinds: Vec<_> = sent
        .iter()
        .map(|(notice, people)| told(notice.kind.name(), &people.iter().map(String::as_str).collect::<Vec<_>>()))
        .collect();
    assert_eq!(kinds, [told("request_approved", &["dev", "second", "target"]), told("grant_active", &["dev", "lead"])]);
    let approved = &sent[0].0;
    let cuts: Vec<_> = approved
        .cuts
        .iter()
        .map(|cut| (cut.what.as_str(), cut.from.as_deref().unwrap(), cut.to.as_str(), cut.by.as_str()))
        .collect();
    assert_eq!(
        cuts,
        [("permissions", "tools.*", "tools.read", "lead@example.com"), ("duration", "1h", "30m", "lead@example.com"),]
    );
    assert_eq!((approved.permissions.clone(), approved.duration_hours), (vec!["tools.read".to_owned()], Some(0.5)));
    assert_eq!((approved.comment.as_deref(), approved.reason.as_deref()), (Some("half"), Some("INC-7")));
    assert!(approved.risk.is_some() && approved.newly_permitted.is_some());

    world.run(&lead(), Suspend::new(grant, text("odd")));
    assert_eq!(world.told(), [told("grant_suspended", &["dev", "lead"])]);
    world.run(&lead(), Resume::new(grant));
    assert_eq!(world.told(), [told("grant_resumed", &["dev", "lead"])]);
    world.run(&lead(), Revoke::new(grant, text("enough")));
    let sent = world.sent(&mail());
    assert_eq!((sent[0].0.actor.as_deref(), sent[0].0.comment.as_deref()), (Some("lead@example.com"), Some("enough")));
    assert_eq!(sent[0].0.kind.name(), "grant_revoked");
    let grant = world.grant();
    world.told();
    world.run(&dev(), Release::new(grant));
    assert_eq!(world.told(), [told("grant_released", &["dev", "lead"])]);
    let request = world.submit("once");
    world.run(&lead(), Approve::new(request));
    world.told();
    world.use_it("dev");
    let kinds: Vec<_> = world.told().into_iter().map(|(kind, _)| kind).collect();
    assert!(kinds.contains(&"grant_exhausted".to_owned()), "{kinds:?}");
}

#[test]
fn holders_are_warned_before_the_end_and_never_after_it() {
    let world = World::new("");
    world.grant();
    world.told();
    world.pass(44);
    assert_eq!(world.told(), []);
    world.pass(1);
    let sent = world.sent(&mail());
    assert_eq!((sent.len(), sent[0].0.kind.name(), &sent[0].1), (1, "grant_ends_soon", &told("", &["dev"]).1));
    assert_eq!(sent[0].0.deadline, sent[0].0.expires_at);
    world.pass(10);
    assert_eq!(world.told(), [told("grant_ends_soon", &["dev"])], "the second warning");
    world.pass(5);
    assert_eq!(world.told(), [told("grant_expired", &["dev", "lead"])]);

    let ended = world.grant();
    world.run(&dev(), Release::new(ended));
    world.told();
    world.pass(50);
    assert_eq!(world.told(), [], "it is over");

    // The process was down from before the warning until after the end.
    world.grant();
    world.told();
    world.pass(600);
    assert_eq!(world.told(), [told("grant_expired", &["dev", "lead"])], "what is still true");

    let first = world.grant();
    let command = Extend::new(first).reason(Some(text("longer")));
    let request = world.run(&dev(), command).request.unwrap().id;
    world.run(&lead(), Approve::new(request));
    world.told();
    world.pass(50);
    assert_eq!(world.told(), [], "it goes on");
}

#[test]
fn a_channel_that_is_configured_late_floods_nobody() {
    let world = World::new("max_age_hours: 12");
    // Nobody could be told of any of this.
    // What is due at one instant comes in any order.
    let kinds = || {
        let mut kinds: Vec<_> = world.told().into_iter().map(|(kind, _)| kind).collect();
        kinds.sort_unstable();
        kinds
    };
    world.emergency();
    world.submit("operator");
    let waits = world.submit("twin");
    world.pass(13 * 60);
    assert_eq!(
        kinds(),
        [
            "break_glass_over",
            "break_glass_review_due",
            "break_glass_review_overdue",
            "grant_expired",
            "request_escalated",
            "request_submitted",
            "request_submitted",
        ],
        "what still waits for an answer, and what has just happened; not the taking, half a day ago"
    );
    world.pass(60);
    assert!(!kinds().contains(&"break_glass".to_owned()), "the rest never comes");

    let decided = world.submit("operator");
    world.run(&lead(), Deny::new(decided, text("no")));
    world.run(&dev(), Withdraw::new(waits));
    world.pass(11);
    assert_eq!(kinds(), ["request_denied", "request_withdrawn"], "nobody is asked for what is decided");
}

#[test]
fn a_scheduled_start_is_told_when_it_is_reached() {
    let world = World::new("");
    let start = Timestamp::from_millis(world.engine.now().millis() + 3_600_000).unwrap();
    let command = Submit::new(role("operator")).reason(text("INC-7")).starts_at(Some(start));
    let request = world.run(&dev(), command).request.unwrap().id;
    world.told();
    world.run(&lead(), Approve::new(request));
    assert_eq!(world.told(), [told("request_approved", &["dev", "second", "target"])], "it is not active yet");
    world.pass(60);
    world.tick();
    assert_eq!(world.told(), [told("grant_started", &["dev", "lead"])]);
}

#[test]
fn the_first_use_is_told_at_once_and_further_ones_together() {
    let world = World::new("");
    world.grant();
    world.told();
    world.use_it("dev");
    let sent = world.sent(&mail());
    assert_eq!((sent[0].0.kind.name(), &sent[0].1), ("grant_first_used", &told("", &["lead", "target"]).1));
    assert_eq!(sent[0].0.uses.as_ref().unwrap().count, 1);
    for _ in 0..5 {
        world.use_it("dev");
    }
    assert_eq!(world.told(), [], "they wait");
    world.pass(9);
    world.use_it("dev");
    assert_eq!(world.told(), []);
    world.pass(1);
    let sent = world.sent(&mail());
    let uses = sent[0].0.uses.as_ref().unwrap();
    assert_eq!((sent[0].0.kind.name(), uses.count), ("grant_used", 6));
    assert_eq!(
        (&uses.permissions[..], &uses.resources[..]),
        (&["tools.read".to_owned()][..], &["server:s1".to_owned()][..])
    );
    assert!(uses.first < uses.last);
    world.pass(30);
    assert_eq!(world.told(), [], "nothing was used");
    for number in 0..25 {
        world.use_on("dev", &format!("server:s{number}"));
    }
    world.pass(30);
    let uses = world.sent(&mail()).remove(0).0.uses.unwrap();
    assert_eq!(
        (uses.count, uses.resources.len(), &*uses.resources[19]),
        (25, 20, "server:s19"),
        "many are not all named"
    );
}

#[test]
fn security_hears_of_break_glass_from_its_taking_to_its_review() {
    let world = World::new("");
    let grant = world.emergency();
    let sent = world.sent(&mail());
    let kinds: Vec<_> = sent.iter().map(|(notice, _)| notice.kind.name()).collect();
    assert_eq!(kinds, ["break_glass", "grant_active"]);
    assert_eq!((&sent[0].0.skipped_approvers[..], &sent[0].1), (&["lead".to_owned()][..], &told("", &["target"]).1));
    world.use_it("sre");
    assert_eq!(world.told(), [told("break_glass_used", &["target"])]);
    world.run(&person("sre", &["sre"]), Release::new(grant));
    assert_eq!(
        world.told(),
        [
            told("grant_released", &["sre"]),
            told("break_glass_over", &["target"]),
            told("break_glass_review_due", &["guard", "target"]),
        ]
    );
    world.pass(120);
    world.tick();
    assert_eq!(world.told(), [told("break_glass_review_overdue", &["guard", "target"])]);
    world.run(&person("guard", &["guard"]), CompleteReview::new(grant, false, text("no incident")));
    let sent = world.sent(&mail());
    assert_eq!((sent[0].0.kind.name(), sent[0].0.justified), ("break_glass_review_done", Some(false)));
    let next = world.emergency();
    world.run(&person("sre", &["sre"]), Release::new(next));
    world.told();
    world.run(&person("guard", &["guard"]), WaiveReview::new(next, text("a known case")));
    assert_eq!(world.told(), [told("break_glass_review_waived", &["sre", "target"])]);
}

#[test]
fn steps_escalate_and_are_told_to_those_who_can_fill_them() {
    let world = World::new("");
    let request = world.submit("twin");
    assert_eq!(
        world.told(),
        [told("request_submitted", &["lead", "owner", "second", "target"])],
        "lost@ has no address"
    );
    world.run(&lead(), Approve::new(request));
    assert_eq!(world.told(), [told("request_reviewed", &["second", "target"])]);
    world.pass(60);
    world.tick();
    assert_eq!(world.told(), [told("request_escalated", &["boss", "owner", "target"])]);
    let failed = DeliveryPage { state: Some(DeliveryState::Failed), limit: 9, ..DeliveryPage::default() };
    let failed = world.store.deliveries(&failed).unwrap();
    assert_eq!(failed[0].1.last_error.as_deref(), Some("no email address of lost@example.com is known"));
}

#[test]
fn delegates_hear_of_what_they_can_answer() {
    let world = World::new("");
    let later = Timestamp::from_millis(world.engine.now().millis() + 3_600_000).unwrap();
    let delegate = Delegate::new(person("stand-in", &[]).principal, later, text("away"));
    let made = world.run(&lead(), delegate).delegation.unwrap().id;
    assert_eq!(world.told(), [told("delegation_made", &["lead", "stand-in"])]);
    world.submit("operator");
    assert_eq!(world.told(), [told("request_submitted", &["lead", "second", "stand-in", "target"])]);
    world.run(&lead(), Undelegate::new(made));
    assert_eq!(world.told(), [told("delegation_ended", &["lead", "stand-in"])]);
}

#[test]
fn standing_that_is_lost_and_the_red_button_are_told_to_security() {
    let world = World::new("");
    let grant = world.grant();
    world.told();
    world.engine.workflow().execute_for_host(ReportStanding::new(dev().principal, false)).unwrap();
    let sent = world.sent(&mail());
    let kinds: Vec<_> = sent.iter().map(|(notice, _)| notice.kind.name()).collect();
    assert_eq!(kinds, ["standing_lost", "grant_revoked"]);
    assert_eq!(sent[0].0.ended[0].grant_id, grant.to_string());
    assert_eq!(sent[0].1, told("", &["dev", "target"]).1);
    world.engine.workflow().execute_for_host(ReportStanding::new(dev().principal, true)).unwrap();
    assert_eq!(world.told(), []);
    world.grant();
    world.told();
    world.run(&lead(), RevokeMany::new(Selector::All, text("stop")));
    let sent = world.sent(&mail());
    let kinds: Vec<_> = sent.iter().map(|(notice, _)| notice.kind.name()).collect();
    assert_eq!(kinds, ["grant_revoked", "red_button"]);
    assert_eq!((sent[1].0.ended_count, &sent[1].1), (Some(1), &told("", &["lead", "target"]).1));
}

#[test]
fn standing_that_is_lost_again_is_told_again_though_nobody_reported_that_it_was_back() {
    let world = World::new("");
    let judged = person("judged", &[]);
    for _ in 0..2 {
        let command = Submit::new(role("operator")).reason(text("INC-7"));
        let request = world.run(&judged, command).request.unwrap().id;
        let grant = world.run(&lead(), Approve::new(request)).grant.unwrap().id;
        world.told();
        world.engine.workflow().execute_for_host(ReportStanding::new(judged.principal.clone(), false)).unwrap();
        let sent = world.sent(&mail());
        let lost = sent.iter().find(|(notice, _)| notice.kind.name() == "standing_lost").unwrap();
        assert_eq!((sent.len(), lost.0.ended.len()), (2, 1), "with the end of the grant");
        assert_eq!((&lost.0.ended[0].grant_id, &lost.1), (&grant.to_string(), &told("", &["judged", "target"]).1));
        world.pass(2);
    }
}

/// Everything that can be told, in one story.
fn everything(world: &World) -> BTreeSet<String> {
    let mut kinds = BTreeSet::new();
    let mut hear = |world: &World| kinds.extend(world.told().into_iter().map(|(kind, _)| kind));
    let request = world.submit("operator");
    world.run(&lead(), Approve::new(request));
    world.use_it("dev");
    hear(world);
    world.use_it("dev");
    world.pass(50);
    hear(world);
    world.pass(10);
    hear(world);
    let emergency = world.emergency();
    world.use_it("sre");
    world.run(&person("sre", &["sre"]), Release::new(emergency));
    hear(world);
    let later = Timestamp::from_millis(world.engine.now().millis() + 3_600_000).unwrap();
    world.run(&lead(), Delegate::new(person("stand-in", &[]).principal, later, text("away")));
    world.grant();
    world.run(&lead(), RevokeMany::new(Selector::All, text("stop")));
    world.engine.workflow().execute_for_host(ReportStanding::new(dev().principal, false)).unwrap();
    hear(world);
    world.pass(120);
    world.tick();
    hear(world);
    kinds
}

#[test]
fn each_key_switches_off_exactly_its_events() {
    let all = everything(&World::new(""));
    let keys = [
        ("on_request", vec!["request_submitted"]),
        ("on_approval", vec!["request_approved"]),
        ("on_activation", vec!["grant_active"]),
        ("on_use", vec!["grant_first_used", "grant_used"]),
        ("on_expiration", vec!["grant_ends_soon", "grant_expired", "grant_released", "grant_revoked"]),
        ("on_delegation", vec!["delegation_made"]),
        ("on_standing_lost", vec!["standing_lost"]),
        ("on_red_button", vec!["red_button"]),
    ];
    let check = |config: &str, off: &[&str]| {
        let left = everything(&World::of(config));
        let missing: Vec<_> = all.difference(&left).map(String::as_str).collect();
        assert_eq!((missing, left.difference(&all).count()), (off.to_vec(), 0), "{config}");
    };
    for (key, off) in &keys {
        check(&CONFIG.replace("KEYS", &format!("{key}: false")), off);
    }
    let quiet = CONFIG.replace("KEYS", "").replace("enabled: true,", "enabled: true, notify_security_team: false,");
    let off =
        ["break_glass", "break_glass_over", "break_glass_review_due", "break_glass_review_overdue", "break_glass_used"];
    check(&quiet, &off);
    let covered: usize = keys.iter().map(|(_, off)| off.len()).sum::<usize>() + off.len();
    assert_eq!(covered, all.len(), "{all:?}");

    // Two that are off until somebody wants them.
    let more = "jit_access:\n  monitor: {enabled: true}\n  session_summary: true";
    let loud = CONFIG.replace("KEYS", "").replace("jit_access:", more);
    let everything_told = everything(&World::of(&loud));
    let added: Vec<_> = everything_told.difference(&all).map(String::as_str).collect();
    assert_eq!(added, ["alert", "session_summary"]);
    let quiet = loud.replace("use_digest_minutes", "on_alert: false, use_digest_minutes");
    assert_eq!(everything_told.difference(&everything(&World::of(&quiet))).collect::<Vec<_>>(), ["alert"]);
    let quiet = loud.replace("session_summary: true", "session_summary: false");
    assert_eq!(everything_told.difference(&everything(&World::of(&quiet))).collect::<Vec<_>>(), ["session_summary"]);
}
