//! Of many who would take the last place, one does, whichever thread and whichever process they come from.

use std::sync::Arc;
use std::thread;

use jit_access::Error;
use jit_access::command::{Command, Delegate, Submit, Withdraw};
use jit_access::model::*;
use jit_access::service::{Builder, Engine};
use jit_access::store::conformance::world::role;
use jit_access::store::{MemoryStore, SqliteOptions, SqliteStore, Store};
use jit_access::workflow::{Limits, RefusalCode, Rules};

const THREADS: usize = 8;

fn rules(limits: Limits) -> Rules {
    let config = "jit_access: {approver_roles: [lead], auto_approve_for_roles: [on-call], require_justification: false, \
                  roles: {reader: {permissions: [logs.read]}}}";
    jit_access::config::Config::parse(config, []).unwrap().rules.limits(limits)
}

/// Every thread has an engine of its own, as every process would.
fn race(
    stores: Vec<Arc<dyn Store>>,
    limits: Limits,
    caller: impl Fn(usize) -> Caller + Sync,
    command: impl Fn(usize, Timestamp) -> Command + Sync,
) -> Vec<RefusalCode> {
    let engines: Vec<Engine> =
        stores.into_iter().map(|store| Builder::shared(store, rules(limits)).open().unwrap()).collect();
    let (caller, command) = (&caller, &command);
    let ask = |(number, engine): (usize, &Engine)| {
        let tomorrow = engine.now().saturating_add(Ttl::from_hours(24.0).unwrap());
        match engine.workflow().execute(&caller(number), command(number, tomorrow), None) {
            Ok(_) => None,
            Err(Error::Refused(refusal)) => Some(refusal.code()),
            Err(error) => panic!("{error}"),
        }
    };
    let refused: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = engines.iter().enumerate().map(|one| scope.spawn(move || ask(one))).collect();
        threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
    });
    engines[0].workflow().verify().unwrap();
    refused
}

/// Scopes that have nothing in common, so that no grant covers what another one wants.
fn submit(number: usize, tomorrow: Timestamp) -> Command {
    let scope = format!("tool:t{number}").parse::<Scope>().unwrap();
    Submit::new(role("reader")).resource(scope).starts_at(Some(tomorrow)).into()
}

fn delegate(number: usize, tomorrow: Timestamp) -> Command {
    let to = Principal::user(&format!("user{number}@example.com")).unwrap();
    Delegate::new(to, tomorrow, Justification::new("away").unwrap()).into()
}

fn on_call(name: &str) -> Caller {
    Caller::new(Principal::user(name).unwrap(), vec![role("on-call")])
}

fn held_by_all(open: &dyn Fn() -> Vec<Arc<dyn Store>>) {
    let three = Limits::default().grants_total(Some(3));
    let refused = race(open(), three, |number| on_call(&format!("user{number}@example.com")), submit);
    assert_eq!(refused, vec![RefusalCode::TooManyGrants; THREADS - 3]);

    let one = Limits::default().grants_per_person(Some(1));
    let refused = race(open(), one, |_| on_call("dev@example.com"), submit);
    assert_eq!(refused, vec![RefusalCode::TooManyGrants; THREADS - 1]);

    let waiting = Limits::default().open_requests_per_person(Some(1));
    let dev = Caller::new(Principal::user("dev@example.com").unwrap(), Vec::new());
    let refused = race(open(), waiting, |_| dev.clone(), submit);
    assert_eq!(refused, vec![RefusalCode::TooManyOpenRequests; THREADS - 1]);

    let hourly = Limits::default().requests_per_hour(Some(5));
    assert_eq!(race(open(), hourly, |_| dev.clone(), submit), vec![RefusalCode::TooManyRequests; THREADS - 5]);

    let lent = Limits::default().open_delegations_per_person(Some(3));
    let lead = Caller::new(Principal::user("lead@example.com").unwrap(), vec![role("lead")]);
    let refused = race(open(), lent, |_| lead.clone(), delegate);
    assert_eq!(refused, vec![RefusalCode::TooManyDelegations; THREADS - 3]);
}

#[test]
fn one_of_many_takes_the_last_place_in_memory() {
    held_by_all(&|| {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        vec![store; THREADS]
    });
}

#[test]
fn one_of_many_takes_the_last_place_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let number = std::cell::Cell::new(0);
    held_by_all(&|| {
        let path = folder.path().join(format!("{}.db", number.replace(number.get() + 1)));
        let open = || Arc::new(SqliteStore::open(&path, SqliteOptions::default()).unwrap()) as Arc<dyn Store>;
        std::iter::repeat_with(open).take(THREADS).collect()
    });
}

/// Nobody has to set anything: a flood ends by itself, and 0 takes a limit away.
#[test]
fn the_usual_limits_hold_when_nothing_is_set() {
    let made = |limits: &str| {
        let config = format!(
            "jit_access: {{approver_roles: [lead], require_justification: false, {limits} roles: {{operator: {{permissions: [tools.read]}}}}}}"
        );
        let config = jit_access::config::Config::parse(&config, []).unwrap();
        let clock = Arc::new(jit_access::clock::ManualClock::at("2026-03-02T09:00:00Z".parse().unwrap()));
        let engine = Builder::new(MemoryStore::new(), config.rules).clock(clock).open().unwrap();
        let dev = Caller::new(Principal::user("dev@example.com").unwrap(), vec![]);
        let mut codes = std::collections::BTreeSet::new();
        let mut done = 0;
        for nth in 0..160 {
            let submit = Submit::new(role("operator")).resource(Scope::one("tool", &format!("t{nth}")).unwrap());
            match engine.workflow().execute(&dev, submit, None) {
                Ok(receipt) => {
                    done += 1;
                    // Every other one is taken back, and counts as made.
                    if nth % 2 == 0 {
                        let withdraw = Withdraw::new(receipt.request.unwrap().id);
                        engine.workflow().execute(&dev, withdraw, None).unwrap();
                    }
                }
                Err(error) => drop(codes.insert(error.code().to_owned())),
            }
        }
        (done, codes.into_iter().collect::<Vec<_>>())
    };
    assert_eq!(made(""), (100, vec!["too_many_requests".to_owned()]));
    assert_eq!(made("limits: {requests_per_hour: 0},"), (100, vec!["too_many_open_requests".to_owned()]));
    assert_eq!(made("limits: {requests_per_hour: 0, open_requests_per_person: 0},"), (160, vec![]));
}

/// Far above normal use, and low enough to keep a person from filling a disk.
#[test]
fn without_settings_the_usual_limits_apply() {
    let usual = Rules::default().limits;
    assert_eq!(usual, Limits::usual());
    assert_eq!((usual.grants_per_person, usual.grants_total), (None, None));
    assert_eq!((usual.open_requests_per_person, usual.requests_per_hour), (Some(50), Some(100)));
    assert_eq!(usual.open_delegations_per_person, Some(20));
    assert!(usual.are_set() && !Limits::default().are_set());
}
