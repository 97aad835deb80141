//! What the record says, and how it gets elsewhere: who is accountable, processes and configurations, exports that go on by
//! themselves, and checkpoints that are sent away.

#![expect(clippy::disallowed_methods, reason = "messages are sent by threads that go by the wall clock")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jit_access::check::Check;
use jit_access::clock::ManualClock;
use jit_access::command::{Approve, ListRecords, Revoke, RevokeMany, Submit, Suspend, Withdraw};
use jit_access::config::Config;
use jit_access::host::{BackgroundWork, Host};
use jit_access::internal::seal::SignedNote;
use jit_access::internal::wire::command;
use jit_access::model::*;
use jit_access::notify::{FnChannel, NoticeKind, SendError, Sent};
use serde_json::{Value, json};
use tempfile::TempDir;

const BASE: &str = "approver_roles: [lead], auditor_roles: [lead], require_justification: false, \
    roles: {deployer: {permissions: [tools.execute]}}";

fn config(folder: &TempDir, more: &str) -> Config {
    let path = folder.path().join("jit.db");
    Config::parse(&format!("jit_access: {{store: {{path: {path:?}}}, {BASE}{more}}}"), []).unwrap()
}

fn open(folder: &TempDir, more: &str) -> Host {
    let clock = Arc::new(ManualClock::at("2026-12-01T09:00:00Z".parse().unwrap()));
    Host::builder(config(folder, more)).clock(clock).background(BackgroundWork::Off).open().unwrap()
}

fn user(name: &str) -> Principal {
    Principal::user(&format!("{name}@example.com")).unwrap()
}

fn lead() -> Caller {
    Caller::new(user("lead"), vec![RoleName::new("lead").unwrap()])
}

fn agent() -> Caller {
    Caller::new(Principal::agent("deploy-bot").unwrap(), vec![]).acts_for(Some(user("dev")))
}

fn grant(host: &Host, who: &Caller) -> Grant {
    let submit = Submit::new(RoleName::new("deployer").unwrap())
        .ticket_url("https://tickets.example.com/INC-7".parse::<TicketUrl>().unwrap());
    let request = host.workflow().execute(who, submit, None).unwrap().request.unwrap();
    host.workflow().execute(&lead(), Approve::new(request.id), None).unwrap().grant.unwrap()
}

fn used(host: &Host, who: &Principal) {
    let check = Check::text((who.kind(), who.id()), "tools.execute", Some("tool:deploy"), None);
    assert_eq!(host.decider().check(&check).unwrap().outcome, Outcome::Allow);
    host.reconciler().flush().unwrap();
}

fn run(host: &Host, command: &str) -> Value {
    let lead = r#""caller": {"principal": "lead@example.com", "roles": ["lead"]}"#;
    serde_json::from_str(&command::run(host.workflow(), &format!("{{{command}, {lead}}}")).unwrap()).unwrap()
}

