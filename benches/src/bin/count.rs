//! The same loops as in the table, for counting instructions: `count <what> <which questions> <grants>` asks 25,000
//! questions inside `measured`, and callgrind is told to look at nothing else. See `instructions`.

use std::hint::black_box;

use jit_access::internal::index::GrantIndex;
use jit_access::model::Revision;
use jit_access_benches::in_memory;
#[cfg(feature = "faces")]
use jit_access_benches::stored;
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
    let [_, what, which, grants] = &*arguments else {
        panic!("count <index|floor|unshared|unshared-floor|text|c> <misses|mixed|hits> <grants>")
    };
    let grants = grants.parse().expect("a number of grants");
    let is_unshared = what.starts_with("unshared");
    let world = if is_unshared { World::unshared(grants, QUESTIONS) } else { World::new(grants, QUESTIONS) };
    let questions = match &**which {
        "misses" => &world.misses,
        "mixed" => &world.mixed,
        _ => &world.hits,
    };
    match &**what {
        "floor" | "unshared-floor" => {
            let floor = Floor::new(&world.grants);
            measured(questions, |question| floor.get(&question.query()));
        }
        "index" => {
            let index = GrantIndex::new();
            index.replace(Revision(1), &world.grants);
            let now = now();
            measured(questions, |question| index.decide(&question.query(), now));
        }
        // From text, as hosts ask.
        "unshared" => {
            let decider = in_memory::open(&world.grants).decider();
            measured(questions, |question| in_memory::allows(&decider, question));
        }
        #[cfg(feature = "faces")]
        "text" | "c" => faces(what, questions, &world),
        other => panic!("there is no `{other}` here"),
    }
}

/// A check from text, in Rust and through C.
#[cfg(feature = "faces")]
fn faces(what: &str, questions: &[Question], world: &World) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("grants.db");
    stored::write(&path, &world.grants);
    if what == "text" {
        let decider = stored::open(&path).decider();
        measured(questions, |question| in_memory::allows(&decider, question));
    } else {
        let library = std::env::var_os("JIT_LIBRARY").expect("JIT_LIBRARY, which names libjit_access");
        let c = stored::C::open(library.as_ref(), &path, stored::NO_THREAD);
        measured(questions, |question| c.allows(question));
    }
}
