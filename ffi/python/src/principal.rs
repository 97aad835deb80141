//! A principal as Python passes it: its name, or a `jit_access.Principal`, which says itself whether it is an agent's.

use jit_access::model::{Principal, PrincipalKind};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyType};

use crate::errors::raise;

static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();

fn class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    CLASS.import(py, "jit_access.principals", "Principal")
}

/// A name, and the kind of principal where the value says it.
pub struct Named<'a> {
    text: &'a str,
    is_principal: bool,
}

impl<'a, 'py> FromPyObject<'a, 'py> for Named<'a> {
    type Error = PyErr;

    #[inline]
    fn extract(value: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        let text = value.extract()?;
        // Plain text is what nearly every check passes.
        let is_principal = !value.is_exact_instance_of::<PyString>() && value.get_type().is(class(value.py())?);
        Ok(Self { text, is_principal })
    }
}

impl<'a> Named<'a> {
    /// The kind and the name. `agent` is of a plain name, and not looked at for a `Principal`.
    #[inline]
    pub fn with(&self, agent: bool) -> (PrincipalKind, &'a str) {
        let agent_of = |text: &'a str| text.strip_prefix("agent:").map(|name| (PrincipalKind::Agent, name));
        match (self.is_principal, agent) {
            (true, _) => agent_of(self.text).unwrap_or((PrincipalKind::User, self.text)),
            (false, true) => (PrincipalKind::Agent, self.text),
            (false, false) => (PrincipalKind::User, self.text),
        }
    }

    /// Whether it is a `Principal`.
    pub const fn is_principal(&self) -> bool {
        self.is_principal
    }

    pub fn read(&self, agent: bool) -> PyResult<Principal> {
        let (kind, name) = self.with(agent);
        Principal::new(kind, name).map_err(raise)
    }
}

/// The principal as a `jit_access.Principal`.
pub fn shown<'py>(py: Python<'py>, principal: &Principal) -> PyResult<Bound<'py, PyAny>> {
    class(py)?.call_method1("_of", (principal.to_string(),))
}

/// The canonical text of a principal: what `Principal` is made of.
#[pyfunction]
#[pyo3(signature = (name, agent))]
pub fn _principal(name: Named<'_>, agent: bool) -> PyResult<String> {
    Ok(name.read(agent)?.to_string())
}

/// The same of a text that `str()` of a principal gave.
#[pyfunction]
pub fn _parse_principal(text: &str) -> PyResult<String> {
    let principal = match text.strip_prefix("agent:") {
        Some(name) => Principal::agent(name),
        None => Principal::user(text),
    };
    Ok(principal.map_err(raise)?.to_string())
}
