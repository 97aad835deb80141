//! Waiting for a decision, and for the signal that ends the waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use serde_json::{Map, Value, json};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::client::Client;
use super::field::{distance_of, text};
use super::paint::Look;
use super::problem::{Exit, Problem};
use super::screen::Screen;
use super::show::{short, waits_for};
use super::zone::span;

/// Whether a signal asked this command to end.
#[derive(Debug)]
pub(super) struct Interrupt {
    /// Ctrl-C: every process of the terminal gets it.
    key: Arc<AtomicBool>,
    /// A signal that this process alone got.
    end: Arc<AtomicBool>,
    /// Nothing is ever sent: receiving with a timeout is a pause.
    pause: (Sender<()>, Receiver<()>),
}

impl Interrupt {
    /// From now on, Ctrl-C and similar signals are noted and do not end the process.
    pub(super) fn watch() -> Self {
        let (key, end) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        for (signal, flag) in [(SIGINT, &key), (SIGTERM, &end), (SIGHUP, &end)] {
            // Where it cannot be noted, it ends the process as usual.
            let _ = signal_hook::flag::register(signal, Arc::clone(flag));
        }
        Self { key, end, pause: channel() }
    }

    pub(super) fn came(&self) -> bool {
        self.key.load(Ordering::Relaxed) || self.must_end()
    }

    /// Whether a signal came that the child command has not received.
    pub(super) fn must_end(&self) -> bool {
        self.end.load(Ordering::Relaxed)
    }

    pub(super) fn pause(&self, millis: u64) {
        let _ = self.pause.1.recv_timeout(Duration::from_millis(millis));
    }
}

/// How often the host is polled: often at first, when a person may be watching.
const ROUNDS: [(i64, i64); 3] = [(60_000, 1_000), (600_000, 3_000), (i64::MAX, 10_000)];

/// Waits until the request is no longer open, with a line that says for whom it waits. Returns the request.
pub(super) fn for_decision(
    client: &Client,
    screen: &Screen,
    request: Value,
    patience: Option<i64>,
    interrupt: &Interrupt,
) -> Result<Value, Problem> {
    let id = text(&request, "id");
    let began = screen.now();
    let (mut request, mut next, mut turn, mut shown) = (request, began, 0, String::new());
    let mut trouble: Option<String> = None;
    loop {
        if !matches!(text(&request, "status").as_str(), "pending") {
            screen.clear();
            return Ok(request);
        }
        let now = screen.now();
        let line = line(screen, &request, now - began, trouble.as_deref(), turn);
        if screen.is_live {
            screen.status(&line);
        } else if shown != waits_for(&request) {
            shown = waits_for(&request);
            screen.note(&format!("waiting for {shown}"));
        }
        let is_over = patience.is_some_and(|patience| now - began >= patience);
        if interrupt.came() || is_over {
            screen.clear();
            let waited = span(now - began);
            let message = format!("stopped waiting after {waited}; the request stays open");
            let id = short(&id);
            return Err(Problem::new(Exit::Waiting, message)
                .next(format!("jit status {id} --wait goes on, jit withdraw {id} takes it back")));
        }
        if now >= next {
            match client.run("request", Map::from_iter([("id".to_owned(), json!(id))])) {
                Ok(found) => (request, trouble) = (found, None),
                // A restarting host comes back; the request is on its disk.
                Err(problem) if problem.exit == Exit::Unavailable => trouble = Some(problem.message),
                Err(problem) => {
                    screen.clear();
                    return Err(problem);
                }
            }
            let every = ROUNDS.iter().find(|(until, _)| now - began < *until).map_or(10_000, |(_, every)| *every);
            next = screen.now() + every;
        } else {
            turn += 1;
            interrupt.pause(if screen.is_live { 120 } else { 200 });
        }
    }
}

fn line(screen: &Screen, request: &Value, waited: i64, trouble: Option<&str>, turn: usize) -> String {
    const TURNS: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
    let mark = TURNS.get(turn % TURNS.len()).copied().unwrap_or_default();
    let clock = format!("{:02}:{:02}", waited / 60_000, waited / 1_000 % 60);
    if let Some(trouble) = trouble {
        return format!("{} {clock}  {}; trying again", Look::Warn.on(mark), super::paint::harmless(trouble));
    }
    let until = distance_of(screen, request, "times_out_at");
    format!("{} {clock}  waiting for {} · times out {until}", Look::Name.on(mark), Look::Bold.on(&waits_for(request)))
}

/// The exit and the message for a decided request.
pub(super) fn outcome(screen: &Screen, request: &Value) -> Result<(), Problem> {
    let id = text(request, "id");
    let last = |verdict: &str| {
        let reviews = request.get("reviews").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        reviews.iter().rev().find(|review| text(review, "verdict") == verdict).cloned().unwrap_or_default()
    };
    let (message, exit) = match text(request, "status").as_str() {
        "denied" => {
            let review = last("deny");
            (format!("denied by {}: {}", text(&review, "by"), text(&review, "comment")), Exit::Denied)
        }
        "withdrawn" => ("the request was withdrawn".to_owned(), Exit::Closed),
        "timed_out" => ("nobody answered in time".to_owned(), Exit::Closed),
        "needs_info" => {
            let review = last("ask");
            (format!("{} asks: {}", text(&review, "by"), text(&review, "comment")), Exit::Question)
        }
        _ => return Ok(()),
    };
    let short = short(&id);
    let _ = screen;
    let problem = Problem::new(exit, message);
    Err(match exit {
        Exit::Question => problem.next(format!("jit answer {short} your answer, then jit status {short} --wait")),
        Exit::Denied => problem.next(format!("jit status {short} shows the whole of it")),
        _ => problem.next("ask again with `jit request`"),
    })
}
