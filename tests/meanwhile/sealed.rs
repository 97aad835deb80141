//! What is signed where two processes sign, and where records are removed while others are verified?

use jit_access::check::Check;
use jit_access::command::{ListEvents, Release};
use jit_access::model::*;
use jit_access::notify::{Notice, NoticeKind, Reach};
use jit_access::service::{Engine, Keys, Sealer};
use jit_access::store::MemoryStore;

use super::{World, give, person};

const DAY: i64 = 24 * 3_600_000;
const CONFIG: &str = "jit_access: {approver_roles: [lead], roles: {operator: {permissions: ['tools.*']}},
    journal: {keep_days: 92}, notifications: {channels: {hook: {kind: host}},
    checkpoint_channels: [hook]}}";

/// Two processes that sign with one key, and have done so much that what is old can be removed.
fn signing(is_old: bool) -> (World, [Engine; 2], [Sealer; 2]) {
    let world = World::new(CONFIG);
    let engines = [world.engine(), world.other()];
    // 32 bytes of zeros.
    let secret = || KeySource::Given(Secret::new(format!("{}=", "A".repeat(43))));
    let sealers = [0, 1].map(|at| Sealer::new(&engines[at], Keys::load(&secret(), None, "key").unwrap()));
    let grant = give(&engines[1], "dev").id;
    if is_old {
        let check = Check::text((PrincipalKind::User, "dev@example.com"), "tools.run", Some("tool:t1"), None);
        for _ in 0..5_000 {
            assert_eq!(engines[1].decider().check(&check).unwrap().outcome, Outcome::Allow);
        }
        engines[1].workflow().execute(&person("dev", &[]), Release::new(grant), None).unwrap();
        for _ in 0..10 {
            world.clock.advance(10 * DAY);
            for engine in &engines {
                engine.reconciler().tick().unwrap();
            }
        }
    }
    (world, engines, sealers)
}

#[test]
fn of_two_processes_that_sign_at_once_one_text_is_kept_and_told() {
    let (world, [engine, _], [slower, faster]) = signing(false);
    let (clock, first) = (std::sync::Arc::clone(&world.clock), faster.clone());
    world.between.before("keep_checkpoint", move || {
        clock.advance(1);
        first.advance(&mut ()).unwrap();
    });
    let kept = slower.advance(&mut ()).unwrap().unwrap();
    assert!(world.between.is_done());
    assert_eq!(kept.at, engine.now(), "the one that was faster");
    assert_eq!(faster.advance(&mut ()).unwrap().unwrap().note, kept.note);
    // It is worth having however late it is sent.
    world.clock.advance(3 * DAY);
    let outbox = engine.outbox();
    outbox.plan(&[("hook".to_owned(), Reach::TARGET)].into()).unwrap();
    let until = engine.now().saturating_add(Ttl::from_hours(1.0).unwrap());
    let told = outbox.lease("hook", until, 100).unwrap();
    let told: Vec<_> = told.iter().map(|one| Notice::parse(&one.body).unwrap()).collect();
    let told: Vec<_> = told.into_iter().filter(|one| one.kind == NoticeKind::Checkpoint).collect();
    assert_eq!(told.iter().map(|one| one.checkpoint.clone().unwrap()).collect::<Vec<_>>(), [kept.note]);
    let health = engine.workflow().health(&person("lead", &["lead"])).unwrap();
    assert_eq!(health.channels.iter().map(|one| one.channel.as_str()).collect::<Vec<_>>(), ["hook"]);
}

