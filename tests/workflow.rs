//! The pure workflow against a naive model: random people, commands and instants, and every answer compared.
//!
//! The model keeps a list of plain records and says in a few lines what each command should do. It knows nothing of
//! events; `decide` and `evolve` know nothing of it.

use std::collections::BTreeMap;

use jit_access::model::*;
use jit_access::workflow::{Command, Intent, RefusalCode, Rules, View, decide, evolve, note};
use proptest::prelude::*;

const HOUR: i64 = 3_600_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + millis).unwrap()
}

fn hours(hours: i64) -> Ttl {
    Ttl::from_millis(hours * HOUR).unwrap()
}

fn rules() -> Rules {
    let role = |name: &str, max: Option<i64>, approvers: Option<&str>| Role {
        name: RoleName::new(name).unwrap(),
        description: String::new(),
        permissions: PermissionSet::new([Permission::new("tools.*").unwrap(), Permission::new("audit:read").unwrap()])
            .unwrap(),
        max_duration: max.map(hours),
        default_duration: None,
        approver_roles: approvers.map(|name| vec![RoleName::new(name).unwrap()]),
    };
    let roles = [role("operator", None, None), role("auditor", Some(2), Some("lead"))];
    Rules {
        approver_roles: vec![RoleName::new("admin").unwrap()],
        auto_approve_for_roles: vec![RoleName::new("oncall").unwrap()],
        approval_timeout: hours(3),
        catalogue: roles.into_iter().map(|role| (role.name.clone(), role)).collect(),
        ..Rules::default()
    }
}

/// Six people: two developers, one of them on call; an admin, a lead, one who is both, and one who is nothing.
fn people() -> Vec<Caller> {
    [
        ("dev", vec![]),
        ("ana", vec!["oncall"]),
        ("adm", vec!["admin"]),
        ("lea", vec!["lead"]),
        ("two", vec!["admin", "lead"]),
        ("nil", vec![]),
    ]
    .into_iter()
    .map(|(name, roles)| Caller {
        principal: Principal::user(&format!("{name}@example.com")).unwrap(),
        roles: roles.into_iter().map(|role| RoleName::new(role).unwrap()).collect(),
    })
    .collect()
}

#[derive(Debug, Clone)]
enum Do {
    Submit { role: &'static str, duration: Option<i64>, starts_in: Option<i64> },
    Approve,
    Deny,
    Withdraw,
    Revoke,
    Release,
    Note,
}

#[derive(Debug, Clone)]
struct Step {
    wait: i64,
    who: usize,
    what: Do,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let submit = (
        prop_oneof![Just("operator"), Just("auditor"), Just("ghost")],
        prop_oneof![Just(None), (1_000..20 * HOUR).prop_map(Some)],
        prop_oneof![Just(None), (-HOUR..4 * HOUR).prop_map(Some)],
    )
        .prop_map(|(role, duration, starts_in)| Do::Submit { role, duration, starts_in });
    let what = prop_oneof![
        3 => submit, 4 => Just(Do::Approve), 1 => Just(Do::Deny), 1 => Just(Do::Withdraw),
        2 => Just(Do::Revoke), 2 => Just(Do::Release), 2 => Just(Do::Note),
    ];
    // Waits of exactly the timeout, one less and one more are what goes wrong.
    let wait = prop_oneof![Just(0), Just(1), Just(3 * HOUR - 1), Just(3 * HOUR), 0..HOUR];
    proptest::collection::vec((wait, 0..6_usize, what).prop_map(|(wait, who, what)| Step { wait, who, what }), 1..40)
}

/// What the naive model remembers of the one request it follows.
#[derive(Debug, Clone)]
struct Naive {
    requester: usize,
    role: &'static str,
    length: i64,
    starts_at: Option<i64>,
    asked_at: i64,
    /// `None` while nobody has answered.
    answer: Option<&'static str>,
    window: Option<(i64, i64)>,
    ended: Option<&'static str>,
}

impl Naive {
    fn approver(&self, who: usize) -> bool {
        match self.role {
            "auditor" => who == 3 || who == 4,
            _ => who == 2 || who == 4,
        }
    }

    fn sees(&self, who: usize) -> bool {
        who == self.requester || self.approver(who) || who == 2 || who == 4
    }

