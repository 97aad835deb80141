//! What a command and a use cost where they are written down, beside a plain insert of the same bytes: `stores [seconds]`, in lines
//! for `run.py`; and with `stores slopes`, what limits many of something on one server, a table for `docs/scale.md`.
//!
//! Each store, SQLite and PostgreSQL, is measured with one process, then with eight that do the same at once. The server is one
//! that this program starts; where there is none, that is said and SQLite alone is measured. Needs the feature `stores`.

#[path = "../../../../tests/store_postgres/server.rs"]
#[allow(dead_code, unreachable_pub, clippy::disallowed_methods, reason = "the tests need more of it")]
mod server;

mod slopes;
mod work;

use std::path::Path;
use std::time::Duration;

use jit_access::model::*;
use jit_access::store::conformance::world::{at, granted, used};
use jit_access::store::{Batch, PostgresOptions, PostgresStore, RecordQuery, SqliteOptions, SqliteStore, Store};
use jit_access_benches::report::{Bar, row};
use server::Server;
use work::{Busy, host, now, run, worker};

/// How many processes do the same at once.
const MANY: usize = 8;
/// How many processes use grants of one server at once.
const REPLICAS: usize = 3;
/// How many uses are one batch.
const BATCH: usize = 10_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [is_worker, what, config] if is_worker == "worker" => worker(what, config),
        [how] if how == "slopes" => slopes::measure(Duration::from_secs(3)),
        [] => measure(Duration::from_secs(5)),
        [seconds] => measure(Duration::from_secs(seconds.parse().expect("a number of seconds"))),
        other => panic!("expected a number of seconds at most, not {other:?}"),
    }
}

fn measure(time: Duration) {
    let folder = tempfile::tempdir().expect("a folder");
    let sqlite = |name: &str| folder.path().join(name);
    let in_file = |name: &str| config(&format!("path: {:?}", sqlite(name)));
    let open = |name: &str| SqliteStore::open(sqlite(name), SqliteOptions::default()).expect("a store");
    commands("SQLite", &in_file("commands.db"), &open("commands.db"), &mut Plainly::in_file(&sqlite("plain.db")), time);
    together("SQLite", |name| in_file(&format!("{name}.db")), time);
    uses("SQLite", &open("uses.db"), &mut Plainly::in_file(&sqlite("plain uses.db")), time);

    let Some(server) = Server::start("") else { return };
    let on_server =
        |name: &str| config(&format!("url: 'postgresql://jit@127.0.0.1:{}/postgres', schema: '{name}'", server.port));
    let open = |name: &str| {
        let options = PostgresOptions { schema: name.to_owned(), ..PostgresOptions::default() };
        PostgresStore::open(server.url(), options).expect("a store")
    };
    commands("PostgreSQL", &on_server("commands"), &open("commands"), &mut Plainly::on_server(server.port), time);
    together("PostgreSQL", on_server, time);
    uses("PostgreSQL", &open("uses"), &mut Plainly::on_server(server.port), time);
    checks(&on_server("checks"), &open("checks"), time);
}

fn config(store: &str) -> String {
    format!(
        "jit_access: {{approver_roles: [lead], roles: {{deployer: {{permissions: [tools.execute]}}}}, \
         limits: {{grants_total: 1000000}}, store: {{{store}}}}}"
    )
}

fn on_server(server: &Server, schema: &str) -> String {
    config(&format!("url: 'postgresql://jit@127.0.0.1:{}/postgres', schema: '{schema}'", server.port))
}

/// A table that texts are put into, and nothing else.
enum Plainly {
    File(rusqlite::Connection),
    Server(tokio::runtime::Runtime, tokio_postgres::Client),
}

impl Plainly {
    fn in_file(path: &Path) -> Self {
        let connection = rusqlite::Connection::open(path).expect("a file");
        // As the store has it.
        let set = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE IF NOT EXISTS plain (body TEXT)";
        connection.execute_batch(set).expect("a table");
        Self::File(connection)
    }

    fn on_server(port: u16) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let client = runtime.block_on(async {
            let address = format!("postgresql://jit@127.0.0.1:{port}/postgres");
            let (client, connection) =
                tokio_postgres::connect(&address, tokio_postgres::NoTls).await.expect("a server");
            tokio::spawn(connection);
            client.batch_execute("CREATE TABLE IF NOT EXISTS plain (body text)").await.expect("a table");
            client
        });
        Self::Server(runtime, client)
    }

    /// Puts these in and waits until they are on disk.
    fn insert(&mut self, texts: &[String]) {
        match self {
            Self::File(connection) => {
                let all = connection.transaction().expect("a transaction");
                let mut insert = all.prepare_cached("INSERT INTO plain (body) VALUES (?)").expect("a statement");
                for text in texts {
                    insert.execute([text]).expect("an insert");
                }
                drop(insert);
                all.commit().expect("a commit");
            }
            Self::Server(runtime, client) => {
                const INSERT: &str = "INSERT INTO plain (body) SELECT unnest($1::text[])";
                let texts =
                    (&texts as &(dyn tokio_postgres::types::ToSql + Sync), tokio_postgres::types::Type::TEXT_ARRAY);
                runtime.block_on(async { client.query_typed(INSERT, &[texts]).await.expect("an insert") });
            }
        }
    }
}

