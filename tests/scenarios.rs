//! Runs the stories in `tests/scenarios` against the memory store and the SQLite store. `tests/scenarios/README.md` is the
//! manual of what may stand in them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jit_access::check::Check;
use jit_access::clock::ManualClock;
use jit_access::command::{AnswerKind, Command, CommandSpec, Fields, Read, catalogue, spec_of};
use jit_access::config::Config;
use jit_access::internal::wire::command::{fields_of, run as run_document};
use jit_access::internal::wire::{
    self, AlertDocument, Circumstances, DecisionDocument, DelegationDocument, DeliveryDocument, EventsDocument,
    ExplanationDocument, GrantDocument, HealthDocument, OfferDocument, PageDocument, ProblemDocument, RecordDocument,
    RefusedDocument, RemediesDocument, ReplayDocument, RequestDocument, RightSizeDocument, SummaryDocument,
};
use jit_access::model::{
    Action, Caller, Context, Grant, Invalid, Permission, Principal, Query, Resource, RoleName, SignIn, Timestamp,
};
use jit_access::service::{Accuracy, Builder, Engine, IdempotencyKey, Listing, Receipt, Workflow};
use jit_access::store::{ListedRequest, MemoryStore, SqliteOptions, SqliteStore, Store};
use jit_access::workflow::RefusalCode;
use jit_access::{Error, ErrorKind};
use serde_json::{Map, Value, json};

const BASE: &str = "/jit";

/// The verbs that are calls of the library and no commands, and the arguments each takes.
const OTHER_CALLS: &[(&str, &[&str])] = &[
    ("check", &["who", "action", "resource", "parent", "address", "session", "call", "details", "acts_for"]),
    ("check_many", &["who", "action", "resources", "parent", "address", "session", "call", "details", "acts_for"]),
    ("check_current", &["who", "action", "resource", "parent", "address", "session", "call", "details", "acts_for"]),
    ("peek", &["who", "action", "resource", "parent", "address", "session", "call", "details", "acts_for"]),
    ("sync", &[]),
    ("revision", &[]),
    ("tick", &[]),
];

/// The verbs that are calls of the library, and the arguments each takes: the catalogue, and the others.
fn calls() -> BTreeMap<&'static str, Vec<&'static str>> {
    let arguments = |spec| {
        let named = |name| if name == "caller" { "by" } else { name };
        fields_of(spec).into_iter().filter(|name| *name != "base").map(named).collect()
    };
    let commands = catalogue().map(|spec| (spec.name, arguments(spec)));
    commands.chain(OTHER_CALLS.iter().map(|(verb, arguments)| (*verb, arguments.to_vec()))).collect()
}

/// The verbs that move the world around the library.
const WORLD: &[(&str, &[&str])] =
    &[("advance", &["hours", "minutes", "seconds", "ms"]), ("set_wall", &["to"]), ("reopen", &["config"])];

/// By which way a story asks for what `wire::command` can do, too.
#[derive(Clone, Copy, PartialEq)]
enum Face {
    /// The typed one.
    Rust,
    /// The one of JSON documents, for languages that have no better way.
    Documents,
}

#[test]
fn scenarios_hold_over_the_memory_store() {
    run_all(Face::Rust, in_memory);
}

#[test]
fn scenarios_hold_for_documents() {
    run_all(Face::Documents, in_memory);
}

#[test]
fn scenarios_hold_over_the_sqlite_store() {
    run_all(Face::Rust, || {
        let folder = tempfile::tempdir().unwrap();
        Box::new(move || Arc::new(SqliteStore::open(folder.path().join("jit.db"), SqliteOptions::default()).unwrap()))
    });
}

fn in_memory() -> Opener {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    Box::new(move || Arc::clone(&store))
}

/// Every code is provoked by a story, or the list says where else.
#[test]
fn every_code_is_told_of() {
    let covered: BTreeSet<_> =
        files().iter().flat_map(|file| story(file).steps).filter_map(|step| step.code()).collect();
    let elsewhere = keys(&facade()["codes_without_scenario"]);
    for code in RefusalCode::ALL.iter().map(|code| code.name()).chain(Error::OTHER_CODES.iter().copied()) {
        let (covered, elsewhere) = (covered.contains(code), elsewhere.contains(code));
        assert!(covered || elsewhere, "no scenario is refused with `{code}`");
        assert!(!(covered && elsewhere), "`{code}` has a scenario: take it off the list in tests/facade.yaml");
    }
}

