//! The host's directory, as a Python function.

use std::fmt;
use std::sync::Arc;

use jit_access::model::{Invalid, Principal, PrincipalKind, RoleName, Standing, Timestamp};
use jit_access::service::{Directory, DirectoryError, Known};
use pyo3::prelude::*;

use crate::clock::when;

/// A function of a name and of whether it is an agent's. It returns an account (whether it is enabled, its roles, and since
/// when it is there, if it can tell), `"gone"`, or `None` for what it does not judge. Called without any lock of this library held.
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
        let agent = principal.kind() == PrincipalKind::Agent;
        let said = Python::attach(|py| said(self.0.bind(py).call1((principal.id(), agent))?));
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
    if let Ok((enabled, roles)) = answer.extract() {
        return Ok(Ok((enabled, roles, None)));
    }
    let (enabled, roles, since) = answer.extract::<(bool, Vec<String>, Bound<'_, PyAny>)>()?;
    Ok(Ok((enabled, roles, Some(when(&since, "since")?))))
}
