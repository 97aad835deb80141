//! How text is kept that may hold any character.
//!
//! PostgreSQL's text holds no U+0000. What others wrote, and notices repeat, may: it is written as two characters, of which the
//! first is one for private use that is written as two itself. The same text is always written the same, so it can be looked up.

use std::borrow::Cow;

const MARK: char = '\u{10fffd}';
const NUL: &str = "\u{10fffd}0";
const MARKED: &str = "\u{10fffd}1";

/// The text as it is kept.
pub(super) fn kept(text: &str) -> Cow<'_, str> {
    if text.contains(['\0', MARK]) {
        Cow::Owned(text.replace(MARK, MARKED).replace('\0', NUL))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text that was given to be kept.
pub(super) fn given(kept: String) -> String {
    if kept.contains(MARK) { kept.replace(NUL, "\0").replace(MARKED, "\u{10fffd}") } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_comes_back() {
        for text in
            ["", "plain", "\0", "a\0b\0", "\u{10fffd}", "\u{10fffd}0", "\0\u{10fffd}1\0", "\u{10fffd}\u{10fffd}0"]
        {
            assert_eq!(given(kept(text).into_owned()), text);
            assert!(!kept(text).contains('\0'));
        }
    }
}
