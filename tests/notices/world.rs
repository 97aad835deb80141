//! A world in which something is told: an engine in memory, people with roles, and a clock that the test moves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jit_access::clock::ManualClock;
use jit_access::command::{Approve, BreakGlass, Command, Submit};
use jit_access::config::Config;
use jit_access::model::*;
use jit_access::notify::{AddressKind, Contact, Notice, Reach};
use jit_access::service::{Builder, Directory, DirectoryError, Engine, Known, Outbox, Receipt};
use jit_access::store::conformance::world::{person, role};
use jit_access::store::{MemoryStore, Settled};

pub(crate) const CONFIG: &str = "jit_access:
  approver_roles: [lead]
  approval_timeout_hours: 24
  max_extensions: 3
  expiration_warning_minutes: [15, 5]
  break_glass: {enabled: true, eligible_roles: [sre], require_mfa: false, reviewer_roles: [guard], review_within_hours: 1}
  roles:
    operator: {permissions: [tools.*]}
    twin: {permissions: [tools.read], approval: [{roles: [lead]}, {roles: [owner], escalate_after_hours: 1, escalate_to: [boss]}]}
    once: {permissions: [tools.read], conditions: {max_uses: 1}}
  notifications: {use_digest_minutes: 10, KEYS}
";

/// Who holds which roles of the host; `lost@` has no address, and `judged@` has an account that is enabled.
#[derive(Debug)]
pub(crate) struct People;

impl Directory for People {
    fn standing(&self, who: &Principal) -> Result<Known, DirectoryError> {
        let enabled = Standing { enabled: true, roles: vec![] };
        Ok(if who.id().starts_with("judged") { enabled.into() } else { Known::NotJudged })
    }

    fn people_of(&self, wanted: &RoleName) -> Result<Vec<Principal>, DirectoryError> {
        let people = match wanted.as_str() {
            "lead" => vec!["lead", "second", "dev"],
            "owner" => vec!["owner", "lost"],
            "boss" => vec!["boss"],
            "guard" => vec!["guard"],
            _ => vec![],
        };
        Ok(people.into_iter().map(|name| person(name, &[]).principal).collect())
    }

    fn contact(&self, who: &Principal) -> Result<Contact, DirectoryError> {
        let known = Contact { zone: Some("Europe/Berlin".to_owned()), ..Contact::of(who) };
        Ok(if who.id().starts_with("lost") { Contact::default() } else { known })
    }
}

pub(crate) struct World {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) engine: Engine,
}

impl World {
    pub(crate) fn new(keys: &str) -> Self {
        Self::of(&CONFIG.replace("KEYS", keys))
    }

    pub(crate) fn of(config: &str) -> Self {
        let config = Config::parse(config, []).unwrap();
        let store = Arc::new(MemoryStore::new());
        let clock = Arc::new(ManualClock::at("2026-03-02T09:00:00Z".parse().unwrap()));
        let engine = Builder::shared(Arc::clone(&store) as _, config.rules)
            .settings(config.settings)
            .clock(Arc::clone(&clock) as _)
            .directory(People)
            .open()
            .unwrap();
        Self { store, clock, engine }
    }

    pub(crate) fn run(&self, who: &Caller, command: impl Into<Command>) -> Receipt {
        self.engine.workflow().execute(who, command, None).unwrap()
    }

    pub(crate) fn submit(&self, of: &str) -> RequestId {
        let command = Submit::new(role(of)).reason(Justification::new("INC-7").unwrap());
        self.run(&dev(), command.duration(Ttl::from_hours(1.0).unwrap())).request.unwrap().id
    }

    pub(crate) fn grant(&self) -> GrantId {
        let request = self.submit("operator");
        self.run(&lead(), Approve::new(request)).grant.unwrap().id
    }

    pub(crate) fn emergency(&self) -> GrantId {
        let reason = Justification::new("the shop is down").unwrap();
        self.run(&person("sre", &["sre"]), BreakGlass::new(role("operator")).reason(reason)).grant.unwrap().id
    }

    pub(crate) fn use_it(&self, who: &str) {
        self.use_on(who, "server:s1");
    }

    pub(crate) fn use_on(&self, who: &str, resource: &str) {
        let (action, principal) = (Action::new("tools.read").unwrap(), person(who, &[]).principal);
        let query = Query { principal: &principal, action: &action, resource: &resource.parse().unwrap() };
        assert_eq!(self.engine.decider().check(&query.into()).unwrap().outcome, Outcome::Allow);
        self.tick();
    }

    pub(crate) fn pass(&self, minutes: i64) {
        self.clock.advance(minutes * 60_000);
        self.tick();
    }

    pub(crate) fn tick(&self) {
        self.engine.reconciler().tick().unwrap();
    }

    /// What is told by mail now, each once: the kind, and to whom.
    pub(crate) fn told(&self) -> Vec<(String, BTreeSet<String>)> {
        self.sent(&mail()).into_iter().map(|(notice, people)| (notice.kind.name().to_owned(), people)).collect()
    }

    pub(crate) fn sent(&self, channels: &BTreeMap<String, Reach>) -> Vec<(Notice, BTreeSet<String>)> {
        let outbox: Outbox = self.engine.outbox();
        outbox.plan(channels).unwrap();
        let mut sent: BTreeMap<u64, (Notice, BTreeSet<String>)> = BTreeMap::new();
        for channel in channels.keys() {
            for leased in outbox.lease(channel, Timestamp::MAX, 1_000).unwrap() {
                outbox.settle(leased.delivery.id, &Settled::Sent { reference: None }).unwrap();
                let notice = Notice::parse(&leased.body).unwrap();
                let entry = sent.entry(leased.delivery.notice).or_insert((notice, BTreeSet::new()));
                let to = leased.delivery.recipient.person;
                entry.1.insert(to.map_or("target".to_owned(), |to| to.id().replace("@example.com", "")));
            }
        }
        sent.into_values().collect()
    }
}

pub(crate) fn mail() -> BTreeMap<String, Reach> {
    BTreeMap::from([("mail".to_owned(), Reach { people: Some(AddressKind::Email), target: true })])
}

pub(crate) fn dev() -> Caller {
    person("dev", &[])
}

pub(crate) fn lead() -> Caller {
    person("lead", &["lead"])
}

pub(crate) fn text(text: &str) -> Justification {
    Justification::new(text).unwrap()
}

pub(crate) fn told(kind: &str, people: &[&str]) -> (String, BTreeSet<String>) {
    (kind.to_owned(), people.iter().map(|one| (*one).to_owned()).collect())
}
