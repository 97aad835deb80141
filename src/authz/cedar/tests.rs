use std::collections::BTreeMap;

use cedar_policy::{Entities, Schema};

use super::*;
use crate::authz::{ActionGroup, AuthzContext, AuthzResource, Eligibility, Entitlement};
use crate::model::*;

fn now() -> Timestamp {
    "2026-03-07T09:30:00Z".parse().unwrap()
}

fn person(name: &str, roles: &[&str]) -> Caller {
    let roles = roles.iter().map(|role| RoleName::new(role).unwrap()).collect();
    Caller::new(Principal::user(&format!("{name}@example.com")).unwrap(), roles)
}

/// A request for this, and everything else as simple as can be.
fn request(permissions: PermissionSet, scope: &str) -> AccessRequest {
    AccessRequest {
        id: RequestId::from_u128(1),
        extends: None,
        requester: Principal::agent("bot").unwrap(),
        requester_acts_for: Some(person("dev", &[]).principal),
        requester_normal_roles: vec![RoleName::new("developer").unwrap()],
        requester_normal_permissions: None,
        role: RoleName::new("operator").unwrap(),
        permissions,
        scope: scope.parse().unwrap(),
        duration: Ttl::from_hours(2.0).unwrap(),
        duration_cut: None,
        starts_at: None,
        conditions: Conditions::default(),
        details: crate::model::Details::default(),
        approver_roles: vec![RoleName::new("lead").unwrap()],
        approval: vec![ApprovalStep { roles: vec![RoleName::new("lead").unwrap()], count: 1, escalation: None }],
        created_at: now(),
        times_out_at: now().saturating_add(Ttl::from_hours(1.0).unwrap()),
        emergency: None,
        assessment: Assessment { newly_permitted: None, level: RiskLevel::High, reasons: Vec::new() },
        state: RequestState::Pending,
        version: 1,
        reviews: Vec::new(),
        answers: Vec::new(),
        repeats: Vec::new(),
        proof: None,
    }
}

fn set(allowed: &[&str], excepted: &[&str]) -> PermissionSet {
    let all = |texts: &[&str]| texts.iter().map(|text| Permission::new(text).unwrap()).collect::<Vec<_>>();
    PermissionSet::with_exceptions(all(allowed), all(excepted)).unwrap()
}

fn asked(policy: &str, action: AuthzAction, resource: AuthzResource<'_>) -> Result<AuthzDecision, AuthzError> {
    let auditors = [RoleName::new("auditor").unwrap()];
    let context = AuthzContext { auditor_roles: &auditors, ..AuthzContext::at(now()) };
    CedarPolicy::parse(policy).unwrap().decide(&AuthzRequest::new(&person("lea", &["lead"]), action, resource, context))
}

/// Whether the request is permitted when this is the condition.
fn holds(condition: &str, request: &AccessRequest) -> bool {
    let policy = format!("permit (principal, action == Action::\"jit.approve\", resource) when {{ {condition} }};");
    asked(&policy, AuthzAction::Approve, AuthzResource::Request(request)).unwrap() == AuthzDecision::Allow
}

