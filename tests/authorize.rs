//! The decision point: what it answers is what Cedar answers over the whole set of policies.
//!
//! The number of cases is in `AUTHORIZE_CASES`, the seed in `AUTHORIZE_SEED`:
//! `AUTHORIZE_CASES=1000000 cargo test --all-features --test authorize -- --nocapture`.
//! What many policies cost: `cargo test --release --all-features --test authorize few -- --ignored --nocapture`.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use cedar_policy::{Authorizer, Context as CedarContext, Entities, EntityUid, PolicySet, Request};
use fastrand::Rng;
use jit_access::clock::ManualClock;
use jit_access::command::{Approve, BreakGlass, Submit};
use jit_access::config::Config;
use jit_access::model::{Action, Caller, Context, GrantId, Outcome, PolicyFile, Principal, Resource, RoleName, SignIn};
use jit_access::policy::ScopedPolicies;
use jit_access::service::{AuthorizeRequest, Builder, Engine, GuardrailSettings};
use jit_access::store::MemoryStore;

fn variable(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().expect("a whole number"))
}

/// Ids that would be something else where text is pasted.
const IDS: [&str; 8] =
    ["ann", "bob", "a\"b", "\\\"", "\u{202e}x", "); permit (principal, action, resource);//", "", "ä"];

fn quoted(id: &str) -> String {
    format!("\"{}\"", id.escape_debug())
}

fn one<'a>(dice: &mut Rng, all: &[&'a str]) -> &'a str {
    all[dice.usize(..all.len())]
}

fn entity(dice: &mut Rng, types: &[&str]) -> String {
    format!("{}::{}", one(dice, types), quoted(one(dice, &IDS)))
}

fn head(dice: &mut Rng, variable: &str, types: &[&str]) -> String {
    match dice.u8(..6) {
        0 => variable.to_owned(),
        1 | 2 => format!("{variable} == {}", entity(dice, types)),
        3 => format!("{variable} in {}", entity(dice, types)),
        4 => format!("{variable} is {}", one(dice, types)),
        _ => format!("{variable} is {} in {}", one(dice, types), entity(dice, types)),
    }
}

fn policy(dice: &mut Rng) -> String {
    let effect = if dice.u8(..4) == 0 { "forbid" } else { "permit" };
    let action = match dice.u8(..4) {
        0 => "action".to_owned(),
        1 => format!("action == {}", entity(dice, &["Action"])),
        2 => format!("action in {}", entity(dice, &["Action"])),
        _ => format!("action in [{}, {}]", entity(dice, &["Action"]), entity(dice, &["Action"])),
    };
    let (principal, resource) =
        (head(dice, "principal", &["User", "Role"]), head(dice, "resource", &["Tool", "Server"]));
    let when = match dice.u8(..8) {
        0..3 => String::new(),
        3 => format!("when {{ context.now < datetime(\"1970-01-01T00:00:00.00{}Z\") }}", dice.u8(..4)),
        4 => "when { principal.level > 2 }".to_owned(),
        5 => "when { principal has level && principal.level + 9223372036854775805 > 0 }".to_owned(),
        6 => format!("unless {{ principal == {} }}", entity(dice, &["User"])),
        _ => format!("when {{ resource in {} }}", entity(dice, &["Server"])),
    };
    format!("{effect} ({principal}, {action}, {resource}) {when};\n")
}

fn entities(dice: &mut Rng) -> Entities {
    let uid = |kind: &str, id: &str| serde_json::json!({ "type": kind, "id": id });
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    for _ in 0..dice.usize(..10) {
        let (kind, above) = [("User", "Role"), ("Tool", "Server"), ("Action", "Action")][dice.usize(..3)];
        let id = one(dice, &IDS);
        if !seen.insert((kind, id)) {
            continue;
        }
        let parent = one(dice, &IDS);
        let parents = if kind == above { vec![] } else { vec![uid(above, parent)] };
        let attrs = if kind == "User" && dice.bool() {
            serde_json::json!({ "level": dice.u8(..5) })
        } else {
            serde_json::json!({})
        };
        all.push(serde_json::json!({ "uid": uid(kind, id), "attrs": attrs, "parents": parents }));
    }
    Entities::from_json_value(all.into(), None).unwrap()
}

