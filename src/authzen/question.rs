//! The question in a body: subject, action and resource.

use serde_json::{Map, Value};

use super::json::{object_of, text_of};
use super::reply::HttpResponse;

/// A subject or a resource, as it was sent.
///
/// ```
/// use jit_access::authzen::Entity;
///
/// let deploy = Entity::new("tool", "deploy");
/// assert_eq!((deploy.kind(), deploy.id()), ("tool", "deploy"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    kind: String,
    id: String,
    /// The whole object with unknown members: a denial is bound to all of it.
    whole: Map<String, Value>,
}

impl Entity {
    /// The entity of this type and id, without properties.
    #[must_use]
    pub fn new(kind: &str, id: &str) -> Self {
        let whole = [("type", kind), ("id", id)];
        let whole = whole.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect();
        Self { kind: kind.to_owned(), id: id.to_owned(), whole }
    }

    /// Its `type`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Its `id`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its `properties`.
    #[must_use]
    pub fn properties(&self) -> Option<&Map<String, Value>> {
        self.whole.get("properties").and_then(Value::as_object)
    }

    /// The same entity in another form of it.
    pub(super) fn replaced(&self, whole: Map<String, Value>) -> Self {
        Self { kind: self.kind.clone(), id: self.id.clone(), whole }
    }

    /// All of it, as it was sent.
    #[must_use]
    pub const fn whole(&self) -> &Map<String, Value> {
        &self.whole
    }
}

/// A question: subject, action, resource and context.
///
/// ```
/// use jit_access::authzen::{Entity, Question};
///
/// let asked = Question::new(Entity::new("user", "ann@example.com"), "tools.execute", Entity::new("tool", "deploy"));
/// assert_eq!(asked.action(), "tools.execute");
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The subject.
    pub subject: Entity,
    /// What: the whole member, with its `name`.
    pub action: Map<String, Value>,
    /// To what.
    pub resource: Entity,
    /// What else is known.
    pub context: Map<String, Value>,
}

/// Which parts a question needs: all, or, in a search, all but the part that is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// An evaluation.
    Everything,
    /// A search for subjects.
    Subject,
    /// A search for resources.
    Resource,
    /// A search for actions.
    Action,
}

impl Question {
    /// The question without properties and context.
    #[must_use]
    pub fn new(subject: Entity, action: &str, resource: Entity) -> Self {
        let action = Map::from_iter([("name".to_owned(), action.into())]);
        Self { subject, action, resource, context: Map::new() }
    }

    /// The `name` of the action.
    #[must_use]
    pub fn action(&self) -> &str {
        self.action.get("name").and_then(Value::as_str).unwrap_or_default()
    }

    /// The question of a JSON object, as in an evaluation.
    ///
    /// # Errors
    /// When something is missing or has the wrong type.
    pub fn parse(body: &Map<String, Value>) -> Result<Self, HttpResponse> {
        Self::read(body, Wanted::Everything)
    }

    /// Reads the question of a body. The part that is searched for needs no id, and a given id is ignored.
    pub(super) fn read(body: &Map<String, Value>, wanted: Wanted) -> Result<Self, HttpResponse> {
        let part = |name: &'static str| -> Result<Map<String, Value>, HttpResponse> {
            let part = object_of(body, name, "")?;
            part.cloned().ok_or_else(|| HttpResponse::invalid(&format!("/{name}"), "is missing"))
        };
        let entity = |name: &'static str, is_wanted: bool| -> Result<Entity, HttpResponse> {
            let (part, at) = (part(name)?, format!("/{name}"));
            let text = |member: &'static str| {
                let text = text_of(&part, member, &at)?.filter(|text| !text.is_empty());
                text.map(ToOwned::to_owned)
                    .ok_or_else(|| HttpResponse::invalid(&format!("{at}/{member}"), "is missing"))
            };
            object_of(&part, "properties", &at)?;
            let kind = text("type")?;
            let id = if is_wanted { String::new() } else { text("id")? };
            Ok(Entity { kind, id, whole: part })
        };
        let action = match wanted {
            Wanted::Action => Map::new(),
            _ => {
                let action = part("action")?;
                object_of(&action, "properties", "/action")?;
                let name = text_of(&action, "name", "/action")?.filter(|name| !name.is_empty());
                name.ok_or_else(|| HttpResponse::invalid("/action/name", "is missing"))?;
                action
            }
        };
        Ok(Self {
            subject: entity("subject", wanted == Wanted::Subject)?,
            action,
            resource: entity("resource", wanted == Wanted::Resource)?,
            context: object_of(body, "context", "")?.cloned().unwrap_or_default(),
        })
    }

    /// The same question with another subject, resource or action, where a search has found one.
    pub(super) fn with(&self, wanted: Wanted, found: &Entity) -> Self {
        let merged = |sent: &Entity| {
            let mut whole = sent.whole.clone();
            whole.extend(found.whole.clone());
            Entity { kind: found.kind.clone(), id: found.id.clone(), whole }
        };
        let mut question = self.clone();
        match wanted {
            Wanted::Subject => question.subject = merged(&self.subject),
            Wanted::Resource => question.resource = merged(&self.resource),
            Wanted::Action => question.action = Map::from_iter([("name".to_owned(), found.id().into())]),
            Wanted::Everything => {}
        }
        question
    }
}