#[test]
fn what_a_policy_sees_fits_the_schema() {
    let schema = Schema::from_cedarschema_str(SCHEMA).unwrap().0;
    let names = Names::new(&read::read(SHIPPED, true).unwrap()).unwrap();
    let admins = [RoleName::new("admin").unwrap()];
    let context = AuthzContext { approver_roles: &admins, ..AuthzContext::at(now()) };
    let (request, role) =
        (request(set(&["tools.*"], &["tools.delete"]), "tool@server:shop:deploy"), RoleName::new("x").unwrap());
    let principals = [person("ann", &[]).principal];
    let wanted = Entitlement {
        role: &role,
        permissions: &request.permissions,
        scope: &request.scope,
        duration: request.duration,
        emergency: true,
        eligibility: Eligibility::Listed { roles: &request.approver_roles, principals: &principals },
    };
    let grant = Grant {
        id: GrantId::from_u128(1),
        request: request.id,
        holder: request.requester.clone(),
        holder_acts_for: request.requester_acts_for.clone(),
        holder_normal_roles: Vec::new(),
        role: request.role.clone(),
        permissions: request.permissions.clone(),
        scope: request.scope.clone(),
        window: Window::starting(now(), request.duration).unwrap(),
        conditions: Conditions::default(),
        details: crate::model::Details::default(),
        approver_roles: request.approver_roles.clone(),
        approved_by: Actor::Clock,
        earlier_approvers: Vec::new(),
        approved_at: now(),
        break_glass: Some(BreakGlass {
            drill: true,
            reviewer_roles: request.approver_roles.clone(),
            review_due: now(),
            closed: None,
            lifted: None,
            overdue_noted: false,
            offline: None,
        }),
        suspended: None,
        ended: None,
        noted: Noted::default(),
        extends: None,
        uses: 0,
    };
    let delegation = Delegation {
        id: DelegationId::from_u128(1),
        delegator: person("ann", &[]).principal,
        delegate: person("ben", &[]).principal,
        roles: request.approver_roles.clone(),
        window: grant.window,
        reason: Justification::new("because").unwrap(),
        created_at: now(),
        ended: None,
    };
    let things = BTreeMap::from([
        ("Entitlement", AuthzResource::Entitlement(&wanted)),
        ("Request", AuthzResource::Request(&request)),
        ("Grant", AuthzResource::Grant(&grant)),
        ("Delegation", AuthzResource::Delegation(&delegation)),
        ("Principal", AuthzResource::Principal(&request.requester)),
        ("Selection", AuthzResource::Selection(&Selector::All)),
        ("Workflow", AuthzResource::Workflow),
    ]);
    let mut asked = 0;
    for caller in
        [person("lea", &["lead"]), Caller { acts_for: Some(person("ann", &[]).principal), ..person("bo", &[]) }]
    {
        for action in AuthzAction::ALL {
            let uid = names.action(*action);
            for kind in schema.resources_for_action(&uid).unwrap_or_else(|| panic!("{action:?} is not in the schema")) {
                let resource = things[kind.to_string().as_str()];
                let asking = AuthzRequest::new(&caller, *action, resource, context).with_lent(&request.approver_roles);
                let (seen, entities) = entities::seen(&asking, &names).unwrap();
                // The schema declares the actions itself.
                let facts = entities.iter().filter(|entity| entity.uid().type_name().to_string() != "Action");
                Entities::from_entities(facts.cloned(), Some(&schema)).unwrap();
                cedar_policy::Request::new(
                    seen.principal().unwrap().clone(),
                    seen.action().unwrap().clone(),
                    seen.resource().unwrap().clone(),
                    seen.context().unwrap().clone(),
                    Some(&schema),
                )
                .unwrap();
                asked += 1;
            }
        }
    }
    let pairs: usize = AuthzAction::ALL.iter().map(|action| action.resources().len()).sum();
    assert_eq!(asked, 2 * pairs);
    assert_eq!(schema.actions().count(), AuthzAction::ALL.len() + ActionGroup::ALL.len());
}

#[test]
fn policies_see_what_is_given_and_where() {
    let request = request(set(&["tools.*", "logs:read"], &["tools.delete"]), "tool@server:shop");
    for (condition, expected) in [
        ("resource.gives.contains(Permission::\"tools.execute\")", true),
        ("resource.gives.contains(Permission::\"tools.delete\")", false),
        ("resource.gives.contains(Permission::\"tools.*\")", false),
        ("resource.touches.contains(Permission::\"tools.*\")", true),
        ("resource.touches.contains(Permission::\"*\")", true),
        ("resource.touches.contains(Permission::\"tools.delete\")", false),
        ("resource.touches.contains(Permission::\"audit:read\")", false),
        ("resource.gives.containsAll([Permission::\"logs:read\", Permission::\"tools.read\"])", true),
        ("resource.reaches.contains(Place::\"server:shop\")", true),
        ("resource.reaches.contains(Place::\"tool:deploy\")", true),
        ("resource.reaches.contains(Place::\"server:bank\")", false),
        ("resource.within.contains(Place::\"server:shop\")", true),
        ("resource.within.contains(Place::\"tool@server:shop:deploy\")", false),
        ("resource.within.contains(Place::\"*\")", true),
    ] {
        assert_eq!(holds(condition, &request), expected, "{condition}");
    }
}