/// Random policies with hostile ids, forbids, failing conditions and instants at the edges; half of them asked about a second
/// time, when the set is known.
#[test]
fn scoped_policies_answer_as_cedar_does_over_all() {
    let (cases, seed) = (variable("AUTHORIZE_CASES", 4_000), variable("AUTHORIZE_SEED", 7));
    let (mut allowed, mut denied, mut failed, mut asked) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut dice = Rng::with_seed(seed);
    while asked < cases {
        let text: String = (0..dice.usize(1..40)).map(|_| policy(&mut dice)).collect();
        let set = PolicySet::from_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let scoped = ScopedPolicies::new(&set).unwrap();
        let entities = entities(&mut dice);
        for _ in 0..40 {
            let uid = |text: String| EntityUid::from_str(&text).unwrap();
            let now = format!("1970-01-01T00:00:00.00{}Z", dice.u8(..4));
            let now = cedar_policy::RestrictedExpression::new_datetime(now);
            let request = Request::new(
                uid(entity(&mut dice, &["User"])),
                uid(entity(&mut dice, &["Action"])),
                uid(entity(&mut dice, &["Tool", "Server"])),
                CedarContext::from_pairs([("now".to_owned(), now)]).unwrap(),
                None,
            )
            .unwrap();
            let whole = Authorizer::new().is_authorized(&request, &set, &entities);
            let ours = scoped.ask(&request, &entities).unwrap();
            let mut reasons: Vec<String> = whole.diagnostics().reason().map(ToString::to_string).collect();
            let mut errors: Vec<String> = whole
                .diagnostics()
                .errors()
                .map(|cedar_policy::AuthorizationError::PolicyEvaluationError(error)| error.policy_id().to_string())
                .collect();
            reasons.sort_unstable();
            errors.sort_unstable();
            let by_cedar = (whole.decision() == cedar_policy::Decision::Allow, reasons, errors);
            let names: Vec<String> = ours.errors.iter().map(|(id, _)| id.clone()).collect();
            failed += u64::from(!names.is_empty());
            assert_eq!(by_cedar, (ours.allows, ours.reasons, names), "seed {seed}, {request}\n{text}");
            asked += 1;
            *if ours.allows { &mut allowed } else { &mut denied } += 1;
        }
    }
    println!("{asked} cases, seed {seed}: {allowed} allowed, {denied} not, {failed} with errors; no difference");
    assert!(allowed > asked / 100 && denied > asked / 100 && failed > asked / 100);
}

