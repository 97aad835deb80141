//! Tells the sources whether the interpreter that they are compiled for has a lock: `cfg(Py_GIL_DISABLED)`.

fn main() {
    pyo3_build_config::use_pyo3_cfgs();
}
