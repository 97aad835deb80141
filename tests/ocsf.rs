//! Every kind of event that is exported as OCSF is one that the schema's own files describe.

use std::collections::BTreeSet;
use std::sync::Arc;

use jit_access::command::ExportRecords;
use jit_access::internal::wire::export;
use jit_access::model::*;
use jit_access::service::Builder;
use jit_access::store::conformance::week::{Week, rules};
use jit_access::store::conformance::world::{at, cast, granted, minutes, role, submit};
use jit_access::store::{Batch, MemoryStore, RemovalLimits, Store};
use serde_json::{Map, Value};

/// What of OCSF 1.8.0 these events may hold: see `fixtures/ocsf/reduce.py`.
fn schema() -> Value {
    serde_json::from_str(include_str!("fixtures/ocsf/schema.json")).unwrap()
}

/// Everything about this event that the schema does not allow.
fn problems(schema: &Value, event: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let class_uid = event["class_uid"].as_u64().unwrap_or_default();
    let class = (schema["classes"].as_object().unwrap().values()).find(|class| {
        let category = schema["categories"][class["category"].as_str().unwrap()].as_u64().unwrap();
        category * 1_000 + class["uid"].as_u64().unwrap() == class_uid
    });
    let Some(class) = class else { return vec![format!("class_uid {class_uid} is none of the schema")] };
    if event["category_uid"] != class_uid / 1_000 {
        problems.push("category_uid is not that of the class".to_owned());
    }
    if event["type_uid"] != class_uid * 100 + event["activity_id"].as_u64().unwrap_or_default() {
        problems.push("type_uid does not follow from class and activity".to_owned());
    }
    if event["metadata"]["version"] != schema["version"] {
        problems.push("metadata.version is another one".to_owned());
    }
    check_object(schema, "event", class, event, &mut problems);
    problems
}

fn check_object(schema: &Value, path: &str, about: &Value, value: &Value, problems: &mut Vec<String>) {
    let Some(fields) = value.as_object() else { return problems.push(format!("{path} is no object")) };
    let attributes = about["attributes"].as_object().unwrap();
    for (name, attribute) in attributes {
        if attribute["requirement"] == "required" && !fields.contains_key(name) {
            problems.push(format!("{path}.{name} is missing"));
        }
    }
    let at_least_one = about["constraints"]["at_least_one"].as_array().into_iter().flatten();
    let names: Vec<_> = at_least_one.filter_map(Value::as_str).collect();
    if !names.is_empty() && !names.iter().any(|name| fields.contains_key(*name)) {
        problems.push(format!("{path} has none of {names:?}"));
    }
    for (name, value) in fields {
        let path = format!("{path}.{name}");
        match attributes.get(name) {
            None => problems.push(format!("{path} is not in the schema")),
            Some(attribute) if attribute.get("@deprecated").is_some() => problems.push(format!("{path} is deprecated")),
            Some(attribute) if attribute["is_array"] == true => match value.as_array() {
                None => problems.push(format!("{path} is no list")),
                Some(all) => all.iter().for_each(|one| check_value(schema, &path, attribute, one, problems)),
            },
            Some(attribute) => check_value(schema, &path, attribute, value, problems),
        }
    }
}

fn check_value(schema: &Value, path: &str, attribute: &Value, value: &Value, problems: &mut Vec<String>) {
    let kind = attribute["type"].as_str().unwrap();
    let Some(base) = base_type(schema, kind) else {
        if kind == "object" {
            if !value.is_object() {
                problems.push(format!("{path} is no object"));
            }
            return;
        }
        let about = &schema["objects"][kind];
        return match about.is_null() {
            true => problems.push(format!("{path}: the reduced schema does not have {kind}")),
            false => check_object(schema, path, about, value, problems),
        };
    };
    let fits = match base {
        "string_t" => value.is_string(),
        "integer_t" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "long_t" => value.is_i64() || value.is_u64(),
        "boolean_t" => value.is_boolean(),
        "float_t" => value.is_number(),
        _ => true,
    };
    if !fits {
        problems.push(format!("{path} is {value}, and no {kind}"));
    }
    if kind == "ip_t" && value.as_str().is_some_and(|text| text.parse::<std::net::IpAddr>().is_err()) {
        problems.push(format!("{path} is {value}, and no address"));
    }
    // Of these the files list only what every class has; `problems` compares them with the class.
    let follows = ["event.category_uid", "event.class_uid", "event.type_uid"].contains(&path);
    let known: Option<&Map<_, _>> = attribute["enum"].as_object().filter(|_| !follows);
    let shown = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    if known.is_some_and(|known| !known.contains_key(&shown)) {
        problems.push(format!("{path} is {value}, which is none of its values"));
    }
}

