//! Whether the tests that SECURITY.md names are there.

use std::fs;
use std::path::Path;

/// The folders and files in which a named test may stand.
const PLACES: [&str; 3] = ["src", "tests", "ffi"];
const SECTION: &str = "## Abuse cases\n";

fn texts(of: &Path, into: &mut String) {
    let skipped = ["target", ".venv", "__pycache__", "node_modules"];
    for entry in fs::read_dir(of).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap().to_string_lossy().into_owned();
        if entry.is_dir() && !skipped.contains(&name.as_str()) {
            texts(&entry, into);
        } else if [".rs", ".py"].iter().any(|end| name.ends_with(end)) {
            into.push_str(&fs::read_to_string(&entry).unwrap());
        }
    }
}

/// The rows of the table: number, abuse, defence, tests.
fn rows(text: &str) -> Vec<Vec<String>> {
    let (_, section) = text.split_once(SECTION).expect("SECURITY.md has a table of abuse cases");
    let section = section.split("\n## ").next().unwrap();
    let lines = section.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| # "));
    lines.map(|line| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect()).collect()
}

#[test]
fn every_test_that_the_table_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = String::new();
    PLACES.iter().for_each(|place| texts(&root.join(place), &mut sources));
    let rows = rows(&fs::read_to_string(root.join("SECURITY.md")).unwrap());
    assert_eq!(rows.len(), 70, "one row for each abuse case");
    for (number, row) in (1..).zip(&rows) {
        assert_eq!((row.len(), row[0].as_str()), (4, number.to_string().as_str()), "{row:?}");
        let named: Vec<_> = row[3].split('`').skip(1).step_by(2).collect();
        let open = row[2].to_lowercase().contains("not defended") || row[2].contains("Not built");
        assert!(!named.is_empty() || open || row[3] == "none", "{row:?} names no test and does not say why");
        for name in named {
            let is_there = match name.strip_suffix(".yaml") {
                Some(_) => root.join("tests/scenarios").join(name).exists(),
                None => [format!("fn {name}("), format!("def {name}("), format!("fn {name}<")]
                    .iter()
                    .any(|declared| sources.contains(declared)),
            };
            assert!(is_there, "{row:?}: there is no test `{name}`");
        }
    }
}
