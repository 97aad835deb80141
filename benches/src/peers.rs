//! Other engines, each as its own users would ask it: what can be prepared is prepared, and the request is made of the
//! question's text at every check, as a host has to.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Mutex;

use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression,
};
use jit_access::model::{Grant, Resource, Scope, Timestamp};
use jit_access::policy;
use regorus::Value;

use crate::workload::{Question, now};

/// Cedar's authorizer.
pub struct Cedar {
    authorizer: Authorizer,
    types: HashMap<&'static str, EntityTypeName>,
    context: Context,
}

/// Grants as Cedar policies: those that our own export writes.
pub fn policies<'a>(grants: impl IntoIterator<Item = &'a Grant>) -> PolicySet {
    policy::policies(grants).expect("policies")
}

/// The policies of each holder.
pub fn sliced(grants: &[Grant]) -> HashMap<&str, PolicySet> {
    let mut by_holder: HashMap<&str, Vec<&Grant>> = HashMap::new();
    for grant in grants {
        by_holder.entry(grant.holder.id()).or_default().push(grant);
    }
    by_holder.into_iter().map(|(holder, grants)| (holder, policies(grants))).collect()
}

impl Default for Cedar {
    fn default() -> Self {
        let types = ["User", "Action", "Tool", "Server", "Gateway"];
        let instant = RestrictedExpression::new_datetime(now().to_string());
        Self {
            authorizer: Authorizer::new(),
            types: types.map(|name| (name, EntityTypeName::from_str(name).expect("a type"))).into(),
            context: Context::from_pairs([("now".to_owned(), instant)]).expect("a context"),
        }
    }
}

impl Cedar {
    fn uid(&self, of: &str, id: &str) -> EntityUid {
        EntityUid::from_type_name_and_id(self.types[of].clone(), EntityId::new(id))
    }

    /// Whether these policies allow it. A tool comes with the server it is on, as no list of tools knows it.
    pub fn allows(&self, policies: &PolicySet, question: &Question) -> bool {
        let (principal, action) =
            (self.uid("User", question.principal.id()), self.uid("Action", question.action.name()));
        let kind = if question.resource.kind().name() == "server" { "Server" } else { "Tool" };
        let resource = self.uid(kind, question.resource.id());
        let server = question.resource.parent().map(|server| self.uid("Server", server.id()));
        let tool = Entity::new_no_attrs(resource.clone(), server.into_iter().collect());
        let entities = Entities::from_entities([tool], None).expect("entities");
        let request = Request::new(principal, action, resource, self.context.clone(), None).expect("a request");
        self.authorizer.is_authorized(&request, policies, &entities).decision() == Decision::Allow
    }
}

const MODEL: [(&str, &str); 4] = [
    ("r", "sub, act, obj, server, now"),
    ("p", "sub, act, obj, start, end"),
    ("e", "some(where (p.eft == allow))"),
    (
        "m",
        "r.sub == p.sub && r.act == p.act && (p.obj == \"*\" || p.obj == r.obj || p.obj == r.server) && \
         r.now >= p.start && r.now < p.end",
    ),
];

/// casbin with a line for each permission of each grant. Its numbers are too small for milliseconds, so times are text.
pub struct Casbin(Enforcer);

impl Casbin {
    /// casbin with these grants.
    pub fn new(grants: &[Grant]) -> Self {
        let mut model = DefaultModel::default();
        for (key, definition) in MODEL {
            casbin::Model::add_def(&mut model, key, key, definition);
        }
        let lines = grants.iter().flat_map(|grant| {
            grant.permissions.allowed().iter().map(|permission| {
                let (start, end) = (grant.window.start().to_string(), grant.window.end().to_string());
                vec![grant.holder.id().to_owned(), permission.to_string(), text_of(&grant.scope), start, end]
            })
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let enforcer = runtime.block_on(async {
            let mut enforcer = Enforcer::new(model, MemoryAdapter::default()).await?;
            enforcer.add_policies(lines.collect()).await?;
            Ok::<_, casbin::Error>(enforcer)
        });
        Self(enforcer.expect("an enforcer"))
    }

    /// Whether it is allowed.
    pub fn allows(&self, question: &Question, now: &str) -> bool {
        let (thing, server) = things(&question.resource);
        let request = (question.principal.id(), question.action.name(), &*thing, &*server, now);
        self.0.enforce(request).expect("an answer")
    }
}

/// regorus with its data keyed by principal.
pub struct Regorus(Mutex<regorus::Engine>);

const REGO: &str = "package jit
import rego.v1
default allow := false
allow if {
    some grant in data.grants[input.principal]
    input.action in grant.permissions
    input.things[_] == grant.scope
    input.now >= grant.start
    input.now < grant.end
}
";

impl Regorus {
    /// regorus with these grants.
    pub fn new(grants: &[Grant]) -> Self {
        let mut by_holder: HashMap<&str, Vec<serde_json::Value>> = HashMap::new();
        for grant in grants {
            let permissions: Vec<_> = grant.permissions.allowed().iter().map(ToString::to_string).collect();
            by_holder.entry(grant.holder.id()).or_default().push(serde_json::json!({
                "permissions": permissions,
                "scope": text_of(&grant.scope),
                "start": grant.window.start().millis(),
                "end": grant.window.end().millis(),
            }));
        }
        let mut engine = regorus::Engine::new();
        engine.add_policy("jit.rego".into(), REGO.into()).expect("a policy");
        let data = serde_json::json!({ "grants": by_holder }).to_string();
        engine.add_data_json(&data).expect("data");
        Self(Mutex::new(engine))
    }

    /// Whether it is allowed.
    pub fn allows(&self, question: &Question, now: Timestamp) -> bool {
        let (thing, server) = things(&question.resource);
        let mut input = Value::new_object();
        let fields = input.as_object_mut().expect("an object");
        fields.insert("principal".into(), question.principal.id().into());
        fields.insert("action".into(), question.action.name().into());
        fields.insert("things".into(), vec![Value::from("*"), Value::from(&*thing), Value::from(&*server)].into());
        fields.insert("now".into(), now.millis().into());
        let mut engine = self.0.lock().expect("an engine");
        engine.set_input(input);
        engine.eval_rule("data.jit.allow".into()).expect("an answer") == Value::from(true)
    }
}

fn text_of(scope: &Scope) -> String {
    scope.to_string()
}

/// The thing and its server as scopes name them.
fn things(resource: &Resource) -> (String, String) {
    let server = resource.parent().map(ToString::to_string);
    (resource.to_string(), server.unwrap_or_default())
}
