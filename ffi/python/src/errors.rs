//! Which exception an error becomes. The classes are Python's, in `jit_access.errors`.

use jit_access::internal::wire::{self, ProblemDocument};
use jit_access::{Error, ErrorKind};
use pyo3::prelude::*;

const fn class_of(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Invalid => "InvalidInput",
        ErrorKind::Refused => "Refused",
        ErrorKind::NotFound => "NotFound",
        ErrorKind::Conflict => "Conflict",
        ErrorKind::RateLimited => "RateLimited",
        ErrorKind::Unavailable => "Unavailable",
        ErrorKind::Corrupt => "Corrupt",
        _ => "InternalError",
    }
}

/// The exception that says this error.
pub fn raise(error: impl Into<Error>) -> PyErr {
    let error = error.into();
    Python::attach(|py| build(py, &error).unwrap_or_else(|failure| failure))
}

fn build(py: Python<'_>, error: &Error) -> PyResult<PyErr> {
    let problem = wire::to_json(&ProblemDocument::from(error)).unwrap_or_else(|_| "{}".to_owned());
    let class = py.import("jit_access.errors")?.getattr(class_of(error.kind()))?;
    let status = wire::http_status(error);
    let exception = class.call1((error.to_string(), error.code(), status, error.is_retryable(), problem))?;
    Ok(PyErr::from_value(exception))
}