/// The type that this one is made of; `None` of an object.
fn base_type<'a>(schema: &'a Value, kind: &'a str) -> Option<&'a str> {
    let about = schema["types"].get(kind)?;
    about["type"].as_str().map_or(Some(kind), |base| base_type(schema, base))
}

/// Only what is there is removed.
fn one_removal(store: &dyn Store) {
    let event = |fact: Fact| Event { at: at(0), by: Actor::Clock, fact };
    let ended = event(Fact::GrantExpired { grant: GrantId::from_u128(77) });
    store.commit(&Batch { events: vec![ended; 4_100], ..Batch::default() }).unwrap();
    let (before, covered) = (Timestamp::MAX, Revision(4_100));
    let limits = RemovalLimits { before, floor: before, covered, ..RemovalLimits::default() };
    let found = store.removable(&limits).unwrap().unwrap();
    let removal =
        Removal::new(found.last, &found.hash.to_string(), &"ef".repeat(32), "journal.keep_days: 365").unwrap();
    let removed = event(Fact::RecordsRemoved(Box::new(removal)));
    let decided_from = Some(found.decided_from);
    store.commit(&Batch { decided_from, events: vec![removed], ..Batch::default() }).unwrap();
}

/// One event at least of every kind that there is.
fn one_of_each(store: &dyn Store) {
    one_removal(store);
    let text = |text: &str| Justification::new(text).unwrap();
    let grant = granted(store, 1, at(0));
    let request = grant.request;
    let (who, now) = (cast()[1].clone(), at(60_000));
    let capacity = Capacity::default;
    let window = Window::starting(now, minutes(60)).unwrap();
    let delegation = Delegation::new(
        DelegationId::from_u128(5),
        cast()[2].principal.clone(),
        cast()[3].principal.clone(),
        vec![role("approver")],
        window,
        text("away"),
        now,
    );
    let alert = |number: u128, grant: Option<GrantId>, who: Option<Principal>| {
        let id = AlertId::from_u128(number);
        let kind = AlertKind::Burst;
        Fact::AlertRaised(Box::new(Alert { id, kind, grant, who, since: now, text: text("many uses") }))
    };
    let used = |details: Option<UseDetails>| Fact::GrantUsed {
        grant: grant.id,
        action: Action::new("tools.execute").unwrap(),
        resource: "tool:deploy".parse().unwrap(),
        drill: false,
        left: None,
        used_at: None,
        details: details.map(Arc::new),
    };
    let told = UseDetails::default()
        .address("192.0.2.7".parse().ok())
        .user_agent(Some(DetailText::new("curl/8.9")))
        .session("s-1".parse().ok());
    let reason = || text("because");
    let grant = grant.id;
    let facts = vec![
        Fact::RequestReviewed { request, capacity: capacity(), cut: Cut::default(), comment: Some(reason()) },
        Fact::ReviewLapsed { request, reviewer: who.principal.clone() },
        Fact::RequestEscalated { request, step: 0 },
        Fact::RequestApproved { request, capacity: capacity(), cut: Cut::default(), comment: None },
        Fact::InformationRequested { request, capacity: capacity(), question: text("which one?") },
        Fact::RequestAnswered { request, answer: text("that one"), amendment: None },
        Fact::RequestDenied { request, capacity: capacity(), reason: reason() },
        Fact::RequestRepeated { request, justification: Some(reason()), ticket: None },
        Fact::RequestReassessed {
            request,
            assessment: Box::new(Assessment { newly_permitted: None, level: RiskLevel::Low, reasons: Vec::new() }),
        },
        Fact::RequestProven {
            request,
            proof: Box::new(RequestProof {
                outcome: ProofOutcome::Refuted,
                detail: reason(),
                version: 1,
                policies: "9f86d081".into(),
            }),
        },
        Fact::RequestWithdrawn { request },
        Fact::RequestTimedOut { request },
        Fact::RolesDelegated(Box::new(delegation)),
        Fact::DelegationEnded { delegation: DelegationId::from_u128(5) },
        Fact::GrantActivated { grant },
        Fact::GrantExpired { grant },
        Fact::GrantRevoked { grant, reason: reason() },
        Fact::GrantSuspended { grant, reason: reason() },
        Fact::GrantResumed { grant },
        Fact::GrantReleased { grant },
        Fact::StandingReported {
            principal: who.principal.clone(),
            standing: Standing { enabled: true, roles: vec![role("sre")] },
        },
        Fact::StoreAccepted { reason: reason() },
        Fact::ClockAccepted { reason: reason() },
        Fact::GuardrailsChanged { digest: "ab".repeat(32).into(), count: 2, account: Some("jit".into()) },
        Fact::ConfigurationChanged {
            digest: "cd".repeat(32),
            catalogue: Some("ef".repeat(32)),
            roles: None,
            policies: None,
            account: Some("jit".into()),
            grants: 1,
            requests: 0,
        },
        Fact::ProcessStarted { process: "p".into(), id: 7, version: "0.1.0".into(), account: None },
        Fact::ProcessEnded { process: "p".into(), id: 7 },
        Fact::BreakGlassReviewed { grant, justified: true, finding: reason() },
        Fact::BreakGlassReviewed { grant, justified: false, finding: reason() },
        Fact::BreakGlassReviewWaived { grant, reason: reason() },
        Fact::BreakGlassReviewOverdue { grant },
        used(None),
        used(Some(told)),
        Fact::GrantExhausted { grant },
        Fact::SessionRefused { grant, refused: Vec::new(), others: 3 },
        alert(1, Some(grant), None),
        alert(2, None, Some(who.principal.clone())),
        alert(3, None, None),
        Fact::AlertAcknowledged { alert: AlertId::from_u128(1), grant: Some(grant), reason: reason() },
        Fact::AlertSilenced { alert: AlertId::from_u128(3), grant: None, until: now, reason: reason() },
    ];
    let agent = Actor::Principal(Principal::agent("triage-bot").unwrap());
    let by = [Actor::Principal(who.principal), agent, Actor::Rule("auto".into()), Actor::Clock, Actor::Host];
    let mut events = submit(&cast()[0], 9, now);
    for (nth, by) in by.into_iter().enumerate() {
        // An id is given once.
        let told =
            facts.iter().filter(|fact| nth == 0 || !matches!(fact, Fact::RolesDelegated(_) | Fact::AlertRaised(_)));
        events.extend(told.map(|fact| Event { at: now, by: by.clone(), fact: fact.clone() }));
    }
    store.commit(&Batch { events, ..Batch::default() }).unwrap();
}