/// Tells how long it takes: the whole set against what can match.
#[test]
#[ignore = "it measures; see the manual of this file"]
#[expect(clippy::disallowed_methods, reason = "it measures")]
fn a_request_meets_few_of_very_many() {
    use std::time::Instant;

    let count = variable("AUTHORIZE_POLICIES", 3_000);
    let one = |number: u64| {
        format!(
            "permit (principal == User::\"u{}\", action == Action::\"read\", resource == Tool::\"t{}\")
             when {{ context.now < datetime(\"2200-01-01T00:00:00Z\") }};\n",
            number / 5,
            number % 5
        )
    };
    let whole = PolicySet::from_str(&(0..count).map(one).collect::<String>()).unwrap();
    let ideal = PolicySet::from_str(&one(37)).unwrap();
    let scoped = ScopedPolicies::new(&whole).unwrap();
    let uid = |text: &str| EntityUid::from_str(text).unwrap();
    let now = cedar_policy::RestrictedExpression::new_datetime("2026-12-01T09:00:00Z");
    let context = CedarContext::from_pairs([("now".to_owned(), now)]).unwrap();
    let (ann, read, tool) = (uid("User::\"u7\""), uid("Action::\"read\""), uid("Tool::\"t2\""));
    let request = Request::new(ann, read, tool, context, None).unwrap();
    let entities = Entities::empty();
    let timed = |times: u32, ask: &dyn Fn() -> bool| {
        assert!(ask());
        let began = Instant::now();
        (0..times).for_each(|_| assert!(ask()));
        began.elapsed() / times
    };
    let authorizer = Authorizer::new();
    let allows = |set: &PolicySet| {
        authorizer.is_authorized(&request, set, &entities).decision() == cedar_policy::Decision::Allow
    };
    let over_all = timed(3, &|| allows(&whole));
    let over_ideal = timed(300, &|| allows(&ideal));
    let ours = timed(300, &|| scoped.ask(&request, &entities).unwrap().allows);
    println!(
        "{count} policies: {over_all:?} over all, {over_ideal:?} over the one that matters, {ours:?} by the index"
    );
}

// ── A whole engine ──────────────────────────────────────────────────────────────────────────────────────────────────

const BASE: &str = r#"
@id("reading") permit (principal is User, action == Action::"tools.read", resource is Tool);
@id("never-root") forbid (principal, action, resource == Tool::"root");
"#;

const GUARDRAILS: &str = r#"
@id("frozen") @obligation("step_up")
forbid (principal, action in [Action::"tools.*"], resource in Server::"frozen");
@id("vault") @break_glass("holds")
forbid (principal, action, resource in Server::"vault");
@id("levels")
forbid (principal is User, action, resource in Server::"levels") when { principal.level < 3 };
@id("recorded") @record("arguments") @notify
permit (principal, action, resource in Server::"shop");
"#;

const SCHEMA: &str = r#"
entity Role; entity User in [Role] { level: Long }; entity Server; entity Tool in [Server];
action "*"; action "tools.*" in ["*"]; action "tools.execute" in ["tools.*"]; action "tools.read" in ["tools.*"];
"#;

fn engine(max_entity_age: Option<u64>) -> (Engine, Arc<ManualClock>) {
    let text = format!(
        "jit_access: {{approver_roles: [lead], roles: {{deployer: {{permissions: [tools.execute]}}, all: {{permissions: ['*']}}}},
          break_glass: {{enabled: true, eligible_roles: [oncall], require_mfa: false}},
          schema: {{text: '{SCHEMA}'}}}}"
    );
    let config = Config::parse(&text, []).unwrap();
    let guardrails = GuardrailSettings {
        own: vec![PolicyFile::new("own.cedar", GUARDRAILS)],
        max_entity_age: max_entity_age.map(std::time::Duration::from_secs),
        ..GuardrailSettings::default()
    };
    let settings = config.settings.guardrails(guardrails).standing_policies(vec![PolicyFile::new("base.cedar", BASE)]);
    let clock = Arc::new(ManualClock::at("2026-12-01T09:00:00Z".parse().unwrap()));
    (
        Builder::new(MemoryStore::new(), config.rules)
            .settings(settings)
            .clock(Arc::clone(&clock) as _)
            .open()
            .unwrap(),
        clock,
    )
}

fn caller(name: &str, roles: &[&str]) -> Caller {
    let roles = roles.iter().map(|role| RoleName::new(role).unwrap()).collect();
    Caller::new(Principal::user(name).unwrap(), roles)
}

fn give(engine: &Engine, who: &str, role: &str) -> GrantId {
    let workflow = engine.workflow();
    let submit =
        Submit::new(RoleName::new(role).unwrap()).reason("INC-1".parse::<jit_access::model::Justification>().unwrap());
    let receipt = workflow.execute(&caller(who, &[]), submit, None).unwrap();
    let request = receipt.request.as_ref().unwrap().id;
    let receipt = workflow.execute(&caller("lead", &["lead"]), Approve::new(request), None).unwrap();
    receipt.grant.as_ref().unwrap().id
}

fn asked(who: &str, action: &str, resource: &str, parent: &str) -> AuthorizeRequest {
    let resource: Resource = resource.parse().unwrap();
    let resource = resource.with_parent(parent.parse().unwrap()).unwrap();
    AuthorizeRequest::new(Principal::user(who).unwrap(), Action::new(action).unwrap(), resource)
}

#[test]
fn standing_policies_guardrails_and_grants_decide_together() {
    let (engine, clock) = engine(None);
    let grant = give(&engine, "dev", "deployer");
    let ask = |who: &str, action: &str, resource: &str, parent: &str| {
        let answer = engine.authorize(&asked(who, action, resource, parent)).unwrap();
        (answer.outcome, answer.reason, answer.policies.join(","), answer.grant)
    };
    let by_grant = |answer| assert_eq!(answer, (Outcome::Allow, "granted", grant.to_string(), Some(grant)));
    by_grant(ask("dev", "tools.execute", "tool:deploy", "server:shop"));
    let obligations =
        engine.authorize(&asked("dev", "tools.execute", "tool:deploy", "server:shop")).unwrap().obligations;
    assert_eq!(obligations.names().collect::<Vec<_>>(), ["notify", "record_arguments"]);
    let standing = (Outcome::Allow, "standing", "reading".to_owned(), None);
    assert_eq!(ask("bob", "tools.read", "tool:deploy", "server:shop"), standing);
    assert_eq!(
        ask("bob", "tools.execute", "tool:deploy", "server:shop"),
        (Outcome::NotApplicable, "no_grant", String::new(), None)
    );
    // A forbid of either kind beats the grant.
    let never = (Outcome::Deny, "standing", "never-root".to_owned(), None);
    assert_eq!(ask("dev", "tools.execute", "tool:root", "server:shop"), never);
    let both = (Outcome::Deny, "standing", "frozen,never-root".to_owned(), None);
    assert_eq!(ask("dev", "tools.execute", "tool:root", "server:frozen"), both);
    let frozen = engine.authorize(&asked("dev", "tools.execute", "tool:deploy", "server:frozen")).unwrap();
    assert_eq!(
        (frozen.outcome, frozen.reason, &frozen.policies[..]),
        (Outcome::Deny, "guardrail", &["frozen".to_owned()][..])
    );
    assert_eq!(frozen.obligations.names().collect::<Vec<_>>(), ["step_up"]);
    // Cedar would skip the guardrail, because nobody has told the level of anybody.
    let failed = engine.authorize(&asked("dev", "tools.execute", "tool:deploy", "server:levels")).unwrap();
    assert_eq!((failed.outcome, failed.reason, failed.errors.len()), (Outcome::Deny, "guardrail_error", 1));
    let told = r#"[{"uid": {"type": "User", "id": "dev"}, "attrs": {"level": 3}, "parents": []}]"#;
    assert_eq!(engine.set_entities(told, None).unwrap(), 1);
    by_grant(ask("dev", "tools.execute", "tool:deploy", "server:levels"));
    // At the end of the grant it is over, whatever was kept.
    clock.advance(3_600_000);
    assert_eq!(ask("dev", "tools.execute", "tool:deploy", "server:shop").0, Outcome::NotApplicable);
}

#[test]
fn a_check_asks_the_guardrails_when_a_grant_would_allow() {
    let (engine, _) = engine(None);
    give(&engine, "dev", "deployer");
    let check = |who: &str, parent: &str| {
        let text = jit_access::check::Check::text(
            (jit_access::model::PrincipalKind::User, who),
            "tools.execute",
            Some("tool:deploy"),
            Some(parent),
        );
        let decision = engine.decider().check(&text).unwrap();
        (
            decision.outcome.name(),
            decision.basis.reason.name(),
            decision.obligations.names().collect::<Vec<_>>().join(","),
        )
    };
    let answer =
        |outcome: &'static str, reason: &'static str, obligations: &str| (outcome, reason, obligations.to_owned());
    assert_eq!(check("dev", "server:other"), answer("allow", "granted", ""));
    assert_eq!(check("dev", "server:shop"), answer("allow", "granted", "notify,record_arguments"));
    assert_eq!(check("dev", "server:frozen"), answer("deny", "guardrail", "step_up"));
    assert_eq!(check("dev", "server:vault"), answer("deny", "guardrail", ""));
    assert_eq!(check("dev", "server:levels"), answer("deny", "guardrail_error", ""));
    // Nobody who holds no grant is forbidden anything: the host's own answer stands.
    assert_eq!(check("bob", "server:frozen"), answer("not_applicable", "no_grant", ""));
    // In an emergency, what is not marked to hold gives way, also to a holder of both grants.
    let take = BreakGlass::new(RoleName::new("all").unwrap())
        .reason("the shop is down".parse::<jit_access::model::Justification>().unwrap());
    engine.workflow().execute(&caller("dev", &["oncall"]), take, None).unwrap();
    assert_eq!(check("dev", "server:frozen"), answer("allow", "granted", ""));
    assert_eq!(check("dev", "server:vault"), answer("deny", "guardrail", ""));
}

#[test]
fn in_an_emergency_the_use_is_of_the_break_glass_grant() {
    let (engine, _) = engine(None);
    let plain = give(&engine, "dev", "deployer");
    let ask = |action: &str, parent: &str| {
        let answer = engine.authorize(&asked("dev", action, "tool:deploy", parent)).unwrap();
        (answer.outcome, answer.grant)
    };
    assert_eq!(ask("tools.execute", "server:frozen"), (Outcome::Deny, None));
    let take = BreakGlass::new(RoleName::new("all").unwrap())
        .reason("the shop is down".parse::<jit_access::model::Justification>().unwrap());
    let taken = engine.workflow().execute(&caller("dev", &["oncall"]), take, None).unwrap().grant.unwrap().id;
    assert_ne!(taken, plain);
    assert_eq!(ask("tools.execute", "server:frozen"), (Outcome::Allow, Some(taken)));
    assert_eq!(ask("tools.read", "server:frozen"), (Outcome::Allow, Some(taken)), "standing rights were forbidden");
    assert_eq!(ask("tools.execute", "server:vault"), (Outcome::Deny, None));
}

#[test]
fn what_the_host_tells_grows_old() {
    let (engine, clock) = engine(Some(60));
    give(&engine, "dev", "deployer");
    let reason = || {
        let text = jit_access::check::Check::text(
            (jit_access::model::PrincipalKind::User, "dev"),
            "tools.execute",
            Some("tool:deploy"),
            None,
        );
        let checked = engine.decider().check(&text).unwrap().basis.reason.name();
        let authorized = engine.authorize(&asked("dev", "tools.execute", "tool:deploy", "server:other")).unwrap();
        assert_eq!(authorized.reason, checked);
        let standing = engine.authorize(&asked("dev", "tools.read", "tool:deploy", "server:other")).unwrap();
        assert_eq!(standing.outcome, Outcome::Allow, "standing rights go on");
        checked
    };
    assert_eq!(reason(), "entities_stale", "nothing was told");
    engine.set_entities("[]", None).unwrap();
    assert_eq!(reason(), "granted");
    clock.advance(60_000);
    assert_eq!(reason(), "granted");
    clock.advance(1);
    assert_eq!(reason(), "entities_stale");
}

#[test]
fn an_answer_can_be_current_and_be_no_use() {
    let (engine, _) = engine(None);
    let grant = give(&engine, "dev", "deployer");
    let uses = || engine.workflow().grant(&caller("lead", &["lead"]), grant).unwrap().grant.unwrap().uses;
    let mut asked = asked("dev", "tools.execute", "tool:deploy", "server:shop");
    asked.peek = true;
    assert_eq!(engine.authorize(&asked).unwrap().grant, Some(grant));
    engine.reconciler().flush().unwrap();
    assert_eq!(uses(), 0);
    (asked.peek, asked.current) = (false, true);
    assert_eq!(engine.authorize(&asked).unwrap().grant, Some(grant));
    engine.reconciler().flush().unwrap();
    assert_eq!(uses(), 1);
    // What is denied to who only looks is no refused attempt.
    asked.peek = true;
    asked.action = Action::new("logs.read").unwrap();
    assert_eq!(engine.authorize(&asked).unwrap().outcome, Outcome::NotApplicable);
    asked.resource = "tool:deploy".parse::<Resource>().unwrap().with_parent("server:vault".parse().unwrap()).unwrap();
    assert_eq!(engine.authorize(&asked).unwrap().outcome, Outcome::Deny);
}

#[test]
fn who_holds_nothing_is_forbidden_what_nobody_may() {
    let (engine, _) = engine(None);
    let frozen = engine.authorize(&asked("bob", "tools.read", "tool:deploy", "server:frozen")).unwrap();
    assert_eq!((frozen.outcome, frozen.policies), (Outcome::Deny, vec!["frozen".to_owned()]));
}

#[test]
fn with_stale_entities_standing_rights_go_on_although_a_guardrail_forbids() {
    let (engine, _) = engine(Some(60));
    let stale = |action: &str| {
        let answer = engine.authorize(&asked("bob", action, "tool:deploy", "server:frozen")).unwrap();
        (answer.outcome, answer.reason, answer.policies)
    };
    assert_eq!(stale("tools.read"), (Outcome::Allow, "standing", vec!["reading".to_owned()]));
    assert_eq!(stale("tools.execute"), (Outcome::NotApplicable, "entities_stale", vec![]));
}

#[test]
fn without_guardrails_groups_of_actions_are_known_where_a_policy_or_a_grant_names_one() {
    let open = |standing: &str| {
        let text = format!(
            "jit_access: {{approver_roles: [lead], roles: {{deployer: {{permissions: [tools.execute]}}, all: {{permissions: ['*']}}}},
              schema: {{text: '{SCHEMA}'}}}}"
        );
        let config = Config::parse(&text, []).unwrap();
        let settings = config.settings.standing_policies(vec![PolicyFile::new("base.cedar", standing)]);
        Builder::new(MemoryStore::new(), config.rules).settings(settings).open().unwrap()
    };
    let outcome = |engine: &Engine, who: &str, action: &str| {
        engine.authorize(&asked(who, action, "tool:deploy", "server:shop")).unwrap().outcome
    };
    let engine = open(BASE);
    give(&engine, "dev", "deployer");
    give(&engine, "ann", "all");
    assert_eq!(outcome(&engine, "dev", "tools.execute"), Outcome::Allow);
    assert_eq!(outcome(&engine, "ann", "tools.execute"), Outcome::Allow);
    assert_eq!(outcome(&engine, "bob", "tools.execute"), Outcome::NotApplicable);
    let grouped =
        open("@id(\"all-tools\") permit (principal is User, action in [Action::\"tools.*\"], resource is Tool);");
    assert_eq!(outcome(&grouped, "bob", "tools.execute"), Outcome::Allow);
    assert_eq!(outcome(&grouped, "bob", "logs.read"), Outcome::NotApplicable);
    // A grant without something is a group too.
    let text = format!(
        "jit_access: {{approver_roles: [lead], reserved_permissions: [tools.wipe], roles: {{all: {{permissions: ['*']}}}},
          schema: {{text: '{SCHEMA}'}}}}"
    );
    let engine = Builder::new(MemoryStore::new(), Config::parse(&text, []).unwrap().rules).open().unwrap();
    give(&engine, "ann", "all");
    assert_eq!(outcome(&engine, "ann", "tools.execute"), Outcome::Allow);
    assert_eq!(outcome(&engine, "ann", "tools.wipe"), Outcome::NotApplicable);
}

