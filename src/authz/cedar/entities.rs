//! The entities and the context that a policy sees.
//!
//! It contains every value of `policies/workflow.cedarschema`, with the type declared there; the tests validate every
//! request of the matrix against the schema.

use std::collections::{HashMap, HashSet};
use std::str::FromStr;

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Policy, Request, RestrictedExpression,
};

use crate::authz::{AuthzAction, AuthzRequest, AuthzResource, Eligibility, Entitlement};
use crate::model::{
    AccessRequest, Delegation, Grant, Invalid, Permission, PermissionSet, Principal, PrincipalKind, RoleName, Scope,
    Selector, Timestamp, Ttl,
};
use crate::policy::{PolicyError, reason};

/// The attributes of an entity.
type Facts = HashMap<String, RestrictedExpression>;

/// The entity types, and the permissions and places that the policies name.
#[derive(Debug)]
pub(super) struct Names {
    action: EntityTypeName,
    principal: EntityTypeName,
    role: EntityTypeName,
    entitlement: EntityTypeName,
    request: EntityTypeName,
    grant: EntityTypeName,
    delegation: EntityTypeName,
    selection: EntityTypeName,
    workflow: EntityTypeName,
    permissions: Vec<(EntityUid, PermissionSet)>,
    places: Vec<(EntityUid, Scope)>,
}

impl Names {
    pub(super) fn new(policies: &[Policy]) -> Result<Self, PolicyError> {
        let named =
            |name: &str| EntityTypeName::from_str(name).map_err(|error| PolicyError::Schema { reason: reason(&error) });
        let (permission, place) = (named("Permission")?, named("Place")?);
        let (mut permissions, mut places) = (Vec::new(), Vec::new());
        for policy in policies {
            let misnamed = |why: Invalid| PolicyError::Workflow {
                line: None,
                reason: format!(
                    "the policy `{}` refers to a permission or place that cannot exist: {why}",
                    policy.id()
                ),
            };
            for literal in policy.entity_literals() {
                let id: &str = literal.id().as_ref();
                if *literal.type_name() == permission {
                    let set = Permission::new(id).and_then(|one| PermissionSet::new([one])).map_err(misnamed)?;
                    permissions.push((literal.clone(), set));
                } else if *literal.type_name() == place {
                    places.push((literal.clone(), id.parse().map_err(misnamed)?));
                }
            }
        }
        Ok(Self {
            action: named("Action")?,
            principal: named("Principal")?,
            role: named("Role")?,
            entitlement: named("Entitlement")?,
            request: named("Request")?,
            grant: named("Grant")?,
            delegation: named("Delegation")?,
            selection: named("Selection")?,
            workflow: named("Workflow")?,
            permissions,
            places,
        })
    }

    pub(super) fn action(&self, action: AuthzAction) -> EntityUid {
        uid(&self.action, action.name())
    }

    /// The group that the action is in, as policies name it.
    pub(super) fn group(&self, action: AuthzAction) -> Option<EntityUid> {
        action.group().map(|group| uid(&self.action, group.name()))
    }

    /// The action with its group, so that `action in Action::"jit.read"` is true of its members.
    fn action_entity(&self, action: AuthzAction) -> Option<Entity> {
        let group = HashSet::from([self.group(action)?]);
        Some(Entity::new_no_attrs(self.action(action), group))
    }

    fn principal(&self, principal: &Principal) -> EntityUid {
        uid(&self.principal, &principal.to_string())
    }

    fn role(&self, role: &RoleName) -> EntityUid {
        uid(&self.role, role.as_str())
    }

    fn roles<'a>(&self, roles: impl IntoIterator<Item = &'a RoleName>) -> RestrictedExpression {
        set(roles.into_iter().map(|role| self.role(role)))
    }

    fn principals<'a>(&self, all: impl IntoIterator<Item = &'a Principal>) -> RestrictedExpression {
        set(all.into_iter().map(|principal| self.principal(principal)))
    }

    /// The permissions and the scope, in the policies' words.
    fn terms(&self, facts: &mut Facts, given: &PermissionSet, scope: &Scope) {
        let whole = self.permissions.iter().filter(|(_, one)| one.is_within(given));
        let part = self.permissions.iter().filter(|(_, one)| one.intersection(given).is_some());
        let reached = self.places.iter().filter(|(_, place)| scope.intersection(place).is_some());
        let around = self.places.iter().filter(|(_, place)| scope.is_within(place));
        facts.insert("gives".to_owned(), set(whole.map(|(uid, _)| uid.clone())));
        facts.insert("touches".to_owned(), set(part.map(|(uid, _)| uid.clone())));
        facts.insert("reaches".to_owned(), set(reached.map(|(uid, _)| uid.clone())));
        facts.insert("within".to_owned(), set(around.map(|(uid, _)| uid.clone())));
    }
}