    fn status(&self, now: i64) -> &'static str {
        match self.answer {
            Some(answer) => answer,
            None if now >= self.asked_at + 3 * HOUR => "timed_out",
            None => "pending",
        }
    }

    fn grant_status(&self, now: i64) -> Option<&'static str> {
        let (start, end) = self.window?;
        Some(match self.ended {
            Some(ended) => ended,
            None if now >= end => "expired",
            None if now < start => "scheduled",
            None => "active",
        })
    }
}

fn naive(model: &mut Option<Naive>, step: &Step, now: i64) -> Result<(), &'static str> {
    let who = step.who;
    match &step.what {
        Do::Submit { role, duration, starts_in } => {
            if *role == "ghost" {
                return Err("unknown_role");
            }
            if starts_in.is_some_and(|start| start < 0) {
                return Err("starts_in_the_past");
            }
            let limit = if *role == "auditor" { 2 } else { 8 } * HOUR;
            let mut made = Naive {
                requester: who,
                role,
                length: duration.unwrap_or(HOUR).min(limit),
                starts_at: starts_in.map(|start| now + start),
                asked_at: now,
                answer: None,
                window: None,
                ended: None,
            };
            if who == 1 {
                grant(&mut made, now);
            }
            *model = Some(made);
            Ok(())
        }
        Do::Approve | Do::Deny => {
            let known = model.as_mut().filter(|known| known.sees(who)).ok_or("unknown_request")?;
            match known.status(now) {
                "pending" => {}
                "timed_out" if known.answer.is_none() || known.answer == Some("timed_out") => {
                    return Err("request_timed_out");
                }
                _ => return Err("request_not_pending"),
            }
            if known.requester == who {
                return Err("self_approval");
            }
            if !known.approver(who) {
                return Err("not_an_approver");
            }
            if matches!(step.what, Do::Approve) {
                grant(known, now)
            } else {
                known.answer = Some("denied")
            }
            Ok(())
        }
        Do::Withdraw => {
            let known = model.as_mut().filter(|known| known.sees(who)).ok_or("unknown_request")?;
            if known.requester != who {
                return Err("not_the_requester");
            }
            match known.status(now) {
                "pending" => known.answer = Some("withdrawn"),
                "withdrawn" => {}
                _ => return Err("request_not_pending"),
            }
            Ok(())
        }
        Do::Revoke | Do::Release => {
            let revokes = matches!(step.what, Do::Revoke);
            let known =
                model.as_mut().filter(|known| known.window.is_some() && known.sees(who)).ok_or("unknown_grant")?;
            match (revokes, known.requester == who) {
                (true, true) => return Err("revoke_own_grant"),
                (true, false) if !known.approver(who) => return Err("not_an_approver"),
                (false, false) => return Err("not_the_holder"),
                _ => {}
            }
            if matches!(known.grant_status(now), Some("scheduled" | "active")) {
                known.ended = Some(if revokes { "revoked" } else { "released" });
            }
            Ok(())
        }
        Do::Note => {
            if let Some(known) = model.as_mut() {
                if known.status(now) == "timed_out" {
                    known.answer = Some("timed_out");
                }
                if known.grant_status(now) == Some("expired") {
                    known.ended = Some("expired");
                }
            }
            Ok(())
        }
    }
}

fn grant(known: &mut Naive, now: i64) {
    known.answer = Some("approved");
    let start = known.starts_at.map_or(now, |start| start.max(now));
    known.window = Some((start, start + known.length));
}

