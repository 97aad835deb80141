//! The command line `jit`, as the entry point of the package.

use std::ffi::OsString;

use pyo3::prelude::*;

use crate::interpreter::detached;

/// Runs the command line with these arguments, the first of which is the name of the program; answers with the exit code.
#[pyfunction]
pub fn _cli(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    detached(py, || jit_access::internal::cli::main(arguments))
}
