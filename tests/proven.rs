//! What the solver says of grants: that the policies of all forms are proven, and that the faults that a generator could have are
//! found. Without cvc5 nothing is proven, which is told loudly.
#![cfg(feature = "proof")]

use std::path::PathBuf;
use std::time::Duration;

use cedar_policy::{Policy, PolicyId};
use jit_access::config::Config;
use jit_access::model::{
    Actor, Conditions, Grant, GrantId, Permission, PermissionSet, PolicyFile, Principal, RequestId, RoleName, Scope,
    Window,
};
use jit_access::policy::{
    Guardrails, Schema, StandingPolicies, shipped_guardrail_names, shipped_guardrails, translate,
};
use jit_access::proof::{Around, Proof, Prover};

/// Little enough for every kind of thing to be asked about.
const SCHEMA: &str = r#"
entity Role; entity Server; entity Tool in [Server];
action "*"; action "tools.*" in ["*"]; action "tools.execute" in ["tools.*"]; action "tools.read" in ["tools.*"];
action "servers.*" in ["*"]; action "servers.delete" in ["servers.*"];
"#;
const BASE: &str = r#"@id("reading") permit (principal is User, action == Action::"tools.read", resource is Tool);
@id("never-root") forbid (principal, action, resource == Tool::"root");"#;
const GUARDRAILS: &str = r#"@id("frozen") forbid (principal, action, resource in Server::"frozen");
@id("fresh") forbid (principal, action == Action::"servers.delete", resource)
unless { context has mfa_at && context.now < context.mfa_at.offset(duration("15m")) };"#;

fn prover() -> Option<Prover> {
    let found = Prover::find(Duration::from_secs(120));
    if found.is_none() {
        eprintln!("SKIPPED: cvc5 is not installed, so nothing was proven");
    }
    found
}

fn permissions(names: &[&str]) -> PermissionSet {
    PermissionSet::new(names.iter().map(|one| Permission::new(one).unwrap())).unwrap()
}

fn grant(names: &[&str]) -> Grant {
    let window = Window::new("2026-12-01T09:00:00Z".parse().unwrap(), "2026-12-01T13:00:00Z".parse().unwrap()).unwrap();
    let lead = Actor::Principal(Principal::user("lead").unwrap());
    let (id, request, dev) = (GrantId::from_u128(1), RequestId::from_u128(1), Principal::user("dev").unwrap());
    Grant::new(id, request, dev, RoleName::new("operator").unwrap(), permissions(names), window, lead)
}

fn scopes() -> Vec<Scope> {
    ["*", "tool", "tool:deploy", "server:shop", "tool@server:shop", "tool@server:shop:deploy"]
        .map(|text| text.parse().unwrap())
        .to_vec()
}

fn sets(schema: &Schema) -> (StandingPolicies, Guardrails) {
    let standing = StandingPolicies::parse(&[PolicyFile::new("base.cedar", BASE)], schema).unwrap();
    (standing, Guardrails::parse(&[PolicyFile::new("own.cedar", GUARDRAILS)], schema).unwrap())
}

#[test]
fn the_policies_of_all_forms_are_proven() {
    let Some(prover) = prover() else { return };
    let schema = Schema::parse(SCHEMA).unwrap();
    let (standing, guardrails) = sets(&schema);
    let around = Around { schema: &schema, standing: &standing, guardrails: &guardrails };
    let but = permissions(&["tools.*"]).difference(&[Permission::new("tools.read").unwrap()]).unwrap();
    let mut forms: Vec<Grant> = scopes().into_iter().map(|scope| grant(&["tools.execute"]).scope(scope)).collect();
    forms.push(grant(&["*"]));
    forms.push(grant(&["tools.execute", "servers.*"]));
    let mut excepted = grant(&["tools.execute"]);
    excepted.permissions = but;
    forms.push(excepted);
    let networks = ["10.0.0.0/8".to_owned(), "2001:db8::/32".to_owned()];
    for conditions in [
        Conditions::new(Some(15), None, None, None).unwrap(),
        Conditions::new(None, Some(&networks), None, None).unwrap(),
        Conditions::new(None, None, Some("task-42"), None).unwrap(),
        Conditions::new(None, None, None, Some(3)).unwrap(),
    ] {
        let mut limited = grant(&["tools.execute"]);
        limited.conditions = conditions;
        forms.push(limited);
    }
    for grant in &forms {
        let proof = prover.prove(grant, &around).unwrap();
        assert!(proof.is_proven(), "{proof}\n{}", translate(grant).unwrap().unwrap());
        println!("{proof}: {:?} on {}, {:?}", grant.permissions, grant.scope, grant.conditions);
    }
}

