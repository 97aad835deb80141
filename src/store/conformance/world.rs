//! People, rules, and random stories told by the real workflow.

use std::collections::BTreeMap;

use crate::command::{
    Answer, Approve, Ask, BreakGlass, Command, CompleteReview, Delegate, Deny, Extend, Release, ReportStanding, Resume,
    Revoke, Submit, Suspend, Undelegate, WaiveReview, Withdraw,
};
use crate::journal::{Hash, Record};
use crate::model::{
    Action, Actor, ApprovalRule, Caller, Conditions, Cut, DelegationId, EscalationRule, Event, Fact, Grant, GrantId,
    Justification, Permission, PermissionSet, Principal, RequestId, Resource, Revision, Role, RoleName, Scope, SignIn,
    Standing, TicketUrl, Timestamp, Ttl,
};
use crate::store::{Batch, ListedRequest, Position, RecordQuery, Store, StoreError};
use crate::workflow::{
    BreakGlassRules, Call, Count, History, Ids, Limits, Needs, Rules, Tally, View, Whose, decide, note,
};

/// When every story begins.
pub const START: i64 = 1_800_000_000_000;
const MINUTE: i64 = 60_000;

/// The instant `millis` after the story's beginning.
#[must_use]
pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(START + millis).unwrap()
}

/// The length of so many minutes.
#[must_use]
pub fn minutes(minutes: i64) -> Ttl {
    Ttl::from_millis(minutes * MINUTE).unwrap()
}

/// The role of this name.
#[must_use]
pub fn role(name: &str) -> RoleName {
    RoleName::new(name).unwrap()
}

/// The user of this name at example.com, signed in with these roles of the host.
#[must_use]
pub fn person(name: &str, roles: &[&str]) -> Caller {
    let principal = Principal::user(&format!("{name}@example.com")).unwrap();
    Caller::new(principal, roles.iter().map(|name| role(name)).collect())
}

/// One seed, one sequence.
#[derive(Debug, Clone)]
pub struct Dice(fastrand::Rng);

impl Dice {
    /// The sequence of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0.u64(..)
    }

    /// A number below `sides`, or 0.
    pub fn below(&mut self, sides: usize) -> usize {
        self.0.usize(..sides.max(1))
    }
}

/// Who plays, each as the host authenticates them.
#[must_use]
pub fn cast() -> Vec<Caller> {
    let caller = |principal: Principal, roles: &[&str]| Caller {
        principal,
        roles: roles.iter().map(|name| role(name)).collect(),
        permissions: (!roles.is_empty()).then(|| vec![Permission::new("tools.read").unwrap()]),
        acts_for: None,
        sign_in: SignIn::new(["pwd", "otp"], Some("urn:a'b"), Some(at(0))).ok(),
    };
    let user = |name: &str| Principal::user(name).unwrap();
    vec![
        caller(user("ann@example.com"), &[]),
        caller(user("bob@example.com"), &["on-call"]),
        caller(user("cid@example.com"), &["approver"]),
        caller(user("dee@example.com"), &["sre", "approver"]),
        caller(user("zoë';--\"@example.com"), &["sre"]),
        // The same name as a person's, and somebody else.
        caller(Principal::agent("ann@example.com").unwrap(), &["developer"]),
    ]
}

