//! An engine, its clock, and ordinary sessions.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use jit_access::Check;
use jit_access::clock::ManualClock;
use jit_access::command::{Approve, Command, ListAlerts, Release, Revoke, Submit};
use jit_access::config::Config;
use jit_access::model::*;
use jit_access::service::{Builder, Engine};
use jit_access::store::{MemoryStore, Store};

pub(crate) const CONFIG: &str = "
jit_access:
  approver_roles: [lead]
  max_duration_hours: 8
  enhanced_audit: true
  risk: {production: ['server:prod'], working_hours: '06:00-22:00'}
  break_glass: {enabled: true, eligible_roles: [dev], require_mfa: false, review_within_hours: 4}
  roles:
    operator: {permissions: ['tools.*']}
    reader: {permissions: [tools.read, logs.read]}
  monitor: {enabled: true";
pub(crate) const SECOND: i64 = 1_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) grants: u64,
    seed: u64,
    /// The kinds that were expected, and came.
    pub(crate) told: RefCell<BTreeSet<AlertKind>>,
}

pub(crate) fn person(name: &str, roles: &[&str]) -> Caller {
    let roles = roles.iter().map(|role| RoleName::new(role).unwrap()).collect();
    Caller::new(Principal::user(&format!("{name}@example.com")).unwrap(), roles)
}

pub(crate) fn bot() -> Caller {
    let owner = person("owner", &[]).principal;
    Caller::new(Principal::agent("deploy-bot").unwrap(), vec![RoleName::new("dev").unwrap()]).acts_for(Some(owner))
}

pub(crate) fn why(text: &str) -> Justification {
    Justification::new(text).unwrap()
}

impl World {
    pub(crate) fn new(seed: u64, more: &str) -> Self {
        let clock = Self::morning();
        Self::over(Arc::new(MemoryStore::new()), clock, seed, more)
    }

    /// Eight o'clock on a Monday.
    pub(crate) fn morning() -> Arc<ManualClock> {
        Arc::new(ManualClock::at("2026-03-02T08:00:00Z".parse().unwrap()))
    }