/// The list of calls, the calls of this language and the verbs of the stories are the same.
#[test]
fn every_call_is_here_and_told_of() {
    let facade = facade();
    let listed: BTreeSet<_> = keys(&facade["calls"]);
    let verbs: BTreeSet<_> = calls().into_keys().map(str::to_owned).collect();
    assert_eq!(listed, verbs, "tests/facade.yaml and the verbs of this runner");
    let covered: BTreeSet<_> = files().iter().flat_map(|file| story(file).steps).map(|step| step.verb).collect();
    for verb in &listed {
        assert!(covered.contains(verb), "no scenario calls `{verb}`");
    }
    let in_rust: BTreeSet<_> = facade["calls"]
        .as_object()
        .unwrap()
        .values()
        .map(|call| call["rust"].as_str().unwrap().to_owned())
        .chain(keys(&facade["only_rust"]))
        .collect();
    assert_eq!(in_rust, public_calls(), "tests/facade.yaml and what src/ offers");
}

/// `Workflow::approve` and its like: the public methods of the four handles.
fn public_calls() -> BTreeSet<String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut calls = BTreeSet::new();
    let rooms = ["check", "service"].map(|room| fs::read_dir(src.join(room)).unwrap());
    for entry in rooms.into_iter().flatten() {
        let Ok(text) = fs::read_to_string(entry.unwrap().path()) else { continue };
        let mut of = None;
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("impl").and_then(|rest| rest.strip_suffix(" {")) {
                of = ["Check", "Engine", "Decider", "Workflow", "Reconciler"]
                    .into_iter()
                    .find(|handle| name.trim_start_matches("<'a>").trim_end_matches("<'a>").trim() == *handle);
            } else if let (Some(of), Some(rest)) =
                (of, line.strip_prefix("    pub fn ").or_else(|| line.strip_prefix("    pub const fn ")))
            {
                let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                calls.insert(format!("{of}::{name}"));
            }
        }
    }
    calls
}

fn facade() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/facade.yaml");
    serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    files.sort();
    assert!(files.len() > 10, "the scenarios are not where they should be");
    files
}

type Opener = Box<dyn Fn() -> Arc<dyn Store>>;

/// Runs every file, each over a store of its own, and tells of all that fail. `SCENARIO` is the name of the only one.
fn run_all(face: Face, fresh: impl Fn() -> Opener) {
    let only = std::env::var_os("SCENARIO");
    let mut files = files();
    files.retain(|file| only.as_deref().is_none_or(|only| file.file_stem() == Some(only)));
    assert!(!files.is_empty(), "there is no scenario {only:?}");
    let failures: Vec<_> = files
        .iter()
        .filter_map(|file| {
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            run(&story(file), face, fresh()).err().map(|failure| format!("{name}: {failure}"))
        })
        .collect();
    assert!(failures.is_empty(), "{} scenarios fail:\n{}", failures.len(), failures.join("\n"));
}

fn run(story: &Story, face: Face, open_store: Opener) -> Result<(), String> {
    let mut world = World::new(story, face, open_store)?;
    for (at, step) in story.steps.iter().enumerate() {
        world.step(step).map_err(|failure| format!("step {} (`{}`): {failure}", at + 1, step.verb))?;
    }
    world.engine().workflow().verify().map_err(|error| format!("at the end, verify: {error}"))?;
    Ok(())
}

/// A file, read.
struct Story {
    start: Timestamp,
    config: Value,
    people: Map<String, Value>,
    steps: Vec<Step>,
}

struct Step {
    verb: String,
    arguments: Map<String, Value>,
    gives: Option<Value>,
    refused: Option<Value>,
    save: Map<String, Value>,
}

impl Step {
    fn code(&self) -> Option<String> {
        let refused = self.refused.as_ref()?;
        refused.as_str().or_else(|| refused["code"].as_str()).map(str::to_owned)
    }
}

