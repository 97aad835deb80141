//! What AuthZEN's signed artifacts and comparisons must be, from the vectors in `tests/authzen/vectors`; and what only a clock
//! that a test moves can show.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jit_access::authzen::{
    DecisionPoint, Host, HostError, HttpRequest, Pep, Question, Rights, Settings, SpeaksFor, Trust, binding_hash,
    is_equal, verify_approval, verify_binding,
};
use jit_access::check::Check;
use jit_access::clock::ManualClock;
use jit_access::command::{Approve, ListRequests, ReportStanding, Revoke, Suspend};
use jit_access::config::Config;
use jit_access::model::{
    Caller, Context, Justification, Outcome, Permission, Principal, Query, RoleName, SignIn, Timestamp, Ttl,
};
use jit_access::service::{Builder, Engine};
use jit_access::store::MemoryStore;
use serde_json::{Map, Value, json};

fn vectors(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/authzen/vectors").join(format!("{name}.json"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn question(from: &Value) -> Question {
    let body: Map<String, Value> = from.as_object().unwrap().clone();
    Question::parse(&body).unwrap_or_else(|refused| panic!("{}", refused.body))
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

fn trust(from: &Value) -> Trust {
    let issuers = from["issuers"].as_object().unwrap();
    let issuers = issuers.iter().map(|(issuer, kids)| {
        (issuer.as_str(), kids.as_array().unwrap().iter().map(|kid| kid.as_str().unwrap()).collect())
    });
    Trust::new(&from["jwks"], issuers).unwrap()
}

#[test]
fn equal_is_what_the_profile_calls_equal() {
    for pair in vectors("comparison")["pairs"].as_array().unwrap() {
        let equal = is_equal(&pair["bound"], &pair["presented"]);
        assert_eq!(equal, pair["equal"].as_bool().unwrap(), "{}", pair["name"]);
    }
}

#[test]
fn hashes_are_the_known_ones() {
    for one in vectors("binding_hash")["hashes"].as_array().unwrap() {
        let members = one["binding_context_members"].as_array().unwrap();
        let members: Vec<String> = members.iter().map(|name| name.as_str().unwrap().to_owned()).collect();
        assert_eq!(binding_hash(&question(one), &members).unwrap(), text(one, "binding_hash"), "{}", one["name"]);
    }
}

#[test]
fn a_signed_denial_proves_what_it_says_and_no_more() {
    let file = vectors("binding_token");
    let (trust, now) = (trust(&file), text(&file, "now").parse().unwrap());
    let skew = file["clock_skew_seconds"].as_i64().unwrap() * 1_000;
    for one in file["tokens"].as_array().unwrap() {
        let denial = &one["submission"]["denial"];
        let (token, id) = (denial["binding_token"].as_str().unwrap_or_default(), denial["evaluation_id"].as_str());
        let echo: Option<Timestamp> = denial["expires_at"].as_str().map(|at| at.parse().unwrap());
        let asked = question(&one["submission"]);
        let verdict = verify_binding(&trust, token, &asked, echo, id, text(&file, "audience"), now, skew);
        assert_eq!(verdict, text(one, "expect"), "{}", one["name"]);
    }
}

#[test]
fn a_signed_approval_proves_what_it_says_and_no_more() {
    let file = vectors("approval_state");
    let (trust, now) = (trust(&file), text(&file, "now").parse().unwrap());
    let skew = file["clock_skew_seconds"].as_i64().unwrap() * 1_000;
    for one in file["states"].as_array().unwrap() {
        let approval = &one["evaluation"]["context"]["approval"];
        let (state, id) = (approval["state"].as_str().unwrap_or_default(), text(approval, "id"));
        let verdict = verify_approval(&trust, state, id, &question(&one["evaluation"]), text(&file, "pdp"), now, skew);
        let verdict = verdict.map_or_else(|reason| reason, |_| "applies");
        assert_eq!(verdict, text(one, "expect"), "{}", one["name"]);
    }
}

// A world with a clock that the test moves.

struct World {
    engine: Engine,
    point: DecisionPoint,
    clock: Arc<ManualClock>,
}

struct Us;

impl Host for Us {
    fn caller(&self, principal: &Principal, person: Option<&Principal>) -> Result<Option<Caller>, HostError> {
        let roles = match principal.id() {
            "ann" | "deployer" | "other" => vec!["engineer"],
            "sre" | "sre-tired" => vec!["engineer", "sre"],
            "nobody" => return Ok(None),
            _ => vec![],
        };
        let roles = roles.into_iter().map(|role| RoleName::new(role).unwrap()).collect();
        let mut caller = Caller::new(principal.clone(), roles);
        caller.acts_for = person.cloned();
        caller.permissions = Some(vec!["tools.read".parse::<Permission>().unwrap()]);
        if principal.id() == "sre" {
            let at = "2026-12-01T08:59:00Z".parse().unwrap();
            caller.sign_in = Some(SignIn::new(["pwd", "otp"], None, Some(at)).unwrap());
        }
        Ok(Some(caller))
    }
}

const CONFIG: &str = "
jit_access:
  max_duration_hours: 4
  approver_roles: [lead]
  break_glass: {enabled: true, eligible_roles: [sre], max_duration_hours: 1}
  roles:
    operator: {permissions: [tools.execute, tools.delete], requestable_by: [engineer]}
    fresh: {permissions: [logs.read], requestable_by: [engineer], conditions: {mfa_within_minutes: 10}}
";

impl World {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::at("2026-12-01T09:00:00Z".parse().unwrap()));
        let config = Config::parse(CONFIG, []).unwrap();
        let builder = Builder::new(MemoryStore::new(), config.rules).settings(config.settings);
        let engine = builder.clock(clock.clone()).open().unwrap();
        let point = DecisionPoint::new(&engine, Settings::new("https://pdp.example.com/tenant1").unwrap()).unwrap();
        Self { engine, point, clock }
    }

    fn call(&self, call: &HttpRequest<'_>) -> (u16, Value) {
        let pep = Pep::new("gateway", SpeaksFor::Everybody, Rights::ALL).unwrap();
        let reply = self.point.serve(Some(&pep), &Us, call);
        (reply.status, serde_json::from_str(&reply.body).unwrap())
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.call(&HttpRequest::post(path, body.to_string().as_bytes()))
    }

    fn denied(&self, asked: &Value) -> Value {
        let (status, answer) = self.post("evaluation", asked);
        assert_eq!((status, &answer["decision"]), (200, &json!(false)), "{answer}");
        answer["context"].clone()
    }

    fn ask(&self, asked: &Value, denied: &Value, wanted: Value) -> (u16, Value) {
        let offer = &denied["access_request"];
        let mut body = asked.clone();
        body["context"]["business_justification"] = "INC-1".into();
        body["denial"] = json!({"expires_at": offer["expires_at"], "evaluation_id": denied["evaluation_id"],
            "binding_token": offer["binding_token"], "template": offer["template"]});
        body["requested_access"] = wanted;
        self.post("requests", &body)
    }

    fn look(&self, task: &Value) -> (u16, Value) {
        let endpoint = text(&task["task"], "status_endpoint");
        self.call(&HttpRequest::get(endpoint.strip_prefix("https://pdp.example.com/tenant1/access/v1/").unwrap()))
    }

    /// The lead approves what waits.
    fn approve(&self, cut: impl FnOnce(Approve) -> Approve) {
        let lead = lead();
        let workflow = self.engine.workflow();
        let open = workflow.requests(&lead, &ListRequests::default()).unwrap().items;
        let approve = Approve::new(open.first().unwrap().request.id);
        workflow.execute(&lead, cut(approve), None).unwrap();
    }
}

