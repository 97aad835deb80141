//! How log records reach Python's `logging`.

use std::panic::PanicHookInfo;
use std::sync::Arc;

use jit_access::host::log::{self, Level, Record, Sink};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::interpreter::attached;

/// `jit_access._log.emit`.
struct Logging(Py<PyAny>);

impl Sink for Logging {
    fn write(&self, record: &Record) {
        // Nothing is delivered to an interpreter that ends.
        attached(|py| {
            if let Err(error) = self.emit(py, record) {
                error.write_unraisable(py, None);
            }
        });
    }
}

impl Logging {
    fn emit(&self, py: Python<'_>, record: &Record) -> PyResult<()> {
        let level = match record.level {
            Level::Info => 20,
            Level::Warn => 30,
            _ => 40,
        };
        let fields = PyDict::new(py);
        for (name, value) in &record.fields {
            fields.set_item(name, value)?;
        }
        self.0.call1(py, (level, record.target.replace("::", "."), record.to_string(), fields))?;
        Ok(())
    }
}

/// Gives this function every record from now on, and each panic as one. Panics print nothing: they become exceptions.
pub fn log_to(emit: Py<PyAny>) {
    log::collect();
    log::set_sink(Some(Arc::new(Logging(emit))));
    std::panic::set_hook(Box::new(|panic: &PanicHookInfo<'_>| log::panicked(panic)));
}