/// What the operator of every story has set.
#[must_use]
pub fn rules() -> Rules {
    let permission = |text: &str| Permission::new(text).unwrap();
    let entry = |name: &str, permissions: PermissionSet, approvers: Option<&[&str]>| {
        let entry = Role {
            name: role(name),
            description: String::new(),
            permissions,
            max_duration: None,
            default_duration: None,
            approver_roles: approvers.map(|names| names.iter().map(|name| role(name)).collect()),
            approval: Vec::new(),
            requestable_by: None,
            conditions: Conditions::default(),
            conflicts_with: vec![role("reader")],
        };
        (entry.name.clone(), entry)
    };
    let vault = PermissionSet::new([permission("vault.*")]).unwrap();
    let (vault_name, vault) = entry("vault", vault, None);
    let step =
        |name: &str, escalation: Option<EscalationRule>| ApprovalRule { roles: vec![role(name)], count: 1, escalation };
    let escalation = EscalationRule { after: minutes(10), to: vec![role("on-call"), role("approver")] };
    let vault = Role { approval: vec![step("sre", Some(escalation)), step("approver", None)], ..vault };
    Rules {
        limits: Limits::default(),
        max_duration: minutes(240),
        default_duration: minutes(60),
        require_justification: false,
        approval_timeout: minutes(30),
        approver_roles: vec![role("approver"), role("security")],
        auto_approve_for_roles: vec![role("on-call")],
        max_extensions: 3,
        break_glass: BreakGlassRules {
            enabled: true,
            eligible_roles: vec![role("on-call"), role("developer")],
            mfa_within: minutes(10_000),
            review_within: minutes(90),
            ..BreakGlassRules::default()
        },
        catalogue: BTreeMap::from([
            (vault_name, vault),
            entry("reader", PermissionSet::new([permission("logs:read"), permission("tools.read")]).unwrap(), None),
            entry(
                "deploy'er \"",
                PermissionSet::with_exceptions([permission("tools.*")], [permission("tools.delete")]).unwrap(),
                // The same role twice is one role.
                Some(&["sre", "sre"]),
            ),
        ]),
        ..Rules::default()
    }
}

/// The request of somebody for something, as the workflow makes it, and the events that say so.
#[must_use]
pub fn submit(who: &Caller, number: u128, now: Timestamp) -> Vec<Event> {
    let command = Submit::new(role("reader")).into();
    decide(&View::default(), &Call::new(who, &command, Ids::from_u128(number)), &rules(), now).unwrap()
}

/// The use of a grant.
#[must_use]
pub fn used(grant: GrantId, now: Timestamp) -> Event {
    Event {
        at: now,
        by: Actor::Principal(cast()[1].principal.clone()),
        fact: Fact::GrantUsed {
            details: None,
            grant,
            action: Action::new("logs:read").unwrap(),
            resource: Resource::everything(),
            drill: false,
            left: None,
            used_at: None,
        },
    }
}

/// Commits a request of Bob's, whom a rule approves at once, and answers its grant.
pub fn granted(store: &dyn Store, number: u128, now: Timestamp) -> Grant {
    let events = submit(&cast()[1], number, now);
    store.commit(&Batch { decided_from: Some(store.head().unwrap().revision), events, ..Batch::default() }).unwrap();
    store.grant(GrantId::from_u128(number)).unwrap().grant.unwrap()
}

/// A story: what people did, in order, each step made from one number.
///
/// Numbers make good steps: a list of them can be drawn, shrunk and written into a bug report.
#[derive(Debug)]
pub struct Story {
    rules: Rules,
    cast: Vec<Caller>,
    /// The instant of the story.
    pub now: Timestamp,
    /// Of what the next command may make.
    ids: Ids,
    /// Every event so far.
    pub events: Vec<Event>,
    requests: Vec<RequestId>,
    grants: Vec<GrantId>,
    delegations: Vec<DelegationId>,
}

impl Default for Story {
    fn default() -> Self {
        Self::new()
    }
}

impl Story {
    /// A story in which nothing has happened.
    #[must_use]
    pub fn new() -> Self {
        Self {
            rules: rules(),
            cast: cast(),
            now: at(0),
            ids: Ids::from_u128(0),
            events: Vec::new(),
            requests: Vec::new(),
            grants: Vec::new(),
            delegations: Vec::new(),
        }
    }

    /// The requests there are.
    pub fn requests(&self) -> impl Iterator<Item = RequestId> {
        self.requests.iter().copied()
    }

    /// The grants there are.
    pub fn grants(&self) -> impl Iterator<Item = GrantId> {
        self.grants.iter().copied()
    }

    /// The delegations there are.
    pub fn delegations(&self) -> impl Iterator<Item = DelegationId> {
        self.delegations.iter().copied()
    }

