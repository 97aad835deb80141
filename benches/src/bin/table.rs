//! The table and the picture. `cargo run --release -p jit-access-benches --bin table [-- grants…]`; without arguments
//! 100, 10,000 and 1,000,000 grants. With `--plot` it writes `docs/latency.svg`.

use std::time::Duration;

use jit_access::index::{Change, GrantIndex};
use jit_access::model::{Outcome, Revision};
use jit_access_benches::measure::{Ask, Taken, asking, compare, median, once, throughput};
use jit_access_benches::plot::{Line, draw};
use jit_access_benches::structures::{Floor, Locked, Map, Sharded, Swapped};
use jit_access_benches::workload::{World, fresh, now};

const QUESTIONS: usize = 200_000;
const TURNS: usize = 1_201;

fn main() {
    let (options, sizes): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let mut sizes: Vec<usize> = sizes.iter().map(|size| size.parse().expect("a number of grants")).collect();
    if sizes.is_empty() {
        sizes = vec![100, 10_000, 1_000_000];
    }
    let mut lines: Vec<Line> = Vec::new();
    let mut point = |name: &str, grants: usize, nanos: f64| match lines.iter_mut().find(|line| line.name == name) {
        Some(line) => line.points.push((grants as f64, nanos)),
        None => lines.push(Line { name: name.to_owned(), points: vec![(grants as f64, nanos)] }),
    };
    for grants in sizes {
        println!("\n## {grants} live grants\n");
        let world = World::new(grants, QUESTIONS);
        let index = GrantIndex::new();
        let (_, load) = once(|| index.replace(Revision(1), &world.grants));
        agree(&index, &world);
        let (floor, locked, swapped) =
            (Floor::new(&world.grants), Locked::new(&world.grants), Swapped::new(&world.grants));
        let sharded = Sharded::new(&world.grants);
        let now = now();
        let contenders: [(&str, Ask<'_>); 5] = [
            ("one hashbrown get", asking(|q| floor.get(&q.query()))),
            ("**jit-access**", asking(|q| index.decide(&q.query(), now))),
            ("immutable snapshot, swapped (arc-swap)", asking(|q| swapped.decide(&q.query(), now))),
            ("locked shards (dashmap)", asking(|q| sharded.decide(&q.query(), now))),
            ("simple lock (parking_lot RwLock)", asking(|q| locked.decide(&q.query(), now))),
        ];
        let (names, asks): (Vec<_>, Vec<_>) = contenders.into_iter().unzip();
        let sorts = [&world.misses, &world.mixed, &world.hits].map(|questions| compare(&asks, questions, TURNS));
        println!("| ns a check (times one hashbrown get) | no grant | mixed | hit |\n|---|--:|--:|--:|");
        for (n, name) in names.iter().enumerate() {
            let cell = |taken: &[Taken]| format!("{:.1} ({:.2})", taken[n].nanos, taken[n].ratio);
            println!("| {name} | {} | {} | {} |", cell(&sorts[0]), cell(&sorts[1]), cell(&sorts[2]));
        }
        for (n, name) in [(0, "one hashbrown get"), (1, "jit-access")] {
            point(name, grants, sorts[1][n].nanos);
        }
        threads(&names, &asks, &world, &index, &locked, &sharded);
        writes(&world, &index, load);
    }
    if options.iter().any(|option| option == "--plot") {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/latency.svg");
        std::fs::write(path, draw(&lines)).expect("docs/latency.svg can be written");
        println!("\nwrote docs/latency.svg");
    }
}

/// A wrong answer is not a fast one.
fn agree(index: &GrantIndex, world: &World) {
    for question in world.misses.iter().chain(&world.mixed).chain(&world.hits) {
        let given = index.decide(&question.query(), now()).outcome == Outcome::Allow;
        assert_eq!(given, question.given, "{question:?}");
    }
}

/// Million questions a second with one thread and with two, alone and beside a writer.
fn threads(names: &[&str], asks: &[Ask<'_>], world: &World, index: &GrantIndex, locked: &Locked, sharded: &Sharded) {
    let change = |n: usize| {
        let grant = fresh(n);
        index.publish(Revision(n as u64 + 2), [Change::Add(&grant)]);
        if n >= 500 {
            index.publish(Revision(n as u64 + 2), [Change::Remove(fresh(n - 500).id)]);
        }
    };
    let name = |n: usize| world.grants[n * 31 % world.grants.len()].holder.id();
    let (lock, shard) = (|n: usize| locked.change(name(n)), |n: usize| sharded.change(name(n)));
    type Write<'a> = Option<&'a (dyn Fn(usize) + Sync)>;
    let writers: [Write<'_>; 5] = [None, Some(&change), None, Some(&shard), Some(&lock)];
    println!("\n| million checks a second, mixed | 1 thread | 2 threads | | 1 thread, writer | 2 threads, writer | |");
    println!("|---|--:|--:|--:|--:|--:|--:|");
    for (n, name) in names.iter().enumerate() {
        let run = |threads, writer: Write<'_>| {
            throughput(&asks[n], &world.mixed, threads, writer, Duration::from_millis(300))
        };
        let pairs = |writer: Write<'_>| {
            let runs: Vec<_> = (0..5).map(|_| (run(1, writer), run(2, writer))).collect();
            let of = |pick: fn(&(f64, f64)) -> f64| median(&runs.iter().map(pick).collect::<Vec<_>>());
            format!("{:.1} | {:.1} | {:.2} ×", of(|r| r.0), of(|r| r.1), of(|r| r.1 / r.0))
        };
        let beside = writers[n].map_or_else(|| "| |".to_owned(), |write| pairs(Some(write)));
        println!("| {name} | {} | {beside} |", pairs(None));
    }
}

/// Loading, inserting, revoking, memory.
fn writes(world: &World, index: &GrantIndex, load: f64) {
    let mut loads = vec![(load, bulk(world))];
    for _ in 0..2 {
        let again = GrantIndex::new();
        let (_, load) = once(|| again.replace(Revision(1), &world.grants));
        loads.push((load, bulk(world)));
    }
    let of = |pick: fn(&(f64, f64)) -> f64| median(&loads.iter().map(pick).collect::<Vec<_>>());
    println!(
        "\nbulk load {:.0} ms, hashbrown {:.0} ms: {:.2} ×",
        of(|l| l.0) / 1e6,
        of(|l| l.1) / 1e6,
        of(|l| l.0 / l.1)
    );
    let mut map: Map<u64> = (0..).zip(&world.grants).map(|(n, grant)| (grant.holder.id().into(), n)).collect();
    let new: Vec<_> = (200_000..204_000).map(fresh).collect();
    let (mut inserts, mut revokes, mut floor) = (Vec::new(), Vec::new(), Vec::new());
    for grants in new.chunks(100) {
        let per = grants.len() as f64;
        let names: Vec<Box<str>> = grants.iter().map(|grant| grant.holder.id().into()).collect();
        floor.push(once(|| names.into_iter().for_each(|name| _ = map.insert(name, 1))).1 / per);
        inserts.push(once(|| grants.iter().for_each(|g| index.publish(Revision(3), [Change::Add(g)]))).1 / per);
        revokes.push(once(|| grants.iter().for_each(|g| index.publish(Revision(3), [Change::Remove(g.id)]))).1 / per);
    }
    let (insert, revoke, floor) = (median(&inserts), median(&revokes), median(&floor));
    println!(
        "one insert {insert:.0} ns, one revoke {revoke:.0} ns, one insert of hashbrown {floor:.0} ns: {:.1} × and {:.1} ×",
        insert / floor,
        revoke / floor
    );
    println!("{} bytes a grant", index.bytes() / index.len().max(1));
}

/// The same number of keys, made and put into a map.
fn bulk(world: &World) -> f64 {
    let fill = || -> Map<u64> {
        let mut map = Map::default();
        for (n, grant) in (0..).zip(&world.grants) {
            // A grant is found by its id as well as by its holder: one key each.
            map.insert(format!("{}{n}", grant.holder.id()).into(), n);
        }
        map
    };
    once(fill).1
}