fn lead() -> Caller {
    Caller::new(Principal::user("lead").unwrap(), vec![RoleName::new("lead").unwrap()])
}

fn asked(subject: &Value, action: &str) -> Value {
    json!({"subject": subject, "action": {"name": action}, "resource": {"type": "tool", "id": "deploy"}, "context": {}})
}

fn with_approval(asked: &Value, task: &Value) -> Value {
    let mut asked = asked.clone();
    asked["context"]["approval"] = task["result"]["approval"].clone();
    asked
}

#[test]
fn a_cut_is_told_as_one() {
    let world = World::new();
    let asked = asked(&json!({"type": "user", "id": "ann"}), "tools.execute");
    let denied = world.denied(&asked);
    assert_eq!(denied["access_request"]["urn:jit-access:may_ask"]["options"][0]["whole_role"], false);
    let until = json!({"requested_until": "2026-12-01T17:00:00Z", "urn:jit-access:whole_role": true});
    let (status, task) = world.ask(&asked, &denied, until);
    assert_eq!((status, text(&task["task"], "status")), (202, "pending"), "{task}");
    world.approve(|approve| approve.duration(Some(Ttl::from_hours(1.0).unwrap())));
    let (_, task) = world.look(&task);
    assert_eq!(text(&task["result"]["approval"], "approved_until"), "2026-12-01T10:00:00.000Z");
    let cuts = task["result"]["urn:jit-access:cuts"].as_array().unwrap();
    assert_eq!(cuts.len(), 2, "the limit of four hours, and the approver's one: {cuts:?}");
    assert!(!task.to_string().contains("lead"), "who decides is nobody's business here: {task}");
    assert_eq!(world.post("evaluation", &with_approval(&asked, &task)).1["decision"], true);
}

