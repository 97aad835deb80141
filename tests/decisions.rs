//! What the pure rules answer where a story of a whole host seldom comes: facts about something else, limits that are switched
//! off, rules that were changed meanwhile.

use jit_access::command::{AcceptClock, Approve, BreakGlass, Command, Delegate, RevokeMany, Submit};
use jit_access::model::*;
use jit_access::store::conformance::world::{at, minutes, person, role};
use jit_access::workflow::{
    AfterUnjustified, AgentRules, BreakGlassRules, Call, History, Ids, NeverAutoApprove, OnRoleChange, Refusal,
    RefusalCode, Rules, View, cuts_by, decide, end_changed_roles, evolve, impact_on_grant, impact_on_request,
    may_review_use, merge_taken, offers, why_it_ends,
};

fn words(text: &str) -> Justification {
    Justification::new(text).unwrap()
}

fn set(permissions: &[&str]) -> PermissionSet {
    PermissionSet::new(permissions.iter().map(|text| Permission::new(text).unwrap())).unwrap()
}

fn catalogue(roles: impl IntoIterator<Item = Role>) -> std::collections::BTreeMap<RoleName, Role> {
    roles.into_iter().map(|role| (role.name.clone(), role)).collect()
}

fn rules() -> Rules {
    let break_glass = BreakGlassRules::default()
        .enabled(true)
        .require_mfa(false)
        .eligible_roles(vec![role("sre")])
        .reviewer_roles(vec![role("guard")]);
    Rules::default()
        .require_justification(false)
        .approver_roles(vec![role("lead")])
        .break_glass(break_glass)
        .catalogue(catalogue([Role::new(role("deployer"), set(&["tools.execute", "logs.read"]))]))
}

fn dev() -> Caller {
    person("dev", &["sre"])
}

/// The same, changed.
fn with<T>(mut value: T, change: impl FnOnce(&mut T)) -> T {
    change(&mut value);
    value
}

fn numbered(id: u128, grant: &Grant) -> Grant {
    with(grant.clone(), |grant| grant.id = GrantId::from_u128(id))
}

fn lead() -> Caller {
    person("lead", &["lead"])
}

fn agent_of(name: &str) -> Caller {
    let acts_for = Some(person(name, &[]).principal);
    with(Caller::new(Principal::agent("bot").unwrap(), vec![]), |bot| bot.acts_for = acts_for)
}

fn events(view: &View, who: &Caller, what: impl Into<Command>, rules: &Rules, at: Timestamp) -> Vec<Event> {
    decide(view, &Call::new(who, &what.into(), Ids::from_u128(7)), rules, at).unwrap()
}

fn refused(view: &View, who: &Caller, what: impl Into<Command>, rules: &Rules, at: Timestamp) -> Refusal {
    decide(view, &Call::new(who, &what.into(), Ids::from_u128(7)), rules, at).unwrap_err()
}

fn after(view: View, events: &[Event]) -> View {
    events.iter().fold(view, evolve)
}

fn asked(who: &Caller, rules: &Rules) -> AccessRequest {
    let made = events(&View::default(), who, Submit::new(role("deployer")), rules, at(0));
    after(View::default(), &made).request.unwrap()
}

fn granted(who: &Caller, rules: &Rules) -> (AccessRequest, Grant) {
    let request = asked(who, rules);
    let view = View { request: Some(request.clone()), ..View::default() };
    let made = events(&view, &lead(), Approve::new(request.id), rules, at(0));
    let view = after(view, &made);
    (view.request.unwrap(), view.grant.unwrap())
}

fn take() -> BreakGlass {
    BreakGlass::new(role("deployer")).reason(words("the shop is down"))
}

fn emergency(rules: &Rules) -> Grant {
    after(View::default(), &events(&View::default(), &dev(), take(), rules, at(0))).grant.unwrap()
}

fn live(grants: &[&Grant]) -> View {
    let live = grants.iter().map(|grant| (*grant).clone()).collect();
    View { history: History { live, ..History::default() }, ..View::default() }
}

