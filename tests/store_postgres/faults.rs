//! What does the store do when the server or the network does not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jit_access::model::{GrantId, RequestId, Revision};
use jit_access::store::conformance::world::{at, cast, granted, has_grown, submit, used};
use jit_access::store::{
    Batch, Done, Message, PostgresOptions, PostgresStore, PostgresUrl, Reads, Seen, Store, StoreError, UnusableDatabase,
};

use super::server::{self, Proxy, Server};
use super::{fresh_schema, patient};

fn open(server: &Server, schema: &str) -> PostgresStore {
    PostgresStore::open(server.url(), patient(schema)).unwrap()
}

/// Why it failed.
fn reason(error: &StoreError) -> String {
    let StoreError::Unavailable { doing, source } = error else { panic!("{error:?}") };
    format!("{doing}: {source}")
}

#[test]
fn a_server_that_restarts_is_found_again() {
    let Some(server) = Server::start("") else { return };
    let store = open(&server, "jit_access");
    granted(&store, 1, at(0));
    let known = store.head().unwrap().position();
    server.kill();
    let error = store.has_grown(&known).unwrap_err();
    assert!(reason(&error).starts_with("watching the journal: "), "{error:?}");
    assert!(store.commit(&Batch { events: vec![used(GrantId::from_u128(1), at(1))], ..Batch::default() }).is_err());
    server.resume();
    assert!(!store.has_grown(&known).unwrap());
    store.commit(&Batch { events: vec![used(GrantId::from_u128(1), at(1))], ..Batch::default() }).unwrap();
    assert_eq!(store.verify().unwrap(), known.revision.0 + 1);
    assert_eq!(store.grant(GrantId::from_u128(1)).unwrap().grant.unwrap().uses, 1);
}

#[test]
fn notices_and_keys_that_are_missing_or_made_up_are_named() {
    let Some(server) = server::shared() else { return };
    let schema = fresh_schema();
    let store = open(server, &schema);
    let caller = cast()[0].principal.clone();
    let request = Some(RequestId::from_u128(1));
    let done = Done { fingerprint: "f".into(), request, grant: None, delegation: None, ended: vec![] };
    let done = Some((caller.clone(), "k".to_owned(), done));
    let outbox = vec![Message::new("soon", "soon"), Message::new("late", "late")];
    store.commit(&Batch { events: submit(&cast()[0], 1, at(0)), done, outbox, ..Batch::default() }).unwrap();
    store.verify().unwrap();
    for (change, back, named) in [
        (
            "DELETE FROM idempotency",
            "INSERT INTO idempotency SELECT * FROM kept_keys",
            "there are 0 idempotency keys, and 1 were written and not removed since",
        ),
        (
            "UPDATE idempotency SET request = gen_random_uuid()",
            "UPDATE idempotency SET request = (SELECT request FROM kept_keys)",
            "names an object that is not in the journal",
        ),
        (
            "UPDATE idempotency SET ended = ARRAY[gen_random_uuid()]",
            "UPDATE idempotency SET ended = (SELECT ended FROM kept_keys)",
            "names an object that is not in the journal",
        ),
        ("DELETE FROM notices WHERE id = 1", "", "there are 1 notices, and 2 were written and not removed since"),
    ] {
        let within = |sql: &str| server.psql(&format!("SET search_path TO \"{schema}\"; {sql}"));
        within("CREATE TABLE IF NOT EXISTS kept_keys AS SELECT * FROM idempotency");
        within(change);
        let error = store.verify().unwrap_err().to_string();
        assert!(error.contains(named), "{change}: {error}");
        if !back.is_empty() {
            within(back);
            store.verify().unwrap();
        }
    }
}

#[test]
fn connections_that_the_server_ends_are_made_anew() {
    let Some(server) = server::shared() else { return };
    let url = server.url_at(server.port, "?application_name=ended");
    let store = PostgresStore::open(url, patient(&fresh_schema())).unwrap();
    granted(&store, 1, at(0));
    for number in 2..5 {
        let known = store.head().unwrap().position();
        server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ended'");
        assert!(!store.has_grown(&known).unwrap());
        granted(&store, number, at(0));
    }
    store.verify().unwrap();
}