#[test]
fn what_becomes_of_the_grant_is_what_the_next_evaluation_says() {
    let world = World::new();
    let asked = asked(&json!({"type": "user", "id": "ann"}), "tools.execute");
    let (_, task) = world.ask(&asked, &world.denied(&asked), json!({}));
    world.approve(|approve| approve);
    let (_, task) = world.look(&task);
    let again = with_approval(&asked, &task);
    let (_, permitted) = world.post("evaluation", &again);
    let said = &permitted["context"]["urn:jit-access:decision"];
    assert_eq!((&said["reason"], &said["standing"]), (&json!("granted"), &json!(false)));
    assert!(said["revision"].as_u64().unwrap() > 0 && said["grant"].is_string() && said["valid_until"].is_string());
    let workflow = world.engine.workflow();
    let id = text(said, "grant").parse().unwrap();
    let why = || Justification::new("to look").unwrap();
    workflow.execute(&lead(), Suspend::new(id, why()), None).unwrap();
    let held = world.denied(&again);
    assert_eq!((text(&held, "reason"), text(&held, "next_action")), ("grant_pending", "retry"));
    workflow.execute(&lead(), Revoke::new(id, why()), None).unwrap();
    let over = world.denied(&again);
    assert_eq!((text(&over, "reason"), text(&over, "next_action")), ("approval_expired", "request"));
    assert!(over["access_request"].is_object());
    assert_eq!(text(&world.look(&task).1["task"], "status"), "approved", "what was decided stays decided");
}

#[test]
fn an_approval_for_one_agent_serves_no_other_and_not_its_person() {
    let world = World::new();
    let of = |agent: &str| {
        asked(&json!({"type": "user", "id": "ann", "properties": {"act": {"id": agent}}}), "tools.execute")
    };
    let (_, task) = world.ask(&of("deployer"), &world.denied(&of("deployer")), json!({}));
    world.approve(|approve| approve);
    let (_, task) = world.look(&task);
    assert_eq!(world.post("evaluation", &with_approval(&of("deployer"), &task)).1["decision"], true);
    for other in [of("other"), asked(&json!({"type": "user", "id": "ann"}), "tools.execute")] {
        let denied = world.denied(&with_approval(&other, &task));
        assert_eq!(text(&denied, "reason"), "out_of_scope");
    }
    // The denial of one agent is none of another's, and none of the person's.
    let (status, refused) = world.ask(&of("other"), &world.denied(&of("other")), json!({}));
    assert_eq!(status, 202, "{refused}");
    let mine = asked(&json!({"type": "user", "id": "ann"}), "tools.execute");
    let (status, refused) = world.ask(&mine, &world.denied(&of("other")), json!({}));
    assert_eq!((status, text(&refused, "code")), (400, "invalid_denial_binding"));
    let unclear = asked(&json!({"type": "user", "id": "ann", "properties": {"act": 7}}), "tools.read");
    assert_eq!(world.post("evaluation", &unclear).1, json!({"decision": false}), "a doubtful actor is nobody");
}

#[test]
fn what_an_agent_holds_for_one_person_serves_no_other_and_ends_with_what_that_person_may() {
    let world = World::new();
    let of = |person: &str| {
        asked(&json!({"type": "user", "id": person, "properties": {"act": {"id": "deployer"}}}), "tools.execute")
    };
    let permits = |person: &str| world.post("evaluation", &of(person)).1["decision"] == true;
    world.ask(&of("ann"), &world.denied(&of("ann")), json!({}));
    world.approve(|approve| approve);
    assert!(permits("ann") && !permits("sre"), "the same agent, for another person");

    // The same through a check that says for whom the agent acts.
    let (decider, agent) = (world.engine.decider(), Principal::agent("deployer").unwrap());
    let (action, thing) = ("tools.execute".parse().unwrap(), "tool:deploy".parse().unwrap());
    let allows = |person: &str| {
        let context = Context::default().acts_for(Some(Principal::user(person).unwrap()));
        let query = Query { principal: &agent, action: &action, resource: &thing };
        decider.check(&Check::new(query).context(&context)).unwrap().outcome == Outcome::Allow
    };
    assert!(allows("ann") && !allows("sre") && !allows("nobody"));
    world.ask(&of("sre"), &world.denied(&of("sre")), json!({}));
    world.approve(|approve| approve);
    assert!(allows("ann") && allows("sre"), "each by a grant of its own");

    // What the host says of a person ends what their agent holds for them, and nothing else.
    let report = ReportStanding::new(Principal::user("ann").unwrap(), true);
    world.engine.workflow().execute(&lead(), report, None).unwrap();
    assert!(!allows("ann") && !permits("ann") && allows("sre") && permits("sre"));
    assert!(!permits("nobody"), "a person whom the host does not know");
}

