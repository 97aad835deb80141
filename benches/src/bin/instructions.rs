//! Counts the instructions of a check and of one look into a hash map under callgrind. Counts hardly move between runs,
//! so this can be a gate where wall time cannot: status 1 when a ratio is over its bar. `count` is what is counted; with the
//! feature `faces` through C too, from the library that `JIT_LIBRARY` names.

use std::process::{Command, ExitCode};

use jit_access_benches::report::{Bar, row};

const QUESTIONS: f64 = 25_000.0;

/// Instructions for each of the questions, when the index holds so many grants.
fn instructions(what: &str, which: &str, grants: &str) -> f64 {
    let count = std::env::current_exe().expect("a place").with_file_name("count");
    let done = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*count*measured*"])
        .arg(count)
        .args([what, which, grants])
        .output()
        .expect("valgrind");
    let said = String::from_utf8_lossy(&done.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected : "));
    let count: f64 = collected.and_then(|(_, count)| count.trim().parse().ok()).unwrap_or_default();
    assert!(done.status.success() && count > 0.0, "{said}");
    count / QUESTIONS
}

fn main() -> ExitCode {
    let mut met = true;
    for (which, name, bar) in [("misses", "no grant", 1.6), ("mixed", "mixed", 2.0), ("hits", "hit", 7.6)] {
        let (floor, check) = (instructions("floor", which, "10000"), instructions("index", which, "10000"));
        let detail = format!("{check:.1}, one hashbrown get {floor:.1}");
        let what = format!("instructions: {name}, 10000 grants");
        row(&what, check / floor, "× one hashbrown get", Bar::Most(bar), &detail);
        met &= check / floor <= bar;
    }
    // What hosts do: text, and permission sets that no two grants share.
    for (which, name, bar) in [("misses", "no grant", 3.4), ("mixed", "mixed", 4.7), ("hits", "hit", 15.0)] {
        let (floor, check) = (instructions("unshared-floor", which, "10000"), instructions("unshared", which, "10000"));
        let detail = format!("{check:.1}, one hashbrown get {floor:.1}");
        let what = format!("instructions from text, unshared permission sets: {name}, 10000 grants");
        row(&what, check / floor, "× one hashbrown get", Bar::Most(bar), &detail);
        met &= check / floor <= bar;
    }
    #[cfg(feature = "faces")]
    {
        // What C costs does not grow with the grants, and writing many takes its time under callgrind.
        let (rust, c) = (instructions("text", "mixed", "1000"), instructions("c", "mixed", "1000"));
        let (added, most) = (c - rust, 480.0);
        let detail = format!("{c:.1}, Rust {rust:.1}");
        row("instructions: C through dlopen, mixed", added, "more than the check in Rust", Bar::Most(most), &detail);
        met &= added <= most;
    }
    if met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
