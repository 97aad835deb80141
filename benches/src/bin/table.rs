//! All that is measured in Rust, a line each: `cargo run --release -p jit-access-benches --bin table [-- grants…]`.
//! Without arguments 100, 10,000, 100,000 and 1,000,000 grants. With the feature `peers` other engines take part; with
//! `faces` `table faces` measures nothing but text, C and SQLite. `make bench` makes one table of it and of what is
//! measured elsewhere.

use std::time::Duration;

use jit_access::internal::index::{Change, GrantIndex};
use jit_access::model::{Outcome, Revision};
use jit_access_benches::in_memory;
use jit_access_benches::measure::{Contender, Turns, compare, median, once, throughput};
use jit_access_benches::report::{Bar, point, row, say};
use jit_access_benches::structures::{Floor, Locked, Map, Sharded, Swapped};
use jit_access_benches::workload::{Question, World, fresh, now};

const QUESTIONS: usize = 200_000;

fn main() {
    let quick = std::env::var_os("QUICK").is_some();
    #[cfg(feature = "faces")]
    if std::env::args().nth(1).is_some_and(|what| what == "faces") {
        faces::stores(10_000, &World::new(10_000, QUESTIONS), quick);
        return;
    }
    let mut sizes: Vec<usize> =
        std::env::args().skip(1).map(|size| size.parse().expect("a number of grants")).collect();
    if sizes.is_empty() {
        sizes = vec![100, 10_000, 100_000, 1_000_000];
    }
    let turns: usize = if quick { 15 } else { 61 };
    for grants in sizes {
        say(&format!("{grants} grants"));
        let world = World::new(grants, QUESTIONS);
        let index = GrantIndex::new();
        let (_, load) = once(|| index.replace(Revision(1), &world.grants));
        agree(&index, &world);
        let floor = Floor::new(&world.grants);
        let now = now();
        let floor = Contender::new("one hashbrown get", |q| floor.get(&q.query()));
        let ours = Contender::new("jit-access", |q| index.decide(&q.query(), now));
        let mut checks = <[Turns; 3]>::default();
        let mut more = || {
            for (turns_taken, (_, questions)) in checks.iter_mut().zip(SORTS) {
                turns_taken.more(&ours, &floor, questions(&world), turns.div_ceil(3));
            }
        };
        more();
        if grants != 100_000 {
            structures(grants, &world, &floor, turns / 3);
        }
        more();
        #[cfg(feature = "peers")]
        beside::engines(grants, &world, &ours, quick);
        more();
        rows(grants, &checks);
        if grants >= 10_000 && grants != 100_000 {
            threads(grants, &world, &ours, &index, quick);
        }
        if grants >= 1_000_000 {
            writes(&world, &index, load);
        }
        #[cfg(feature = "faces")]
        faces::stores(grants, &world, quick);
        if grants == 10_000 || grants == 1_000_000 {
            from_text(grants, turns.div_ceil(3));
        }
    }
}

/// What hosts do: a check from text, over permission sets that no two grants share.
fn from_text(grants: usize, turns: usize) {
    let world = World::unshared(grants, QUESTIONS);
    let engine = in_memory::open(&world.grants);
    let decider = engine.decider();
    let floor = Floor::new(&world.grants);
    let floor = Contender::new("one hashbrown get", |q| floor.get(&q.query()));
    let ours = Contender::new("jit-access", |q| in_memory::allows(&decider, q));
    let bars = if grants == 10_000 { [2.0, 3.0, 10.0] } else { [0.6, 1.3, 4.0] };
    for ((sort, questions), bar) in SORTS.into_iter().zip(bars) {
        for question in &questions(&world)[..20_000] {
            assert_eq!(in_memory::allows(&decider, question), question.given, "{question:?}");
        }
        let taken = compare(&ours, &floor, questions(&world), turns);
        let detail = format!("{:.1} ns, one hashbrown get {:.1} ns", taken.nanos, taken.other);
        let what = format!("from text, unshared permission sets: {sort}, {grants} grants");
        row(&what, taken.ratio, "× one hashbrown get", Bar::Most(bar), &detail);
    }
}

/// A wrong answer is not a fast one.
fn agree(index: &GrantIndex, world: &World) {
    for question in world.misses.iter().chain(&world.mixed).chain(&world.hits) {
        let given = index.decide(&question.query(), now()).outcome == Outcome::Allow;
        assert_eq!(given, question.given, "{question:?}");
    }
}