fn story(file: &Path) -> Story {
    let text = fs::read_to_string(file).unwrap();
    let mut top: Map<String, Value> =
        serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut take = |key: &str| top.remove(key).unwrap_or_else(|| panic!("{}: there is no `{key}`", file.display()));
    assert!(take("title").is_string());
    let story = Story {
        start: take("start").as_str().unwrap().parse().unwrap(),
        config: take("config"),
        people: object(take("people")),
        steps: match take("steps") {
            Value::Array(steps) => steps.into_iter().map(|step| read_step(file, object(step))).collect(),
            other => panic!("{}: steps are {other}", file.display()),
        },
    };
    assert!(top.is_empty(), "{}: unknown keys {:?}", file.display(), top.keys());
    story
}

fn read_step(file: &Path, mut step: Map<String, Value>) -> Step {
    let (gives, refused) = (step.remove("gives"), step.remove("refused"));
    let save = step.remove("save").map(object).unwrap_or_default();
    step.remove("why");
    assert_eq!(step.len(), 1, "{}: one verb a step, not {step:?}", file.display());
    let (verb, arguments) = step.into_iter().next().unwrap();
    let arguments = if arguments.is_null() { Map::new() } else { object(arguments) };
    let world = WORLD.iter().find(|(name, _)| *name == verb).map(|(_, known)| known.to_vec());
    let Some(known) = world.or_else(|| calls().remove(verb.as_str())) else {
        panic!("{}: unknown verb `{verb}`", file.display())
    };
    for name in arguments.keys() {
        assert!(known.contains(&name.as_str()), "{}: `{verb}` takes no `{name}`", file.display());
    }
    assert!(gives.is_none() || refused.is_none(), "{}: `{verb}` either gives or is refused", file.display());
    Step { verb, arguments, gives, refused, save }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} should be a mapping"),
    }
}

/// One run of a story.
struct World<'a> {
    story: &'a Story,
    face: Face,
    clock: Arc<ManualClock>,
    open_store: Opener,
    engine: Option<Engine>,
    saved: BTreeMap<String, Value>,
}

impl<'a> World<'a> {
    fn new(story: &'a Story, face: Face, open_store: Opener) -> Result<Self, String> {
        let clock = Arc::new(ManualClock::at(story.start));
        let mut world = Self { story, face, clock, open_store, engine: None, saved: BTreeMap::new() };
        world.open(&story.config).map_err(|error| format!("opening: {error}"))?;
        Ok(world)
    }

    fn open(&mut self, config: &Value) -> Result<(), Error> {
        let config = Config::parse(&config.to_string(), [])?;
        // The one before writes what waits, and lets go of its store.
        if let Some(engine) = self.engine.take() {
            engine.reconciler().flush()?;
        }
        let text = config.text();
        let builder = Builder::shared((self.open_store)(), config.rules).settings(config.settings).configuration(text);
        self.engine = Some(builder.clock(self.clock.clone()).open()?);
        Ok(())
    }

    fn engine(&self) -> &Engine {
        self.engine.as_ref().unwrap()
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        let arguments = Arguments(object(self.resolved(&Value::Object(step.arguments.clone()))));
        let answer = match step.verb.as_str() {
            "advance" => {
                self.clock.advance(arguments.millis());
                Ok(Value::Null)
            }
            "set_wall" => {
                self.clock.set_wall(arguments.text("to").unwrap().parse().unwrap());
                Ok(Value::Null)
            }
            "reopen" => {
                let config = arguments.0.get("config").unwrap_or(&self.story.config).clone();
                self.open(&config).map(|()| Value::Null)
            }
            verb => self.call(verb, &arguments),
        };
        match (answer, &step.refused) {
            (Ok(answer), None) => {
                if let Some(gives) = &step.gives {
                    matches(&answer, &self.resolved(gives), "the answer")?;
                }
                for (name, field) in &step.save {
                    let value = answer.get(field.as_str().unwrap()).filter(|value| !value.is_null());
                    let value = value.ok_or_else(|| format!("there is no {field} to save in {answer}"))?;
                    self.saved.insert(name.clone(), value.clone());
                }
                Ok(())
            }
            (Err(error), Some(refused)) => {
                let problem = serde_json::to_value(ProblemDocument::from(&error)).unwrap();
                assert_eq!(problem["status"], json!(wire::http_status(&error)));
                assert_ne!(error.kind(), ErrorKind::Internal, "{error}");
                let refused = if refused.is_string() { json!({ "code": refused }) } else { refused.clone() };
                matches(&problem, &self.resolved(&refused), "the problem")
            }
            (Ok(answer), Some(refused)) => Err(format!("should be refused with {refused}, but answers {answer}")),
            (Err(error), None) => Err(format!("fails with {}: {error}", error.code())),
        }
    }