#[test]
fn a_fact_about_something_else_changes_nothing() {
    let (request, _) = granted(&dev(), &rules());
    let view = View { request: Some(request.clone()), ..View::default() };
    let other = RequestId::from_u128(8);
    let facts = [
        Fact::ReviewLapsed { request: other, reviewer: lead().principal },
        Fact::RequestReassessed { request: other, assessment: Box::new(request.assessment) },
        Fact::DelegationEnded { delegation: DelegationId::from_u128(8) },
        Fact::RequestWithdrawn { request: other },
        Fact::GrantReleased { grant: GrantId::from_u128(8) },
    ];
    for fact in facts {
        assert_eq!(evolve(view.clone(), &Event { at: at(1), by: Actor::Host, fact }), view);
    }
}

#[test]
fn only_an_authenticated_caller_asks() {
    let command = Submit::new(role("deployer")).into();
    let call = Call { caller: None, command: &command, ids: Ids::from_u128(7), keyed: false };
    assert_eq!(decide(&View::default(), &call, &rules(), at(0)).unwrap_err().code(), RefusalCode::NotEligible);
}

#[test]
fn an_agent_acts_for_a_person_and_no_other_agent() {
    let bot = with(agent_of("dev"), |bot| bot.acts_for = Some(Principal::agent("other").unwrap()));
    let refusal = refused(&View::default(), &bot, Submit::new(role("deployer")), &rules(), at(0));
    assert_eq!(refusal.code(), RefusalCode::NotForAgents);
}

#[test]
fn the_limits_of_agents_can_be_switched_off() {
    let rules = rules().agents(AgentRules::default().requests_per_hour(None).open_requests(None).denials(None));
    let waiting = asked(&agent_of("dev"), &rules);
    let denied = with(waiting, |one| one.state = RequestState::Denied);
    let history = History { requests: vec![denied; 30], ..History::default() };
    let view = View { history, ..View::default() };
    assert_eq!(events(&view, &agent_of("dev"), Submit::new(role("deployer")), &rules, at(1)).len(), 1);
    let usual = rules.agents(AgentRules::default());
    let refusal = refused(&view, &agent_of("dev"), Submit::new(role("deployer")), &usual, at(1));
    assert_eq!(refusal.code(), RefusalCode::TooManyRequests);
}

#[test]
fn what_a_rule_did_for_an_agent_is_the_deed_of_the_rule() {
    let rules = rules().require_approval(false);
    let made = events(&View::default(), &agent_of("dev"), Submit::new(role("deployer")), &rules, at(0));
    let by: Vec<_> = made.iter().map(|event| event.by.to_string()).collect();
    assert_eq!(by, ["agent:bot", "rule:require_approval", "rule:require_approval", "rule:require_approval"]);
}

#[test]
fn what_an_agent_holds_or_waits_for_serves_its_person_alone() {
    let rules = rules();
    let (request, grant) = granted(&agent_of("dev"), &rules);
    let waiting = asked(&agent_of("dev"), &rules);
    let history =
        |requests, live| View { history: History { requests, live, ..History::default() }, ..View::default() };
    let submit = || Submit::new(role("deployer"));
    // The same person's task is given already, or waits already; another person's is asked for.
    let views = [history(vec![request], vec![grant]), history(vec![waiting.clone()], vec![])];
    for view in views {
        assert_eq!(events(&view, &agent_of("dev"), submit(), &rules, at(0)), []);
        assert_eq!(events(&view, &agent_of("ann"), submit(), &rules, at(0)).len(), 1);
    }
    // What a reviewer's question has changed is not the form that was sent twice.
    let changed = with(waiting, |one| one.version = 2);
    assert_eq!(events(&history(vec![changed], vec![]), &agent_of("dev"), submit(), &rules, at(1)).len(), 1);
}

#[test]
fn what_others_hold_is_not_held_by_who_looks_at_the_roles() {
    let rules = rules();
    let (_, grant) = granted(&agent_of("dev"), &rules);
    let held = |who: &Caller| {
        let found = offers(&live(&[&grant]), who, Ids::from_u128(9), &rules, at(1)).unwrap();
        found.into_iter().map(|offer| offer.held.len()).collect::<Vec<_>>()
    };
    assert_eq!((held(&agent_of("dev")), held(&agent_of("ann")), held(&dev())), (vec![1], vec![0], vec![0]));
}

