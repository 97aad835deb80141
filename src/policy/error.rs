//! Errors of policies, with the grant.

use std::fmt::Display;

use crate::model::GrantId;

/// Why there is no policy, no text or no decision. None of these is ever an allow.
///
/// ```
/// use jit_access::policy::{PolicyError, Schema};
///
/// assert!(matches!(Schema::parse("entity {"), Err(PolicyError::Schema { .. })));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The schema is invalid, or its action groups differ from the model.
    #[error("the schema does not fit: {reason}")]
    Schema {
        /// The problem.
        reason: String,
    },
    /// An operator's workflow policy is invalid, or does not fit the schema.
    #[error("the workflow policy does not fit: {}{reason}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
    Workflow {
        /// Where, when that is known.
        line: Option<usize>,
        /// The problem.
        reason: String,
    },
    /// A file of policies is invalid, or does not fit the schema.
    #[error("{file}{}: {reason}", place(*line, *column))]
    File {
        /// The file.
        file: String,
        /// The line, from one, when that is known.
        line: Option<usize>,
        /// The column, from one, when that is known.
        column: Option<usize>,
        /// The problem.
        reason: String,
    },
    /// A document of a host's entities is invalid, or does not fit the schema.
    #[error("the entities do not fit: {reason}")]
    Entities {
        /// The problem.
        reason: String,
    },
    /// A grant that cannot be expressed as a policy.
    #[error("grant {grant} cannot be written as a policy: {reason}")]
    Untranslatable {
        /// The grant.
        grant: GrantId,
        /// Why not.
        reason: String,
    },
    /// A policy that the schema does not permit, such as one with an undeclared action.
    #[error("grant {grant} does not fit the schema: {reason}")]
    Unfit {
        /// The grant.
        grant: GrantId,
        /// Why not.
        reason: String,
    },
    /// Two live grants with one id.
    #[error("grant {grant} is there twice")]
    Duplicate {
        /// The grant.
        grant: GrantId,
    },
    /// The written policies do not read back as the policies that were written.
    #[error("the policies could not be written: {reason}")]
    Unwritable {
        /// What happened.
        reason: String,
    },
    /// Cedar could not evaluate the question or one of the policies. Cedar alone would skip such a policy, and a
    /// skipped `forbid` forbids nothing; so there is no decision at all.
    #[error("the policies could not be evaluated: {reason}")]
    Unanswerable {
        /// What happened.
        reason: String,
    },
}

/// `:2:17`.
fn place(line: Option<usize>, column: Option<usize>) -> String {
    [line, column].into_iter().map_while(|number| Some(format!(":{}", number?))).collect()
}

/// The text of an error and of its sources: Cedar puts the cause in the source and not in the message.
pub(crate) fn reason(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        source = inner.source();
    }
    text
}

/// Several reasons as one line.
pub(super) fn joined(reasons: impl IntoIterator<Item = impl Display>) -> String {
    reasons.into_iter().map(|reason| reason.to_string()).collect::<Vec<_>>().join("; ")
}
