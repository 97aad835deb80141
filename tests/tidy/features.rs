//! Whether every feature of the crate is described, and shown on docs.rs.

use std::fs;

use crate::sources::root;

#[test]
fn every_feature_is_described() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let lines: Vec<_> = manifest.lines().collect();
    let start = lines.iter().position(|line| *line == "[features]").unwrap();
    let section = lines[start + 1..].iter().take_while(|line| !line.starts_with('[')).copied().collect::<Vec<_>>();
    let on_docs_rs = manifest.split("[package.metadata.docs.rs]").nth(1).unwrap().lines().nth(1).unwrap();
    let mut seen = 0;
    for (at, line) in section.iter().enumerate() {
        let Some((name, _)) = line.split_once(" = ").filter(|(name, _)| !name.starts_with('#')) else { continue };
        if name == "default" {
            continue;
        }
        seen += 1;
        assert!(at > 0 && section[at - 1].starts_with("# "), "Cargo.toml: a comment above the feature `{name}`");
        if name != "test-util" {
            assert!(on_docs_rs.contains(&format!("\"{name}\"")), "Cargo.toml: docs.rs does not show `{name}`");
            assert!(
                readme.contains(&format!("| `{name}` |")),
                "README.md: no line in the table of features for `{name}`"
            );
        }
    }
    assert!(seen >= 4, "the features were not found");
}
