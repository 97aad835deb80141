//! What is opened: a configuration, and what Python gave with it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use jit_access::Error;
use jit_access::clock::Clock;
use jit_access::config::Config;
use jit_access::host::{BackgroundWork, Host, HostBuilder, environment};
use jit_access::model;
use pyo3::prelude::*;

use crate::directory::PyDirectory;
use crate::errors::raise;
use crate::interpreter::detached;

/// The variables to read: those given, or the process's.
pub fn variables(environ: Option<HashMap<String, String>>) -> Vec<(String, String)> {
    environ.map_or_else(|| environment().collect(), |given| given.into_iter().collect())
}

/// All that is wrong with a configuration, as JSON: of a text, or of the file at a path.
#[pyfunction]
#[pyo3(signature = (text, path, environ))]
pub fn _check_config(
    py: Python<'_>,
    text: Option<&str>,
    path: Option<PathBuf>,
    environ: Option<HashMap<String, String>>,
) -> PyResult<String> {
    let checked = detached(py, || match path {
        Some(path) => Config::check_file(path, variables(environ)),
        None => Ok(Config::check(None, text.unwrap_or_default(), variables(environ))),
    });
    Ok(checked.map_err(raise)?.to_json())
}

/// What is opened, by a configuration and what came with it.
pub fn builder(
    mut config: Config,
    reserved: &[String],
    directory: Option<PyDirectory>,
    clock: Option<Arc<dyn Clock>>,
) -> Result<HostBuilder, Error> {
    for permission in reserved {
        let permission = model::Permission::new(permission)?;
        // What the host itself reserves, break-glass does not give either.
        if let Some(reserved) = &mut config.rules.break_glass.reserved_permissions {
            reserved.push(permission.clone());
        }
        config.rules.reserved_permissions.push(permission);
    }
    let builder = Host::builder(config).background(match clock {
        Some(_) => BackgroundWork::Off,
        None => BackgroundWork::AtFirstUse,
    });
    let builder = match clock {
        Some(clock) => builder.clock(clock),
        None => builder,
    };
    Ok(match directory {
        Some(directory) => builder.directory(directory),
        None => builder,
    })
}
