//! The request and the entities that policies see.
//!
//! The library itself fills in what it knows (the instant, the sign-in, the address of the caller), and no caller can.
//! The host's knowledge about its people and things comes in as one document, [`HostEntities`].

use std::collections::{HashMap, HashSet, VecDeque};

use cedar_policy::{Entities, Entity, EntityUid, EvalResult, Request, RestrictedExpression};
use serde_json::{Map, Value};

use super::error::reason;
use super::evaluate::{self, Attributes};
use super::{PolicyError, Schema, vocabulary};
use crate::model::{Query, Timestamp};

/// The entities of a host, as of one instant.
///
/// ```
/// use jit_access::policy::{HostEntities, Schema};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let told = r#"[{"uid": {"type": "User", "id": "ann"}, "attrs": {}, "parents": [{"type": "Role", "id": "on-call"}]}]"#;
/// let entities = HostEntities::parse(told, &Schema::contextforge()?, "2026-12-01T09:00:00Z".parse()?)?;
/// assert_eq!(entities.len(), 1);
/// assert!(HostEntities::parse(r#"[{"uid": {"type": "Usr", "id": "ann"}}]"#, &Schema::contextforge()?, entities.at()).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct HostEntities {
    known: HashMap<EntityUid, Known>,
    at: Timestamp,
}

#[derive(Debug, Clone)]
struct Known {
    entity: Entity,
    /// The entities that its attributes and parents name.
    named: Vec<EntityUid>,
}

impl HostEntities {
    /// The entities of a document in Cedar's JSON format, validated against the schema, as of this instant.
    ///
    /// # Errors
    /// When the document is invalid, or an entity does not fit the schema.
    pub fn parse(json: &str, schema: &Schema, at: Timestamp) -> Result<Self, PolicyError> {
        let wrong = |error: &dyn std::error::Error| PolicyError::Entities { reason: reason(error) };
        let entities = Entities::from_json_str(json, Some(schema.cedar())).map_err(|error| wrong(&error))?;
        let is_action = |uid: &EntityUid| uid.type_name().basename() == vocabulary::ACTION;
        let known = entities.iter().filter(|entity| !is_action(&entity.uid())).map(|entity| {
            let uid = entity.uid();
            let above = entities.ancestors(&uid).into_iter().flatten().cloned();
            let mut named: Vec<EntityUid> = above.collect();
            for (_, value) in entity.attrs() {
                named_by(&value.map_err(|error| wrong(&error))?, &mut named);
            }
            Ok((uid, Known { entity: entity.clone(), named }))
        });
        Ok(Self { known: known.collect::<Result<_, PolicyError>>()?, at })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Each entity, with its ancestors.
    pub(super) fn each(&self) -> impl Iterator<Item = (&EntityUid, HashSet<EntityUid>)> {
        self.known.iter().map(|(uid, known)| (uid, known.entity.clone().into_inner().2))
    }

    /// The instant that they are true of.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }
}

fn named_by(value: &EvalResult, named: &mut Vec<EntityUid>) {
    match value {
        EvalResult::EntityUid(uid) => named.push(uid.clone()),
        EvalResult::Set(set) => set.iter().for_each(|one| named_by(one, named)),
        EvalResult::Record(record) => record.iter().for_each(|(_, one)| named_by(one, named)),
        _ => {}
    }
}

/// Additional values of one request.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Extra<'a> {
    /// More of the context, in Cedar's JSON format.
    pub(crate) context: Option<&'a Map<String, Value>>,
    /// Attributes of the principal and of the resource, of those that the host's document does not have.
    pub(crate) principal: Option<&'a Map<String, Value>>,
    pub(crate) resource: Option<&'a Map<String, Value>>,
    /// Whether no evaluated policy uses the groups of an action.
    pub(crate) ungrouped: bool,
}

/// The request for Cedar, and every entity that a policy can reach from it.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) request: Request,
    pub(crate) entities: Entities,
}

