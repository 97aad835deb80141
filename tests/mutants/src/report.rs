//! The score, and what was missed.

use std::collections::BTreeMap;

use crate::list::{Fate, Mutant, keys};
use crate::run::outcomes;
use crate::{Failure, Places};

#[derive(Default)]
struct Score {
    caught: usize,
    missed: usize,
    unviable: usize,
    constant: usize,
    equivalent: usize,
    not_run: usize,
}

/// Prints the missed mutants as the reviewed list names them, and a line for each folder.
pub(crate) fn print(mutants: &[Mutant], places: &Places) -> Result<(), Failure> {
    let outcomes = outcomes(places);
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    println!();
    for (mutant, key) in mutants.iter().zip(keys(mutants, &places.root)?) {
        let folder = mutant.file.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
        let score = scores.entry(folder).or_default();
        let outcome = outcomes.get(&mutant.name).map(|(outcome, _)| outcome.as_str());
        match (mutant.fate, outcome) {
            (Fate::Unviable, _) => score.unviable += 1,
            (Fate::Constant, _) => score.constant += 1,
            (Fate::Equivalent, _) => score.equivalent += 1,
            (Fate::Runs, None) => score.not_run += 1,
            (Fate::Runs, Some("missed")) => {
                score.missed += 1;
                println!("missed: {}:{} | {key}", mutant.start.0, mutant.start.1);
            }
            (Fate::Runs, Some(_)) => score.caught += 1,
        }
    }
    println!();
    for (folder, score) in scores {
        let Score { caught, missed, unviable, constant, equivalent, not_run } = score;
        let percent = 100.0 * caught as f64 / (caught + missed).max(1) as f64;
        println!(
            "{folder}: {percent:.1} % ({caught} caught, {missed} missed; {equivalent} equivalent, {unviable} unviable, \
             {constant} in constants, {not_run} not run)"
        );
    }
    Ok(())
}
