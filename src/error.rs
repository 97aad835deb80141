//! The errors of the library.

use crate::model::{Invalid, Timestamp};
use crate::store::StoreError;
use crate::workflow::{Refusal, RefusalCode};

/// Why an operation did not happen. Nothing of it did.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let world::World { engine, request, dev, .. } = world::requested()?;
/// use jit_access::command::Approve;
/// use jit_access::model::*;
/// use jit_access::{Error, ErrorKind};
///
/// let error: Error = engine.workflow().execute(&dev, Approve::new(request), None).unwrap_err();
/// assert_eq!((error.kind(), error.code(), error.is_retryable()), (ErrorKind::Refused, "self_approval", false));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An input is invalid: change it.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The rules do not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The idempotency key has been used for something else.
    #[error("this idempotency key was used for another command; use a new key")]
    KeyReused,
    /// Others kept changing the same state, or the store failed.
    #[error(transparent)]
    Store(StoreError),
    /// The host's directory cannot answer now: try again later.
    #[error("the host's directory cannot be asked: {0}")]
    Directory(String),
    /// The engine is closed. Another process, or the next start, can answer.
    #[error("the engine is closed")]
    Closed,
    /// The operating system refused something: try again later.
    #[error("{doing}: {source}")]
    System {
        /// The operation.
        doing: &'static str,
        /// What the system answered.
        source: std::io::Error,
    },
    /// A promise of the library did not hold: report it.
    #[error("{0}")]
    Internal(String),
}

impl From<StoreError> for Error {
    /// A file that cannot be a store is a mistake in the setting that names it, and waiting does not help.
    fn from(error: StoreError) -> Self {
        #[cfg(feature = "sqlite")]
        if let StoreError::Unavailable { source, .. } = &error
            && let Some(unusable) = source.downcast_ref::<crate::store::UnusableFile>()
        {
            let expected = "the path of a new file in a folder that exists, or of a store of this library";
            return Self::Invalid(Invalid::new(
                "jit_access.store.path",
                format!("cannot be used: {unusable}"),
                expected,
            ));
        }
        Self::Store(error)
    }
}

/// What the caller can do about an error. Bindings and HTTP answers are chosen by it.
///
/// ```
/// use jit_access::model::Ttl;
/// use jit_access::{Error, ErrorKind, internal::wire};
///
/// let error = Error::from(Ttl::from_hours(-1.0).unwrap_err());
/// assert_eq!((error.kind(), wire::http_status(&error)), (ErrorKind::Invalid, 400));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Change the input.
    Invalid,
    /// Accept it: the caller may not do this.
    Refused,
    /// Nothing there, or nothing the caller may know of.
    NotFound,
    /// The current state does not allow it: read it again and decide again.
    Conflict,
    /// Rate limit exceeded: the same call succeeds later, from [`Error::retry_at`] on.
    RateLimited,
    /// Try again later.
    Unavailable,
    /// Stored data is corrupt: a person must look at it.
    Corrupt,
    /// Report a bug.
    Internal,
}

impl Error {
    /// What the caller can do about it.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid(_) => ErrorKind::Invalid,
            Self::Refused(refusal) => kind_of(refusal.code()),
            Self::KeyReused | Self::Store(StoreError::Conflict | StoreError::Early { .. } | StoreError::KeyTaken) => {
                ErrorKind::Conflict
            }
            Self::Store(StoreError::Unavailable { .. }) | Self::Directory(_) | Self::Closed | Self::System { .. } => {
                ErrorKind::Unavailable
            }
            Self::Store(StoreError::Broken(_) | StoreError::Corrupt(_) | StoreError::Replaced(_)) => ErrorKind::Corrupt,
            Self::Internal(_) => ErrorKind::Internal,
        }
    }

    /// The names that [`Error::code`] has besides those of [`RefusalCode::ALL`].
    pub const OTHER_CODES: &[&str] =
        &["invalid", "idempotency_key_reused", "conflict", "unavailable", "corrupt", "internal"];

    /// The stable name of the error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::Refused(refusal) => refusal.code().name(),
            Self::KeyReused => "idempotency_key_reused",
            Self::Store(StoreError::Conflict | StoreError::Early { .. } | StoreError::KeyTaken) => "conflict",
            Self::Store(StoreError::Unavailable { .. }) | Self::Directory(_) | Self::Closed | Self::System { .. } => {
                "unavailable"
            }
            Self::Store(StoreError::Broken(_) | StoreError::Corrupt(_) | StoreError::Replaced(_)) => "corrupt",
            Self::Internal(_) => "internal",
        }
    }

    /// Whether the same call may succeed later without any change.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self.kind(), ErrorKind::RateLimited | ErrorKind::Unavailable)
            || matches!(self, Self::Store(StoreError::Conflict | StoreError::Early { .. } | StoreError::KeyTaken))
    }

    /// From when on the same call may succeed, where that is known.
    #[must_use]
    pub const fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::Refused(refusal) => refusal.retry_at(),
            _ => None,
        }
    }
}

const fn kind_of(code: RefusalCode) -> ErrorKind {
    match code {
        RefusalCode::UnknownRequest
        | RefusalCode::UnknownGrant
        | RefusalCode::UnknownDelegation
        | RefusalCode::UnknownAlert
        | RefusalCode::UnknownPrincipal
        | RefusalCode::UnknownDelivery => ErrorKind::NotFound,
        RefusalCode::RequestTimedOut
        | RefusalCode::RequestNotPending
        | RefusalCode::RequestChanged
        | RefusalCode::AlreadyReviewed
        | RefusalCode::NothingAsked
        | RefusalCode::TooManyGrants
        | RefusalCode::GrantSuspended
        | RefusalCode::AlreadyExtended
        | RefusalCode::ExtensionLimit
        | RefusalCode::TooManyOpenRequests
        | RefusalCode::TooManyDelegations
        | RefusalCode::GrantOver
        | RefusalCode::BreakGlassActive
        | RefusalCode::BreakGlassNotExtendable
        | RefusalCode::ReviewOutstanding
        | RefusalCode::BreakGlassBlocked
        | RefusalCode::NothingToReview
        | RefusalCode::ReviewTooEarly
        | RefusalCode::ReviewClosed => ErrorKind::Conflict,
        RefusalCode::TooManyRequests | RefusalCode::AgentPaused => ErrorKind::RateLimited,
        RefusalCode::UnknownRole
        | RefusalCode::JustificationRequired
        | RefusalCode::TicketRequired
        | RefusalCode::EmptyPart
        | RefusalCode::StartsInThePast
        | RefusalCode::StartsTooLate => ErrorKind::Invalid,
        _ => ErrorKind::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed_once() {
        let errors = [
            Error::Invalid(Invalid::new("field", "problem", "expected")),
            Error::KeyReused,
            Error::Closed,
            Error::System { doing: "testing", source: std::io::ErrorKind::WouldBlock.into() },
            StoreError::Conflict.into(),
            StoreError::KeyTaken.into(),
            StoreError::Corrupt(String::new()).into(),
            Error::Internal(String::new()),
        ];
        for error in &errors {
            assert!(Error::OTHER_CODES.contains(&error.code()), "{}", error.code());
        }
        for (at, code) in Error::OTHER_CODES.iter().enumerate() {
            assert!(!Error::OTHER_CODES[..at].contains(code), "{code} stands twice");
            assert!(RefusalCode::ALL.iter().all(|refusal| refusal.name() != *code), "{code} is a refusal too");
        }
    }
}
