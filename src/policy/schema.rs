//! The schema: types and actions, and validation of policies.
//!
//! A schema is the library's own part (principals, the context of a check) plus a host's kinds and actions: from a
//! file, or declared from the configuration and the grants.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cedar_policy::{EntityUid, Policy, PolicySet, SchemaFragment, ValidationMode, Validator};
use serde_json::{Map, Value, json};

use super::error::{joined, reason};
use super::vocabulary::{self, ACTION, ADDRESS, CONTEXT, EVERYTHING, MFA_AT, NOW, PRINCIPALS, SESSION, USED_UP};
use super::{PolicyError, translate};
use crate::model::{Action, Grant, GrantId, Permission, ResourceKind, Scope};

/// The types, actions and groups that policies may use.
///
/// ```
/// use jit_access::model::Permission;
/// use jit_access::policy::Schema;
///
/// let billing = Schema::parse("entity Customer; entity Invoice in [Customer];")?;
/// let kinds: Vec<_> = billing.kinds().map(|kind| kind.name()).collect();
/// assert_eq!(kinds, ["customer", "invoice"]);
/// assert!(Schema::contextforge()?.declares(&Permission::new("tools.execute")?));
/// assert!(Schema::parse("entity {").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Schema(Arc<Composed>);

#[derive(Debug)]
struct Composed {
    /// Cedar's JSON form of the namespace that everything of ours is in.
    own: Parts,
    /// The host's other namespaces.
    others: Map<String, Value>,
    kinds: BTreeSet<ResourceKind>,
    schema: cedar_policy::Schema,
    validator: Validator,
}

/// The declarations of one namespace, by name.
#[derive(Debug, Clone, Default)]
struct Parts {
    common_types: Map<String, Value>,
    entity_types: Map<String, Value>,
    actions: Map<String, Value>,
}

/// `policies/schema.cedarschema`.
const CORE: &str = include_str!("../../policies/schema.cedarschema");
/// `policies/contextforge.cedarschema`.
const CONTEXTFORGE: &str = include_str!("../../policies/contextforge.cedarschema");
/// The one type of a host that is not a kind of resource: the parents of principals.
pub(super) const ROLE: &str = "Role";

impl Schema {
    /// The library's own part alone, for hosts without a schema.
    ///
    /// # Errors
    /// Never for the shipped file.
    pub fn core() -> Result<Self, PolicyError> {
        Self::parse("")
    }

    /// The kinds and actions of ContextForge.
    ///
    /// # Errors
    /// Never for the shipped file.
    pub fn contextforge() -> Result<Self, PolicyError> {
        Self::parse(CONTEXTFORGE)
    }

