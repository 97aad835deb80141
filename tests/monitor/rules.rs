//! What does each rule say, and of whom?

use std::sync::Arc;

use jit_access::Check;
use jit_access::command::{Approve, Release, Submit};
use jit_access::model::*;

use crate::world::{DAY, HOUR, MINUTE, SECOND, World, person, told, why};

/// So many calls within a minute and a half, which are written together.
fn calls(world: &mut World, caller: &Caller, count: i64) {
    let (action, resource): (Action, Resource) = ("tools.run".parse().unwrap(), "tool:t1".parse().unwrap());
    let query = Query { principal: &caller.principal, action: &action, resource: &resource };
    for _ in 0..count {
        world.clock.advance(90 * SECOND / count);
        assert_eq!(world.engine.decider().check(&Check::new(query)).unwrap().outcome, Outcome::Allow);
    }
    world.tick();
}

/// On each of so many days an hour with four calls.
fn usual_days(world: &mut World, caller: &Caller, days: i64) {
    let lead = person("lead0", &["lead"]);
    for _ in 0..days {
        let grant = world.granted(caller, "operator", 1.0, &lead);
        calls(world, caller, 4);
        world.run(caller, Release::new(grant));
        let now = world.engine.now().millis();
        world.pass((now / DAY + 1) * DAY + 8 * HOUR - now);
    }
}

#[test]
fn a_burst_is_told_with_the_count_and_with_what_is_usual() {
    let mut world = World::new(2, "");
    let (dev, other, lead) = (person("dev1", &["dev"]), person("dev2", &["dev"]), person("lead0", &["lead"]));
    usual_days(&mut world, &dev, 24);
    assert_eq!(world.unusual(), Vec::<String>::new());
    // What this person does is compared with what this person did.
    world.granted(&dev, "operator", 1.0, &lead);
    calls(&mut world, &dev, 31);
    let told = |world: &World| world.expect(AlertKind::Burst, &[]).alert.text.as_str().to_owned();
    assert_eq!(told(&world), "31 calls in 2 minutes, usual at most 4 an hour over 30 days");
    // Of whom nothing is known, with what the role is used for.
    world.pass(HOUR);
    world.granted(&other, "operator", 1.0, &lead);
    calls(&mut world, &other, 40);
    assert_eq!(told(&world), "40 calls in 2 minutes, usual for the role at most 4 an hour over 30 days");
    assert_eq!(world.unusual().len(), 2, "{:?}", world.unusual());
}

#[test]
fn without_any_history_only_very_many_calls_are_a_burst() {
    let mut world = World::new(2, "");
    let (dev, lead) = (person("dev1", &["dev"]), person("lead0", &["lead"]));
    world.granted(&dev, "operator", 1.0, &lead);
    calls(&mut world, &dev, 150);
    assert_eq!(world.unusual(), Vec::<String>::new());
    world.pass(5 * MINUTE);
    calls(&mut world, &dev, 450);
    assert_eq!(
        world.expect(AlertKind::Burst, &[]).alert.text.as_str(),
        "450 calls in 2 minutes, without a history to compare with; the limit is 300"
    );
}

#[test]
fn a_new_network_client_or_token_is_told_of_whom_it_is_new() {
    let mut world = World::new(5, "");
    let dev = person("dev1", &["dev"]);
    for day in 0..12 {
        let lead = world.lead();
        world.granted(&dev, "reader", 1.0, &lead);
        // Versions change, and so does the end of the address.
        world.uses_told(
            &dev,
            "logs.read",
            "tool:t1",
            &told(&format!("10.1.2.{day}"), &format!("curl/8.{day}"), "ci-token"),
        );
        let now = world.engine.now().millis();
        world.pass((now / DAY + 1) * DAY + 8 * HOUR - now);
    }
    assert_eq!(world.unusual(), Vec::<String>::new());
    let lead = world.lead();
    let grant = world.granted(&dev, "reader", 1.0, &lead);
    world.uses_told(&dev, "logs.read", "tool:t1", &told("203.0.113.9", "curl/8.9", "ci-token"));
    let network = world.expect(
        AlertKind::NewNetwork,
        &["the first use from 203.0.113.0/24 in 30 days; 1 network on 12 days with uses before"],
    );
    assert_eq!((network.alert.grant, network.alert.kind.class()), (Some(grant), AlertClass::Unusual));
    world.pass(SECOND);
    world.uses_told(&dev, "logs.read", "tool:t1", &told("10.1.2.3", "sqlmap/1.8", "ci-token"));
    world.expect(AlertKind::NewClient, &["the first use by sqlmap/1.8 in 30 days; 1 client on 12 days"]);
    world.pass(SECOND);
    world.uses_told(&dev, "logs.read", "tool:t1", &told("10.1.2.3", "curl/8.9", "another"));
    world.expect(AlertKind::NewToken, &["the first use with the token another in 30 days; 1 token on 12 days"]);
    assert_eq!(world.unusual().len(), 3);
}

#[test]
fn a_use_of_what_the_request_does_not_name_is_told() {
    let mut world = World::new(6, ", suspend_on: [outside_ticket]");
    let (dev, lead) = (person("dev1", &["dev"]), person("lead0", &["lead"]));
    let submit =
        Submit::new(RoleName::new("operator").unwrap()).reason(why("INC-7: restart tool:shop, then look at the rest"));
    let request = world.run(&dev, submit).request.unwrap().id;
    world.pass(MINUTE);
    let grant = world.run(&lead, Approve::new(request)).grant.unwrap().id;
    world.uses(&dev, "tools.run", "tool:shop");
    assert_eq!(world.unusual(), Vec::<String>::new());
    world.uses(&dev, "tools.run", "tool:payroll");
    world.expect(AlertKind::OutsideTicket, &["tools.run on tool:payroll, and the request names only tool:shop"]);
    assert!(world.engine.workflow().grant(&lead, grant).unwrap().grant.unwrap().suspended.is_some());
}

#[test]
fn many_refused_calls_under_a_live_grant_are_probing() {
    let mut world = World::new(7, ", suspend_on: [probing]");
    let (dev, lead) = (person("dev1", &["dev"]), person("lead0", &["lead"]));
    let grant = world.granted(&dev, "reader", 4.0, &lead);
    let details = UseDetails::default().by_standing(Some(false));
    let context = Context::default().details(Some(Arc::new(details)));
    // Whoever holds no grant leaves no trace, and a few refusals are nothing.
    (0..200).for_each(|nth| world.refused(&person("nobody", &[]), &format!("tools.x{nth}"), &context));
    (0..29).for_each(|nth| world.refused(&dev, &format!("tools.x{nth}"), &context));
    world.pass(SECOND / 2);
    world.pass(SECOND / 2);
    assert_eq!(world.unusual(), Vec::<String>::new());
    world.refused(&dev, "secrets.read", &context);
    world.tick();
    world.pass(SECOND / 2);
    let found = world.expect(
        AlertKind::Probing,
        &["30 refused calls in 10 minutes under reader, the last with no_grant: secrets.read on tool:t1"],
    );
    assert_eq!((found.alert.grant, found.alert.who), (Some(grant), Some(dev.principal.clone())));
    let shown = world.engine.workflow().grant(&lead, grant).unwrap().grant.unwrap();
    assert!(shown.suspended.is_some());
    world.pass(SECOND);
    assert_eq!(world.engine.workflow().counts([&shown]).unwrap()[0].unwrap().refusals, 30);
}