    fn call(&self, verb: &str, arguments: &Arguments) -> Result<Value, Error> {
        if self.face == Face::Documents && spec_of(verb).is_some() {
            return self.document(verb, arguments);
        }
        let decider = self.engine().decider();
        Ok(match verb {
            "check" | "check_current" | "peek" => {
                let caller = self.person(arguments, "who")?;
                let resource = arguments.text("resource").map_or_else(|| Ok(Resource::everything()), str::parse)?;
                let resource = arguments.with_parent(resource)?;
                let action = Action::new(arguments.must("action"))?;
                let query = Query { principal: &caller.principal, action: &action, resource: &resource };
                let context = arguments.context(&caller)?;
                let check = Check::new(query);
                let check = context.as_ref().map_or(check, |context| check.context(context));
                let decision = decider.check(&match verb {
                    "peek" => check.peek(),
                    "check_current" => check.current(),
                    _ => check,
                })?;
                document(DecisionDocument::from(&decision))
            }
            "check_many" => {
                let caller = self.person(arguments, "who")?;
                let resources = arguments.0["resources"].as_array().unwrap();
                let resources =
                    resources.iter().map(|resource| arguments.with_parent(resource.as_str().unwrap().parse()?));
                let resources = resources.collect::<Result<Vec<_>, Invalid>>()?;
                let action = Action::new(arguments.must("action"))?;
                let context = arguments.context(&caller)?;
                let check = |resource| {
                    let check = Check::new(Query { principal: &caller.principal, action: &action, resource });
                    context.as_ref().map_or(check, |context| check.context(context))
                };
                let decisions = decider.check_many(resources.iter().map(check))?;
                decisions.iter().map(|decision| document(DecisionDocument::from(decision))).collect()
            }
            "sync" => json!(self.engine().sync()?.0),
            "revision" => json!(self.engine().revision().0),
            "tick" => self.engine().reconciler().tick().map(|_| Value::Null)?,
            command => self.command(spec_of(command).unwrap(), arguments)?,
        })
    }

    /// The same by way of a JSON document.
    fn document(&self, verb: &str, arguments: &Arguments) -> Result<Value, Error> {
        let mut fields = arguments.0.clone();
        fields.insert("command".to_owned(), json!(verb));
        if fields.remove("by").is_some() {
            let person = self.who(arguments, "by");
            let agent = person["agent"].is_string();
            let name = &person[if agent { "agent" } else { "user" }];
            let permissions = &person["permissions"];
            let mut caller = json!({"principal": name, "agent": agent, "acts_for": person["acts_for"], "roles": person["roles"], "permissions": permissions});
            for claim in ["amr", "acr", "auth_time", "mfa"] {
                caller[claim] = person[claim].clone();
            }
            fields.insert("caller".to_owned(), caller);
        }
        let answer = run_document(&self.engine().workflow(), &Value::Object(fields).to_string())?;
        Ok(serde_json::from_str(&answer).unwrap())
    }

