//! Callbacks of AuthZEN: a real receiver hears of each change of a task, signed, at a registered address and nowhere else.

use std::time::{Duration, Instant};

use jit_access::authzen::{DecisionPoint, Host as People, HostError, HttpRequest, Pep, Rights, Settings, SpeaksFor};
use jit_access::command::{Answer, Approve, Ask, Deny, ListDeliveries, ListRequests, Submit, Withdraw};
use jit_access::config::Config;
use jit_access::host::Host;
use jit_access::model::{Caller, DeliveryState, Details, Justification, Principal, RequestId, RoleName};
use serde_json::{Value, json};

use crate::receiver::{Receiver, is_here};

struct World {
    host: Host,
    point: DecisionPoint,
    _folder: tempfile::TempDir,
}

struct Engineers;

impl People for Engineers {
    fn caller(&self, principal: &Principal, _: Option<&Principal>) -> Result<Option<Caller>, HostError> {
        Ok(Some(Caller::new(principal.clone(), vec![])))
    }
}

const PDP: &str = "https://pdp.example.com";

fn lead() -> Caller {
    Caller::new(Principal::user("lead@example.com").unwrap(), vec![RoleName::new("lead").unwrap()])
}

fn why(text: &str) -> Justification {
    Justification::new(text).unwrap()
}

impl World {
    /// With these channels. Nothing is told to people: callbacks do not depend on it.
    fn new(channels: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jit.db");
        let text = format!(
            "jit_access: {{approver_roles: [lead], roles: {{operator: {{permissions: [tools.execute]}}}}, \
             store: {{path: {path:?}}}, notifications: {{on_approval: false, on_request: false, channels: {{{channels}}}}}}}"
        );
        let host = Config::parse(&text, [("HOOK".to_owned(), crate::notices::SECRET.to_owned())]).unwrap();
        let host = host.open().unwrap();
        let point = DecisionPoint::new(host.engine(), Settings::new(PDP).unwrap()).unwrap();
        Self { host, point, _folder: folder }
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let pep = Pep::new("gateway", SpeaksFor::Everybody, Rights::ALL).unwrap();
        let reply = self.point.serve(Some(&pep), &Engineers, &HttpRequest::post(path, body.to_string().as_bytes()));
        (reply.status, serde_json::from_str(&reply.body).unwrap())
    }

    /// Is denied, and asks with this callback.
    fn ask(&self, who: &str, callback: &Value) -> (u16, Value) {
        let mut asked = json!({"subject": {"type": "user", "id": who}, "action": {"name": "tools.execute"},
            "resource": {"type": "tool", "id": "deploy"}, "context": {}});
        let (_, denied) = self.post("evaluation", &asked);
        let denied = &denied["context"];
        asked["context"]["business_justification"] = "INC-1".into();
        asked["denial"] = json!({"expires_at": denied["access_request"]["expires_at"],
            "evaluation_id": denied["evaluation_id"]});
        asked["callback"] = callback.clone();
        self.post("requests", &asked)
    }

    fn newest(&self) -> RequestId {
        let open = self.host.workflow().requests(&lead(), &ListRequests::default()).unwrap().items;
        open.first().unwrap().request.id
    }

