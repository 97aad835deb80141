//! The least that a call from Python into Rust costs: a method that takes three strings and does nothing.

use pyo3::prelude::*;

#[pyclass(frozen)]
struct Noop;

#[pymethods]
impl Noop {
    #[new]
    fn new() -> Self {
        Self
    }

    fn check(&self, principal: &str, action: &str, resource: &str) -> bool {
        std::hint::black_box((principal, action, resource));
        false
    }
}

#[pymodule]
fn noop(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Noop>()
}
