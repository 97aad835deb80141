//! What the module promises, on single grants. Random grants are in `tests/differential.rs`.

use std::str::FromStr;

use cedar_policy::{PolicySet, RestrictedExpression};

use super::evaluate::ask;
use super::{Answer, PolicyError, Schema, authorize, export, policies, translate};
use crate::model::*;

const START: i64 = 1_796_119_200_123;
const END: i64 = START + 4 * 3_600_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn set(allowed: &[&str], excepted: &[&str]) -> PermissionSet {
    let all = |texts: &[&str]| texts.iter().map(|text| Permission::new(text).unwrap()).collect::<Vec<_>>();
    PermissionSet::with_exceptions(all(allowed), all(excepted)).unwrap()
}

/// A grant with a value in every field; tests change what they need.
fn grant(number: u128) -> Grant {
    Grant {
        id: GrantId::from_u128(number),
        request: RequestId::from_u128(number + 0x1000),
        holder: Principal::user("dev@example.com").unwrap(),
        holder_normal_roles: vec![RoleName::new("developer").unwrap()],
        role: RoleName::new("incident-responder").unwrap(),
        permissions: set(&["tools.*", "logs:read"], &["tools.delete"]),
        scope: Scope::one("server", "billing").unwrap(),
        window: Window::new(at(START), at(END)).unwrap(),
        details: crate::model::Details {
            justification: Some(Justification::new("the till is on fire").unwrap()),
            ticket_url: Some(TicketUrl::new("https://tracker.example.com/INC-1").unwrap()),
            ..crate::model::Details::default()
        },
        approver_roles: vec![RoleName::new("lead").unwrap()],
        approved_by: Actor::Principal(Principal::user("lead@example.com").unwrap()),
        earlier_approvers: Vec::new(),
        approved_at: at(START - 60_000),
        break_glass: None,
        holder_acts_for: None,
        conditions: Conditions::default(),
        suspended: None,
        ended: None,
        noted: Noted::default(),
        extends: None,
        uses: 0,
    }
}

fn asked(grant: &Grant, principal: &Principal, action: &str, resource: &Resource, now: Timestamp) -> Answer {
    let action = Action::new(action).unwrap();
    authorize(&policies([grant]).unwrap(), &Query { principal, action: &action, resource }, now).unwrap()
}

fn allows(grant: &Grant, action: &str, resource: &Resource) -> bool {
    let answer = asked(grant, &grant.holder, action, resource, grant.window.start());
    assert_eq!(answer.grants.is_empty(), answer.outcome != Outcome::Allow);
    answer.outcome == Outcome::Allow
}

fn thing(kind: &str, id: &str) -> Resource {
    Resource::new(kind, id).unwrap()
}

#[test]
fn the_text_of_a_grant_is_this() {
    let text = export([&grant(7)], &Schema::contextforge().unwrap(), at(START), Revision(42)).unwrap();
    assert_eq!(text, include_str!("tests/golden.cedar"));
}

#[test]
fn the_same_grants_give_the_same_bytes_in_any_order() {
    let schema = Schema::contextforge().unwrap();
    let (one, two, mut three) = (grant(1), grant(2), grant(3));
    three.window = Window::new(at(1_000), at(2_000)).unwrap();
    let forwards = export([&one, &two, &three], &schema, at(START), Revision(1)).unwrap();
    let backwards = export([&three, &two, &one], &schema, at(START), Revision(1)).unwrap();
    assert_eq!(forwards, backwards);
    assert_eq!(PolicySet::from_str(&forwards).unwrap().num_of_policies(), 2, "what is over is not exported");
    assert!(matches!(
        export([&one, &one], &schema, at(START), Revision(1)),
        Err(PolicyError::Duplicate { grant }) if grant == one.id
    ));
}

