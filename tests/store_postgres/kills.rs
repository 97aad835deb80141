//! Is what was acknowledged there, and told, whatever is killed?
//!
//! | variable | meaning |
//! |---|---|
//! | `KILLS` | how many times a process or the server is killed; 12 when not set |
//! | `KILLS_SEED` | the seed of the moments, in decimal; printed, and a fresh one when not set |

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use jit_access::command::{Approve, Revoke, Submit};
use jit_access::config::Config;
use jit_access::host::Host;
use jit_access::model::{Fact, GrantId, Justification, Revision, RoleName};
use jit_access::notify::{FnChannel, Sent};
use jit_access::store::conformance::world::Dice;
use jit_access::store::{PostgresStore, Reads, RecordQuery, Store};

use super::patient;
use super::server::Server;
use super::worker::{allows, caller, lead};

const CONFIG: &str = "KILLED_CONFIG";
const NUMBER: &str = "KILLED_NUMBER";
/// How long a revocation may go unnoticed by another process, and what a loaded machine may add.
const BOUND: Duration = Duration::from_millis(1_000);
const SLACK: Duration = Duration::from_millis(500);

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    if out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush()).is_err() {
        std::process::exit(1);
    }
}

fn told_by() -> FnChannel {
    FnChannel::new(|outgoing| {
        for notice in outgoing.notices {
            say(&format!("told {} {}", notice.kind, notice.grant_id.as_deref().unwrap_or("-")));
        }
        Ok(Sent::default())
    })
}

/// Not a test of its own: what is killed. Without its variables it returns at once.
#[test]
fn worker() {
    let (Ok(text), Ok(number)) = (std::env::var(CONFIG), std::env::var(NUMBER)) else { return };
    say("");
    let host: Host = loop {
        match Config::parse(&text, []).unwrap().open() {
            Ok(host) => break host,
            Err(_) => thread::sleep(Duration::from_millis(50)),
        }
    };
    host.add_channel("pager", told_by()).unwrap();
    let workflow = host.workflow();
    for count in 0_u64.. {
        let name = format!("dev-{number}-{count}@example.com");
        let submit = Submit::new(RoleName::new("deployer").unwrap()).reason(Justification::new("INC-1").unwrap());
        let Ok(made) = workflow.execute(&caller(&name, &[]), submit, None) else { continue };
        let Ok(given) = workflow.execute(&lead(), Approve::new(made.request.unwrap().id), None) else { continue };
        let grant = given.grant.unwrap().id;
        say(&format!("granted {grant} {name}"));
        if count % 2 == 0 {
            let revoke = Revoke::new(grant, Justification::new("over").unwrap());
            match workflow.execute(&lead(), revoke, None) {
                Ok(receipt) if receipt.durable => say(&format!("revoked {grant} {name}")),
                _ => {}
            }
        }
    }
}

/// What has been said by all, and when it was heard.
#[derive(Default)]
struct Heard {
    granted: BTreeSet<GrantId>,
    revoked: BTreeMap<GrantId, (String, Instant)>,
    told: BTreeSet<GrantId>,
}

impl Heard {
    fn hear(&mut self, line: &str, at: Instant) {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["granted", grant, _] => drop(self.granted.insert(grant.parse().unwrap())),
            ["revoked", grant, name] => {
                self.revoked.insert(grant.parse().unwrap(), (name.to_owned(), at));
            }
            ["told", "grant_revoked", grant] => drop(self.told.insert(grant.parse().unwrap())),
            _ => {}
        }
    }
}

fn start(config: &str, number: usize, said: &Sender<(String, Instant)>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "kills::worker", "--nocapture", "--test-threads=1"]);
    command.env(CONFIG, config).env(NUMBER, number.to_string()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let (out, said) = (child.stdout.take().unwrap(), said.clone());
    thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            let _ = said.send((line, Instant::now()));
        }
    });
    child
}

