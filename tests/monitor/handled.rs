//! What becomes of an alert: acknowledged, silenced, its grant suspended, written once.

use jit_access::Check;
use jit_access::command::{AcknowledgeAlert, Approve, SilenceAlert, Submit};
use jit_access::config::Config;
use jit_access::model::*;
use jit_access::notify::{Notice, NoticeKind, Reach};
use jit_access::service::Builder;

use crate::world::{CONFIG, HOUR, World, person, why};

#[test]
fn an_alert_is_handled_on_record_and_the_like_is_silenced() {
    let mut world = World::new(3, "");
    let (dev, lead) = (person("dev1", &["dev"]), person("lead0", &["lead"]));
    world.granted(&dev, "operator", 4.0, &lead);
    world.uses(&dev, "tools.delete", "tool:t1");
    let found = world.expect(AlertKind::FirstDestructive, &[]);
    let id = found.alert.id;
    let refused = world.engine.workflow().execute(&dev, AcknowledgeAlert::new(id, why("me")), None).unwrap_err();
    assert_eq!(refused.code(), "not_an_approver");
    let unknown = AcknowledgeAlert::new(AlertId::from_u128(7), why("me"));
    assert_eq!(world.engine.workflow().execute(&lead, unknown, None).unwrap_err().code(), "unknown_alert");
    let seen = world.run(&lead, AcknowledgeAlert::new(id, why("a planned clean-up"))).alert.unwrap();
    assert_eq!(seen.status(world.engine.now()), AlertStatus::Acknowledged);
    let count = world.store.head().unwrap().revision;
    world.run(&lead, AcknowledgeAlert::new(id, why("again")));
    assert_eq!(world.store.head().unwrap().revision, count, "it is acknowledged already");

    world.run(&lead, SilenceAlert::new(id, Ttl::from_hours(1.0).unwrap(), why("an hour")));
    let silenced =
        world.run(&lead, SilenceAlert::new(id, Ttl::from_hours(2.0).unwrap(), why("all day"))).alert.unwrap();
    assert_eq!(silenced.status(world.engine.now()), AlertStatus::Silenced);
    let until = world.engine.now().saturating_add(Ttl::from_hours(2.0).unwrap());
    assert_eq!(silenced.silenced.as_ref().map(|(_, until)| *until), Some(until), "the longer one counts");
    let count = world.store.head().unwrap().revision;
    for hours in [1.0, 2.0] {
        world.run(&lead, SilenceAlert::new(id, Ttl::from_hours(hours).unwrap(), why("no longer")));
    }
    assert_eq!(world.store.head().unwrap().revision, count, "one that ends no later changes nothing");
    world.uses(&dev, "tools.drop", "tool:t1");
    assert_eq!(world.alerts().len(), 1, "the like of it is silenced");
    world.pass(2 * HOUR);
    world.uses(&dev, "tools.purge", "tool:t1");
    assert_eq!(world.alerts().len(), 2, "not for ever");

    // It stands in the summary of its grant, and security is told.
    let summary = world.engine.workflow().summary(&lead, found.alert.grant.unwrap()).unwrap();
    assert_eq!(summary.alerts.len(), 2);
    assert!(summary.write(SummaryForm::Text).contains("a planned clean-up by lead0@example.com"));
    let outbox = world.engine.outbox();
    outbox.plan(&[("hook".to_owned(), Reach::TARGET)].into()).unwrap();
    let until = world.engine.now().saturating_add(Ttl::from_hours(1.0).unwrap());
    let notices = outbox.lease("hook", until, 100).unwrap();
    let notices: Vec<_> = notices.iter().map(|one| Notice::parse(&one.body).unwrap()).collect();
    let told: Vec<_> = notices.iter().filter(|one| one.kind == NoticeKind::Alert).collect();
    assert_eq!(told.len(), 2);
    assert_eq!((told[0].alert.as_deref(), told[0].urgent), (Some("first_destructive"), true));
    assert!(told[0].comment.as_deref().unwrap().contains("the first tools.delete in 30 days"));
}

#[test]
fn a_rule_suspends_the_grant_and_revokes_nothing() {
    let mut world = World::new(3, ", suspend_on: [first_destructive]");
    let (dev, lead) = (person("dev1", &["dev"]), person("lead0", &["lead"]));
    let grant = world.granted(&dev, "operator", 4.0, &lead);
    world.uses(&dev, "tools.delete", "tool:t1");
    let held = world.engine.workflow().grant(&lead, grant).unwrap().grant.unwrap();
    let suspended = held.suspended.clone().expect("suspended");
    assert_eq!((suspended.by.to_string(), held.ended.is_none()), ("rule:monitor.suspend_on".to_owned(), true));
    let (action, resource): (Action, Resource) = ("tools.read".parse().unwrap(), Resource::everything());
    let query = Query { principal: &dev.principal, action: &action, resource: &resource };
    assert_eq!(world.engine.decider().check(&Check::new(query)).unwrap().outcome, Outcome::NotApplicable);
}

#[test]
fn several_processes_write_an_alert_once_and_a_late_one_does_not_tell_old_news() {
    let mut world = World::new(3, "");
    let config = Config::parse(&format!("{CONFIG}}}"), []).unwrap();
    let (store, clock) = (world.store.clone(), world.clock.clone());
    let open = || {
        let builder = Builder::shared(store.clone(), config.rules.clone()).settings(config.settings.clone());
        builder.clock(clock.clone()).open().unwrap()
    };
    let others = [open(), open()];
    let (dev, lead) = (person("dev1", &["dev"]), person("lead0", &["lead"]));
    let request =
        world.engine.workflow().execute(&dev, Submit::new(RoleName::new("operator").unwrap()).reason(why("x")), None);
    let request = request.unwrap().request.unwrap().id;
    world.engine.workflow().execute(&lead, Approve::new(request), None).unwrap();
    world.clock.advance(1);
    others.iter().for_each(|engine| assert!(engine.sync().unwrap() > Revision::ZERO));
    let (action, resource): (Action, Resource) = ("tools.delete".parse().unwrap(), Resource::everything());
    let query = Query { principal: &dev.principal, action: &action, resource: &resource };
    assert_eq!(others[0].decider().check(&Check::new(query)).unwrap().outcome, Outcome::Allow);
    others[0].reconciler().flush().unwrap();
    std::thread::scope(|scope| {
        for engine in others.iter().chain([&world.engine]) {
            scope.spawn(move || engine.reconciler().tick().unwrap());
        }
    });
    for engine in others.iter().chain([&world.engine]) {
        engine.reconciler().tick().unwrap();
    }
    assert_eq!(world.alerts().len(), 1, "{:?}", world.unusual());
    // A process that starts with another rule switched on does not tell what happened hours ago.
    world.pass(3 * HOUR);
    let late = open();
    late.reconciler().tick().unwrap();
    assert_eq!(world.alerts().iter().filter(|state| state.alert.kind == AlertKind::FirstDestructive).count(), 1);
}
