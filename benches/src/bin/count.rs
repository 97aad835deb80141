//! The same loops as in the table, for counting instructions: `count <what> <which questions> <grants>` asks 25,000
//! questions inside `measured`, and callgrind is told to look at nothing else. See `instructions`.

use std::hint::black_box;

use jit_access::index::GrantIndex;
use jit_access::model::Revision;
use jit_access_benches::structures::Floor;
use jit_access_benches::workload::{Question, World, now};

const QUESTIONS: usize = 25_000;

#[inline(never)]
fn measured<R>(questions: &[Question], ask: impl Fn(&Question) -> R) {
    for question in questions {
        // A reference, so that the answer is made and not moved about.
        black_box(&ask(black_box(question)));
    }
}

fn main() {
    let arguments: Vec<_> = std::env::args().collect();
    let [_, what, which, grants] = &*arguments else { panic!("count <index|floor> <misses|mixed|hits> <grants>") };
    let world = World::new(grants.parse().expect("a number of grants"), QUESTIONS);
    let questions = match &**which {
        "misses" => &world.misses,
        "mixed" => &world.mixed,
        _ => &world.hits,
    };
    if what == "floor" {
        let floor = Floor::new(&world.grants);
        measured(questions, |question| floor.get(&question.query()));
    } else {
        let index = GrantIndex::new();
        index.replace(Revision(1), &world.grants);
        let now = now();
        measured(questions, |question| index.decide(&question.query(), now));
    }
}
