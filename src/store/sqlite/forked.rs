//! What a fork does to open connections, and how to survive one.
//!
//! SQLite keeps the locks of a file once per process, in tables that a child inherits, while the kernel's locks stay with
//! the parent. A child that opens a file which was open in its parent finds locks in those tables that it does not hold,
//! takes none, and can lose what it commits. So a process closes its connections before it forks
//! ([`super::SqliteStore::pause`]); a child that inherited open ones is refused the file.

use std::collections::HashMap;
use std::time::Duration;

use super::file::Identity;
use crate::lock::Mutex;
use crate::store::StoreError;

/// How many connections to each file are open, and which process opened them.
static OPEN: Mutex<Option<HashMap<Identity, Opened>>> = Mutex::new(None);

#[derive(Debug, Clone, Copy)]
struct Opened {
    process: u32,
    connections: usize,
}

/// Registers one open connection for as long as it lives.
#[derive(Debug)]
pub(super) struct Open(Identity);

impl Open {
    /// Registers one more connection to this file.
    pub(super) fn register(file: Identity) -> Result<Self, StoreError> {
        // A thread that the fork left behind may hold this lock for ever.
        let mut open = OPEN.try_lock_for(Duration::from_secs(5)).ok_or_else(|| refused("opening the store's file"))?;
        let process = std::process::id();
        let opened = open.get_or_insert_default().entry(file).or_insert(Opened { process, connections: 0 });
        if opened.process != process {
            if opened.connections > 0 {
                return Err(refused("opening the store's file"));
            }
            opened.process = process;
        }
        opened.connections += 1;
        Ok(Self(file))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut open = OPEN.lock();
        let files = open.get_or_insert_default();
        if let Some(opened) = files.get_mut(&self.0) {
            opened.connections = opened.connections.saturating_sub(1);
            if opened.connections == 0 {
                files.remove(&self.0);
            }
        }
    }
}

/// The answer to whoever uses in a child what belongs to its parent.
pub(super) fn refused(doing: &'static str) -> StoreError {
    StoreError::Unavailable {
        doing,
        source:
            "the process was forked while the store was open; pause the store before forking, and open another one \
                 in the child"
                .into(),
    }
}
