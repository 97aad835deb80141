//! One check by criterion, which keeps what it measured before: `cargo bench -p jit-access-benches`. For looking at one
//! change; what is promised is measured by `make bench`.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use jit_access::internal::index::GrantIndex;
use jit_access::model::Revision;
use jit_access_benches::structures::Floor;
use jit_access_benches::workload::{World, now};

const QUESTIONS: usize = 20_000;

fn check(criterion: &mut Criterion) {
    for grants in [100, 10_000, 1_000_000] {
        let world = World::new(grants, QUESTIONS);
        let (index, floor, now) = (GrantIndex::new(), Floor::new(&world.grants), now());
        index.replace(Revision(1), &world.grants);
        for (sort, questions) in [("no grant", &world.misses), ("mixed", &world.mixed), ("hit", &world.hits)] {
            let mut group = criterion.benchmark_group(sort);
            let mut asked = questions.iter().cycle();
            let mut next = || asked.next().expect("questions").query();
            group.bench_function(BenchmarkId::new("jit-access", grants), |bencher| {
                bencher.iter(|| black_box(&index.decide(&next(), now)).outcome);
            });
            group.bench_function(BenchmarkId::new("one hashbrown get", grants), |bencher| {
                bencher.iter(|| floor.get(&next()));
            });
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().without_plots().sample_size(50);
    targets = check
}
criterion_main!(benches);
