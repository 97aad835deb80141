//! Which span a transaction of a database is, for hosts that trace.
//!
//! The fields have the names of OpenTelemetry for calls of a database. What is read and written does not stand there: traces go to
//! more people than the journal. The question of every check, whether anything is new, is no span.

use super::StoreError;

/// Does this in a span within that of the command or the round of the background work.
pub(super) fn within<T>(
    system: &'static str,
    doing: &'static str,
    work: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let span = tracing::debug_span!(
        "jit.store",
        otel.name = format_args!("jit store {doing}"),
        otel.kind = "client",
        otel.status_code = tracing::field::Empty,
        db.system.name = system,
        db.operation.name = doing,
        "error.type" = tracing::field::Empty,
    );
    let done = span.in_scope(work);
    let why = match &done {
        // That others wrote first is an answer, and no fault.
        Ok(_) | Err(StoreError::Conflict | StoreError::Early { .. } | StoreError::KeyTaken) => return done,
        Err(StoreError::Unavailable { .. }) => "unavailable",
        Err(StoreError::Replaced(_)) => "replaced",
        Err(StoreError::Broken(_) | StoreError::Corrupt(_)) => "corrupt",
    };
    span.record("error.type", why).record("otel.status_code", "ERROR");
    done
}