#[test]
fn a_grant_is_asked_for_again_for_twenty_other_reasons_and_no_more() {
    let rules = rules();
    let (request, grant) = granted(&dev(), &rules);
    let mut request = request;
    let view = |request: &AccessRequest| {
        let mut view = live(&[&grant]);
        view.history.requests = vec![request.clone()];
        view
    };
    let again = |number: usize| Submit::new(role("deployer")).reason(words(&format!("reason {number}")));
    for number in 0..20 {
        let made = events(&view(&request), &dev(), again(number), &rules, at(0));
        let known = View { request: Some(request), ..View::default() };
        request = after(known, &made).request.unwrap();
        assert_eq!(request.repeats.len(), number + 1);
    }
    let refusal = refused(&view(&request), &dev(), again(20), &rules, at(0));
    assert_eq!((refusal.code(), refusal.retry_at()), (RefusalCode::TooManyRequests, Some(grant.window.end())));
    // A reason that was given before says nothing new, and neither does one for a request that is not read any more.
    assert_eq!(events(&view(&request), &dev(), again(3), &rules, at(0)), []);
    assert_eq!(events(&live(&[&grant]), &dev(), again(21), &rules, at(0)), []);
}

#[test]
fn a_role_is_lent_once_however_often_it_is_named() {
    let to = person("ann", &[]).principal;
    let twice = Delegate::new(to, at(3_600_000), words("away")).roles(vec![role("lead"), role("lead")]);
    let made = after(View::default(), &events(&View::default(), &lead(), twice, &rules(), at(0)));
    assert_eq!(made.delegation.unwrap().roles, [role("lead")]);
}

#[test]
fn the_red_button_for_somebody_who_holds_nothing_changes_nothing() {
    let known = View {
        request: Some(asked(&dev(), &rules())),
        standing: [(dev().principal, Standing { enabled: true, roles: vec![] })].into(),
        ..View::default()
    };
    let nobody = person("nobody", &[]).principal;
    let selected = [
        (Selector::Request(known.request.as_ref().unwrap().id), None),
        (Selector::Holder(Principal::agent("bot").unwrap()), None),
        (Selector::Holder(dev().principal), None),
        (Selector::Holder(nobody), Some(RefusalCode::UnknownPrincipal)),
    ];
    for (select, code) in selected {
        let (lead, many) = (lead(), RevokeMany::new(select, words("stop")).into());
        let made = decide(&known, &Call::new(&lead, &many, Ids::from_u128(7)), &rules(), at(0));
        assert_eq!(made.map_err(|refusal| Some(refusal.code())), code.map_or(Ok(Vec::new()), |code| Err(Some(code))));
    }
}

#[test]
fn todays_rules_bind_an_older_request() {
    let older = rules().catalogue(catalogue([Role::new(role("deployer"), set(&["tools.execute"]))]));
    let view = View { request: Some(asked(&dev(), &older)), ..View::default() };
    let approve = || Approve::new(RequestId::from_u128(7));
    let reason = refused(&view, &lead(), approve(), &older.clone().require_justification(true), at(1));
    assert_eq!(reason.code(), RefusalCode::JustificationRequired);
    let ticket = refused(&view, &lead(), approve(), &older.clone().require_ticket_url(true), at(1));
    assert_eq!(ticket.code(), RefusalCode::TicketRequired);
    let closed = Role::new(role("deployer"), set(&["tools.execute"])).requestable_by(Some(vec![]));
    let nobody = refused(&view, &lead(), approve(), &older.catalogue(catalogue([closed])), at(1));
    assert_eq!(nobody.code(), RefusalCode::NotEligible);
    assert_eq!(nobody.message(), "the role `deployer` is for nobody, and dev@example.com holds none of them");
}

