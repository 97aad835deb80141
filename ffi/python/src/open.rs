//! What is opened: a configuration, and what Python gave with it.

use std::collections::HashMap;
use std::sync::Arc;

use jit_access::Error;
use jit_access::clock::Clock;
use jit_access::config::Config;
use jit_access::host::{BackgroundWork, Host, HostBuilder, environment};
use jit_access::model;

use crate::directory::PyDirectory;

/// The variables to read: those given, or the process's.
pub fn variables(environ: Option<HashMap<String, String>>) -> Vec<(String, String)> {
    environ.map_or_else(|| environment().collect(), |given| given.into_iter().collect())
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