const SORTS: [(&str, fn(&World) -> &[Question]); 3] =
    [("no grant", |world| &world.misses), ("mixed", |world| &world.mixed), ("hit", |world| &world.hits)];

/// Ours against one look into a map.
fn rows(grants: usize, checks: &[Turns]) {
    let bars: [(usize, [f64; 3]); 2] = [(10_000, [1.5, 2.0, 5.0]), (1_000_000, [0.8, 1.0, 3.0])];
    let bars = bars.iter().find(|(size, _)| *size == grants).map(|(_, bars)| *bars);
    for (n, ((sort, _), turns)) in SORTS.into_iter().zip(checks).enumerate() {
        let taken = turns.taken();
        let bar = bars.map_or(Bar::None, |bars| Bar::Most(bars[n]));
        let detail = format!("{:.1} ns, one hashbrown get {:.1} ns", taken.nanos, taken.other);
        row(&format!("{sort}, {grants} grants"), taken.ratio, "× one hashbrown get", bar, &detail);
        if sort == "mixed" {
            point("one hashbrown get", grants, taken.other);
            point("jit-access", grants, taken.nanos);
        }
    }
}

/// What the index was chosen among, against one look into a map.
fn structures(grants: usize, world: &World, floor: &Contender<'_>, turns: usize) {
    let (locked, swapped) = (Locked::new(&world.grants), Swapped::new(&world.grants));
    let sharded = Sharded::new(&world.grants);
    let now = now();
    let others = [
        Contender::new("arc-swap, whole map", |q| swapped.decide(&q.query(), now)),
        Contender::new("dashmap", |q| sharded.decide(&q.query(), now)),
        Contender::new("parking_lot RwLock", |q| locked.decide(&q.query(), now)),
    ];
    for other in &others {
        for (sort, questions) in SORTS {
            let taken = compare(other, floor, questions(world), turns);
            let detail = format!("{:.1} ns", taken.nanos);
            let what = format!("{}: {sort}, {grants} grants", other.name);
            row(&what, taken.ratio, "× one hashbrown get", Bar::None, &detail);
            if sort == "mixed" && other.name == "dashmap" {
                point(other.name, grants, taken.nanos);
            }
        }
    }
    let names = |n: usize| world.grants[n * 31 % world.grants.len()].holder.id();
    let (lock, shard) = (|n: usize| locked.change(names(n)), |n: usize| sharded.change(names(n)));
    if grants == 10_000 {
        scaling(grants, world, &others[1], Some(&shard), Bar::None, 3);
        scaling(grants, world, &others[2], Some(&lock), Bar::None, 3);
    }
}

type Writer<'a> = Option<&'a (dyn Fn(usize) + Sync)>;

/// Ours with two threads, alone and beside a writer.
fn threads(grants: usize, world: &World, ours: &Contender<'_>, index: &GrantIndex, quick: bool) {
    let change = |n: usize| {
        let grant = fresh(n);
        index.publish(Revision(n as u64 + 2), [Change::Add(&grant)]);
        if n >= 500 {
            index.publish(Revision(n as u64 + 2), [Change::Remove(fresh(n - 500).id)]);
        }
    };
    let times = if quick { 3 } else { 7 };
    scaling(grants, world, ours, None, Bar::None, times);
    scaling(grants, world, ours, Some(&change), Bar::Least(1.8), times);
}

/// How much more two threads get done than one.
fn scaling(grants: usize, world: &World, contender: &Contender<'_>, writer: Writer<'_>, bar: Bar, times: usize) {
    let run = |threads| throughput(contender, &world.mixed, threads, writer, Duration::from_millis(200));
    let runs: Vec<_> = (0..times).map(|_| (run(1), run(2))).collect();
    let of = |pick: fn(&(f64, f64)) -> f64| median(&runs.iter().map(pick).collect::<Vec<_>>());
    let beside = if writer.is_some() { ", beside 1,000 changes a second" } else { "" };
    let what = format!("{}: 2 threads{beside}, {grants} grants", contender.name);
    let detail = format!("{:.1} and {:.1} million a second", of(|r| r.0), of(|r| r.1));
    row(&what, of(|r| r.1 / r.0), "× one thread", bar, &detail);
}

