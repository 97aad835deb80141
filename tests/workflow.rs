//! The pure workflow against a naive model: random people, commands and instants, and every answer compared.
//!
//! The model keeps a list of plain records and says in a few lines what each command should do. It knows nothing of
//! events; `decide` and `evolve` know nothing of it.

use std::collections::BTreeMap;

use jit_access::command::{
    Answer, Approve, Ask, Command, Deny, Extend, Release, Resume, Revoke, Submit, Suspend, Withdraw,
};
use jit_access::model::*;
use jit_access::store::conformance::world::at;
use jit_access::workflow::{Call, Ids, RefusalCode, Rules, View, decide, evolve, note};
use proptest::prelude::*;

const HOUR: i64 = 3_600_000;

fn hours(hours: i64) -> Ttl {
    Ttl::from_millis(hours * HOUR).unwrap()
}

fn rules() -> Rules {
    let role = |name: &str, max: Option<i64>, approvers: Option<&str>| {
        Role::new(
            RoleName::new(name).unwrap(),
            PermissionSet::new([Permission::new("tools.*").unwrap(), Permission::new("audit:read").unwrap()]).unwrap(),
        )
        .max_duration(max.map(hours))
        .approver_roles(approvers.map(|name| vec![RoleName::new(name).unwrap()]))
    };
    let admin = || ApprovalRule { roles: vec![RoleName::new("admin").unwrap()], count: 2, escalation: None };
    let twice = role("twice", None, None).approval(vec![admin()]);
    let roles = [role("operator", None, None), role("auditor", Some(2), Some("lead")), twice];
    Rules::default()
        .approver_roles(vec![RoleName::new("admin").unwrap()])
        .auto_approve_for_roles(vec![RoleName::new("oncall").unwrap()])
        .approval_timeout(hours(3))
        .catalogue(roles.into_iter().map(|role| (role.name.clone(), role)).collect())
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
    .map(|(name, roles)| {
        Caller::new(
            Principal::user(&format!("{name}@example.com")).unwrap(),
            roles.into_iter().map(|role| RoleName::new(role).unwrap()).collect(),
        )
        .sign_in(SignIn::new(["pwd", "otp"], None, Some(at(0))).ok())
    })
    .collect()
}

