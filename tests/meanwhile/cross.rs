//! When do the index and Cedar differ, and when is one of them only later than the other?

use jit_access::check::Check;
use jit_access::command::{Approve, Revoke, Submit};
use jit_access::model::*;
use jit_access::service::Engine;

use super::{World, give, person, words};

const CONFIG: &str =
    "jit_access: {approver_roles: [lead], monitor: {enabled: true}, service: {cross_check_percent: 100},
    roles: {operator: {permissions: [tools.execute]}, reader: {permissions: [logs.read]}, writer: {permissions: [logs.write]},
    once: {permissions: [tools.execute], conditions: {max_uses: 1}}}}";

fn check(engine: &Engine) -> Outcome {
    let check = Check::text((PrincipalKind::User, "dev@example.com"), "tools.execute", Some("tool:t1"), None);
    engine.decider().check(&check).unwrap().outcome
}

fn give_role(engine: &Engine, role: &str) {
    let submit = Submit::new(RoleName::new(role).unwrap()).reason(words("INC-7"));
    let request = engine.workflow().execute(&person("dev", &[]), submit, None).unwrap().request.unwrap().id;
    engine.workflow().execute(&person("lead", &["lead"]), Approve::new(request), None).unwrap();
}

fn revoke(engine: &Engine, grant: GrantId) -> bool {
    let revoke = Revoke::new(grant, words("stop"));
    engine.workflow().execute(&person("lead", &["lead"]), revoke, None).unwrap().durable
}

/// What the rounds of a second say of differences.
fn differences(world: &World, engine: &Engine) -> usize {
    world.clock.advance(1_000);
    engine.reconciler().tick().unwrap();
    let records = world.journal.records(&jit_access::store::RecordQuery::after(Revision::ZERO, 1_000)).unwrap().1;
    records.iter().filter(|record| record.body.contains("engines_differ")).count()
}

#[test]
fn a_store_that_does_not_answer_once_is_asked_again_before_the_answer_is_no() {
    let world = World::new(CONFIG);
    let engine = world.engine();
    engine.reconciler().tick().unwrap();
    give(&engine, "dev");
    world.between.fail("view");
    assert_eq!(check(&engine), Outcome::Allow);
    assert!(world.between.is_done());
    assert_eq!(differences(&world, &engine), 0);
}

#[test]
fn a_grant_that_the_index_learns_of_a_moment_later_is_no_difference() {
    let world = World::new(CONFIG);
    let (engine, other) = (world.engine(), world.other());
    engine.reconciler().tick().unwrap();
    let grant = give(&other, "dev").id;
    assert_eq!(check(&engine), Outcome::NotApplicable);
    assert_eq!(differences(&world, &engine), 0);
    assert_eq!(check(&engine), Outcome::Allow);

    // One that is over before anybody looks again.
    revoke(&other, grant);
    engine.sync().unwrap();
    let grant = give(&other, "dev").id;
    assert_eq!(check(&engine), Outcome::NotApplicable);
    revoke(&other, grant);
    assert_eq!(differences(&world, &engine), 0);
    assert_eq!(check(&engine), Outcome::NotApplicable);
}

#[test]
fn a_grant_of_few_uses_is_no_difference() {
    let world = World::new(CONFIG);
    let (engine, other) = (world.engine(), world.other());
    engine.reconciler().tick().unwrap();
    ["reader", "once", "writer"].into_iter().for_each(|role| give_role(&other, role));
    assert_eq!(check(&engine), Outcome::NotApplicable, "Cedar knows of the grant, and not whether a use is left");
    assert_eq!(differences(&world, &engine), 0);
    assert_eq!((check(&engine), check(&engine)), (Outcome::Allow, Outcome::NotApplicable));
    assert_eq!(differences(&world, &engine), 0);
}

#[test]
fn a_grant_whose_end_waits_to_be_written_is_no_difference() {
    let world = World::new(CONFIG);
    let engine = world.engine();
    let grant = give(&engine, "dev").id;
    engine.reconciler().tick().unwrap();
    world.clock.advance(1_000);
    let (between, ends) = (std::sync::Arc::clone(&world.between), engine.clone());
    world.between.before("next_due", move || {
        between.fail("commit");
        assert!(!revoke(&ends, grant));
        assert_eq!(check(&ends), Outcome::NotApplicable);
    });
    engine.reconciler().tick().unwrap();
    assert!(world.between.is_done());
    assert_eq!(differences(&world, &engine), 0);
    assert_eq!(world.count("grant_revoked"), 1);
}
