//! An error as an RFC 9457 problem, and its HTTP status.

use serde::Serialize;

use crate::error::{Error, ErrorKind};

/// An error as an RFC 9457 problem.
///
/// ```
/// use jit_access::Error;
/// use jit_access::model::Ttl;
/// use jit_access::internal::wire::{self, ProblemDocument};
///
/// let error = Error::from(Ttl::from_hours(-1.0).unwrap_err());
/// let problem = wire::to_json(&ProblemDocument::from(&error))?;
/// assert!(problem.contains(r#""code":"invalid""#) && problem.contains(r#""status":400"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Serialize)]
pub struct ProblemDocument {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: String,
    code: &'static str,
    retryable: bool,
    /// From when on the same call may succeed, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<String>,
    /// What to send as `WWW-Authenticate`, when a stronger sign-in would help.
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge: Option<String>,
}

impl From<&Error> for ProblemDocument {
    fn from(error: &Error) -> Self {
        let invalid = match error {
            Error::Invalid(invalid) => Some(invalid),
            _ => None,
        };
        Self {
            kind: format!("urn:jit-access:error:{}", error.code()),
            title: title(error.kind()),
            status: http_status(error),
            detail: error.to_string(),
            code: error.code(),
            retryable: error.is_retryable(),
            retry_at: error.retry_at().map(|at| at.to_string()),
            field: invalid.map(|invalid| invalid.field().to_owned()),
            expected: invalid.map(|invalid| invalid.expected().to_owned()),
            challenge: challenge(error).map(ToOwned::to_owned),
        }
    }
}

fn challenge(error: &Error) -> Option<&str> {
    match error {
        Error::Refused(refusal) => refusal.challenge(),
        _ => None,
    }
}

/// The HTTP status (RFC 9110), which tells the caller what to do. When a stronger sign-in would help it is 401, as in
/// RFC 9470.
#[must_use]
pub fn http_status(error: &Error) -> u16 {
    if challenge(error).is_some() {
        return 401;
    }
    match error.kind() {
        ErrorKind::Invalid => 400,
        ErrorKind::Refused => 403,
        ErrorKind::NotFound => 404,
        ErrorKind::Conflict => 409,
        ErrorKind::RateLimited => 429,
        ErrorKind::Unavailable => 503,
        ErrorKind::Corrupt | ErrorKind::Internal => 500,
    }
}

const fn title(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Invalid => "Invalid request",
        ErrorKind::Refused => "Forbidden",
        ErrorKind::NotFound => "Not found",
        ErrorKind::RateLimited => "Rate limit exceeded",
        ErrorKind::Conflict => "Conflict with the current state",
        ErrorKind::Unavailable => "Unavailable, try again later",
        ErrorKind::Corrupt => "Stored data is corrupt",
        ErrorKind::Internal => "Internal error",
    }
}