#[test]
fn nothing_is_a_policy_set_too() {
    let text = export([], &Schema::contextforge().unwrap(), at(START), Revision::ZERO).unwrap();
    assert_eq!(text, "// Live grants at 2026-12-01T10:00:00.123Z, revision 0: 0.\n");
    assert!(PolicySet::from_str(&text).unwrap().is_empty());
}

#[test]
fn a_justification_never_enters_a_policy() {
    let text = translate(&grant(1)).unwrap().unwrap().to_string();
    assert!(!text.contains("till"), "{text}");
}

#[test]
fn what_was_not_given_is_not_annotated() {
    let mut without = grant(1);
    without.details.ticket_url = None;
    let policy = translate(&without).unwrap().unwrap();
    assert_eq!(policy.annotation("ticket"), None);
    assert_eq!(translate(&grant(1)).unwrap().unwrap().annotation("ticket"), Some("https://tracker.example.com/INC-1"));
}

#[test]
fn what_has_ended_has_no_policy() {
    let end = |kind| Some(End { at: at(START), by: Actor::Clock, kind });
    let revoked = Grant { ended: end(EndKind::Revoked(Justification::new("done").unwrap())), ..grant(1) };
    let released = Grant { ended: end(EndKind::Released), ..grant(2) };
    let noted = Grant { noted: Noted { activation: true, expiry: true }, ..grant(3) };
    for grant in [&revoked, &released, &noted] {
        assert_eq!(translate(grant).unwrap(), None);
        assert!(Schema::contextforge().unwrap().check(grant).is_ok());
    }
    assert!(policies([&revoked, &released, &noted]).unwrap().is_empty());
}

#[test]
fn the_window_is_half_open() {
    let grant = grant(1);
    let tool = thing("tool", "refund").with_parent("server:billing".parse().unwrap()).unwrap();
    let outcome = |millis| asked(&grant, &grant.holder, "tools.execute", &tool, at(millis)).outcome;
    assert_eq!(outcome(START - 1), Outcome::NotApplicable);
    assert_eq!(outcome(START), Outcome::Allow);
    assert_eq!(outcome(END - 1), Outcome::Allow);
    assert_eq!(outcome(END), Outcome::NotApplicable);
}

#[test]
fn windows_reach_from_the_first_instant_to_the_last() {
    let tool = thing("tool", "refund").with_parent("server:billing".parse().unwrap()).unwrap();
    let always = Grant { window: Window::new(Timestamp::EPOCH, Timestamp::MAX).unwrap(), ..grant(1) };
    Schema::contextforge().unwrap().check(&always).unwrap();
    let outcome = |now| asked(&always, &always.holder, "tools.execute", &tool, now).outcome;
    assert_eq!(outcome(Timestamp::EPOCH), Outcome::Allow);
    assert_eq!(outcome(Timestamp::MAX), Outcome::NotApplicable);
}

#[test]
fn an_exception_is_not_given() {
    let tool = thing("tool", "refund").with_parent("server:billing".parse().unwrap()).unwrap();
    assert!(allows(&grant(1), "tools.execute", &tool));
    assert!(!allows(&grant(1), "tools.delete", &tool));
    let narrowed = Grant { permissions: set(&["*"], &["admin.*", "logs:read"]), ..grant(1) };
    assert!(allows(&narrowed, "audit:read", &tool));
    assert!(!allows(&narrowed, "admin.sso_providers:create", &tool));
    assert!(!allows(&narrowed, "logs:read", &tool));
    Schema::contextforge().unwrap().check(&narrowed).unwrap();
}

#[test]
fn everything_is_not_the_right_to_grant() {
    let all = Grant { permissions: set(&["*"], &[]), scope: Scope::ANY, ..grant(1) };
    for action in ["jit.approve", "jit.revoke", "jit.of.the.future", "jit"] {
        assert!(!allows(&all, action, &Resource::everything()), "{action}");
    }
    assert!(allows(&all, "jitter.read", &Resource::everything()));
    assert!(allows(&all, "an_action:nobody.declared", &Resource::everything()));
}