/// The request for Cedar, and every entity that a policy can reach from it.
pub(super) fn seen(asked: &AuthzRequest<'_>, names: &Names) -> Result<(Request, Entities), String> {
    let AuthzRequest { principal: caller, lent, action, context, .. } = *asked;
    let now = context.now;
    let mut people = People { names, entities: HashMap::new() };
    people.add(&caller.principal, &caller.roles, caller.acts_for.as_ref(), lent)?;
    let (resource, entity) = resource(asked.resource, now, names, &mut people)?;
    let facts = [
        ("now", instant(now)),
        ("weekday", RestrictedExpression::new_long(weekday(now))),
        ("hour", RestrictedExpression::new_long(now.millis().div_euclid(HOUR).rem_euclid(24))),
        ("approver_roles", names.roles(context.approver_roles)),
        ("auditor_roles", names.roles(context.auditor_roles)),
    ];
    let context = Context::from_pairs(facts.map(|(name, value)| (name.to_owned(), value)));
    let context = context.map_err(|error| reason(&error))?;
    let principal = names.principal(&caller.principal);
    let request = Request::new(principal, names.action(action), resource, context, None);
    let entities = people.entities.into_values().chain(entity).chain(names.action_entity(action));
    let entities = Entities::from_entities(entities, None).map_err(|error| reason(&error))?;
    Ok((request.map_err(|error| reason(&error))?, entities))
}

/// The caller, and every other principal that a policy can reach from there. The first entry for a principal stays.
struct People<'a> {
    names: &'a Names,
    entities: HashMap<Principal, Entity>,
}

impl People<'_> {
    fn add(
        &mut self,
        principal: &Principal,
        roles: &[RoleName],
        acts_for: Option<&Principal>,
        lent: &[RoleName],
    ) -> Result<(), String> {
        if self.entities.contains_key(principal) {
            return Ok(());
        }
        let facts = facts([
            ("agent", RestrictedExpression::new_bool(principal.kind() == PrincipalKind::Agent)),
            ("identities", self.names.principals(std::iter::once(principal).chain(acts_for))),
            ("lent", self.names.roles(lent)),
        ]);
        let parents: HashSet<_> = roles.iter().map(|role| self.names.role(role)).collect();
        let entity = Entity::new(self.names.principal(principal), facts, parents).map_err(|error| reason(&error))?;
        self.entities.insert(principal.clone(), entity);
        acts_for.map_or(Ok(()), |person| self.add(person, &[], None, &[]))
    }
}

/// The resource; a separate entity, unless it is one of the people.
fn resource(
    resource: AuthzResource<'_>,
    now: Timestamp,
    names: &Names,
    people: &mut People<'_>,
) -> Result<(EntityUid, Option<Entity>), String> {
    let (uid, facts) = match resource {
        AuthzResource::Entitlement(wanted) => {
            if let Eligibility::Listed { principals, .. } = wanted.eligibility {
                principals.iter().try_for_each(|one| people.add(one, &[], None, &[]))?;
            }
            (uid(&names.entitlement, wanted.role.as_str()), entitlement(wanted, names))
        }
        AuthzResource::Request(request) => {
            let (roles, acts_for) = (&request.requester_normal_roles, request.requester_acts_for.as_ref());
            people.add(&request.requester, roles, acts_for, &[])?;
            (uid(&names.request, &request.id.to_string()), self::request(request, now, names))
        }
        AuthzResource::Grant(grant) => {
            people.add(&grant.holder, &grant.holder_normal_roles, grant.holder_acts_for.as_ref(), &[])?;
            (uid(&names.grant, &grant.id.to_string()), self::grant(grant, now, names))
        }
        AuthzResource::Delegation(delegation) => {
            people.add(&delegation.delegator, &delegation.roles, None, &[])?;
            people.add(&delegation.delegate, &[], None, &[])?;
            (uid(&names.delegation, &delegation.id.to_string()), self::delegation(delegation, names))
        }
        AuthzResource::Selection(select) => {
            (uid(&names.selection, selected_by(select)), facts([("by", text(selected_by(select)))]))
        }
        AuthzResource::Principal(principal) => {
            people.add(principal, &[], None, &[])?;
            return Ok((names.principal(principal), None));
        }
        AuthzResource::Workflow => (uid(&names.workflow, "workflow"), Facts::new()),
    };
    let entity = Entity::new(uid.clone(), facts, HashSet::new()).map_err(|error| reason(&error))?;
    Ok((uid, Some(entity)))
}

