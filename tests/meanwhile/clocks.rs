//! What time is it where the server has a clock?

use jit_access::clock::{ClockTrouble, TimeSource};
use jit_access::command::BreakGlass;
use jit_access::model::*;

use super::{World, person, words};

const HOUR: i64 = 3_600_000;
const CONFIG: &str = "jit_access: {approver_roles: [lead], roles: {operator: {permissions: ['tools.*']}},
    break_glass: {enabled: true, eligible_roles: [sre], mfa_within_minutes: 10}}";

#[test]
fn the_time_of_the_server_goes_on_while_it_does_not_answer() {
    let world = World::new(CONFIG);
    world.between.has_clock(&world.clock, HOUR);
    let settings = world.config.settings.clone().time_source(TimeSource::Database);
    let engine = world.builder().settings(settings).open().unwrap();
    let first = engine.now();
    assert_eq!(first.to_string(), "2026-03-02T09:00:00.000Z");
    world.clock.advance(1_000);
    world.between.fail("wall");
    engine.reconciler().tick().unwrap();
    assert!(world.between.is_done());
    assert_eq!(engine.now().millis() - first.millis(), 1_000);
    // Where it was set forward, the next round knows.
    world.between.has_clock(&world.clock, HOUR + 5_000);
    engine.reconciler().tick().unwrap();
    assert_eq!(engine.now().millis() - first.millis(), 6_000);
}

#[test]
fn a_host_whose_clock_is_behind_the_server_takes_break_glass_by_the_servers_time() {
    let world = World::new(CONFIG);
    // The server has the time that everybody else has.
    world.between.has_clock(&world.clock, HOUR);
    let engine = world.engine();
    assert_eq!(engine.now().to_string(), "2026-03-02T09:00:00.000Z");
    let health = engine.workflow().health(&person("lead", &["lead"])).unwrap();
    assert_eq!((health.clock.trouble, health.clock.skew_ms), (Some(ClockTrouble::Behind), Some(-HOUR)));
    let take = |minutes_ago: i64| {
        let at = Timestamp::from_millis(engine.now().millis() - minutes_ago * 60_000).unwrap();
        let sign_in = SignIn::new(["pwd", "otp"], None, Some(at)).unwrap();
        let sre = person("ann", &["sre"]).sign_in(Some(sign_in));
        let take = BreakGlass::new(RoleName::new("operator").unwrap()).reason(words("the shop is down"));
        engine.workflow().execute(&sre, take, None).map(|done| done.grant.is_some()).map_err(|error| error.code())
    };
    assert_eq!((take(11), take(9)), (Err("mfa_too_old"), Ok(true)));
}
