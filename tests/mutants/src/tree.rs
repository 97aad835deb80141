//! The copy of the project with all mutants in it, and which of them compile.
//!
//! A mutant that does not compile is found by the errors of the compiler: each is told to the mutant in whose text it
//! is. That mutant is left out, and the rest is compiled again.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::list::{Fate, Mutant};
use crate::splice::splice;
use crate::{Failure, Places};

/// The test programs that have a chance to notice something.
const TESTS: &[&str] = &[
    "break_glass",
    "checks",
    "decisions",
    "differential",
    "differential_host",
    "guardrails",
    "honoured",
    "impact",
    "limits",
    "monitor",
    "notices",
    "offline",
    "reviews",
    "scenarios",
    "summaries",
    "uses",
    "workflow",
    "workflow_policy",
];

/// How often the compiler is asked before it is given up.
const ROUNDS: usize = 30;

/// What is left out beside mutants that do not compile.
#[derive(Default)]
pub(crate) struct LeftOut {
    /// Functions that a constant needs: they stay constant.
    pub(crate) constant: HashSet<String>,
    /// Mutants that compile only without loom.
    pub(crate) loom: HashSet<usize>,
}

/// By file, the marked parts and the numbers of their mutants.
type Marked = BTreeMap<String, Vec<(Range<usize>, Range<usize>)>>;

/// Makes the copy and builds it.
pub(crate) fn build(mutants: &mut [Mutant], places: &Places) -> Result<(), Failure> {
    copy(mutants, places)?;
    let mut left_out = LeftOut::default();
    // The first time there is nothing to recall.
    let _ = recall(mutants, places);
    for one in mutants.iter_mut().filter(|one| one.fate == Fate::Constant) {
        one.fate = Fate::Runs;
    }
    let tests = TESTS.iter().flat_map(|test| ["--test", test]);
    let library: Vec<&str> = ["-p", "jit-access", "--all-features", "--lib"].into_iter().chain(tests).collect();
    let loom = ["-p", "jit-access-loom", "--test", "index"];
    for round in 1..=ROUNDS {
        let marked = write(mutants, &left_out, places)?;
        let (mut programs, mut errors) = cargo(places, &library)?;
        let is_loom = errors.is_empty();
        if is_loom {
            let more = cargo(places, &loom)?;
            programs.extend(more.0);
            errors = more.1;
        }
        if errors.is_empty() {
            remember(mutants, places)?;
            fs::write(places.made.join("programs.json"), serde_json::to_string(&programs)?)?;
            return Ok(());
        }
        let count = settle(&errors, &marked, mutants, &mut left_out, is_loom);
        println!("round {round}: {} errors, {count} mutants less", errors.len());
        if count == 0 {
            let rendered: Vec<_> = errors.iter().filter_map(|error| error["rendered"].as_str()).take(5).collect();
            return Err(format!("these errors are none of a mutant:\n{}", rendered.join("\n")).into());
        }
        remember(mutants, places)?;
    }
    Err("some mutants still do not compile".into())
}

/// Which mutants did not compile when the copy was built.
pub(crate) fn recall(mutants: &mut [Mutant], places: &Places) -> Result<(), Failure> {
    let text = fs::read_to_string(places.made.join("unviable.tsv"))?;
    let known: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once('\t')).collect();
    for mutant in mutants {
        let fate = match known.get(mutant.name.as_str()) {
            Some(&"Unviable") => Fate::Unviable,
            Some(&"Constant") => Fate::Constant,
            _ => continue,
        };
        mutant.fate = fate;
    }
    Ok(())
}

fn remember(mutants: &[Mutant], places: &Places) -> Result<(), Failure> {
    let known = mutants.iter().filter(|one| matches!(one.fate, Fate::Unviable | Fate::Constant));
    let lines: Vec<_> = known.map(|one| format!("{}\t{:?}\n", one.name, one.fate)).collect();
    Ok(fs::write(places.made.join("unviable.tsv"), lines.concat())?)
}

/// Copies what git knows of, but the files that get mutants. Files that are the same keep their time, so that little is
/// built again.
fn copy(mutants: &[Mutant], places: &Places) -> Result<(), Failure> {
    let written: HashSet<&str> =
        mutants.iter().map(|one| one.file.as_str()).chain(["src/lib.rs", "tests/loom/src/lib.rs"]).collect();
    let mut git = Command::new("git");
    let listed = git.args(["ls-files", "-co", "--exclude-standard", "-z"]).current_dir(&places.root).output()?;
    let names = String::from_utf8(listed.stdout)?;
    for name in names.split('\0').filter(|name| !name.is_empty() && !written.contains(name)) {
        let from = places.root.join(name);
        if from.is_file() {
            put(&places.tree().join(name), &fs::read(from)?)?;
        }
    }
    let stories = places.tree().join("tests/scenarios");
    for entry in fs::read_dir(&stories)? {
        let name = entry?.file_name();
        if !places.root.join("tests/scenarios").join(&name).exists() {
            fs::remove_file(stories.join(name))?;
        }
    }
    Ok(())
}

/// Writes a file, unless it has this content.
fn put(path: &Path, content: &[u8]) -> Result<(), Failure> {
    if fs::read(path).is_ok_and(|known| known == content) {
        return Ok(());
    }
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    Ok(fs::write(path, content)?)
}

