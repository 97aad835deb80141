//! Output: for people or for programs, with or without colour, and its width.

use std::io::{self, IsTerminal, Write};

use serde_json::Value;

use super::paint::{harmless_json, painted};
use super::table::wrapped;
use super::zone::Zone;
use crate::clock::{Clock, SystemClock};

/// The format of output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Tables and sentences, for people.
    Text,
    /// One JSON document.
    Json,
    /// One JSON document a line.
    Lines,
}

/// Where a command writes.
#[derive(Debug)]
pub(super) struct Screen {
    pub(super) format: Format,
    /// Whether a person can be asked: standard input and standard error are terminals.
    pub(super) can_ask: bool,
    /// Whether standard error is a terminal, so that a line can be overwritten.
    pub(super) is_live: bool,
    colour: bool,
    colour_of_errors: bool,
    /// The columns of the terminal; `None` when the output is not a terminal.
    pub(super) width: Option<usize>,
    pub(super) zone: Zone,
    clock: SystemClock,
}

impl Screen {
    pub(super) fn new(format: Format) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        Self {
            format,
            can_ask: io::stdin().is_terminal() && err,
            is_live: err,
            colour: out && !plain,
            colour_of_errors: err && !plain,
            width: out.then(columns),
            zone: Zone::local(),
            clock: SystemClock::default(),
        }
    }

    /// Milliseconds since 1970.
    pub(super) fn now(&self) -> i64 {
        self.clock.wall()
    }

    /// Writes to standard output. Nothing happens when the reader has closed it.
    pub(super) fn print(&self, text: &str) {
        let text = painted(text, self.colour);
        let mut out = io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
    }

    /// Writes to standard error.
    pub(super) fn note(&self, text: &str) {
        let text = if self.is_live { wrapped(text, columns()).join("\n") } else { text.to_owned() };
        let text = painted(&text, self.colour_of_errors);
        let _ = io::stderr().lock().write_all(format!("{text}\n").as_bytes());
    }

    /// Overwrites the last line of the terminal. Without a terminal, nothing.
    pub(super) fn status(&self, text: &str) {
        if self.is_live {
            let text = painted(&fit(text, columns().saturating_sub(1)), self.colour_of_errors);
            let _ = io::stderr().lock().write_all(format!("\r\u{1b}[2K{text}").as_bytes());
        }
    }

    /// Removes the line of [`Screen::status`].
    pub(super) fn clear(&self) {
        if self.is_live {
            let _ = io::stderr().lock().write_all(b"\r\x1b[2K");
        }
    }

    /// Asks for a line. `None` when no person can be asked, or the line is empty.
    pub(super) fn ask(&self, question: &str) -> Option<String> {
        if !self.can_ask {
            return None;
        }
        let text = painted(question, self.colour_of_errors);
        let _ = io::stderr().lock().write_all(text.as_bytes());
        let mut line = String::new();
        io::stdin().read_line(&mut line).ok()?;
        Some(line.trim().to_owned()).filter(|line| !line.is_empty())
    }

    /// Writes a document as JSON, on one line.
    pub(super) fn line(&self, document: &Value) {
        self.print(&harmless_json(&document.to_string()));
    }

    /// Writes a document as JSON: as one, or one line for each item of a page.
    pub(super) fn json(&self, document: &Value) {
        let one = |value: &Value| self.line(value);
        match (self.format, document) {
            (Format::Lines, Value::Array(items)) => items.iter().for_each(one),
            (Format::Lines, Value::Object(page)) => match page.get("items") {
                Some(Value::Array(items)) => items.iter().for_each(one),
                _ => one(document),
            },
            (Format::Lines, _) => one(document),
            _ => self.print(&harmless_json(&serde_json::to_string_pretty(document).unwrap_or_default())),
        }
    }
}

/// The width of the terminal: from `COLUMNS`, or from the terminal itself.
pub(super) fn columns() -> usize {
    let set = std::env::var("COLUMNS").ok().and_then(|text| text.trim().parse().ok());
    let asked = || {
        let size = rustix::termios::tcgetwinsize(io::stdout()).or_else(|_| rustix::termios::tcgetwinsize(io::stderr()));
        size.ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0)
    };
    set.or_else(asked).unwrap_or(80).max(20)
}

/// So much of the text as fits on a line. Marks have no width.
fn fit(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let is_mark = matches!(c, '\u{2061}'..='\u{2064}' | '\u{206A}'..='\u{206F}');
        if !is_mark && used >= width {
            continue;
        }
        used += usize::from(!is_mark);
        out.push(c);
    }
    out
}
