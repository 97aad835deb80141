//! A recorded week: who asked, who answered, what was used, told by the real workflow from one seed.
//!
//! Tests, benches and demonstrations read it. The same numbers give the same week, event by event. It is made piece by piece,
//! so a week of a million uses takes no more memory than its plan.

use std::collections::BTreeMap;

use super::world::{Dice, at, role};
use crate::command::{
    Approve, BreakGlass, Command, Delegate, Deny, Release, ReportStanding, Resume, Revoke, Submit, Suspend, Withdraw,
};
use crate::journal::digest;
use crate::model::{
    Action, Actor, ApprovalRule, Caller, Conditions, Event, Fact, Justification, Permission, PermissionSet, Principal,
    Refused, Resource, ResourceId, Role, RoleName, SignIn, TicketUrl, Timestamp, Ttl,
};
use crate::store::{Batch, Store};
use crate::workflow::{BreakGlassRules, Call, Ids, Limits, Rules, View, decide, evolve, note};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const LENGTH: i64 = 7 * 24 * HOUR;
/// The most uses in one batch.
const TOGETHER: usize = 1_000;

/// How much happens in a week.
///
/// ```
/// use jit_access::store::conformance::week::Week;
/// use jit_access::store::{MemoryStore, Store};
///
/// let store = MemoryStore::new();
/// Week::small().record(&store);
/// assert!(store.head()?.revision.0 > 400);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Week {
    /// The same seed tells the same week.
    pub seed: u64,
    /// How many people and agents ask. One in five is an agent, who acts for a person. Four more people review.
    pub principals: usize,
    /// How many grants are made. A fifth as many requests come to nothing.
    pub grants: usize,
    /// How many uses of grants there are.
    pub uses: usize,
}

impl Week {
    /// 50 people and agents, 200 grants, 100,000 uses.
    #[must_use]
    pub const fn whole() -> Self {
        Self { seed: 7, principals: 50, grants: 200, uses: 100_000 }
    }

    /// A week that a test can read many times: 10 people and agents, 24 grants, 300 uses.
    #[must_use]
    pub const fn small() -> Self {
        Self { seed: 7, principals: 10, grants: 24, uses: 300 }
    }

    /// The instant at which it begins.
    #[must_use]
    pub fn begins(&self) -> Timestamp {
        at(0)
    }

    /// An instant after its last event.
    #[must_use]
    pub fn ends(&self) -> Timestamp {
        at(LENGTH + 24 * HOUR)
    }

    /// Those who ask, each as the host authenticates them.
    #[must_use]
    pub fn askers(&self) -> Vec<Caller> {
        (0..self.principals).map(asker).collect()
    }

    /// What happens, in order. Uses come in batches of their own, as the engine writes them.
    pub fn batches(&self) -> impl Iterator<Item = Batch> + use<> {
        Telling::of(*self)
    }

    /// What was refused meanwhile, beside the journal: commands that the rules refuse, and calls that no grant covers.
    #[must_use]
    pub fn refused(&self) -> Vec<Refused> {
        let mut dice = Dice::new(self.seed + 1);
        let mut one = |_: usize| {
            let who = asker(dice.below(self.principals));
            let now = at(HOUR + scattered(LENGTH - HOUR, &mut dice));
            let who = (who.principal, who.acts_for);
            if dice.below(2) == 0 {
                let (command, code) = [("approve", "self_approval"), ("submit", "unknown_role")][dice.below(2)];
                return Refused::new(who, command, code, now).about("role db-admin", "not so");
            }
            let called =
                (Action::new("db.write").unwrap(), Resource::new("tool", &format!("t{}", dice.below(3))).unwrap());
            Refused::new(who, "check", "no_grant", now).call(called.0, called.1)
        };
        (0..self.grants * 2).map(&mut one).collect()
    }

    /// Writes the whole week to a store in which nothing has been written.
    pub fn record(&self, store: &dyn Store) {
        for mut batch in self.batches() {
            let changes = batch.events.iter().any(|event| event.fact.changes_state());
            batch.decided_from = changes.then(|| store.head().unwrap().revision);
            store.commit(&batch).unwrap();
        }
        store.add_refusals(&self.refused()).unwrap();
    }
}

