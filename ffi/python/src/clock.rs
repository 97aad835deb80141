//! Instants as Python has them, and a clock for tests.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use jit_access::clock::{self, Clock};
use jit_access::model::{Invalid, Timestamp};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::errors::raise;

/// An instant as text with its zone, or as a `datetime` that knows its zone.
pub fn when(value: &Bound<'_, PyAny>, field: &'static str) -> PyResult<Timestamp> {
    let text = if let Ok(text) = value.cast::<PyString>() {
        text.extract::<String>()?
    } else if value.is_instance(&value.py().import("datetime")?.getattr("datetime")?)? {
        value.call_method0("isoformat")?.extract::<String>()?
    } else {
        return Err(PyTypeError::new_err(format!(
            "{field} must be a datetime or str, not {}",
            value.get_type().name()?
        )));
    };
    text.parse::<Timestamp>().map_err(|error| raise(error.for_field(field)))
}

pub fn instant(at: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at.millis()).unwrap_or_default()
}

#[pyclass(frozen, module = "jit_access.testing")]
pub struct ManualClock(pub Arc<clock::ManualClock>);

#[pymethods]
impl ManualClock {
    #[new]
    fn new(start: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(Arc::new(clock::ManualClock::at(when(start, "start")?))))
    }

    fn advance(&self, by: TimeDelta) -> PyResult<()> {
        if by < TimeDelta::zero() {
            return Err(raise(Invalid::new("by", "is negative", "0 or more: monotonic time does not go back")));
        }
        // Time stops before the year 10000.
        let left = Timestamp::MAX.millis().saturating_sub(self.0.wall()).max(0);
        self.0.advance(by.num_milliseconds().min(left));
        Ok(())
    }

    fn set_wall(&self, at: &Bound<'_, PyAny>) -> PyResult<()> {
        self.0.set_wall(when(at, "at")?);
        Ok(())
    }

    #[getter]
    fn wall(&self) -> PyResult<DateTime<Utc>> {
        Ok(instant(Timestamp::from_millis(self.0.wall()).map_err(raise)?))
    }

    fn __repr__(&self) -> PyResult<String> {
        Ok(format!("ManualClock({})", Timestamp::from_millis(self.0.wall()).map_err(raise)?))
    }
}
