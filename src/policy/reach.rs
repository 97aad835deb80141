//! What could be asked about: the actions of a schema, the entities of a host, and the smallest set of entities for a
//! case.

use std::collections::BTreeSet;

use cedar_policy::{Effect, Entities, Entity, EntityUid};

use super::schema::ROLE;
use super::scoped::PolicyAnswer;
use super::seen::{HostEntities, Seen};
use super::standing::StandingPolicies;
use super::vocabulary::{self, PRINCIPALS};
use super::{PolicyError, Schema, text};
use crate::model::{Action, PolicyFile, Resource, ResourceId};

impl Schema {
    /// The actions that it declares, in order, without the groups.
    pub(crate) fn action_names(&self) -> impl Iterator<Item = Action> {
        self.names().filter(|name| !name.ends_with('*')).filter_map(|name| Action::new(name).ok())
    }
}

impl HostEntities {
    /// The things among them as resources, each once for every thing that it is in; in order.
    pub(crate) fn things(&self) -> Vec<Resource> {
        let mut all: Vec<Resource> = Vec::new();
        for (uid, above) in self.each() {
            let Some(own) = thing_of(uid) else { continue };
            let parents: BTreeSet<ResourceId> =
                above.iter().filter_map(thing_of).filter(|one| one.kind() != own.kind()).collect();
            let inside = parents.into_iter().filter_map(|one| Resource::from(own.clone()).with_parent(one).ok());
            let before = all.len();
            all.extend(inside);
            if all.len() == before {
                all.push(Resource::from(own));
            }
        }
        all.sort();
        all.dedup();
        all
    }
}

/// The resource of this entity; `None` for people.
fn thing_of(uid: &EntityUid) -> Option<ResourceId> {
    let name = uid.type_name().to_string();
    if PRINCIPALS.iter().any(|kind| vocabulary::principal_type(*kind) == name) || name == ROLE {
        return None;
    }
    let kind = vocabulary::kind_of(&name)?;
    ResourceId::new(kind.name(), uid.id().as_ref()).ok()
}

/// What must never become possible: forbids that are evaluated for a proposal, and not for checks.
#[derive(Debug, Default)]
pub struct Invariants(StandingPolicies);

impl Invariants {
    /// The rules of these files.
    ///
    /// ```
    /// use jit_access::model::PolicyFile;
    /// use jit_access::policy::{Invariants, Schema};
    ///
    /// let rule = r#"@id("on-call") forbid (principal, action == Action::"tools.execute", resource) unless { principal in Role::"on-call" };"#;
    /// assert_eq!(Invariants::parse(&[PolicyFile::new("rules.cedar", rule)], &Schema::contextforge()?)?.len(), 1);
    /// let permit = PolicyFile::new("rules.cedar", "permit (principal, action, resource is Tool);");
    /// let error = Invariants::parse(&[permit], &Schema::contextforge()?).unwrap_err();
    /// assert!(error.to_string().starts_with("rules.cedar:1:1"), "{error}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`StandingPolicies::parse`], and when one is a permit.
    pub fn parse(files: &[PolicyFile], schema: &Schema) -> Result<Self, PolicyError> {
        for file in files {
            let permit =
                file.policies(schema, text::BY_HAND)?.into_iter().find(|(_, policy)| policy.effect() == Effect::Permit);
            if let Some((place, _)) = permit {
                return Err(file
                    .wrong_at(Some(place), "a permit says nothing of what must never be possible; expected a forbid"));
            }
        }
        StandingPolicies::parse(files, schema).map(Self)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that are broken where this is possible, and those that cannot be evaluated for it.
    pub(crate) fn broken(&self, seen: &Seen) -> Result<(Vec<String>, Vec<String>), PolicyError> {
        let PolicyAnswer { reasons, errors, .. } = self.0.scoped().ask(&seen.request, &seen.entities)?;
        Ok((reasons, errors.into_iter().map(|(id, _)| id).collect()))
    }
}

/// The same request over the smallest set of entities, attributes and parents for which `holds` is true; and these
/// entities in Cedar's format.
pub(crate) fn fewest(seen: Seen, holds: impl Fn(&Seen) -> bool) -> (Seen, Vec<String>) {
    let is_action = |uid: &EntityUid| uid.type_name().basename() == vocabulary::ACTION;
    let mut kept: Vec<Entity> = seen.entities.iter().cloned().collect();
    kept.sort_by_cached_key(|entity| entity.uid().to_string());
    let mut seen = seen;
    let mut try_with = |all: Vec<Entity>, kept: &mut Vec<Entity>| {
        let Ok(entities) = Entities::from_entities(all.clone(), None) else { return false };
        let smaller = Seen { request: seen.request.clone(), entities };
        let is_enough = holds(&smaller);
        if is_enough {
            (seen, *kept) = (smaller, all);
        }
        is_enough
    };
    let mut at = 0;
    while let Some(entity) = kept.get(at).cloned() {
        if is_action(&entity.uid()) {
            at += 1;
            continue;
        }
        let mut without = kept.clone();
        without.remove(at);
        if try_with(without, &mut kept) {
            continue;
        }
        for smaller in smaller_by_one(&entity) {
            // Each part is left out of what the parts before it have left.
            let Some(now) = kept.get(at).cloned() else { break };
            let Some(smaller) = smaller(&now) else { continue };
            let mut all = kept.clone();
            if let Some(place) = all.get_mut(at) {
                *place = smaller;
            }
            try_with(all, &mut kept);
        }
        at += 1;
    }
    let shown = kept.iter().filter(|entity| !is_action(&entity.uid())).filter_map(described).collect();
    (seen, shown)
}

type Smaller = Box<dyn Fn(&Entity) -> Option<Entity>>;

/// The entity without each of its attributes and parents.
fn smaller_by_one(entity: &Entity) -> Vec<Smaller> {
    let (_, attrs, parents) = entity.clone().into_inner();
    let mut names: Vec<String> = attrs.into_keys().collect();
    names.sort();
    let mut above: Vec<EntityUid> = parents.into_iter().collect();
    above.sort_by_cached_key(ToString::to_string);
    let without_name = |name: String| -> Smaller {
        Box::new(move |entity| {
            let (uid, mut attrs, parents) = entity.clone().into_inner();
            attrs.remove(&name)?;
            Entity::new(uid, attrs, parents).ok()
        })
    };
    let without_parent = |parent: EntityUid| -> Smaller {
        Box::new(move |entity| {
            let (uid, attrs, mut parents) = entity.clone().into_inner();
            parents.remove(&parent).then(|| Entity::new(uid, attrs, parents).ok())?
        })
    };
    names.into_iter().map(without_name).chain(above.into_iter().map(without_parent)).collect()
}

/// `User::"ann" {"level": 3} in Role::"on-call"`; `None` when there is only the name.
fn described(entity: &Entity) -> Option<String> {
    let mut attrs: Vec<String> = entity
        .attrs()
        .map(|(name, value)| value.map_or_else(|_| name.to_owned(), |value| format!("{name}: {value}")))
        .collect();
    let (uid, _, parents) = entity.clone().into_inner();
    let mut above: Vec<String> = parents.iter().map(ToString::to_string).collect();
    attrs.sort();
    above.sort();
    let attrs = if attrs.is_empty() { String::new() } else { format!(" {{{}}}", attrs.join(", ")) };
    let above = if above.is_empty() { String::new() } else { format!(" in {}", above.join(", ")) };
    (!attrs.is_empty() || !above.is_empty()).then(|| format!("{uid}{attrs}{above}"))
}
