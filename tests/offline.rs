//! Access without approval while the store is away: on record on this machine first, short, once, and merged into the journal
//! exactly once, whatever dies in the middle.
//!
//! | variable | meaning |
//! |---|---|
//! | `OFFLINE_SEEDS` | how many stories the property test tells; 60 when not set |
//! | `OFFLINE_SEED` | the first of them; 1 when not set |
//! | `OFFLINE_KILLS` | how many processes are killed; 12 when not set |

#![cfg(unix)]

#[path = "offline/killed.rs"]
mod killed;
#[path = "offline/line.rs"]
mod line;
#[path = "offline/stories.rs"]
mod stories;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jit_access::Check;
use jit_access::clock::ManualClock;
use jit_access::command::{
    About, BreakGlass, CompleteReview, Explain, Release, ReportStanding, Revoke, RevokeMany, Submit,
};
use jit_access::config::Config;
use jit_access::model::*;
use jit_access::service::{Builder, Engine, IdempotencyKey};
use jit_access::store::{MemoryStore, Reads, RecordQuery, Store};
use tempfile::TempDir;

use line::Line;

pub(crate) const RULES: &str = "approver_roles: [lead], auditor_roles: [lead], require_justification: false, \
    reserved_permissions: [admin.users], roles: {responder: {permissions: [tools.execute, admin.users]}, \
    deployer: {permissions: [logs.read]}}, break_glass: {enabled: true, eligible_roles: [sre], reviewer_roles: [guard], \
    require_mfa: false, offline: true, offline_max_minutes: 20, offline_folder: FOLDER";

pub(crate) fn config(folder: &Path) -> Config {
    let text = format!("jit_access: {{store: {{path: /nowhere/jit.db}}, {RULES}}}}}");
    Config::parse(&text.replace("FOLDER", &folder.join("spool").display().to_string()), []).unwrap()
}

pub(crate) fn caller(name: &str, roles: &[&str]) -> Caller {
    let roles = roles.iter().map(|role| RoleName::new(role).unwrap()).collect();
    Caller::new(Principal::user(&format!("{name}@example.com")).unwrap(), roles)
}

pub(crate) fn sre(name: &str) -> Caller {
    caller(name, &["sre"])
}

pub(crate) fn words(text: &str) -> Justification {
    Justification::new(text).unwrap()
}

pub(crate) fn take() -> BreakGlass {
    BreakGlass::new(RoleName::new("responder").unwrap()).reason(words("the shop is down"))
}

/// The answer to a use of this resource.
pub(crate) fn used(engine: &Engine, name: &str, resource: &str) -> Decision {
    let name = format!("{name}@example.com");
    engine.decider().check(&Check::text((PrincipalKind::User, &name), "tools.execute", Some(resource), None)).unwrap()
}

fn is_offline(decision: Decision) -> bool {
    decision.outcome == Outcome::Allow && decision.basis.reason == Reason::GrantedOffline
}

