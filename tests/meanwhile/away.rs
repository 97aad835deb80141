//! What becomes of access that was taken while the store was away, when it is back?

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jit_access::check::Check;
use jit_access::command::{Approve, BreakGlass, ReportStanding, Revoke, RevokeMany, Submit};
use jit_access::model::*;
use jit_access::service::{Directory, DirectoryError, Engine, Known};
use jit_access::store::KEY_DAYS;
use tempfile::TempDir;

use super::{World, person, words};

const CONFIG: &str = "jit_access: {store: {path: /nowhere/jit.db}, approver_roles: [lead], require_justification: false,
    limits: {requests_per_hour: 10000}, roles: {responder: {permissions: [tools.execute]}, deployer: {permissions: [logs.read]}},
    break_glass: {enabled: true, eligible_roles: [sre], reviewer_roles: [guard], require_mfa: false, offline: true,
    offline_max_minutes: 20, offline_folder: FOLDER}}";
const DAY: i64 = 24 * 3_600_000;

/// The folder of the machine is removed with the test.
fn world() -> (World, TempDir) {
    let folder = TempDir::new().unwrap();
    let world = World::new(&CONFIG.replace("FOLDER", &spool(&folder).parent().unwrap().display().to_string()));
    (world, folder)
}

fn spool(folder: &TempDir) -> PathBuf {
    folder.path().join("spool/spool")
}

fn take() -> BreakGlass {
    BreakGlass::new(RoleName::new("responder").unwrap()).reason(words("the shop is down"))
}

fn taken(engine: &Engine, who: &str) -> GrantId {
    engine.workflow().execute(&person(who, &["sre"]), take(), None).unwrap().grant.unwrap().id
}

/// The store is away for longer than a proof lasts.
fn cut(world: &World) {
    world.between.cut(true);
    world.clock.advance(3_000);
}

fn heal(world: &World, engine: &Engine) {
    world.clock.advance(5_000);
    world.between.cut(false);
    engine.reconciler().tick().unwrap();
}

fn used(engine: &Engine, who: &str) -> Outcome {
    let name = format!("{who}@example.com");
    let check = Check::text((PrincipalKind::User, &name), "tools.execute", Some("tool:t1"), None);
    engine.decider().check(&check).unwrap().outcome
}

