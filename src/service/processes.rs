//! The start and the end of each process that works with the store, recorded if configured (`enhanced_audit`).
//!
//! As with the configuration, a process that only looks, without background work, leaves no record. One that is killed
//! leaves no end: the next record is the start of another one.

use std::sync::Arc;

use super::process::ProcessState;
use super::shared::Shared;
use crate::model::Fact;
use crate::store::StoreError;

impl Shared {
    /// Records once that this process has started.
    pub(super) fn note_start(&self) -> Result<(), StoreError> {
        if !self.settings.enhanced_audit || self.time.trouble().is_some() {
            return Ok(());
        }
        let mut state = self.process.state.lock();
        if matches!(*state, ProcessState::New) {
            let process: Arc<str> = self.new_uuid().to_string().into();
            let (version, account) = (env!("CARGO_PKG_VERSION").into(), self.process.account.clone());
            let id = std::process::id();
            let started = Fact::ProcessStarted { process: Arc::clone(&process), id, version, account };
            self.note_of_host(&started, |_| Ok(true))?;
            *state = ProcessState::Running(process);
        }
        Ok(())
    }

    /// Records that it has ended, if its start was recorded.
    pub(super) fn note_end(&self) -> Result<(), StoreError> {
        let mut state = self.process.state.lock();
        if let ProcessState::Running(process) = &*state {
            let process = Arc::clone(process);
            self.note_of_host(&Fact::ProcessEnded { process, id: std::process::id() }, |_| Ok(true))?;
        }
        *state = ProcessState::Over;
        Ok(())
    }
}
