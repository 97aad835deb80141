//! Access without approval: what is on disk before anybody is answered, and who is told.

use std::sync::Arc;

use jit_access::clock::ManualClock;
use jit_access::command::BreakGlass;
use jit_access::config::Config;
use jit_access::model::*;
use jit_access::service::{Builder, Engine};
use jit_access::store::{MemoryStore, Reads, RecordQuery, Store};
use serde_json::Value;

const CONFIG: &str = "jit_access: {approver_roles: [lead], break_glass: {enabled: true, eligible_roles: [sre], require_mfa: false, \
    max_duration_hours: 1, review_within_hours: 1, reviewer_roles: [guard]}, \
    roles: {responder: {permissions: [tools.execute]}}}";

struct World {
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
    engine: Engine,
}

impl World {
    fn new(config: &str) -> Self {
        let store = Arc::new(MemoryStore::new());
        let clock = Arc::new(ManualClock::at("2026-12-01T09:00:00Z".parse().unwrap()));
        let rules = Config::parse(config, []).unwrap().rules;
        let engine = Builder::shared(Arc::clone(&store) as _, rules).clock(Arc::clone(&clock) as _).open().unwrap();
        Self { store, clock, engine }
    }

    fn take(&self, drill: bool) -> Grant {
        let workflow = self.engine.workflow();
        let command = BreakGlass::new(RoleName::new("responder").unwrap())
            .reason(Justification::new("the shop is down").unwrap())
            .drill(drill);
        workflow.execute(&sre(), command, None).unwrap().grant.unwrap()
    }

    fn messages(&self) -> Vec<Value> {
        let leased = self.store.lease_notices(self.engine.now(), Timestamp::MAX, 100).unwrap();
        for one in &leased {
            self.store.plan_notice(one.id, "", &[], self.engine.now()).unwrap();
        }
        let told = leased.iter().map(|one| serde_json::from_str::<Value>(&one.message.body).unwrap());
        told.filter(|notice| ["break_glass", "break_glass_review_overdue"].iter().any(|kind| notice["kind"] == *kind))
            .collect()
    }

    fn check(&self) -> Decision {
        let action = Action::new("tools.execute").unwrap();
        let principal = sre().principal;
        let query = Query { principal: &principal, action: &action, resource: &Resource::everything() };
        self.engine.decider().check(&query.into()).unwrap()
    }

    fn uses_on_record(&self) -> Vec<bool> {
        let (_, records) = self.store.records(&RecordQuery::after(Revision::ZERO, 1_000)).unwrap();
        let drill = |record: &jit_access::internal::journal::Record| match record.event.fact {
            Fact::GrantUsed { drill, .. } => Some(drill),
            _ => None,
        };
        records.iter().filter_map(drill).collect()
    }
}

fn sre() -> Caller {
    Caller::new(Principal::user("sre@example.com").unwrap(), vec![RoleName::new("sre").unwrap()])
}

#[test]
fn security_is_told_with_the_facts_and_once_more_when_nobody_reviews() {
    let world = World::new(CONFIG);
    let grant = world.take(false);
    let [notice] = <[Value; 1]>::try_from(world.messages()).unwrap();
    assert_eq!(notice["kind"], "break_glass");
    assert_eq!(notice["grant_id"], grant.id.to_string());
    assert_eq!(notice["holder"], "sre@example.com");
    assert_eq!(notice["reason"], "the shop is down");
    assert_eq!(notice["skipped_approvers"], serde_json::json!(["lead"]));
    assert_eq!(notice["reviewer_roles"], serde_json::json!(["guard"]));
    assert_eq!((&notice["drill"], &notice["expires_at"]), (&Value::Null, &Value::from("2026-12-01T10:00:00.000Z")));
    world.clock.advance(2 * 3_600_000 - 1);
    world.engine.reconciler().tick().unwrap();
    assert!(world.messages().is_empty(), "the review is not overdue yet");
    world.clock.advance(1);
    for _ in 0..3 {
        world.engine.reconciler().tick().unwrap();
    }
    let [notice] = <[Value; 1]>::try_from(world.messages()).unwrap();
    assert_eq!(
        (&notice["kind"], &notice["grant_id"]),
        (&"break_glass_review_overdue".into(), &grant.id.to_string().into())
    );
}

#[test]
fn security_is_not_told_when_the_operator_says_so() {
    let world = World::new(&CONFIG.replace("enabled: true,", "enabled: true, notify_security_team: false,"));
    world.take(false);
    assert!(world.messages().is_empty());
}

#[test]
fn a_use_is_on_record_before_the_answer() {
    for drill in [false, true] {
        let world = World::new(CONFIG);
        world.take(drill);
        for count in 1..=3 {
            assert_eq!(world.check().outcome, Outcome::Allow);
            assert_eq!(world.uses_on_record(), vec![drill; count], "nothing has flushed");
        }
        // Another engine over the same store knows it as well, from opening and from following.
        let rules = Config::parse(CONFIG, []).unwrap().rules;
        let other = Builder::shared(Arc::clone(&world.store) as _, rules).clock(Arc::clone(&world.clock) as _);
        let other =
            World { engine: other.open().unwrap(), store: Arc::clone(&world.store), clock: Arc::clone(&world.clock) };
        assert_eq!(other.check().outcome, Outcome::Allow);
        assert_eq!(world.uses_on_record().len(), 4);
    }
}