    fn command(&self, spec: &CommandSpec, arguments: &Arguments) -> Result<Value, Error> {
        let workflow = self.engine().workflow();
        let caller = arguments.0.contains_key("by").then(|| self.person(arguments, "by")).transpose()?;
        let who = || caller.as_ref().unwrap_or_else(|| panic!("`by` is missing"));
        let mut given = arguments.0.clone();
        let [_, key, dry_run] = ["by", "idempotency_key", "dry_run"].map(|name| given.remove(name));
        let key = key.map(|key| IdempotencyKey::new(key.as_str().unwrap())).transpose()?;
        let mut fields = Fields::of(spec.name, &[], given);
        if let Some(command) = Command::parse(spec.name, &mut fields)? {
            assert_eq!(fields.left(), None);
            let receipt = match &caller {
                Some(caller) if dry_run == Some(json!(true)) => workflow.preview(caller, command)?,
                Some(caller) => workflow.execute(caller, command, key.as_ref())?,
                None => workflow.execute_for_host(command)?,
            };
            let shown = Answered { caller: caller.as_ref(), dry_run: dry_run == Some(json!(true)) };
            return Ok(shown.answer(&workflow, &receipt, spec.answer));
        }
        let read =
            Read::parse(spec.name, &mut fields)?.unwrap_or_else(|| panic!("no arm for the verb `{}`", spec.name));
        Ok(match read {
            Read::GetRequest(get) => {
                let receipt = workflow.request(who(), get.id)?;
                let possible =
                    workflow.possible_with_requests(who(), &[receipt.request.as_ref().unwrap()], Accuracy::Exact);
                let shown = wire::request_of(&receipt, BASE).unwrap().circumstances(&only(possible));
                match receipt.request.filter(|request| request.status(receipt.now).is_open()) {
                    Some(waiting) => document(shown.past(&workflow.past_of(&waiting)?)),
                    None => document(shown),
                }
            }
            Read::GetGrant(get) => {
                let receipt = workflow.grant(who(), get.id)?;
                let grant = receipt.grant.unwrap();
                let counts = workflow.counts([&grant])?;
                let possible = workflow.possible_with_grants(who(), &[&grant], Accuracy::Exact);
                let shown = GrantDocument::new(&grant, receipt.now, BASE).counted(counts[0].as_ref());
                document(shown.circumstances(&only(possible)))
            }
            Read::GetSummary(get) => document(SummaryDocument::from(&workflow.summary(who(), get.grant)?)),
            Read::WriteSummary(write) => Value::String(workflow.summary(who(), write.grant)?.write(write.form)),
            Read::ListRequests(list) => {
                let listing = workflow.requests(who(), &list)?;
                let requests: Vec<_> = listing.items.iter().map(|one| &one.request).collect();
                let mut possible = workflow.possible_with_requests(who(), &requests, Accuracy::Estimated).into_iter();
                let shown = |one: &ListedRequest| {
                    let shown = RequestDocument::new(&one.request, one.grant.as_ref(), listing.now, BASE);
                    shown.circumstances(&only(possible.by_ref().take(1).collect()))
                };
                let items = listing.items.iter().map(shown).collect();
                let next_cursor = listing.next.as_ref().map(ToString::to_string);
                document(PageDocument { items, next_cursor, removed_until: None })
            }
            Read::ListGrants(list) => {
                let listing = workflow.grants(who(), &list)?;
                let mut counts = workflow.counts(&listing.items)?.into_iter();
                let all: Vec<_> = listing.items.iter().collect();
                let mut possible = workflow.possible_with_grants(who(), &all, Accuracy::Estimated).into_iter();
                document(PageDocument::new(&listing, |grant| {
                    let counts = counts.next().flatten();
                    let shown = GrantDocument::new(grant, listing.now, BASE).counted(counts.as_ref());
                    shown.circumstances(&only(possible.by_ref().take(1).collect()))
                }))
            }
            Read::ListEvents(list) => document(EventsDocument::from(&workflow.events(who(), &list)?)),
            Read::ListUnreviewed(_) => grants(&workflow.unreviewed(who())?),
            Read::ListDelegations(list) => {
                let listing = workflow.delegations(who(), &list)?;
                document(PageDocument::new(&listing, |one| DelegationDocument::new(one, listing.now, BASE)))
            }
            Read::ListAlerts(list) => {
                let listing = workflow.alerts(who(), &list)?;
                document(PageDocument::new(&listing, |one| AlertDocument::new(one, listing.now)))
            }
            Read::ListRecords(list) => {
                let listing = workflow.journal(who(), &list)?;
                let added = workflow.attributions(&listing.items)?;
                let mut added = added.iter();
                document(PageDocument::new(&listing, |record| {
                    RecordDocument::new(record, list.canonical).unwrap().with_attribution(added.next().unwrap())
                }))
            }
            Read::GetMetrics(_) => Value::String(workflow.metrics(who())?.to_prometheus()),
            Read::ExportRecords(wanted) => Value::String(wire::export::page(&workflow, who(), &wanted)?.text),
            Read::GetStory(story) => {
                let listing = workflow.story(who(), &story)?;
                let added = workflow.attributions(&listing.items)?;
                let mut added = added.iter();
                document(PageDocument::new(&listing, |record| {
                    RecordDocument::new(record, story.canonical).unwrap().with_attribution(added.next().unwrap())
                }))
            }
            Read::WhoCould(asked) => grants(&workflow.who_could(who(), &asked)?),
            Read::WhatCould(asked) => grants(&workflow.what_could(who(), &asked)?),
            Read::WhatChanged(asked) => grants(&workflow.what_changed(who(), &asked)?),
            Read::ListDeliveries(list) => {
                let listing = workflow.deliveries(who(), &list)?;
                document(PageDocument::new(&listing, |one| DeliveryDocument::from(one)))
            }
            Read::ListRefusals(list) => {
                document(PageDocument::new(&workflow.refusals(who(), &list)?, |one| RefusedDocument::from(one)))
            }
            Read::ResendDelivery(resend) => {
                document(DeliveryDocument::from(&workflow.resend_delivery(who(), resend.id)?))
            }
            Read::DropDelivery(drop) => document(DeliveryDocument::from(&workflow.drop_delivery(who(), drop.id)?)),
            Read::Health(_) => document(HealthDocument::from(&workflow.health(who())?)),
            Read::ListRoles(_) => {
                document(PageDocument::new(&workflow.roles(who())?, |offer| OfferDocument::from(offer)))
            }
            Read::Explain(explain) => document(ExplanationDocument::from(&workflow.explain(who(), &explain)?)),
            Read::ListRemedies(denied) => document(RemediesDocument::from(&workflow.remedies(who(), &denied)?)),
            Read::GetRightSize(get) => document(RightSizeDocument::from(&workflow.right_size(who(), &get)?)),
            Read::AskReplay(ask) => document(ReplayDocument::from(&workflow.replay(who(), &ask)?)),
            Read::ExportPolicies(wanted) => Value::String(match wanted.grant {
                Some(grant) => workflow.policy(who(), grant)?,
                None => workflow.policies(who())?,
            }),
            Read::ListLiveGrants(_) => {
                let (_, grants, now) = workflow.live_grants()?;
                grants.iter().map(|grant| document(GrantDocument::new(grant, now, BASE))).collect()
            }
            Read::GetHead(_) => Value::String(workflow.head(who())?.to_string()),
            Read::Verify(verify) => {
                json!(workflow.verify_against(verify.expected.as_ref(), verify.after.as_ref(), &mut ())?)
            }
            Read::GetCheckpoint(get) => json!(workflow.checkpoint(who(), &get)?.note),
            Read::GetEvidence(get) => Value::String(workflow.evidence(who(), &get)?),
            Read::GetProof(get) => json!(workflow.proof(who(), &get)?),
            other => panic!("no arm for {other:?}"),
        })
    }

