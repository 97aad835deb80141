//! The identity of this process, for the record.

use std::sync::Arc;

use crate::lock::Mutex;

/// The identity of this process.
#[derive(Debug)]
pub(super) struct Process {
    /// The system account that it runs under, if the host knows it.
    pub(super) account: Option<Arc<str>>,
    pub(super) state: Mutex<ProcessState>,
}

/// What is recorded of the process.
#[derive(Debug)]
pub(super) enum ProcessState {
    /// Nothing yet.
    New,
    /// That it has started, under this id.
    Running(Arc<str>),
    /// It has ended. Nothing is recorded when no start was.
    Over,
}

impl Process {
    pub(super) fn of(account: Option<String>) -> Self {
        Self { account: account.map(Into::into), state: Mutex::new(ProcessState::New) }
    }
}