    /// Lets one more thing happen, or be refused.
    pub fn tell(&mut self, store: &dyn Store, step: u64) {
        let mut dice = Dice::new(step);
        let pace = [0, 1, 999, MINUTE, 7 * MINUTE, 25 * MINUTE][dice.below(6)];
        self.now = Timestamp::from_millis(self.now.millis() + pace).unwrap();
        let who = self.cast[dice.below(self.cast.len())].clone();
        self.ids = Ids::from_u128(dice.roll().into());
        match dice.below(26) {
            24 | 25 => self.delegate(store, who, &mut dice),
            0..=4 => self.submit(store, who, &mut dice),
            5..=7 => {
                let Some(request) = pick(&self.requests, &mut dice) else { return };
                let comment = (dice.below(2) == 0).then(|| Justification::new("fine").unwrap());
                let cut = Cut {
                    permissions: [None, PermissionSet::new([Permission::new("tools.read").unwrap()]).ok()]
                        [dice.below(2)]
                    .clone(),
                    scope: [None, Some(Scope::ANY), "tool@server:s'1".parse().ok()][dice.below(3)].clone(),
                    duration: [None, Some(minutes(5))][dice.below(2)],
                    conditions: Conditions::default(),
                };
                let command = Approve::new(request).at_most(cut).comment(comment);
                self.about_request(store, request, &who, command);
            }
            8 => {
                let Some(request) = pick(&self.requests, &mut dice) else { return };
                let reason = Justification::new("not\ntoday").unwrap();
                self.about_request(store, request, &who, Deny::new(request, reason));
            }
            9 => {
                let Some(request) = pick(&self.requests, &mut dice) else { return };
                let mut who = who;
                if let Some(known) = store.request(request).unwrap().request {
                    who.principal = known.requester;
                }
                self.about_request(store, request, &who, Withdraw::new(request));
            }
            10 => {
                let Some(grant) = pick(&self.grants, &mut dice) else { return };
                let reason = Justification::new("enough").unwrap();
                self.about_grant(store, grant, &who, Revoke::new(grant, reason));
            }
            11 => {
                let Some(grant) = pick(&self.grants, &mut dice) else { return };
                let mut who = who;
                if let Some(known) = store.grant(grant).unwrap().grant {
                    who.principal = known.holder;
                }
                self.about_grant(store, grant, &who, Release::new(grant));
            }
            14 => {
                let Some(request) = pick(&self.requests, &mut dice) else { return };
                let question = Justification::new("what for?").unwrap();
                self.about_request(store, request, &who, Ask::new(request, question));
            }
            15 => {
                let Some(request) = pick(&self.requests, &mut dice) else { return };
                let mut who = who;
                if let Some(known) = store.request(request).unwrap().request {
                    who.principal = known.requester;
                }
                let answer = Justification::new("that").unwrap();
                let duration = [None, Some(minutes(3))][dice.below(2)];
                let scope = [None, "server:s'1".parse().ok()][dice.below(2)].clone();
                let command = Answer::new(request, answer).duration(duration).resource(scope);
                self.about_request(store, request, &who, command);
            }
            16 => {
                let Some(grant) = pick(&self.grants, &mut dice) else { return };
                let reason = Justification::new("wait").unwrap();
                self.about_grant(store, grant, &who, Suspend::new(grant, reason));
            }
            17 => {
                let Some(grant) = pick(&self.grants, &mut dice) else { return };
                self.about_grant(store, grant, &who, Resume::new(grant));
            }
            18 => {
                let Some(grant) = pick(&self.grants, &mut dice) else { return };
                let Some(known) = store.grant(grant).unwrap().grant else { return };
                let id = self.ids.request;
                let duration = [None, Some(minutes(5))][dice.below(2)];
                let command = Extend::new(grant).duration(duration);
                let who = Caller { principal: known.holder.clone(), ..who };
                let needs = Needs { extended: Some(known.id), chain: true, ..Needs::default() };
                let view = view(store, &needs, self.now);
                if self.decide(store, &view, &who, &command.into()) {
                    self.requests.push(id);
                }
            }
            19 => {
                let whose = self.cast[dice.below(self.cast.len())].clone();
                let standing = Standing { enabled: dice.below(3) > 0, roles: whose.roles };
                let (revision, live) = live_grants(store, self.now);
                let known = standing_of(store, &whose.principal);
                let known = known.map(|known| (whose.principal.clone(), known)).into_iter().collect();
                let history = History { live, ..History::default() };
                let view = View { revision, standing: known, history, ..View::default() };
                let report = ReportStanding::new(whose.principal, standing.enabled).roles(standing.roles).into();
                let call = Call { caller: None, command: &report, ids: self.ids, keyed: false };
                let events = decide(&view, &call, &self.rules, self.now).unwrap();
                self.commit(store, Batch { decided_from: Some(revision), events, ..Batch::default() });
            }
            20 | 21 => {
                let id = self.ids.request;
                let command = BreakGlass::new(role("reader"))
                    .duration([None, Some(minutes(10))][dice.below(2)])
                    .reason(Justification::new("all is 'down'").unwrap())
                    .drill(dice.below(2) == 0);
                if self.about_request(store, id, &who, command) {
                    self.requests.push(id);
                }
            }
            22 => {
                let Some(grant) = pick(&self.grants, &mut dice) else { return };
                let finding = Justification::new("as said").unwrap();
                let command = CompleteReview::new(grant, dice.below(2) == 0, finding);
                self.about_grant(store, grant, &who, command);
            }
            23 => {
                let Some(grant) = pick(&self.grants, &mut dice) else { return };
                let command = WaiveReview::new(grant, Justification::new("a drill").unwrap());
                self.about_grant(store, grant, &who, command);
            }
            12 | 13 => {
                // Several grants in one batch, one of them perhaps unknown to the store.
                let mut events = Vec::new();
                for _ in 0..=dice.below(4) {
                    events.extend(pick(&self.grants, &mut dice).map(|grant| used(grant, self.now)));
                }
                self.commit(store, Batch { events, ..Batch::default() });
            }
            _ => {
                let due = store.due(self.now, 1 + dice.below(5)).unwrap();
                let from = due.iter().map(|view| view.revision).min();
                let events = due.iter().flat_map(|view| note(view, self.now)).collect();
                self.commit(store, Batch { decided_from: from, events, ..Batch::default() });
            }
        }
    }

