//! Who may do what: the whole of it in one file that people read, `tests/workflow_matrix.txt`, caller by act by state.
//!
//! The file is compared whole. When it is another one, the new one is printed; read the difference as what it is, a change
//! of who may do what, and then `BLESS=1 cargo test --test workflow_policy` writes it.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use jit_access::Error;
use jit_access::authz::{
    AuthzAction, AuthzContext, AuthzDecision, AuthzError, AuthzRequest, CedarPolicy, PlainPolicy, PolicyHandle,
    WorkflowPolicy,
};
use jit_access::clock::ManualClock;
use jit_access::command::{
    AcceptClock, AcceptStore, AcknowledgeAlert, Answer, Approve, Ask, BreakGlass, Command, CompleteReview, Delegate,
    Deny, Extend, ListRecords, Release, ReportStanding, Resume, Revoke, RevokeMany, Submit, Suspend, Undelegate,
    WaiveReview, Withdraw,
};
use jit_access::config::Config;
use jit_access::model::*;
use jit_access::service::{Builder, Engine, Receipt, Workflow};
use jit_access::store::conformance::world::person;
use jit_access::store::{MemoryStore, Store};
use jit_access::workflow::{Rules, may_see_delegation, sees_everything};

const HOUR: i64 = 3_600_000;

const CONFIG: &str = "
jit_access:
  approver_roles: [platform]
  auditor_roles: [auditor]
  approval_timeout_hours: 8
  max_duration_hours: 100
  break_glass:
    enabled: true
    eligible_roles: [oncall]
    reviewer_roles: [incident-review]
    review_within_hours: 1
    max_duration_hours: 1
  roles:
    operator:
      permissions: ['tools.*']
      approval:
        - {roles: [lead]}
        - {roles: [security], escalate_after_hours: 4, escalate_to: [manager]}
    payroll: {permissions: [payroll.read], approver_roles: [finance], requestable_by: [accountant]}
";

fn agent(name: &str, of: &str, roles: &[&str]) -> Caller {
    let acts_for = Some(person(of, &[]).principal);
    person(of, roles).acts_for(acts_for).principal(Principal::agent(name).unwrap())
}

/// Whom the rows are about. Those who ask hold a role that approves, so that it can be seen not to help them.
fn callers() -> Vec<(&'static str, Caller)> {
    vec![
        ("who asked", person("dev", &["lead", "accountant"])),
        ("their agent", agent("dev-bot", "dev", &["lead"])),
        ("agent that asked", agent("bot", "ann", &["lead"])),
        ("person behind it", person("ann", &["lead"])),
        ("holder, break-glass", person("h", &["oncall", "incident-review"])),
        ("lead", person("lea", &["lead"])),
        ("second lead", person("leo", &["lead"])),
        ("security", person("sec", &["security"])),
        ("both", person("two", &["lead", "security"])),
        ("manager", person("man", &["manager"])),
        ("lead, disabled", person("off", &["lead"])),
        ("delegate of lead", person("dan", &[])),
        ("delegate of who asked", person("eve", &[])),
        ("finance", person("fin", &["finance"])),
        ("platform", person("pat", &["platform"])),
        ("incident review", person("rev", &["incident-review"])),
        ("auditor", person("aud", &["auditor"])),
        ("stranger", person("nil", &[])),
    ]
}

fn named(name: &str) -> Caller {
    callers().into_iter().find(|(known, _)| *known == name).unwrap().1
}

fn words() -> Justification {
    Justification::new("because").unwrap()
}