/// Loading, inserting, revoking, memory.
fn writes(world: &World, index: &GrantIndex, load: f64) {
    // A map has to make its own copy of each key, as the index does of all that it keeps.
    let copied = || once(|| Floor::new(&world.grants)).1;
    // The least there is: a million keys that exist already are moved into a map of the final size.
    let keys = || -> Vec<Box<str>> {
        (0..).zip(&world.grants).map(|(n, grant): (u64, _)| format!("{}{n}", grant.holder.id()).into()).collect()
    };
    let moved = || {
        let keys = keys();
        once(|| -> Map<u64> { keys.into_iter().zip(0..).collect() }).1
    };
    let mut loads = vec![(load, copied(), moved())];
    for _ in 0..6 {
        let again = GrantIndex::new();
        let (_, load) = once(|| again.replace(Revision(1), &world.grants));
        loads.push((load, copied(), moved()));
    }
    let of = |pick: fn(&(f64, f64, f64)) -> f64| median(&loads.iter().map(pick).collect::<Vec<_>>());
    let detail = |other: f64| format!("{:.0} ms, hashbrown {:.0} ms", of(|l| l.0) / 1e6, other / 1e6);
    let (what, unit) = ("bulk load of 1,000,000 grants", "× hashbrown's of the same grants");
    row(what, of(|l| l.0 / l.1), unit, Bar::Most(2.0), &detail(of(|l| l.1)));
    let unit = "× hashbrown's of a million keys that it need not copy";
    row(what, of(|l| l.0 / l.2), unit, Bar::None, &detail(of(|l| l.2)));

    let mut map: Map<u64> = keys().into_iter().zip(0..).collect();
    let new: Vec<_> = (200_000..208_000).map(fresh).collect();
    let mut times = Vec::new();
    for grants in new.chunks(100) {
        let per = grants.len() as f64;
        let names: Vec<Box<str>> = grants.iter().map(|grant| grant.holder.id().into()).collect();
        let floor = once(|| names.into_iter().for_each(|name| _ = map.insert(name, 1))).1 / per;
        let insert = once(|| grants.iter().for_each(|g| index.publish(Revision(3), [Change::Add(g)]))).1 / per;
        let revoke = once(|| grants.iter().for_each(|g| index.publish(Revision(3), [Change::Remove(g.id)]))).1 / per;
        times.push((floor, insert, revoke));
    }
    let of = |pick: fn(&(f64, f64, f64)) -> f64| median(&times.iter().map(pick).collect::<Vec<_>>());
    let detail = |nanos: f64| format!("{nanos:.0} ns, hashbrown {:.0} ns", of(|t| t.0));
    row("one insert", of(|t| t.1 / t.0), "× one insert of hashbrown", Bar::Most(20.0), &detail(of(|t| t.1)));
    row("one revoke", of(|t| t.2 / t.0), "× one insert of hashbrown", Bar::Most(10.0), &detail(of(|t| t.2)));
    let bytes = index.bytes() as f64 / index.len().max(1) as f64;
    row("memory of the index at 1,000,000 grants", bytes, "bytes a grant", Bar::Most(150.0), "");
}

#[cfg(feature = "faces")]
fn right(questions: &[Question], few: usize, allows: impl Fn(&Question) -> bool) {
    for question in &questions[..few] {
        assert_eq!(allows(question), question.given, "{question:?}");
    }
}

#[cfg(feature = "peers")]
mod beside {
    use jit_access_benches::measure::{Contender, compare};
    use jit_access_benches::peers::{Casbin, Cedar, Regorus, policies, sliced};
    use jit_access_benches::report::{Bar, point, row, say};
    use jit_access_benches::workload::{Question, World, now};

    use super::right;

    /// Ours against another engine, which must answer as the workload says.
    fn against(
        what: &str,
        questions: &[Question],
        ours: &Contender<'_>,
        other: &Contender<'_>,
        turns: usize,
        bar: Bar,
    ) -> f64 {
        let taken = compare(other, ours, questions, turns);
        let detail = format!("{:.0} ns, jit-access {:.1} ns", taken.nanos, taken.other);
        row(&format!("{}: {what}", other.name), taken.ratio, "× jit-access", bar, &detail);
        taken.nanos
    }