/// One journal, and one machine that reaches it through a line.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) journal: Arc<MemoryStore>,
    pub(crate) line: Arc<Line>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) config: Config,
    pub(crate) engine: Engine,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let journal = Arc::new(MemoryStore::new());
        let line = Arc::new(Line::to(Arc::clone(&journal) as _));
        let clock = Arc::new(ManualClock::at("2026-12-01T09:00:00Z".parse().unwrap()));
        let config = config(folder.path());
        let engine = open(&config, &line, &clock).unwrap();
        Self { folder, journal, line, clock, config, engine }
    }

    /// Another process of the same machine.
    pub(crate) fn process(&self) -> Engine {
        open(&self.config, &self.line, &self.clock).unwrap()
    }

    /// A process of another machine, which always reaches the store.
    fn elsewhere(&self) -> Engine {
        let rules = self.config.rules.clone();
        let builder = Builder::shared(Arc::clone(&self.journal) as _, rules).clock(Arc::clone(&self.clock) as _);
        builder.open().unwrap()
    }

    /// The store is away for longer than a proof lasts.
    fn cut(&self) {
        self.line.cut(true);
        self.clock.advance(3_000);
    }

    fn heal(&self) {
        self.line.cut(false);
        self.engine.reconciler().tick().unwrap();
    }

    fn take(&self, name: &str) -> Grant {
        self.engine.workflow().execute(&sre(name), take(), None).unwrap().grant.unwrap()
    }

    fn refused(&self, who: &Caller, command: BreakGlass) -> String {
        self.engine.workflow().execute(who, command, None).unwrap_err().code().to_owned()
    }

    pub(crate) fn spool(&self) -> PathBuf {
        self.folder.path().join("spool/spool")
    }

    fn facts(&self) -> Vec<(Timestamp, &'static str)> {
        let records = self.journal.records(&RecordQuery::after(Revision::ZERO, 10_000)).unwrap().1;
        records.iter().map(|record| (record.event.at, record.event.fact.name())).collect()
    }

    fn names(&self) -> Vec<&'static str> {
        self.facts().into_iter().map(|(_, name)| name).collect()
    }

    fn stored(&self, id: GrantId) -> Option<Grant> {
        jit_access::store::Reads::grant(&*self.journal, id).unwrap().grant
    }
}

pub(crate) fn open(config: &Config, line: &Arc<Line>, clock: &Arc<ManualClock>) -> Result<Engine, jit_access::Error> {
    let builder = Builder::shared(Arc::clone(line) as _, config.rules.clone()).clock(Arc::clone(clock) as _);
    builder.settings(config.settings.clone()).open()
}

fn at(text: &str) -> Timestamp {
    format!("2026-12-01T{text}Z").parse().unwrap()
}

#[test]
fn it_is_taken_and_used_while_the_store_is_away_and_merged_when_it_is_back() {
    let world = World::new();
    world.cut();
    let grant = world.take("ann");
    let owed = grant.break_glass.as_ref().unwrap();
    assert!(owed.is_only_here() && grant.window.end() == at("09:20:03"), "{grant:?}");
    let told = std::fs::read_to_string(world.spool()).unwrap();
    assert!(told.contains("the shop is down") && told.lines().count() == 2, "on disk before it counts: {told}");
    world.clock.advance(1_000);
    let decision = used(&world.engine, "ann", "tool:one");
    assert!(is_offline(decision), "{decision:?}");
    assert_eq!(decision.valid_until, Some(at("09:00:04")), "nobody keeps this answer");
    assert!(std::fs::read_to_string(world.spool()).unwrap().contains("grant_used"));
    assert_eq!(used(&world.engine, "ben", "tool:one").outcome, Outcome::NotApplicable);
    assert_eq!(world.engine.metrics().unwrap().value("jit_offline_entries"), Some(2.0));
    assert_eq!(world.engine.metrics().unwrap().value("jit_offline_grants"), Some(1.0));
    assert!(world.names().is_empty());

    world.clock.advance(60_000);
    world.heal();
    let begun = ["request_submitted", "request_approved", "grant_created", "grant_activated", "grant_used"];
    assert_eq!(world.names(), begun);
    assert!(world.facts().iter().all(|(when, _)| *when == at("09:01:04")), "in the order of the commits");
    let stored = world.stored(grant.id).unwrap();
    let offline = stored.break_glass.as_ref().unwrap().offline.unwrap();
    assert_eq!((offline.merged_at, stored.window, stored.uses), (Some(at("09:01:04")), grant.window, 1));
    assert_eq!(stored.approved_at, at("09:00:03"), "when it was is in the values");
    let records = world.journal.records(&RecordQuery::after(Revision::ZERO, 100)).unwrap().1;
    let use_at = records.iter().find_map(|record| match record.event.fact {
        Fact::GrantUsed { used_at, .. } => used_at,
        _ => None,
    });
    assert_eq!(use_at, Some(at("09:00:04")));
    assert!(!world.spool().exists());
    world.journal.verify().unwrap();
    // And it goes on as any other, with the review that it owes.
    let decision = used(&world.engine, "ann", "tool:two");
    assert_eq!((decision.outcome, decision.basis.reason), (Outcome::Allow, Reason::Granted));
    assert_eq!(world.refused(&sre("ann"), take()), "break_glass_active");
    world.clock.advance(20 * 60_000);
    world.engine.reconciler().tick().unwrap();
    let review = CompleteReview::new(grant.id, true, words("it was"));
    world.engine.workflow().execute(&caller("gus", &["guard"]), review, None).unwrap();
    assert_eq!(world.engine.metrics().unwrap().value("jit_offline_entries"), Some(0.0));
    world.take("ann");
}

