//! Policy tests: a file with what an operator expects to be allowed, and what not.
//!
//! ```yaml
//! entities: []            # what the host would tell, in Cedar's JSON format
//! tests:
//! - name: nobody opens the vault
//!   principal: dev@example.com
//!   action: tools.execute
//!   resource: tool:open
//!   parent: server:vault
//!   holds: [{permissions: ["*"], resource: "*", break_glass: true}]
//!   expect: deny
//! ```

use crate::model::{
    Action, Invalid, Outcome, Permission, PermissionSet, PolicyCase, Principal, Resource, Scope, SupposedGrant,
};

/// Policy tests, and the entities of the host for them, in Cedar's JSON format.
///
/// ```
/// use jit_access::config::PolicyCases;
///
/// let cases = PolicyCases::parse("tests: [{name: a, principal: dev, action: tools.read, resource: 'tool:x', expect: allow}]")?;
/// assert_eq!(cases.cases.len(), 1);
/// assert!(PolicyCases::parse("tests: [{name: a}]").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PolicyCases {
    /// The sentences.
    pub cases: Vec<PolicyCase>,
    /// The entities.
    pub entities: Option<String>,
}

impl PolicyCases {
    /// The sentences of a file in YAML.
    ///
    /// # Errors
    /// The first error, with its place.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let expected = "tests: a list, each with name, principal, action and expect";
        let value: serde_json::Value = serde_saphyr::from_str(text)
            .map_err(|error| Invalid::new("tests", format!("cannot be read: {error}"), expected))?;
        let entities = value.get("entities").map(ToString::to_string);
        let Some(tests) = value.get("tests").and_then(|tests| tests.as_array()) else {
            return Err(Invalid::new("tests", "is missing", expected));
        };
        let mut cases = Vec::new();
        for (at, test) in tests.iter().enumerate() {
            cases.push(case(test).map_err(|error| {
                let field = format!("tests[{at}].{}", error.field());
                error.for_field(field)
            })?);
        }
        Ok(Self { cases, entities })
    }
}

const FIELDS: &[&str] = &["name", "principal", "agent", "action", "resource", "parent", "holds", "expect"];

fn case(test: &serde_json::Value) -> Result<PolicyCase, Invalid> {
    let Some(fields) = test.as_object() else {
        return Err(Invalid::new("", "is no mapping", "name, principal, action, expect"));
    };
    if let Some(unknown) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(Invalid::new(unknown.clone(), "is not known", FIELDS.join(", ")));
    }
    let text = |name: &'static str| match test.get(name) {
        Some(value) => value.as_str().map(Some).ok_or_else(|| Invalid::new(name, format!("is {value}"), "text")),
        None => Ok(None),
    };
    let needed = |name: &'static str| text(name)?.ok_or_else(|| Invalid::new(name, "is missing", "text"));
    let who = needed("principal")?;
    let is_agent = test.get("agent").and_then(serde_json::Value::as_bool).unwrap_or(false);
    let principal = if is_agent { Principal::agent(who)? } else { Principal::user(who)? };
    let action = Action::new(needed("action")?)?;
    let resource = text("resource")?.map_or_else(|| Ok(Resource::everything()), str::parse)?;
    let resource = match text("parent")? {
        Some(parent) => resource.with_parent(parent.parse().map_err(|error: Invalid| error.for_field("parent"))?)?,
        None => resource,
    };
    let outcomes = [Outcome::Allow, Outcome::Deny, Outcome::NotApplicable];
    let wanted = needed("expect")?;
    let expect = outcomes.into_iter().find(|outcome| outcome.name() == wanted).ok_or_else(|| {
        Invalid::new("expect", format!("is {}", Invalid::quote(wanted)), "allow, deny or not_applicable")
    })?;
    let holds = match test.get("holds") {
        None => Vec::new(),
        Some(serde_json::Value::Array(all)) => all.iter().map(held).collect::<Result<_, _>>()?,
        Some(other) => return Err(Invalid::new("holds", format!("is {other}"), "a list of grants")),
    };
    Ok(PolicyCase::new(needed("name")?, (principal, action, resource), expect).holding(holds))
}

fn held(grant: &serde_json::Value) -> Result<SupposedGrant, Invalid> {
    let expected = "permissions: a list such as [tools.execute]; resource; break_glass";
    let Some(permissions) = grant.get("permissions").and_then(|all| all.as_array()) else {
        return Err(Invalid::new("holds.permissions", "is missing", expected));
    };
    let permissions = permissions
        .iter()
        .map(|one| Permission::new(one.as_str().unwrap_or_default()))
        .collect::<Result<Vec<_>, _>>()?;
    let scope = match grant.get("resource").and_then(|scope| scope.as_str()) {
        Some(scope) => scope.parse()?,
        None => Scope::ANY,
    };
    let emergency = grant.get("break_glass").and_then(serde_json::Value::as_bool).unwrap_or(false);
    Ok(SupposedGrant { permissions: PermissionSet::new(permissions)?, scope, emergency })
}