#[test]
fn an_approval_of_somebody_who_is_disabled_by_now_does_not_count() {
    let two = ApprovalRule { roles: vec![role("lead")], count: 2, escalation: None };
    let deployer = Role::new(role("deployer"), set(&["tools.execute"])).approval(vec![two]);
    let rules = rules().catalogue(catalogue([deployer]));
    let view = View { request: Some(asked(&dev(), &rules)), ..View::default() };
    let view = after(view.clone(), &events(&view, &lead(), Approve::new(RequestId::from_u128(7)), &rules, at(1)));
    let gone = Standing { enabled: false, roles: vec![role("lead")] };
    let view = View { standing: [(lead().principal, gone)].into(), ..view };
    let second = events(&view, &person("other", &["lead"]), Approve::new(RequestId::from_u128(7)), &rules, at(2));
    let facts: Vec<_> = second.iter().map(|event| event.fact.name()).collect();
    assert_eq!(facts, ["review_lapsed", "request_reviewed"]);
}

#[test]
fn a_cut_that_takes_nothing_is_not_told() {
    let request = asked(&dev(), &rules());
    let lines = |cut: Cut| cuts_by(&request, &cut, &Actor::Host).iter().map(ToString::to_string).collect::<Vec<_>>();
    let of_scope = |scope: Scope| with(Cut::default(), |cut| cut.scope = Some(scope));
    assert_eq!(lines(of_scope(Scope::ANY)), [""; 0]);
    assert_eq!(lines(of_scope(Scope::one("tool", "deploy").unwrap())), ["resource: * to tool:deploy by rule:host"]);
    // What is left of such a cut is refused before it is recorded.
    assert_eq!(lines(with(Cut::default(), |cut| cut.permissions = Some(set(&["other"])))), [""; 0]);
    let narrow = with(request.clone(), |one| one.scope = Scope::one("tool", "deploy").unwrap());
    let other = cuts_by(&narrow, &of_scope(Scope::one("tool", "other").unwrap()), &Actor::Host);
    assert_eq!(other, []);
}

#[test]
fn break_glass_respects_what_a_person_must_approve() {
    let never = NeverAutoApprove::default().roles(vec![role("deployer")]);
    let guarded = rules().never_auto_approve(never);
    let refusal = refused(&View::default(), &dev(), take(), &guarded, at(0));
    assert_eq!(refusal.code(), RefusalCode::NotForBreakGlass);
    let even = guarded.break_glass.clone().even_never_auto_approve(true);
    assert_eq!(events(&View::default(), &dev(), take(), &guarded.break_glass(even), at(0)).len(), 4);
}

#[test]
fn break_glass_needs_somebody_who_reviews_it() {
    let nobody = rules().approver_roles(vec![]);
    let break_glass = nobody.break_glass.clone().reviewer_roles(vec![]);
    let refusal = refused(&View::default(), &dev(), take(), &nobody.break_glass(break_glass), at(0));
    assert_eq!(refusal.code(), RefusalCode::NoApprover);
}

#[test]
fn while_the_store_is_away_break_glass_is_short_and_only_where_it_is_permitted() {
    let away = View { away: true, ..View::default() };
    assert_eq!(refused(&away, &dev(), take(), &rules(), at(0)).code(), RefusalCode::BreakGlassDisabled);
    let offline = rules().break_glass.offline(Some(minutes(20)));
    let rules = rules().break_glass(offline);
    let made = after(View::default(), &events(&away, &dev(), take().duration(minutes(60)), &rules, at(0)));
    let cut = made.request.unwrap().duration_cut.unwrap();
    assert_eq!((cut.asked, &*cut.limit), (minutes(60), "break_glass.offline_max_minutes"));
    assert_eq!(made.grant.unwrap().window.length(), minutes(20));
}

#[test]
fn nobody_reviews_their_own_break_glass_and_no_agent_reviews_any() {
    let rules = rules();
    let grant = emergency(&rules);
    let over = grant.window.end();
    let guard = person("ann", &["guard"]);
    let bot = with(agent_of("ann"), |bot| bot.roles = vec![role("guard")]);
    let holder = with(dev(), |holder| holder.roles = vec![role("guard")]);
    assert!(may_review_use(&guard, &grant, &rules, over) && !may_review_use(&guard, &grant, &rules, at(1)));
    assert!(!may_review_use(&bot, &grant, &rules, over) && !may_review_use(&holder, &grant, &rules, over));
}

