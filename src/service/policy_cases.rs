//! Whether the policies decide their test cases as the operator expects.

use super::combine::combine;
use super::engine::Engine;
use super::guard::Guard;
use super::policy_errors::{internal, unfit};
use super::settings::PolicyTests;
use super::shared::Shared;
use crate::error::Error;
use crate::model::{
    Actor, Context, Grant, GrantId, Invalid, Outcome, PolicyCase, Query, RequestId, RoleName, SupposedGrant, Timestamp,
    Ttl, Window,
};
use crate::policy::{self, Beside, Extra, HostEntities, PolicyError, StandingPolicies};

/// A sentence that the policies do not hold to.
///
/// See [`Engine::policy_failures`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PolicyFailure {
    /// The name of the case.
    pub name: String,
    /// What the answer must be.
    pub expected: Outcome,
    /// The decision that was found.
    pub found: Outcome,
    /// The policies that decided, in order. A supposed grant is `grant 1`, `grant 2`, ….
    pub policies: Vec<String>,
}

impl std::fmt::Display for PolicyFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, expected, found, policies } = self;
        let by = if policies.is_empty() { String::new() } else { format!(" by {}", policies.join(", ")) };
        write!(f, "`{name}` expects {}, and the policies answer {}{by}", expected.name(), found.name())
    }
}

impl Shared {
    /// Refuses to start when a policy test fails.
    pub(super) fn run_policy_tests(&self) -> Result<(), Error> {
        let PolicyTests { cases, entities } = &self.settings.policy_tests;
        if cases.is_empty() {
            return Ok(());
        }
        let failed = failures(&self.guard, &self.standing, cases, entities.as_deref(), self.time.now())?;
        if failed.is_empty() {
            return Ok(());
        }
        let failures: Vec<String> = failed.iter().map(ToString::to_string).collect();
        let expected = "policies that answer what their tests say";
        Err(Invalid::new("jit_access.policy_tests", format!("does not hold: {}", failures.join("; ")), expected).into())
    }
}

impl Engine {
    /// Returns the test cases that the standing policies and the guardrails fail. `entities` are the entities of the
    /// host, in Cedar's JSON format. Nothing is recorded, and real grants are not used.
    ///
    /// ```
    /// # use jit_access::{service::Builder, store::MemoryStore, workflow::Rules};
    /// use jit_access::model::{Action, Outcome, PolicyCase, Principal};
    ///
    /// let engine = Builder::new(MemoryStore::new(), Rules::default()).open()?;
    /// let asks = (Principal::user("dev")?, Action::new("tools.execute")?, "tool:deploy".parse()?);
    /// let cases = [PolicyCase::new("nobody runs anything", asks.clone(), Outcome::NotApplicable), PolicyCase::new("all run", asks, Outcome::Allow)];
    /// let failures = engine.policy_failures(&cases, None)?;
    /// assert_eq!(failures.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["all run"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When `entities` is not a valid document.
    pub fn policy_failures(&self, cases: &[PolicyCase], entities: Option<&str>) -> Result<Vec<PolicyFailure>, Error> {
        let shared = self.shared();
        failures(&shared.guard, &shared.standing, cases, entities, self.now())
    }
}

/// See [`Engine::policy_failures`].
pub(super) fn failures(
    guard: &Guard,
    standing: &StandingPolicies,
    cases: &[PolicyCase],
    entities: Option<&str>,
    now: Timestamp,
) -> Result<Vec<PolicyFailure>, Error> {
    let entities = entities
        .map(|json| guard.parse(json, now))
        .transpose()
        .map_err(|error| unfit("jit_access.policy_tests", &error))?;
    let mut failures = Vec::new();
    for case in cases {
        let (found, policies) =
            answer(guard, standing, case, entities.as_ref(), now).map_err(|error| internal(&error))?;
        if found != case.expect {
            failures.push(PolicyFailure { name: case.name.clone(), expected: case.expect, found, policies });
        }
    }
    Ok(failures)
}

fn answer(
    guard: &Guard,
    standing: &StandingPolicies,
    case: &PolicyCase,
    entities: Option<&HostEntities>,
    now: Timestamp,
) -> Result<(Outcome, Vec<String>), PolicyError> {
    let grants: Vec<Grant> =
        (1_u128..).zip(&case.holds).filter_map(|(number, held)| supposed(number, case, held, now)).collect();
    let mut beside = Vec::new();
    for grant in &grants {
        if let Some(policy) = policy::translate(grant)? {
            beside.push(Beside { number: guard.next_number(), policy });
        }
    }
    let query = Query { principal: &case.principal, action: &case.action, resource: &case.resource };
    let seen = guard.seen_over(&query, &Context::default(), Extra::default(), entities, now)?;
    let is_emergency =
        |id: &str| grants.iter().zip(&case.holds).any(|(grant, held)| held.emergency && grant.id.to_string() == id);
    let combined = combine(standing, &guard.set(), &seen, &beside, is_emergency)?;
    let named = |id: String| match grants.iter().position(|grant| grant.id.to_string() == id) {
        Some(at) => format!("grant {}", at + 1),
        None => id,
    };
    Ok((combined.outcome, combined.policies.into_iter().map(named).collect()))
}

/// A grant of the next hour.
fn supposed(number: u128, case: &PolicyCase, held: &SupposedGrant, now: Timestamp) -> Option<Grant> {
    let hour = Ttl::from_millis(3_600_000).ok()?;
    let window = Window::new(now, now.saturating_add(hour)).ok()?;
    let (id, request) = (GrantId::from_u128(number), RequestId::from_u128(number));
    let role = RoleName::new("supposed").ok()?;
    let grant = Grant::new(id, request, case.principal.clone(), role, held.permissions.clone(), window, Actor::Host);
    Some(grant.scope(held.scope.clone()))
}