/// The text of the records after this one.
fn texts(store: &dyn Store, after: Revision) -> Vec<String> {
    let (_, records) = store.records(&RecordQuery::after(after, 1 << 20)).expect("records");
    records.into_iter().map(|record| record.body.clone()).collect()
}

/// A command beside a commit of one row with the same bytes, by turns.
fn commands(name: &str, config: &str, store: &dyn Store, plainly: &mut Plainly, time: Duration) {
    let host = host(config);
    let mut busy = Busy::new(&host);
    (0..30).for_each(|_| busy.command());
    let (mut ratios, mut spent, mut plain) = (Vec::new(), Duration::ZERO, Duration::ZERO);
    let began = now();
    while began.elapsed() < time || ratios.len() < 20 {
        let before = store.head().expect("the head").revision;
        let one = timed(|| (0..30).for_each(|_| busy.command()));
        let texts: Vec<_> = texts(store, before).chunks(1).map(<[_]>::to_vec).collect();
        let each = texts.len() as u32;
        let other = timed(|| texts.iter().for_each(|text| plainly.insert(text)));
        ratios.push((one / 30).as_secs_f64() / (other / each).as_secs_f64());
        spent += one / 30;
        plain += other / each;
    }
    let turns = ratios.len() as u32;
    let detail = format!("{:.0?} and {:.0?}; some background work beside it", spent / turns, plain / turns);
    row(&format!("{name}: a command"), median(ratios), "× a commit of one plain row", Bar::Most(3.0), &detail);
}

/// Commands of one process, and of many.
fn together(name: &str, config: impl Fn(&str) -> String, time: Duration) {
    let mut ratios = Vec::new();
    let (mut alone, mut all) = (0.0, 0.0);
    for turn in 0..3 {
        let one = run(1, "commands", &config(&format!("one {turn}")), time);
        let many = run(MANY, "commands", &config(&format!("many {turn}")), time);
        ratios.push(many / one);
        (alone, all) = (one, many);
    }
    let detail = format!("{alone:.0} and {all:.0} commands a second");
    row(&format!("{name}: commands of {MANY} processes"), median(ratios), "× those of one", Bar::Least(0.9), &detail);
}

/// Uses in batches beside a plain insert of the same texts, by turns.
fn uses(name: &str, store: &dyn Store, plainly: &mut Plainly, time: Duration) {
    granted(store, 1, at(0));
    let (mut ratios, mut spent, mut written) = (Vec::new(), Duration::ZERO, 0);
    let began = now();
    while began.elapsed() < time || ratios.len() < 3 {
        let events = (0..BATCH).map(|nth| used(GrantId::from_u128(1), at((written + nth) as i64 / 5))).collect();
        let batch = Batch { events, ..Batch::default() };
        let mut records = Vec::new();
        let one = timed(|| records = store.commit(&batch).expect("a commit"));
        let texts: Vec<_> = records.into_iter().map(|record| record.body.clone()).collect();
        let other = timed(|| plainly.insert(&texts));
        ratios.push(one.as_secs_f64() / other.as_secs_f64());
        spent += one;
        written += BATCH;
    }
    let detail = format!("{:.0} uses a second, in batches of {BATCH}", written as f64 / spent.as_secs_f64());
    row(&format!("{name}: uses written"), median(ratios), "× a plain insert of the same texts", Bar::None, &detail);
}

/// Checks under a grant of several processes, of which each is in the journal.
fn checks(config: &str, store: &dyn Store, time: Duration) {
    let host = host(config);
    let mut busy = Busy::new(&host);
    (0..2).for_each(|_| busy.command());
    let before = store.head().expect("the head").revision.0;
    let rate = run(REPLICAS, "checks", config, time);
    host.close().expect("it closes");
    let after = store.head().expect("the head").revision.0;
    let detail = format!("{} records, to the last one on disk", after - before);
    row("PostgreSQL: uses from 3 processes together", rate, "a second", Bar::Least(100_000.0), &detail);
}

fn timed(work: impl FnOnce()) -> Duration {
    let began = now();
    work();
    began.elapsed()
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}