fn command(step: &Step, view: &View, people: &[Caller], now: i64, serial: u128) -> Command {
    let request = view.request.as_ref().map_or(RequestId::from_u128(0), |request| request.id);
    let grant = view.grant.as_ref().map_or(GrantId::from_u128(0), |grant| grant.id);
    let reason = Justification::new("because").unwrap();
    let intent = match &step.what {
        Do::Submit { role, duration, starts_in } => Intent::Submit {
            id: RequestId::from_u128(serial),
            grant: GrantId::from_u128(serial),
            role: RoleName::new(role).unwrap(),
            duration: duration.map(|millis| Ttl::from_millis(millis).unwrap()),
            scope: Scope::ANY,
            starts_at: starts_in.map(|start| at(now + start)),
            justification: Some(reason),
            ticket: None,
        },
        Do::Approve => Intent::Approve { request, grant: GrantId::from_u128(serial), comment: None },
        Do::Deny => Intent::Deny { request, reason },
        Do::Withdraw => Intent::Withdraw { request },
        Do::Revoke => Intent::Revoke { grant, reason },
        Do::Release | Do::Note => Intent::Release { grant },
    };
    Command { caller: people[step.who].clone(), intent }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn decide_and_evolve_do_what_the_naive_model_says(steps in steps()) {
        let (rules, people) = (rules(), people());
        let mut view = View::default();
        let mut model: Option<Naive> = None;
        let mut now = 0;
        for (serial, step) in (1_u128..).zip(&steps) {
            now += step.wait;
            let wanted = naive(&mut model, step, now);
            if matches!(step.what, Do::Note) {
                let events = note(&view, at(now));
                view = events.iter().fold(view, evolve);
                prop_assert!(note(&view, at(now)).is_empty(), "noting twice says nothing new");
            } else {
                // Submitting starts a new story; what it was decided from is a view without a request.
                let before = if matches!(step.what, Do::Submit { .. }) { View::default() } else { view.clone() };
                let command = command(step, &before, &people, now, serial);
                let decided = decide(&before, &command, &rules, at(now));
                match (&decided, wanted) {
                    (Ok(_), Ok(())) => {}
                    (Err(refusal), Err(code)) => prop_assert_eq!(refusal.code().name(), code),
                    (decided, wanted) => prop_assert!(false, "decided {:?}, wanted {:?} at {:?}", decided, wanted, step),
                }
                if let Ok(events) = decided {
                    for event in &events {
                        prop_assert_eq!(event.at, at(now));
                    }
                    view = events.iter().fold(before, evolve);
                }
            }
            if let (Some(naive), Some(request)) = (&model, &view.request) {
                prop_assert_eq!(request.status(at(now)).name(), naive.status(now));
                prop_assert_eq!(view.grant.as_ref().map(|grant| grant.status(at(now)).name()), naive.grant_status(now));
                prop_assert_eq!(view.grant.as_ref().map(|grant| (grant.window.start(), grant.window.end())), naive.window.map(|(start, end)| (at(start), at(end))));
                invariants(&view, &rules);
            }
        }
    }

    #[test]
    fn a_view_that_knows_nothing_takes_any_event(steps in steps()) {
        let (rules, people) = (rules(), people());
        let mut view = View::default();
        let mut now = 0;
        for (serial, step) in (1_u128..).zip(&steps) {
            now += step.wait;
            let command = command(step, &view, &people, now, serial);
            for event in decide(&view, &command, &rules, at(now)).unwrap_or_default() {
                // Facts about something else leave a view as it is, and folding is total.
                if !matches!(event.fact, Fact::RequestSubmitted(_) | Fact::GrantCreated(_)) {
                    prop_assert_eq!(evolve(View::default(), &event), View::default());
                }
                view = evolve(view, &event);
            }
        }
    }
}

/// What holds of every state that can be reached.
fn invariants(view: &View, rules: &Rules) {
    let Some(request) = &view.request else { return };
    let limit = rules.catalogue[&request.role].max_duration.unwrap_or(rules.max_duration);
    assert!(request.duration <= limit);
    if let Some(grant) = &view.grant {
        assert_eq!(request.state, RequestState::Approved, "no grant without an approval");
        assert!(
            request.reviews.iter().all(|review| review.by != Actor::Principal(request.requester.clone())),
            "nobody approves their own"
        );
        assert!(grant.window.start() >= grant.approved_at, "nothing is given for the time before the approval");
        assert!(grant.window.end().millis() - grant.window.start().millis() <= limit.millis());
        assert_eq!(grant.permissions, request.permissions);
        assert_eq!(grant.scope, request.scope);
    }
}

