//! The host's directory, as a Python function.

use std::fmt;
use std::sync::Arc;

use jit_access::model::{Invalid, Principal, PrincipalKind, RoleName, Standing, Timestamp};
use jit_access::notify::Contact;
use jit_access::service::{Directory, DirectoryError, Known};
use pyo3::prelude::*;

use crate::clock::when;
use crate::interpreter::asked;
use crate::principal::{Named, shown};

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

impl PyDirectory {
    /// What the method of this name answers, if there is one.
    fn ask<T>(
        &self,
        method: &str,
        of: impl FnOnce(Python<'_>) -> PyResult<Py<PyAny>>,
        read: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T>,
    ) -> Result<Option<T>, DirectoryError> {
        let said = asked(|py| {
            let Some(found) = self.0.bind(py).getattr_opt(method)? else { return Ok(None) };
            read(&found.call1((of(py)?,))?).map(Some)
        });
        said.map_err(|error| DirectoryError::new(format!("the host's directory failed in `{method}`: {error}")))
    }
}

impl Directory for PyDirectory {
    fn standing(&self, principal: &Principal) -> Result<Known, DirectoryError> {
        let said = asked(|py| said(answer(self.0.bind(py), principal)?));
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

    fn people_of(&self, role: &RoleName) -> Result<Vec<Principal>, DirectoryError> {
        let name = |py: Python<'_>| Ok(role.as_str().into_pyobject(py)?.into_any().unbind());
        let people = self.ask("people_of", name, |answer| {
            let people = answer.try_iter()?.map(|one| one?.extract::<Named<'_>>()?.read(false));
            people.collect::<PyResult<Vec<_>>>()
        });
        Ok(people?.unwrap_or_default())
    }

    fn contact(&self, principal: &Principal) -> Result<Contact, DirectoryError> {
        let whom = |py: Python<'_>| Ok(shown(py, principal)?.unbind());
        Ok(self.ask("contact", whom, contact)?.unwrap_or_else(|| Contact::of(principal)))
    }
}

/// A `Contact`; `None` for somebody who is not reached.
fn contact(answer: &Bound<'_, PyAny>) -> PyResult<Contact> {
    if answer.is_none() {
        return Ok(Contact::default());
    }
    Ok(Contact {
        email: answer.getattr("email")?.extract()?,
        slack: answer.getattr("slack")?.extract()?,
        zone: answer.getattr("zone")?.extract()?,
        digest: answer.getattr("digest")?.extract()?,
    })
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