/// A store in which there is one of everything, and an instant to look at it.
struct World {
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    requests: Vec<(&'static str, RequestId)>,
    grants: Vec<(&'static str, GrantId)>,
    /// Who holds each, where it is not the one who asks for everything.
    holders: Vec<(&'static str, Caller)>,
    delegations: Vec<(&'static str, DelegationId)>,
}

fn rules(policy: PolicyHandle) -> Rules {
    Config::parse(CONFIG, []).unwrap().rules.policy(policy)
}

impl World {
    fn engine(&self, policy: PolicyHandle) -> Engine {
        Builder::shared(Arc::clone(&self.store), rules(policy)).clock(self.clock.clone()).open().unwrap()
    }

    fn holder(&self, state: &str) -> Caller {
        let known = self.holders.iter().find(|(known, _)| *known == state);
        known.map_or_else(|| named("who asked"), |(_, holder)| holder.clone())
    }

    fn new() -> Self {
        let clock = Arc::new(ManualClock::at("2026-03-02T09:00:00Z".parse().unwrap()));
        let mut world = Self {
            store: Arc::new(MemoryStore::new()),
            clock,
            requests: Vec::new(),
            grants: Vec::new(),
            holders: Vec::new(),
            delegations: Vec::new(),
        };
        let engine = world.engine(PolicyHandle::from(PlainPolicy));
        let workflow = engine.workflow();
        let (dev, lea, sec) = (named("who asked"), named("lead"), named("security"));
        let off = named("lead, disabled");
        workflow.execute_for_host(ReportStanding::new(off.principal, false).roles(off.roles)).unwrap();

        let lend = |from: &Caller, to: &str, starts: Option<i64>, hours: i64| {
            let now = engine.now();
            let starts = starts.map(|hours| now.saturating_add(Ttl::from_hours(hours as f64).unwrap()));
            let until = now.saturating_add(Ttl::from_hours(hours as f64).unwrap());
            let to = named(to).principal;
            let made = run(&workflow, from, Delegate::new(to, until, words()).starts_at(starts));
            made.delegation.unwrap().id
        };
        world.delegations.push(("expired", lend(&lea, "delegate of lead", None, 1)));
        world.delegations.push(("active", lend(&lea, "delegate of lead", None, 1_000)));
        world.delegations.push(("scheduled", lend(&lea, "delegate of lead", Some(500), 1_000)));
        let ended = lend(&lea, "delegate of lead", None, 1_000);
        run(&workflow, &lea, Undelegate::new(ended));
        world.delegations.push(("ended", ended));
        lend(&dev, "delegate of who asked", None, 1_000);

        let ask = |by: &Caller, hours: f64, starts: Option<f64>| {
            let after = |hours: f64| engine.now().saturating_add(Ttl::from_hours(hours).unwrap());
            let command = Submit::new(RoleName::new("operator").unwrap())
                // Each somewhere else, so that no grant answers another request.
                .resource(format!("tool:t{}", world_number()).parse::<Scope>().unwrap())
                .duration(Ttl::from_hours(hours).unwrap())
                .starts_at(starts.map(after))
                .reason(words());
            run(&workflow, by, command).request.unwrap().id
        };
        let approve =
            |request: RequestId, by: &Caller| run(&workflow, by, Approve::new(request)).grant.map(|grant| grant.id);
        let granted = |hours: f64, starts: Option<f64>| {
            let request = ask(&dev, hours, starts);
            approve(request, &lea);
            approve(request, &sec).unwrap()
        };
        let mut number = 0;
        let mut emergency = |world: &mut Self, state: &'static str| {
            number += 1;
            let holder = person(&format!("h{number}"), &["oncall", "incident-review"]);
            let sign_in = SignIn::new(["mfa"], None, Some(engine.now())).ok();
            let caller = holder.clone().sign_in(sign_in);
            let command = BreakGlass::new(RoleName::new("operator").unwrap()).reason(words()).drill(false);
            let grant = run(&workflow, &caller, command).grant.unwrap().id;
            world.grants.push((state, grant));
            world.holders.push((state, holder));
            grant
        };

        let timed_out = ask(&dev, 1.0, None);
        let expired = granted(1.0, None);
        emergency(&mut world, "overdue");
        let (done, waived) = (emergency(&mut world, "done"), emergency(&mut world, "waived"));
        world.clock.advance(8 * HOUR);
        let rev = named("incident review");
        run(&workflow, &rev, CompleteReview::new(done, true, words()));
        run(&workflow, &rev, WaiveReview::new(waived, words()));
        emergency(&mut world, "owed");
        world.clock.advance(HOUR);

        let pending = ask(&dev, 1.0, None);
        let by_an_agent = ask(&named("agent that asked"), 1.0, None);
        let half = ask(&dev, 1.0, None);
        approve(half, &lea);
        let asked_back = ask(&dev, 1.0, None);
        run(&workflow, &lea, Ask::new(asked_back, words()));
        let approved = ask(&dev, 1.0, None);
        approve(approved, &lea);
        approve(approved, &sec);
        let denied = ask(&dev, 1.0, None);
        run(&workflow, &lea, Deny::new(denied, words()));
        let withdrawn = ask(&dev, 1.0, None);
        run(&workflow, &dev, Withdraw::new(withdrawn));
        world.requests = vec![
            ("pending", pending),
            ("by an agent", by_an_agent),
            ("half approved", half),
            ("needs_info", asked_back),
            ("approved", approved),
            ("denied", denied),
            ("withdrawn", withdrawn),
            ("timed_out", timed_out),
        ];

        let (active, scheduled, suspended) = (granted(2.0, None), granted(2.0, Some(5.0)), granted(2.0, None));
        run(&workflow, &lea, Suspend::new(suspended, words()));
        let (revoked, released) = (granted(2.0, None), granted(2.0, None));
        run(&workflow, &lea, Revoke::new(revoked, words()));
        run(&workflow, &dev, Release::new(released));
        emergency(&mut world, "break-glass");
        let plain = vec![
            ("scheduled", scheduled),
            ("active", active),
            ("suspended", suspended),
            ("expired", expired),
            ("revoked", revoked),
            ("released", released),
        ];
        let order = ["break-glass", "owed", "overdue", "done", "waived"];
        world.grants.sort_by_key(|(state, _)| order.iter().position(|known| known == state));
        world.grants = plain.into_iter().chain(std::mem::take(&mut world.grants)).collect();
        world
    }
}

/// Another number each time.
fn world_number() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn run(workflow: &Workflow, caller: &Caller, command: impl Into<Command>) -> Receipt {
    let command = command.into();
    workflow.execute(caller, command.clone(), None).unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// An answer, as the file shows it and as a caller reads it.
type Cell = (String, String);

fn cell<T>(answer: Result<T, Error>) -> Cell {
    match answer {
        Ok(_) => ("yes".to_owned(), String::new()),
        Err(error) if error.code().starts_with("unknown_") => ("-".to_owned(), error.to_string()),
        Err(error) => (error.code().to_owned(), error.to_string()),
    }
}

fn flag(answer: Result<bool, jit_access::workflow::Refusal>) -> Cell {
    match answer {
        Ok(true) => ("yes".to_owned(), String::new()),
        Ok(false) => ("-".to_owned(), String::new()),
        Err(refusal) => cell::<()>(Err(refusal.into())),
    }
}

/// What stands in the file, and every sentence besides.
fn matrix(world: &World, policy: PolicyHandle) -> (String, Vec<Cell>) {
    let engine = world.engine(policy);
    let workflow = engine.workflow();
    let (mut text, mut sentences) = (String::new(), Vec::new());
    let mut table = |title: &str, states: &[&'static str], answer: &dyn Fn(&'static str, &Caller) -> Cell| {
        writeln!(text, "\n{title}").unwrap();
        let header = states.iter().fold(String::new(), |line, state| format!("{line}{state:<21}"));
        writeln!(text, "  {:<23}{}", "", header.trim_end()).unwrap();
        for (name, caller) in callers() {
            let mut line = format!("  {name:<23}");
            for state in states {
                let caller = if name == "holder, break-glass" { world.holder(state) } else { caller.clone() };
                let cell = answer(state, &caller);
                write!(line, "{:<21}", cell.0).unwrap();
                sentences.push(cell);
            }
            writeln!(text, "{}", line.trim_end()).unwrap();
        }
    };
    let would = |caller: &Caller, command: Command| cell(workflow.preview(caller, command));
    fn of<T: Copy>(all: &[(&str, T)], state: &str) -> T {
        all.iter().find(|(known, _)| *known == state).unwrap().1
    }

    let states: Vec<_> = world.requests.iter().map(|(state, _)| *state).collect();
    let request = |state: &str| of(&world.requests, state);
    table("see a request", &states, &|state, caller| cell(workflow.request(caller, request(state))));
    table("approve", &states, &|state, caller| would(caller, Approve::new(request(state)).into()));
    table("deny", &states, &|state, caller| would(caller, Deny::new(request(state), words()).into()));
    table("ask back", &states, &|state, caller| would(caller, Ask::new(request(state), words()).into()));
    table("answer", &states, &|state, caller| would(caller, Answer::new(request(state), words()).into()));
    table("withdraw", &states, &|state, caller| would(caller, Withdraw::new(request(state)).into()));

    let states: Vec<_> = world.grants.iter().map(|(state, _)| *state).collect();
    let grant = |state: &str| of(&world.grants, state);
    table("see a grant", &states, &|state, caller| cell(workflow.grant(caller, grant(state))));
    table("revoke", &states, &|state, caller| would(caller, Revoke::new(grant(state), words()).into()));
    table("suspend", &states, &|state, caller| would(caller, Suspend::new(grant(state), words()).into()));
    table("resume", &states, &|state, caller| would(caller, Resume::new(grant(state)).into()));
    table("release", &states, &|state, caller| would(caller, Release::new(grant(state)).into()));
    table("extend", &states, &|state, caller| would(caller, Extend::new(grant(state)).reason(words()).into()));
    table("review afterwards", &states, &|state, caller| {
        would(caller, CompleteReview::new(grant(state), true, words()).into())
    });
    table("waive that review", &states, &|state, caller| would(caller, WaiveReview::new(grant(state), words()).into()));

    let states: Vec<_> = world.delegations.iter().map(|(state, _)| *state).collect();
    let delegation = |state: &str| of(&world.delegations, state);
    table("see a delegation", &states, &|state, caller| {
        let known = world.store.delegation(delegation(state)).unwrap().delegation.unwrap();
        flag(may_see_delegation(caller, &known, engine.rules(), engine.now()))
    });
    table("end a delegation", &states, &|state, caller| would(caller, Undelegate::new(delegation(state)).into()));

    let submit = |role: &str| Submit::new(RoleName::new(role).unwrap()).reason(words());
    let rest = [
        "ask: operator",
        "ask: payroll",
        "break-glass",
        "delegate",
        "revoke many",
        "report standing",
        "accept store",
        "accept clock",
        "handle an alert",
        "send notices again",
        "drop notices",
        "see all",
        "audit",
        "health",
    ];
    table("what is about nothing there is", &rest, &|what, caller| match what {
        "ask: operator" => would(caller, submit("operator").into()),
        "ask: payroll" => would(caller, submit("payroll").into()),
        "break-glass" => {
            let caller = caller.clone().sign_in(SignIn::new(["mfa"], None, Some(engine.now())).ok());
            would(&caller, BreakGlass::new(RoleName::new("operator").unwrap()).reason(words()).into())
        }
        "delegate" => {
            let to = person("new", &[]).principal;
            let until = engine.now().saturating_add(Ttl::from_hours(1.0).unwrap());
            would(caller, Delegate::new(to, until, words()).into())
        }
        "revoke many" => would(caller, RevokeMany::new(Selector::All, words()).into()),
        "report standing" => would(caller, ReportStanding::new(person("new", &[]).principal, true).into()),
        "accept store" => would(caller, AcceptStore::new(words()).into()),
        "accept clock" => would(caller, AcceptClock::new(words()).into()),
        "handle an alert" => would(caller, AcknowledgeAlert::new(AlertId::from_u128(7), words()).into()),
        "send notices again" => cell(workflow.resend_delivery(caller, DeliveryId::from_u128(1))),
        "drop notices" => cell(workflow.drop_delivery(caller, DeliveryId::from_u128(1))),
        "see all" => flag(sees_everything(caller, engine.rules(), engine.now())),
        "audit" => cell(workflow.journal(caller, &ListRecords::default().limit(1))),
        "health" => cell(workflow.health(caller)),
        other => panic!("{other}"),
    });
    (text, sentences)
}

fn committed() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/workflow_matrix.txt")
}

const HEAD: &str = "\
Who may do what: by row who wants it, by column to what, each cell what they are answered. `-`: they are told that there is
no such thing. Everybody below asks alone; what a person may in whose place is in the rows of delegates. The configuration,
and who holds which role, stand in tests/workflow_policy.rs. This file is written by that test.
";

#[test]
fn the_matrix_is_the_committed_one_with_cedar_and_without() {
    let world = World::new();
    let (text, sentences) = matrix(&world, PlainPolicy.into());
    let (with_cedar, cedars_sentences) = matrix(&world, CedarPolicy::shipped().unwrap().into());
    assert_eq!(with_cedar, text, "the shipped Cedar policy says something else than the plain one");
    assert_eq!(cedars_sentences, sentences);
    let text = format!("{HEAD}{text}");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(committed(), &text).unwrap();
    }
    let known = std::fs::read_to_string(committed()).unwrap_or_default();
    if known != text {
        let changed = text.lines().zip(known.lines()).find(|(new, old)| new != old);
        panic!("who may do what has changed, first in this line: {changed:#?}; the whole is now\n{text}");
    }
}

/// A policy of a host's own.
#[derive(Debug)]
struct Hosts(fn(&AuthzRequest<'_>) -> Result<AuthzDecision, AuthzError>);

impl WorkflowPolicy for Hosts {
    fn decide(&self, question: &AuthzRequest<'_>) -> Result<AuthzDecision, AuthzError> {
        (self.0)(question)
    }

    fn is_custom(&self) -> bool {
        true
    }
}

/// What somebody is refused with when they would approve the pending request under this policy.
fn approving(policy: Hosts, who: &str) -> Result<Receipt, Error> {
    let world = World::new();
    let (_, request) = world.requests[0];
    world.engine(policy.into()).workflow().preview(&named(who), Approve::new(request))
}

#[test]
fn a_policy_that_permits_all_lets_nobody_review_what_they_asked_for() {
    let world = World::new();
    let engine = world.engine(Hosts(|_| Ok(AuthzDecision::Allow)).into());
    let reviews = |request: RequestId| -> [Command; 3] {
        [Approve::new(request).into(), Deny::new(request, words()).into(), Ask::new(request, words()).into()]
    };
    let own = ["who asked", "their agent", "delegate of who asked"].map(|name| (world.requests[0].1, name));
    let agents = ["agent that asked", "person behind it"].map(|name| (world.requests[1].1, name));
    for (request, name) in own.into_iter().chain(agents) {
        for command in reviews(request) {
            let refused = engine.workflow().preview(&named(name), command.clone()).unwrap_err();
            assert_eq!(refused.code(), "self_approval", "{name}: {command:?}");
        }
    }
    // A yes of somebody who fills no step is none, and so the steps hold whatever the policy says.
    let [approve, deny, _] = reviews(world.requests[0].1);
    let refused = engine.workflow().preview(&named("stranger"), approve).unwrap_err();
    assert_eq!(refused.code(), "not_an_approver");
    engine.workflow().preview(&named("stranger"), deny).unwrap();
    // Nor is what is over alive again, or given back by somebody who holds it.
    for (state, grant) in &world.grants {
        let holder = world.holder(state);
        let revoked = engine.workflow().preview(&holder, Resume::new(*grant));
        assert_eq!(revoked.unwrap_err().code(), "revoke_own_grant", "{state}");
    }
}

#[test]
fn a_forbid_is_named() {
    let policy = Hosts(|question| match question.action {
        AuthzAction::Approve => Ok(AuthzDecision::Forbidden(vec!["freeze".to_owned()])),
        _ => Ok(AuthzDecision::Allow),
    });
    let refused = approving(policy, "lead").unwrap_err();
    assert_eq!(refused.code(), "forbidden_by_policy");
    assert_eq!(refused.to_string(), "the workflow policy `freeze` forbids lea@example.com to approve this request");
}

#[test]
fn where_nothing_permits_the_operators_policy_is_named() {
    let refused = |who| {
        let policy = Hosts(|question| {
            Ok(if question.action == AuthzAction::See { AuthzDecision::Allow } else { AuthzDecision::NotPermitted })
        });
        approving(policy, who).unwrap_err()
    };
    assert_eq!(refused("lead").code(), "forbidden_by_policy", "whom the library's own policy would let");
    assert_eq!(refused("stranger").code(), "not_an_approver");
    let sentence = "no policy of the operator's `workflow_policy` lets lea@example.com approve this request";
    assert_eq!(refused("lead").to_string(), sentence);
}

#[test]
fn a_policy_without_an_answer_refuses() {
    let policy = Hosts(|question| match question.action {
        AuthzAction::See => Ok(AuthzDecision::Allow),
        _ => Err(AuthzError { policy: "broken".to_owned(), reason: "integer overflow".to_owned() }),
    });
    let refused = approving(policy, "lead").unwrap_err();
    assert_eq!(refused.code(), "policy_failed");
    let sentence = "the workflow policy `broken` could not be evaluated: integer overflow; nobody may \
                    approve this request until the policy is fixed";
    assert_eq!(refused.to_string(), sentence);
}

/// Random questions: whoever asks, whatever they hold, whatever it is about.
mod random {
    use jit_access::authz::{AuthzResource, Eligibility, Entitlement};
    use jit_access::store::conformance::world::Dice;

    use super::*;

    /// Few names, so that they meet.
    fn principal(dice: &mut Dice) -> Principal {
        let name = ["ann", "ben", "cat"][dice.below(3)];
        if dice.below(4) == 0 { Principal::agent(name).unwrap() } else { person(name, &[]).principal }
    }

    fn roles(dice: &mut Dice) -> Vec<RoleName> {
        let mut roles: Vec<_> = ["a", "b", "c", "d"].into_iter().filter(|_| dice.below(3) == 0).collect();
        if dice.below(2) == 0 {
            roles.reverse();
        }
        roles.into_iter().map(|role| RoleName::new(role).unwrap()).collect()
    }

    fn now() -> Timestamp {
        "2026-03-02T09:00:00Z".parse().unwrap()
    }

    fn instant(dice: &mut Dice) -> Timestamp {
        Timestamp::from_millis(now().millis() + [-HOUR, -1, 0, 1, HOUR][dice.below(5)]).unwrap()
    }

    fn window(dice: &mut Dice) -> Window {
        Window::starting(instant(dice), Ttl::from_hours([0.5, 1.0, 2.0][dice.below(3)]).unwrap()).unwrap()
    }

    fn permissions() -> PermissionSet {
        PermissionSet::new([Permission::new("tools.*").unwrap()]).unwrap()
    }

    fn step(dice: &mut Dice) -> ApprovalStep {
        let escalation = (dice.below(2) == 0).then(|| Escalation { at: instant(dice), to: roles(dice), noted: false });
        ApprovalStep { roles: roles(dice), count: 1, escalation }
    }

    fn request(dice: &mut Dice) -> AccessRequest {
        let terms = Terms {
            permissions: permissions(),
            scope: Scope::ANY,
            duration: Ttl::from_hours(1.0).unwrap(),
            conditions: Conditions::default(),
        };
        AccessRequest::new(
            RequestId::from_u128(dice.below(3) as u128),
            principal(dice),
            RoleName::new("operator").unwrap(),
            terms,
            now(),
            instant(dice),
        )
        .requester_acts_for((dice.below(3) == 0).then(|| principal(dice)))
        .requester_normal_roles(roles(dice))
        .approver_roles(roles(dice))
        .approval((0..dice.below(3)).map(|_| step(dice)).collect())
        .state([RequestState::Pending, RequestState::NeedsInfo, RequestState::Denied][dice.below(3)])
    }

    fn grant(dice: &mut Dice) -> Grant {
        let owed = jit_access::model::BreakGlass {
            drill: false,
            reviewer_roles: roles(dice),
            review_due: instant(dice),
            closed: None,
            lifted: None,
            overdue_noted: false,
            offline: None,
        };
        Grant::new(
            GrantId::from_u128(dice.below(3) as u128),
            RequestId::from_u128(1),
            principal(dice),
            RoleName::new("operator").unwrap(),
            permissions(),
            window(dice),
            Actor::Principal(principal(dice)),
        )
        .holder_normal_roles(roles(dice))
        .approver_roles(roles(dice))
        .approved_at(now())
        .break_glass((dice.below(2) == 0).then_some(owed))
    }

    fn delegation(dice: &mut Dice) -> Delegation {
        Delegation::new(
            DelegationId::from_u128(1),
            principal(dice),
            principal(dice),
            roles(dice),
            window(dice),
            words(),
            now(),
        )
    }

    #[test]
    fn questions_are_answered_alike_with_cedar_and_without() {
        let cedar = CedarPolicy::shipped().unwrap();
        let mut permitted = 0;
        for seed in 0..300 {
            let dice = &mut Dice::new(seed);
            let rules = Rules::default().approver_roles(roles(dice)).auditor_roles(roles(dice));
            let acts_for = (dice.below(3) == 0).then(|| principal(dice));
            let caller = Caller::new(principal(dice), roles(dice)).acts_for(acts_for);
            let lent = roles(dice);
            let (request, grant, delegation) = (request(dice), grant(dice), delegation(dice));
            let (eligible_roles, principals, about) = (roles(dice), [principal(dice)], principal(dice));
            let (role, given) = (RoleName::new("operator").unwrap(), permissions());
            let named = Eligibility::Listed { roles: &eligible_roles, principals: &principals };
            let wanted = Entitlement {
                role: &role,
                permissions: &given,
                scope: &Scope::ANY,
                duration: Ttl::from_hours(1.0).unwrap(),
                emergency: dice.below(2) == 0,
                eligibility: if dice.below(3) == 0 { Eligibility::Everyone } else { named },
            };
            let things = |action: AuthzAction| {
                action.resources().iter().map(|name| match *name {
                    "Entitlement" => AuthzResource::Entitlement(&wanted),
                    "Request" => AuthzResource::Request(&request),
                    "Grant" => AuthzResource::Grant(&grant),
                    "Delegation" => AuthzResource::Delegation(&delegation),
                    "Selection" => AuthzResource::Selection(&Selector::All),
                    "Principal" => AuthzResource::Principal(&about),
                    "Workflow" => AuthzResource::Workflow,
                    other => panic!("no resource of the type {other}"),
                })
            };
            for act in AuthzAction::ALL {
                for thing in things(*act) {
                    let context = AuthzContext {
                        now: now(),
                        approver_roles: &rules.approver_roles,
                        auditor_roles: &rules.auditor_roles,
                    };
                    let question = AuthzRequest::new(&caller, *act, thing, context).with_lent(&lent);
                    let plain = PlainPolicy.decide(&question);
                    assert_eq!(cedar.decide(&question), plain, "seed {seed}: {question:#?}");
                    permitted += u32::from(plain == Ok(AuthzDecision::Allow));
                }
            }
        }
        assert!(permitted > 1_000, "so few that little was compared: {permitted}");
    }
}
