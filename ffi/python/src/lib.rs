//! The native module `jit_access._native`: arguments in, one call, values out. The rules are in the library.
//!
//! | file | question |
//! |---|---|
//! | `authzen` | a decision point of AuthZEN, and the host's part of it as Python functions |
//! | `channel` | a channel of the host, as a Python function |
//! | `cli` | the command line, for the entry point |
//! | `clock` | instants as Python has them, and a clock for tests |
//! | `directory` | the host's directory, as a Python function |
//! | `engine` | what Python can ask of an engine |
//! | `errors` | which exception an error becomes |
//! | `live` | which engine serves this process, and what is called around forks and at the end |
//! | `log` | how log records reach Python's `logging` |
//! | `open` | what is opened: a configuration, and what came with it |
//! | `principal` | a principal as Python passes it |
//! | `run` | how every command and every read is given |
//! | `shortcut` | how a check reaches the engine without counting who is inside |
//! | `values` | what Python gets to hold |
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![expect(unreachable_pub, reason = "the stub `_native.pyi` is the manual of this module")]

mod authzen;
mod channel;
mod cli;
mod clock;
mod directory;
mod engine;
mod errors;
mod interpreter;
mod live;
mod log;
mod open;
mod principal;
mod run;
mod shortcut;
mod values;

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

/// Called when the interpreter ends.
#[pyfunction]
fn _at_exit(py: Python<'_>) -> PyResult<()> {
    py.detach(|| {
        let flushed = live::at_exit();
        interpreter::end();
        flushed
    })
    .map_err(errors::raise)
}

/// Sends log records to this function.
#[pyfunction]
fn _log_to(py: Python<'_>, emit: Py<PyAny>) {
    interpreter::detached(py, || log::log_to(emit));
}

/// For tests: every value that `JitAccessError.code` can have.
#[pyfunction]
fn _error_codes() -> Vec<&'static str> {
    let refusals = jit_access::workflow::RefusalCode::ALL.iter().map(|code| code.name());
    refusals.chain(jit_access::Error::OTHER_CODES.iter().copied()).collect()
}

/// What is kept of Python objects belongs to one interpreter, and would outlive the other one. CPython refuses only
/// subinterpreters with a lock of their own.
fn refuse_subinterpreters(py: Python<'_>) -> PyResult<()> {
    for name in ["_interpreters", "_xxsubinterpreters"] {
        // Where there is neither, there are no subinterpreters.
        let Ok(interpreters) = py.import(name) else { continue };
        if interpreters.call_method0("get_current")?.ne(interpreters.call_method0("get_main")?)? {
            return Err(PyImportError::new_err(
                "module jit_access._native does not support loading in subinterpreters; import it in the main one",
            ));
        }
        return Ok(());
    }
    Ok(())
}

// INVARIANT: nothing here relies on the interpreter lock but the shortcut of a check, which is not opened where there is none.
// Every class is frozen, and what changes has a lock of its own.
#[pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    refuse_subinterpreters(module.py())?;
    live::watch_forks().map_err(errors::raise)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_function(wrap_pyfunction!(_at_exit, module)?)?;
    module.add_function(wrap_pyfunction!(_log_to, module)?)?;
    module.add_function(wrap_pyfunction!(cli::_cli, module)?)?;
    module.add_function(wrap_pyfunction!(open::_check_config, module)?)?;
    module.add_function(wrap_pyfunction!(_error_codes, module)?)?;
    module.add_function(wrap_pyfunction!(principal::_principal, module)?)?;
    module.add_function(wrap_pyfunction!(principal::_parse_principal, module)?)?;
    module.add_class::<authzen::_AuthZen>()?;
    module.add_class::<authzen::Pep>()?;
    module.add_class::<authzen::Peps>()?;
    module.add_class::<clock::ManualClock>()?;
    module.add_class::<engine::Engine>()?;
    module.add_class::<values::Caller>()?;
    module.add_class::<values::Conditions>()?;
    module.add_class::<values::Context>()?;
    module.add_class::<values::Decision>()?;
    module.add_class::<values::Document>()?;
    module.add_class::<values::Honoured>()?;
    module.add_class::<values::SignedLink>()?;
    Ok(())
}
