//! The test programs, and which mutants each of their tests reaches.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use crate::list::Mutant;
use crate::{Failure, Places};

/// A test, or a part of one.
#[derive(Debug, Clone)]
pub(crate) struct Test {
    pub(crate) program: PathBuf,
    pub(crate) name: String,
    /// The story that it tells, of one test that tells many.
    pub(crate) story: Option<String>,
    pub(crate) seconds: f64,
    /// The first mutant of each place that it reaches.
    pub(crate) reaches: BTreeSet<usize>,
}

/// The test that tells each story of `tests/scenarios` in a run of its own.
const STORIES: (&str, &str) = ("scenarios", "scenarios_hold_over_the_memory_store");

/// All tests of the programs that were built, each as it is without a mutant.
pub(crate) fn read(mutants: &[Mutant], places: &Places) -> Result<Vec<Test>, Failure> {
    let programs: Vec<(String, PathBuf)> =
        serde_json::from_str::<Vec<(String, String)>>(&fs::read_to_string(places.made.join("programs.json"))?)?
            .into_iter()
            .map(|(name, path)| (name, path.into()))
            .collect();
    let mut tests = Vec::new();
    for (name, program) in &programs {
        let started = Instant::now();
        let found = all_of(program, places)?;
        println!("{name}: {} tests in {:.1} s", found.len(), started.elapsed().as_secs_f64());
        tests.extend(found);
        if name == STORIES.0 {
            tests.extend(stories(program, places)?);
        }
    }
    let reached: BTreeSet<usize> = tests.iter().flat_map(|test| &test.reaches).copied().collect();
    println!("{} places of {} mutants are reached", reached.len(), mutants.iter().filter(|one| one.runs()).count());
    Ok(tests)
}

/// A command that runs a test program as cargo does.
pub(crate) fn command(program: &PathBuf, places: &Places) -> Command {
    // A mutant that needs memory without end must not take that of the machine.
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -v 8000000; exec \"$0\" \"$@\""]).arg(program).current_dir(places.tree());
    command
        .env("CARGO_MANIFEST_DIR", places.tree())
        .env("PROPTEST_RNG_SEED", "7")
        .env("PROPTEST_MAX_SHRINK_ITERS", "0");
    // The time of each test is a feature of the nightly test programs.
    command.env("RUSTC_BOOTSTRAP", "1");
    command
}

fn all_of(program: &PathBuf, places: &Places) -> Result<Vec<Test>, Failure> {
    let file = places.made.join("reached");
    let _ = fs::remove_file(&file);
    let mut command = command(program, places);
    command.args(["-Z", "unstable-options", "--report-time", "--test-threads=2"]).env("MUTANTS_REACHED", &file);
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let failed: Vec<_> = text.lines().filter(|line| line.starts_with("test ") && line.contains("FAILED")).collect();
        if failed.is_empty() {
            return Err(format!("{} fails without a mutant:\n{text}", program.display()).into());
        }
        println!("NOTE: left out, because they fail without a mutant: {failed:?}");
    }
    let (mut by_thread, mut by_all) = (HashMap::<String, BTreeSet<usize>>::new(), BTreeSet::new());
    let names: BTreeMap<&str, f64> = text.lines().filter_map(read_line).collect();
    for line in fs::read_to_string(&file).unwrap_or_default().lines() {
        let Some((mutant, thread)) = line.split_once('\t') else { continue };
        let mutant: usize = mutant.parse()?;
        if names.contains_key(thread) {
            by_thread.entry(thread.to_owned()).or_default().insert(mutant);
        } else {
            // A thread that a test started.
            by_all.insert(mutant);
        }
    }
    let test = |(name, seconds): (&str, f64)| {
        let mut reaches = by_thread.remove(name).unwrap_or_default();
        reaches.extend(&by_all);
        Test { program: program.clone(), name: name.to_owned(), story: None, seconds, reaches }
    };
    Ok(names.into_iter().map(test).collect())
}

/// `test name ... ok <0.123s>`
fn read_line(line: &str) -> Option<(&str, f64)> {
    let (name, rest) = line.strip_prefix("test ")?.split_once(" ... ok <")?;
    Some((name.trim_end_matches(" - should panic"), rest.strip_suffix("s>")?.parse().ok()?))
}

fn stories(program: &PathBuf, places: &Places) -> Result<Vec<Test>, Failure> {
    let file = places.made.join("reached");
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(places.tree().join("tests/scenarios"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".yaml").map(str::to_owned));
    }
    names.sort();
    let mut tests = Vec::new();
    for name in names {
        let _ = fs::remove_file(&file);
        let mut command = command(program, places);
        command.args(["--exact", STORIES.1]).env("SCENARIO", &name).env("MUTANTS_REACHED", &file);
        let started = Instant::now();
        let output = command.output()?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            println!("NOTE: left out, because it fails without a mutant: {name}\n{text}");
            continue;
        }
        let text = fs::read_to_string(&file).unwrap_or_default();
        let reaches = text.lines().filter_map(|line| line.split_once('\t')?.0.parse().ok()).collect();
        let seconds = started.elapsed().as_secs_f64();
        tests.push(Test { program: program.clone(), name: STORIES.1.into(), story: Some(name), seconds, reaches });
    }
    Ok(tests)
}