#[test]
fn while_the_store_is_away_an_explanation_is_the_decision_alone() {
    let world = World::new();
    world.take("ann");
    world.cut();
    let auditor = Explain::new(About::Other(sre("ann").principal), Action::new("tools.execute").unwrap());
    let told = world.engine.workflow().explain(&caller("lead", &["lead"]), &auditor).unwrap();
    assert_eq!((told.decision.basis.reason, told.grants.len()), (Reason::Stale, 0));
}

#[test]
fn a_process_that_starts_knows_what_was_reported_and_reviewed_before() {
    let world = World::new();
    let elsewhere = world.elsewhere();
    let gone = ReportStanding::new(sre("ann").principal, false);
    elsewhere.workflow().execute_for_host(gone).unwrap();
    // Ben's access is over and was found unjustified, which has no consequence here; Cid's waits for its review.
    for name in ["ben", "cid"] {
        let grant = world.take(name);
        elsewhere.workflow().execute(&sre(name), Release::new(grant.id), None).unwrap();
        if name == "ben" {
            let review = CompleteReview::new(grant.id, false, words("it was not"));
            elsewhere.workflow().execute(&caller("gus", &["guard"]), review, None).unwrap();
        }
    }
    let started = world.process();
    world.cut();
    let taken = |name: &str| {
        let answer = started.workflow().execute(&sre(name), take(), None);
        answer.map(|receipt| receipt.grant.is_some()).map_err(|error| error.code().to_owned())
    };
    assert_eq!(taken("ann"), Err("not_eligible".to_owned()));
    assert_eq!(taken("cid"), Err("review_outstanding".to_owned()));
    assert_eq!((taken("ben"), taken("dan")), (Ok(true), Ok(true)));
}

