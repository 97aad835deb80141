//! Whether each dependency comes from the registry, as the same bytes each time.

use std::fs;

use crate::sources::root;

#[test]
fn every_dependency_comes_from_the_registry_with_a_checksum() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let value = |package: &str, key: &str| {
        let line = package.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
        line.map(|text| text.trim_matches('"').to_owned())
    };
    let (mut own, mut others) = (Vec::new(), 0);
    for package in lock.split("[[package]]").skip(1) {
        let name = value(package, "name").unwrap();
        let Some(source) = value(package, "source") else {
            own.push(name);
            continue;
        };
        let sum = value(package, "checksum").unwrap_or_default();
        assert!(source.starts_with("registry+"), "Cargo.lock: {name} comes from {source}, expected the registry");
        assert!(sum.len() == 64, "Cargo.lock: {name} has the checksum `{sum}`, expected one of SHA-256");
        others += 1;
    }
    assert!(others > 100, "the dependencies were not found");
    for name in own {
        assert!(name.starts_with("jit-access"), "Cargo.lock: {name} has no source, expected only our own packages");
    }
}