fn keys(grant: &Grant, rules: &Rules, now: Timestamp) -> Vec<(String, String)> {
    impact_on_grant(grant, rules, now).into_iter().map(|one| (one.key, one.effect)).collect()
}

#[test]
fn other_rules_say_what_becomes_of_a_grant() {
    let (_, grant) = granted(&dev(), &rules());
    let line = |key: &str, effect: &str| (key.to_owned(), effect.to_owned());
    let goes_on = "continues to its end as it was approved";
    assert_eq!(keys(&grant, &rules(), at(1)), []);
    assert_eq!(keys(&grant, &rules().enabled(false), at(1)), [line("enabled", "is not honoured")]);
    assert_eq!(keys(&grant, &rules().enabled(false), grant.window.end()), []);
    let reserved = rules().reserved_permissions(vec![Permission::new("logs.read").unwrap()]);
    assert_eq!(keys(&grant, &reserved, at(1)), [line("reserved_permissions", "gives less from now on")]);
    let all = rules().reserved_permissions(vec![Permission::new("*").unwrap()]);
    assert_eq!(keys(&grant, &all, at(1)), [line("reserved_permissions", "gives nothing any more")]);
    let short = rules().max_duration(minutes(5));
    assert_eq!(keys(&grant, &short, at(1)), [line("max_duration_hours", goes_on)]);
    let mut strict = Role::new(role("deployer"), set(&["tools.execute", "logs.read"]));
    strict.conditions.mfa_within = Some(minutes(5));
    let strict = rules().catalogue(catalogue([strict]));
    assert_eq!(keys(&grant, &strict, at(1)), [line("roles.deployer.conditions", goes_on)]);
    assert_eq!(keys(&grant, &rules().catalogue(catalogue([])), at(1)), [line("roles.deployer", goes_on)]);
}

#[test]
fn other_rules_say_what_becomes_of_break_glass() {
    let grant = emergency(&rules());
    assert_eq!(keys(&grant, &rules(), at(1)), []);
    let off = rules().break_glass.enabled(false);
    let goes_on = "continues to its end as it was approved";
    let expected = [("break_glass.enabled".to_owned(), goes_on.to_owned())];
    assert_eq!(keys(&grant, &rules().break_glass(off), at(1)), expected);
}

#[test]
fn other_rules_say_what_becomes_of_a_request() {
    let request = asked(&dev(), &rules());
    let keys = |rules: &Rules, now| {
        impact_on_request(&request, rules, now).into_iter().map(|one| (one.key, one.effect)).collect::<Vec<_>>()
    };
    let line = |key: &str, effect: &str| vec![(key.to_owned(), effect.to_owned())];
    let stopped = "cannot be approved";
    assert_eq!(keys(&rules(), at(1)), []);
    assert_eq!(keys(&rules().enabled(false), request.times_out_at), []);
    assert_eq!(keys(&rules().enabled(false), at(1)), line("enabled", stopped));
    assert_eq!(keys(&rules().require_justification(true), at(1)), line("require_justification", stopped));
    assert_eq!(keys(&rules().require_ticket_url(true), at(1)), line("require_ticket_url", stopped));
    assert_eq!(keys(&rules().catalogue(catalogue([])), at(1)), line("roles.deployer", stopped));
    let other = rules().catalogue(catalogue([Role::new(role("deployer"), set(&["other"]))]));
    assert_eq!(keys(&other, at(1)), line("roles.deployer.permissions", stopped));
    let reserved = rules().reserved_permissions(vec![Permission::new("*").unwrap()]);
    assert_eq!(keys(&reserved, at(1)), line("reserved_permissions", stopped));
    assert_eq!(
        keys(&rules().max_duration(minutes(5)), at(1)),
        line("max_duration_hours", "is cut when it is approved")
    );
}