#[test]
fn policies_see_who_and_when() {
    let request = request(set(&["tools.*"], &[]), "*");
    for (condition, expected) in [
        ("principal in Role::\"lead\" && !(principal in Role::\"developer\")", true),
        ("principal == Principal::\"lea@example.com\"", true),
        ("resource.requester == Principal::\"agent:bot\" && resource.requester.agent", true),
        ("resource.requester in Role::\"developer\"", true),
        ("resource.asked_by.contains(Principal::\"dev@example.com\")", true),
        ("resource.risk == \"high\" && resource.role == \"operator\" && resource.state == \"pending\"", true),
        ("resource.duration > duration(\"1h\") && resource.duration <= duration(\"2h\")", true),
        ("context.weekday == 6 && context.hour == 9", true),
        ("context.now == datetime(\"2026-03-07T09:30:00Z\")", true),
        ("context.approver_roles.isEmpty() && context.auditor_roles.contains(Role::\"auditor\")", true),
    ] {
        assert_eq!(holds(condition, &request), expected, "{condition}");
    }
}

#[test]
fn weekdays_are_those_of_iso_8601() {
    let days = ["1970-01-01", "2026-03-01", "2026-03-02", "2026-03-07"];
    for (day, expected) in days.into_iter().zip([4, 7, 1, 6]) {
        for time in ["00:00:00.000Z", "23:59:59.999Z"] {
            assert_eq!(entities::weekday(format!("{day}T{time}").parse().unwrap()), expected, "{day}");
        }
    }
}

#[test]
fn a_forbid_is_named_and_an_error_is_no_answer() {
    let request = request(set(&["tools.*"], &[]), "*");
    let ask = |policy: &str| asked(policy, AuthzAction::Approve, AuthzResource::Request(&request));
    let forbid = "@id(\"b\") forbid (principal, action, resource); forbid (principal, action, resource);
                  permit (principal, action, resource);";
    assert_eq!(ask(forbid), Ok(AuthzDecision::Forbidden(vec!["b".to_owned(), "line 1".to_owned()])));
    let other = "permit (principal, action == Action::\"jit.audit\", resource);";
    assert_eq!(ask(other), Ok(AuthzDecision::NotPermitted));
    let failing =
        "@id(\"too-much\") forbid (principal, action, resource) when { context.hour + 9223372036854775807 > 0 };
                   permit (principal, action, resource);";
    let failure = ask(failing).unwrap_err();
    assert_eq!(failure.policy, "too-much");
    assert!(failure.reason.contains("overflow"), "{failure}");
}

#[test]
fn a_group_stands_for_its_actions() {
    let request = request(set(&["tools.*"], &[]), "*");
    let decide = |policy: &str, action| asked(policy, action, AuthzResource::Request(&request)).unwrap();
    for policy in [
        "permit (principal, action in Action::\"jit.decide\", resource);",
        "permit (principal, action in [Action::\"jit.decide\", Action::\"jit.control\"], resource);",
        "permit (principal, action, resource) when { action in Action::\"jit.decide\" };",
    ] {
        assert_eq!(decide(policy, AuthzAction::Approve), AuthzDecision::Allow, "{policy}");
        assert_eq!(decide(policy, AuthzAction::Deny), AuthzDecision::Allow, "{policy}");
        assert_eq!(decide(policy, AuthzAction::Withdraw), AuthzDecision::NotPermitted, "{policy}");
        assert_eq!(decide(policy, AuthzAction::See), AuthzDecision::NotPermitted, "{policy}");
    }
}