#[test]
fn a_grant_that_a_check_does_not_honour_decides_nothing() {
    let (engine, clock) = engine(None);
    give(&engine, "dev", "deployer");
    // Nobody knows what time it is.
    clock.set_wall("2026-12-31T09:00:00Z".parse().unwrap());
    let answer = engine.authorize(&asked("dev", "tools.execute", "tool:deploy", "server:shop")).unwrap();
    assert_eq!((answer.outcome, answer.grant, answer.policies), (Outcome::NotApplicable, None, vec![]));
    assert_eq!(answer.valid_until, Some(answer.now));
    let standing = engine.authorize(&asked("dev", "tools.read", "tool:deploy", "server:shop")).unwrap();
    assert_eq!((standing.outcome, standing.reason), (Outcome::Allow, "standing"));
}

#[test]
fn a_switched_off_engine_answers_by_standing_policies_alone() {
    let text = format!("jit_access: {{enabled: false, schema: {{text: '{SCHEMA}'}}}}");
    let config = Config::parse(&text, []).unwrap();
    let settings = config.settings.standing_policies(vec![PolicyFile::new("base.cedar", BASE)]);
    let engine = Builder::new(MemoryStore::new(), config.rules).settings(settings).open().unwrap();
    let outcome = |action| engine.authorize(&asked("dev", action, "tool:deploy", "server:shop")).unwrap().outcome;
    assert_eq!((outcome("tools.read"), outcome("tools.execute")), (Outcome::Allow, Outcome::NotApplicable));
}