/// Every (state, command) pair has a stated answer. Read down a column to see what a state allows.
#[test]
fn every_state_answers_every_command() {
    let states = ["pending", "timed_out", "approved", "denied", "withdrawn"];
    let mut table = BTreeMap::new();
    for state in states {
        for (verb, who) in [("approve", 2), ("deny", 2), ("withdraw", 0), ("revoke", 2), ("release", 0)] {
            let (rules, people) = (rules(), people());
            let mut view = View::default();
            let run = |view: View, what: Do, who: usize, now: i64| {
                let step = Step { wait: 0, who, what };
                let command = command(&step, &view, &people, now, 7);
                match decide(&view, &command, &rules, at(now)) {
                    Ok(events) => {
                        (events.iter().fold(view, evolve), events.first().map_or("nothing", |event| event.fact.name()))
                    }
                    Err(refusal) => (view, refusal.code().name()),
                }
            };
            (view, _) = run(view, Do::Submit { role: "operator", duration: None, starts_in: None }, 0, 0);
            let mut now = 1;
            match state {
                "timed_out" => now = 3 * HOUR,
                "approved" => (view, _) = run(view, Do::Approve, 2, 1),
                "denied" => (view, _) = run(view, Do::Deny, 2, 1),
                "withdrawn" => (view, _) = run(view, Do::Withdraw, 0, 1),
                _ => {}
            }
            let what = match verb {
                "approve" => Do::Approve,
                "deny" => Do::Deny,
                "withdraw" => Do::Withdraw,
                "revoke" => Do::Revoke,
                _ => Do::Release,
            };
            table.insert((state, verb), run(view, what, who, now).1);
        }
    }
    let expected = [
        ("pending", "approve", "request_approved"),
        ("pending", "deny", "request_denied"),
        ("pending", "withdraw", "request_withdrawn"),
        ("pending", "revoke", "unknown_grant"),
        ("pending", "release", "unknown_grant"),
        ("timed_out", "approve", "request_timed_out"),
        ("timed_out", "deny", "request_timed_out"),
        ("timed_out", "withdraw", "request_not_pending"),
        ("timed_out", "revoke", "unknown_grant"),
        ("timed_out", "release", "unknown_grant"),
        ("approved", "approve", "request_not_pending"),
        ("approved", "deny", "request_not_pending"),
        ("approved", "withdraw", "request_not_pending"),
        ("approved", "revoke", "grant_revoked"),
        ("approved", "release", "grant_released"),
        ("denied", "approve", "request_not_pending"),
        ("denied", "deny", "request_not_pending"),
        ("denied", "withdraw", "request_not_pending"),
        ("denied", "revoke", "unknown_grant"),
        ("denied", "release", "unknown_grant"),
        ("withdrawn", "approve", "request_not_pending"),
        ("withdrawn", "deny", "request_not_pending"),
        ("withdrawn", "withdraw", "nothing"),
        ("withdrawn", "revoke", "unknown_grant"),
        ("withdrawn", "release", "unknown_grant"),
    ];
    let expected: BTreeMap<_, _> = expected.into_iter().map(|(state, verb, answer)| ((state, verb), answer)).collect();
    assert_eq!(table, expected);
}

fn submit(caller: &Caller, rules: &Rules) -> Result<Vec<Event>, RefusalCode> {
    let step =
        Step { wait: 0, who: 0, what: Do::Submit { role: "operator", duration: Some(20 * HOUR), starts_in: None } };
    let command = command(&step, &View::default(), std::slice::from_ref(caller), 0, 1);
    decide(&View::default(), &command, rules, at(0)).map_err(|refusal| refusal.code())
}

#[test]
fn the_operators_rules_are_asked() {
    let dev = people().remove(0);
    assert!(submit(&dev, &rules()).is_ok());
    assert_eq!(submit(&dev, &Rules { enabled: false, ..rules() }), Err(RefusalCode::Disabled));
    assert_eq!(submit(&dev, &Rules { approver_roles: vec![], ..rules() }), Err(RefusalCode::NoApprover));
    assert_eq!(submit(&dev, &Rules { require_ticket_url: true, ..rules() }), Err(RefusalCode::TicketRequired));
    let everything = vec![Permission::new("*").unwrap()];
    assert_eq!(submit(&dev, &Rules { reserved_permissions: everything, ..rules() }), Err(RefusalCode::NothingToGrant));
    let events = submit(&dev, &Rules { require_approval: false, approver_roles: vec![], ..rules() }).unwrap();
    assert_eq!(events[1].by, Actor::Rule("require_approval".into()), "a rule's approval is marked as one");
}

#[test]
fn the_answer_names_the_limit_that_cut_the_duration() {
    let dev = people().remove(0);
    let Fact::RequestSubmitted(request) = &submit(&dev, &rules()).unwrap()[0].fact else { panic!("no request") };
    let cut = request.duration_cut.clone().unwrap();
    assert_eq!((request.duration, cut.asked, &*cut.limit), (hours(8), hours(20), "max_duration_hours"));
}