fn exported(store: MemoryStore) -> Vec<Value> {
    let engine = Builder::new(store, rules()).open().unwrap();
    let lead = Principal::user("lea@example.com").unwrap();
    let caller = Caller::new(lead, vec![RoleName::new("team-lead").unwrap()]);
    let mut text = Vec::new();
    let all = ExportRecords::default().format(ExportFormat::Ocsf);
    export::write(&engine.workflow(), &caller, &all, &mut text).unwrap();
    String::from_utf8(text).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_kind_of_event_is_as_the_schema_describes_it() {
    let store = MemoryStore::new();
    one_of_each(&store);
    let (schema, events) = (schema(), exported(store));
    let mut kinds = BTreeSet::new();
    for event in &events {
        assert_eq!(problems(&schema, event), [""; 0], "{event}");
        kinds.insert(event["metadata"]["event_code"].as_str().unwrap().to_owned());
    }
    assert!(kinds.remove("removed"), "what stands for removed records comes first");
    assert_eq!(kinds, Fact::NAMES.iter().map(ToString::to_string).collect(), "every kind was there");
}

#[test]
fn every_event_of_a_week_is_as_the_schema_describes_it() {
    let store = MemoryStore::new();
    Week::small().record(&store);
    let schema = schema();
    for event in exported(store) {
        assert_eq!(problems(&schema, &event), [""; 0], "{event}");
    }
}

/// The check itself: what the schema does not allow is found.
#[test]
fn what_the_schema_does_not_allow_is_found() {
    let store = MemoryStore::new();
    one_of_each(&store);
    let (schema, events) = (schema(), exported(store));
    let find = |code: &str| events.iter().find(|event| event["metadata"]["event_code"] == code).unwrap().clone();
    let (used, ended, asked) = (find("grant_used"), find("grant_expired"), find("request_submitted"));
    let changes: [(&Value, &str, Value, &str); 9] = [
        (&used, "/api", Value::Null, "event.api is no object"),
        (&used, "/activity_id", 7.into(), "event.activity_id is 7, which is none of its values"),
        (&used, "/time", "now".into(), "event.time is \"now\", and no timestamp_t"),
        (&used, "/metadata/version", "1.7.0".into(), "metadata.version is another one"),
        (&used, "/category_uid", 5.into(), "category_uid is not that of the class"),
        (&used, "/class_uid", 6_999.into(), "class_uid 6999 is none of the schema"),
        (&used, "/actor", Value::Object(Map::new()), "event.actor has none of"),
        (&ended, "/privileges", "all".into(), "event.privileges is no list"),
        (&asked, "/entity/uid", 3.into(), "event.entity.uid is 3, and no string_t"),
    ];
    for (event, place, value, problem) in changes {
        let mut event = event.clone();
        *event.pointer_mut(place).unwrap() = value;
        let found = problems(&schema, &event);
        assert!(found.iter().any(|found| found.contains(problem)), "{place}: {found:?}");
    }
    for (name, value, problem) in [
        ("resource", serde_json::json!({"uid": "x"}), "event.resource is deprecated"),
        ("colour", "red".into(), "event.colour is not in the schema"),
    ] {
        let mut event = ended.clone();
        event[name] = value;
        assert!(problems(&schema, &event).iter().any(|found| found == problem));
    }
}

/// Both exports say who answers for what an agent did.
#[test]
fn the_person_behind_an_agent_is_exported() {
    let store = MemoryStore::new();
    Week::small().record(&store);
    let engine = Builder::new(store, rules()).open().unwrap();
    let caller = Caller::new(Principal::user("lea@example.com").unwrap(), vec![RoleName::new("team-lead").unwrap()]);
    let text = |format: ExportFormat| {
        let mut text = Vec::new();
        let all = ExportRecords::default().format(format);
        export::write(&engine.workflow(), &caller, &all, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    };
    let (csv, ocsf) = (text(ExportFormat::Csv), text(ExportFormat::Ocsf));
    let by_agents: Vec<_> =
        (csv.split("\r\n")).filter(|row| row.split(',').nth(2).is_some_and(|by| by.starts_with("agent:"))).collect();
    assert!(!by_agents.is_empty());
    assert!(by_agents.iter().all(|row| row.rsplit(',').next().is_some_and(|person| person.contains('@'))));
    let events: Vec<Value> = ocsf.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let acting =
        events.iter().filter(|event| event["actor"]["app_name"].as_str().is_some_and(|by| by.starts_with("agent:")));
    assert!(acting.clone().count() > 0 && acting.clone().all(|event| event["actor"]["user"]["name"].is_string()));
}
