//! Reads the policies in a text of an operator.
//!
//! Cedar's parser is recursive, and text nested a thousand deep would abort the process. So a text is measured before
//! Cedar reads it, with limits far above any text that people write.

use std::collections::BTreeSet;
use std::str::FromStr;

use cedar_policy::ffi::DetailedError;
use cedar_policy::{Policy, PolicyId, PolicySet};

use super::error::reason;

/// The longest text that people write by hand, in bytes.
pub(crate) const BY_HAND: usize = 64 * 1024;
/// The longest text of a host's whole policy, in bytes.
pub(crate) const WHOLE: usize = 16 * 1024 * 1024;
/// How deep brackets may nest.
const MAX_DEPTH: usize = 24;
/// How many words and signs may follow each other: each may nest one deeper.
const MAX_CHAIN: usize = 400;

/// A place in a text; both count from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Place {
    /// The line and column of this byte.
    fn of(text: &str, byte: usize) -> Option<Self> {
        let before = text.get(..byte)?;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Some(Self { line: before.matches('\n').count() + 1, column })
    }

    /// After this character.
    fn step(&mut self, c: char) {
        if c == '\n' {
            *self = Self { line: self.line + 1, column: 0 };
        } else {
            self.column += 1;
        }
    }
}

/// What is wrong with a text, and where, if known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextError {
    pub(crate) place: Option<Place>,
    pub(crate) reason: String,
}

/// The policies in the order of the text, each named by its `@id`, or otherwise by its line, with its place. Only
/// syntax: they are not checked against a schema.
pub(crate) fn policies(text: &str, most: usize) -> Result<Vec<(Place, Policy)>, TextError> {
    let begins = measured(text, most)?;
    let place = |id: &PolicyId| numbered(id).and_then(|number| begins.get(number)).copied();
    let set = PolicySet::from_str(text).map_err(|errors| said(text, &DetailedError::from(&errors), &errors))?;
    if let Some(template) = set.templates().next() {
        let linked = "a template, with `?principal` or `?resource`, is no policy until it is linked";
        return Err(unfit(place(template.id()), linked));
    }
    let mut parsed: Vec<(Place, usize, Policy)> = set
        .policies()
        .filter_map(|policy| Some((place(policy.id())?, numbered(policy.id())?, policy.clone())))
        .collect();
    parsed.sort_by_key(|(_, number, _)| *number);
    let mut names = BTreeSet::new();
    let named = |(place, _, policy): (Place, usize, Policy)| {
        let name = match policy.annotation("id") {
            Some("") => return Err(unfit(Some(place), "`@id` is empty")),
            Some(id) => id.to_owned(),
            None => format!("line {}", place.line),
        };
        if !names.insert(name.clone()) {
            return Err(unfit(Some(place), format!("there is another policy with the `@id` `{name}`")));
        }
        Ok((place, policy.new_id(PolicyId::new(name))))
    };
    parsed.into_iter().map(named).collect()
}

/// Cedar's error, with the place that it points to.
pub(crate) fn said(text: &str, detailed: &DetailedError, error: &dyn std::error::Error) -> TextError {
    let at = detailed.source_locations.first().map(|label| label.loc.start);
    let mut message = reason(error);
    // Cedar's help names the probable correction.
    if let Some(help) = &detailed.help {
        message = format!("{message} ({help})");
    }
    unfit(at.and_then(|at| Place::of(text, at)), message)
}

fn unfit(place: Option<Place>, reason: impl Into<String>) -> TextError {
    TextError { place, reason: reason.into() }
}

/// Cedar names unnamed policies `policy0`, `policy1`, … in the order of the text.
fn numbered(id: &PolicyId) -> Option<usize> {
    let id: &str = id.as_ref();
    id.strip_prefix("policy")?.parse().ok()
}

/// Where each policy begins; or the bound that the text exceeds.
fn measured(text: &str, most: usize) -> Result<Vec<Place>, TextError> {
    if text.len() > most {
        return Err(unfit(None, format!("the text has {} bytes, and {most} is the most", text.len())));
    }
    let (mut begins, mut at, mut inside) = (Vec::new(), Place { line: 1, column: 0 }, false);
    // The number of tokens in a row, and that number at each open bracket: a closed bracket counts as one token, and a
    // comma starts a new count.
    let (mut chain, mut open) = (0_usize, Vec::<usize>::new());
    let mut before = Kind::Space;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        at.step(c);
        let kind = Kind::of(c);
        let continues = kind == before && matches!(kind, Kind::Word | Kind::Sign);
        before = kind;
        if c == '/' && rest.peek() == Some(&'/') {
            while let Some(next) = rest.next_if(|next| *next != '\n') {
                at.step(next);
            }
            before = Kind::Space;
            continue;
        }
        if kind == Kind::Space {
            continue;
        }
        if !inside {
            (inside, chain) = (true, 0);
            begins.push(at);
        }
        match c {
            '"' => skip_string(&mut rest, &mut at),
            '(' | '[' | '{' => open.push(chain),
            ')' | ']' | '}' => chain = open.pop().unwrap_or_default(),
            ',' => chain = open.last().copied().unwrap_or_default(),
            ';' if open.is_empty() => inside = false,
            _ => {}
        }
        chain += usize::from(!continues);
        if open.len() > MAX_DEPTH {
            return Err(unfit(Some(at), format!("brackets nest deeper than {MAX_DEPTH}")));
        }
        if chain > MAX_CHAIN {
            let most = format!("more than {MAX_CHAIN} words and signs follow each other: make several policies of it");
            return Err(unfit(Some(at), most));
        }
    }
    Ok(begins)
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Space,
    Word,
    /// Part of an operator.
    Sign,
    /// A single token.
    Other,
}

impl Kind {
    fn of(c: char) -> Self {
        match c {
            _ if c.is_whitespace() => Self::Space,
            '_' => Self::Word,
            _ if c.is_alphanumeric() => Self::Word,
            '|' | '&' | '=' | '<' | '>' | ':' => Self::Sign,
            _ => Self::Other,
        }
    }
}

/// Continues after the closing quote.
fn skip_string(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, at: &mut Place) {
    while let Some(c) = rest.next() {
        at.step(c);
        match c {
            // An escaped quote does not close the string.
            '\\' => rest.next().into_iter().for_each(|escaped| at.step(escaped)),
            '"' => break,
            _ => {}
        }
    }
}