    /// Why deliveries were not sent, once there are so many.
    fn errors(&self, count: usize) -> Vec<String> {
        let begun = Instant::now();
        loop {
            let all = self.host.workflow().deliveries(&lead(), &ListDeliveries::default()).unwrap().items;
            assert!(all.iter().all(|one| one.state != DeliveryState::Sent), "{all:?}");
            // On a busy machine the worker's turn ends before it has tried each of them.
            let errors = all.into_iter().filter_map(|one| one.last_error).filter(|error| error != "not tried yet");
            let errors: Vec<_> = errors.collect();
            if errors.len() >= count || begun.elapsed() > Duration::from_secs(30) {
                return errors;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn hook(url: &str, more: &str) -> String {
    format!("hook: {{kind: webhook, callback_for: gateway, url: '{url}', secrets_env: [HOOK], {more}}}")
}

/// The next message, which is signed, and what it says.
fn next(receiver: &Receiver) -> Value {
    let message = receiver.next();
    assert_eq!(message["verified"], true, "{message}");
    assert_eq!(message["headers"]["content-type"], "application/json");
    serde_json::from_str(message["body"].as_str().unwrap()).unwrap()
}

#[test]
fn each_change_of_a_task_is_told_signed_to_the_registered_address() {
    if !is_here() {
        return;
    }
    // It fails at first: what was not taken is sent again.
    let receiver = Receiver::start(&["http", "--secret", crate::notices::SECRET, "--behaviour", "first-503"]);
    let url = receiver.url("/callbacks");
    let world = World::new(&hook(&url, "allow_private: true"));
    let (status, task) = world.ask("ann", &json!({"endpoint": url, "state": "läuft \u{202e}1"}));
    assert_eq!(status, 202, "{task}");
    let (workflow, id) = (world.host.workflow(), world.newest());
    workflow.execute(&lead(), Ask::new(id, why("which ticket?")), None).unwrap();
    let first = receiver.next();
    let body = next(&receiver);
    let again: Value = serde_json::from_str(first["body"].as_str().unwrap()).unwrap();
    assert_eq!(body, again, "the same message, under the same id");
    let handle = &task["task"]["id"];
    let told =
        |status: &str| json!({"id": handle, "status": status, "status_endpoint": task["task"]["status_endpoint"]});
    assert_eq!(body["state"], "läuft \u{202e}1");
    assert_eq!(
        (&body["task"]["status"], &body["task"]["progress"]["step_name"]),
        (&json!("pending"), &json!("needs_info"))
    );
    let ann = Caller::new(Principal::user("ann").unwrap(), vec![]);
    workflow.execute(&ann, Answer::new(id, why("INC-1")), None).unwrap();
    assert_eq!(next(&receiver)["task"], told("pending"));
    workflow.execute(&lead(), Approve::new(id), None).unwrap();
    let body = next(&receiver);
    assert_eq!(body["task"], told("approved"));
    assert!(body.get("result").is_none(), "it opens nothing by itself: {body}");
    let ends = json!({"endpoint": url, "events": ["denied", "cancelled"]});
    for (who, status) in [("bob", "denied"), ("carol", "cancelled"), ("dave", "")] {
        let (_, task) = world.ask(who, &ends);
        let id = world.newest();
        let who = Caller::new(Principal::user(who).unwrap(), vec![]);
        match status {
            "denied" => workflow.execute(&lead(), Deny::new(id, why("no")), None),
            "cancelled" => workflow.execute(&who, Withdraw::new(id), None),
            _ => workflow.execute(&lead(), Approve::new(id), None),
        }
        .unwrap();
        if !status.is_empty() {
            let body = next(&receiver);
            assert_eq!((&body["task"]["status"], &body["task"]["id"]), (&json!(status), &task["task"]["id"]));
            assert!(body.get("state").is_none());
        }
    }
    std::thread::sleep(Duration::from_millis(500));
    assert!(receiver.rest().is_empty(), "an end that nobody wants to hear of is not told");
}

#[test]
fn only_registered_addresses_are_called_and_private_ones_are_refused() {
    if !is_here() {
        return;
    }
    let receiver = Receiver::start(&["http", "--secret", crate::notices::SECRET]);
    let url = receiver.url("/callbacks").replace("http://", "https://");
    let others = ", other: {kind: webhook, callback_for: shop, url: 'https://shop.example.com/', secrets_env: [HOOK]}, \
                  siem: {kind: webhook, url: 'https://siem.example.com/', secrets_env: [HOOK]}";
    // Registered by mistake: an address inside, which is not allowed.
    let world = World::new(&(hook(&url, "allow_private: false") + others));
    for callback in [
        json!({"endpoint": "https://elsewhere.example.com/"}),
        json!({"endpoint": "http://169.254.169.254/latest/meta-data"}),
        json!({"endpoint": "https://shop.example.com/"}),
        json!({"endpoint": "https://siem.example.com/"}),
        json!({"endpoint": format!("{url}/more")}),
        json!({"endpoint": url, "events": []}),
        json!({"endpoint": url, "events": ["opened"]}),
        json!({"endpoint": url, "state": 7}),
        json!({"endpoint": url, "state": "s".repeat(1_025)}),
        json!({}),
        json!("https://elsewhere.example.com/"),
    ] {
        let (status, refused) = world.ask("ann", &callback);
        assert_eq!(status, 400, "{callback}: {refused}");
        assert!(refused["errors"][0]["pointer"].as_str().unwrap().starts_with("/callback"), "{refused}");
    }
    let workflow = world.host.workflow();
    assert!(workflow.requests(&lead(), &ListRequests::default()).unwrap().items.is_empty(), "no task was made");
    let (status, task) = world.ask("ann", &json!({"endpoint": url}));
    assert_eq!(status, 202, "{task}");
    let id = world.newest();
    let origin = workflow.request(&lead(), id).unwrap().request.unwrap().details.origin.unwrap();
    workflow.execute(&lead(), Deny::new(id, why("no")), None).unwrap();
    // Whoever submits in the plain way may write any origin, also one that was seen: it is of another request.
    let forged = origin.as_str().replace("ev1.", "ev1.x");
    let eve = Caller::new(Principal::user("eve").unwrap(), vec![]);
    let mut submit = Submit::new(RoleName::new("operator").unwrap()).reason(why("INC-2"));
    submit.details = Details { origin: Some(why(&forged)), ..submit.details };
    workflow.execute(&eve, submit, None).unwrap();
    workflow.execute(&lead(), Deny::new(world.newest(), why("no")), None).unwrap();
    let errors = world.errors(2);
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors.iter().any(|error| error.contains("loopback")), "{errors:?}");
    assert!(errors.iter().any(|error| error.contains("does not come from this caller")), "{errors:?}");
    assert!(receiver.rest().is_empty(), "nothing was connected to");
}
