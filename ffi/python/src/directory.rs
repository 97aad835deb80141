//! The host's directory, as a Python function.

use std::fmt;
use std::sync::Arc;

use jit_access::model::{Invalid, Principal, PrincipalKind, RoleName, Standing, Timestamp};
use jit_access::service::{Directory, DirectoryError, Known};
use pyo3::prelude::*;

use crate::clock::when;
use crate::principal::shown;

/// A directory written in Python: an object with a method `standing` of a `Principal`, or a function of a name and of whether
/// it is an agent's. It answers a `Standing`, `"gone"`, or `None` for what it does not judge; a function may answer a tuple of
/// what is in a `Standing`. Called without any lock of this library held.
#[derive(Clone)]
pub struct PyDirectory(Arc<Py<PyAny>>);

impl PyDirectory {
    pub fn new(function: Py<PyAny>) -> Self {
        Self(Arc::new(function))
    }
}

impl fmt::Debug for PyDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PyDirectory")
    }
}

impl Directory for PyDirectory {
    fn standing(&self, principal: &Principal) -> Result<Known, DirectoryError> {
        let said = Python::attach(|py| said(answer(self.0.bind(py), principal)?));
        let said = said.map_err(|error| DirectoryError::new(format!("the host's directory failed: {error}")))?;
        let known = |(enabled, names, since): Said| {
            let roles = names.iter().map(|name| RoleName::new(name)).collect::<Result<_, _>>()?;
            Ok(Known::Account { standing: Standing { enabled, roles }, since })
        };
        match said {
            Ok(account) => known(account).map_err(|error: Invalid| DirectoryError::new(error.to_string())),
            Err(other) => Ok(other),
        }
    }
}

fn answer<'py>(directory: &Bound<'py, PyAny>, of: &Principal) -> PyResult<Bound<'py, PyAny>> {
    match directory.getattr_opt("standing")? {
        Some(method) => method.call1((shown(directory.py(), of)?,)),
        None => directory.call1((of.id(), of.kind() == PrincipalKind::Agent)),
    }
}

/// An account: whether it is enabled, its roles, and since when it is there.
type Said = (bool, Vec<String>, Option<Timestamp>);

/// What a directory written in Python answered: an account, or what there is instead.
fn said(answer: Bound<'_, PyAny>) -> PyResult<Result<Said, Known>> {
    if answer.is_none() {
        return Ok(Err(Known::NotJudged));
    }
    if answer.extract::<String>().is_ok_and(|word| word == "gone") {
        return Ok(Err(Known::Gone));
    }
    if let Some(enabled) = answer.getattr_opt("enabled")? {
        let since = answer.getattr("since")?;
        let since = if since.is_none() { None } else { Some(when(&since, "since")?) };
        return Ok(Ok((enabled.extract()?, answer.getattr("roles")?.extract()?, since)));
    }
    if let Ok((enabled, roles)) = answer.extract() {
        return Ok(Ok((enabled, roles, None)));
    }
    let (enabled, roles, since) = answer.extract::<(bool, Vec<String>, Bound<'_, PyAny>)>()?;
    Ok(Ok((enabled, roles, Some(when(&since, "since")?))))
}
