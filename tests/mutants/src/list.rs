//! The mutants that `cargo mutants --list --json` names, and those of them that no test can see.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::Failure;

/// A line and a column, both from one; columns count characters.
pub(crate) type Place = (usize, usize);

/// Why a mutant is not run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    /// It is run.
    Runs,
    /// It does not compile.
    Unviable,
    /// It is in a constant, where nothing can be switched.
    Constant,
    /// A person found that no test can see it.
    Equivalent,
}

/// One mutant.
#[derive(Clone, Debug)]
pub(crate) struct Mutant {
    /// The number of its switch.
    pub(crate) id: usize,
    /// What `cargo mutants` calls it: file, line, column and change.
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) genre: String,
    pub(crate) start: Place,
    pub(crate) replacement: String,
    /// What is changed, without the place.
    pub(crate) change: String,
    pub(crate) fate: Fate,
}

impl Mutant {
    pub(crate) fn runs(&self) -> bool {
        self.fate == Fate::Runs
    }
}

/// The list of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<Mutant>, Failure> {
    let listed: Vec<Value> = serde_json::from_str(&fs::read_to_string(path)?)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let place = |value: &Value| {
        let number = |key: &str| value[key].as_u64().unwrap_or_default() as usize;
        (number("line"), number("column"))
    };
    let mutant = |(id, one): (usize, &Value)| {
        let name = text(&one["name"]);
        Mutant {
            id,
            file: text(&one["file"]),
            genre: text(&one["genre"]),
            start: place(&one["span"]["start"]),
            replacement: text(&one["replacement"]),
            change: name.splitn(4, ':').nth(3).unwrap_or_default().trim().to_owned(),
            fate: Fate::Runs,
            name,
        }
    };
    Ok(listed.iter().enumerate().map(mutant).collect())
}

/// The reviewed list: for each mutant its file, the line of code, and the change, and below it the reason.
///
/// ```text
/// src/index/arena.rs | if wanted <= left { | replace <= with > in Allocator::extend
///     why no test can see it
/// ```
///
/// A line number would not outlive the next change of the file. Where one line has the same change twice, `#2` after it
/// is the second.
pub(crate) fn mark_equivalent(mutants: &mut [Mutant], root: &Path) -> Result<(), Failure> {
    let path = root.join("tests/mutants/equivalent.txt");
    let text = fs::read_to_string(&path)?;
    let mut reviewed: HashMap<&str, bool> = HashMap::new();
    for line in text.lines().filter(|line| !line.starts_with([' ', '#']) && !line.is_empty()) {
        if reviewed.insert(line.trim(), false).is_some() {
            return Err(format!("{}: twice: {line}", path.display()).into());
        }
    }
    let mut sources: HashMap<String, Vec<String>> = HashMap::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut files = Vec::new();
    for mutant in mutants {
        files.push(mutant.file.clone());
        let key = key(mutant, root, &mut sources)?;
        let count = seen.entry(key.clone()).or_default();
        *count += 1;
        let key = if *count == 1 { key } else { format!("{key} #{count}") };
        if let Some(used) = reviewed.get_mut(key.as_str()) {
            *used = true;
            mutant.fate = Fate::Equivalent;
        }
    }
    let is_stale = |(line, used): &(&str, bool)| {
        !used && files.iter().any(|file| line.split(" | ").next().is_some_and(|first| first == file))
    };
    let stale: Vec<_> = reviewed.into_iter().filter(is_stale).map(|(line, _)| line).collect();
    if stale.is_empty() { Ok(()) } else { Err(format!("no such mutant any more:\n{}", stale.join("\n")).into()) }
}

/// How the reviewed list names a mutant.
fn key(mutant: &Mutant, root: &Path, sources: &mut HashMap<String, Vec<String>>) -> Result<String, Failure> {
    if !sources.contains_key(&mutant.file) {
        let lines = fs::read_to_string(root.join(&mutant.file))?.lines().map(|line| line.trim().to_owned()).collect();
        sources.insert(mutant.file.clone(), lines);
    }
    let line = sources[&mutant.file].get(mutant.start.0 - 1).cloned().unwrap_or_default();
    Ok(format!("{} | {line} | {}", mutant.file, mutant.change))
}

/// How the reviewed list would name each of these mutants.
pub(crate) fn keys(mutants: &[Mutant], root: &Path) -> Result<Vec<String>, Failure> {
    let (mut sources, mut seen) = (HashMap::new(), HashMap::<String, usize>::new());
    let named = |mutant| {
        let key = key(mutant, root, &mut sources)?;
        let count = seen.entry(key.clone()).or_default();
        *count += 1;
        Ok(if *count == 1 { key } else { format!("{key} #{count}") })
    };
    mutants.iter().map(named).collect()
}