/// What policies see of this query.
pub(crate) fn seen(
    query: &Query<'_>,
    now: Timestamp,
    given: &Attributes,
    extra: Extra<'_>,
    host: Option<&HostEntities>,
) -> Result<Seen, PolicyError> {
    let principal = vocabulary::principal(query.principal)?;
    let action = vocabulary::action(query.action)?;
    let resource = vocabulary::resource(query.resource)?;
    let failed = |error: &dyn std::error::Error| PolicyError::Unanswerable { reason: reason(error) };
    let mut context = Vec::new();
    for (name, value) in extra.context.into_iter().flatten() {
        if evaluate::FILLED.contains(&name.as_str()) {
            let reason = format!("the context has `{name}`, which the library fills in itself");
            return Err(PolicyError::Unanswerable { reason });
        }
        context.push((name.clone(), expression(value)?));
    }
    let context = evaluate::context(now, given, context)?;
    let parent: HashSet<EntityUid> =
        query.resource.parent().map(vocabulary::thing).into_iter().collect::<Result<_, _>>()?;

    let mut all: HashMap<EntityUid, Entity> = HashMap::new();
    // Breadth first, and each entity once: the host's entities may have cycles.
    let mut next: VecDeque<EntityUid> = [&principal, &resource].into_iter().chain(&parent).cloned().collect();
    while let Some(uid) = next.pop_front() {
        let Some(known) = host.and_then(|host| host.known.get(&uid)) else { continue };
        if all.insert(uid, known.entity.clone()).is_none() {
            next.extend(known.named.iter().filter(|uid| !all.contains_key(uid)).cloned());
        }
    }
    // Building entities takes longer than evaluating some policies, and an entity without attributes and parents adds
    // nothing.
    if !extra.ungrouped {
        let groups = query.action.groups().iter().map(vocabulary::permission).collect::<Result<_, _>>()?;
        all.insert(action.clone(), Entity::new_no_attrs(action.clone(), groups));
    }
    for (uid, attributes, more) in [(&principal, extra.principal, HashSet::new()), (&resource, extra.resource, parent)]
    {
        let had = all.remove(uid);
        if had.is_some() && attributes.is_none_or(Map::is_empty) && more.is_empty() {
            all.extend(had.map(|entity| (uid.clone(), entity)));
            continue;
        }
        let mut attrs = HashMap::new();
        for (name, value) in attributes.into_iter().flatten() {
            attrs.insert(name.clone(), expression(value)?);
        }
        let mut parents = more;
        if let Some(entity) = had {
            let (_, known, above) = entity.into_inner();
            attrs.extend(known);
            parents.extend(above);
        }
        parents.remove(uid);
        if attrs.is_empty() && parents.is_empty() {
            continue;
        }
        all.insert(uid.clone(), Entity::new(uid.clone(), attrs, parents).map_err(|error| failed(&error))?);
    }
    let entities = Entities::from_entities(all.into_values(), None).map_err(|error| failed(&error))?;
    // Without a schema on purpose: a host may ask about an action that our schemas do not declare, and `*` covers it.
    let request = Request::new(principal, action, resource, context, None).map_err(|error| failed(&error))?;
    Ok(Seen { request, entities })
}

/// A value of Cedar's JSON format: text, truth, whole numbers, lists and records, and `{"__entity": …}` or `{"__extn": …}`.
fn expression(value: &Value) -> Result<RestrictedExpression, PolicyError> {
    let wrong = |why: String| PolicyError::Unanswerable { reason: why };
    Ok(match value {
        Value::Bool(value) => RestrictedExpression::new_bool(*value),
        Value::String(text) => RestrictedExpression::new_string(text.clone()),
        Value::Number(number) => {
            let whole = number.as_i64().ok_or_else(|| wrong(format!("{number} is no whole number")))?;
            RestrictedExpression::new_long(whole)
        }
        Value::Null => return Err(wrong("`null` is no value of Cedar".to_owned())),
        Value::Array(items) => {
            RestrictedExpression::new_set(items.iter().map(expression).collect::<Result<Vec<_>, _>>()?)
        }
        Value::Object(fields) => match fields.iter().next() {
            Some((key, inner)) if fields.len() == 1 && key == "__entity" => {
                let uid = EntityUid::from_json(inner.clone()).map_err(|error| wrong(reason(&error)))?;
                RestrictedExpression::new_entity_uid(uid)
            }
            Some((key, inner)) if fields.len() == 1 && key == "__extn" => extension(inner)?,
            _ => {
                let fields = fields.iter().map(|(name, value)| Ok((name.clone(), expression(value)?)));
                let fields = fields.collect::<Result<Vec<_>, PolicyError>>()?;
                RestrictedExpression::new_record(fields).map_err(|error| wrong(reason(&error)))?
            }
        },
    })
}

fn extension(call: &Value) -> Result<RestrictedExpression, PolicyError> {
    let text = |field: &str| call.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let argument = text("arg");
    Ok(match text("fn").as_str() {
        "ip" => RestrictedExpression::new_ip(argument),
        "decimal" => RestrictedExpression::new_decimal(argument),
        "datetime" => RestrictedExpression::new_datetime(argument),
        "duration" => RestrictedExpression::new_duration(argument),
        other => {
            let reason = format!("`{other}` is no extension; expected ip, decimal, datetime or duration");
            return Err(PolicyError::Unanswerable { reason });
        }
    })
}