/// The roles that can be requested, with what they give.
const ROLES: [(&str, &[&str]); 6] = [
    ("log-reader", &["logs.read", "logs.search"]),
    ("tool-runner", &["tools.execute", "tools.read"]),
    ("db-reader", &["db.read"]),
    ("db-admin", &["db.*"]),
    ("deployer", &["deploy.start", "deploy.stop", "deploy.status", "tools.execute"]),
    ("incident", &["*"]),
];

/// What is called under each of these roles.
const CALLED: [&[&str]; 6] = [
    &["logs.read", "logs.search"],
    &["tools.execute", "tools.read"],
    &["db.read"],
    &["db.read", "db.write", "db.migrate"],
    &["deploy.start", "deploy.status", "tools.execute"],
    &["db.read", "tools.execute", "logs.read", "servers.restart"],
];

const REASONS: [&str; 6] = [
    "INC-4711: checkout answers 500",
    "nightly migration of the orders table",
    "customer asks for the export of März, ticket 88",
    "release 2.14 to production",
    "look into slow queries, \"top 10\"",
    "rotate keys; see the runbook",
];

/// What the operator has set.
#[must_use]
pub fn rules() -> Rules {
    let entry = |(name, permissions): &(&str, &[&str])| {
        let permissions = permissions.iter().map(|text| Permission::new(text).unwrap());
        let steps: &[&str] = if *name == "db-admin" { &["team-lead", "security"] } else { &["team-lead"] };
        let step = |name: &&str| ApprovalRule { roles: vec![role(name)], count: 1, escalation: None };
        let entry = Role {
            name: role(name),
            description: String::new(),
            permissions: PermissionSet::new(permissions).unwrap(),
            max_duration: None,
            default_duration: None,
            approver_roles: None,
            approval: steps.iter().map(step).collect(),
            requestable_by: None,
            conditions: Conditions::default(),
            conflicts_with: Vec::new(),
        };
        (entry.name.clone(), entry)
    };
    Rules {
        limits: Limits::default(),
        require_justification: false,
        approver_roles: vec![role("team-lead"), role("security")],
        break_glass: BreakGlassRules {
            enabled: true,
            eligible_roles: vec![role("developer")],
            mfa_within: Ttl::from_millis(2 * LENGTH).unwrap(),
            ..BreakGlassRules::default()
        },
        catalogue: ROLES.iter().map(entry).collect::<BTreeMap<RoleName, Role>>(),
        ..Rules::default()
    }
}

fn asker(number: usize) -> Caller {
    let name = |number: usize| format!("person{number:02}@example.com");
    let person = |number| Principal::user(&name(number)).unwrap();
    let is_agent = number % 5 == 4;
    let principal = if is_agent { Principal::agent(&format!("bot{number:02}")).unwrap() } else { person(number) };
    Caller {
        acts_for: is_agent.then(|| person(number - 4)),
        sign_in: SignIn::new(["pwd", "otp"], None, Some(at(0))).ok(),
        ..Caller::new(principal, vec![role("developer")])
    }
}

/// The reviewers: two team leads and two of security.
fn reviewer(number: usize) -> Caller {
    let (name, holds) =
        [("lea", "team-lead"), ("leo", "team-lead"), ("sol", "security"), ("sue", "security")][number % 4];
    Caller::new(Principal::user(&format!("{name}@example.com")).unwrap(), vec![role(holds)])
}

/// One request, and what becomes of it.
#[derive(Debug)]
struct Course {
    asker: Caller,
    role: usize,
    scope: String,
    /// Whether nobody is asked.
    emergency: bool,
    fate: Fate,
    hours: i64,
    view: View,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Expires,
    Released,
    Revoked,
    /// Held back for some minutes, and then it expires.
    Suspended,
    Denied,
    Withdrawn,
}

