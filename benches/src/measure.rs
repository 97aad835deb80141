//! How long something takes, when the machine is shared.
//!
//! Neighbours make a run slower, never faster, and they do it to everything for a while. So two things that are compared
//! take turns, nobody between them, and the result is the median of the ratios of neighbouring turns.
//!
//! A host asks the same index again and again: its caches hold what the index left there, and the question it has just
//! read. So each turn begins with questions that are not timed, and the text of a few questions at a time is read before
//! the clock starts.

use std::fs;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::workload::Question;

/// Something that takes questions.
pub type Ask<'a> = Box<dyn Fn(&[Question]) + Sync + 'a>;

/// Asks every question of a row.
pub fn asking<'a, R>(ask: impl Fn(&Question) -> R + Sync + 'a) -> Ask<'a> {
    Box::new(move |row| {
        for question in row {
            // A reference, so that the answer is made and not moved about.
            black_box(&ask(black_box(question)));
        }
    })
}

/// What is measured.
pub struct Contender<'a> {
    /// What it is called.
    pub name: &'a str,
    ask: Ask<'a>,
    /// How many questions it is asked in one turn; as many again go before them and are not timed.
    turn: usize,
}

/// The longest turn: enough questions to bring all of a filter of 512 KiB into the cache before the clock starts.
const TURN: usize = 8_192;
/// How many questions a host has in its first cache at once.
const FEW: usize = 64;

impl<'a> Contender<'a> {
    /// Something fast.
    pub fn new<R>(name: &'a str, ask: impl Fn(&Question) -> R + Sync + 'a) -> Self {
        Self { name, ask: asking(ask), turn: TURN }
    }

    /// Something slow: so many questions a turn.
    pub fn slow<R>(name: &'a str, turn: usize, ask: impl Fn(&Question) -> R + Sync + 'a) -> Self {
        Self { name, ask: asking(ask), turn }
    }

    /// All the questions of a row, one after the other.
    pub fn ask(&self, row: &[Question]) {
        (self.ask)(row);
    }

    /// Nanoseconds a question in one turn that begins with this question.
    fn turn(&self, questions: &[Question], from: usize) -> f64 {
        let (mut time, few) = (Duration::ZERO, FEW.min(self.turn));
        for n in (0..self.turn * 2).step_by(few) {
            let first = (from + n) % (questions.len() - few);
            let few = &questions[first..first + few];
            black_box(few.iter().map(weight).sum::<usize>());
            let start = Instant::now();
            self.ask(few);
            if n >= self.turn {
                time += start.elapsed();
            }
        }
        time.as_nanos() as f64 / self.turn as f64
    }
}

/// Nanoseconds a question, and how many times another contender's that is.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// The median of the other's turns.
    pub other: f64,
    /// The median of the turns.
    pub nanos: f64,
    /// The median of the ratios of each turn to the other's turn before it.
    pub ratio: f64,
}

/// Lets two contenders take turns.
pub fn compare(one: &Contender<'_>, other: &Contender<'_>, questions: &[Question], turns: usize) -> Taken {
    let mut taken = Turns::default();
    taken.more(one, other, questions, turns);
    taken.taken()
}

/// Turns that two contenders have taken, at several moments of a run: a machine is in one state for some seconds and in
/// another one after that.
#[derive(Debug, Default)]
pub struct Turns {
    own: Vec<f64>,
    others: Vec<f64>,
}

impl Turns {
    /// Has them take so many more.
    pub fn more(&mut self, one: &Contender<'_>, other: &Contender<'_>, questions: &[Question], turns: usize) {
        let mut from = 0;
        let mut turn = |contender: &Contender<'_>| {
            // Nobody finds in the cache what the other has just read.
            from = (from + contender.turn * 2).next_multiple_of(FEW) % questions.len();
            contender.turn(questions, from)
        };
        for _ in 0..turns {
            self.others.push(turn(other));
            self.own.push(turn(one));
        }
    }

    /// What came out.
    pub fn taken(&self) -> Taken {
        let ratios: Vec<_> = self.own.iter().zip(&self.others).map(|(a, b)| a / b).collect();
        Taken { other: median(&self.others), nanos: median(&self.own), ratio: median(&ratios) }
    }
}

fn weight(question: &Question) -> usize {
    let texts = [question.principal.id(), question.action.name(), question.resource.id(), &question.thing];
    let texts = texts.into_iter().chain(question.parent.as_deref());
    texts.map(|text| text.bytes().map(usize::from).sum::<usize>()).sum()
}

/// The median; of nothing, zero.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// How much several threads get done beside a writer, in million questions a second of processor time each.
pub fn throughput(
    contender: &Contender<'_>,
    questions: &[Question],
    threads: usize,
    writer: Option<&(dyn Fn(usize) + Sync)>,
    time: Duration,
) -> f64 {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers: Vec<_> = (0..threads)
            .map(|n| {
                let over = &over;
                scope.spawn(move || {
                    let (mut done, before) = (0_usize, on_processor());
                    let row = 4_096.min(questions.len());
                    for rows in questions.chunks(row).cycle().skip(n * 5) {
                        if over.load(Ordering::Relaxed) {
                            break;
                        }
                        contender.ask(rows);
                        done += rows.len();
                    }
                    let used = (on_processor() - before).as_secs_f64();
                    if used > 0.0 { done as f64 / used / 1e6 } else { 0.0 }
                })
            })
            .collect();
        let start = Instant::now();
        let mut change = 0;
        while start.elapsed() < time {
            thread::sleep(Duration::from_millis(1));
            if let Some(write) = writer {
                while change < start.elapsed().as_millis() as usize {
                    write(change);
                    change += 1;
                }
            }
        }
        over.store(true, Ordering::Relaxed);
        readers.into_iter().map(|reader| reader.join().unwrap_or_default()).sum()
    })
}

/// How long this thread has run: a neighbour who takes the processor away does not count.
fn on_processor() -> Duration {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(stat.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or_default())
}

/// The time it takes to do something once.
pub fn once<R>(work: impl FnOnce() -> R) -> (R, f64) {
    let start = Instant::now();
    let done = work();
    (done, start.elapsed().as_nanos() as f64)
}