#[test]
fn a_network_that_swallows_packets_is_noticed_in_time() {
    let Some(server) = server::shared() else { return };
    let proxy = Proxy::to(server);
    let options = PostgresOptions {
        schema: fresh_schema(),
        proof_timeout: Duration::from_millis(300),
        statement_timeout: Duration::from_millis(500),
        ..PostgresOptions::default()
    };
    let store = PostgresStore::open(server.url_at(proxy.port, ""), options).unwrap();
    granted(&store, 1, at(0));
    let known = store.head().unwrap().position();
    assert!(!store.has_grown(&known).unwrap());
    proxy.swallow(true);
    let started = Instant::now();
    let error = store.has_grown(&known).unwrap_err();
    assert!(reason(&error).contains("has not answered for 300 ms"), "{error:?}");
    let error = store.commit(&Batch { events: submit(&cast()[1], 2, at(1)), ..Batch::default() }).unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    proxy.swallow(false);
    assert!(!store.has_grown(&known).unwrap(), "it comes back by itself, and nothing was written");
    granted(&store, 2, at(1));
    store.verify().unwrap();
}

#[test]
fn a_process_that_stops_in_a_commit_holds_nobody_up_for_long() {
    let Some(server) = server::shared() else { return };
    let schema = fresh_schema();
    let quick = PostgresOptions {
        busy_timeout: Duration::from_millis(400),
        statement_timeout: Duration::from_millis(700),
        ..patient(&schema)
    };
    let stopped = PostgresStore::open(server.url(), quick.clone()).unwrap();
    let other = PostgresStore::open(server.url(), quick).unwrap();
    std::thread::scope(|scope| {
        let (holds, held) = std::sync::mpsc::channel();
        let thread = scope.spawn(move || {
            stopped.commit_exclusively(&mut |_| {
                holds.send(()).unwrap();
                std::thread::sleep(Duration::from_millis(1_500));
                Ok(Some(Batch { events: submit(&cast()[1], 1, at(0)), ..Batch::default() }))
            })
        });
        held.recv().unwrap();
        let batch = Batch { events: submit(&cast()[1], 2, at(0)), ..Batch::default() };
        let error = other.commit(&batch).unwrap_err();
        assert!(reason(&error).contains("lock timeout"), "{error:?}");
        std::thread::sleep(Duration::from_millis(500));
        other.commit(&batch).unwrap();
        let late = thread.join().unwrap().unwrap_err();
        assert!(matches!(late, StoreError::Unavailable { .. }), "the server has ended its transaction: {late:?}");
    });
    assert_eq!(other.verify().unwrap(), other.head().unwrap().revision.0);
}

#[test]
fn a_read_only_server_is_refused_for_writes() {
    let Some(server) = server::shared() else { return };
    let schema = fresh_schema();
    let store = open(server, &schema);
    granted(&store, 1, at(0));
    server.psql("CREATE ROLE reader LOGIN SUPERUSER; ALTER ROLE reader SET default_transaction_read_only = on");
    let standby: PostgresUrl =
        format!("postgresql://jit@127.0.0.1:{0},127.0.0.1:{0}/postgres", server.port).parse().unwrap();
    assert!(PostgresStore::open(standby, patient(&schema)).is_ok(), "one of the hosts takes writes");
}

#[test]
fn a_schema_of_something_else_is_left_alone() {
    let Some(server) = server::shared() else { return };
    server.psql("CREATE SCHEMA theirs; CREATE TABLE theirs.things (id bigint)");
    let error = PostgresStore::open(server.url(), patient("theirs")).unwrap_err();
    assert!(reason(&error).contains("it has `things`"), "{error:?}");
    let StoreError::Unavailable { source, .. } = error else { unreachable!() };
    assert!(source.is::<UnusableDatabase>());
    assert_eq!(server.psql("SELECT count(*) FROM pg_class c WHERE c.relnamespace = 'theirs'::regnamespace"), "1");

    let schema = fresh_schema();
    drop(open(server, &schema));
    server.psql(&format!("UPDATE \"{schema}\".head SET version = 999"));
    let error = PostgresStore::open(server.url(), patient(&schema)).unwrap_err();
    assert!(reason(&error).contains("newer jit-access (version 999"), "{error:?}");
}