#[test]
fn records_that_are_removed_while_they_are_verified_are_no_damage() {
    type Verify = fn(&Sealer) -> Result<(), jit_access::Error>;
    let since_the_last: Verify = |sealer| sealer.advance(&mut ()).map(drop);
    let all: Verify = |sealer| sealer.verify_all(&mut ()).map(drop);
    for verify in [since_the_last, all] {
        let (world, [engine, _], [slower, faster]) = signing(true);
        world.between.before("verify_with", move || {
            faster.advance(&mut ()).unwrap();
            assert_eq!(faster.remove_old().unwrap().map(|removal| removal.last), Some(Revision(4_096)));
        });
        let error = verify(&slower).unwrap_err();
        assert!(world.between.is_done());
        assert_eq!(error.code(), "unavailable");
        assert!(error.to_string().contains("verifying"), "{error}");
        assert_eq!(engine.integrity().problem, None);
        verify(&slower).unwrap();
        assert!(engine.integrity().at.is_some() && engine.integrity().problem.is_none());
        // Who has read only what is gone has to read everything again.
        let since = ListEvents::default().after(Revision(1));
        assert!(engine.workflow().events(&person("lead", &["lead"]), &since).unwrap().missed);
        let kept = Checkpoint::new(Revision(100), &"0".repeat(64)).unwrap();
        let error = engine.workflow().verify_against(Some(&kept), None, &mut ()).unwrap_err();
        assert_eq!(error.code(), "invalid");
        assert!(error.to_string().contains("a head of record 4096 or a later one"), "{error}");
    }
}

#[test]
fn who_reads_records_that_are_removed_meanwhile_is_told_to_read_everything_again() {
    let (world, [engine, _], [_, other]) = signing(true);
    let since = ListEvents::default().after(Revision(1));
    let events = || engine.workflow().events(&person("lead", &["lead"]), &since).unwrap();
    world.between.before("records", || ());
    world.between.before("records", move || {
        other.advance(&mut ()).unwrap();
        other.remove_old().unwrap().unwrap();
    });
    assert_eq!(events().revision, Revision(1_000), "as much as was read");
    assert!(world.between.is_done());
    world.clock.advance(1_000);
    let found = events();
    assert_eq!((found.revision, found.missed), (world.journal.head().unwrap().revision, true));
}

#[test]
fn records_are_not_removed_where_what_stands_for_them_is_lost() {
    let (world, _, [sealer, _]) = signing(true);
    sealer.advance(&mut ()).unwrap();
    let between = std::sync::Arc::clone(&world.between);
    world.between.after("removable", move || between.replace(std::sync::Arc::new(MemoryStore::new())));
    let error = sealer.remove_old().unwrap_err();
    assert!(world.between.is_done());
    assert!(error.to_string().contains("the roots that stand for old records are not kept"), "{error}");
    world.between.replace(std::sync::Arc::clone(&world.journal));
    assert_eq!(world.count("records_removed"), 0);
    assert_eq!(sealer.remove_old().unwrap().unwrap().last, Revision(4_096));
}

#[test]
fn records_that_are_gone_from_under_a_checkpoint_are_damage() {
    let (world, [engine, _], [sealer, _]) = signing(false);
    sealer.advance(&mut ()).unwrap();
    let between = std::sync::Arc::clone(&world.between);
    world.between.before("bodies", move || between.replace(std::sync::Arc::new(MemoryStore::new())));
    let error = sealer.advance(&mut ()).unwrap_err();
    assert!(error.to_string().contains("record 1 is missing"), "{error}");
    assert!(engine.integrity().elevation_stopped && engine.integrity().problem.is_some());
}

#[test]
fn a_journal_that_is_shorter_than_what_was_signed_of_it_is_told_and_nothing_is_honoured() {
    let (world, [engine, other], [sealer, _]) = signing(false);
    engine.sync().unwrap();
    sealer.advance(&mut ()).unwrap();
    let between = std::sync::Arc::clone(&world.between);
    world.between.before("verify_with", move || between.replace(std::sync::Arc::new(MemoryStore::new())));
    let error = sealer.verify_all(&mut ()).unwrap_err();
    assert!(error.to_string().contains("a checkpoint covers 4 records, and the journal has 0"), "{error}");
    let check = Check::text((PrincipalKind::User, "dev@example.com"), "tools.run", Some("tool:t1"), None);
    let reason = |engine: &Engine| engine.decider().check(&check).unwrap().basis.reason;
    assert_eq!((reason(&engine), reason(&other)), (Reason::StoreBroken, Reason::Granted));
    assert!(engine.integrity().elevation_stopped && engine.integrity().problem.is_some());
}