#[test]
fn wildcards_end_at_whole_segments() {
    let logs = Grant { permissions: set(&["logs.*"], &[]), scope: Scope::ANY, ..grant(1) };
    assert!(!allows(&logs, "logs:read", &Resource::everything()));
    assert!(!allows(&logs, "logs", &Resource::everything()));
    assert!(!allows(&logs, "logsmith.read", &Resource::everything()));
    assert!(allows(&logs, "logs.a:b.c", &Resource::everything()));
}

#[test]
fn scopes_reach_what_the_model_says() {
    let on = |kind, id: &str, server: &str| {
        thing(kind, id).with_parent(format!("server:{server}").parse().unwrap()).unwrap()
    };
    let world = [
        Resource::everything(),
        thing("gateway", "gateway"),
        thing("server", "s1"),
        thing("server", "s2"),
        thing("team", "s1"),
        thing("tool", "t1"),
        on("tool", "t1", "s1"),
        on("tool", "t1", "s2"),
        on("prompt", "s1", "s2"),
        on("resource", "r", "s1"),
        on("agent", "a", "s1"),
    ];
    let schema = Schema::contextforge().unwrap();
    for text in [
        "*",
        "gateway",
        "server",
        "tool",
        "resource",
        "prompt",
        "agent",
        "team",
        "gateway:gateway",
        "tool@server:s1",
        "tool@server:s1:t1",
        "server@server:s1",
        "*@server:s1:tool:t1",
        "server:s1",
        "tool:t1",
        "prompt:s1",
        "resource:r",
        "agent:a",
        "team:s1",
        "tool:absent",
    ] {
        let scoped = Grant { scope: text.parse().unwrap(), ..grant(1) };
        schema.check(&scoped).unwrap();
        for resource in &world {
            assert_eq!(allows(&scoped, "logs:read", resource), scoped.scope.covers(resource), "{text} on {resource}");
        }
    }
}

#[test]
fn a_grant_is_for_its_holder_alone() {
    let gateway = Resource::everything();
    let mut mine = Grant { scope: Scope::ANY, ..grant(1) };
    for other in [
        Principal::user("dev@example.org").unwrap(),
        Principal::user("dеv@example.com").unwrap(),
        Principal::agent("dev@example.com").unwrap(),
    ] {
        assert_eq!(asked(&mine, &other, "logs:read", &gateway, at(START)).outcome, Outcome::NotApplicable);
    }
    mine.holder = Principal::agent("bot").unwrap();
    assert!(allows(&mine, "logs:read", &gateway));
    Schema::contextforge().unwrap().check(&mine).unwrap();
}

#[test]
fn an_agent_may_ask_about_itself() {
    let mine = Grant { holder: Principal::agent("bot").unwrap(), scope: "server:s1".parse().unwrap(), ..grant(1) };
    let itself = thing("agent", "bot");
    assert!(!allows(&mine, "logs:read", &itself));
    assert!(allows(&mine, "logs:read", &itself.with_parent("server:s1".parse().unwrap()).unwrap()));
}

#[test]
fn hostile_ids_are_data() {
    let schema = Schema::contextforge().unwrap();
    for id in [
        "x\" || true || \"",
        "x\"); permit (principal, action, resource); //",
        "\\",
        "\\\"",
        "\\u{41}",
        "// not a comment",
        "a\u{200d}txt.exe\u{ad}",
        "\u{feff}\u{200b}",
        "\u{430}dmin",
        "👩‍👩‍👧‍👦e\u{301}\u{2028}\u{2029}",
        "  spaces  ",
        "'`$(){}[]@?",
        &"ü".repeat(1_024),
        &"(".repeat(2_048),
        &"\"".repeat(2_048),
    ] {
        let mut hostile = grant(1);
        hostile.scope = Scope::one("tool", id).unwrap();
        if let Ok(role) = RoleName::new(id) {
            hostile.role = role;
        }
        assert!(allows(&hostile, "logs:read", &thing("tool", id)), "{id}");
        assert!(!allows(&hostile, "logs:read", &thing("tool", "x")), "{id}");
        let text = export([&hostile], &schema, at(START), Revision(1)).unwrap();
        assert!(text.chars().all(|c| c == '\n' || (' '..='~').contains(&c)), "{text}");
        let read = PolicySet::from_str(&text).unwrap();
        assert_eq!(read.num_of_policies(), 1, "{text}");
        assert_eq!(read.policies().next().unwrap().annotation("role"), Some(hostile.role.as_str()));
    }
}

