//! Marks for emphasis: zero-width characters that become colours on a terminal, or are removed.
//!
//! INVARIANT: text from others never contains one of these marks, because [`harmless`] writes it as its number. So
//! others cannot colour text, and a table can measure marked text.

use crate::model::{is_blank, shown};

const END: char = '\u{2064}';
const MARKS: [(char, &str); 6] = [
    ('\u{2061}', "\u{1b}[32m"),
    ('\u{2062}', "\u{1b}[31m"),
    ('\u{2063}', "\u{1b}[33m"),
    ('\u{206A}', "\u{1b}[2m"),
    ('\u{206B}', "\u{1b}[1m"),
    ('\u{206C}', "\u{1b}[36m"),
];

/// How text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Good,
    Bad,
    Warn,
    Dim,
    Bold,
    Name,
}

impl Look {
    /// The text, marked.
    pub(super) fn on(self, text: &str) -> String {
        let mark = match self {
            Self::Good => '\u{2061}',
            Self::Bad => '\u{2062}',
            Self::Warn => '\u{2063}',
            Self::Dim => '\u{206A}',
            Self::Bold => '\u{206B}',
            Self::Name => '\u{206C}',
        };
        format!("{mark}{text}{END}")
    }
}

/// The text with colours, or without.
pub(super) fn painted(text: &str, colour: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let found = MARKS.iter().find(|(mark, _)| *mark == c).map(|(_, code)| *code);
        match found.or_else(|| (c == END).then_some("\u{1b}[0m")) {
            None => out.push(c),
            Some(code) if colour => out.push_str(code),
            Some(_) => {}
        }
    }
    out
}

/// Text that others wrote, on one line, without anything that a terminal would obey.
pub(super) fn harmless(text: &str) -> String {
    shown(text)
}

/// JSON with every control or invisible character escaped. The value is the same.
pub(super) fn harmless_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() || !is_blank(c) {
            out.push(c);
        } else {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        }
    }
    out
}

/// Text of several lines, such as a policy: its line breaks stay.
pub(super) fn harmless_lines(text: &str) -> String {
    text.lines().map(shown).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_that_others_wrote_colours_nothing() {
        let hostile = "\u{2062}red\u{2064} \u{1b}[31mred \u{9b}31m \u{202e}txt";
        let shown = harmless(hostile);
        assert!(!shown.chars().any(is_invisible), "{shown:?}");
        assert_eq!(painted(&shown, true), shown);
        let json = harmless_json("\"\u{202e}\u{9b}\u{e0041} \u{e9}\"");
        assert_eq!(json, "\"\\u202e\\u009b\\udb40\\udc41 \u{e9}\"");
        let read: String = serde_json::from_str(&json).unwrap();
        assert_eq!(read, "\u{202e}\u{9b}\u{e0041} \u{e9}");
    }

    fn is_invisible(c: char) -> bool {
        is_blank(c) && c != ' '
    }

    #[test]
    fn a_mark_is_a_colour_or_nothing() {
        assert_eq!(painted(&Look::Good.on("yes"), true), "\u{1b}[32myes\u{1b}[0m");
        assert_eq!(painted(&Look::Good.on("yes"), false), "yes");
    }
}
