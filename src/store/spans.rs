//! The span of a database transaction, for hosts that trace.
//!
//! The fields have OpenTelemetry's names for database calls. They contain no data, because more people can read traces
//! than the journal. The query of every check, whether anything is new, has no span.

use super::StoreError;

/// Runs `work` in a span within that of the command or of the background work.
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
        // A conflict is an answer, not a failure.
        Ok(_) | Err(StoreError::Conflict | StoreError::Early { .. } | StoreError::KeyTaken) => return done,
        Err(StoreError::Unavailable { .. }) => "unavailable",
        Err(StoreError::Replaced(_)) => "replaced",
        Err(StoreError::Broken(_) | StoreError::Corrupt(_)) => "corrupt",
    };
    span.record("error.type", why).record("otel.status_code", "ERROR");
    done
}
