//! Which part of the library (a room: a file or folder directly in `src`) may use which.
//!
//! The rule is the table in ARCHITECTURE.md. What only one room may name, and what pure rooms may not, is here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::sources::{Crate, Source, root};

/// Crates from outside, and the rooms that may name them.
const OUTSIDE: &[(&str, &[&str])] = &[
    ("cedar_policy", &["policy", "authz", "proof"]),
    ("cedar_policy_symcc", &["proof"]),
    ("cedar_policy_formatter", &["policy"]),
    ("rusqlite", &["store"]),
    ("memmap2", &["index"]),
    ("serde_saphyr", &["config"]),
    ("sha2", &["journal"]),
    ("idna", &["model"]),
    ("url", &["authzen", "model"]),
    ("lettre", &["deliver"]),
    ("clap", &["cli"]),
    ("comfy_table", &["cli"]),
    ("ureq", &["deliver", "cli"]),
    ("rustls", &["deliver", "store", "cli"]),
    ("rustls_native_certs", &["deliver", "store", "cli"]),
    ("tokio", &["proof", "store"]),
    ("tokio_postgres", &["store"]),
    ("tokio_postgres_rustls", &["store"]),
    ("ring", &["authzen", "deliver", "handles", "seal"]),
    ("minijinja", &["deliver"]),
];

/// Rooms without a clock, a thread, a file, or an environment.
const PURE: &[&str] =
    &["model", "authz", "workflow", "index", "policy", "journal", "summary", "sizing", "monitor", "authzen"];
const IMPURE: &[&str] =
    &["std::time", "std::thread", "std::fs", "std::net::Tcp", "std::env", "crate::clock", "Uuid::now", "Utc::now"];

/// Rooms whose types have no serialised form.
const PLAIN: &[&str] = &["model", "authz", "workflow", "index"];

/// The table in ARCHITECTURE.md: each room of `src`, and the rooms that it may use.
fn table() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let lines = text.lines().skip_while(|line| !line.starts_with("| room |")).skip(2);
    let rows = lines.take_while(|line| line.starts_with('|'));
    rows.map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [room, _, uses] = cells[..] else { panic!("ARCHITECTURE.md: expected three cells in {line}") };
        let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        let [room] = &names(room)[..] else { panic!("ARCHITECTURE.md: expected one room in {line}") };
        (room.clone(), names(uses).into_iter().collect())
    })
    .collect()
}

/// Every file of the library with its room. The root of the crate is in none, and the suite for stores uses what it tests.
fn rooms(library: &Crate) -> impl Iterator<Item = (&str, &Source)> {
    let inside = library.sources.iter().filter(|source| !source.module.contains(&"conformance".to_owned()));
    inside.filter_map(|source| Some((source.module.first()?.as_str(), source)))
}

#[test]
fn the_table_names_the_rooms_that_are_there() {
    let library = Crate::read("src");
    let here: BTreeSet<_> = rooms(&library).map(|(room, _)| room.to_owned()).collect();
    let table = table();
    let known: BTreeSet<_> = table.keys().cloned().collect();
    assert_eq!(here, known, "the rooms in src, and those in the table of ARCHITECTURE.md");
    for (room, uses) in &table {
        assert!(uses.is_subset(&known), "the line of `{room}` in ARCHITECTURE.md names a room that is not there");
    }
}

#[test]
fn a_room_uses_only_what_the_table_allows() {
    let (library, table) = (Crate::read("src"), table());
    let mut wrong = BTreeSet::new();
    for (room, source) in rooms(&library) {
        for named in source.paths.iter().filter(|named| named.segments[0] == "crate") {
            let Some(end) = library.file_of(&named.segments) else { continue };
            let first = named.segments.get(1).filter(|first| table.contains_key(*first));
            let others = first.into_iter().chain(library.sources[end].module.first());
            for other in others.filter(|other| *other != room && !table[room].contains(*other)) {
                wrong.insert(format!("{} uses `{other}`: {}", source.path.display(), named.segments.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "not allowed by the table in ARCHITECTURE.md:\n{}", list(&wrong));
}

#[test]
fn the_table_has_no_circle_and_no_permission_that_nobody_uses() {
    let (library, table) = (Crate::read("src"), table());
    let mut used: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (room, source) in rooms(&library) {
        for named in source.paths.iter().filter(|named| named.segments[0] == "crate") {
            let end = library.file_of(&named.segments).and_then(|end| library.sources[end].module.first());
            used.entry(room).or_default().extend(named.segments.get(1).into_iter().chain(end).cloned());
        }
    }
    let mut left = table.clone();
    while let Some(lowest) = left.iter().find(|(_, uses)| uses.iter().all(|other| !left.contains_key(other))) {
        let lowest = lowest.0.clone();
        left.remove(&lowest);
    }
    assert!(left.is_empty(), "these rooms of ARCHITECTURE.md may use each other: {:?}", left.keys());
    for (room, uses) in &table {
        let unused: Vec<_> = uses.iter().filter(|other| !used[room.as_str()].contains(*other)).collect();
        assert!(unused.is_empty(), "ARCHITECTURE.md lets `{room}` use {unused:?}, which it does not");
    }
}

#[test]
fn a_crate_from_outside_is_named_in_its_rooms() {
    let library = Crate::read("src");
    for (room, source) in rooms(&library) {
        for (name, owners) in OUTSIDE {
            let names_it = source.paths.iter().any(|named| named.segments[0] == *name);
            assert!(
                owners.contains(&room) || !names_it,
                "{} names `{name}`, only {owners:?} may",
                source.path.display()
            );
        }
    }
}

#[test]
fn pure_rooms_name_no_clock_and_no_machine() {
    let library = Crate::read("src");
    for (room, source) in rooms(&library).filter(|(room, _)| PURE.contains(room)) {
        for path in source.paths.iter().map(|named| named.segments.join("::")) {
            let found = IMPURE.iter().find(|name| path.starts_with(*name) || path.contains(&format!("::{name}")));
            assert!(found.is_none(), "{} names `{path}`, and `{room}` is pure", source.path.display());
        }
    }
}

#[test]
fn domain_types_carry_no_serialised_form() {
    let library = Crate::read("src");
    for (room, source) in rooms(&library).filter(|(room, _)| PLAIN.contains(room)) {
        let found = source.paths.iter().find(|named| named.segments[0].starts_with("serde"));
        assert!(found.is_none(), "{} names serde, and `{room}` has no serialised form", source.path.display());
    }
}

fn list(wrong: &BTreeSet<String>) -> String {
    wrong.iter().map(|line| format!("  {line}\n")).collect()
}
