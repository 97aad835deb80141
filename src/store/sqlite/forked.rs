//! How a fork affects open connections, and what must be done.
//!
//! SQLite has the locks of a file in tables of the process, which a child inherits, while the kernel's locks stay with
//! the parent. A child that opens a file which was open in its parent finds locks in those tables that it does not
//! have, takes none, and can lose its commits. So a process closes its connections before it forks
//! ([`crate::store::Store::before_fork`]); a child that inherited open connections cannot open the file.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::identity::Identity;
use crate::lock::Mutex;
use crate::store::StoreError;

/// How many connections to each file are open, and which process opened them.
static OPEN: Mutex<Option<HashMap<Identity, Opened>>> = Mutex::new(None);

#[derive(Debug)]
struct Opened {
    process: u32,
    connections: usize,
    /// The index of the log, if it is read.
    log_index: Option<(Identity, Arc<File>)>,
}

/// Registers an open connection until it is dropped.
#[derive(Debug)]
pub(super) struct Open {
    file: Identity,
    log_index: Option<Arc<File>>,
}

impl Open {
    /// Registers one more connection to this file.
    pub(super) fn register(file: Identity) -> Result<Self, StoreError> {
        // After a fork, a thread that does not exist in this process may hold this lock for ever.
        let mut open = OPEN.try_lock_for(Duration::from_secs(5)).ok_or_else(|| refused("opening the store's file"))?;
        let process = std::process::id();
        let new = Opened { process, connections: 0, log_index: None };
        let opened = open.get_or_insert_default().entry(file).or_insert(new);
        if opened.process != process {
            if opened.connections > 0 {
                return Err(refused("opening the store's file"));
            }
            opened.process = process;
        }
        opened.connections += 1;
        Ok(Self { file, log_index: None })
    }

    /// Opens the index of the log, at this path, to read from.
    ///
    /// SQLite locks this file, and a process that closes any descriptor of a file loses its locks on it. So it is opened
    /// once, and closed after the last connection.
    pub(super) fn read_log_index(&mut self, path: &Path) -> std::io::Result<()> {
        let mut open = OPEN.lock();
        let Some(opened) = open.get_or_insert_default().get_mut(&self.file) else { return Ok(()) };
        let file = Identity::of(path)?;
        if opened.log_index.as_ref().is_none_or(|(known, _)| *known != file) {
            opened.log_index = Some((file, Arc::new(File::open(path)?)));
        }
        self.log_index = opened.log_index.as_ref().map(|(_, file)| Arc::clone(file));
        Ok(())
    }

    /// It is not used again, but it stays open.
    pub(super) fn forget_log_index(&mut self) {
        self.log_index = None;
    }

    /// The index of the log, where it was opened.
    pub(super) fn log_index(&self) -> Option<&File> {
        self.log_index.as_deref()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut open = OPEN.lock();
        // Before the table's own: whoever connects next waits for this lock, and must not lose what they lock then.
        self.log_index = None;
        let files = open.get_or_insert_default();
        if let Some(opened) = files.get_mut(&self.file) {
            opened.connections = opened.connections.saturating_sub(1);
            if opened.connections == 0 {
                files.remove(&self.file);
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
