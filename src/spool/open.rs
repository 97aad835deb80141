//! How entries are read, added and removed by several processes.

use std::io;

use uuid::Uuid;

use super::entry::{Contents, Entry, Said};
use super::pages::Pages;
use crate::lock::Mutex;
use crate::model::Invalid;
use crate::store::Position;

/// How many entries there may be. They are merged in one transaction, and kept in memory until then.
const MAX_ENTRIES: usize = 20_000;
/// At least as long as the first line.
const FIRST_LINE: u64 = 1_024;

/// Why the spool cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpoolError {
    /// It cannot be read or written.
    #[error("the spool cannot be used: {0}")]
    Unusable(#[from] io::Error),
    /// It was altered: a person must look at it.
    #[error("entry {entry} of the spool {problem}")]
    Altered {
        /// The entry; 0 is the one that names the journal.
        entry: usize,
        /// The problem.
        problem: String,
    },
    /// It has as many entries as it may have.
    #[error("the spool is full: it has {MAX_ENTRIES} entries")]
    Full,
    /// The entry cannot be serialized.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

/// What was recorded on this machine while the store was unavailable.
#[derive(Debug)]
pub(crate) struct Spool {
    pages: Box<dyn Pages>,
    /// What was read last.
    read: Mutex<Contents>,
}

/// The spool under its lock.
#[derive(Debug)]
pub(crate) struct Opened<'a> {
    pages: &'a dyn Pages,
    contents: &'a mut Contents,
}

impl Spool {
    /// The spool in this place.
    pub(crate) fn new(pages: impl Pages + 'static) -> Self {
        Self { pages: Box::new(pages), read: Mutex::default() }
    }

    /// Whether it has changed since it was last read. Cheap, and without waiting.
    ///
    /// # Errors
    /// [`SpoolError::Unusable`].
    pub(crate) fn has_changed(&self) -> Result<bool, SpoolError> {
        let len = self.pages.len()?;
        let known = self.read.lock();
        Ok(match len {
            None => known.len > 0,
            Some(len) if len != known.len => true,
            Some(_) => !self.begins_with(&known.first)?,
        })
    }

    /// Locks and reads the spool and calls `work` with it.
    ///
    /// # Errors
    /// [`SpoolError::Unusable`], [`SpoolError::Altered`], and what `work` answers.
    pub(crate) fn with<T, E: From<SpoolError>>(&self, work: impl FnOnce(Opened<'_>) -> Result<T, E>) -> Result<T, E> {
        let held = self.pages.hold().map_err(SpoolError::from)?;
        let mut contents = self.read.lock();
        self.read(&mut contents)?;
        let done = work(Opened { pages: &*self.pages, contents: &mut contents });
        drop(held);
        done
    }

    /// Takes in what others have added or removed since.
    fn read(&self, contents: &mut Contents) -> Result<(), SpoolError> {
        let Some(len) = self.pages.len()? else {
            *contents = Contents::default();
            return Ok(());
        };
        let goes_on = len >= contents.len && (contents.first.is_empty() || self.begins_with(&contents.first)?);
        if !goes_on {
            *contents = Contents::default();
        }
        read_on(&*self.pages, contents)
    }

    fn begins_with(&self, first: &str) -> Result<bool, SpoolError> {
        Ok(self.pages.read(0, FIRST_LINE)?.starts_with(first.as_bytes()))
    }
}

impl Opened<'_> {
    /// The contents.
    #[must_use]
    pub(crate) const fn contents(&self) -> &Contents {
        self.contents
    }

    /// Reads everything again from the beginning, and compares it with what was read before.
    ///
    /// # Errors
    /// [`SpoolError::Altered`] when it is not the same; [`SpoolError::Unusable`].
    pub(crate) fn read_again(&mut self) -> Result<(), SpoolError> {
        let mut again = Contents::default();
        if self.pages.len()?.is_some() {
            read_on(self.pages, &mut again)?;
        }
        if again.last == self.contents.last && again.len == self.contents.len {
            return Ok(());
        }
        let entry = again.entries.len().min(self.contents.entries.len());
        Err(SpoolError::Altered { entry, problem: "is not the one that was read before".to_owned() })
    }

    /// Adds an entry; the first one begins a new spool with this id, which continues the journal from `origin`. Once
    /// this has returned, the entry survives a power failure.
    ///
    /// # Errors
    /// [`SpoolError::Unusable`], [`SpoolError::Full`]. Then nothing is added.
    pub(crate) fn add(&mut self, origin: &Position, id: Uuid, entry: Entry) -> Result<(), SpoolError> {
        // What ends access, and what merges it, always has room.
        let adds_access = matches!(entry.said, Said::Taken(..) | Said::Used(_));
        if adds_access && self.contents.entries.len() >= MAX_ENTRIES {
            return Err(SpoolError::Full);
        }
        let (mut lines, line) = match self.contents.id {
            Some(_) => (String::new(), self.contents.next(&entry)?),
            None => {
                let (first, mut begun) = (Contents::begin(id, origin, entry.at)?, Contents::default());
                begun.take(first.as_bytes())?;
                (first, begun.next(&entry)?)
            }
        };
        lines.push_str(&line);
        if let Err(error) = self.pages.put(self.contents.len, lines.as_bytes()) {
            // A partial write was never confirmed. If it cannot be removed either, the spool has a use that was not
            // allowed, or a grant that no caller got.
            let _ =
                if self.contents.id.is_none() { self.pages.remove() } else { self.pages.put(self.contents.len, b"") };
            return Err(error.into());
        }
        self.contents.take(lines.as_bytes())?;
        Ok(())
    }

    /// Removes everything: it is in the journal.
    ///
    /// # Errors
    /// [`SpoolError::Unusable`].
    pub(crate) fn remove(&mut self) -> Result<(), SpoolError> {
        self.pages.remove()?;
        *self.contents = Contents::default();
        Ok(())
    }
}

fn read_on(pages: &dyn Pages, contents: &mut Contents) -> Result<(), SpoolError> {
    let bytes = pages.read(contents.len, u64::MAX)?;
    contents.take(&bytes).map_err(|error| SpoolError::Altered {
        entry: if contents.id.is_none() { 0 } else { contents.entries.len() + 1 },
        problem: error.problem().to_owned(),
    })
}
