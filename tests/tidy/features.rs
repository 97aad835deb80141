//! Whether every feature of the crate is described, and shown on docs.rs.

use std::collections::BTreeMap;
use std::fs;

use crate::sources::root;

#[test]
fn every_feature_is_described() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let section = section(&manifest, "[features]");
    let features: BTreeMap<&str, Vec<&str>> = section.iter().filter_map(|line| list(line)).collect();
    let shown = section_list(&manifest, "[package.metadata.docs.rs]", "features");
    let is_shown = |name: &str| shown.contains(&name) || shown.iter().any(|by| features[by].contains(&name));
    for name in features.keys().filter(|name| **name != "default") {
        let at = section.iter().position(|line| line.starts_with(&format!("{name} = "))).unwrap();
        assert!(at > 0 && section[at - 1].starts_with("# "), "Cargo.toml: no comment above the feature `{name}`");
        if *name != "test-util" {
            assert!(is_shown(name), "Cargo.toml: docs.rs does not show `{name}`");
            assert!(
                readme.contains(&format!("| `{name}` |")),
                "README.md: no line for `{name}` in the table of features"
            );
        }
    }
    assert!(features.len() >= 5, "the features were not found");
}

fn section<'a>(manifest: &'a str, title: &str) -> Vec<&'a str> {
    manifest.lines().skip_while(|line| *line != title).skip(1).take_while(|line| !line.starts_with('[')).collect()
}

fn section_list<'a>(manifest: &'a str, title: &str, key: &str) -> Vec<&'a str> {
    let lines = section(manifest, title);
    lines.iter().filter_map(|line| list(line)).find(|(name, _)| *name == key).unwrap().1
}

/// `name = ["a", "b"]`.
fn list(line: &str) -> Option<(&str, Vec<&str>)> {
    let (name, items) = line.split_once(" = ").filter(|(name, _)| !name.starts_with('#'))?;
    Some((name, items.split('"').skip(1).step_by(2).collect()))
}
