//! The start and the end of each process that works with the store, recorded if configured (`enhanced_audit`).
//!
//! As with the configuration, a process that only looks, without background work, leaves no record. One that is killed leaves no
//! end: the next record is the start of another one.

use std::sync::Arc;

use super::commit::Decision;
use super::process::ProcessState;
use super::shared::Shared;
use crate::model::{Actor, Event, Fact};
use crate::store::{Reads, StoreError};
use crate::workflow::Needs;

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
            self.note_of_host(&Fact::ProcessStarted { process: Arc::clone(&process), id, version, account })?;
            *state = ProcessState::Running(process);
        }
        Ok(())
    }

    /// Records that it has ended, if its start was recorded.
    pub(super) fn note_end(&self) -> Result<(), StoreError> {
        let mut state = self.process.state.lock();
        if let ProcessState::Running(process) = &*state {
            let process = Arc::clone(process);
            self.note_of_host(&Fact::ProcessEnded { process, id: std::process::id() })?;
        }
        *state = ProcessState::Over;
        Ok(())
    }

    /// Writes a fact with the host as its actor.
    pub(super) fn note_of_host(&self, fact: &Fact) -> Result<(), StoreError> {
        self.commit_exclusively(|reads: &dyn Reads| {
            let now = self.time.now();
            let view = reads.view(&Needs::default(), now)?;
            let event = Event { at: now, by: Actor::Host, fact: fact.clone() };
            Ok((Decision::from_view(view, vec![event]), ()))
        })
    }
}