#[test]
fn where_a_request_says_that_it_comes_from_is_believed_only_under_our_seal() {
    let world = World::new();
    let asked = asked(&json!({"type": "user", "id": "ann"}), "tools.execute");
    let denied = world.denied(&asked);
    world.ask(&asked, &denied, json!({}));
    let open = world.engine.workflow().requests(&lead(), &ListRequests::default()).unwrap().items;
    let origin = open.first().unwrap().request.details.origin.clone().unwrap();
    assert_eq!(world.point.origin_of(&origin), Some(("gateway", text(&denied, "evaluation_id"))));
    for forged in [
        origin.as_str().replace("gateway", "another"),
        origin.as_str().rsplit_once(' ').unwrap().0.to_owned(),
        format!("{origin}A"),
        "authzen gateway ev1.x AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        "by hand".to_owned(),
    ] {
        assert_eq!(world.point.origin_of(&Justification::new(&forged).unwrap()), None, "{forged}");
    }
}

#[test]
fn an_emergency_is_one_only_with_its_proof() {
    let world = World::new();
    let emergency = json!({"emergency": true});
    for (who, status, state) in [("sre", 201, "approved"), ("sre-tired", 202, "pending"), ("ann", 202, "pending")] {
        let asked = asked(&json!({"type": "user", "id": who}), "tools.execute");
        let (answered, task) = world.ask(&asked, &world.denied(&asked), emergency.clone());
        assert_eq!((answered, text(&task["task"], "status")), (status, state), "{who}: {task}");
    }
}

#[test]
fn time_ends_denials_requests_and_handles() {
    let world = World::new();
    let asked = asked(&json!({"type": "user", "id": "ann"}), "tools.execute");
    let denied = world.denied(&asked);
    let (_, task) = world.ask(&asked, &denied, json!({}));
    world.clock.advance(600_000);
    let (status, refused) = world.ask(&asked, &denied, json!({}));
    assert_eq!((status, text(&refused, "code")), (410, "expired_denial"), "{refused}");
    world.clock.advance(24 * 3_600_000);
    assert_eq!(text(&world.look(&task).1["task"], "status"), "expired");
    world.clock.advance(24 * 3_600_000);
    let (status, refused) = world.look(&task);
    assert_eq!((status, text(&refused, "code")), (410, "task_expired"));
}

#[test]
fn a_key_outlives_the_denial_and_belongs_to_its_caller() {
    let world = World::new();
    let asked = asked(&json!({"type": "user", "id": "ann"}), "tools.execute");
    let denied = world.denied(&asked);
    let mut body = asked.clone();
    body["context"]["business_justification"] = "INC-1".into();
    body["denial"] =
        json!({"expires_at": denied["access_request"]["expires_at"], "evaluation_id": denied["evaluation_id"]});
    let body = body.to_string();
    let headers = [("content-type", "application/json"), ("idempotency-key", "k1")];
    let call = HttpRequest { headers: &headers, ..HttpRequest::post("requests", body.as_bytes()) };
    let (_, first) = world.call(&call);
    world.clock.advance(3_600_000);
    let (status, again) = world.call(&call);
    assert_eq!((status, &again["task"]["id"]), (202, &first["task"]["id"]), "{again}");
    let other = body.replace("INC-1", "INC-2");
    let (status, refused) = world.call(&HttpRequest { body: other.as_bytes(), ..call });
    assert_eq!((status, text(&refused, "code")), (409, "duplicate_request"));
    let pep = Pep::new("another", SpeaksFor::Everybody, Rights::ALL).unwrap();
    let reply = world.point.serve(Some(&pep), &Us, &call);
    assert_eq!(reply.status, 400, "the denial is another caller's: {}", reply.body);
}