    /// The text that [`Schema::contextforge`] reads, as an example of a host's schema.
    #[must_use]
    pub const fn contextforge_text() -> &'static str {
        CONTEXTFORGE
    }

    /// Parses a host's schema in Cedar's format: its resource kinds, as entity types, and its actions, if it names
    /// them. The library's own types and actions are added; `User`, `Agent`, `Role` and `Context` may be declared
    /// instead. Every action applies to every kind, whatever the text says.
    ///
    /// # Errors
    /// When it is not a valid schema, an entity type is not a resource kind, or the groups of an action differ from the
    /// model.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let mut host = json_of(text)?;
        let own = Parts::of(host.remove(""));
        let mut kinds = BTreeSet::new();
        for name in own.entity_types.keys().filter(|name| *name != ROLE) {
            let Some(kind) = vocabulary::kind_of(name) else {
                let reason = format!("the entity type `{name}` is no kind of resource: a name such as `Invoice` is");
                return Err(PolicyError::Schema { reason });
            };
            kinds.insert(kind);
        }
        let mut parts = Parts::of(json_of(CORE)?.remove(""));
        parts.common_types.extend(own.common_types);
        parts.entity_types.extend(own.entity_types);
        parts.actions.extend(own.actions);
        check_context(&parts)?;
        Self::of(parts, host, kinds)
    }

    /// The whole schema in Cedar's format, to hand to another engine together with an export.
    ///
    /// # Errors
    /// When Cedar cannot write it.
    pub fn text(&self) -> Result<String, PolicyError> {
        let fragment = SchemaFragment::from_json_value(self.0.json()).map_err(|error| unfit(&error))?;
        fragment.to_cedarschema().map_err(|error| unfit(&error))
    }

    /// The kinds of resource that it declares.
    pub fn kinds(&self) -> impl Iterator<Item = &ResourceKind> {
        self.0.kinds.iter()
    }

    /// This schema, extended by the undeclared ones of these permissions and of the kinds in these scopes: for the
    /// operator's catalogue, and grants that outlived their role. Exceptions are permissions too.
    ///
    /// # Errors
    /// When Cedar refuses the schema that this makes.
    pub fn with<'a>(
        &self,
        permissions: impl IntoIterator<Item = &'a Permission>,
        scopes: impl IntoIterator<Item = &'a Scope>,
    ) -> Result<Self, PolicyError> {
        let mut wanted: BTreeSet<Permission> = BTreeSet::new();
        for permission in permissions {
            wanted.extend(permission.groups());
            wanted.insert(permission.clone());
        }
        wanted.retain(|permission| !self.declares(permission));
        let mut parents: BTreeMap<ResourceKind, BTreeSet<ResourceKind>> = BTreeMap::new();
        for scope in scopes {
            let named: Vec<&ResourceKind> =
                scope.kind().into_iter().chain(scope.things().map(|one| one.kind())).collect();
            for kind in &named {
                parents.entry(**kind).or_default().extend(named.iter().filter(|other| *other != kind).copied());
            }
        }
        parents.retain(|kind, _| !self.0.kinds.contains(kind));
        if wanted.is_empty() && parents.is_empty() {
            return Ok(self.clone());
        }
        let mut own = self.0.own.clone();
        // As values and not as text: a name in JSON is always a string.
        own.actions.extend(wanted.iter().map(|permission| (permission.as_str().to_owned(), member(permission))));
        for (kind, parents) in &parents {
            let parents: Vec<String> = parents.iter().map(vocabulary::resource_type).collect();
            let declared = json!({ "memberOfTypes": parents });
            own.entity_types.entry(vocabulary::resource_type(kind)).or_insert(declared);
        }
        Self::of(own, self.0.others.clone(), self.0.kinds.iter().chain(parents.keys()).copied().collect())
    }

    /// Whether policies may name this permission.
    #[must_use]
    pub fn declares(&self, permission: &Permission) -> bool {
        self.0.own.actions.contains_key(permission.as_str())
    }

    /// Whether the policy that is this grant fits, strictly. A grant without a policy fits.
    ///
    /// # Errors
    /// When it does not; the error names the grant and the problem.
    pub fn check(&self, grant: &Grant) -> Result<(), PolicyError> {
        match translate(grant)? {
            Some(policy) => self.check_policy(grant.id, &policy),
            None => Ok(()),
        }
    }

    /// The names of all actions and groups that it declares, in order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.own.actions.keys().map(String::as_str)
    }

    pub(super) fn validator(&self) -> &Validator {
        &self.0.validator
    }

    pub(crate) fn cedar(&self) -> &cedar_policy::Schema {
        &self.0.schema
    }

    pub(super) fn check_policy(&self, grant: GrantId, policy: &Policy) -> Result<(), PolicyError> {
        let set = PolicySet::from_policies([policy.clone()])
            .map_err(|error| PolicyError::Untranslatable { grant, reason: reason(&error) })?;
        let result = self.0.validator.validate(&set, ValidationMode::Strict);
        if result.validation_passed() {
            return Ok(());
        }
        Err(PolicyError::Unfit { grant, reason: joined(result.validation_errors().map(|error| reason(error))) })
    }

    fn of(mut own: Parts, others: Map<String, Value>, kinds: BTreeSet<ResourceKind>) -> Result<Self, PolicyError> {
        apply_to_all(&mut own.actions, &kinds);
        let json = whole(&own, &others);
        let fragment = SchemaFragment::from_json_value(json).map_err(|error| unfit(&error))?;
        let schema = cedar_policy::Schema::from_schema_fragments([fragment]).map_err(|error| unfit(&error))?;
        check_groups(&schema)?;
        let validator = Validator::new(schema.clone());
        Ok(Self(Arc::new(Composed { own, others, kinds, schema, validator })))
    }
}