/// Why the grant was revoked.
fn why(world: &World, id: GrantId) -> String {
    match world.journal.grant(id).unwrap().grant.unwrap().ended.unwrap().kind {
        EndKind::Revoked(reason) => reason.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_was_merged_is_not_merged_again_although_an_old_copy_of_it_comes_back() {
    let (world, folder) = world();
    let engine = world.engine();
    cut(&world);
    let grant = taken(&engine, "ann");
    assert_eq!(used(&engine, "ann"), Outcome::Allow);
    let copy = std::fs::read(spool(&folder)).unwrap();
    heal(&world, &engine);
    assert!(!spool(&folder).exists());
    assert_eq!((world.count("grant_created"), world.count("grant_used")), (1, 1));
    // So late that the journal has forgotten the key of the merge.
    for _ in 0..=KEY_DAYS {
        world.clock.advance(DAY);
        engine.reconciler().tick().unwrap();
    }
    world.journal.forget_old(engine.now()).unwrap();
    let names = world.names();
    std::fs::write(spool(&folder), copy).unwrap();
    heal(&world, &engine);
    assert!(!spool(&folder).exists());
    assert_eq!((world.names(), world.journal.grant(grant).unwrap().grant.unwrap().uses), (names, 1));
    world.journal.verify().unwrap();
}

#[test]
fn access_of_which_nothing_is_left_on_this_machine_is_over() {
    let (world, folder) = world();
    let engine = world.engine();
    cut(&world);
    let grant = taken(&engine, "ann");
    assert_eq!(used(&engine, "ann"), Outcome::Allow);
    std::fs::remove_file(spool(&folder)).unwrap();
    heal(&world, &engine);
    assert_eq!(used(&engine, "ann"), Outcome::NotApplicable);
    assert!(world.journal.grant(grant).unwrap().grant.is_none());
}

#[test]
fn a_person_of_very_many_who_were_reported_is_known_as_they_were_reported_last() {
    let (world, _folder) = world();
    let other = world.other();
    let report = |who: &str, enabled: bool| {
        other.workflow().execute_for_host(ReportStanding::new(person(who, &[]).principal, enabled)).unwrap();
    };
    report("ann", false);
    report("ben", false);
    (0..1_000).for_each(|number| report(&format!("person{number}"), true));
    report("ben", true);
    report("cid", false);
    let engine = world.engine();
    cut(&world);
    let code = |who: &str| {
        let taken = engine.workflow().execute(&person(who, &["sre"]), take(), None);
        taken.map(drop).map_err(|error| error.code())
    };
    assert_eq!((code("ann"), code("ben"), code("cid")), (Err("not_eligible"), Ok(()), Err("not_eligible")));
}

#[test]
fn it_ends_where_one_of_very_many_changes_meanwhile_took_something_from_its_person() {
    let (world, _folder) = world();
    let (engine, other) = (world.engine(), world.other());
    let submit = Submit::new(RoleName::new("deployer").unwrap());
    let request = other.workflow().execute(&person("ann", &[]), submit, None).unwrap().request.unwrap().id;
    let lead = person("lead", &["lead"]);
    let grant = other.workflow().execute(&lead, Approve::new(request), None).unwrap().grant.unwrap().id;
    engine.reconciler().tick().unwrap();
    cut(&world);
    let (ann, ben) = (taken(&engine, "ann"), taken(&engine, "ben"));
    for number in 0..1_000 {
        let report = ReportStanding::new(person(&format!("person{number}"), &[]).principal, true);
        other.workflow().execute_for_host(report).unwrap();
    }
    other.workflow().execute(&lead, Revoke::new(grant, words("stop")), None).unwrap();
    heal(&world, &engine);
    assert!(why(&world, ann).contains("a grant of the same person was revoked or suspended"), "{}", why(&world, ann));
    assert!(world.journal.grant(ben).unwrap().grant.unwrap().ended.is_none());
}

/// A host that knows everybody as on call, until it says that nobody is there any more, or nothing.
#[derive(Debug, Default, Clone)]
struct OnCall {
    has_left: Arc<AtomicBool>,
    is_silent: Arc<AtomicBool>,
}

impl Directory for OnCall {
    fn standing(&self, _: &Principal) -> Result<Known, DirectoryError> {
        if self.is_silent.load(Ordering::SeqCst) {
            return Err(DirectoryError::new("no route to the identity provider"));
        }
        let enabled = !self.has_left.load(Ordering::SeqCst);
        Ok(Standing { enabled, roles: vec![RoleName::new("sre").unwrap()] }.into())
    }
}

#[test]
fn it_ends_where_the_directory_says_that_its_person_has_left() {
    for (left, silent) in [(false, false), (true, false), (true, true)] {
        let (world, _folder) = world();
        let host = OnCall::default();
        let engine = world.builder().directory(host.clone()).open().unwrap();
        cut(&world);
        let grant = taken(&engine, "ann");
        host.has_left.store(left, Ordering::SeqCst);
        host.is_silent.store(silent, Ordering::SeqCst);
        heal(&world, &engine);
        let ended = world.journal.grant(grant).unwrap().grant.unwrap().ended.is_some();
        let ends = left && !silent;
        assert_eq!(ended, ends, "who cannot be asked about goes on");
        if ends {
            assert!(why(&world, grant).contains("is disabled"), "{}", why(&world, grant));
        }
        assert_eq!(used(&engine, "ann"), if ends { Outcome::NotApplicable } else { Outcome::Allow });
    }
}

#[test]
fn the_host_itself_takes_and_ends_nothing_while_the_store_is_away() {
    let (world, _folder) = world();
    let engine = world.engine();
    cut(&world);
    let code = |done: Result<jit_access::Receipt, jit_access::Error>| done.map(drop).map_err(|error| error.code());
    assert_eq!(code(engine.workflow().execute_for_host(take())), Err("unavailable"));
    taken(&engine, "ann");
    let all = RevokeMany::new(Selector::All, words("stop"));
    assert_eq!(code(engine.workflow().execute_for_host(all)), Err("unavailable"));
    assert_eq!(used(&engine, "ann"), Outcome::Allow);
}
