//! Which process this is, for the record.

use std::sync::Arc;

use crate::lock::Mutex;

/// Which process this is.
#[derive(Debug)]
pub(super) struct Process {
    /// The account of the system that it runs under, where the host can tell.
    pub(super) account: Option<Arc<str>>,
    pub(super) state: Mutex<ProcessState>,
}

/// What the record says of it.
#[derive(Debug)]
pub(super) enum ProcessState {
    /// Nothing yet.
    New,
    /// That it has started, under this id.
    Running(Arc<str>),
    /// That it is over; nothing, where it never said that it started.
    Over,
}

impl Process {
    pub(super) fn of(account: Option<String>) -> Self {
        Self { account: account.map(Into::into), state: Mutex::new(ProcessState::New) }
    }
}