    pub(super) fn engines(grants: usize, world: &World, ours: &Contender<'_>, quick: bool) {
        let turns = if quick { 5 } else { 11 };
        let cedar = Cedar::default();
        let size = format!("mixed, {grants} grants");
        if grants <= 10_000 || (grants == 100_000 && !quick) {
            say("  Cedar with all grants as policies");
            let all = policies(&world.grants);
            // A check takes milliseconds, and as long for one question as for the next.
            let turn = (20_000 / grants).clamp(1, 64);
            right(&world.mixed, turn.min(20), |q| cedar.allows(&all, q));
            let bar = match grants {
                10_000 => Bar::Least(200_000.0),
                100_000 => Bar::Least(2_000_000.0),
                _ => Bar::None,
            };
            let other = Contender::slow("Cedar, all grants as policies", turn, |q| cedar.allows(&all, q));
            let turns = if grants > 10_000 { 5 } else { turns };
            point("Cedar, all grants", grants, against(&size, &world.mixed, ours, &other, turns, bar));
        }
        if grants <= 10_000 {
            say("  Cedar with the holder's own policies");
            let own = sliced(&world.grants);
            let asks = |q: &Question| own.get(q.principal.id()).is_some_and(|own| cedar.allows(own, q));
            right(&world.mixed, 2_000, asks);
            let other = Contender::slow("Cedar, the holder's own policies", 256, asks);
            let bar = if grants == 10_000 { Bar::Least(100.0) } else { Bar::None };
            against(&format!("hit, {grants} grants"), &world.hits, ours, &other, turns, bar);
            point("Cedar, holder's own", grants, against(&size, &world.mixed, ours, &other, turns, Bar::None));

            say("  casbin");
            let casbin = Casbin::new(&world.grants);
            let now = now().to_string();
            let turn = (20_000 / grants).clamp(1, 64);
            right(&world.mixed, turn.min(20), |q| casbin.allows(q, &now));
            let other = Contender::slow("casbin", turn, |q| casbin.allows(q, &now));
            point("casbin", grants, against(&size, &world.mixed, ours, &other, turns, Bar::None));
        }
        if grants <= 100_000 {
            say("  regorus");
            let regorus = Regorus::new(&world.grants);
            right(&world.mixed, 2_000, |q| regorus.allows(q, now()));
            let other = Contender::slow("regorus, keyed by principal", 256, |q| regorus.allows(q, now()));
            let bar = if grants >= 10_000 { Bar::Least(100.0) } else { Bar::None };
            point("regorus, keyed", grants, against(&size, &world.mixed, ours, &other, turns, bar));
        }
    }
}

#[cfg(feature = "faces")]
mod faces {
    use std::path::PathBuf;

    use jit_access::check::Check;
    use jit_access::model::Query;
    use jit_access_benches::measure::{Contender, compare, median, once};
    use jit_access_benches::report::{Bar, row, say};
    use jit_access_benches::workload::{Question, World, lines};
    use jit_access_benches::{in_memory, stored};

    use super::{SORTS, right};