#[test]
fn the_schemas_groups_are_the_models() {
    // The rule is checked whenever a schema is read; what is left to show is that it is there to be checked.
    let schema = Schema::contextforge().unwrap();
    for text in
        ["*", "tools.*", "tools.execute", "admin.*", "admin.sso_providers:*", "logs:*", "logs:read", "a2a.invoke"]
    {
        assert!(schema.declares(&Permission::new(text).unwrap()), "{text}");
    }
    let broken = [
        ("action \"tools.*\" in [\"*\"];", "action \"tools.*\";", "`tools.create`"),
        ("action \"llm.*\" in [\"*\"];", "action \"llm.*\" in [\"*\"]; action \"jit.*\" in [\"*\"];", "`jit.*`"),
        ("action \"llm.*\" in [\"*\"];", "action \"llm.*\" in [\"tools.*\"];", "`llm.invoke`"),
        ("\"audit:read\"", "\"audit read\"", "`audit read`"),
    ];
    for (right, wrong, named) in broken {
        let text = Schema::contextforge_text().replace(right, wrong);
        assert_ne!(text, Schema::contextforge_text());
        let error = Schema::parse(&text).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
    assert!(matches!(Schema::parse("entity"), Err(PolicyError::Schema { .. })));
}

#[test]
fn a_check_is_strict_and_names_the_grant() {
    let schema = Schema::contextforge().unwrap();
    let foreign = Grant { permissions: set(&["widgets.spin", "gears.*"], &["gears.stop"]), ..grant(9) };
    let error = schema.check(&foreign).unwrap_err();
    assert!(matches!(&error, PolicyError::Unfit { grant, .. } if *grant == foreign.id), "{error}");
    assert!(error.to_string().contains("widgets.spin"), "{error}");
    assert!(export([&foreign], &schema, at(START), Revision(1)).is_err());

    let names = [foreign.permissions.allowed(), foreign.permissions.excepted()].concat();
    let wider = schema.with(&names, []).unwrap();
    wider.check(&foreign).unwrap();
    wider.check(&grant(1)).unwrap();
    wider.with(&names, []).unwrap().check(&foreign).unwrap();
    export([&foreign], &wider, at(START), Revision(1)).unwrap();
}

#[test]
fn no_grant_that_the_model_makes_is_refused_as_impossible() {
    let schema = Schema::contextforge().unwrap();
    let read = set(&["logs:read"], &[]);
    for scope in ["prompt:p", "team", "gateway", "server:s"] {
        schema.check(&Grant { permissions: read.clone(), scope: scope.parse().unwrap(), ..grant(1) }).unwrap();
    }
    // Every action of the group that is declared is excepted: pointless, and no error.
    let hollow = set(&["llm.*"], &["llm.invoke", "llm.read"]);
    schema.check(&Grant { permissions: hollow, ..grant(1) }).unwrap();
    // A group without declared members.
    let names = [Permission::new("of.another.host:*").unwrap()];
    let wider = schema.with(&names, []).unwrap();
    wider.check(&Grant { permissions: PermissionSet::new(names).unwrap(), ..grant(1) }).unwrap();
}

#[test]
fn a_check_without_its_instant_is_an_error_and_no_allow() {
    let grant = grant(1);
    let set = policies([&grant]).unwrap();
    let tool = thing("tool", "refund").with_parent("server:billing".parse().unwrap()).unwrap();
    let query = Query { principal: &grant.holder, action: &Action::new("tools.execute").unwrap(), resource: &tool };
    let text = RestrictedExpression::new_string("2026-12-01T10:30:00.000Z".to_owned());
    let number = RestrictedExpression::new_long(START);
    let garbage = RestrictedExpression::new_datetime("soon");
    for context in
        [vec![], vec![("now".to_owned(), text)], vec![("now".to_owned(), number)], vec![("now".to_owned(), garbage)]]
    {
        // A value that is not an instant makes no context.
        let Ok(context) = cedar_policy::Context::from_pairs(context) else { continue };
        assert!(matches!(ask(&set, &query, context), Err(PolicyError::Unanswerable { .. })));
    }
}

#[test]
fn one_error_spoils_the_answer() {
    let grant = grant(1);
    let mut set = policies([&grant]).unwrap();
    let tool = thing("tool", "refund").with_parent("server:billing".parse().unwrap()).unwrap();
    let query = Query { principal: &grant.holder, action: &Action::new("tools.execute").unwrap(), resource: &tool };
    assert_eq!(authorize(&set, &query, at(START)).unwrap().outcome, Outcome::Allow);
    let guardrail = "forbid (principal, action, resource) when { principal.is_barred };";
    set.add(cedar_policy::Policy::from_str(guardrail).unwrap()).unwrap();
    assert!(matches!(authorize(&set, &query, at(START)), Err(PolicyError::Unanswerable { .. })));
}

#[test]
fn a_forbid_wins_and_is_named() {
    let grant = grant(1);
    let mut set = policies([&grant]).unwrap();
    let tool = thing("tool", "refund").with_parent("server:billing".parse().unwrap()).unwrap();
    let query = Query { principal: &grant.holder, action: &Action::new("tools.execute").unwrap(), resource: &tool };
    let guardrail = "forbid (principal, action in Action::\"tools.*\", resource in Server::\"billing\");";
    set.add(cedar_policy::Policy::parse(Some(cedar_policy::PolicyId::new("freeze")), guardrail).unwrap()).unwrap();
    assert_eq!(
        authorize(&set, &query, at(START)).unwrap(),
        Answer { outcome: Outcome::Deny, grants: vec![], others: vec!["freeze".to_owned()] }
    );
}

#[test]
fn every_grant_that_could_decide_is_named() {
    let (one, two, three) = (grant(1), Grant { permissions: set(&["*"], &[]), ..grant(2) }, grant(3));
    let later = Grant { window: Window::new(at(END), at(END + 1)).unwrap(), ..three };
    let set = policies([&two, &later, &one]).unwrap();
    let tool = thing("tool", "refund").with_parent("server:billing".parse().unwrap()).unwrap();
    let query = Query { principal: &one.holder, action: &Action::new("tools.execute").unwrap(), resource: &tool };
    assert_eq!(authorize(&set, &query, at(START)).unwrap().grants, [one.id, two.id]);
    assert_eq!(authorize(&set, &query, at(END)).unwrap().grants, [later.id]);
    assert!(matches!(policies([&one, &one]), Err(PolicyError::Duplicate { grant }) if grant == one.id));
}

#[test]
fn the_largest_permission_sets_nest_no_deeper_than_small_ones() {
    let many = |prefix: &str| (0..256).map(|n| Permission::new(&format!("{prefix}{n}")).unwrap()).collect::<Vec<_>>();
    let mut allowed = many("host.a");
    allowed.truncate(255);
    allowed.push(Permission::new("tools.*").unwrap());
    let permissions = PermissionSet::with_exceptions(allowed.clone(), many("tools.x")).unwrap();
    let large = Grant { permissions: permissions.clone(), ..grant(1) };
    let names = [permissions.allowed(), permissions.excepted()].concat();
    let schema = Schema::contextforge().unwrap().with(&names, []).unwrap();
    export([&large], &schema, at(START), Revision(1)).unwrap();
}