impl Fate {
    const fn is_granted(self) -> bool {
        !matches!(self, Self::Denied | Self::Withdrawn)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Report(usize),
    Delegate(usize),
    Configure(usize),
    Request(usize),
    Review(usize, usize),
    Withdraw(usize),
    Note(usize),
    Suspend(usize),
    Resume(usize),
    Use(usize),
    Release(usize),
    Revoke(usize),
}

struct Telling {
    rules: Rules,
    dice: Dice,
    courses: Vec<Course>,
    /// What happens, with milliseconds since the beginning, last first.
    steps: Vec<(i64, Step)>,
    askers: Vec<Caller>,
}

impl Telling {
    fn of(week: Week) -> Self {
        let mut dice = Dice::new(week.seed);
        let askers = week.askers();
        let mut steps: Vec<(i64, Step)> = Vec::with_capacity(week.uses + 8 * week.grants + week.principals);
        steps.extend((0..askers.len()).map(|who| (span(who), Step::Report(who))));
        steps.push((HOUR, Step::Delegate(0)));
        steps.extend((0..7).map(|day| (day as i64 * 24 * HOUR + HOUR / 2, Step::Configure(day))));
        let mut courses = Vec::new();
        let mut granted = Vec::new();
        for number in 0..week.grants + week.grants / 5 {
            let course = course(&askers, number < week.grants, &mut dice);
            let asked = HOUR + 1 + scattered(LENGTH - 14 * HOUR, &mut dice);
            let used = plan(number, &course, asked, &mut steps, &mut dice);
            granted.extend(course.fate.is_granted().then_some((number, used)));
            courses.push(course);
        }
        for _ in 0..week.uses {
            // Some grants are used far more than others.
            let far = dice.below(granted.len()).min(dice.below(granted.len()));
            let Some((number, (from, until))) = granted.get(far) else { break };
            steps.push((from + scattered(until - from, &mut dice), Step::Use(*number)));
        }
        steps.sort_unstable_by_key(|step| std::cmp::Reverse(*step));
        Self { rules: rules(), dice, courses, steps, askers }
    }

    fn uses(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some((millis, Step::Use(number))) = self.steps.last().copied()
            && events.len() < TOGETHER
        {
            self.steps.pop();
            events.push(used(&self.courses[number], at(millis), &mut self.dice));
        }
        events
    }

