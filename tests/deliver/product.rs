//! The whole product with channels that are dead: no command is slower, and closing waits for none of them.

use std::time::{Duration, Instant};

use jit_access::command::{ListDeliveries, Submit};
use jit_access::config::Config;
use jit_access::host::Host;
use jit_access::model::{Caller, DeliveryState, Justification, Principal, RoleName};

use crate::receiver::{Receiver, is_here};
use crate::work;

fn host(folder: &std::path::Path, channels: &str) -> Host {
    let path = folder.join("jit.db");
    let text = format!(
        "jit_access: {{approver_roles: [lead], roles: {{operator: {{permissions: [tools.execute]}}}}, \
         store: {{path: {path:?}}}, notifications: {{channels: {{{channels}}}}}}}"
    );
    Config::parse(&text, [("HOOK".to_owned(), crate::notices::SECRET.to_owned())]).unwrap().open().unwrap()
}

/// How long the middle one of these commands took.
fn median(host: &Host, count: usize) -> Duration {
    let mut took: Vec<_> = (0..count)
        .map(|at| {
            let who = Principal::user(&format!("dev{at}@example.com")).unwrap();
            let reason = Justification::new("INC-1").unwrap();
            let submit = Submit::new(RoleName::new("operator").unwrap()).reason(reason);
            let begun = Instant::now();
            host.workflow().execute(&Caller::new(who, vec![]), submit, None).unwrap();
            begun.elapsed()
        })
        .collect();
    took.sort_unstable();
    took[count / 2]
}

#[test]
fn no_command_waits_for_a_dead_channel() {
    if !is_here() {
        return;
    }
    let hangs = Receiver::start(&["http", "--behaviour", "hang"]);
    let channels = format!(
        "mail: {{kind: email, host: 127.0.0.1, port: 9, security: none, from: jit@example.com, to: [t@example.com]}}, \
         hook: {{kind: webhook, url: '{}', secrets_env: [HOOK], allow_private: true, timeout_seconds: 2}}",
        hangs.url("/")
    );
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (alone, dead) = (host(one.path(), ""), host(other.path(), &channels));
    let (without, with) = (median(&alone, 60), median(&dead, 60));
    println!("a command: {without:?} without channels, {with:?} with dead ones");
    // The work of planning shares the store and the machine; a wait for a channel would be seconds.
    assert!(with < without * 4 + Duration::from_millis(50), "{with:?} instead of {without:?}");
    let lead = Caller::new(Principal::user("lead@example.com").unwrap(), vec![RoleName::new("lead").unwrap()]);
    let waits = || {
        let found = dead.workflow().deliveries(&lead, &ListDeliveries::default()).unwrap();
        found.items.iter().any(|one| one.state == DeliveryState::Waiting)
    };
    // They are planned beside the commands.
    work::wait("nothing is lost", waits);
    let begun = Instant::now();
    dead.close().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}
