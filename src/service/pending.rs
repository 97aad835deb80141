//! Commands that ended or suspended grants in this process and are not written yet.

use std::collections::VecDeque;

use super::receipt::IdempotencyKey;
use crate::command::Command;
use crate::lock::Mutex;
use crate::model::{Caller, GrantId};
use crate::workflow::{Call, Ids};

/// The commands that wait, oldest first.
#[derive(Debug, Default)]
pub(super) struct PendingCommands(Mutex<VecDeque<Pending>>);

/// A command that waits to be written.
#[derive(Debug)]
pub(super) struct Pending {
    caller: Option<Caller>,
    command: Command,
    ids: Ids,
    key: Option<IdempotencyKey>,
    withheld: Vec<GrantId>,
}

impl PendingCommands {
    /// Adds one. A retry of the same command by a client is not added again.
    pub(super) fn push(&self, pending: Pending) {
        let mut all = self.0.lock();
        let is_same = |other: &Pending| other.caller == pending.caller && other.command == pending.command;
        if !all.iter().any(is_same) {
            all.push_back(pending);
        }
    }

    /// Puts back one that still cannot be written. It is tried first.
    pub(super) fn push_back(&self, pending: Pending) {
        self.0.lock().push_front(pending);
    }

    pub(super) fn take(&self) -> Option<Pending> {
        self.0.lock().pop_front()
    }
}

impl Pending {
    pub(super) fn new(call: &Call<'_>, key: Option<&IdempotencyKey>, withheld: Vec<GrantId>) -> Self {
        Self { caller: call.caller.cloned(), command: call.command.clone(), ids: call.ids, key: key.cloned(), withheld }
    }

    pub(super) fn call(&self) -> Call<'_> {
        Call { caller: self.caller.as_ref(), command: &self.command, ids: self.ids, keyed: self.key.is_some() }
    }

    pub(super) const fn key(&self) -> Option<&IdempotencyKey> {
        self.key.as_ref()
    }

    pub(super) fn withheld(&self) -> &[GrantId] {
        &self.withheld
    }
}