impl Composed {
    fn json(&self) -> Value {
        whole(&self.own, &self.others)
    }
}

impl Parts {
    fn of(namespace: Option<Value>) -> Self {
        let mut namespace = namespace.unwrap_or_default();
        let mut take = |key| match namespace.get_mut(key).map(Value::take) {
            Some(Value::Object(map)) => map,
            _ => Map::new(),
        };
        Self { common_types: take("commonTypes"), entity_types: take("entityTypes"), actions: take("actions") }
    }
}

fn whole(own: &Parts, others: &Map<String, Value>) -> Value {
    let mut all = others.clone();
    let Parts { common_types, entity_types, actions } = own;
    let own = json!({ "commonTypes": common_types, "entityTypes": entity_types, "actions": actions });
    all.insert(String::new(), own);
    Value::Object(all)
}

/// The namespaces of a schema in Cedar's JSON form.
fn json_of(text: &str) -> Result<Map<String, Value>, PolicyError> {
    let (fragment, _warnings) = SchemaFragment::from_cedarschema_str(text).map_err(|error| unfit(&error))?;
    match fragment.to_json_value().map_err(|error| unfit(&error))? {
        Value::Object(namespaces) => Ok(namespaces),
        _ => Ok(Map::new()),
    }
}

/// One action of the JSON form: a member of its next wider group.
fn member(permission: &Permission) -> Value {
    let groups: Vec<Value> =
        permission.groups().first().map(|group| json!({ "id": group.as_str() })).into_iter().collect();
    json!({ "memberOf": groups })
}

/// Makes every action apply to every kind of principal and of resource. If actions were bound to kinds, Cedar would
/// refuse a grant whose action can never meet its resource, and one new call site of the host could break old grants.
/// Groups apply too: for Cedar, a policy with a group that applies to nothing and has no members is an error.
fn apply_to_all(actions: &mut Map<String, Value>, kinds: &BTreeSet<ResourceKind>) {
    let mut resources: Vec<String> = kinds.iter().map(vocabulary::resource_type).collect();
    resources.push(EVERYTHING.to_owned());
    for action in actions.values_mut() {
        let context = action.pointer("/appliesTo/context").cloned().unwrap_or_else(|| json!({ "type": CONTEXT }));
        if let Some(action) = action.as_object_mut() {
            let applies = json!({
                "principalTypes": PRINCIPALS.map(vocabulary::principal_type),
                "resourceTypes": resources,
                "context": context,
            });
            action.insert("appliesTo".to_owned(), applies);
        }
    }
}

/// A host may declare the context of a check, but grants use what the library puts there.
fn check_context(parts: &Parts) -> Result<(), PolicyError> {
    let attributes = parts.common_types.get(CONTEXT).and_then(|context| context.get("attributes"));
    let missing = [NOW, MFA_AT, ADDRESS, SESSION, USED_UP]
        .into_iter()
        .find(|name| attributes.and_then(|attributes| attributes.get(name)).is_none());
    match missing {
        None => Ok(()),
        Some(name) => Err(PolicyError::Schema { reason: format!("the type `{CONTEXT}` has no attribute `{name}`") }),
    }
}

/// Every declared action must be in exactly the groups of the model: an action that is in `tools.*` for Cedar and not
/// for the index would be a right that only one of the two has.
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
        // The one group that the model cannot name as a permission: the actions that no grant can give.
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
