//! Which types and actions there are, and does a policy fit them.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{EntityUid, Policy, PolicySet, SchemaFragment, ValidationMode, Validator};
use serde_json::{Map, Value, json};

use super::error::{joined, reason};
use super::vocabulary::{self, ACTION, CONTEXT, PRINCIPALS};
use super::{PolicyError, translate};
use crate::model::{Action, Grant, GrantId, Permission, ResourceKind};

/// The types, actions and groups that policies may speak of.
///
/// ```
/// use jit_access::model::Permission;
/// use jit_access::policy::Schema;
///
/// assert!(Schema::shipped()?.declares(&Permission::new("tools.execute")?));
/// assert!(Schema::parse("entity {").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Schema {
    fragments: Vec<SchemaFragment>,
    validator: Validator,
}

/// `policies/schema.cedarschema`.
const SHIPPED: &str = include_str!("../../policies/schema.cedarschema");

impl Schema {
    /// The schema that the library ships: the gateway's world.
    ///
    /// # Errors
    /// Never for the file as it is shipped.
    pub fn shipped() -> Result<Self, PolicyError> {
        Self::parse(SHIPPED)
    }

    /// The text of the shipped schema, to hand to another engine together with an export.
    #[must_use]
    pub const fn shipped_text() -> &'static str {
        SHIPPED
    }

    /// An operator's own schema in Cedar's format: the shipped file with more in it.
    ///
    /// # Errors
    /// When it is no schema, or one of its actions is not in just the groups that the model says.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let (fragment, _warnings) = SchemaFragment::from_cedarschema_str(text).map_err(|error| unfit(&error))?;
        Self::of(vec![fragment])
    }

    /// This schema, and whatever of these permissions it does not declare yet: the operator's catalogue, another host's
    /// actions, the permissions of grants that outlived their role. Exceptions are permissions too.
    ///
    /// # Errors
    /// When this schema lacks a type that every action applies to.
    pub fn with_permissions<'a>(
        &self,
        permissions: impl IntoIterator<Item = &'a Permission>,
    ) -> Result<Self, PolicyError> {
        let mut wanted: BTreeSet<Permission> = BTreeSet::new();
        for permission in permissions {
            wanted.extend(permission.groups());
            wanted.insert(permission.clone());
        }
        wanted.retain(|permission| !self.declares(permission));
        if wanted.is_empty() {
            return Ok(self.clone());
        }
        // Values and not text: a name in JSON is a string, whatever it holds.
        let actions: Map<String, Value> =
            wanted.iter().map(|permission| (permission.as_str().to_owned(), declaration(permission))).collect();
        let fragment = SchemaFragment::from_json_value(json!({ "": { "entityTypes": {}, "actions": actions } }))
            .map_err(|error| unfit(&error))?;
        let mut fragments = self.fragments.clone();
        fragments.push(fragment);
        Self::of(fragments)
    }

    /// Whether policies may name this permission.
    #[must_use]
    pub fn declares(&self, permission: &Permission) -> bool {
        vocabulary::permission(permission).is_ok_and(|uid| self.validator.schema().actions().any(|one| *one == uid))
    }

    /// Whether the policy that is this grant fits, strictly. A grant without a policy fits.
    ///
    /// # Errors
    /// When it does not; the error names the grant and says why.
    pub fn check(&self, grant: &Grant) -> Result<(), PolicyError> {
        match translate(grant)? {
            Some(policy) => self.check_policy(grant.id, &policy),
            None => Ok(()),
        }
    }

    pub(super) fn check_policy(&self, grant: GrantId, policy: &Policy) -> Result<(), PolicyError> {
        let set = PolicySet::from_policies([policy.clone()])
            .map_err(|error| PolicyError::Untranslatable { grant, reason: reason(&error) })?;
        let result = self.validator.validate(&set, ValidationMode::Strict);
        if result.validation_passed() {
            return Ok(());
        }
        Err(PolicyError::Unfit { grant, reason: joined(result.validation_errors().map(|error| reason(error))) })
    }

    fn of(fragments: Vec<SchemaFragment>) -> Result<Self, PolicyError> {
        let schema = cedar_policy::Schema::from_schema_fragments(fragments.clone()).map_err(|error| unfit(&error))?;
        check_groups(&schema)?;
        Ok(Self { fragments, validator: Validator::new(schema) })
    }
}

/// One action of the JSON format: its next wider group, and what it applies to.
///
/// Groups apply too, unlike those of the shipped file: which actions are in a group that an operator named is the
/// host's secret, and a policy of a group that applies to nothing and has no members is an error to Cedar.
fn declaration(permission: &Permission) -> Value {
    let groups: Vec<Value> =
        permission.groups().first().map(|group| json!({ "id": group.as_str() })).into_iter().collect();
    json!({
        "memberOf": groups,
        "appliesTo": {
            "principalTypes": PRINCIPALS.map(vocabulary::principal_type),
            "resourceTypes": ResourceKind::ALL.map(vocabulary::resource_type),
            "context": { "type": CONTEXT },
        },
    })
}

/// Every declared action must be in exactly the groups that the model says: an action that is in `tools.*` for Cedar and
/// not for the index is a right that one of the two does not know of.
fn check_groups(schema: &cedar_policy::Schema) -> Result<(), PolicyError> {
    let entities = schema.action_entities().map_err(|error| unfit(&error))?;
    let mut wrong: BTreeMap<String, String> = BTreeMap::new();
    for action in schema.actions() {
        let declared: BTreeSet<String> = entities.ancestors(action).into_iter().flatten().map(name).collect();
        let expected = expected_groups(action)?;
        if declared != expected {
            wrong.insert(name(action), format!("in {declared:?}, not in {expected:?}"));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let reason = joined(wrong.iter().map(|(action, difference)| format!("action `{action}` is {difference}")));
    Err(PolicyError::Schema { reason })
}

fn expected_groups(uid: &EntityUid) -> Result<BTreeSet<String>, PolicyError> {
    let name = name(uid);
    let wrong = |why: String| PolicyError::Schema { reason: why };
    if uid.type_name().to_string() != ACTION {
        return Err(wrong(format!("action `{name}` is in a namespace")));
    }
    let groups = match (name.strip_suffix(['*']), Action::new(&name)) {
        // What the model cannot name as a permission: the one group of the actions that no grant can give.
        _ if name == "jit.*" => Vec::new(),
        (Some(_), _) => Permission::new(&name).map_err(|error| wrong(error.to_string()))?.groups(),
        (None, Ok(action)) => action.groups(),
        (None, Err(error)) => return Err(wrong(error.to_string())),
    };
    Ok(groups.iter().map(ToString::to_string).collect())
}

fn name(uid: &EntityUid) -> String {
    let id: &str = uid.id().as_ref();
    id.to_owned()
}

fn unfit(error: &dyn std::error::Error) -> PolicyError {
    PolicyError::Schema { reason: reason(error) }
}
