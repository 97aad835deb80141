//! How long something takes, when the machine is shared.
//!
//! Neighbours make a run slower, never faster, and they do it to everything for a while. So what is compared takes turns,
//! a few hundred questions each, and the result is the median of the ratios of neighbouring turns.

use std::fs;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::workload::Question;

/// Something that takes a question.
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

/// Nanoseconds a question, and how many times the first contender's that is.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// The median of the turns.
    pub nanos: f64,
    /// The median of the ratios to the first contender's turn before it.
    pub ratio: f64,
}

/// Lets the contenders take turns.
pub fn compare(contenders: &[Ask<'_>], questions: &[Question], turns: usize) -> Vec<Taken> {
    let row = 500.min(questions.len() / 2).max(1);
    let rows: Vec<_> = questions.chunks_exact(row).collect();
    let mut times = vec![Vec::new(); contenders.len()];
    for turn in 0..turns {
        for (n, ask) in contenders.iter().enumerate() {
            // Nobody finds warm in the cache what the one before has just read.
            let row = rows[(turn * contenders.len() + n) % rows.len()];
            // A host has just read the question; only the grants are cold.
            black_box(row.iter().map(weight).sum::<usize>());
            let start = Instant::now();
            ask(row);
            times[n].push(start.elapsed().as_nanos() as f64 / row.len() as f64);
        }
    }
    let ratios = |times: &[f64], first: &[f64]| times.iter().zip(first).map(|(a, b)| a / b).collect::<Vec<_>>();
    times.iter().map(|own| Taken { nanos: median(own), ratio: median(&ratios(own, &times[0])) }).collect()
}

fn weight(question: &Question) -> usize {
    let texts = [question.principal.id(), question.action.name(), question.resource.id()];
    let texts = texts.into_iter().chain(question.resource.server());
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
    ask: &Ask<'_>,
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
                    let row = (questions.len() / 16).max(1);
                    for rows in questions.chunks(row).cycle().skip(n * 5) {
                        if over.load(Ordering::Relaxed) {
                            break;
                        }
                        ask(rows);
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
