//! What somebody who looks on is told, and how long an answer waits for something to happen.

use std::thread;

use jit_access::command::{ListEvents, Submit};
use jit_access::config::Config;
use jit_access::model::{Caller, Principal, Revision, RoleName};
use jit_access::service::{Builder, Engine};
use jit_access::store::MemoryStore;

fn engine() -> Engine {
    let text = "jit_access: {approver_roles: [lead], auditor_roles: [auditor], require_justification: false,
        roles: {deployer: {permissions: [tools.execute]}}}";
    Builder::new(MemoryStore::new(), Config::parse(text, []).unwrap().rules).open().unwrap()
}

fn caller(name: &str, roles: &[&str]) -> Caller {
    let roles = roles.iter().map(|role| RoleName::new(role).unwrap()).collect();
    Caller::new(Principal::user(name).unwrap(), roles)
}

#[test]
fn only_who_reads_the_record_and_sees_all_rows_oversees() {
    let workflow = engine().workflow();
    assert!(workflow.oversees(&caller("boss", &["lead"])) && workflow.oversees(&caller("eve", &["auditor"])));
    assert!(!workflow.oversees(&caller("dev", &[])));
}

#[test]
fn an_answer_waits_until_something_happens_and_no_longer_than_was_said() {
    let engine = engine();
    let workflow = engine.workflow();
    let list = |after: u64, wait: u64| ListEvents::default().after(Revision(after)).wait_seconds(wait);
    let kinds = |list: &ListEvents| {
        let found = workflow.events(&caller("boss", &["lead"]), list).unwrap();
        found.events.into_iter().map(|(_, kind)| kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(&list(0, 1)), [""; 0]);
    let asks = engine.workflow();
    let asking = thread::spawn(move || {
        let submit = Submit::new(RoleName::new("deployer").unwrap());
        asks.execute(&caller("dev", &[]), submit, None).unwrap();
    });
    assert_eq!(kinds(&list(0, 30)), ["request_submitted"]);
    asking.join().unwrap();
    assert!(workflow.events(&caller("dev", &[]), &list(5, 30)).unwrap().missed, "of another store");
}