    fn who<'b>(&'b self, arguments: &'b Arguments, role: &str) -> &'b Value {
        match arguments.0.get(role).unwrap_or_else(|| panic!("`{role}` is missing")) {
            Value::String(name) => self.story.people.get(name).unwrap_or_else(|| panic!("who is `{name}`?")),
            spot => spot,
        }
    }

    fn person(&self, arguments: &Arguments, role: &str) -> Result<Caller, Invalid> {
        let person = self.who(arguments, role);
        for key in person.as_object().unwrap().keys() {
            let keys = ["user", "agent", "acts_for", "roles", "permissions", "amr", "acr", "auth_time", "mfa"];
            assert!(keys.contains(&key.as_str()), "a person has no `{key}`");
        }
        let principal = match (&person["user"], &person["agent"]) {
            (Value::String(name), Value::Null) => Principal::user(name)?,
            (Value::Null, Value::String(name)) => Principal::agent(name)?,
            _ => panic!("a person is a user or an agent, not {person}"),
        };
        let roles = person["roles"].as_array().into_iter().flatten();
        let roles = roles.map(|role| RoleName::new(role.as_str().unwrap())).collect::<Result<_, _>>()?;
        let permissions = person["permissions"]
            .as_array()
            .map(|all| all.iter().filter_map(|one| Permission::new(one.as_str().unwrap()).ok()).collect());
        let acts_for = person["acts_for"].as_str().map(Principal::user).transpose()?;
        let amr: Vec<_> = person["amr"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap()).collect();
        let auth_time = person["auth_time"].as_str().map(str::parse).transpose()?;
        let knows = ["amr", "acr", "auth_time", "mfa"].iter().any(|claim| !person[claim].is_null());
        let sign_in = SignIn::new(amr, person["acr"].as_str(), auth_time)?;
        let sign_in = knows.then(|| sign_in.claiming_mfa(person["mfa"] == true));
        Ok(Caller::new(principal, roles).permissions(permissions).acts_for(acts_for).sign_in(sign_in))
    }

