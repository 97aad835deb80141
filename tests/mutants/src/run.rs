//! Which mutants make a test fail.
//!
//! Of each mutant the tests that reach it run, the quickest first, until one fails. What failed for the mutants before
//! it in the same file comes first: mostly it fails again.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::list::Mutant;
use crate::programs::{Test, command};
use crate::{Failure, Places};

/// How many mutants are run at a time.
const AT_A_TIME: usize = 2;
/// Tests that are slower than this run alone.
const SLOW: f64 = 0.5;
/// How long a test program may take at least.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many of the last failures of a file are tried first.
const RECENT: usize = 6;

/// What became of a mutant.
pub(crate) type Outcome = (String, String);

/// Outcomes by the name of the mutant, from earlier runs.
pub(crate) fn outcomes(places: &Places) -> HashMap<String, Outcome> {
    let text = fs::read_to_string(places.made.join("outcomes.tsv")).unwrap_or_default();
    let mut all = HashMap::new();
    for line in text.lines() {
        if let [name, outcome, by] = line.split('\t').collect::<Vec<_>>()[..] {
            all.insert(name.to_owned(), (outcome.to_owned(), by.to_owned()));
        }
    }
    all
}

/// Runs the mutants, and notes each outcome at once.
pub(crate) fn run(mutants: &[Mutant], tests: &[Test], places: &Places, only_missed: bool) -> Result<(), Failure> {
    let path = places.made.join("outcomes.tsv");
    if !only_missed {
        let _ = fs::remove_file(&path);
    }
    let known = outcomes(places);
    let is_open = |mutant: &&Mutant| known.get(&mutant.name).is_none_or(|(outcome, _)| outcome == "missed");
    let mut wanted: Vec<&Mutant> = mutants.iter().filter(|mutant| mutant.runs()).filter(is_open).collect();
    // Of a run that was stopped, the score is that of a sample.
    wanted.sort_by_key(|mutant| mutant.id.wrapping_mul(7_919) % 1_009);
    let reached = Reached::of(mutants, tests);
    let notes = Mutex::new(OpenOptions::new().create(true).append(true).open(path)?);
    let recent = Mutex::new(HashMap::<&str, VecDeque<usize>>::new());
    let (next, missed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let started = Instant::now();
    let work = || -> Result<(), Failure> {
        while let Some(mutant) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
            let first: Vec<usize> =
                recent.lock().unwrap().get(mutant.file.as_str()).into_iter().flatten().copied().collect();
            let killer = killer(mutant, &reached.tests(mutant), &first, tests, places)?;
            let (outcome, by) = match &killer {
                None => ("missed", String::new()),
                Some((test, how)) => (*how, label(&tests[*test])),
            };
            if let Some((test, _)) = killer {
                let mut recent = recent.lock().unwrap();
                let recent = recent.entry(&mutant.file).or_default();
                recent.retain(|known| *known != test);
                recent.push_front(test);
                recent.truncate(RECENT);
            } else {
                missed.fetch_add(1, Ordering::Relaxed);
                println!("MISSED {}", mutant.name);
            }
            writeln!(notes.lock().unwrap(), "{}\t{outcome}\t{by}", mutant.name)?;
            let done = next.load(Ordering::Relaxed);
            if done % 50 == 0 {
                let missed = missed.load(Ordering::Relaxed);
                println!("{done} of {}, {missed} missed, {:.0} s", wanted.len(), started.elapsed().as_secs_f64());
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_A_TIME).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker does not panic"))
    })?;
    println!("{} mutants in {:.0} s", wanted.len(), started.elapsed().as_secs_f64());
    Ok(())
}

/// Which tests reach a place.
struct Reached {
    by_place: HashMap<usize, Vec<usize>>,
    /// The first mutant of the place of each mutant.
    place: HashMap<usize, usize>,
}

impl Reached {
    fn of(mutants: &[Mutant], tests: &[Test]) -> Self {
        let mut by_place: HashMap<usize, Vec<usize>> = HashMap::new();
        for (at, test) in tests.iter().enumerate() {
            test.reaches.iter().for_each(|place| by_place.entry(*place).or_default().push(at));
        }
        // A place notes the first of its mutants that compiles; those after it have the same genre and function.
        let mut place = HashMap::new();
        for mutant in mutants {
            let before =
                (0..=mutant.id).rev().find(|id| by_place.contains_key(id) && is_same_place(&mutants[*id], mutant));
            place.extend(before.map(|before| (mutant.id, before)));
        }
        Self { by_place, place }
    }

