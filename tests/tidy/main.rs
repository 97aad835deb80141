//! Arrows never turn back: which room of the house may use which.
//!
//! The table is the rule; the test reads the `use` lines and paths of every file and names the one that breaks it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A room, and the rooms it may use. What stands outside (Cedar, SQLite) is named in `OUTSIDE`.
const ROOMS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("lock", &[]),
    ("workflow", &["model"]),
    ("index", &["model", "lock"]),
    ("policy", &["model", "workflow"]),
    ("journal", &["model"]),
    ("store", &["model", "workflow", "journal", "lock"]),
    ("notify", &["model", "workflow", "store"]),
    ("error", &["model", "workflow", "store"]),
    ("clock", &["model"]),
    ("check", &["model", "workflow", "index", "journal", "store", "clock", "lock"]),
    (
        "service",
        &["model", "workflow", "index", "check", "policy", "journal", "store", "notify", "clock", "error", "lock"],
    ),
    ("config", &["model", "workflow", "policy", "service"]),
    ("wire", &["model", "workflow", "journal", "service", "error"]),
];

/// Crates that only one room may name.
const OUTSIDE: &[(&str, &str)] = &[
    ("cedar_policy", "policy"),
    ("rusqlite", "store"),
    ("memmap2", "index"),
    ("serde_saphyr", "config"),
    ("sha2", "journal"),
    ("idna", "model"),
    ("url::", "model"),
];

/// Pure rooms: no clock, no thread, no file.
const PURE: &[&str] = &["model", "workflow", "index", "policy", "journal"];
const IMPURE: &[&str] =
    &["std::time", "std::thread", "std::fs", "std::net", "std::env", "crate::clock", "Uuid::now", "Utc::now"];

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
}

/// The code of a file without comments and without its tests, which may use anything.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Every library source by room, tests left out.
fn rooms() -> BTreeMap<String, Vec<(PathBuf, String)>> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut rooms: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for path in files {
        let inside = path.strip_prefix(&src).unwrap();
        let is_test = inside.components().any(|part| {
            let part = part.as_os_str().to_string_lossy();
            part == "tests" || part == "tests.rs" || part == "conformance"
        });
        let room = inside.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
        if !is_test && room != "lib" {
            let text = code(&path);
            rooms.entry(room).or_default().push((path, text));
        }
    }
    rooms
}

#[test]
fn every_room_has_its_line_in_the_table() {
    let known: Vec<_> = ROOMS.iter().map(|(room, _)| (*room).to_owned()).collect();
    for room in rooms().keys() {
        assert!(known.contains(room), "src/{room} is not in the table of rooms");
    }
}

#[test]
fn arrows_never_turn_back() {
    for (room, files) in rooms() {
        let (_, allowed) = ROOMS.iter().find(|(name, _)| *name == room).unwrap();
        for (path, text) in files {
            for (other, _) in ROOMS.iter().filter(|(other, _)| *other != room && !allowed.contains(other)) {
                let names_it =
                    text.contains(&format!("crate::{other}::")) || text.contains(&format!("crate::{other};"));
                assert!(!names_it, "{} uses `{other}`, which `{room}` must not", path.display());
            }
        }
    }
}

#[test]
fn what_stands_outside_is_named_in_one_room() {
    for (room, files) in rooms() {
        for (path, text) in files {
            for (name, owner) in OUTSIDE {
                assert!(
                    room == *owner || !text.contains(name),
                    "{} names `{name}`, which is `{owner}`'s",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn pure_rooms_know_no_clock_and_no_machine() {
    for (room, files) in rooms().into_iter().filter(|(room, _)| PURE.contains(&room.as_str())) {
        for (path, text) in files {
            for name in IMPURE {
                assert!(!text.contains(name), "{} names `{name}`, and `{room}` is pure", path.display());
            }
        }
    }
}

#[test]
fn domain_types_carry_no_serialised_form() {
    for (room, files) in rooms().into_iter().filter(|(room, _)| ["model", "workflow", "index"].contains(&room.as_str()))
    {
        for (path, text) in files {
            assert!(
                !text.contains("serde"),
                "{} names serde, and `{room}` is apart from every written form",
                path.display()
            );
        }
    }
}

/// What stands in a documentation test is run by every release.
#[test]
fn every_public_type_has_an_example() {
    for (path, text) in files_with_comments() {
        let lines: Vec<_> = text.lines().map(str::trim_start).collect();
        let is_type = |line: &str| ["pub struct ", "pub enum ", "pub trait "].iter().any(|kind| line.starts_with(kind));
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| is_type(line)) {
            let above = lines[..at].iter().rev().skip_while(|line| !line.starts_with("///"));
            let has_example = above.take_while(|line| line.starts_with("///")).any(|line| line.contains("```"));
            assert!(has_example, "{}: {line} has no example", path.display());
        }
    }
}

/// The library's sources without its tests, as they are written.
fn files_with_comments() -> Vec<(PathBuf, String)> {
    let files = rooms().into_values().flatten();
    files.map(|(path, _)| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}
