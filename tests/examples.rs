//! What the examples print is what stands beside them. Ids and instants are left out: they differ each time.
//!
//! `JIT_WRITE_EXPECTED=1` writes it anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs an example as `cargo run` does, in the profile of this test.
fn output(what: &[&str]) -> String {
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--locked"]).args(what).arg("--target-dir").arg(profile.parent().unwrap());
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    // Cargo describes this package to its tests. A dependency's build script that reads the same names would run again, and
    // everything that depends on it would be built twice.
    for (name, _) in std::env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|start| name.to_string_lossy().starts_with(start)) {
            cargo.env_remove(name);
        }
    }
    let done = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(done.status.success(), "{what:?} fails:\n{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// The text with every id and every instant replaced.
fn steady(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.');
    let mut steady = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = rest.find(|c| !is_part(c)).unwrap_or(rest.len()).max(first.len_utf8());
        let (word, after) = rest.split_at(len);
        let is = |len: usize, dashes: usize| word.len() == len && word.matches('-').count() == dashes;
        let starts_with_a_year = word.get(..2) == Some("20");
        steady.push_str(match word {
            _ if is(36, 4) => "<id>",
            _ if is("2026-01-01T00:00:00.000Z".len(), 2) && starts_with_a_year => "<instant>",
            _ => word,
        });
        rest = after;
    }
    steady
}

fn compare(name: &str, what: &[&str]) {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "examples", &format!("{name}.expected")].iter().collect();
    let printed = steady(&output(what));
    if std::env::var_os("JIT_WRITE_EXPECTED").is_some() {
        fs::write(&path, &printed).unwrap();
    }
    assert_eq!(printed, fs::read_to_string(&path).unwrap_or_default(), "what {name} prints, and {}", path.display());
}

#[test]
fn quickstart() {
    compare("quickstart", &["--all-features", "--example", "quickstart"]);
}

#[test]
fn approval() {
    compare("approval", &["--all-features", "--example", "approval"]);
}

#[test]
fn break_glass() {
    compare("break_glass", &["--all-features", "--example", "break_glass"]);
}

#[test]
fn tower() {
    if !Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/tower").exists() {
        eprintln!("SKIPPED: examples/tower is a package of its own, and not in this one");
        return;
    }
    compare("tower", &["-p", "jit-access-tower"]);
}

#[test]
fn every_example_is_compared() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "rs") || path.join("Cargo.toml").exists() {
            assert!(path.with_extension("expected").exists(), "{} has no .expected beside it", path.display());
        }
    }
}