#[test]
fn a_step_up_is_no_request() {
    let world = World::new();
    let asked = asked(&json!({"type": "user", "id": "ann"}), "logs.read");
    let (_, task) = world.ask(&asked, &world.denied(&asked), json!({}));
    world.approve(|approve| approve);
    let denied = world.denied(&with_approval(&asked, &world.look(&task).1));
    assert_eq!(text(&denied, "reason"), "urn:jit-access:reason:mfa_required");
    assert_eq!(text(&denied["obligations"][0], "type"), "step-up");
    assert!(denied["access_request"].is_null() && denied["next_action"].is_null());
}

#[test]
fn who_may_not_is_told_so_and_nothing_else() {
    let world = World::new();
    let body = asked(&json!({"type": "user", "id": "ann"}), "tools.execute").to_string();
    let pep = |speaks_for, may| Pep::new("gateway", speaks_for, may).unwrap();
    let carols = SpeaksFor::only(["user:carol"]).unwrap();
    let evaluates = Rights::of(["evaluate"]).unwrap();
    for (pep, path, status) in [
        (pep(carols, Rights::ALL), "evaluation", 403),
        (pep(SpeaksFor::Everybody, evaluates), "evaluation", 200),
        (pep(SpeaksFor::Everybody, evaluates), "requests", 403),
        (pep(SpeaksFor::Everybody, evaluates), "search/action", 403),
        (pep(SpeaksFor::Everybody, Rights::ALL), "search/action", 200),
        (pep(SpeaksFor::Everybody, Rights::ALL), "nothing", 404),
    ] {
        let reply = world.point.serve(Some(&pep), &Us, &HttpRequest::post(path, body.as_bytes()));
        assert_eq!(reply.status, status, "{path}: {}", reply.body);
    }
    let unknown = asked(&json!({"type": "user", "id": "nobody"}), "tools.execute");
    assert_eq!(world.post("evaluation", &unknown).1, json!({"decision": false}));
    let standing = asked(&json!({"type": "user", "id": "ann"}), "tools.read");
    let permitted = json!({"decision": true, "context": {"urn:jit-access:decision": {"standing": true}}});
    assert_eq!(world.post("evaluation", &standing).1, permitted);
}

#[test]
fn where_everything_is_stands_under_the_address_that_was_set() {
    let world = World::new();
    let reply = world.point.metadata();
    let told: Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(text(&told, "policy_decision_point"), "https://pdp.example.com/tenant1");
    assert_eq!(text(&told, "jwks_uri"), "https://pdp.example.com/tenant1/access/v1/jwks");
    let reply = world.point.serve(None, &Us, &HttpRequest::get("schemas/submission"));
    assert_eq!(reply.status, 200);
    let schema: Value = serde_json::from_str(&reply.body).unwrap();
    assert_eq!(schema["properties"]["context"]["required"], json!(["business_justification"]));
}

/// The page says of each requirement which test holds it: each of these tests and vectors is there.
#[test]
fn the_page_names_tests_that_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/authzen.md")).unwrap();
    let table = page.split_once("## Requirements and their tests").unwrap().1.split_once("## What is ours").unwrap().0;
    let mut there = String::new();
    for folder in ["tests", "tests/deliver", "tests/authzen/vectors", "tests/e2e", "ffi/python/tests"] {
        // The package that is published holds no tests of Python.
        let Ok(files) = fs::read_dir(root.join(folder)) else { continue };
        for file in files.map(|file| file.unwrap().path()) {
            if file.extension().is_some_and(|ending| ["rs", "py", "json"].iter().any(|one| ending == *one)) {
                there += &fs::read_to_string(file).unwrap();
            }
        }
    }
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| ") && !line.contains("| test |")).collect();
    assert!(rows.len() > 25, "the table is read");
    for row in rows {
        let tests = row.rsplit_once(" | ").unwrap().1;
        let named = |mark: char| tests.split(mark).skip(1).step_by(2).map(|name| name.trim_end_matches(" …"));
        let (codes, vectors): (Vec<&str>, Vec<&str>) = (named('`').collect(), named('*').collect());
        assert!(tests.contains("all six") || codes.len() + vectors.len() > 0, "{row}");
        for name in vectors {
            assert!(there.contains(name), "no vector is called {name:?}: {row}");
        }
        for name in codes {
            let is_there = if name.contains('/') {
                root.join(name).exists() || !root.join("ffi/python").exists()
            } else {
                there.contains(&format!("fn {name}(")) || there.contains(&format!("def {name}("))
            };
            assert!(is_there, "no test is called {name}: {row}");
        }
    }
}
