//! Proofs of requests that wait: made by a process that has a solver, on record, and shown to approvers by those that have none.
#![cfg(feature = "proof")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::Duration;

use jit_access::config::Config;
use jit_access::host::{BackgroundWork, Host};
use jit_access::internal::wire::command;
use jit_access::model::ProofOutcome;
use jit_access::notify::{FnChannel, Notice, Sent};
use jit_access::proof::Prover;
use serde_json::{Value, json};

const FORBID: &str = r#"@id("frozen") forbid (principal, action, resource in Server::"frozen");"#;

/// A configuration in a folder, with a store and a file of guardrails.
fn written(folder: &Path) -> PathBuf {
    let rules = folder.join("own.cedar");
    fs::write(&rules, FORBID).unwrap();
    let text = format!(
        r#"
jit_access:
  approver_roles: [lead]
  store: {{path: {store:?}}}
  roles: {{operator: {{permissions: [tools.execute]}}}}
  schema:
    text: |
      entity Role; entity Server; entity Tool in [Server];
      action "*"; action "tools.*" in ["*"]; action "tools.execute" in ["tools.*"]; action "tools.read" in ["tools.*"];
  guardrails: {{path: {rules:?}}}
  notifications: {{base_url: "https://jit.example.com", channels: {{room: {{kind: host}}}}}}
"#,
        store = folder.join("jit.db"),
    );
    let path = folder.join("jit-access.yaml");
    fs::write(&path, text).unwrap();
    path
}

fn open(path: &Path) -> Host {
    let config = Config::from_file(path, []).unwrap();
    Host::builder(config).background(BackgroundWork::Off).open().unwrap()
}

fn run(host: &Host, name: &str, who: &str, more: Value) -> Value {
    let roles: &[&str] = if who == "lead" { &["lead"] } else { &[] };
    let mut document = json!({ "command": name, "caller": { "principal": who, "roles": roles } });
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_str(&command::run(host.workflow(), &document.to_string()).unwrap()).unwrap()
}

fn ask(host: &Host) -> String {
    let more = json!({ "role": "operator", "resource": "server:shop", "duration_hours": 2, "reason": "INC-1" });
    run(host, "submit", "dev", more)["id"].as_str().unwrap().to_owned()
}

/// What an approver is shown of the proof, and the sentences.
fn shown(host: &Host, id: &str) -> (Value, String) {
    let request = run(host, "request", "lead", json!({ "id": id }));
    let analysis = &request["assessment"]["analysis"];
    (analysis["proof"].clone(), analysis["sentences"].to_string())
}

/// The solver, where it is installed.
fn solver() -> Option<Prover> {
    let found = Prover::find(Duration::from_secs(120));
    if found.is_none() {
        eprintln!("SKIPPED: cvc5 is not installed, so no request was proven");
    }
    found
}

#[test]
fn a_proof_is_on_record_and_approvers_see_it_in_another_process() {
    let Some(prover) = solver() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path());
    let (host, worker) = (open(&path), open(&path));
    let id = ask(&host);
    assert_eq!(shown(&host, &id).0, Value::Null, "nobody has asked a solver");
    assert!(!shown(&host, &id).1.contains("roven"));

    let proven = worker.prove_waiting(&prover).unwrap();
    assert_eq!(
        proven.iter().map(|(id, proof)| (id.to_string(), proof.outcome)).collect::<Vec<_>>(),
        [(id.clone(), ProofOutcome::Proven)]
    );
    let (proof, sentences) = shown(&host, &id);
    assert_eq!(proof["outcome"], "proven");
    assert!(proof["detail"].as_str().unwrap().contains("cvc5"), "{proof}");
    assert!(sentences.contains("Proven for all people and things, in "), "{sentences}");
    assert!(worker.prove_waiting(&prover).unwrap().is_empty(), "each version once");
    let own = run(&host, "request", "dev", json!({ "id": id }));
    assert_eq!(own["assessment"]["analysis"], Value::Null, "not the requester, as the rest of it");
    let records = run(&host, "audit", "lead", json!({ "event": "request_proven" }));
    assert_eq!(records["items"].as_array().unwrap().len(), 1, "{records}");

    // Of another version nothing is proven, until somebody proves it.
    run(&host, "ask", "lead", json!({ "request": id, "question": "which tool?" }));
    run(&host, "answer", "dev", json!({ "request": id, "answer": "this one", "duration_hours": 1 }));
    assert_eq!(shown(&host, &id).0, Value::Null);
    assert_eq!(worker.prove_waiting(&prover).unwrap().len(), 1);
    assert_eq!(shown(&host, &id).0["outcome"], "proven");

    // Nor beside other guardrails.
    fs::write(folder.path().join("own.cedar"), format!("{FORBID}\n{}", FORBID.replace("frozen", "closed"))).unwrap();
    host.engine().reload_guardrails().unwrap();
    assert_eq!(shown(&host, &id).0, Value::Null);
    assert_eq!(worker.prove_waiting(&prover).unwrap().len(), 1, "the worker reads them itself");
    assert_eq!(shown(&host, &id).0["outcome"], "proven");

    run(&host, "approve", "lead", json!({ "request": id }));
    assert!(worker.prove_waiting(&prover).unwrap().is_empty(), "what is decided needs none");
    let verified: u64 = command::run(host.workflow(), r#"{"command": "verify"}"#).unwrap().parse().unwrap();
    assert!(verified > 5, "rows and records agree");
}

#[test]
fn without_an_answer_of_the_solver_nothing_is_called_proven() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path());
    let host = open(&path);
    let id = ask(&host);
    for program in ["/nowhere/cvc5", "/bin/false", "/bin/cat"] {
        let prover = Prover::with(PathBuf::from(program), Duration::from_millis(300));
        let found = host.prove_waiting(&prover).unwrap();
        assert!(found.iter().all(|(_, proof)| proof.outcome == ProofOutcome::Enumerated), "{program}: {found:?}");
    }
    let (proof, sentences) = shown(&host, &id);
    assert_eq!(proof["outcome"], "enumerated");
    assert!(sentences.contains("Not proven: ") && !sentences.contains("Proven"), "{sentences}");
}

#[test]
fn jit_prove_does_it_beside_a_host() {
    let Some(_) = solver() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path());
    let host = open(&path);
    let id = ask(&host);
    let jit = |more: &[&str]| {
        let arguments = ["jit", "prove", path.to_str().unwrap(), "--once"];
        jit_access::internal::cli::main(arguments.iter().chain(more).map(Into::into))
    };
    assert_eq!(jit(&["--seconds", "120"]), 0);
    assert_eq!(shown(&host, &id).0["outcome"], "proven");
    assert_eq!(jit(&["--seconds", "0"]), 2, "a limit that is none");
}

#[test]
fn approvers_read_in_their_message_what_a_request_would_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path());
    let host = Config::from_file(&path, []).unwrap().open().unwrap();
    let told = json!([{ "uid": { "type": "Server", "id": "shop" }, "attrs": {}, "parents": [] }]);
    host.engine().set_entities(&told.to_string(), None).unwrap();
    let (send, received) = channel::<Notice>();
    let channel = FnChannel::new(move |outgoing| {
        outgoing.notices.iter().for_each(|notice| send.send(notice.clone()).unwrap());
        Ok(Sent::default())
    });
    host.add_channel("room", channel).unwrap();
    ask(&host);
    let notice = received.recv_timeout(Duration::from_secs(30)).unwrap();
    assert_eq!(notice.kind.name(), "request_submitted");
    let changes = ["Newly possible: tools.execute on server:shop.", "This is enumerated over 1 thing."];
    assert_eq!(notice.changes, changes);
}
