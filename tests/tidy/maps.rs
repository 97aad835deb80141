//! Whether the table at the top of a `mod.rs` names the files that are there.

use std::collections::BTreeSet;
use std::fs;

use crate::sources::{Crate, root};

#[test]
fn every_table_of_files_equals_the_files() {
    let mut wrong = String::new();
    for folder in ["src", "tests/tidy"] {
        for source in Crate::read(folder).sources {
            let file = root().join(&source.path);
            let text = fs::read_to_string(&file).unwrap();
            let rows = text.lines().filter_map(|line| line.strip_prefix("//! | `"));
            let rows: Vec<_> = rows.filter_map(|row| Some(row.split_once("` |")?.0)).collect();
            let mut named: BTreeSet<&str> = rows.iter().copied().collect();
            if named.len() < rows.len() {
                wrong += &format!("  {}: a file stands twice\n", source.path.display());
            }
            // The file itself, and a folder of something other than Rust.
            named.retain(|name| *name != "mod" && !(name.ends_with('/') && file.with_file_name(name).is_dir()));
            let here: BTreeSet<&str> = source.declares.iter().map(String::as_str).collect();
            // The crate's root has its table in ARCHITECTURE.md; one file needs none.
            let needs = here.len() > 1 && !source.module.is_empty() || folder != "src";
            if (needs || !named.is_empty()) && named != here {
                let missing: Vec<_> = here.difference(&named).collect();
                let gone: Vec<_> = named.difference(&here).collect();
                wrong += &format!("  {}: missing {missing:?}, not there {gone:?}\n", source.path.display());
            }
        }
    }
    assert!(wrong.is_empty(), "tables that do not name the files that are there:\n{wrong}");
}
