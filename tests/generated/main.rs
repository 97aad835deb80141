//! What is generated from the commands and the documents is what is committed.
//!
//! `UPDATE_GENERATED=1 cargo test --all-features --test generated` writes it.

mod answers;
mod documented;
mod manuals;
mod python;
mod python_methods;
mod python_models;
mod python_routes;
mod python_values;

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Whether the file is not in this package: the published one has no bindings and no manual.
pub(crate) fn is_elsewhere(name: &str) -> bool {
    let missing = !path(name.split('/').next().unwrap()).exists();
    if missing {
        eprintln!("SKIPPED: there is no {name}");
    }
    missing
}

/// That the file is this, or that it becomes this.
pub(crate) fn compare(name: &str, wanted: &str) {
    if is_elsewhere(name) {
        return;
    }
    let committed = fs::read_to_string(path(name)).unwrap_or_default();
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(path(name), wanted).unwrap();
    } else {
        assert!(
            committed == wanted,
            "{name} is not what src/command and src/wire say; write it with UPDATE_GENERATED=1"
        );
    }
}

/// The same for the part of a file between two marks.
pub(crate) fn compare_part(name: &str, (begin, end): (&str, &str), part: &str) {
    if is_elsewhere(name) {
        return;
    }
    let committed = fs::read_to_string(path(name)).unwrap();
    let (before, rest) = committed.split_once(begin).unwrap_or_else(|| panic!("{name} has no {begin}"));
    let (_, after) = rest.split_once(end).unwrap_or_else(|| panic!("{name} has no {end}"));
    compare(name, &format!("{before}{begin}{part}{end}{after}"));
}