#[test]
fn a_changed_role_ends_what_is_live_and_was_approved_where_the_operator_says_so() {
    let (_, grant) = granted(&dev(), &rules());
    let over = with(numbered(8, &grant), |over| over.window = Window::new(at(0), at(1)).unwrap());
    let urgent = numbered(9, &emergency(&rules()));
    let view = live(&[&grant, &over, &urgent]);
    let gone = rules().catalogue(catalogue([]));
    assert_eq!(end_changed_roles(&view, &gone, at(2)), []);
    let ended = end_changed_roles(&view, &gone.on_role_change(OnRoleChange::Revoke), at(2));
    let ended: Vec<_> = ended.into_iter().map(|event| event.fact).collect();
    let reason = words("roles.deployer was changed, and the grant gave more than that");
    assert_eq!(ended, [Fact::GrantRevoked { grant: grant.id, reason }]);
}

#[test]
fn what_was_taken_offline_ends_where_the_rules_no_longer_give_it() {
    let grant = emergency(&rules());
    let why = |view: &View, rules: &Rules| match why_it_ends(view, &grant, false, rules, at(1))?.fact {
        Fact::GrantRevoked { reason, .. } => Some(
            reason.as_str().trim_start_matches("taken while the store was away, and now that it is back: ").to_owned(),
        ),
        other => panic!("{other:?}"),
    };
    let off = rules().break_glass.enabled(false);
    assert_eq!(why(&View::default(), &rules()), None);
    assert_eq!(
        why(&View::default(), &rules().break_glass(off)).as_deref(),
        Some("access without approval is switched off")
    );
    assert_eq!(
        why(&View::default(), &rules().catalogue(catalogue([]))).as_deref(),
        Some("there is no role `deployer` any more")
    );
    // Only another's that was no drill and waits for its review counts.
    let mut drill = numbered(8, &grant);
    let another = drill.clone();
    drill.break_glass.as_mut().unwrap().drill = true;
    assert_eq!(why(&live(&[&grant, &drill]), &rules()), None);
    assert!(why(&live(&[&grant, &another]), &rules()).unwrap().ends_with("that nobody has reviewed"));
    let mut closed = another.clone();
    closed.break_glass.as_mut().unwrap().closed =
        Some(ClosedReview { at: at(1), by: Actor::Host, outcome: ReviewOutcome::Unjustified(words("no")) });
    let mut against = live(&[&closed]);
    assert_eq!(why(&against, &rules()), None);
    against.history.unjustified = vec![closed];
    let blocks = rules().break_glass.after_unjustified(AfterUnjustified::Block);
    assert_eq!(why(&against, &rules()), None);
    assert!(why(&against, &rules().break_glass(blocks)).unwrap().ends_with("unjustified"));
}

#[test]
fn only_what_was_taken_offline_is_marked_as_merged() {
    let (_, grant) = granted(&dev(), &rules());
    let event = Event { at: at(0), by: Actor::Host, fact: Fact::GrantCreated(Box::new(grant)) };
    assert_eq!(merge_taken(std::slice::from_ref(&event), Some(at(1)), at(2)), [Event { at: at(2), ..event }]);
}

#[test]
fn a_confirmed_clock_ends_what_is_live_and_of_the_future() {
    let (_, grant) = granted(&dev(), &rules());
    let other = |id, at, ended| with(numbered(id, &grant), |one| (one.approved_at, one.ended) = (at, ended));
    let end = End { at: at(1), by: Actor::Host, kind: EndKind::Released };
    let view = live(&[&grant, &other(8, at(600_000), None), &other(9, at(600_000), Some(end))]);
    let accept = AcceptClock::new(words("it is right")).into();
    let call = Call { caller: None, command: &accept, ids: Ids::from_u128(7), keyed: false };
    let made = decide(&view, &call, &rules(), at(10)).unwrap();
    let ended = made.iter().filter_map(|event| match &event.fact {
        Fact::GrantRevoked { grant, .. } => Some(*grant),
        _ => None,
    });
    assert_eq!(ended.collect::<Vec<_>>(), [GrantId::from_u128(8)]);
}