#[test]
fn nothing_acknowledged_is_lost_whoever_is_killed() {
    let kills: usize = std::env::var("KILLS").map_or(12, |text| text.parse().unwrap());
    let seed = std::env::var("KILLS_SEED")
        .map_or_else(|_| RandomState::new().build_hasher().finish(), |text| text.parse().unwrap());
    let Some(server) = Server::start("") else { return };
    println!("KILLS: seed {seed}");
    let mut dice = Dice::new(seed);
    let text = format!(
        "jit_access: {{approver_roles: [lead], roles: {{deployer: {{permissions: [tools.execute]}}}}, \
         limits: {{grants_total: 100000}}, service: {{max_staleness_ms: {}}}, \
         notifications: {{channels: {{pager: {{kind: host}}}}}}, \
         store: {{url: 'postgresql://jit@127.0.0.1:{}/postgres'}}}}",
        BOUND.as_millis(),
        server.port
    );
    let onlooker = Config::parse(&text, []).unwrap().open().unwrap();
    let (said, heard) = channel();
    let mut all = Heard::default();
    let mut workers: Vec<_> = (0..3).map(|number| start(&text, number, &said)).collect();
    let (mut of_server, mut late) = (0, 0);
    // Both begin to work before anybody dies.
    let mut listen = |all: &mut Heard, until: Instant| {
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            if let Ok((line, at)) = heard.recv_timeout(left.min(Duration::from_millis(5))) {
                all.hear(&line, at);
            }
            // What was revoked longer ago than the bound is not honoured by somebody else.
            let over = |(_, at): &&(String, Instant)| at.elapsed() > BOUND + SLACK;
            for (name, _) in all.revoked.values().rev().filter(over).take(5) {
                assert!(!allows(onlooker.engine(), name), "{name} was revoked and is honoured");
                late += 1;
            }
        }
    };
    listen(&mut all, Instant::now() + Duration::from_secs(2));
    for kill in 0..kills {
        listen(&mut all, Instant::now() + Duration::from_millis(50 + dice.roll() % 600));
        match dice.below(3) {
            0 => {
                server.kill();
                listen(&mut all, Instant::now() + Duration::from_millis(dice.roll() % 1_500));
                server.resume();
                of_server += 1;
            }
            _ => {
                let one = dice.below(workers.len());
                workers[one].kill().unwrap();
                workers[one].wait().unwrap();
                workers[one] = start(&text, 100 + kill, &said);
            }
        }
    }
    listen(&mut all, Instant::now() + Duration::from_secs(2));
    for worker in &mut workers {
        worker.kill().unwrap();
        worker.wait().unwrap();
    }
    while let Ok((line, at)) = heard.recv_timeout(Duration::from_millis(500)) {
        all.hear(&line, at);
    }

    let store = PostgresStore::open(server.url(), patient("jit_access")).unwrap();
    let count = store.verify().unwrap();
    let (mut made, mut ended) = (BTreeMap::<GrantId, u32>::new(), BTreeMap::<GrantId, u32>::new());
    let (_, records) = store.records(&RecordQuery::after(Revision::ZERO, usize::MAX >> 1)).unwrap();
    for record in &records {
        match &record.event.fact {
            Fact::GrantCreated(grant) => *made.entry(grant.id).or_default() += 1,
            Fact::GrantRevoked { grant, .. } => *ended.entry(*grant).or_default() += 1,
            _ => {}
        }
    }
    assert_eq!(records.len() as u64, count);
    assert!(all.granted.iter().all(|grant| made.get(grant) == Some(&1)), "a grant was lost or doubled");
    assert!(all.revoked.keys().all(|grant| ended.get(grant) == Some(&1)), "a revocation was lost or doubled");

    // What nobody was told of waits still: it was leased by somebody who is dead.
    let patience = Instant::now() + Duration::from_secs(if kills > 50 { 400 } else { 5 });
    let told = std::sync::Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let ours = std::sync::Arc::clone(&told);
    let channel = FnChannel::new(move |outgoing| {
        ours.lock().unwrap().extend(outgoing.notices.iter().filter_map(|notice| notice.grant_id.clone()));
        Ok(Sent::default())
    });
    onlooker.add_channel("pager", channel).unwrap();
    let missing = || {
        let told = told.lock().unwrap();
        ended.keys().filter(|grant| !all.told.contains(grant) && !told.contains(&grant.to_string())).count() as u64
    };
    let waiting = || {
        let now = onlooker.engine().now();
        store.waiting_notices(now).unwrap() + store.channel_counts().unwrap().iter().map(|one| one.waiting).sum::<u64>()
    };
    while (missing() > 0 || waiting() > 0) && Instant::now() < patience {
        thread::sleep(Duration::from_millis(100));
    }
    println!(
        "KILLS: {kills}, {of_server} of them of the server; {count} records, {} grants and {} revocations acknowledged, {late} \
         looks at what was revoked, {} notices of an end, {} still leased",
        all.granted.len(),
        all.revoked.len(),
        ended.len(),
        waiting()
    );
    assert!(missing() <= waiting(), "{} are told by nobody, and {} wait", missing(), waiting());
    assert!(kills <= 50 || missing() == 0, "{} were told by nobody", missing());
    assert!(!all.granted.is_empty() && !all.revoked.is_empty() && late > 0);
}