    /// The events of a step that is no use.
    fn events(&mut self, now: Timestamp, step: Step) -> Vec<Event> {
        let Self { rules, dice, courses, askers, .. } = self;
        let number = match step {
            Step::Report(who) => {
                let report = ReportStanding::new(askers[who].principal.clone(), true).roles(askers[who].roles.clone());
                let (command, ids) = (report.into(), Ids::from_u128(0));
                let call = Call { caller: None, command: &command, ids, keyed: false };
                return decide(&View::default(), &call, rules, now).unwrap();
            }
            Step::Delegate(_) => {
                let until = now.saturating_add(Ttl::from_millis(24 * HOUR).unwrap());
                let delegate = Delegate::new(reviewer(1).principal, until, Justification::new("a day off").unwrap());
                let (command, caller) = (delegate.into(), reviewer(0));
                let call = Call::new(&caller, &command, Ids::from_u128(1));
                return decide(&View::default(), &call, rules, now).unwrap();
            }
            Step::Configure(day) => {
                let digest = |what: &str| digest(&format!("{what} of day {day}"));
                let fact = Fact::ConfigurationChanged {
                    digest: digest("all"),
                    catalogue: Some(digest("roles")),
                    roles: None,
                    policies: None,
                    account: Some("jit".into()),
                    grants: 0,
                    requests: 0,
                };
                return vec![Event { at: now, by: Actor::Host, fact }];
            }
            Step::Note(number) => {
                let course = &mut courses[number];
                return course.tell(note(&course.view, now));
            }
            Step::Request(number)
            | Step::Review(number, _)
            | Step::Withdraw(number)
            | Step::Suspend(number)
            | Step::Resume(number)
            | Step::Use(number)
            | Step::Release(number)
            | Step::Revoke(number) => number,
        };
        let course = &mut courses[number];
        let ids = Ids::from_u128(1_000 + number as u128);
        let (request, grant) = (ids.request, ids.grant);
        let why = |text: &str| Justification::new(text).unwrap();
        let (who, command): (Caller, Command) = match step {
            Step::Request(_) if course.emergency => {
                let taken = BreakGlass::new(role(ROLES[course.role].0)).reason(why("the site is down"));
                (course.asker.clone(), taken.into())
            }
            Step::Request(_) => {
                let length = Ttl::from_millis(course.hours * HOUR).unwrap();
                let ticket = format!("https://tickets.example.com/browse/OPS-{}", dice.below(400));
                let submit = Submit::new(role(ROLES[course.role].0))
                    .duration(length)
                    .resource(course.scope.parse::<crate::model::Scope>().unwrap())
                    .reason(why(REASONS[dice.below(REASONS.len())]))
                    .ticket_url((dice.below(3) > 0).then(|| TicketUrl::new(&ticket).unwrap()));
                (course.asker.clone(), submit.into())
            }
            Step::Review(_, nth) => {
                let by = reviewer(nth * 2 + dice.below(2));
                let command: Command = if course.fate == Fate::Denied {
                    Deny::new(request, why("please ask the owners first")).into()
                } else {
                    Approve::new(request).comment((dice.below(2) == 0).then(|| why("fine with me"))).into()
                };
                (by, command)
            }
            Step::Withdraw(_) => (course.asker.clone(), Withdraw::new(request).into()),
            Step::Suspend(_) => (reviewer(0), Suspend::new(grant, why("odd calls at night")).into()),
            Step::Resume(_) => (reviewer(0), Resume::new(grant).into()),
            Step::Release(_) => (course.asker.clone(), Release::new(grant).into()),
            _ => (reviewer(1), Revoke::new(grant, why("the incident is over")).into()),
        };
        let events = decide(&course.view, &Call::new(&who, &command, ids), rules, now);
        course.tell(events.unwrap_or_else(|refusal| panic!("{step:?} is refused: {refusal}")))
    }
}

impl Iterator for Telling {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        loop {
            let (millis, step) = self.steps.last().copied()?;
            let events = if matches!(step, Step::Use(_)) {
                self.uses()
            } else {
                self.steps.pop();
                self.events(at(millis), step)
            };
            if !events.is_empty() {
                return Some(Batch { events, ..Batch::default() });
            }
        }
    }
}

impl Course {
    fn tell(&mut self, events: Vec<Event>) -> Vec<Event> {
        for event in &events {
            self.view = evolve(std::mem::take(&mut self.view), event);
        }
        events
    }
}

fn course(askers: &[Caller], granted: bool, dice: &mut Dice) -> Course {
    let asker = askers[dice.below(askers.len()).min(dice.below(askers.len()))].clone();
    let emergency = granted && asker.acts_for.is_none() && dice.below(25) == 0;
    let role = if emergency { 5 } else { dice.below(5) };
    let fate = match (granted, dice.below(10)) {
        (true, 0..=4) => Fate::Expires,
        (true, 5 | 6) => Fate::Released,
        (true, 7 | 8) => Fate::Revoked,
        (true, _) => Fate::Suspended,
        (false, 0..=6) => Fate::Denied,
        (false, _) => Fate::Withdrawn,
    };
    let scope = match dice.below(3) {
        _ if emergency => "*".to_owned(),
        0 => "*".to_owned(),
        1 => format!("server:s{}", dice.below(6)),
        _ => format!("tool:t{}", dice.below(20)),
    };
    let hours = 1 + dice.below(8) as i64;
    let hours = if emergency { 1 } else { hours };
    Course { asker, role, scope, emergency, fate, hours, view: View::default() }
}