fn entitlement(wanted: &Entitlement<'_>, names: &Names) -> Facts {
    let (everybody, roles, principals): (bool, &[RoleName], &[Principal]) = match wanted.eligibility {
        Eligibility::Everyone => (true, &[], &[]),
        Eligibility::Listed { roles, principals } => (false, roles, principals),
    };
    let mut facts = facts([
        ("role", text(wanted.role.as_str())),
        ("duration", length(wanted.duration)),
        ("emergency", RestrictedExpression::new_bool(wanted.emergency)),
        ("for_everybody", RestrictedExpression::new_bool(everybody)),
        ("eligible_roles", names.roles(roles)),
        ("eligible_principals", names.principals(principals)),
    ]);
    names.terms(&mut facts, wanted.permissions, wanted.scope);
    facts
}

fn request(request: &AccessRequest, now: Timestamp, names: &Names) -> Facts {
    let mut facts = facts([
        ("requester", RestrictedExpression::new_entity_uid(names.principal(&request.requester))),
        ("asked_by", names.principals(request.identities())),
        ("role", text(request.role.as_str())),
        ("duration", length(request.duration)),
        ("risk", text(request.assessment.level.name())),
        ("extension", RestrictedExpression::new_bool(request.extends.is_some())),
        ("emergency", RestrictedExpression::new_bool(request.emergency.is_some())),
        ("state", text(request.status(now).name())),
        ("approver_roles", names.roles(&request.approver_roles)),
        ("open_to", names.roles(request.open_to(now))),
    ]);
    names.terms(&mut facts, &request.permissions, &request.scope);
    facts
}

fn grant(grant: &Grant, now: Timestamp, names: &Names) -> Facts {
    let owed = grant.break_glass.as_ref();
    let mut facts = facts([
        ("holder", RestrictedExpression::new_entity_uid(names.principal(&grant.holder))),
        ("role", text(grant.role.as_str())),
        ("starts_at", instant(grant.window.start())),
        ("ends_at", instant(grant.window.end())),
        ("extension", RestrictedExpression::new_bool(grant.extends.is_some())),
        ("emergency", RestrictedExpression::new_bool(owed.is_some())),
        ("state", text(grant.status(now).name())),
        ("approver_roles", names.roles(&grant.approver_roles)),
        ("review", text(owed.map_or("none", |owed| owed.review(now).name()))),
        ("reviewer_roles", names.roles(owed.into_iter().flat_map(|owed| &owed.reviewer_roles))),
    ]);
    names.terms(&mut facts, &grant.permissions, &grant.scope);
    facts
}

fn delegation(delegation: &Delegation, names: &Names) -> Facts {
    facts([
        ("delegator", RestrictedExpression::new_entity_uid(names.principal(&delegation.delegator))),
        ("delegate", RestrictedExpression::new_entity_uid(names.principal(&delegation.delegate))),
        ("roles", names.roles(&delegation.roles)),
        ("starts_at", instant(delegation.window.start())),
        ("ends_at", instant(delegation.window.end())),
    ])
}

const fn selected_by(select: &Selector) -> &'static str {
    match select {
        Selector::Request(_) => "request",
        Selector::Holder(_) => "holder",
        Selector::Role(_) => "role",
        Selector::Scope(_) => "resource",
        Selector::All => "everything",
    }
}

fn facts<const N: usize>(pairs: [(&str, RestrictedExpression); N]) -> Facts {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn uid(entity_type: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(entity_type.clone(), EntityId::new(id))
}

fn set(uids: impl IntoIterator<Item = EntityUid>) -> RestrictedExpression {
    RestrictedExpression::new_set(uids.into_iter().map(RestrictedExpression::new_entity_uid))
}

fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

fn instant(at: Timestamp) -> RestrictedExpression {
    RestrictedExpression::new_datetime(at.to_string())
}

fn length(ttl: Ttl) -> RestrictedExpression {
    RestrictedExpression::new_duration(format!("{}ms", ttl.millis()))
}

const HOUR: i64 = 3_600_000;

/// 1 for Monday to 7 for Sunday. The first day of all was a Thursday.
pub(super) const fn weekday(at: Timestamp) -> i64 {
    (at.millis().div_euclid(24 * HOUR) + 3).rem_euclid(7) + 1
}
