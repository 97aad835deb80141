//! A question as a question of the engine.

use serde_json::{Map, Value};

use super::host::Host;
use super::question::Question;
use super::reply::HostError;
use super::settings::Settings;
use crate::model::{Action, Caller, Context, Principal, PrincipalKind, Resource, ResourceId};

/// A question as a question of the engine. A question that cannot be mapped gets the host's own decision and no grant.
#[derive(Debug)]
pub(super) struct Mapped {
    /// The principal: the acting agent, or the subject.
    pub(super) principal: Principal,
    /// The person that an agent acts for.
    pub(super) person: Option<Principal>,
    pub(super) action: Action,
    pub(super) resource: Resource,
    pub(super) context: Context,
}

/// The result of the mapping.
pub(super) enum Mapping {
    /// It is a question of the engine's.
    Mapped(Box<Mapped>),
    /// Only the host can answer it.
    Foreign,
    /// The actor is unclear, so nothing is permitted.
    Unclear,
}

/// The question as the engine asks it.
pub(super) fn mapped(question: &Question, settings: &Settings) -> Mapping {
    let subject = &question.subject;
    let Some(kind) = settings.subject_types.get(subject.kind()) else { return Mapping::Foreign };
    let Ok(named) = Principal::new(*kind, subject.id()) else { return Mapping::Foreign };
    let acting = subject.properties().and_then(|properties| properties.get("act"));
    let acting = acting.or_else(|| question.context.get("agent")).filter(|value| !value.is_null());
    let (principal, person) = match acting {
        None => (named, None),
        // A doubtful actor must not pass for the person alone.
        Some(acting) => match agent_of(acting) {
            Some(agent) if named.kind() == PrincipalKind::User => (agent, Some(named)),
            _ => return Mapping::Unclear,
        },
    };
    let name = question.action();
    let name = settings.actions.get(name).map_or(name, String::as_str);
    let Ok(action) = Action::new(name) else { return Mapping::Foreign };
    let resource = &question.resource;
    let Ok(mut thing) = Resource::new(resource.kind(), resource.id()) else { return Mapping::Foreign };
    if let Some(server) = resource.properties().and_then(|properties| properties.get("server")).and_then(Value::as_str)
    {
        let within = ResourceId::new("server", server).ok().and_then(|parent| thing.clone().with_parent(parent).ok());
        let Some(within) = within else { return Mapping::Foreign };
        thing = within;
    }
    let context = Context { acts_for: person.clone(), ..context_of(&question.context) };
    Mapping::Mapped(Box::new(Mapped { principal, person, action, resource: thing, context }))
}

/// The agent that a caller names: its name, or `{"id": …}`, `{"sub": …}`, `{"client_id": …}`.
fn agent_of(acting: &Value) -> Option<Principal> {
    let name = match acting {
        Value::String(name) => name,
        Value::Object(members) => {
            let is_agent = members.get("type").is_none_or(|kind| kind == "agent");
            let name = ["id", "sub", "client_id"].iter().find_map(|name| members.get(*name)).and_then(Value::as_str)?;
            if is_agent { name } else { return None }
        }
        _ => return None,
    };
    Principal::agent(name.strip_prefix("agent:").unwrap_or(name)).ok()
}

/// The context for grants with networks or with a session. Only the host knows the sign-in.
fn context_of(context: &Map<String, Value>) -> Context {
    let text = |name: &str| context.get(name).and_then(Value::as_str);
    Context::new(None, text("ip"), text("session")).unwrap_or_default()
}

impl Mapped {
    /// The principal in the host's data, under the name in the question.
    pub(super) fn caller(&self, host: &dyn Host) -> Result<Option<Caller>, HostError> {
        Ok(host.caller(&self.principal, self.person.as_ref())?.map(|caller| self.with_name(caller)))
    }

    /// The same, and whether the host knows the person that an agent acts for. The host is asked once for both.
    pub(super) fn caller_and_person(&self, host: &dyn Host) -> Result<(Option<Caller>, bool), HostError> {
        let Some(person) = &self.person else { return Ok((self.caller(host)?, true)) };
        let mut known = host.callers(&[(&self.principal, Some(person)), (person, None)])?.into_iter();
        let caller = known.next().flatten().map(|caller| self.with_name(caller));
        Ok((caller, known.next().flatten().is_some()))
    }

    fn with_name(&self, caller: Caller) -> Caller {
        let acts_for = self.person.clone().or_else(|| caller.acts_for.clone());
        Caller { principal: self.principal.clone(), acts_for, ..caller }
    }
}