/// Plans what happens to a request; answers from when until when its grant can be used.
fn plan(number: usize, course: &Course, asked: i64, steps: &mut Vec<(i64, Step)>, dice: &mut Dice) -> (i64, i64) {
    steps.push((asked, Step::Request(number)));
    let mut began = asked;
    if !course.emergency {
        if course.fate == Fate::Withdrawn {
            steps.push((asked + MINUTE, Step::Withdraw(number)));
            return (asked, asked);
        }
        let reviews = if ROLES[course.role].0 == "db-admin" && course.fate.is_granted() { 2 } else { 1 };
        for nth in 0..reviews {
            began += MINUTE + scattered(10 * MINUTE, dice);
            steps.push((began, Step::Review(number, nth)));
        }
        if course.fate == Fate::Denied {
            return (asked, asked);
        }
    }
    steps.push((began + 1, Step::Note(number)));
    let ends = began + course.hours * HOUR;
    let middle = began + course.hours * HOUR / 2;
    let (last, step) = match course.fate {
        Fate::Released => (middle, Step::Release(number)),
        Fate::Revoked => (middle, Step::Revoke(number)),
        Fate::Suspended => {
            steps.push((middle, Step::Suspend(number)));
            steps.push((middle + 5 * MINUTE, Step::Resume(number)));
            steps.push((ends + 1, Step::Note(number)));
            return (began + 2, middle);
        }
        _ => (ends + 1, Step::Note(number)),
    };
    steps.push((last, step));
    (began + 2, last.min(ends))
}

fn used(course: &Course, now: Timestamp, dice: &mut Dice) -> Event {
    let called = CALLED[course.role];
    let thing = |kind: &str, id: String| ResourceId::new(kind, &id).unwrap();
    let resource = match course.scope.split_once(':') {
        Some(("server", id)) => Resource::new("tool", &format!("t{}", dice.below(20)))
            .and_then(|tool| tool.with_parent(thing("server", id.to_owned()))),
        Some((kind, id)) => Resource::new(kind, id),
        None => Resource::new("tool", &format!("t{}", dice.below(20)))
            .and_then(|tool| tool.with_parent(thing("server", format!("s{}", dice.below(6))))),
    };
    let grant = course.view.grant.as_ref().unwrap_or_else(|| panic!("a use before its grant"));
    Event {
        at: now,
        by: Actor::Principal(course.asker.principal.clone()),
        fact: Fact::GrantUsed {
            details: None,
            grant: grant.id,
            action: Action::new(called[dice.below(called.len())]).unwrap(),
            resource: resource.unwrap(),
            drill: false,
            left: None,
            used_at: None,
        },
    }
}

fn scattered(millis: i64, dice: &mut Dice) -> i64 {
    dice.below(usize::try_from(millis).unwrap_or_default()) as i64
}

const fn span(number: usize) -> i64 {
    number as i64
}

#[cfg(test)]
mod tests {
    use super::super::world::START;
    use super::*;
    use crate::model::Revision;
    use crate::store::{MemoryStore, Reads, RecordQuery};

    #[test]
    fn a_week_has_what_was_asked_for_and_is_the_same_again() {
        let week = Week::small();
        let events = |week: Week| week.batches().flat_map(|batch| batch.events).collect::<Vec<_>>();
        let told = events(week);
        let count = |name: &str| told.iter().filter(|event| event.fact.name() == name).count();
        assert_eq!((count("grant_created"), count("grant_used")), (week.grants, week.uses));
        assert!(count("request_denied") > 0 && count("grant_revoked") > 0 && count("grant_suspended") > 0);
        assert_eq!((count("configuration_changed"), week.refused().len()), (7, week.grants * 2));
        assert_eq!(told, events(week));
        assert_ne!(told, events(Week { seed: 8, ..week }));
        assert!(told.iter().all(|event| event.at >= week.begins() && event.at < week.ends()));
        let store = MemoryStore::new();
        week.record(&store);
        assert_eq!(store.verify().unwrap(), told.len() as u64);
        let (_, records) = store.records(&RecordQuery::after(Revision::ZERO, usize::MAX)).unwrap();
        assert!(records.windows(2).all(|two| two[0].event.at <= two[1].event.at));
        assert_eq!(told[0].at.millis(), START);
    }
}