#[test]
fn the_notices_of_it_are_told_once_it_is_merged() {
    let world = World::new();
    world.cut();
    world.take("ann");
    world.heal();
    let leased = world.journal.lease_notices(world.engine.now(), Timestamp::MAX, 100).unwrap();
    let told = leased.iter().filter(|one| one.message.body.contains(r#""kind":"break_glass""#)).count();
    assert_eq!(told, 1);
}

#[test]
fn nothing_else_can_be_done_while_the_store_is_away() {
    let world = World::new();
    let workflow = world.engine.workflow();
    world.cut();
    let submit = Submit::new(RoleName::new("deployer").unwrap());
    assert_eq!(workflow.execute(&caller("dev", &[]), submit, None).unwrap_err().code(), "unavailable");
    assert!(!world.spool().exists());
    world.heal();
    let grant = world.take("ann");
    assert!(!grant.break_glass.unwrap().is_only_here(), "while the store is there it is an ordinary one");
}

#[test]
fn the_ordinary_rules_are_judged_from_what_was_known() {
    let world = World::new();
    let workflow = world.engine.workflow();
    workflow.execute_for_host(ReportStanding::new(sre("gone").principal, false)).unwrap();
    let before = world.take("eve");
    workflow.execute(&sre("eve"), Release::new(before.id), None).unwrap();
    world.take("sue");
    world.cut();
    assert_eq!(world.refused(&caller("dev", &[]), take()), "not_eligible");
    assert_eq!(world.refused(&sre("gone"), take()), "not_eligible");
    assert_eq!(world.refused(&sre("eve"), take()), "review_outstanding");
    assert_eq!(world.refused(&sre("sue"), take()), "break_glass_active");
    assert_eq!(world.refused(&sre("ann"), take().drill(true)), "not_for_break_glass");
    let without = BreakGlass::new(RoleName::new("responder").unwrap());
    assert_eq!(world.refused(&sre("ann"), without), "justification_required");
    assert!(!world.spool().exists(), "a refusal leaves nothing");
    let grant = world.take("ann");
    let reserved = Check::text((PrincipalKind::User, "ann@example.com"), "admin.users", None, None);
    assert!(!grant.permissions.covers(&Action::new("admin.users").unwrap()));
    assert_eq!(world.engine.decider().check(&reserved).unwrap().outcome, Outcome::NotApplicable);
}

#[test]
fn a_second_factor_is_asked_for_as_ever() {
    let folder = TempDir::new().unwrap();
    let mut config = config(folder.path());
    config.rules.break_glass.require_mfa = true;
    let line = Arc::new(Line::to(Arc::new(MemoryStore::new()) as _));
    let clock = Arc::new(ManualClock::at(at("09:00:00")));
    let engine = open(&config, &line, &clock).unwrap();
    line.cut(true);
    assert_eq!(engine.workflow().execute(&sre("ann"), take(), None).unwrap_err().code(), "mfa_required");
    let signed_in = SignIn::new(["mfa"], None, Some(at("08:59:00"))).unwrap();
    let mut ann = sre("ann");
    ann.sign_in = Some(signed_in);
    engine.workflow().execute(&ann, take(), None).unwrap();
}

#[test]
fn it_is_possible_once_for_each_person_until_the_store_is_back() {
    let world = World::new();
    world.cut();
    let grant = world.take("ann");
    assert_eq!(world.refused(&sre("ann"), take()), "review_outstanding");
    let agent = Principal::agent("bot").unwrap();
    let mut agent = Caller::new(agent, sre("ann").roles);
    agent.acts_for = Some(sre("ann").principal);
    assert_eq!(world.refused(&agent, take()), "review_outstanding", "an agent counts as its person");
    world.engine.workflow().execute(&sre("ann"), Release::new(grant.id), None).unwrap();
    assert_eq!(world.refused(&sre("ann"), take()), "review_outstanding", "also when it is over");
    world.take("ben");
    world.clock.advance(1_000);
    world.heal();
    assert_eq!(world.names().iter().filter(|name| **name == "grant_created").count(), 2);
}

#[test]
fn the_same_key_takes_it_once() {
    let world = World::new();
    world.cut();
    let (workflow, key) = (world.engine.workflow(), IdempotencyKey::new("inc-42").unwrap());
    let first = workflow.execute(&sre("ann"), take(), Some(&key)).unwrap();
    let again = workflow.execute(&sre("ann"), take(), Some(&key)).unwrap();
    assert!(!first.replayed && again.replayed);
    assert_eq!(first.grant.unwrap().id, again.grant.unwrap().id);
    let other = take().duration(Ttl::from_hours(0.1).ok());
    assert_eq!(workflow.execute(&sre("ann"), other, Some(&key)).unwrap_err().code(), "idempotency_key_reused");
}

#[test]
fn another_process_of_the_machine_honours_it_and_counts_it() {
    let world = World::new();
    let other = world.process();
    world.cut();
    let grant = world.take("ann");
    assert!(other.reconciler().tick().is_err(), "the store is away");
    assert!(is_offline(used(&other, "ann", "tool:one")));
    assert_eq!(other.workflow().execute(&sre("ann"), take(), None).unwrap_err().code(), "review_outstanding");
    other.workflow().execute(&sre("ann"), Release::new(grant.id), None).unwrap();
    assert_eq!(used(&other, "ann", "tool:two").outcome, Outcome::NotApplicable);
    assert_eq!(used(&world.engine, "ann", "tool:two").outcome, Outcome::NotApplicable);
    world.line.cut(false);
    other.reconciler().tick().unwrap();
    world.engine.reconciler().tick().unwrap();
    assert_eq!(world.names().iter().filter(|name| **name == "grant_used").count(), 1);
}

#[test]
fn it_ends_with_its_window_by_release_by_revocation_and_by_the_red_button() {
    let world = World::new();
    let workflow = world.engine.workflow();
    world.cut();
    let [ann, ben, cat, dan] = ["ann", "ben", "cat", "dan"].map(|name| world.take(name).id);
    world.clock.advance(60_000);
    let released = workflow.execute(&sre("ann"), Release::new(ann), None).unwrap();
    assert!(released.grant.unwrap().ended.is_some());
    assert!(workflow.execute(&sre("cat"), Revoke::new(ben, words("no")), None).is_err(), "only who may revoke");
    workflow.execute(&caller("lead", &["lead"]), Revoke::new(ben, words("it is over")), None).unwrap();
    assert!(is_offline(used(&world.engine, "cat", "tool:one")));
    let all = RevokeMany::new(Selector::Holder(sre("cat").principal), words("stop"));
    let error = workflow.execute(&caller("lead", &["lead"]), all, None).unwrap_err();
    assert_eq!(error.code(), "unavailable", "of the grants in the store nobody can say");
    for name in ["ann", "ben", "cat"] {
        assert_eq!(used(&world.engine, name, "tool:two").outcome, Outcome::NotApplicable, "{name}");
    }
    world.clock.advance(19 * 60_000);
    assert_eq!(used(&world.engine, "dan", "tool:two").outcome, Outcome::NotApplicable, "its window is over");
    world.clock.advance(60_000);
    world.heal();
    let kind = |kind: &EndKind| match kind {
        EndKind::Released => "released",
        EndKind::Revoked(_) => "revoked",
        _ => "another",
    };
    let end = |id| world.stored(id).unwrap().ended.map(|end| (end.at, kind(&end.kind)));
    assert_eq!(end(ann), Some((at("09:01:03"), "released")), "when it was, and not when it was merged");
    assert_eq!(end(ben), Some((at("09:01:03"), "revoked")));
    assert_eq!(end(cat), Some((at("09:01:03"), "revoked")));
    assert!(end(dan).is_none() && world.stored(dan).unwrap().noted.expiry);
    world.journal.verify().unwrap();
}

#[test]
fn it_ends_at_once_when_the_store_is_back_and_says_that_it_cannot_go_on() {
    type Meanwhile = fn(&Engine);
    let removed: Meanwhile = |engine| {
        engine.workflow().execute_for_host(ReportStanding::new(sre("ann").principal, false)).unwrap();
    };
    let lost: Meanwhile = |engine| {
        let report = ReportStanding::new(sre("ann").principal, true).roles(vec![RoleName::new("intern").unwrap()]);
        engine.workflow().execute_for_host(report).unwrap();
    };
    let another: Meanwhile = |engine| {
        engine.workflow().execute(&sre("ann"), take(), None).unwrap();
    };
    let revoked: Meanwhile = |engine| {
        let select = Selector::Holder(sre("ann").principal);
        engine.workflow().execute(&caller("lead", &["lead"]), RevokeMany::new(select, words("stop")), None).unwrap();
    };
    let cases = [
        ("is disabled", removed),
        ("holds none of the roles", lost),
        ("has access without approval", another),
        ("a grant of the same person was revoked or suspended", revoked),
    ];
    for (why, meanwhile) in cases {
        let world = World::new();
        let elsewhere = world.elsewhere();
        approve_for_ann(&elsewhere);
        world.engine.reconciler().tick().unwrap();
        world.cut();
        let grant = world.take("ann");
        assert!(is_offline(used(&world.engine, "ann", "tool:one")));
        meanwhile(&elsewhere);
        world.clock.advance(5_000);
        world.heal();
        let stored = world.stored(grant.id).unwrap();
        let end = stored.ended.unwrap_or_else(|| panic!("{why}"));
        assert!(end.by == Actor::Rule("offline".into()), "{end:?}");
        let EndKind::Revoked(reason) = &end.kind else { panic!("{end:?}") };
        assert!(reason.as_str().contains(why), "{reason}");
        assert_eq!((stored.uses, end.at), (1, at("09:00:08")), "what was done is on record");
        if !why.contains("has access") {
            assert_eq!(used(&world.engine, "ann", "tool:two").outcome, Outcome::NotApplicable, "{why}");
        }
        world.journal.verify().unwrap();
    }
}

/// Gives her the role in the usual way.
fn approve_for_ann(engine: &Engine) {
    let submit = Submit::new(RoleName::new("deployer").unwrap());
    let request = engine.workflow().execute(&sre("ann"), submit, None).unwrap().request.unwrap();
    let approve = jit_access::command::Approve::new(request.id);
    engine.workflow().execute(&caller("lead", &["lead"]), approve, None).unwrap();
}

#[test]
fn an_approved_grant_and_a_drill_of_the_same_person_do_not_end_it() {
    let world = World::new();
    let elsewhere = world.elsewhere();
    approve_for_ann(&elsewhere);
    elsewhere.workflow().execute(&sre("ann"), take().drill(true), None).unwrap();
    world.engine.reconciler().tick().unwrap();
    world.cut();
    let grant = world.take("ann");
    world.clock.advance(5_000);
    world.heal();
    let stored = world.stored(grant.id).unwrap();
    assert!(stored.ended.is_none(), "{:?}", stored.ended);
    assert_eq!(used(&world.engine, "ann", "tool:two").outcome, Outcome::Allow);
}

#[test]
fn an_unjustified_use_of_the_same_person_does_not_end_it_where_nothing_follows_from_that() {
    let world = World::new();
    let elsewhere = world.elsewhere();
    let before = elsewhere.workflow().execute(&sre("ann"), take(), None).unwrap().grant.unwrap().id;
    elsewhere.workflow().execute(&sre("ann"), Release::new(before), None).unwrap();
    let review = CompleteReview::new(before, false, words("there was no emergency"));
    elsewhere.workflow().execute(&caller("guard", &["guard"]), review, None).unwrap();
    world.engine.reconciler().tick().unwrap();
    world.cut();
    let grant = world.take("ann");
    world.heal();
    let stored = world.stored(grant.id).unwrap();
    assert!(stored.ended.is_none(), "{:?}", stored.ended);
}

#[test]
fn a_commit_whose_answer_is_lost_is_not_made_twice() {
    let world = World::new();
    world.cut();
    let grant = world.take("ann");
    assert!(is_offline(used(&world.engine, "ann", "tool:one")));
    world.line.cut(false);
    world.line.lose(1);
    assert!(world.engine.reconciler().tick().is_err(), "it was written, and nobody said so");
    assert!(world.spool().exists());
    // It goes away once more, and what comes now is of the next part.
    world.cut();
    assert!(is_offline(used(&world.engine, "ann", "tool:two")));
    world.heal();
    world.engine.reconciler().tick().unwrap();
    assert_eq!(world.names().iter().filter(|name| **name == "grant_created").count(), 1);
    assert_eq!(world.stored(grant.id).unwrap().uses, 2);
    assert!(!world.spool().exists());
    world.journal.verify().unwrap();
}

#[test]
fn a_start_goes_by_what_was_recorded_before() {
    let world = World::new();
    world.cut();
    let grant = world.take("ann");
    world.line.cut(false);
    let started = world.process();
    started.reconciler().tick().unwrap();
    assert!(world.stored(grant.id).is_some());
    let decision = used(&started, "ann", "tool:one");
    assert_eq!((decision.outcome, decision.basis.reason), (Outcome::Allow, Reason::Granted));
    // What another process has merged, this one follows.
    world.engine.reconciler().tick().unwrap();
    assert_eq!(used(&world.engine, "ann", "tool:two").outcome, Outcome::Allow);
}

#[test]
fn an_altered_spool_is_noticed_and_nothing_of_it_counts() {
    type Alter = fn(&str) -> String;
    let alter: [(&str, Alter); 4] = [
        ("a word", |text| text.replace("the shop is down", "the shop is fine")),
        ("a line is gone", |text| {
            text.lines().enumerate().filter(|(n, _)| *n != 1).map(|(_, l)| format!("{l}\n")).collect()
        }),
        ("the first line is another", |text| text.replacen("\"revision\":", "\"revision\": ", 1)),
        ("a line stands twice", |text| format!("{text}{}\n", text.lines().last().unwrap())),
    ];
    for (what, alter) in alter {
        let world = World::new();
        world.cut();
        let grant = world.take("ann");
        let _ = used(&world.engine, "ann", "tool:one");
        let text = std::fs::read_to_string(world.spool()).unwrap();
        let altered = alter(&text);
        assert_ne!(text, altered, "{what}");
        std::fs::write(world.spool(), altered).unwrap();
        world.heal();
        assert!(world.stored(grant.id).is_none(), "{what}");
        assert_eq!(used(&world.engine, "ann", "tool:two").outcome, Outcome::NotApplicable, "{what}");
        let health = world.engine.workflow().health(&caller("lead", &["lead"])).unwrap();
        assert!(health.offline.unwrap().problem.is_some(), "{what}");
        assert_eq!(world.engine.metrics().unwrap().value("jit_offline_problem"), Some(1.0), "{what}");
        assert!(world.spool().exists(), "it is left for a person: {what}");
    }
}

#[test]
fn an_altered_spool_is_looked_at_again_and_counts_once_it_is_whole() {
    let world = World::new();
    world.cut();
    world.take("ann");
    let text = std::fs::read_to_string(world.spool()).unwrap();
    let looked = || {
        world.clock.advance(6_000);
        let _ = world.engine.reconciler().tick();
        used(&world.engine, "ann", "tool:one")
    };
    std::fs::write(world.spool(), format!("{text}{}\n", text.lines().last().unwrap())).unwrap();
    assert!(!is_offline(looked()) && !is_offline(looked()));
    std::fs::write(world.spool(), text).unwrap();
    assert!(is_offline(looked()));
}

#[test]
fn a_spool_of_another_journal_is_not_merged() {
    let world = World::new();
    world.cut();
    world.take("ann");
    let journal = Arc::new(MemoryStore::new());
    let line = Arc::new(Line::to(Arc::clone(&journal) as _));
    let engine = open(&world.config, &line, &world.clock).unwrap();
    engine.reconciler().tick().unwrap();
    assert_eq!(journal.head().unwrap().revision, Revision::ZERO);
    assert_eq!(used(&engine, "ann", "tool:one").outcome, Outcome::NotApplicable);
    let health = engine.workflow().health(&caller("lead", &["lead"])).unwrap().offline.unwrap();
    assert!(health.problem.unwrap().contains("another journal"));
}

#[test]
fn what_was_written_in_part_when_the_power_failed_is_as_if_it_had_not_been() {
    let world = World::new();
    world.cut();
    world.take("ann");
    let text = std::fs::read(world.spool()).unwrap();
    assert!(is_offline(used(&world.engine, "ann", "tool:one")));
    let longer = std::fs::read(world.spool()).unwrap();
    for cut in [text.len() + 1, longer.len() - 1] {
        std::fs::write(world.spool(), &longer[..cut]).unwrap();
        world.line.cut(false);
        let started = world.process();
        world.line.cut(true);
        world.clock.advance(3_000);
        assert!(is_offline(used(&started, "ann", "tool:two")), "cut at {cut}");
        std::fs::write(world.spool(), &text).unwrap();
    }
}

#[test]
fn a_use_that_cannot_be_recorded_here_either_is_not_allowed() {
    let world = World::new();
    world.cut();
    world.take("ann");
    let folder = world.folder.path().join("spool");
    std::fs::rename(&folder, world.folder.path().join("elsewhere")).unwrap();
    assert_ne!(used(&world.engine, "ann", "tool:one").outcome, Outcome::Allow);
    assert_eq!(world.refused(&sre("ben"), take()), "unavailable");
}

#[test]
fn a_folder_that_others_can_use_is_refused_at_the_start() {
    let folder = TempDir::new().unwrap();
    let spool = folder.path().join("spool");
    std::fs::create_dir(&spool).unwrap();
    let config = config(folder.path());
    let open = || {
        let rules = config.rules.clone();
        Builder::new(MemoryStore::new(), rules).settings(config.settings.clone()).open().map(drop)
    };
    for mode in [0o755, 0o770, 0o702] {
        std::fs::set_permissions(&spool, PermissionsExt::from_mode(mode)).unwrap();
        let refused = open().unwrap_err().to_string();
        assert!(refused.contains("offline_folder") && refused.contains(&format!("{mode:04o}")), "{refused}");
    }
    std::fs::set_permissions(&spool, PermissionsExt::from_mode(0o700)).unwrap();
    open().unwrap();
    std::fs::remove_dir_all(&spool).unwrap();
    open().unwrap();
    let made = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((made(&spool), made(&spool.join("lock"))), (0o700, 0o600));
    std::fs::remove_dir_all(&spool).unwrap();
    std::fs::write(&spool, "").unwrap();
    assert!(open().unwrap_err().to_string().contains("no folder"));
}

#[test]
fn without_the_key_it_is_refused_and_what_waits_is_merged_all_the_same() {
    let world = World::new();
    world.cut();
    let grant = world.take("ann");
    let mut config = world.config.clone();
    config.rules.break_glass.offline = None;
    world.line.cut(false);
    let engine = open(&config, &world.line, &world.clock).unwrap();
    engine.reconciler().tick().unwrap();
    assert!(world.stored(grant.id).is_some());
    world.cut();
    assert_eq!(engine.workflow().execute(&sre("ben"), take(), None).unwrap_err().code(), "unavailable");
}

#[test]
fn a_configuration_that_makes_no_sense_is_refused_with_its_key() {
    let enabled = "enabled: true, eligible_roles: [sre], reviewer_roles: [guard]";
    let file = "store: {path: /nowhere/jit.db}";
    for (store, keys, key, what) in [
        (file, format!("{enabled}, offline: true"), "offline_folder", "missing"),
        (file, format!("{enabled}, offline: true, offline_folder: ' '"), "offline_folder", "missing"),
        (file, "offline: true, offline_folder: spool".to_owned(), "offline", "break_glass.enabled is not"),
        (
            "store: {type: memory}",
            format!("{enabled}, offline: true, offline_folder: spool"),
            "offline",
            "never unavailable",
        ),
        (
            file,
            format!("{enabled}, offline: true, offline_folder: spool, offline_max_minutes: 61"),
            "offline_max_minutes",
            "61",
        ),
        (
            file,
            format!("{enabled}, offline: true, offline_folder: spool, offline_max_minutes: 0"),
            "offline_max_minutes",
            "0",
        ),
        (file, format!("{enabled}, offline: perhaps, offline_folder: spool"), "offline", "perhaps"),
    ] {
        let text = format!("jit_access: {{{store}, break_glass: {{{keys}}}}}");
        let refused = Config::parse(&text, []).unwrap_err();
        assert_eq!(refused.field(), format!("jit_access.break_glass.{key}"), "{text}: {refused}");
        assert!(refused.to_string().contains(what), "{refused}");
    }
    let text = format!("jit_access: {{{file}, break_glass: {{{enabled}, offline: true, offline_folder: spool}}}}");
    let config = Config::parse_in(Some(Path::new("/etc/jit")), &text, []).unwrap();
    assert_eq!(config.settings.offline_folder.as_deref(), Some(Path::new("/etc/jit/spool")));
    assert_eq!(config.rules.break_glass.offline.unwrap().hours(), 0.5);
}