#[derive(Debug, Clone)]
enum Do {
    Submit { role: &'static str, duration: Option<i64>, starts_in: Option<i64> },
    Extend,
    Approve { minutes: Option<i64> },
    Deny,
    Withdraw,
    Ask,
    Answer,
    Revoke,
    Release,
    Suspend,
    Resume,
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
        3 => submit, 4 => proptest::option::of(1..600_i64).prop_map(|minutes| Do::Approve { minutes }), 1 => Just(Do::Deny),
        1 => Just(Do::Withdraw), 2 => Just(Do::Ask), 2 => Just(Do::Answer), 2 => Just(Do::Revoke), 2 => Just(Do::Release),
        2 => Just(Do::Suspend), 2 => Just(Do::Resume), 2 => Just(Do::Note),
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
    asked_back: bool,
    suspended: bool,
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
            None if self.asked_back => "needs_info",
            None => "pending",
        }
    }

    fn grant_status(&self, now: i64) -> Option<&'static str> {
        let (start, end) = self.window?;
        Some(match self.ended {
            Some(ended) => ended,
            None if now >= end => "expired",
            None if self.suspended => "suspended",
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
            // Clocks differ, and many clients write whole seconds, so a minute ago is not past.
            if starts_in.is_some_and(|start| start < -60_000) {
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
                asked_back: false,
                suspended: false,
                ended: None,
            };
            if who == 1 {
                // What a rule approves is no longer than what is usual.
                grant(&mut made, Some(60), now);
            }
            *model = Some(made);
            Ok(())
        }
        // One request and one grant are followed here; chains have a test of their own.
        Do::Extend => Ok(()),
        Do::Approve { .. } | Do::Deny | Do::Ask => {
            let known = model.as_mut().filter(|known| known.sees(who)).ok_or("unknown_request")?;
            match known.status(now) {
                "pending" | "needs_info" => {}
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
            match step.what {
                Do::Approve { minutes } => grant(known, minutes, now),
                Do::Deny => known.answer = Some("denied"),
                _ => known.asked_back = true,
            }
            Ok(())
        }
        Do::Answer => {
            let known = model.as_mut().filter(|known| known.sees(who)).ok_or("unknown_request")?;
            if known.requester != who {
                return Err("not_the_requester");
            }
            match known.status(now) {
                "needs_info" => known.asked_back = false,
                "pending" => return Err("nothing_asked"),
                "timed_out" if known.answer.is_none() || known.answer == Some("timed_out") => {
                    return Err("request_timed_out");
                }
                _ => return Err("request_not_pending"),
            }
            Ok(())
        }
        Do::Suspend | Do::Resume => {
            let known =
                model.as_mut().filter(|known| known.window.is_some() && known.sees(who)).ok_or("unknown_grant")?;
            if known.requester == who {
                return Err("revoke_own_grant");
            }
            if !known.approver(who) {
                return Err("not_an_approver");
            }
            if !matches!(known.grant_status(now), Some("scheduled" | "active" | "suspended")) {
                return Err("grant_over");
            }
            known.suspended = matches!(step.what, Do::Suspend);
            Ok(())
        }
        Do::Withdraw => {
            let known = model.as_mut().filter(|known| known.sees(who)).ok_or("unknown_request")?;
            if known.requester != who {
                return Err("not_the_requester");
            }
            match known.status(now) {
                "pending" | "needs_info" => known.answer = Some("withdrawn"),
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
            if matches!(known.grant_status(now), Some("scheduled" | "active" | "suspended")) {
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

fn grant(known: &mut Naive, minutes: Option<i64>, now: i64) {
    known.answer = Some("approved");
    let length = minutes.map_or(known.length, |minutes| known.length.min(minutes * 60_000));
    let start = known.starts_at.map_or(now, |start| start.max(now));
    known.window = Some((start, start + length));
}

fn command(step: &Step, view: &View, now: i64) -> Command {
    let request = view.request.as_ref().map_or(RequestId::from_u128(0), |request| request.id);
    let grant = view.grant.as_ref().map_or(GrantId::from_u128(0), |grant| grant.id);
    let reason = Justification::new("because").unwrap();
    match &step.what {
        Do::Submit { role, duration, starts_in } => Submit::new(RoleName::new(role).unwrap())
            .duration(duration.map(|millis| Ttl::from_millis(millis).unwrap()))
            .starts_at(starts_in.map(|start| at(now + start)))
            .reason(reason)
            .into(),
        Do::Approve { minutes } => {
            let duration = minutes.map(|minutes| Ttl::from_millis(minutes * 60_000).unwrap());
            let cut = Cut::default().duration(duration);
            Approve::new(request).at_most(cut).into()
        }
        Do::Extend => Extend::new(grant).reason(reason).into(),
        Do::Deny => Deny::new(request, reason).into(),
        Do::Ask => Ask::new(request, reason).into(),
        Do::Answer => Answer::new(request, reason).into(),
        Do::Withdraw => Withdraw::new(request).into(),
        Do::Revoke => Revoke::new(grant, reason).into(),
        Do::Suspend => Suspend::new(grant, reason).into(),
        Do::Resume => Resume::new(grant).into(),
        Do::Release | Do::Note => Release::new(grant).into(),
    }
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
                let command = command(step, &before, now);
                let call = Call::new(&people[step.who], &command, Ids::from_u128(serial));
                let decided = decide(&before, &call, &rules, at(now));
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
            let command = command(step, &view, now);
            let call = Call::new(&people[step.who], &command, Ids::from_u128(serial));
            for event in decide(&view, &call, &rules, at(now)).unwrap_or_default() {
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
        assert!(grant.window.end().millis() - grant.window.start().millis() <= request.duration.millis());
        assert_eq!(grant.permissions, request.permissions);
        assert!(grant.scope.is_within(&request.scope));
    }
}

/// Every (state, command) pair has a stated answer. Read down a column to see what a state allows.
#[test]
fn every_state_answers_every_command() {
    let states =
        ["pending", "reviewed", "needs_info", "timed_out", "approved", "denied", "withdrawn", "suspended", "expired"];
    let mut table = BTreeMap::new();
    for state in states {
        let verbs = [("approve", 2), ("deny", 2), ("ask", 2), ("answer", 0), ("withdraw", 0)];
        let endings = [("extend", 0), ("revoke", 2), ("release", 0), ("suspend", 2), ("resume", 2)];
        for (verb, who) in verbs.into_iter().chain(endings) {
            let (rules, people) = (rules(), people());
            let mut view = View::default();
            let run = |view: View, what: Do, who: usize, now: i64| {
                let view = View { extended: view.grant.clone(), ..view };
                let step = Step { wait: 0, who, what };
                let command = command(&step, &view, now);
                let call = Call::new(&people[step.who], &command, Ids::from_u128(7));
                match decide(&view, &call, &rules, at(now)) {
                    Ok(events) => {
                        (events.iter().fold(view, evolve), events.first().map_or("nothing", |event| event.fact.name()))
                    }
                    Err(refusal) => (view, refusal.code().name()),
                }
            };
            let role = if state == "reviewed" { "twice" } else { "operator" };
            (view, _) = run(view, Do::Submit { role, duration: None, starts_in: None }, 0, 0);
            let mut now = 1;
            match state {
                "timed_out" => now = 3 * HOUR,
                "reviewed" => (view, _) = run(view, Do::Approve { minutes: None }, 2, 1),
                "needs_info" => (view, _) = run(view, Do::Ask, 2, 1),
                "approved" | "suspended" | "expired" => {
                    (view, _) = run(view, Do::Approve { minutes: None }, 2, 1);
                    if state == "suspended" {
                        (view, _) = run(view, Do::Suspend, 2, 1);
                    }
                    if state == "expired" {
                        now = 1 + HOUR;
                    }
                }
                "denied" => (view, _) = run(view, Do::Deny, 2, 1),
                "withdrawn" => (view, _) = run(view, Do::Withdraw, 0, 1),
                _ => {}
            }
            let what = match verb {
                "approve" => Do::Approve { minutes: None },
                "ask" => Do::Ask,
                "answer" => Do::Answer,
                "suspend" => Do::Suspend,
                "resume" => Do::Resume,
                "deny" => Do::Deny,
                "extend" => Do::Extend,
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
        ("pending", "ask", "information_requested"),
        ("pending", "answer", "nothing_asked"),
        ("pending", "withdraw", "request_withdrawn"),
        ("pending", "extend", "unknown_grant"),
        ("pending", "revoke", "unknown_grant"),
        ("pending", "release", "unknown_grant"),
        ("pending", "suspend", "unknown_grant"),
        ("pending", "resume", "unknown_grant"),
        ("reviewed", "approve", "already_reviewed"),
        ("reviewed", "deny", "request_denied"),
        ("reviewed", "ask", "information_requested"),
        ("reviewed", "answer", "nothing_asked"),
        ("reviewed", "withdraw", "request_withdrawn"),
        ("reviewed", "extend", "unknown_grant"),
        ("reviewed", "revoke", "unknown_grant"),
        ("reviewed", "release", "unknown_grant"),
        ("reviewed", "suspend", "unknown_grant"),
        ("reviewed", "resume", "unknown_grant"),
        ("needs_info", "approve", "request_approved"),
        ("needs_info", "deny", "request_denied"),
        ("needs_info", "ask", "information_requested"),
        ("needs_info", "answer", "request_answered"),
        ("needs_info", "withdraw", "request_withdrawn"),
        ("needs_info", "extend", "unknown_grant"),
        ("needs_info", "revoke", "unknown_grant"),
        ("needs_info", "release", "unknown_grant"),
        ("needs_info", "suspend", "unknown_grant"),
        ("needs_info", "resume", "unknown_grant"),
        ("timed_out", "approve", "request_timed_out"),
        ("timed_out", "deny", "request_timed_out"),
        ("timed_out", "ask", "request_timed_out"),
        ("timed_out", "answer", "request_timed_out"),
        ("timed_out", "withdraw", "request_not_pending"),
        ("timed_out", "extend", "unknown_grant"),
        ("timed_out", "revoke", "unknown_grant"),
        ("timed_out", "release", "unknown_grant"),
        ("timed_out", "suspend", "unknown_grant"),
        ("timed_out", "resume", "unknown_grant"),
        ("approved", "approve", "request_not_pending"),
        ("approved", "deny", "request_not_pending"),
        ("approved", "ask", "request_not_pending"),
        ("approved", "answer", "request_not_pending"),
        ("approved", "withdraw", "request_not_pending"),
        ("approved", "extend", "request_submitted"),
        ("approved", "revoke", "grant_revoked"),
        ("approved", "release", "grant_released"),
        ("approved", "suspend", "grant_suspended"),
        ("approved", "resume", "nothing"),
        ("suspended", "approve", "request_not_pending"),
        ("suspended", "deny", "request_not_pending"),
        ("suspended", "ask", "request_not_pending"),
        ("suspended", "answer", "request_not_pending"),
        ("suspended", "withdraw", "request_not_pending"),
        ("suspended", "extend", "grant_suspended"),
        ("suspended", "revoke", "grant_revoked"),
        ("suspended", "release", "grant_released"),
        ("suspended", "suspend", "nothing"),
        ("suspended", "resume", "grant_resumed"),
        ("expired", "approve", "request_not_pending"),
        ("expired", "deny", "request_not_pending"),
        ("expired", "ask", "request_not_pending"),
        ("expired", "answer", "request_not_pending"),
        ("expired", "withdraw", "request_not_pending"),
        ("expired", "extend", "grant_over"),
        ("expired", "revoke", "nothing"),
        ("expired", "release", "nothing"),
        ("expired", "suspend", "grant_over"),
        ("expired", "resume", "grant_over"),
        ("denied", "approve", "request_not_pending"),
        ("denied", "deny", "request_not_pending"),
        ("denied", "ask", "request_not_pending"),
        ("denied", "answer", "request_not_pending"),
        ("denied", "withdraw", "request_not_pending"),
        ("denied", "extend", "unknown_grant"),
        ("denied", "revoke", "unknown_grant"),
        ("denied", "release", "unknown_grant"),
        ("denied", "suspend", "unknown_grant"),
        ("denied", "resume", "unknown_grant"),
        ("withdrawn", "approve", "request_not_pending"),
        ("withdrawn", "deny", "request_not_pending"),
        ("withdrawn", "ask", "request_not_pending"),
        ("withdrawn", "answer", "request_not_pending"),
        ("withdrawn", "withdraw", "nothing"),
        ("withdrawn", "extend", "unknown_grant"),
        ("withdrawn", "revoke", "unknown_grant"),
        ("withdrawn", "release", "unknown_grant"),
        ("withdrawn", "suspend", "unknown_grant"),
        ("withdrawn", "resume", "unknown_grant"),
    ];
    let expected: BTreeMap<_, _> = expected.into_iter().map(|(state, verb, answer)| ((state, verb), answer)).collect();
    assert_eq!(table, expected);
}

/// What an extension can do at most, step by step: it is contiguous, no wider, counted, and bounded in all.
#[test]
fn chains_of_extensions_have_no_gap_and_no_end_beyond_the_limit() {
    proptest!(|(steps in proptest::collection::vec((0..10 * HOUR, 0..4_u8, cut()), 1..12))| {
        let rules = rules().max_extensions(4).max_total_duration(Some(hours(20)));
        let (dev, admin) = (people().remove(0), people().remove(2));
        let mut serial = 1;
        let run = |view: View, caller: &Caller, command: Command, serial: u128, now: i64| {
            let view = View { request: view.request, grant: None, ..view };
            let call = Call::new(caller, &command, Ids::from_u128(serial));
            let events = decide(&view, &call, &rules, at(now)).ok()?;
            Some(events.iter().fold(view, evolve))
        };
        let submit = command(
            &Step { wait: 0, who: 0, what: Do::Submit { role: "operator", duration: Some(HOUR), starts_in: None } },
            &View::default(), 0,
        );
        let view = run(View::default(), &dev, submit, serial, 0).unwrap();
        let approve =
            |view: &View, cut| Command::from(Approve::new(view.request.as_ref().unwrap().id).at_most(cut));
        let first = run(view.clone(), &admin, approve(&view, Cut::default()), serial, 0).unwrap().grant.unwrap();
        let mut chain = vec![first.clone()];
        let mut now = 0;
        for (wait, what, cut) in steps {
            serial += 1;
            now += wait / 10;
            let old = chain.last().unwrap().clone();
            let extensions = chain[1..].to_vec();
            let duration = Ttl::from_millis(wait.max(1_000)).ok();
            let command = Extend::new(old.id).duration(duration).reason(Justification::new("x").unwrap());
            let before = View { extended: Some(old.clone()), extensions, ..View::default() };
            let Some(asked) = run(before, &dev, command.into(), serial, now) else { continue };
            if what == 0 {
                continue;
            }
            let command = approve(&asked, if what == 1 { cut } else { Cut::default() });
            let Some(made) = run(asked, &admin, command, serial, now).and_then(|view| view.grant) else { continue };
            prop_assert_eq!(made.window.start(), old.window.end());
            prop_assert!(made.permissions.is_within(&old.permissions) && made.scope.is_within(&old.scope));
            prop_assert_eq!(made.number() as usize, chain.len());
            prop_assert!(made.window.end().millis() - first.window.start().millis() <= 20 * HOUR);
            prop_assert!(made.window.start() > at(now));
            chain.push(made);
        }
        prop_assert!(chain.len() <= 5);
    });
}

fn submit(caller: &Caller, rules: &Rules) -> Result<Vec<Event>, RefusalCode> {
    let step =
        Step { wait: 0, who: 0, what: Do::Submit { role: "operator", duration: Some(20 * HOUR), starts_in: None } };
    let command = command(&step, &View::default(), 0);
    decide(&View::default(), &Call::new(caller, &command, Ids::from_u128(1)), rules, at(0))
        .map_err(|refusal| refusal.code())
}

#[test]
fn the_operators_rules_are_asked() {
    let dev = people().remove(0);
    assert!(submit(&dev, &rules()).is_ok());
    assert_eq!(submit(&dev, &rules().enabled(false)), Err(RefusalCode::Disabled));
    assert_eq!(submit(&dev, &rules().approver_roles(vec![])), Err(RefusalCode::NoApprover));
    assert_eq!(submit(&dev, &rules().require_ticket_url(true)), Err(RefusalCode::TicketRequired));
    let everything = vec![Permission::new("*").unwrap()];
    assert_eq!(submit(&dev, &rules().reserved_permissions(everything)), Err(RefusalCode::NothingToGrant));
    let events = submit(&dev, &rules().require_approval(false).approver_roles(vec![])).unwrap();
    assert_eq!(events[1].by, Actor::Rule("require_approval".into()), "a rule's approval is marked as one");
}

#[test]
fn the_answer_names_the_limit_that_cut_the_duration() {
    let dev = people().remove(0);
    let Fact::RequestSubmitted(request) = &submit(&dev, &rules()).unwrap()[0].fact else { panic!("no request") };
    let cut = request.duration_cut.clone().unwrap();
    assert_eq!((request.duration, cut.asked, &*cut.limit), (hours(8), hours(20), "max_duration_hours"));
}

fn permission_set() -> impl Strategy<Value = PermissionSet> {
    const NAMES: [&str; 8] =
        ["*", "tools.*", "tools.read", "tools.mcp.*", "tools.mcp.execute", "logs:read", "logs:*", "audit:read"];
    let some = |most| proptest::collection::vec(proptest::sample::select(&NAMES[..]), 0..most);
    (some(4), some(3)).prop_filter_map("gives something", |(allowed, excepted)| {
        let parse = |all: Vec<&str>| all.into_iter().map(|text| Permission::new(text).unwrap()).collect::<Vec<_>>();
        PermissionSet::with_exceptions(parse(allowed), parse(excepted)).ok()
    })
}

fn scope() -> impl Strategy<Value = Scope> {
    const TEXTS: [&str; 10] = [
        "*",
        "tool",
        "tool:a",
        "tool:b",
        "prompt",
        "server:s",
        "server:t",
        "tool@server:s",
        "tool@server:s:a",
        "server@server:s",
    ];
    proptest::sample::select(&TEXTS[..]).prop_map(|text| text.parse().unwrap())
}

fn cut() -> impl Strategy<Value = Cut> {
    use proptest::option::of;
    let conditions = (of(1..3_u64), of(0..3_usize), of(1..3_u64)).prop_map(|(minutes, network, uses)| {
        let networks = network.map(|at| vec![["10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32"][at].to_owned()]);
        Conditions::new(minutes, networks.as_deref(), None, uses).unwrap()
    });
    (of(permission_set()), of(scope()), of(1..10_i64), conditions).prop_map(
        |(permissions, scope, duration, conditions)| {
            Cut::default().permissions(permissions).scope(scope).duration(duration.map(hours)).conditions(conditions)
        },
    )
}

/// Everything that a set, or a scope, of those above can tell apart.
fn actions() -> Vec<Action> {
    ["tools.read", "tools.write", "tools.mcp.execute", "tools.mcp.x", "logs:read", "logs:write", "audit:read", "other"]
        .map(|name| Action::new(name).unwrap())
        .into()
}

fn things() -> Vec<Resource> {
    let mut things = vec![Resource::everything()];
    for (kind, id) in [("tool", "a"), ("tool", "b"), ("prompt", "a")] {
        let thing = Resource::new(kind, id).unwrap();
        let on = |server: &str| thing.clone().with_parent(server.parse().unwrap()).unwrap();
        things.extend([on("server:s"), on("server:t"), thing]);
    }
    things.extend(["s", "t"].map(|id| Resource::new("server", id).unwrap()));
    things
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cuts_commute_and_only_shrink(permissions in permission_set(), scope in scope(), cuts in (cut(), cut())) {
        let terms = Terms { permissions, scope, duration: hours(8), conditions: Conditions::default() };
        let one_way = terms.cut(&cuts.0).and_then(|terms| terms.cut(&cuts.1)).ok();
        let other_way = terms.cut(&cuts.1).and_then(|terms| terms.cut(&cuts.0)).ok();
        prop_assert_eq!(&one_way, &other_way);
        if let Some(left) = &one_way {
            prop_assert!(left.duration <= terms.duration);
            prop_assert!([&cuts.0, &cuts.1].iter().all(|cut| left.conditions.is_within(&cut.conditions)));
            prop_assert_eq!(terms.cut(&cuts.0).and_then(|terms| terms.cut(&cuts.0)).ok(), terms.cut(&cuts.0).ok());
        }
        // What is left is what all of them give, action by action and thing by thing.
        for action in actions() {
            let by_all = terms.permissions.covers(&action)
                && [&cuts.0, &cuts.1].iter().all(|cut| cut.permissions.as_ref().is_none_or(|set| set.covers(&action)));
            if let Some(left) = &one_way {
                prop_assert_eq!(left.permissions.covers(&action), by_all, "{:?}", action);
            }
        }
        for thing in things() {
            let by_all = terms.scope.covers(&thing)
                && [&cuts.0, &cuts.1].iter().all(|cut| cut.scope.as_ref().is_none_or(|scope| scope.covers(&thing)));
            prop_assert_eq!(one_way.as_ref().is_some_and(|left| left.scope.covers(&thing)), by_all && one_way.is_some());
        }
    }

    #[test]
    fn what_is_within_gives_no_more(one in permission_set(), other in permission_set()) {
        if one.is_within(&other) {
            for action in actions() {
                prop_assert!(!one.covers(&action) || other.covers(&action), "{:?}", action);
            }
        }
        prop_assert!(one.is_within(&one));
        if let Some(both) = one.intersection(&other) {
            prop_assert!(both.is_within(&one) && both.is_within(&other));
        }
    }

    #[test]
    fn a_difference_gives_what_was_not_given_before(set in permission_set(), standing in permission_set()) {
        let without = standing.allowed();
        let new = set.difference(without);
        for action in actions() {
            let wanted = set.covers(&action) && !without.iter().any(|one| one.covers(&action));
            prop_assert_eq!(new.as_ref().is_some_and(|new| new.covers(&action)), wanted, "{:?}", action);
        }
    }
}
