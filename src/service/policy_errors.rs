//! Errors of a policy as errors of the library.

use crate::error::Error;
use crate::model::Invalid;
use crate::policy::PolicyError;

/// A mistake in an operator's file.
pub(super) fn unfit(key: &'static str, error: &PolicyError) -> Error {
    let expected = "Cedar policies that fit the schema";
    Error::Invalid(Invalid::new(key, format!("is wrong: {error}"), expected))
}

pub(super) fn internal(error: &PolicyError) -> Error {
    Error::Internal(error.to_string())
}
