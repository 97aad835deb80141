//! Whether the public modules are those that programs need.

use std::fs;

use crate::sources::root;

/// The public modules. Each has one purpose; everything else is private, or in `internal`, which is not documented.
const PUBLIC: &[&str] = &[
    "authz", "authzen", "check", "clock", "command", "config", "host", "model", "notify", "policy", "proof", "service",
    "store", "workflow",
];

#[test]
fn only_these_modules_are_public() {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let found: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(found, PUBLIC, "the modules that src/lib.rs makes public");
    let hidden = text.split("#[doc(hidden)]\npub mod ").nth(1).and_then(|rest| rest.split(' ').next());
    assert_eq!(hidden, Some("internal"), "the module of everything that only this repository uses");
    assert_eq!(text.matches("\npub mod ").count(), PUBLIC.len() + 1, "a public module in another form");
}