    /// The value with what was saved in the place of its name.
    fn resolved(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match text.strip_prefix('$') {
                Some(name) => self.saved.get(name).unwrap_or_else(|| panic!("nothing is saved as `{name}`")).clone(),
                None => value.clone(),
            },
            Value::Array(items) => items.iter().map(|item| self.resolved(item)).collect(),
            Value::Object(map) => match (map.get("$repeat"), map.get("times")) {
                (Some(Value::String(text)), Some(times)) => {
                    Value::String(text.repeat(usize::try_from(times.as_u64().unwrap()).unwrap()))
                }
                _ => map.iter().map(|(key, item)| (key.clone(), self.resolved(item))).collect(),
            },
            other => other.clone(),
        }
    }
}

struct Arguments(Map<String, Value>);

impl Arguments {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.as_str().unwrap_or_else(|| panic!("`{name}` is {value}, and no text")))
    }

    fn with_parent(&self, resource: Resource) -> Result<Resource, Invalid> {
        let Some(parent) = self.text("parent") else { return Ok(resource) };
        resource.with_parent(parent.parse().map_err(|error: Invalid| error.for_field("parent"))?)
    }

    fn must(&self, name: &str) -> &str {
        self.text(name).unwrap_or_else(|| panic!("`{name}` is missing"))
    }

    /// What is known of a check besides, if anything is.
    fn context(&self, caller: &Caller) -> Result<Option<Context>, Invalid> {
        let (address, session) = (self.text("address"), self.text("session"));
        let call = self.text("call").map(jit_access::command::tool_call).transpose()?;
        let details = self.0.get("details").map(|value| wire::use_details(&value.to_string())).transpose()?;
        let person = self.text("acts_for").map(Principal::user).transpose();
        let person = person.map_err(|error| error.for_field("acts_for"))?;
        let given = [address.is_some(), session.is_some(), call.is_some(), details.is_some(), person.is_some()];
        let known = caller.sign_in.is_some() || given.contains(&true);
        let context = known.then(|| Context::new(caller.sign_in.clone(), address, session)).transpose()?;
        Ok(context.map(|context| context.call(call).details(details.map(Arc::new)).acts_for(person)))
    }

    fn millis(&self) -> i64 {
        let units = [("hours", 3_600_000), ("minutes", 60_000), ("seconds", 1_000), ("ms", 1)];
        units.iter().map(|(unit, millis)| self.0.get(*unit).map_or(0, |n| n.as_i64().unwrap() * millis)).sum()
    }
}

fn document(document: impl serde::Serialize) -> Value {
    // By way of the text, which is what goes out.
    serde_json::from_str(&wire::to_json(&document).unwrap()).unwrap()
}

fn grants(listing: &Listing<Grant>) -> Value {
    document(PageDocument::new(listing, |grant| GrantDocument::new(grant, listing.now, BASE)))
}

/// What one value is shown with, of which the commands that are possible were looked up.
fn only(possible: Vec<Vec<&'static str>>) -> Circumstances {
    Circumstances { possible: possible.into_iter().next(), ..Circumstances::default() }
}

/// To whom a command is answered, and how.
struct Answered<'a> {
    caller: Option<&'a Caller>,
    dry_run: bool,
}

