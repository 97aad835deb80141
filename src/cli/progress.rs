//! Long work: a progress bar with speed and remaining time, on a terminal.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::paint::Look;
use super::screen::Screen;
use super::zone::span;
use crate::store::{VerifyProgress, Verifying};

/// How far some work is.
pub(super) struct Progress<'a> {
    screen: &'a Screen,
    what: &'static str,
    began: i64,
    /// When this part began, and how much was done by then: an earlier part does not count for its rate.
    part: (i64, u64),
    drawn: i64,
    done: u64,
    /// Whether anything is drawn.
    is_shown: bool,
}

const CELLS: usize = 24;

impl<'a> Progress<'a> {
    pub(super) fn of(screen: &'a Screen, what: &'static str) -> Self {
        let now = screen.now();
        Self { screen, what, began: now, part: (now, 0), drawn: 0, done: 0, is_shown: screen.is_live }
    }

    /// The same, drawn only when the output does not go to the same terminal.
    pub(super) fn beside_output(mut self) -> Self {
        self.is_shown &= self.screen.width.is_none();
        self
    }

    /// Shows how many of all are done.
    pub(super) fn at(&mut self, done: u64, all: u64) {
        let now = self.screen.now();
        if done < self.done {
            self.part = (now, done);
        }
        self.done = done;
        if self.is_shown && now - self.drawn >= 100 {
            self.drawn = now;
            let since = u64::try_from(now - self.part.0).unwrap_or(0);
            self.screen.status(&line(self.what, done, all, done.saturating_sub(self.part.1), since));
        }
    }

    /// Removes the bar, and returns the total time in milliseconds.
    pub(super) fn end(&self) -> i64 {
        if self.is_shown {
            self.screen.clear();
        }
        self.screen.now() - self.began
    }
}

impl Verifying for Progress<'_> {
    fn progress(&mut self, progress: VerifyProgress) -> ControlFlow<()> {
        self.at(progress.verified.0, progress.last.0);
        ControlFlow::Continue(())
    }
}

/// Runs work without progress reports, such as another machine's, with a line that shows the time.
pub(super) fn with_timer<T>(screen: &Screen, what: &str, work: impl FnOnce() -> T) -> T {
    if !screen.is_live {
        return work();
    }
    let (is_done, began) = (AtomicBool::new(false), screen.now());
    std::thread::scope(|scope| {
        let drawing = scope.spawn(|| {
            while !is_done.load(Ordering::Relaxed) {
                screen.status(&format!("{what} … {}", Look::Dim.on(&span(screen.now() - began))));
                std::thread::park_timeout(Duration::from_millis(200));
            }
        });
        let found = work();
        is_done.store(true, Ordering::Relaxed);
        drawing.thread().unpark();
        let _ = drawing.join();
        screen.clear();
        found
    })
}

/// `verifying ██████░░░░  62 % · 310000 a second · 1s left`.
fn line(what: &str, done: u64, all: u64, done_since: u64, since_millis: u64) -> String {
    let share = done.min(all).saturating_mul(100).checked_div(all).unwrap_or(0);
    let full = usize::try_from(share).unwrap_or(0) * CELLS / 100;
    let bar = format!("{}{}", "█".repeat(full), "░".repeat(CELLS - full));
    let rate = done_since.saturating_mul(1_000).checked_div(since_millis).unwrap_or(0);
    let mut said_of = format!("{what} {} {share:>3} %", Look::Name.on(&bar));
    if let Some(left) = all.saturating_sub(done).saturating_mul(1_000).checked_div(rate) {
        let left = span(i64::try_from(left.max(1_000)).unwrap_or(i64::MAX));
        said_of.push_str(&Look::Dim.on(&format!(" · {rate} a second · {left} left")));
    }
    said_of
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        text.chars().filter(|c| !matches!(c, '\u{2061}'..='\u{2064}' | '\u{206A}'..='\u{206F}')).collect()
    }

    #[test]
    fn a_bar_says_how_far_how_fast_and_how_long() {
        let half = plain(&line("verifying", 500, 1_000, 500, 1_000));
        assert_eq!(half, "verifying ████████████░░░░░░░░░░░░  50 % · 500 a second · 1s left");
        assert_eq!(plain(&line("x", 0, 0, 0, 0)), format!("x {}   0 %", "░".repeat(CELLS)));
        assert!(plain(&line("x", 9, 5, 9, 1)).contains("100 %"), "more than all is all");
    }
}
