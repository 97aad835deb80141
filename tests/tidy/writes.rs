//! Whether facts are written in one place.
//!
//! One function of the service derives notices, keys and records from what was decided. A batch that is built anywhere else
//! would leave one of them out.

use std::fs;

use crate::sources::{Crate, root};

/// The one file outside the store that may build a batch.
const THE_PLACE: &str = "src/service/commit.rs";

#[test]
fn only_one_place_outside_the_store_builds_a_batch() {
    let mut wrong = Vec::new();
    let mut builds_one = false;
    for source in Crate::read("src").sources {
        if source.module.first().is_some_and(|room| room == "store") {
            continue;
        }
        let text = fs::read_to_string(root().join(&source.path)).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let mut lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        let builds = lines.any(|line| line.contains("Batch {") && !line.trim_start().starts_with("use "));
        if source.path.ends_with(THE_PLACE) {
            builds_one = builds;
        } else if builds {
            wrong.push(source.path.display().to_string());
        }
    }
    assert!(builds_one, "{THE_PLACE} builds no batch any more: the name of the place is out of date");
    assert!(wrong.is_empty(), "these files build a `Batch`, and only {THE_PLACE} may: {wrong:?}");
}