impl Answered<'_> {
    fn answer(&self, workflow: &Workflow, receipt: &Receipt, kind: AnswerKind) -> Value {
        let mut answer = match kind {
            AnswerKind::Delegation => {
                document(DelegationDocument::new(receipt.delegation.as_ref().unwrap(), receipt.now, BASE))
            }
            AnswerKind::Alert => document(AlertDocument::new(receipt.alert.as_ref().unwrap(), receipt.now)),
            AnswerKind::Grant => {
                let grant = receipt.grant.as_ref().unwrap();
                let possible = self.caller.map(|who| workflow.possible_with_grants(who, &[grant], Accuracy::Estimated));
                let shown = GrantDocument::new(grant, receipt.now, BASE);
                document(shown.circumstances(&only(possible.unwrap_or_default())))
            }
            AnswerKind::Request => {
                let request = receipt.request.as_ref().unwrap();
                let possible =
                    self.caller.map(|who| workflow.possible_with_requests(who, &[request], Accuracy::Estimated));
                let mut shown = only(possible.unwrap_or_default());
                (shown.already, shown.dry_run) = (receipt.already, self.dry_run);
                document(wire::request_of(receipt, BASE).unwrap().circumstances(&shown))
            }
            AnswerKind::Ended => grants(&Listing { items: receipt.ended.clone(), next: None, now: receipt.now }),
            other => panic!("{other:?}"),
        };
        answer["replayed"] = json!(receipt.replayed);
        answer
    }
}

/// Whether the answer is what was written; see the manual. Says where it is not.
fn matches(answer: &Value, written: &Value, at: &str) -> Result<(), String> {
    let differs = || Err(format!("{at} is {answer}, and not {written}"));
    match (written, answer) {
        (Value::Object(fields), _) if fields.keys().any(|key| key.starts_with('$')) => special(answer, fields, at),
        (Value::Object(fields), Value::Object(found)) => {
            for (name, field) in fields {
                match found.get(name) {
                    None if field.get("$absent") == Some(&json!(true)) => {}
                    None => return Err(format!("{at} has no {name}")),
                    Some(value) => matches(value, field, &format!("{at}'s {name}"))?,
                }
            }
            Ok(())
        }
        (Value::Array(items), Value::Array(found)) if items.len() == found.len() => {
            for (index, (item, value)) in items.iter().zip(found).enumerate() {
                matches(value, item, &format!("{at}[{index}]"))?;
            }
            Ok(())
        }
        (Value::Number(one), Value::Number(other)) if one.as_f64() == other.as_f64() => Ok(()),
        _ if written == answer && !written.is_object() => Ok(()),
        _ => differs(),
    }
}

fn special(answer: &Value, written: &Map<String, Value>, at: &str) -> Result<(), String> {
    let known: &[&str] = match written.keys().find(|key| key.starts_with('$')).unwrap().as_str() {
        "$contains" => &["$contains"],
        "$lacks" => &["$lacks"],
        "$absent" => &["$absent"],
        "$length" => &["$length"],
        "$not" => &["$not"],
        "$each" => &["$each", "is"],
        other => panic!("nothing matches with `{other}`"),
    };
    assert!(written.len() == known.len() && written.keys().all(|key| known.contains(&key.as_str())), "{written:?}");
    let written = &Value::Object(written.clone());
    let parts = |value: &Value| -> Vec<String> {
        match value {
            Value::Array(items) => items.iter().map(|item| item.as_str().unwrap().to_owned()).collect(),
            other => vec![other.as_str().unwrap().to_owned()],
        }
    };
    let holds = match known[0] {
        "$contains" => {
            answer.as_str().is_some_and(|text| parts(&written["$contains"]).iter().all(|part| text.contains(part)))
        }
        "$lacks" => {
            answer.as_str().is_some_and(|text| !parts(&written["$lacks"]).iter().any(|part| text.contains(part)))
        }
        "$length" => {
            let length = answer.as_array().map(Vec::len).or_else(|| answer.as_str().map(|text| text.chars().count()));
            length.is_some_and(|length| json!(length) == written["$length"])
        }
        "$not" => matches(answer, &written["$not"], at).is_err(),
        "$each" => {
            let field = written["$each"].as_str().unwrap();
            let values: Value = match answer {
                Value::Array(items) => items.iter().map(|item| item[field].clone()).collect(),
                _ => return Err(format!("{at} is {answer}, and no list")),
            };
            return matches(&values, &written["is"], &format!("each {field} of {at}"));
        }
        _ => false,
    };
    if holds { Ok(()) } else { Err(format!("{at} is {answer}, and not {written}")) }
}
