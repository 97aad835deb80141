//! Which policies does this text hold, and do they fit.
//!
//! Cedar's parser recurses, and text nested a thousand deep would end the process. So a text is measured before Cedar sees
//! it, by bounds that nobody reaches who writes for people.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::OnceLock;

use cedar_policy::ffi::DetailedError;
use cedar_policy::{
    ActionConstraint, Effect, EntityUid, Policy, PolicyId, PolicySet, SchemaFragment, ValidationMode, Validator,
};

use super::SCHEMA;
use crate::policy::{PolicyError, reason};

/// The longest text, in bytes.
const MAX_TEXT: usize = 64 * 1024;
/// How deep brackets may nest.
const MAX_DEPTH: usize = 24;
/// How many words and signs may follow each other: each may nest one deeper.
const MAX_CHAIN: usize = 400;

/// The policies, each under the name of its `@id`, or else of its line; `must_permit` when there are no others beside them.
pub(super) fn read(text: &str, must_permit: bool) -> Result<Vec<Policy>, PolicyError> {
    let lines = measured(text)?;
    let set = PolicySet::from_str(text).map_err(|errors| said(text, &DetailedError::from(&errors), &errors))?;
    if let Some(template) = set.templates().next() {
        let line = numbered(template.id()).and_then(|number| lines.get(number)).copied();
        return Err(unfit(line, "a template, with `?principal` or `?resource`, is no policy until it is linked"));
    }
    let mut parsed: Vec<(usize, Policy)> =
        set.policies().filter_map(|policy| Some((numbered(policy.id())?, policy.clone()))).collect();
    parsed.sort_by_key(|(number, _)| *number);
    let mut policies: Vec<Policy> = Vec::new();
    let mut names = BTreeSet::new();
    for (number, policy) in parsed {
        let line = lines.get(number).copied();
        let name = match policy.annotation("id") {
            Some("") => return Err(unfit(line, "`@id` is empty")),
            Some(id) => id.to_owned(),
            None => format!("line {}", line.unwrap_or_default()),
        };
        if !names.insert(name.clone()) {
            return Err(unfit(line, format!("there is another policy with the `@id` `{name}`")));
        }
        policies.push(policy.new_id(PolicyId::new(name)));
    }
    if must_permit && !policies.iter().any(|policy| policy.effect() == Effect::Permit) {
        return Err(unfit(None, "nothing is permitted, so nobody could do anything"));
    }
    validate(text, &policies)?;
    Ok(policies)
}

/// Whether the policy can apply to this action, which is in this group.
pub(super) fn applies_to(policy: &Policy, action: &EntityUid, group: Option<&EntityUid>) -> bool {
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(one) => one == *action,
        ActionConstraint::In(several) => several.contains(action) || group.is_some_and(|group| several.contains(group)),
    }
}

/// Strictly, and a warning is an error: what Cedar warns of, such as a policy that never applies, is a slip of the pen.
fn validate(text: &str, policies: &[Policy]) -> Result<(), PolicyError> {
    let set = PolicySet::from_policies(policies.iter().cloned()).map_err(|error| unfit(None, reason(&error)))?;
    let result = validator()?.validate(&set, ValidationMode::Strict);
    if let Some(error) = result.validation_errors().next() {
        return Err(said(text, &DetailedError::from(error), error));
    }
    if let Some(warning) = result.validation_warnings().next() {
        return Err(said(text, &DetailedError::from(warning), warning));
    }
    Ok(())
}

fn validator() -> Result<&'static Validator, PolicyError> {
    static VALIDATOR: OnceLock<Validator> = OnceLock::new();
    if let Some(validator) = VALIDATOR.get() {
        return Ok(validator);
    }
    let unfit = |error: &dyn std::error::Error| PolicyError::Schema { reason: reason(error) };
    let (fragment, _) = SchemaFragment::from_cedarschema_str(SCHEMA).map_err(|error| unfit(&error))?;
    let schema = cedar_policy::Schema::from_schema_fragments([fragment]).map_err(|error| unfit(&error))?;
    Ok(VALIDATOR.get_or_init(|| Validator::new(schema)))
}

/// What Cedar says, with the line that it points to.
fn said(text: &str, detailed: &DetailedError, error: &dyn std::error::Error) -> PolicyError {
    let at = detailed.source_locations.first().map(|label| label.loc.start);
    let line = at.and_then(|at| text.get(..at)).map(|before| before.matches('\n').count() + 1);
    let mut message = reason(error);
    // Its help names what was probably meant.
    if let Some(help) = &detailed.help {
        message = format!("{message} ({help})");
    }
    unfit(line, message)
}

fn unfit(line: Option<usize>, reason: impl Into<String>) -> PolicyError {
    PolicyError::Workflow { line, reason: reason.into() }
}

/// Cedar calls what it reads `policy0`, `policy1`, … in the order of the text.
fn numbered(id: &PolicyId) -> Option<usize> {
    let id: &str = id.as_ref();
    id.strip_prefix("policy")?.parse().ok()
}

/// The line on which each policy begins; or the bound that the text exceeds.
fn measured(text: &str) -> Result<Vec<usize>, PolicyError> {
    if text.len() > MAX_TEXT {
        return Err(unfit(None, format!("the text has {} bytes, and {MAX_TEXT} is the most", text.len())));
    }
    let (mut begins, mut line, mut inside) = (Vec::new(), 1, false);
    // How many tokens follow each other, and how many did where each bracket opened: what a bracket holds counts as one
    // when it closes, and what a comma separates stands side by side.
    let (mut chain, mut open) = (0_usize, Vec::<usize>::new());
    let mut before = Kind::Space;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        line += usize::from(c == '\n');
        let kind = Kind::of(c);
        let continues = kind == before && matches!(kind, Kind::Word | Kind::Sign);
        before = kind;
        if c == '/' && rest.peek() == Some(&'/') {
            while rest.next_if(|next| *next != '\n').is_some() {}
            before = Kind::Space;
            continue;
        }
        if kind == Kind::Space {
            continue;
        }
        if !inside {
            (inside, chain) = (true, 0);
            begins.push(line);
        }
        match c {
            '"' => line += skip_string(&mut rest),
            '(' | '[' | '{' => open.push(chain),
            ')' | ']' | '}' => chain = open.pop().unwrap_or_default(),
            ',' => chain = open.last().copied().unwrap_or_default(),
            ';' if open.is_empty() => inside = false,
            _ => {}
        }
        chain += usize::from(!continues);
        if open.len() > MAX_DEPTH {
            return Err(unfit(Some(line), format!("brackets nest deeper than {MAX_DEPTH}")));
        }
        if chain > MAX_CHAIN {
            let most = format!("more than {MAX_CHAIN} words and signs follow each other: make several policies of it");
            return Err(unfit(Some(line), most));
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
    /// What stands alone.
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

/// Goes on after the closing quote; answers how many lines the string has gone over.
fn skip_string(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> usize {
    let mut lines = 0;
    while let Some(c) = rest.next() {
        lines += usize::from(c == '\n');
        match c {
            // What is escaped closes nothing.
            '\\' => lines += usize::from(rest.next() == Some('\n')),
            '"' => break,
            _ => {}
        }
    }
    lines
}

#[cfg(test)]
mod tests;