    /// Lends a role, or ends an earlier delegation.
    fn delegate(&mut self, store: &dyn Store, caller: Caller, dice: &mut Dice) {
        let earlier = pick(&self.delegations, dice).filter(|_| dice.below(3) == 0);
        let id = earlier.unwrap_or(self.ids.delegation);
        let command: Command = if earlier.is_some() {
            Undelegate::new(id).into()
        } else {
            let from = self.now.saturating_add(minutes([1, 5][dice.below(2)]));
            Delegate::new(
                self.cast[dice.below(self.cast.len())].principal.clone(),
                from.saturating_add(minutes([1, 40][dice.below(2)])),
                Justification::new("a day's\trest ☃").unwrap(),
            )
            .starts_at((dice.below(2) == 0).then_some(from))
            .into()
        };
        let view = store.delegation(id).unwrap();
        let made = self.decide(store, &view, &caller, &command);
        if made && earlier.is_none() {
            self.delegations.push(id);
        }
    }

    fn submit(&mut self, store: &dyn Store, caller: Caller, dice: &mut Dice) {
        let id = self.ids.request;
        let roles: Vec<_> = self.rules.catalogue.keys().cloned().collect();
        let command = Submit::new(roles[dice.below(roles.len())].clone())
            .duration([None, Some(minutes(1)), Some(minutes(600))][dice.below(3)])
            .resource(
                ["*", "tool", "server:s'1", "tool:a\"; DROP TABLE grants; --"][dice.below(4)].parse::<Scope>().unwrap(),
            )
            .starts_at((dice.below(3) == 0).then(|| self.now.saturating_add(minutes(20))))
            .reason((dice.below(2) == 0).then(|| Justification::new("disk\tfull ☃").unwrap()))
            .ticket_url((dice.below(2) == 0).then(|| TicketUrl::new("https://t.example/1?a='").unwrap()));
        if self.about_request(store, id, &caller, command) {
            self.requests.push(id);
        }
    }

    fn about_request(&mut self, store: &dyn Store, id: RequestId, who: &Caller, command: impl Into<Command>) -> bool {
        let view = view(store, &Needs { review: true, chain: true, ..Needs::request(id) }, self.now);
        self.decide(store, &view, who, &command.into())
    }

    fn about_grant(&mut self, store: &dyn Store, id: GrantId, who: &Caller, command: impl Into<Command>) -> bool {
        let view = view(store, &Needs { chain: true, ..Needs::grant(id) }, self.now);
        self.decide(store, &view, who, &command.into())
    }