/// Writes the sources with those mutants that are not left out.
fn write(mutants: &mut [Mutant], left_out: &LeftOut, places: &Places) -> Result<Marked, Failure> {
    let tree = places.tree();
    let root = fs::read_to_string(places.root.join("src/lib.rs"))?;
    put(&tree.join("src/lib.rs"), format!("{root}\npub(crate) mod mutation;\n").as_bytes())?;
    // The index is compiled once more, for loom.
    let loom = fs::read_to_string(places.root.join("tests/loom/src/lib.rs"))?;
    let loom = format!("{loom}#[path = \"../../../src/mutation.rs\"]\nmod mutation;\n");
    put(&tree.join("tests/loom/src/lib.rs"), loom.as_bytes())?;
    let switch = fs::read(places.root.join("tests/mutants/switch.rs"))?;
    put(&tree.join("src/mutation.rs"), &switch)?;
    let mut files: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for mutant in mutants.iter() {
        files.entry(mutant.file.clone()).or_default().push(mutant.id);
    }
    let mut marked = Marked::new();
    for (file, ids) in files {
        let text = fs::read_to_string(places.root.join(&file))?;
        let spliced = {
            // Equivalent ones are in it too: they must compile like the others.
            let in_it = |id: &&usize| matches!(mutants[**id].fate, Fate::Runs | Fate::Equivalent);
            let own: Vec<&Mutant> = ids.iter().filter(in_it).map(|id| &mutants[*id]).collect();
            splice(&text, &own, left_out)?
        };
        put(&tree.join(&file), spliced.text.as_bytes())?;
        spliced.constant.iter().for_each(|id| mutants[*id].fate = Fate::Constant);
        spliced.unviable.iter().for_each(|id| mutants[*id].fate = Fate::Unviable);
        marked.insert(file, spliced.marked);
    }
    Ok(marked)
}

/// The test programs that cargo made, each with its name, and the errors.
type Built = (Vec<(String, String)>, Vec<Value>);

/// Runs cargo in the copy.
fn cargo(places: &Places, arguments: &[&str]) -> Result<Built, Failure> {
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--no-run", "--locked", "--message-format=json"]).args(arguments);
    cargo.current_dir(places.tree()).env("CARGO_TARGET_DIR", places.build()).env("RUSTFLAGS", "--cap-lints=allow");
    for (key, value) in [("OPT_LEVEL", "1"), ("DEBUG", "0"), ("INCREMENTAL", "false"), ("CODEGEN_UNITS", "16")] {
        cargo.env(format!("CARGO_PROFILE_DEV_{key}"), value).env(format!("CARGO_PROFILE_TEST_{key}"), value);
    }
    let output = cargo.stderr(Stdio::inherit()).output()?;
    let messages: Vec<Value> =
        String::from_utf8(output.stdout)?.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let errors: Vec<Value> = messages
        .iter()
        .filter(|one| one["reason"] == "compiler-message" && one["message"]["level"] == "error")
        .map(|one| one["message"].clone())
        .filter(|error| error["spans"].as_array().is_some_and(|spans| !spans.is_empty()) || error["code"].is_object())
        .collect();
    if errors.is_empty() && !output.status.success() {
        return Err(format!("cargo test --no-run {} fails", arguments.join(" ")).into());
    }
    let program = |one: &Value| {
        let name = one["target"]["name"].as_str()?;
        Some((name.to_owned(), one["executable"].as_str()?.to_owned()))
    };
    let made = messages.iter().filter(|one| one["reason"] == "compiler-artifact" && one["profile"]["test"] == true);
    Ok((made.filter_map(program).collect(), errors))
}

/// Leaves out the mutants of these errors; how many.
fn settle(errors: &[Value], marked: &Marked, mutants: &mut [Mutant], left_out: &mut LeftOut, is_loom: bool) -> usize {
    let mut count = 0;
    for error in errors {
        if error["code"]["code"] == "E0015"
            && let Some(name) = not_constant(error["message"].as_str().unwrap_or_default())
        {
            count += usize::from(left_out.constant.insert(name));
            continue;
        }
        let found = spans(error).into_iter().find_map(|span| mutants_at(&span, marked));
        for id in found.into_iter().flatten() {
            if is_loom {
                count += usize::from(mutants[id].genre == "FnValue" && left_out.loom.insert(id));
                continue;
            }
            let fate = &mut mutants[id].fate;
            if *fate != Fate::Unviable {
                *fate = Fate::Unviable;
                count += 1;
            }
        }
    }
    count
}

/// The function that a constant calls.
fn not_constant(message: &str) -> Option<String> {
    let path = message.split('`').nth(1)?;
    let path = path.split("::<").next().unwrap_or(path);
    (!path.contains("mutation::")).then(|| path.rsplit("::").next().unwrap_or(path).to_owned())
}

/// Where an error is: first the places that the compiler calls primary.
fn spans(error: &Value) -> Vec<Value> {
    let of = |one: &Value| one["spans"].as_array().cloned().unwrap_or_default();
    let mut all = of(error);
    all.sort_by_key(|span| span["is_primary"] != true);
    all.extend(error["children"].as_array().into_iter().flatten().flat_map(of));
    // Inside a macro, the place of its call counts.
    let expansions: Vec<Value> = all.iter().map(|span| span["expansion"]["span"].clone()).collect();
    all.into_iter().chain(expansions).collect()
}

/// The mutants of the smallest marked part that has this place in it.
fn mutants_at(span: &Value, marked: &Marked) -> Option<Range<usize>> {
    let start = span["byte_start"].as_u64()? as usize;
    // In the crate for loom the path of a file of the index begins in that crate's folder.
    let parts = marked.get(span["file_name"].as_str()?.rsplit("../").next()?)?;
    let around = parts.iter().filter(|(part, _)| part.contains(&start));
    around.min_by_key(|(part, _)| part.len()).map(|(_, ids)| ids.clone())
}
