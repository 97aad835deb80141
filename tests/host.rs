//! Opening from a configuration, closing, and where log records go.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jit_access::check::Check;
use jit_access::clock::ManualClock;
use jit_access::config::Config;
use jit_access::host::log::{self, Level, Record, Sink};
use jit_access::host::{BackgroundWork, Host, environment};
use jit_access::internal::wire::command;
use jit_access::model::{Outcome, PrincipalKind, Reason, RequestId, Revision};
use jit_access::{Error, ErrorKind};
use serde_json::Value;

fn config(path: &Path, settings: &str) -> Config {
    let text = format!(
        "jit_access: {{approver_roles: [lead], store: {{path: {path:?}, busy_timeout_ms: 100}}, service: {settings}, \
         roles: {{deployer: {{permissions: [tools.execute]}}}}}}"
    );
    Config::parse(&text, []).unwrap()
}

/// Grants `dev@example.com` the role, and answers the grant's id.
fn grant(host: &Host) -> String {
    let run = |text: &str| serde_json::from_str::<Value>(&command::run(host.workflow(), text).unwrap()).unwrap();
    let request = run(
        r#"{"command": "submit", "caller": {"principal": "dev@example.com"}, "role": "deployer", "duration_hours": 1,
            "reason": "INC-1234"}"#,
    );
    let id: RequestId = request["id"].as_str().unwrap().parse().unwrap();
    let approve = format!(
        r#"{{"command": "approve", "caller": {{"principal": "lead@example.com", "roles": ["lead"]}}, "request": "{id}"}}"#
    );
    run(&approve)["grant_id"].as_str().unwrap().to_owned()
}

/// What a check by `dev@example.com` answers.
fn check(host: &Host) -> (Outcome, Reason) {
    let check = Check::text((PrincipalKind::User, "dev@example.com"), "tools.execute", Some("tool:deploy"), None);
    let decision = host.decider().check(&check.current()).unwrap();
    log::deliver();
    (decision.outcome, decision.basis.reason)
}

#[test]
fn the_store_is_the_one_that_the_configuration_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jit.db");
    let host = config(&path, "{}").open().unwrap();
    let id = grant(&host);
    assert_eq!(check(&host).0, Outcome::Allow);
    host.close().unwrap();

    let again = config(&path, "{}").open().unwrap();
    let look = format!(
        r#"{{"command": "grant", "caller": {{"principal": "lead@example.com", "roles": ["lead"]}}, "id": "{id}"}}"#
    );
    let grant: Value = serde_json::from_str(&command::run(again.workflow(), &look).unwrap()).unwrap();
    assert_eq!(grant["actions_taken"], 1, "closing wrote the use");

    let memory = Config::parse("jit_access: {store: {type: memory}}", []).unwrap().open().unwrap();
    assert!(memory.engine().sync().unwrap() <= Revision(1), "nothing but the record of its configuration");
}

#[test]
fn a_start_that_fails_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let error = config(&folder.path().join("missing/jit.db"), "{}").open().unwrap_err();
    let Error::Invalid(wrong) = &error else { panic!("{error}") };
    assert_eq!((error.kind(), wrong.field()), (ErrorKind::Invalid, "jit_access.store.path"));
    let error = Config::from_file(folder.path().join("missing.yaml"), environment()).unwrap_err();
    assert_eq!(error.field(), "path");
}

#[test]
fn a_file_is_read_with_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jit.yaml");
    std::fs::write(&file, "jit_access: {store: {path: beside.db}}").unwrap();
    let host = Config::from_file(&file, []).unwrap().open().unwrap();
    assert!(folder.path().join("beside.db").exists());
    host.close().unwrap();
}

#[test]
fn time_and_background_work_are_the_programs_where_it_says_so() {
    let clock = Arc::new(ManualClock::at("2026-12-01T09:00:00Z".parse().unwrap()));
    let config = Config::parse("jit_access: {store: {type: memory}}", []).unwrap();
    let host = Host::builder(config).clock(Arc::clone(&clock) as _).background(BackgroundWork::Off).open().unwrap();
    clock.advance(1_500);
    assert_eq!(host.engine().now(), "2026-12-01T09:00:01.5Z".parse().unwrap());
    let other = host.reopen().unwrap();
    assert_eq!(other.engine().now(), host.engine().now(), "the same clock");
    assert!(host.is_of_this_process() && other.is_of_this_process());
}

#[test]
fn a_closed_engine_is_unavailable_and_worth_another_try() {
    let error = Error::Closed;
    assert_eq!((error.kind(), error.code(), error.is_retryable()), (ErrorKind::Unavailable, "unavailable", true));
    assert_eq!(jit_access::internal::wire::http_status(&error), 503);
}

struct Channel(Mutex<Sender<Record>>);

impl Sink for Channel {
    fn write(&self, record: &Record) {
        let _ = self.0.lock().unwrap().send(record.clone());
    }
}

/// The first record that says this.
fn wait_for(records: &Receiver<Record>, message: &str) -> Record {
    loop {
        let record = records.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| panic!("no record: {message}"));
        if record.message.contains(message) {
            return record;
        }
    }
}

#[test]
fn what_goes_wrong_reaches_the_sink() {
    log::collect();
    let (sender, records) = channel();
    log::set_sink(Some(Arc::new(Channel(Mutex::new(sender)))));

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jit.db");
    let host = config(&path, "{max_staleness_ms: 0, interval_ms: 5}").open().unwrap();
    grant(&host);
    let moved = folder.path().join("moved.db");
    std::fs::rename(&path, &moved).unwrap();
    let record = wait_for(&records, "background work failed");
    assert_eq!(record.level, Level::Warn);
    assert!(record.fields.iter().any(|(name, _)| *name == "error"), "{record}");

    assert_eq!(check(&host), (Outcome::NotApplicable, Reason::Stale));
    wait_for(&records, "the grants are not known to be current");
    std::fs::rename(&moved, &path).unwrap();
    assert_eq!(wait_for(&records, "background work succeeds again").level, Level::Info);

    // One use may wait, and nobody writes it.
    let rules = config(&path, "{waiting_uses: 1}");
    let second = Host::builder(rules).background(BackgroundWork::Off).open().unwrap();
    assert_eq!(check(&second).0, Outcome::Allow);
    std::fs::rename(&path, &moved).unwrap();
    assert_eq!(check(&second).1, Reason::Unrecordable);
    assert!(wait_for(&records, "uses cannot be recorded").target.starts_with("jit_access::"));
    assert!(second.close().is_err());
    log::deliver();
    assert_eq!(wait_for(&records, "could not be written before the engine closed").level, Level::Error);
    std::fs::rename(&moved, &path).unwrap();
}

#[test]
fn a_mistake_in_a_file_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jit-access.yaml");
    std::fs::write(&path, "jit_access: {max_duration_hours: -1}").unwrap();
    let error = Config::from_file(&path, []).unwrap_err().to_string();
    assert!(error.contains("jit-access.yaml") && error.contains("jit_access.max_duration_hours"), "{error}");
    std::fs::write(&path, "jit_access: {}").unwrap();
    let environ = [("JIT_MAX_DURATION_HOURS".to_owned(), "-1".to_owned())];
    let error = Config::from_file(&path, environ).unwrap_err().to_string();
    assert!(error.contains("JIT_MAX_DURATION_HOURS") && !error.contains("jit-access.yaml"), "{error}");
}