    /// The same grants in a SQLite file: how long until the first answer; and asked through C.
    pub(super) fn stores(grants: usize, world: &World, quick: bool) {
        let most = if quick { 100_000 } else { 1_000_000 };
        if grants != 10_000 && grants != most {
            return;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("grants.db");
        say("  writing a SQLite store");
        stored::write(&path, &world.grants);
        if grants == most {
            let times: Vec<_> = (0..3)
                .map(|_| {
                    let (rows, plain) = once(|| stored::plain(&path));
                    assert_eq!(rows, world.grants.len());
                    let (right, ours) = once(|| stored::agrees(&stored::open(&path), &world.hits[0]));
                    assert!(right);
                    (plain, ours)
                })
                .collect();
            let of = |pick: fn(&(f64, f64)) -> f64| median(&times.iter().map(pick).collect::<Vec<_>>());
            let detail = format!("{:.2} s, plain SQL {:.2} s", of(|t| t.1) / 1e9, of(|t| t.0) / 1e9);
            let what = format!("SQLite store of {grants} live grants, to the first answer");
            row(&what, of(|t| t.1 / t.0), "× its rows by plain SQL", Bar::Most(3.0), &detail);
        }
        if grants == 10_000 {
            faces(&path, world, quick);
        }
    }

    fn faces(path: &std::path::Path, world: &World, quick: bool) {
        let turns = if quick { 15 } else { 41 };
        let out = std::env::var_os("JIT_BENCH_WORLD").map(PathBuf::from);
        if let Some(out) = &out {
            std::fs::copy(path, out.join("grants.db")).expect("a copy of the store");
        }
        let engine = stored::open(path);
        let decider = engine.decider();
        let raw = |q: &Question| in_memory::allows(&decider, q);
        right(&world.mixed, 20_000, raw);
        let values = Contender::new("jit-access, from values", |q| {
            decider.check(&Check::new(q.query()).peek()).expect("values").outcome
        });
        let text = Contender::new("jit-access, from text", raw);
        for (sort, questions) in SORTS {
            let taken = compare(&text, &values, questions(world), turns);
            let detail = format!("{:.1} ns, from values {:.1} ns", taken.nanos, taken.other);
            row(&format!("Rust from text: {sort}, 10000 grants"), taken.ratio, "× from values", Bar::None, &detail);
        }
        let resources: Vec<_> = world.misses[..100].iter().map(|q| q.resource.clone()).collect();
        let many = Contender::slow("check_many", 256, |q: &Question| {
            let check = |resource| Check::new(Query { resource, ..q.query() }).peek();
            decider.check_many(resources.iter().map(check)).expect("values").len()
        });
        for (sort, questions) in [("no grant", &world.misses), ("hit", &world.hits)] {
            let taken = compare(&many, &values, questions, turns);
            let detail = format!("{:.1} ns for each of 100 resources", taken.nanos / 100.0);
            row(
                &format!("Rust check_many, without uses: {sort}, 10000 grants"),
                taken.ratio / 100.0,
                "× a check",
                Bar::None,
                &detail,
            );
        }
        let Some(library) = std::env::var_os("JIT_LIBRARY").map(PathBuf::from) else {
            say("SKIPPED: C through dlopen, because JIT_LIBRARY does not name libjit_access");
            return;
        };
        let c = stored::C::open(&library, path, 0);
        right(&world.mixed, 20_000, |q| c.allows(q));
        let other = Contender::new("C through dlopen", |q| c.allows(q));
        for (sort, questions) in SORTS {
            let taken = compare(&other, &text, questions(world), turns);
            let bar = if sort == "mixed" { Bar::Most(1.5) } else { Bar::None };
            let detail = format!("{:.1} ns, Rust {:.1} ns", taken.nanos, taken.other);
            row(&format!("C through dlopen: {sort}, 10000 grants"), taken.ratio, "× the check in Rust", bar, &detail);
        }
        let long = "x".repeat(1_000_000);
        let refused = Contender::slow("a refusal", 2_048, |_: &Question| c.answer(b"a b@example.com", b"tools.read"));
        let bad: [(&str, &[u8], &[u8]); 3] = [
            ("empty", b"", b"tools.read"),
            ("a million bytes", long.as_bytes(), b"tools.read"),
            ("no UTF-8", b"\xff\xfe@example.com", b"tools.read"),
        ];
        for (name, principal, action) in bad {
            assert_eq!(c.answer(principal, action), None, "{name} is refused");
            let other = Contender::slow(name, 2_048, |_: &Question| c.answer(principal, action));
            let taken = compare(&other, &refused, &world.misses, turns);
            let detail = format!("{:.0} ns, another refusal {:.0} ns", taken.nanos, taken.other);
            row(&format!("C, bad input: {name}"), taken.ratio, "× a refusal", Bar::None, &detail);
        }
        if let Some(out) = out {
            write(&out, world);
        }
    }

    /// Python asks the same.
    fn write(out: &std::path::Path, world: &World) {
        for (name, questions) in [("misses", &world.misses), ("mixed", &world.mixed), ("hits", &world.hits)] {
            std::fs::write(out.join(name), lines(&questions[..20_000])).expect("a file");
        }
        #[cfg(feature = "peers")]
        {
            let asked = world.mixed[..20_000].iter().chain(&world.hits[..500]);
            let holders: std::collections::HashSet<_> = asked.map(|q| &q.principal).collect();
            let mut grants: std::collections::HashMap<_, Vec<_>> = std::collections::HashMap::new();
            for grant in world.grants.iter().filter(|grant| holders.contains(&grant.holder)) {
                grants.entry(grant.holder.id()).or_default().push(grant);
            }
            let own = grants.into_iter().map(|(holder, grants)| {
                let text = jit_access_benches::peers::policies(grants).to_cedar().expect("no templates");
                format!("{}\n", serde_json::json!([holder, text]))
            });
            std::fs::write(out.join("own"), own.collect::<String>()).expect("a file");
        }
    }
}
