//! The parameters, the progress and the result of a verification.

use std::ops::ControlFlow;

use super::{Head, StoreError};
use crate::model::{Checkpoint, Revision};

/// What is verified.
///
/// ```
/// use jit_access::store::{MemoryStore, Store, Verification};
///
/// let verified = MemoryStore::new().verify_with(&Verification::default(), &mut ())?;
/// assert_eq!(verified.records, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verification {
    /// Only the records after this one, which was verified before, and every row in force. `None`: everything.
    pub after: Option<Checkpoint>,
}

/// The progress of a verification.
///
/// ```
/// use jit_access::model::Revision;
/// use jit_access::store::VerifyProgress;
///
/// let progress = VerifyProgress { verified: Revision(7), last: Revision(9) };
/// assert!(progress.verified < progress.last);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyProgress {
    /// The last record that was verified.
    pub verified: Revision,
    /// The last record of the journal now.
    pub last: Revision,
}

/// Receives the progress of a verification. `()` ignores it.
///
/// ```
/// use std::ops::ControlFlow;
///
/// use jit_access::store::{MemoryStore, Store, Verification, VerifyProgress, Verifying};
///
/// struct Shown(u64);
///
/// impl Verifying for Shown {
///     fn progress(&mut self, progress: VerifyProgress) -> ControlFlow<()> {
///         self.0 = progress.verified.0;
///         ControlFlow::Continue(())
///     }
/// }
///
/// MemoryStore::new().verify_with(&Verification::default(), &mut Shown(0))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Verifying {
    /// A verified record, in order, with its text.
    fn record(&mut self, revision: Revision, body: &str) {
        let _ = (revision, body);
    }

    /// Called between two reads, when no lock of the store is held. [`ControlFlow::Break`] ends the verification.
    fn progress(&mut self, progress: VerifyProgress) -> ControlFlow<()> {
        let _ = progress;
        ControlFlow::Continue(())
    }
}

impl Verifying for () {}

/// The result of a successful verification.
///
/// ```
/// use jit_access::store::{MemoryStore, Store, Verification};
///
/// let store = MemoryStore::new();
/// let verified = store.verify_with(&Verification::default(), &mut ())?;
/// assert_eq!(verified.head, store.head()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// The head up to which the journal is intact.
    pub head: Head,
    /// How many records were read.
    pub records: u64,
}

impl Verified {
    /// The last verified record, from which the next verification can continue.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint::of(self.head.revision, &self.head.hash.to_string())
    }
}

/// The error of a verification that the receiver of its progress ended.
#[derive(Debug, thiserror::Error)]
#[error("it was ended before it was done")]
pub(crate) struct Ended;

/// Reports the progress.
pub(crate) fn tell(watch: &mut dyn Verifying, verified: Revision, last: Revision) -> Result<(), StoreError> {
    match watch.progress(VerifyProgress { verified, last }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(StoreError::Unavailable { doing: "verifying", source: Box::new(Ended) }),
    }
}
