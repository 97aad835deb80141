//! What another configuration would change about the grants and requests there are.

use std::sync::Arc;

use jit_access::clock::ManualClock;
use jit_access::command::{Approve, BreakGlass, Command, Submit};
use jit_access::config::Config;
use jit_access::model::*;
use jit_access::service::{Builder, Engine};
use jit_access::store::MemoryStore;
use jit_access::store::conformance::world::{person, role};

const START: &str = "2026-03-02T09:00:00Z";
const REVIEWS: &str = "approver_roles: [lead], require_justification: false";
const ROLES: &str = "operator: {permissions: ['tools.*', 'logs.read']}, scribe: {permissions: ['docs.*']}";
const EMERGENCY: &str = "break_glass: {enabled: true, eligible_roles: [sre], require_mfa: false}";
const GOES_ON: &str = "continues to its end as it was approved";

fn config(reviews: &str, roles: &str, emergency: &str) -> Config {
    Config::parse(&format!("jit_access: {{{reviews}, {emergency}, roles: {{{roles}}}}}"), []).unwrap()
}

fn run(engine: &Engine, caller: &Caller, command: impl Into<Command>) -> (RequestId, Option<GrantId>) {
    let receipt = engine.workflow().execute(caller, command, None).unwrap();
    (receipt.request.unwrap().id, receipt.grant.map(|grant| grant.id))
}

fn hours(hours: f64) -> Option<Ttl> {
    Some(Ttl::from_hours(hours).unwrap())
}

/// A grant for four hours, a request for two that waits, and a grant without approval.
fn world() -> (Engine, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(START.parse().unwrap()));
    let engine = Builder::new(MemoryStore::new(), config(REVIEWS, ROLES, EMERGENCY).rules)
        .clock(Arc::clone(&clock) as _)
        .open()
        .unwrap();
    let (dev, lead, sre) = (person("dev", &[]), person("lead", &["lead"]), person("sre", &["sre"]));
    let (request, _) = run(&engine, &dev, Submit::new(role("operator")).duration(hours(4.0)));
    run(&engine, &lead, Approve::new(request));
    run(&engine, &dev, Submit::new(role("scribe")).duration(hours(2.0)));
    run(&engine, &sre, BreakGlass::new(role("operator")).reason(Justification::new("the shop is down").unwrap()));
    (engine, clock)
}

/// Whose, by which key, and what follows.
fn impact(engine: &Engine, config: &Config) -> Vec<(String, String, String)> {
    let named = |one: jit_access::workflow::RulesImpact| {
        let who = if one.grant.is_some() { one.principal.to_string() } else { format!("{}'s request", one.role) };
        (who, one.key, one.effect)
    };
    engine.rules_impact(&config.rules).unwrap().into_iter().map(named).collect()
}

#[test]
fn each_key_that_touches_something_is_named_with_what_follows() {
    let (engine, clock) = world();
    let (dev, sre, scribe) = (person("dev", &[]).principal, person("sre", &[]).principal, "scribe's request");
    let (dev, sre) = (dev.to_string(), sre.to_string());
    let (dev, sre) = (dev.as_str(), sre.as_str());
    let operator = "operator: {permissions: ['tools.*', 'logs.read']}";
    type Touched<'a> = &'a [(&'a str, &'a str, &'a str)];
    let cases: &[(&str, &str, &str, Touched<'_>)] = &[
        (REVIEWS, ROLES, EMERGENCY, &[]),
        (
            "approver_roles: [lead], require_justification: false, enabled: false",
            ROLES,
            EMERGENCY,
            &[
                (dev, "enabled", "is not honoured"),
                (sre, "enabled", "is not honoured"),
                (scribe, "enabled", "cannot be approved"),
            ],
        ),
        (
            "approver_roles: [lead], require_justification: false, reserved_permissions: [tools.delete]",
            ROLES,
            EMERGENCY,
            &[
                (dev, "reserved_permissions", "gives less from now on"),
                (sre, "reserved_permissions", "gives less from now on"),
            ],
        ),
        (
            "approver_roles: [lead], require_justification: false, reserved_permissions: ['tools.*', logs.read]",
            ROLES,
            "break_glass: {enabled: true, eligible_roles: [sre], require_mfa: false, reserved_permissions: []}",
            &[(dev, "reserved_permissions", "gives nothing any more")],
        ),
        (
            "approver_roles: [lead], require_justification: false, reserved_permissions: ['docs.*']",
            ROLES,
            EMERGENCY,
            &[(scribe, "reserved_permissions", "cannot be approved")],
        ),
        (REVIEWS, ROLES, "break_glass: {enabled: false}", &[(sre, "break_glass.enabled", GOES_ON)]),
        (REVIEWS, "scribe: {permissions: ['docs.*']}", EMERGENCY, &[(dev, "roles.operator", GOES_ON)]),
        (
            "approver_roles: [lead], require_justification: false, on_role_change: revoke",
            "operator: {permissions: ['tools.*']}, scribe: {permissions: ['docs.*']}",
            EMERGENCY,
            &[(dev, "roles.operator.permissions", "is revoked at the start")],
        ),
        ("approver_roles: [lead], require_justification: false, max_duration_hours: 4", ROLES, EMERGENCY, &[]),
        (
            "approver_roles: [lead], require_justification: false, max_duration_hours: 3",
            ROLES,
            EMERGENCY,
            &[(dev, "max_duration_hours", GOES_ON)],
        ),
        (
            "approver_roles: [lead], require_justification: false, max_duration_hours: 1",
            ROLES,
            EMERGENCY,
            &[(dev, "max_duration_hours", GOES_ON), (scribe, "max_duration_hours", "is cut when it is approved")],
        ),
        (
            REVIEWS,
            "operator: {permissions: ['tools.*', 'logs.read'], conditions: {networks: [10.0.0.0/8]}}, scribe: {permissions: ['docs.*']}",
            EMERGENCY,
            &[(dev, "roles.operator.conditions", GOES_ON)],
        ),
        ("approver_roles: [lead]", ROLES, EMERGENCY, &[(scribe, "require_justification", "cannot be approved")]),
        (
            "approver_roles: [lead], require_justification: false, require_ticket_url: true",
            ROLES,
            EMERGENCY,
            &[(scribe, "require_ticket_url", "cannot be approved")],
        ),
        (REVIEWS, operator, EMERGENCY, &[(scribe, "roles.scribe", "cannot be approved")]),
        (
            REVIEWS,
            "operator: {permissions: ['tools.*', 'logs.read']}, scribe: {permissions: [mail.send]}",
            EMERGENCY,
            &[(scribe, "roles.scribe.permissions", "cannot be approved")],
        ),
    ];
    for (reviews, roles, emergency, touched) in cases {
        let found = impact(&engine, &config(reviews, roles, emergency));
        let mut found: Vec<_> =
            found.iter().map(|(who, key, effect)| (who.as_str(), key.as_str(), effect.as_str())).collect();
        // Grants are in the order of their ids.
        let mut touched = touched.to_vec();
        found.sort_unstable();
        touched.sort_unstable();
        assert_eq!(found, touched, "{reviews}, {emergency}, {roles}");
    }
    // Nothing is changed about what is over.
    clock.advance(25 * 3_600_000);
    assert_eq!(impact(&engine, &config("approver_roles: [lead], enabled: false", ROLES, EMERGENCY)), []);
}