    pub(crate) fn over(store: Arc<dyn Store>, clock: Arc<ManualClock>, seed: u64, more: &str) -> Self {
        let config = Config::parse(&format!("{CONFIG}{more}}}"), []).unwrap();
        let engine = Builder::shared(store.clone(), config.rules).settings(config.settings).clock(clock.clone());
        Self { engine: engine.open().unwrap(), store, clock, grants: 0, seed, told: RefCell::default() }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.seed >> 33) % bound
    }

    pub(crate) fn pass(&mut self, millis: i64) {
        self.clock.advance(millis);
        self.tick();
    }

    pub(crate) fn tick(&self) {
        self.engine.reconciler().tick().unwrap();
    }

    pub(crate) fn run(&self, caller: &Caller, command: impl Into<Command>) -> jit_access::Receipt {
        let receipt = self.engine.workflow().execute(caller, command, None).unwrap();
        self.tick();
        receipt
    }

    pub(crate) fn submit(&self, caller: &Caller, role: &str, hours: f64) -> RequestId {
        self.submit_for(caller, (role, hours), "INC-7")
    }

    pub(crate) fn submit_for(&self, caller: &Caller, (role, hours): (&str, f64), reason: &str) -> RequestId {
        let submit =
            Submit::new(RoleName::new(role).unwrap()).reason(why(reason)).duration(Ttl::from_hours(hours).unwrap());
        self.run(caller, submit).request.unwrap().id
    }

    /// A grant of this role, approved some minutes later by this reviewer.
    pub(crate) fn granted(&mut self, caller: &Caller, role: &str, hours: f64, reviewer: &Caller) -> GrantId {
        self.granted_for(caller, (role, hours), reviewer, "INC-7")
    }

    pub(crate) fn granted_for(
        &mut self,
        caller: &Caller,
        asked: (&str, f64),
        reviewer: &Caller,
        reason: &str,
    ) -> GrantId {
        let request = self.submit_for(caller, asked, reason);
        let wait = 2 * MINUTE + self.below(15) as i64 * MINUTE;
        self.pass(wait);
        self.grants += 1;
        self.run(reviewer, Approve::new(request)).grant.unwrap().id
    }

    pub(crate) fn uses(&self, caller: &Caller, action: &str, resource: &str) {
        let (action, resource): (Action, Resource) = (action.parse().unwrap(), resource.parse().unwrap());
        let query = Query { principal: &caller.principal, action: &action, resource: &resource };
        assert_eq!(self.engine.decider().check(&Check::new(query)).unwrap().outcome, Outcome::Allow);
        self.tick();
    }

    pub(crate) fn uses_told(&self, caller: &Caller, action: &str, resource: &str, context: &Context) {
        let (action, resource): (Action, Resource) = (action.parse().unwrap(), resource.parse().unwrap());
        let query = Query { principal: &caller.principal, action: &action, resource: &resource };
        let decision = self.engine.decider().check(&Check::new(query).context(context)).unwrap();
        assert_eq!(decision.outcome, Outcome::Allow);
        self.tick();
    }

    pub(crate) fn refused(&self, caller: &Caller, action: &str, context: &Context) {
        let (action, resource): (Action, Resource) = (action.parse().unwrap(), "tool:t1".parse().unwrap());
        let query = Query { principal: &caller.principal, action: &action, resource: &resource };
        let decision = self.engine.decider().check(&Check::new(query).context(context)).unwrap();
        assert_eq!(decision.outcome, Outcome::NotApplicable);
    }

    pub(crate) fn lead(&mut self) -> Caller {
        let number = self.below(4);
        person(&format!("lead{number}"), &["lead"])
    }

    /// One ordinary session: two to nine calls, minutes apart, from where and by what this person always works. In one of four
    /// the request names a tool, and only that one is used; now and then a call is refused.
    pub(crate) fn ordinary(&mut self, number: u64) {
        let named = (self.below(4) == 0).then(|| self.below(5));
        let from = told(
            &format!("10.1.{number}.{}", 1 + self.below(200)),
            &format!("client{number}/1.{}", self.below(30)),
            &format!("token-of-{number}"),
        );
        let caller = if number == 5 { bot() } else { person(&format!("dev{number}"), &["dev"]) };
        let (role, actions): (_, &[&str]) = match self.below(2) {
            0 => ("operator", &["tools.read", "tools.run", "tools.restart"]),
            _ => ("reader", &["tools.read", "logs.read"]),
        };
        let lead = self.lead();
        let reason = named.map_or_else(|| "INC-7".to_owned(), |tool| format!("INC-7: look at tool:t{tool}"));
        let grant = self.granted_for(&caller, (role, 1.0), &lead, &reason);
        for _ in 0..2 + self.below(8) {
            let wait = 20 * SECOND + self.below(150) as i64 * SECOND;
            self.pass(wait);
            let action = actions[self.below(actions.len() as u64) as usize];
            let other = self.below(5);
            self.uses_told(&caller, action, &format!("tool:t{}", named.unwrap_or(other)), &from);
            if self.below(8) == 0 {
                let details = UseDetails::default().by_standing(Some(false));
                self.refused(&caller, "secrets.read", &Context::default().details(Some(Arc::new(details))));
            }
        }
        match self.below(3) {
            0 => drop(self.run(&caller, Release::new(grant))),
            1 => drop(self.run(&lead, Revoke::new(grant, why("done")))),
            _ => self.pass(HOUR),
        }
        self.pass(SECOND);
    }

    /// So many working days of ordinary sessions.
    pub(crate) fn days(&mut self, days: usize, sessions: u64) {
        for _ in 0..days {
            for _ in 0..sessions {
                let number = self.below(6);
                self.ordinary(number);
            }
            let now = self.engine.now().millis();
            // Eight o'clock on the next day.
            self.pass((now / DAY + 1) * DAY + 8 * HOUR - now);
        }
    }

    pub(crate) fn alerts(&self) -> Vec<AlertState> {
        let listing = self.engine.workflow().alerts(&person("lead0", &["lead"]), &ListAlerts::default().limit(500));
        listing.unwrap().items
    }

    pub(crate) fn unusual(&self) -> Vec<String> {
        let unusual = |state: &AlertState| state.alert.kind.class() != AlertClass::Routine;
        self.alerts()
            .iter()
            .filter(|state| unusual(state))
            .map(|state| format!("{}: {}", state.alert.kind, state.alert.text))
            .collect()
    }

    /// That this kind was raised within a second before now, with these words.
    #[track_caller]
    pub(crate) fn expect(&self, kind: AlertKind, words: &[&str]) -> AlertState {
        let all = self.alerts();
        let now = self.engine.now().millis();
        let found = all.iter().find(|state| state.alert.kind == kind && now - state.raised_at.millis() <= SECOND);
        let found = found.unwrap_or_else(|| panic!("no {kind} within a second; {:?}", self.unusual()));
        assert!(found.raised_at.millis() - found.alert.since.millis() <= SECOND, "{found:?}");
        for word in words {
            assert!(found.alert.text.as_str().contains(word), "{}", found.alert.text);
        }
        self.told.borrow_mut().insert(kind);
        found.clone()
    }
}

/// What a host tells of a call.
pub(crate) fn told(address: &str, agent: &str, token: &str) -> Context {
    let details = UseDetails::default().user_agent(Some(DetailText::new(agent))).token_id(Some(DetailText::new(token)));
    Context::new(None, Some(address), None).unwrap().details(Some(Arc::new(details)))
}