fn told(host: &Host, event: &str) -> Vec<Value> {
    let page = run(
        host,
        &format!(r#""command": "audit", "event": "{event}", "canonical": true, "order": "newest", "limit": 500"#),
    );
    page["items"].as_array().unwrap().clone()
}

/// Hashed with the use, so that no later reading can say otherwise; and without what is optional.
#[test]
fn the_record_of_an_agents_use_says_for_whom() {
    let folder = TempDir::new().unwrap();
    for more in ["", ", enhanced_audit: true"] {
        let host = open(&folder, more);
        let grant = grant(&host, &agent());
        used(&host, &agent().principal);
        let last = told(&host, "grant_used").into_iter().next().unwrap();
        assert_eq!(last["data"]["details"]["acts_for"], json!({"user": "dev@example.com"}), "{last}");
        assert!(last["body"].as_str().unwrap().contains(r#""acts_for":{"user":"dev@example.com"}"#), "{last}");
        assert_eq!(last["accountable"], "dev@example.com");
        // What it rests on is told with it.
        assert_eq!(last["request"], grant.request.to_string());
        assert_eq!(last["approvers"], json!(["lead@example.com"]));
        assert_eq!(last["ticket_url"], "https://tickets.example.com/INC-7");
        host.workflow().verify().unwrap();
        let revoke = Revoke::new(grant.id, "over".parse::<Justification>().unwrap());
        host.workflow().execute(&lead(), revoke, None).unwrap();
    }
    // A use that is committed before the answer says it as well; one by a person has nothing to say.
    let host = open(&folder, "");
    grant(&host, &Caller::new(user("dev"), vec![]));
    used(&host, &user("dev"));
    let last = told(&host, "grant_used").into_iter().next().unwrap();
    assert_eq!((&last["data"]["details"], &last["accountable"]), (&Value::Null, &json!("dev@example.com")));
    let submit = Submit::new(RoleName::new("deployer").unwrap())
        .conditions(Conditions::default().max_uses(std::num::NonZeroU32::new(2)));
    let asked = host.workflow().execute(&agent(), submit, None).unwrap().request.unwrap();
    host.workflow().execute(&lead(), Approve::new(asked.id), None).unwrap();
    used(&host, &agent().principal);
    let last = told(&host, "grant_used").into_iter().next().unwrap();
    assert_eq!(last["data"]["details"]["acts_for"], json!({"user": "dev@example.com"}), "{last}");
    assert_eq!(last["data"]["left"], 1);
}

/// Whatever an agent does about what is somebody else's, its record names the person behind it and is hashed with that.
#[test]
fn the_record_of_what_an_agent_does_to_others_says_for_whom() {
    let folder = TempDir::new().unwrap();
    let host = open(&folder, "");
    let bot = Caller::new(Principal::agent("ops-bot").unwrap(), lead().roles).acts_for(Some(user("ops")));
    let reason = || "seen in the log".parse::<Justification>().unwrap();
    let held = grant(&host, &Caller::new(user("dev"), vec![]));
    host.workflow().execute(&bot, Suspend::new(held.id, reason()), None).unwrap();
    host.workflow().execute(&bot, Revoke::new(held.id, reason()), None).unwrap();
    let other = grant(&host, &Caller::new(user("eve"), vec![]));
    let all = RevokeMany::new(Selector::All, reason());
    host.workflow().execute(&bot, all, None).unwrap();
    let mine = host.workflow().execute(&agent(), Submit::new(RoleName::new("deployer").unwrap()), None).unwrap();
    host.workflow().execute(&agent(), Withdraw::new(mine.request.unwrap().id), None).unwrap();
    for (event, by, person, count) in [
        ("grant_suspended", "ops-bot", "ops", 1),
        ("grant_revoked", "ops-bot", "ops", 2),
        ("request_withdrawn", "deploy-bot", "dev", 1),
    ] {
        let records = told(&host, event);
        assert_eq!(records.len(), count, "{event}");
        for record in records {
            let named = format!(
                r#""by":{{"agent_for":{{"agent":{{"agent":"{by}"}},"person":{{"user":"{person}@example.com"}}}}}}"#
            );
            assert!(record["body"].as_str().unwrap().contains(&named), "{record}");
            assert_eq!(record["by"], format!("agent:{by}"), "{record}");
            assert_eq!(record["accountable"], format!("{person}@example.com"), "{record}");
        }
    }
    // Who answers for it finds it.
    let found = run(&host, r#""command": "audit", "person": "ops@example.com", "limit": 500"#);
    let found: Vec<_> = found["items"].as_array().unwrap().iter().map(|record| record["event"].clone()).collect();
    assert_eq!(found, ["grant_suspended", "grant_revoked", "grant_revoked"], "of {} and {}", held.id, other.id);
    host.workflow().verify().unwrap();
}

#[test]
fn processes_and_configurations_are_on_record_with_who_and_a_digest() {
    let folder = TempDir::new().unwrap();
    let tick = |more: &str| {
        let host = open(&folder, more);
        host.reconciler().tick().unwrap();
        host.reconciler().tick().unwrap();
        host
    };
    tick("").close().unwrap();
    let host = tick(", enhanced_audit: true");
    assert!(told(&host, "process_ended").is_empty(), "only where it is asked for");
    host.close().unwrap();
    let host = tick(", enhanced_audit: true, max_duration_hours: 3");
    let (started, ended) = (told(&host, "process_started"), told(&host, "process_ended"));
    assert_eq!((started.len(), ended.len()), (2, 1));
    assert_eq!(started[1]["data"]["process"], ended[0]["data"]["process"]);
    assert_ne!(started[0]["data"]["process"], started[1]["data"]["process"]);
    assert_eq!((&started[0]["by"], &started[0]["data"]["id"]), (&json!("rule:host"), &json!(std::process::id())));
    assert!(started[0]["data"]["version"].is_string());
    #[cfg(target_os = "linux")]
    assert!(started[0]["data"]["account"].is_string(), "{}", started[0]);
    // Who only looks leaves none.
    open(&folder, ", enhanced_audit: true").close().unwrap();
    assert_eq!(told(&host, "process_started").len(), 2);

    // The catalogue has a digest of its own.
    let changed = told(&host, "configuration_changed");
    let of = |nth: usize, name: &str| changed[nth]["data"][name].clone();
    assert_eq!(changed.len(), 3);
    assert_ne!(of(0, "digest"), of(1, "digest"));
    assert_eq!(of(0, "catalogue"), of(2, "catalogue"), "no role was changed");
    assert_eq!(of(0, "policies"), Value::Null);
    #[cfg(target_os = "linux")]
    assert_eq!(of(0, "account"), started[0]["data"]["account"]);
    drop(host);
    let policy = r#", workflow_policy: {keep_shipped: true, text: '@id("no-weekends") forbid (principal, action == Action::"jit.approve", resource) when { context.weekday > 5 };'}"#;
    let host = tick(policy);
    let newest = told(&host, "configuration_changed").remove(0);
    assert!(newest["data"]["policies"].is_string(), "{newest}");
    host.workflow().verify().unwrap();
}

type Messages = Arc<Mutex<Vec<(NoticeKind, Option<String>, Vec<Value>)>>>;

/// A channel of the host that fails as long as `down` says so.
fn receiver(got: &Messages, down: &Arc<Mutex<bool>>) -> FnChannel {
    let (got, down) = (Arc::clone(got), Arc::clone(down));
    FnChannel::new(move |outgoing| {
        if *down.lock().unwrap() {
            return Err(SendError::Later { after: Some(Duration::from_millis(100)), why: "it is down".into() });
        }
        let kept = outgoing.notices.iter().map(|one| (one.kind, one.checkpoint.clone(), one.records.clone()));
        got.lock().unwrap().extend(kept);
        Ok(Sent::default())
    })
}

fn wait(what: &str, done: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Every record arrives once the receiver is there: from the first on, over restarts, in order, and nothing else.
#[test]
fn the_record_goes_on_to_a_channel_by_itself() {
    let folder = TempDir::new().unwrap();
    let more = |form: &str| {
        format!(", notifications: {{channels: {{siem: {{kind: host, records: {form}}}, people: {{kind: host}}}}}}")
    };
    let start = |form: &str| Host::builder(config(&folder, &more(form))).open().unwrap();
    let (got, down) = (Messages::default(), Arc::new(Mutex::new(true)));

    // Before the channel was configured.
    let host = Host::builder(config(&folder, "")).open().unwrap();
    let dev = Caller::new(user("dev"), vec![]);
    let held = grant(&host, &dev);
    (0..1_200).for_each(|_| {
        let check = Check::text((PrincipalKind::User, "dev@example.com"), "tools.execute", Some("tool:deploy"), None);
        assert_eq!(host.decider().check(&check).unwrap().outcome, Outcome::Allow);
    });
    host.close().unwrap();

    // While it is down, and over an end of the process.
    let host = start("jsonl");
    host.add_channel("siem", receiver(&got, &down)).unwrap();
    used(&host, &user("dev"));
    std::thread::sleep(Duration::from_millis(500));
    host.close().unwrap();
    assert!(got.lock().unwrap().is_empty());
    let host = start("jsonl");
    *down.lock().unwrap() = false;
    host.add_channel("siem", receiver(&got, &down)).unwrap();
    let revoke = Revoke::new(held.id, "over".parse::<Justification>().unwrap());
    host.workflow().execute(&lead(), revoke, None).unwrap();
    let numbers = || -> Vec<u64> {
        let got = got.lock().unwrap();
        got.iter().flat_map(|(_, _, records)| records).map(|one| one["revision"].as_u64().unwrap()).collect()
    };
    let all = || -> Vec<u64> { (1..=host.engine().revision().0).collect() };
    let sorted = || {
        let mut arrived = numbers();
        arrived.sort_unstable();
        arrived
    };
    wait("every record arrives, each once", || sorted() == all());
    assert!(got.lock().unwrap().iter().all(|(kind, ..)| *kind == NoticeKind::Records), "and nothing else");
    let list = ListRecords::new(RecordFilter::default()).order(RecordOrder::Newest).limit(1);
    let newest = host.workflow().journal(&lead(), &list).unwrap().items.remove(0);
    let has = |hash: &str| got.lock().unwrap().iter().flat_map(|(.., all)| all).any(|one| one["hash"] == hash);
    wait("the last one is as it is in the journal", || has(&newest.hash.to_string()));

    // It goes on from there, also in another form.
    host.close().unwrap();
    got.lock().unwrap().clear();
    let host = start("ocsf");
    host.add_channel("siem", receiver(&got, &down)).unwrap();
    grant(&host, &dev);
    let last = host.engine().revision().0;
    let sequences = || -> Vec<u64> {
        let got = got.lock().unwrap();
        got.iter().flat_map(|(_, _, all)| all).map(|one| one["metadata"]["sequence"].as_u64().unwrap()).collect()
    };
    wait("later records arrive", || sequences().contains(&last));
    assert!(sequences().iter().all(|number| *number >= newest.revision.0), "{:?}", sequences());
}

#[test]
fn each_checkpoint_is_sent_to_the_channels_that_are_named() {
    let folder = TempDir::new().unwrap();
    let more = ", notifications: {checkpoint_channels: [archive], channels: {archive: {kind: host}}}";
    let host = Host::builder(config(&folder, more)).open().unwrap();
    let (got, down) = (Messages::default(), Arc::new(Mutex::new(false)));
    host.add_channel("archive", receiver(&got, &down)).unwrap();
    let held = grant(&host, &Caller::new(user("dev"), vec![]));
    let revoke = Revoke::new(held.id, "over".parse::<Justification>().unwrap());
    host.workflow().execute(&lead(), revoke, None).unwrap();
    let notes = || -> Vec<String> { got.lock().unwrap().iter().filter_map(|(_, note, _)| note.clone()).collect() };
    wait("a checkpoint at the end of a grant", || !notes().is_empty());
    for note in notes() {
        note.parse::<SignedNote>().unwrap();
        host.keeper().advance().unwrap();
        assert!(host.engine().integrity().problem.is_none());
    }
}

#[test]
fn channels_for_the_record_are_checked() {
    let wrong = |more: &str| {
        let text = format!("jit_access: {{{BASE}, notifications: {{{more}}}}}");
        Config::parse(&text, []).unwrap_err().to_string()
    };
    let mail = "channels: {mail: {kind: email, host: mail.example.com, from: jit@example.com, records: jsonl}}";
    assert!(wrong(mail).contains("notifications.channels.mail.records"), "{}", wrong(mail));
    let form = "channels: {siem: {kind: host, records: csv}}";
    assert!(wrong(form).contains("jsonl or ocsf"), "{}", wrong(form));
    let unknown = "checkpoint_channels: [nobody], channels: {siem: {kind: host}}";
    assert!(wrong(unknown).contains("notifications.checkpoint_channels"), "{}", wrong(unknown));
    let silent = "checkpoint_channels: [siem], channels: {siem: {kind: host, records: ocsf}}";
    assert!(wrong(silent).contains("channels that take notices"), "{}", wrong(silent));
}

/// A request, its approval, ten uses, and the end, with a message to everybody concerned at each step.
#[test]
fn a_grant_and_its_notices_take_little_room() {
    const GRANTS: i64 = 150;
    let folder = TempDir::new().unwrap();
    let clock = Arc::new(ManualClock::at("2026-12-01T09:00:00Z".parse().unwrap()));
    let config = config(&folder, ", notifications: {channels: {people: {kind: host}}}");
    let open = || Host::builder(config.clone()).clock(clock.clone()).open().unwrap();
    open().close().unwrap();
    let empty = bytes(&folder);
    let host = open();
    let (got, down) = (Messages::default(), Arc::new(Mutex::new(false)));
    host.add_channel("people", receiver(&got, &down)).unwrap();
    for nth in 0..GRANTS {
        let dev = Caller::new(user(&format!("dev{nth:03}")), vec![]);
        let submit = Submit::new(RoleName::new("deployer").unwrap())
            .reason(format!("INC-{nth}: checkout answers 500").parse::<Justification>().unwrap())
            .ticket_url(format!("https://tickets.example.com/INC-{nth}").parse::<TicketUrl>().unwrap());
        let request = host.workflow().execute(&dev, submit, None).unwrap().request.unwrap();
        host.workflow().execute(&lead(), Approve::new(request.id), None).unwrap();
        (0..10).for_each(|_| used(&host, &dev.principal));
        clock.advance(60_000);
    }
    // All of it is before the oldest notices go.
    clock.advance(25 * 3_600_000);
    let all_sent = r#""command": "deliveries", "state": "waiting""#;
    wait("every message goes out", || {
        host.reconciler().tick().unwrap();
        let sent = got.lock().unwrap().len();
        std::thread::sleep(Duration::from_millis(1_500));
        sent > 0 && sent == got.lock().unwrap().len() && run(&host, all_sent)["items"] == json!([])
    });
    let sent = got.lock().unwrap().len();
    host.close().unwrap();
    let [record, notices] = [0, 1].map(|which| (bytes(&folder)[which] - empty[which]) / GRANTS);
    println!("{record} bytes of record and {notices} of notices a grant, {sent} messages for {GRANTS} grants");
    assert!(record <= 2_400, "{record} bytes a grant");
    assert!(notices <= 3_700, "{notices} bytes a grant");
}

/// What the file of a closed engine takes for notices, and for everything else before that.
fn bytes(folder: &TempDir) -> [i64; 2] {
    let file = rusqlite::Connection::open(folder.path().join("jit.db")).unwrap();
    ["NOT IN", "IN"].map(|of| {
        let sql = format!(
            "SELECT coalesce(sum(pgsize), 0) FROM dbstat JOIN sqlite_schema USING (name)
             WHERE tbl_name {of} ('notices', 'deliveries')"
        );
        file.query_row(&sql, [], |row| row.get(0)).unwrap()
    })
}
