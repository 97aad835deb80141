//! Which mutants of the rules and of the index does no test notice?
//!
//! `cargo mutants` says which mutants there are; it builds each alone. Here one build has all of them, each behind a
//! switch, and each test program runs with one switch on.
//!
//! | file | question |
//! |---|---|
//! | `list` | which mutants are there, and which of them can no test see |
//! | `splice` | how does a source file look with all of its mutants in it |
//! | `tree` | the copy of the project that is built, and which mutants compile |
//! | `programs` | the test programs, and which mutants each test reaches |
//! | `run` | which mutants make a test fail |
//! | `report` | the score, and what was missed |
//!
//! `switch.rs` beside this folder becomes the module `mutation` of the copy.

#![expect(clippy::disallowed_methods, reason = "how long a test takes is measured")]

mod list;
mod programs;
mod report;
mod run;
mod splice;
mod tree;

use std::error::Error;
use std::path::PathBuf;

/// Nothing here recovers: the message is for the person who started it.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Where everything is.
pub(crate) struct Places {
    /// The project.
    pub(crate) root: PathBuf,
    /// The folder for everything that is made.
    pub(crate) made: PathBuf,
}

impl Places {
    /// The copy of the project.
    pub(crate) fn tree(&self) -> PathBuf {
        self.made.join("tree")
    }

    /// Cargo's folder for the copy.
    pub(crate) fn build(&self) -> PathBuf {
        self.made.join("build")
    }
}

const USAGE: &str = "jit-access-mutants <list.json of cargo mutants> <folder to work in> \
[all|missed|build|run|report]\n\nRun it in the project. `all` is `build`, `run` and `report`; `missed` is the same of what no test noticed before.";

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (listed, made, step) = match &arguments[..] {
        [listed, made] => (listed, made, "all"),
        [listed, made, step] => (listed, made, step.as_str()),
        _ => return Err(USAGE.into()),
    };
    let root = std::env::current_dir()?;
    std::fs::create_dir_all(made)?;
    let places = Places { made: std::fs::canonicalize(made)?, root };
    let mut mutants = list::read(listed.as_ref())?;
    list::mark_equivalent(&mut mutants, &places.root)?;
    if matches!(step, "all" | "missed" | "build") {
        tree::build(&mut mutants, &places)?;
    } else {
        tree::recall(&mut mutants, &places)?;
    }
    if step == "build" {
        return Ok(());
    }
    if step != "report" {
        let programs = programs::read(&mutants, &places)?;
        run::run(&mutants, &programs, &places, step == "missed")?;
    }
    report::print(&mutants, &places)
}
