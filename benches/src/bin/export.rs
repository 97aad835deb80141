//! What reading a long record costs: `export [uses]`, in lines for `run.py`.
//!
//! It has a SQLite store made with so many uses (100,000 unless said) by itself as `export <uses> <path>`, and says how long the slowest page of any filter and of any
//! pair of filters takes, how many records a second each export writes, and how much memory the process has taken. Needs the
//! feature `faces`.

use std::time::{Duration, Instant};

use jit_access::command::{ExportRecords, ListRecords};
use jit_access::internal::wire::export;
use jit_access::model::*;
use jit_access::service::{Builder, Engine};
use jit_access::store::conformance::week::{Week, rules};
use jit_access::store::{RecordQuery, SqliteOptions, SqliteStore, Store};
use jit_access_benches::report::{Bar, row, times};

fn main() {
    let uses = std::env::args().nth(1).map_or(100_000, |text| text.parse().expect("a number"));
    if let Some(path) = std::env::args().nth(2) {
        let store = SqliteStore::open(path, SqliteOptions::default()).expect("a store");
        return Week { uses, grants: (uses / 500).max(24), ..Week::whole() }.record(&store);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("jit.db");
    // In a process of its own: the plan of a week takes more memory than anything here.
    let itself = std::env::current_exe().expect("this program");
    let filled = std::process::Command::new(itself).arg(uses.to_string()).arg(&path).status().expect("a process");
    assert!(filled.success(), "the store could not be filled");
    let store = SqliteStore::open(&path, SqliteOptions::default()).expect("a store");
    let last = store.head().expect("the head").revision;
    let singles = singles(&store, last);
    let engine = Builder::new(store, rules()).open().expect("an engine");

    // Before the pages, which keep what they have read of the file.
    for format in ExportFormat::ALL {
        let wanted = ExportRecords::default().format(format);
        let (took, count) =
            timed(|| export::write(&engine.workflow(), &auditor(), &wanted, &mut std::io::sink()).expect("an export"));
        let rate = count as f64 / took.as_secs_f64();
        let detail = format!("{count} records");
        row(&format!("exported as {}", format.name()), rate, "records a second", Bar::Least(100_000.0), &detail);
    }
    row("memory to export", memory() as f64 / 1_024.0, "MiB", Bar::Most(64.0), "the whole process");
    pages(&engine, &singles, last);
}

fn auditor() -> Caller {
    Caller::new(Principal::user("lea@example.com").expect("a name"), vec![RoleName::new("team-lead").expect("a name")])
}

/// Every part of the filter alone, with values that many, few and no records have.
fn singles(store: &dyn Store, last: Revision) -> Vec<(usize, RecordFilter)> {
    let (_, first) = store.records(&RecordQuery::after(Revision::ZERO, 2_000)).expect("records");
    let (_, middle) = store.records(&RecordQuery::after(Revision(last.0 / 2), 1)).expect("a record");
    let grant = first.iter().find_map(|record| match &record.event.fact {
        Fact::GrantCreated(grant) => Some((grant.id, grant.request)),
        _ => None,
    });
    let (grant, request) = grant.expect("a grant");
    let at = middle.first().expect("a record").event.at;
    let user = |name: &str| Principal::user(&format!("{name}@example.com")).ok();
    let none = RecordFilter::default;
    let parts: Vec<Vec<RecordFilter>> = vec![
        vec![RecordFilter { grant: Some(grant), ..none() }],
        vec![RecordFilter { request: Some(request), ..none() }],
        ["person00", "lea", "nobody"].map(|name| RecordFilter { person: user(name), ..none() }).into(),
        ["bot04", "bot99"].map(|name| RecordFilter { agent: Principal::agent(name).ok(), ..none() }).into(),
        ["leo", "sol", "nobody"].map(|name| RecordFilter { approver: user(name), ..none() }).into(),
        ["tool-runner", "db-admin"].map(|name| RecordFilter { role: RoleName::new(name).ok(), ..none() }).into(),
        ["tools.execute", "db.migrate"]
            .map(|text| RecordFilter { permission: Permission::new(text).ok(), ..none() })
            .into(),
        ["tool", "server:s1", "tool:t3"].map(|text| RecordFilter { resource: text.parse().ok(), ..none() }).into(),
        RecordResult::ALL.map(|result| RecordFilter { result: Some(result), ..none() }).into(),
        ["grant_used", "grant_created", "clock_accepted"]
            .map(|kind| RecordFilter { event: kind.parse().ok(), ..none() })
            .into(),
        vec![RecordFilter { from: Some(at), ..none() }],
        vec![RecordFilter { until: Some(at), ..none() }],
        ["märz", "nowhere at all"].map(|text| RecordFilter { text: text.parse().ok(), ..none() }).into(),
    ];
    parts.into_iter().enumerate().flat_map(|(part, all)| all.into_iter().map(move |one| (part, one))).collect()
}

/// Both filters at once.
fn both(one: &RecordFilter, other: &RecordFilter) -> RecordFilter {
    let (one, other) = (one.clone(), other.clone());
    RecordFilter {
        grant: one.grant.or(other.grant),
        request: one.request.or(other.request),
        person: one.person.or(other.person),
        agent: one.agent.or(other.agent),
        approver: one.approver.or(other.approver),
        role: one.role.or(other.role),
        permission: one.permission.or(other.permission),
        resource: one.resource.or(other.resource),
        result: one.result.or(other.result),
        event: one.event.or(other.event),
        from: one.from.or(other.from),
        until: one.until.or(other.until),
        text: one.text.or(other.text),
    }
}

/// The first page of every filter and every pair of them, from both ends.
fn pages(engine: &Engine, singles: &[(usize, RecordFilter)], last: Revision) {
    let mut filters: Vec<RecordFilter> = singles.iter().map(|(_, one)| one.clone()).collect();
    for (part, one) in singles {
        filters.extend(singles.iter().filter(|(other, _)| other > part).map(|(_, other)| both(one, other)));
    }
    let mut pages = Vec::new();
    for filter in &filters {
        for order in RecordOrder::ALL {
            let list = ListRecords::new(filter.clone()).order(order);
            let [before, _] = times();
            let (took, _) = timed(|| engine.workflow().journal(&auditor(), &list).expect("a page"));
            pages.push((took, times()[0].saturating_sub(before), order, filter));
        }
    }
    let longest = pages.iter().map(|(_, own, ..)| *own).max().unwrap_or_default();
    pages.sort_by_key(|(took, ..)| *took);
    let (Some((worst, _, order, filter)), Some((median, ..))) = (pages.last(), pages.get(pages.len() / 2)) else {
        return;
    };
    let named = filter.topics().iter().map(|topic| format!("{topic:?}")).collect::<Vec<_>>().join(" and ");
    let detail = format!(
        "{last} records, {} filters; median {median:.1?}, longest own time {longest:.1?}; {}: {named}",
        filters.len(),
        order.name()
    );
    row("the slowest page of any filter or pair", worst.as_secs_f64() * 1_000.0, "ms", Bar::Most(50.0), &detail);
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let done = work();
    (start.elapsed(), done)
}

/// The most memory that this process has had, in KiB; 0 where the system does not say.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}
