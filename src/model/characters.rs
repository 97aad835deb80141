//! Which characters are invisible, and which change the order of displayed text.
//!
//! The answers are Unicode's own, so a new version of Unicode is a new version of `icu_properties` and no edit here.

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

/// Whether the character leaves no mark on a page: spaces, controls, formats, fillers, variation selectors and tags.
pub(crate) fn is_blank(c: char) -> bool {
    // The empty Braille pattern and two musical symbols are drawn as nothing, though Unicode calls them symbols.
    const DRAWN_AS_NOTHING: [char; 3] = ['\u{2800}', '\u{1D159}', '\u{FFFC}'];
    c.is_whitespace()
        || DRAWN_AS_NOTHING.contains(&c)
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || matches!(
            CodePointMapData::<GeneralCategory>::new().get(c),
            GeneralCategory::Control
                | GeneralCategory::Format
                | GeneralCategory::PrivateUse
                | GeneralCategory::Surrogate
                | GeneralCategory::Unassigned
        )
}

/// Whether the character is a mark that is drawn on the character before it, and nowhere without one.
fn is_mark(c: char) -> bool {
    matches!(
        CodePointMapData::<GeneralCategory>::new().get(c),
        GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark
    )
}

/// Whether a reader would see anything of this text.
pub(super) fn is_visible(text: &str) -> bool {
    text.chars().any(|c| !is_blank(c) && !is_mark(c))
}

/// A character that changes the order of what follows it: the displayed text would differ from the stored one.
pub(super) fn reordering(text: &str) -> Option<char> {
    text.chars().find(|c| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'))
}

/// `the character U+202E`, as messages name one that cannot be shown.
pub(super) fn named(c: char) -> String {
    format!("the character U+{:04X}", u32::from(c))
}

/// Text from others as a message shows it, on one line: a line break is drawn, and an invisible or reordering character
/// is written as its number.
pub(crate) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' => out.push(' '),
            '\r' if rest.peek() == Some(&'\n') => {}
            '\n' | '\r' => out.push_str(" ⏎ "),
            c if is_blank(c) => out.push_str(&format!("[U+{:04X}]", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_shown_as_its_number_and_a_line_stays_one() {
        let text = "pay\u{202E}slip\r\nnext\tto\u{200B}\u{E0041}\u{1b}[31m";
        assert_eq!(shown(text), "pay[U+202E]slip ⏎ next to[U+200B][U+E0041][U+001B][31m");
        assert_eq!(shown("plain 字 é"), "plain 字 é");
    }

    #[test]
    fn what_nobody_sees_is_blank() {
        for c in [
            ' ',
            '\u{A0}',
            '\u{200B}',
            '\u{200D}',
            '\u{FEFF}',
            '\u{AD}',
            '\u{34F}',
            '\u{115F}',
            '\u{1160}',
            '\u{17B4}',
            '\u{180B}',
            '\u{2060}',
            '\u{2800}',
            '\u{3164}',
            '\u{FFA0}',
            '\u{FE0F}',
            '\u{E0041}',
            '\u{E01EF}',
            '\u{202E}',
            '\u{2066}',
            '\u{1D173}',
            '\u{1BCA0}',
            '\u{E000}',
            '\u{FFFE}',
            '\u{FFFC}',
            '\n',
        ] {
            assert!(is_blank(c), "U+{:04X}", u32::from(c));
        }
        for c in ['a', '0', '-', 'é', '字', '☃', '😀', 'ا', '\u{16A0}'] {
            assert!(!is_blank(c), "{c}");
        }
        assert!(!is_visible("\u{200B} \u{301}") && is_visible("\u{200B}x"));
    }

    #[test]
    fn overrides_embeddings_and_isolates_reorder() {
        let all: Vec<char> = ('\0'..=char::MAX).filter(|c| reordering(&c.to_string()).is_some()).collect();
        assert_eq!(
            all,
            [
                '\u{202A}', '\u{202B}', '\u{202C}', '\u{202D}', '\u{202E}', '\u{2066}', '\u{2067}', '\u{2068}',
                '\u{2069}'
            ]
        );
    }
}