#[test]
fn many_processes_may_open_a_new_schema_at_once() {
    let Some(server) = server::shared() else { return };
    let schema = fresh_schema();
    let heads: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| open(server, &schema).head().unwrap())).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(heads.iter().all(|head| *head == heads[0]), "one of them made it");
}

#[test]
fn an_older_backup_is_noticed_at_the_next_start_too() {
    let Some(server) = server::shared() else { return };
    let (schema, folder) = (fresh_schema(), tempfile::tempdir().unwrap());
    let options = PostgresOptions { state_folder: Some(folder.path().to_owned()), ..patient(&schema) };
    let store = PostgresStore::open(server.url(), options.clone()).unwrap();
    granted(&store, 1, at(0));
    let port = server.port.to_string();
    let file = "/tmp/".to_owned() + &format!("jit-backup-{}-{}.sql", std::process::id(), schema.replace(' ', "-"));
    let dumped = server.run(
        "pg_dump",
        &["-h", "127.0.0.1", "-p", &port, "-U", "jit", "-n", &format!("\"{schema}\""), "-f", &file, "postgres"],
    );
    assert!(dumped.status.success(), "{}", String::from_utf8_lossy(&dumped.stderr));
    granted(&store, 2, at(1));
    let head = store.head().unwrap();
    store.remember(&Seen { position: head.position(), at: head.at, clock: None }).unwrap();
    server.psql(&format!("DROP SCHEMA \"{schema}\" CASCADE"));
    let restored =
        server.run("psql", &["-X", "-q", "-h", "127.0.0.1", "-p", &port, "-U", "jit", "-d", "postgres", "-f", &file]);
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    let _ = std::fs::remove_file(&file);

    assert!(matches!(store.has_grown(&head.position()), Err(StoreError::Replaced(_))), "while it runs");
    let next = PostgresStore::open(server.url(), options).unwrap();
    let seen = next.remembered().unwrap().unwrap();
    assert_eq!(seen.position, head.position());
    assert!(matches!(next.has_grown(&seen.position), Err(StoreError::Replaced(_))), "and at the next start");
    assert_eq!(next.verify().unwrap(), head.revision.0 / 2, "the backup is whole in itself");
}

#[test]
fn it_can_be_used_inside_of_an_async_runtime() {
    let Some(server) = server::shared() else { return };
    let schema = fresh_schema();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = open(server, &schema);
        granted(&store, 1, at(0));
        assert!(has_grown(&store, Revision::ZERO));
        store.before_fork();
        store.after_fork_in_parent();
        store.verify().unwrap();
    });
}

#[test]
fn a_fork_finds_no_connection_and_a_store_goes_on_after_it() {
    let Some(server) = server::shared() else { return };
    let schema = fresh_schema();
    let store = Arc::new(open(server, &schema));
    granted(&*store, 1, at(0));
    let connected = || {
        let name = schema.replace('\'', "''");
        let sql =
            format!("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%{name}%' AND pid <> pg_backend_pid()");
        server.psql(&sql).parse::<u32>().unwrap()
    };
    assert!(has_grown(&*store, Revision::ZERO));
    assert!(connected() > 0);
    store.before_fork();
    assert_eq!(connected(), 0);
    let waiting = std::thread::spawn({
        let store = Arc::clone(&store);
        move || store.head().unwrap().revision
    });
    std::thread::sleep(Duration::from_millis(50));
    assert!(!waiting.is_finished(), "nobody comes in meanwhile");
    store.after_fork_in_parent();
    assert_eq!(waiting.join().unwrap(), store.head().unwrap().revision);
}