#[test]
fn the_shipped_schema_and_sets_are_proven() {
    let Some(prover) = prover() else { return };
    let text = "jit_access: {approver_roles: [lead], roles: {operator: {permissions: [tools.execute]}}}";
    let config = Config::parse(text, []).unwrap();
    let schema = Schema::contextforge().unwrap();
    let standing = StandingPolicies::parse(&[], &schema).unwrap();
    let role = config.rules.catalogue.values().next().unwrap();
    let mut operator = grant(&["tools.execute"]);
    operator.permissions = role.permissions.clone();
    for name in shipped_guardrail_names() {
        let guardrails = Guardrails::parse(&[shipped_guardrails(name).unwrap()], &schema).unwrap();
        let around = Around { schema: &schema, standing: &standing, guardrails: &guardrails };
        let proof = prover.prove(&operator, &around).unwrap();
        assert!(proof.is_proven(), "{name}: {proof}");
        println!("{name}: {proof}");
    }
}

#[test]
fn the_faults_that_a_generator_could_have_are_found() {
    let Some(prover) = prover() else { return };
    let schema = Schema::parse(SCHEMA).unwrap();
    let (standing, guardrails) = sets(&schema);
    let around = Around { schema: &schema, standing: &standing, guardrails: &guardrails };
    let grant = grant(&["tools.execute"]).scope("server:shop".parse().unwrap());
    let window = |end: &str| Window::new(grant.window.start(), end.parse().unwrap()).unwrap();
    let tampered = |change: &dyn Fn(&mut Grant)| {
        let mut other = grant.clone();
        change(&mut other);
        translate(&other).unwrap().unwrap()
    };
    let written = |when: &str| {
        let head = r#"principal == User::"dev", action == Action::"tools.execute", resource in Server::"shop""#;
        let text = format!("permit ({head}) when {{ {when} }};");
        Policy::parse(Some(PolicyId::new("grant")), text).unwrap()
    };
    let within = r#"context.now >= datetime("2026-12-01T09:00:00Z") && context.now < datetime("2026-12-01T13:00:00Z")"#;
    const OUTSIDE: &[&str] = &["within_envelope", "matches_envelope"];
    // What a generator could get wrong, each through the generator where it can be said so, and written otherwise.
    let faults = [
        ("no end", OUTSIDE, tampered(&|one| one.window = window("9999-01-01T00:00:00Z"))),
        ("a millisecond too long, as by <=", OUTSIDE, tampered(&|one| one.window = window("2026-12-01T13:00:00.001Z"))),
        ("an agent of the same name", OUTSIDE, tampered(&|one| one.holder = Principal::agent("dev").unwrap())),
        (
            "every action of the kind",
            OUTSIDE,
            tampered(&|one| one.permissions = permissions(&["tools.*", "servers.*"])),
        ),
        ("everywhere", OUTSIDE, tampered(&|one| one.scope = Scope::ANY)),
        ("a condition that is broken open", OUTSIDE, written(&format!("true || ({within})"))),
        ("a forbid in the place of the permit", OUTSIDE, {
            let text = r#"forbid (principal == User::"dev", action == Action::"tools.read", resource);"#;
            Policy::parse(Some(PolicyId::new("grant")), text).unwrap()
        }),
        (
            "a number that can overflow",
            &["never_errors"],
            written(&format!("{within} && context.now.offset(duration(\"9223372036854775807ms\")) > context.now")),
        ),
    ];
    for (fault, which, wrong) in faults {
        match prover.prove_policy(&grant, &wrong, &around).unwrap() {
            Proof::Refuted { property, counterexample } => {
                assert!(which.contains(&property), "{fault}: {property}");
                println!("{fault}: `{property}` does not hold for {counterexample}");
            }
            other => panic!("{fault}: {other}\n{wrong}"),
        }
    }
    let right = written(within);
    assert!(prover.prove_policy(&grant, &right, &around).unwrap().is_proven(), "another form of the same is proven");
}

#[test]
fn without_a_solver_or_time_nothing_is_proven() {
    let schema = Schema::parse(SCHEMA).unwrap();
    let (standing, guardrails) = sets(&schema);
    let around = Around { schema: &schema, standing: &standing, guardrails: &guardrails };
    for (program, limit) in [("/nowhere/cvc5", 10_000), ("/bin/false", 10_000), ("/bin/cat", 300)] {
        let prover = Prover::with(PathBuf::from(program), Duration::from_millis(limit));
        let proof = prover.prove(&grant(&["tools.execute"]), &around).unwrap();
        assert!(matches!(proof, Proof::Undecided { .. }) && proof.name() == "enumerated", "{program}: {proof}");
    }
}
