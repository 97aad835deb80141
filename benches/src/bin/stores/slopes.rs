//! What limits many of something on one server: how much of it there is with one, two, four and eight.

use std::time::Duration;

use jit_access::clock::{Clock, SystemClock};
use jit_access::model::*;
use jit_access::store::{Batch, PostgresOptions, PostgresStore, Store};
use jit_access_benches::report::{Bar, row};

use super::on_server;
use super::server::Server;
use super::work::{Busy, Worker, host, now, run};

const COUNTS: [usize; 4] = [1, 2, 4, 8];

pub(crate) fn measure(time: Duration) {
    let Some(server) = Server::start("") else { return };
    let told =
        |what: &str, count: usize, value: f64, unit: &str| row(&format!("{what}, {count}"), value, unit, Bar::None, "");
    for count in COUNTS {
        told(
            "processes that command",
            count,
            run(count, "commands", &on_server(&server, &format!("c{count}")), time),
            "commands a second",
        );
    }
    for count in COUNTS {
        let config = on_server(&server, &format!("u{count}"));
        let host = host(&config);
        let mut busy = Busy::new(&host);
        (0..2).for_each(|_| busy.command());
        told("processes that use", count, run(count, "checks", &config, time), "uses a second");
        host.close().expect("it closes");
    }
    for count in COUNTS {
        let config = on_server(&server, "idle");
        let mut all: Vec<_> = (0..count).map(|_| Worker::start("nothing", &config)).collect();
        let before = server_cpu(&server);
        let began = now();
        all.iter_mut().for_each(|one| one.say(&time.as_millis().to_string()));
        all.iter_mut().for_each(|one| drop(one.hear()));
        let percent = (server_cpu(&server) - before) / began.elapsed().as_secs_f64() * 100.0;
        told("processes that do nothing", count, percent, "% of a core of the server");
    }
    let lists = on_server(&server, "lists");
    let mut busy = Busy::new(&host(&lists));
    (0..302).for_each(|_| busy.command());
    for count in COUNTS {
        told("processes that list", count, run(count, "lists", &lists, time), "pages a second");
    }
    for grants in [1_000, 10_000, 50_000] {
        let schema = format!("g{grants}");
        let options = PostgresOptions { schema: schema.clone(), ..PostgresOptions::default() };
        let store = PostgresStore::open(server.url(), options).expect("a store");
        fill(&store, grants);
        drop(store);
        let (before, began) = (memory(), now());
        let open = host(&on_server(&server, &schema));
        told("live grants, to the first answer", grants, began.elapsed().as_secs_f64() * 1_000.0, "ms");
        told("live grants, memory of a process", grants, (memory() - before) / 1_024.0, "KiB");
        drop(open);
    }
}

/// So many live grants, each of somebody else.
fn fill(store: &dyn Store, count: usize) {
    let now = SystemClock::default().wall();
    let at = |millis: i64| Timestamp::from_millis(millis).expect("an instant");
    let role = RoleName::new("deployer").expect("a name");
    let gives = PermissionSet::new([Permission::new("tools.execute").expect("a permission")]).expect("permissions");
    let window = Window::new(at(now - 1_000), at(now + 3_600_000)).expect("a window");
    let events: Vec<Event> = (1..=count as u128)
        .map(|number| {
            let (grant, request) = (GrantId::from_u128(number), RequestId::from_u128(number));
            let holder = Principal::user(&format!("dev-{number}@example.com")).expect("a name");
            let by = Actor::Rule("bench".into());
            let grant = Grant::new(grant, request, holder, role.clone(), gives.clone(), window, by.clone());
            Event { at: at(now), by, fact: Fact::GrantCreated(Box::new(grant)) }
        })
        .collect();
    for events in events.chunks(1_000) {
        store.commit(&Batch { events: events.to_vec(), ..Batch::default() }).expect("a commit");
    }
}

/// Seconds of a core that the server and its processes have taken.
fn server_cpu(server: &Server) -> f64 {
    let own = std::fs::read_to_string(server.folder().join("data/postmaster.pid")).expect("its number");
    let own = own.lines().next().expect("a number").to_owned();
    let stats = std::fs::read_dir("/proc").expect("processes").flatten();
    let ticks = stats.filter_map(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let (head, rest) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let is_own = head.split(' ').next() == Some(&own) || fields[1] == own;
        is_own.then(|| fields[11].parse::<f64>().unwrap_or(0.0) + fields[12].parse::<f64>().unwrap_or(0.0))
    });
    ticks.sum::<f64>() / 100.0
}

/// How many bytes this process has in memory.
fn memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/statm").expect("its memory");
    status.split(' ').nth(1).and_then(|pages| pages.parse::<f64>().ok()).expect("a number") * 4_096.0
}