#[test]
fn policies_see_a_second_factor_that_is_proven_or_that_the_operator_trusts() {
    let open = |trust: bool| {
        let text = format!("jit_access: {{break_glass: {{trust_mfa_flag: {trust}}}, schema: {{text: '{SCHEMA}'}}}}");
        let config = Config::parse(&text, []).unwrap();
        let policy = "@id(\"fresh\") permit (principal, action, resource) when { context has mfa_at };";
        let settings = config.settings.standing_policies(vec![PolicyFile::new("base.cedar", policy)]);
        let clock = Arc::new(ManualClock::at("2026-12-01T09:00:00Z".parse().unwrap()));
        Builder::new(MemoryStore::new(), config.rules).settings(settings).clock(clock).open().unwrap()
    };
    let sign_in = |methods: &[&str], claims: bool| {
        let at = Some("2026-12-01T08:59:00Z".parse().unwrap());
        SignIn::new(methods.iter().copied(), None, at).unwrap().claiming_mfa(claims)
    };
    let sees = |engine: &Engine, sign_in: SignIn| {
        let mut asked = asked("dev", "tools.execute", "tool:deploy", "server:shop");
        asked.known = Context::new(Some(sign_in), None, None).unwrap();
        engine.authorize(&asked).unwrap().outcome == Outcome::Allow
    };
    let (strict, trusting) = (open(false), open(true));
    assert!(sees(&strict, sign_in(&["pwd", "otp"], false)));
    assert!(!sees(&strict, sign_in(&["pwd"], false)) && !sees(&strict, sign_in(&["pwd"], true)));
    assert!(sees(&trusting, sign_in(&["pwd"], true)) && !sees(&trusting, sign_in(&["pwd"], false)));
}