    fn tests(&self, mutant: &Mutant) -> Vec<usize> {
        self.place.get(&mutant.id).and_then(|place| self.by_place.get(place)).cloned().unwrap_or_default()
    }
}

fn is_same_place(one: &Mutant, other: &Mutant) -> bool {
    let is_field = one.genre == "StructField";
    one.file == other.file && one.genre == other.genre && (one.start == other.start || is_field)
}

/// The test that fails, and whether it failed or took too long.
fn killer(
    mutant: &Mutant,
    reaching: &[usize],
    first: &[usize],
    tests: &[Test],
    places: &Places,
) -> Result<Option<(usize, &'static str)>, Failure> {
    let reaching_set: HashSet<usize> = reaching.iter().copied().collect();
    let mut batches: Vec<Vec<usize>> =
        first.iter().filter(|test| reaching_set.contains(test)).map(|test| vec![*test]).collect();
    let rest: Vec<usize> = reaching.iter().copied().filter(|test| !first.contains(test)).collect();
    let mut grouped: HashMap<_, Vec<usize>> = HashMap::new();
    let mut others = Vec::new();
    for test in rest {
        if tests[test].story.is_some() || tests[test].seconds > SLOW {
            others.push(vec![test]);
        } else {
            grouped.entry(&tests[test].program).or_default().push(test);
        }
    }
    others.extend(grouped.into_values());
    let seconds = |batch: &Vec<usize>| batch.iter().map(|test| tests[*test].seconds).sum::<f64>();
    others.sort_by(|one, other| seconds(one).total_cmp(&seconds(other)));
    batches.extend(others);
    for batch in batches {
        let patience = PATIENCE + Duration::from_secs_f64(5.0 * seconds(&batch));
        if let Some((failed, how)) = fails(mutant, &batch, tests, places, patience)? {
            return Ok(Some((failed, how)));
        }
    }
    Ok(None)
}

/// Runs these tests of one program with the mutant; the first that fails.
fn fails(
    mutant: &Mutant,
    batch: &[usize],
    tests: &[Test],
    places: &Places,
    patience: Duration,
) -> Result<Option<(usize, &'static str)>, Failure> {
    let first = &tests[batch[0]];
    let mut command = command(&first.program, places);
    command.args(["--exact", "--test-threads=2"]).args(batch.iter().map(|test| &tests[*test].name));
    if let Some(story) = &first.story {
        command.env("SCENARIO", story);
    }
    command.env("MUTANT", mutant.id.to_string()).process_group(0);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let (sender, lines) = mpsc::channel();
    let output = child.stdout.take().ok_or("no output")?;
    let reader = thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    let until = Instant::now() + patience;
    let end = |child: &mut std::process::Child| -> Result<(), Failure> {
        // The programs that the test started end with it.
        Command::new("sh").args(["-c", &format!("kill -9 -{}", child.id())]).stderr(Stdio::null()).status()?;
        child.wait()?;
        Ok(())
    };
    loop {
        match lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                if let Some(name) = line.strip_prefix("test ").and_then(|line| line.strip_suffix(" ... FAILED")) {
                    let name = name.trim_end_matches(" - should panic");
                    let failed = batch.iter().copied().find(|test| tests[*test].name == name).unwrap_or(batch[0]);
                    end(&mut child)?;
                    return Ok(Some((failed, "failed")));
                }
            }
            Err(RecvTimeoutError::Timeout) => {
                end(&mut child)?;
                return Ok(Some((batch[0], "timeout")));
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let _ = reader.join();
    // It has closed its output, and ends.
    let status = child.wait()?;
    end(&mut child).ok();
    Ok((!status.success()).then_some((batch[0], "failed")))
}

/// How a test is called in a report.
fn label(test: &Test) -> String {
    let program = test.program.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let program = program.rsplit_once('-').map_or(program.as_str(), |(name, _)| name);
    match &test.story {
        Some(story) => format!("{program} {story}.yaml"),
        None => format!("{program} {}", test.name),
    }
}