    fn decide(&mut self, store: &dyn Store, view: &View, who: &Caller, command: &Command) -> bool {
        let call = Call::new(who, command, self.ids);
        let Ok(events) = decide(view, &call, &self.rules, self.now) else { return false };
        self.commit(store, Batch { decided_from: Some(view.revision), events, ..Batch::default() })
    }

    fn commit(&mut self, store: &dyn Store, batch: Batch) -> bool {
        match store.commit(&batch) {
            Ok(records) => {
                assert_eq!(records.len(), batch.events.len());
                for event in batch.events {
                    if let Fact::GrantCreated(grant) = &event.fact {
                        self.grants.push(grant.id);
                    }
                    self.events.push(event);
                }
                true
            }
            Err(StoreError::Conflict) => panic!("nobody else writes, and the commit conflicts"),
            Err(error) => panic!("{error}: {error:?}"),
        }
    }
}

fn pick<T: Copy>(all: &[T], dice: &mut Dice) -> Option<T> {
    if all.is_empty() { None } else { Some(all[dice.below(all.len())]) }
}

/// Everything that the store answers to `needs`, at `now`.
fn view(store: &dyn Store, needs: &Needs, now: Timestamp) -> View {
    store.view(needs, now).unwrap()
}

/// The live grants, newest first, and the revision this is true of.
pub fn live_grants(store: &dyn Store, now: Timestamp) -> (Revision, Vec<Grant>) {
    let view = view(store, &Needs { live: Some(Whose::Everybody), ..Needs::default() }, now);
    (view.revision, view.history.live)
}

/// What was reported last of somebody.
pub fn standing_of(store: &dyn Store, who: &Principal) -> Option<Standing> {
    let needs = Needs { standing_of: [who.clone()].into(), ..Needs::default() };
    view(store, &needs, Timestamp::EPOCH).standing.remove(who)
}

/// Every extension of the chain of this grant, in order.
pub fn extensions(store: &dyn Store, grant: GrantId) -> Vec<Grant> {
    view(store, &Needs { chain: true, ..Needs::grant(grant) }, Timestamp::EPOCH).extensions
}

/// The break-glass grants without a review.
pub fn unreviewed(store: &dyn Store) -> Vec<Grant> {
    let needs = Needs { unreviewed: Some(Whose::Everybody), ..Needs::default() };
    view(store, &needs, Timestamp::EPOCH).history.unreviewed
}

/// How much this person has.
pub fn tally(store: &dyn Store, person: &Principal, now: Timestamp, nth: u64) -> Tally {
    let tally = Some(Count { person: Some(person.clone()), nth });
    view(store, &Needs { tally, ..Needs::default() }, now).tally
}

/// All records after a revision, and the revision of the head.
pub fn journal(store: &dyn Store, after: Revision, limit: usize) -> (Revision, Vec<Record>) {
    let (head, records) = store.records(&RecordQuery::after(after, limit)).unwrap();
    (head.revision, records)
}

/// Those of them that change state.
pub fn changes(store: &dyn Store, after: Revision, limit: usize) -> (Revision, Vec<Record>) {
    let (head, records) = store.records(&RecordQuery::changes_after(after, limit)).unwrap();
    (head.revision, records)
}

/// The position of a record that the store has.
pub fn position(store: &dyn Store, revision: Revision) -> Position {
    let before = Revision(revision.0.saturating_sub(1));
    let record = journal(store, before, 1).1.pop().filter(|record| record.revision == revision);
    let hash = record.map_or(Hash::GENESIS, |record| record.hash);
    Position { lineage: store.head().unwrap().lineage, revision, hash }
}

/// Whether the store's journal has grown since this revision of it.
pub fn has_grown(store: &dyn Store, since: Revision) -> bool {
    store.has_grown(&position(store, since)).unwrap()
}

/// The row's value beside the revision that made it.
pub type Rows<T> = Vec<(Revision, T)>;

/// Every request and every grant, newest first.
pub fn everything(store: &dyn Store, now: Timestamp) -> (Rows<ListedRequest>, Rows<Grant>) {
    use crate::store::{Page, Visible};
    let requests =
        store.requests(&Page { visible: Visible::All, status: None, now, before: None, limit: usize::MAX }).unwrap();
    let grants =
        store.grants(&Page { visible: Visible::All, status: None, now, before: None, limit: usize::MAX }).unwrap();
    (requests, grants)
}
