//! What is wrong with an input, and what would be right.

use std::borrow::Cow;
use std::fmt;

use super::characters;

/// An input that is not a valid value of the model: the field, the problem, and what would be right.
///
/// ```
/// use jit_access::model::{Invalid, Ttl};
///
/// let error: Invalid = Ttl::from_hours(-1.0).unwrap_err();
/// println!("{}: {}; it should be {}", error.field(), error.problem(), error.expected());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Invalid {
    field: Cow<'static, str>,
    problem: String,
    expected: Cow<'static, str>,
}

/// How much of a refused input is repeated in the message; the rest could be a megabyte.
const QUOTED: usize = 80;

impl Invalid {
    /// An input refused for `problem`; `expected` is what would be right.
    pub fn new(
        field: impl Into<Cow<'static, str>>,
        problem: impl Into<String>,
        expected: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { field: field.into(), problem: problem.into(), expected: expected.into() }
    }

    /// The same refusal, with the name that the caller used for the field.
    #[must_use]
    pub fn for_field(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.field = field.into();
        self
    }

    /// The field that was wrong.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The problem.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// What would be right.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// User input quoted for a message: in backticks, escaped, and cut when long.
    #[must_use]
    pub fn quote(input: &str) -> String {
        let (mut out, mut room) = (String::from("`"), QUOTED);
        for c in input.chars() {
            // Invisible characters, and those that change the order of the rest, are written as numbers.
            let number = (c == '`' || c != ' ' && characters::is_blank(c)).then(|| c.escape_unicode());
            let Some(left) = room.checked_sub(number.as_ref().map_or(1, ExactSizeIterator::len)) else {
                out.push('…');
                break;
            };
            room = left;
            match number {
                Some(number) => out.extend(number),
                None => out.push(c),
            }
        }
        out.push('`');
        out
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}; expected {}", self.field, self.problem, self.expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_is_quoted_so_that_it_can_be_read() {
        assert_eq!(Invalid::quote("a b\u{202E}c\n`\u{200B}"), r"`a b\u{202e}c\u{a}\u{60}\u{200b}`");
        for c in ["x", "\u{10FFFF}"] {
            assert_eq!(Invalid::quote(&c.repeat(100)).chars().count(), QUOTED + 3);
        }
        assert_eq!(Invalid::quote(&"x".repeat(QUOTED)).chars().count(), QUOTED + 2);
    }
}
