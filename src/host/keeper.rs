//! The thread that verifies and signs the journal: at the start, on a schedule, and when a grant has ended.
//!
//! It pauses between two short reads, so that it takes about a quarter of one processor and nothing waits for it.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::clock;
use crate::error::Error;
use crate::file::{beside, private};
use crate::lock::{Condvar, Mutex};
use crate::model::{KeySource, Revision, Timestamp};
use crate::seal::Keys;
use crate::service::{Engine, JournalSettings, Sealer};
use crate::store::{KeptCheckpoint, StoreError, VerifyProgress, Verifying};

/// At most 15 bytes, so that the system shows all of it.
const NAME: &str = "jit-journal";
/// How often it looks whether something is due.
const EVERY: Duration = Duration::from_secs(1);
/// How long it waits at least between two reads of a verification.
const PAUSE: Duration = Duration::from_millis(2);
/// How long it waits at most.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);
/// How many times as long as a read it waits after it.
const PAUSE_PER_READ: u32 = 3;
/// How many rounds in a row it leaves the verification to another process.
const SKIPPED: u32 = 60;
/// How often it looks for old records.
const REMOVE_EVERY: Duration = Duration::from_secs(3_600);

/// Verifies and signs the journal of a host, and keeps its last checkpoint outside of the store.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("jit.db");
/// let config = format!("jit_access: {{store: {{path: {path:?}}}, roles: {{deployer: {{permissions: [tools.execute]}}}}}}");
/// let host = jit_access::config::Config::parse(&config, [])?.open()?;
/// host.keeper().advance()?;
/// assert!(host.engine().integrity().problem.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Keeper {
    engine: Engine,
    sealer: Sealer,
    settings: JournalSettings,
    /// The file of the last checkpoint, beside the store.
    beside: Option<PathBuf>,
    /// The file that whoever verifies on schedule has locked, beside the store.
    turn: Option<PathBuf>,
    /// Whether other processes know the key. A checkpoint of a key that they do not know would be a forged one to them.
    key_is_known: bool,
    stop: Arc<Stop>,
}

#[derive(Debug, Default)]
struct Stop {
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    /// Waits; returns whether the keeper ended.
    fn wait(&self, time: Duration) -> bool {
        let stopped = self.stopped.lock();
        if *stopped { true } else { *self.changed.wait_for(stopped, time) }
    }
}

impl Keeper {
    /// Reads the keys; makes one beside the store's file when none is configured or present. A shared store without a
    /// file (`is_shared`) has no place for a key, so without a configured key nothing is verified automatically or
    /// signed.
    pub(super) fn open(engine: &Engine, store: Option<&Path>, is_shared: bool) -> Result<Self, Error> {
        let settings = engine.settings().journal.clone();
        let key_is_known = !is_shared || matches!(settings.signing_key, KeySource::Given(_));
        if !key_is_known {
            tracing::warn!(
                "`journal.signing_key_env` or `journal.signing_key_file` is not set: no checkpoint is signed"
            );
        }
        let keys = Keys::load(&settings.signing_key, store, "jit_access.journal.signing_key")?;
        Ok(Self {
            engine: engine.clone(),
            sealer: Sealer::new(engine, keys),
            beside: store.map(|store| beside(store, "-checkpoint")),
            turn: store.map(|store| beside(store, "-verifying")),
            settings,
            key_is_known,
            stop: Arc::default(),
        })
    }

    /// The public keys of its checkpoints, in the form of C2SP's notes. The signing key is the first.
    #[must_use]
    pub fn verifiers(&self) -> Vec<String> {
        self.sealer.verifiers()
    }

    /// Compares the journal with the checkpoints that are kept outside of the store, verifies what was written since
    /// the last one, signs the next one, and keeps it outside too. The thread does it at the start and on a schedule.
    /// Does nothing for a store in PostgreSQL without a configured key.
    ///
    /// # Errors
    /// As for [`Sealer::advance`].
    pub fn advance(&self) -> Result<Option<KeptCheckpoint>, Error> {
        if !self.key_is_known {
            return Ok(None);
        }
        self.check_outside()?;
        let kept = self.sealer.advance(&mut Slowly::new(&self.stop))?;
        self.keep_outside(kept.as_ref());
        Ok(kept)
    }

    /// The same from the first record on, with every checkpoint that is kept.
    ///
    /// # Errors
    /// As for [`Sealer::verify_all`].
    pub fn verify_all(&self) -> Result<Option<KeptCheckpoint>, Error> {
        if !self.key_is_known {
            return Ok(None);
        }
        self.check_outside()?;
        let kept = self.sealer.verify_all(&mut Slowly::new(&self.stop))?;
        self.keep_outside(kept.as_ref());
        Ok(kept)
    }

    /// Removes what the configuration no longer keeps, in short transactions, and returns how many records are removed
    /// in all. The thread does it every hour, after it has verified and signed.
    ///
    /// # Errors
    /// As for [`Sealer::remove_old`].
    pub fn remove_old(&self) -> Result<Option<Revision>, Error> {
        let mut last = None;
        if self.key_is_known {
            while let Some(removed) = self.sealer.remove_old()? {
                last = Some(removed.last);
                if self.stop.wait(PAUSE * 10) {
                    break;
                }
            }
        }
        Ok(last)
    }

    fn check_outside(&self) -> Result<(), Error> {
        let newest = self.settings.checkpoint_folder.as_ref().map(|folder| folder.join(NEWEST));
        for path in self.beside.iter().chain(&newest) {
            match fs::read_to_string(path) {
                Ok(note) => self.sealer.check_kept(&note)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    tracing::warn!(%error, path = %path.display(), "a checkpoint that was kept cannot be read")
                }
            }
        }
        Ok(())
    }

    /// A failure here only loses this protection.
    fn keep_outside(&self, kept: Option<&KeptCheckpoint>) {
        let Some(kept) = kept else { return };
        let mut files: Vec<PathBuf> = self.beside.iter().cloned().collect();
        if let Some(folder) = &self.settings.checkpoint_folder {
            files.push(folder.join(format!("{:020}.checkpoint", kept.size.0)));
            files.push(folder.join(NEWEST));
            self.write(&folder.join("keys"), &(self.verifiers().join("\n") + "\n"));
        }
        files.iter().for_each(|path| self.write(path, &kept.note));
    }

    fn write(&self, path: &Path, text: &str) {
        if fs::read_to_string(path).is_ok_and(|there| there == text) {
            return;
        }
        if let Err(error) = replace(path, text) {
            tracing::warn!(%error, path = %path.display(), "a checkpoint cannot be kept outside of the store");
        }
    }

    /// Does what is due; `last` has the times of the last runs.
    fn round(&self, last: &mut Last) -> Result<(), Error> {
        let now = self.engine.now();
        let is_due = |at: Option<Timestamp>, every: Option<Duration>| match (at, every.and_then(millis)) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(at), Some(every)) => now.millis().saturating_sub(at.millis()) >= every,
        };
        if is_due(last.all, self.settings.verify_all_every) {
            self.verify_all()?;
            (last.all, last.verified) = (Some(now), Some(now));
        }
        let signs = || self.sealer.is_due(self.settings.checkpoint_every.and_then(millis), now);
        let verifies = is_due(last.verified, self.settings.verify_every);
        if verifies || signs()? {
            match self.turn.as_deref().map(Turn::take) {
                // Another process verifies the same records now. One that was stopped in the middle must not keep all
                // others from it.
                Some(None) if last.skipped < SKIPPED => last.skipped += 1,
                turn => {
                    // The process that has just verified may have signed for them.
                    if verifies || signs()? {
                        self.advance()?;
                        last.verified = Some(now);
                    }
                    last.skipped = 0;
                    drop(turn);
                }
            }
        }
        if is_due(last.removed, Some(REMOVE_EVERY)) {
            self.remove_old()?;
            last.removed = Some(now);
        }
        Ok(())
    }

    fn work(&self) {
        if !self.key_is_known {
            return;
        }
        // The process before has verified everything, as far as this one knows.
        let now = Some(self.engine.now());
        let mut last = Last { verified: now, all: now, removed: None, skipped: 0 };
        let mut failing = false;
        let mut done = if self.settings.verify_at_start { self.advance().map(drop) } else { Ok(()) };
        loop {
            match &done {
                // A problem of the store was logged where it was found.
                Err(Error::Store(StoreError::Broken(_) | StoreError::Corrupt(_) | StoreError::Replaced(_))) => {}
                Err(error) if !failing && !self.stop.wait(Duration::ZERO) => {
                    tracing::warn!(%error, "the journal cannot be verified or signed; trying again");
                    failing = true;
                }
                Err(_) => {}
                Ok(()) if failing => {
                    tracing::info!("the journal can be verified and signed again");
                    failing = false;
                }
                Ok(()) => {}
            }
            let pause = if done.is_ok() { EVERY } else { EVERY * 10 };
            if self.stop.wait(pause) {
                return;
            }
            done = self.round(&mut last);
        }
    }
}

/// The name of the last checkpoint in the folder of all of them.
const NEWEST: &str = "newest.checkpoint";

/// When each task was last done.
struct Last {
    verified: Option<Timestamp>,
    all: Option<Timestamp>,
    removed: Option<Timestamp>,
    /// How many rounds in a row left the verification to another process.
    skipped: u32,
}

/// The lock of the process that verifies on schedule. Several that verify the same records would only take time from
/// each other.
struct Turn(Option<File>);

impl Turn {
    /// Takes the lock; `None` while another process has it. Where files cannot be locked, every process verifies.
    fn take(path: &Path) -> Option<Self> {
        let Ok(file) = private().write(true).create(true).truncate(false).open(path) else { return Some(Self(None)) };
        match file.try_lock() {
            Ok(()) => Some(Self(Some(file))),
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Error(_)) => Some(Self(None)),
        }
    }
}

impl Drop for Turn {
    /// Unlocks explicitly, not by closing the file: a process that was forked meanwhile has the file open too.
    fn drop(&mut self) {
        if let Some(file) = &self.0 {
            let _ = file.unlock();
        }
    }
}

fn millis(time: Duration) -> Option<i64> {
    i64::try_from(time.as_millis()).ok()
}

/// Waits between two reads, and ends when the thread is to end.
struct Slowly<'a> {
    stop: &'a Stop,
    began: Instant,
}

impl<'a> Slowly<'a> {
    fn new(stop: &'a Stop) -> Self {
        Self { stop, began: clock::instant() }
    }
}

impl Verifying for Slowly<'_> {
    fn progress(&mut self, _: VerifyProgress) -> ControlFlow<()> {
        let pause = (self.began.elapsed() * PAUSE_PER_READ).clamp(PAUSE, LONGEST_PAUSE);
        let ends = self.stop.wait(pause);
        self.began = clock::instant();
        if ends { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Writes the file whole or not at all.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    // Engines of one process write at the same time, too.
    static DRAFTS: AtomicU64 = AtomicU64::new(0);
    let draft = DRAFTS.fetch_add(1, Ordering::Relaxed);
    let made = beside(path, &format!(".{}.{draft}", std::process::id()));
    let write = || {
        let mut file = private().write(true).create(true).truncate(true).open(&made)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&made, path)
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&made);
    })
}

/// Runs the thread until it is dropped. In a forked child there is no thread to wait for.
#[derive(Debug)]
pub(super) struct Keeping {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
    process: u32,
}

impl Keeping {
    pub(super) fn start(keeper: &Keeper) -> Result<Self, Error> {
        let keeper = Keeper { stop: Arc::default(), ..keeper.clone() };
        let stop = Arc::clone(&keeper.stop);
        let spawned = thread::Builder::new().name(NAME.to_owned()).spawn(move || keeper.work());
        let thread = spawned
            .map_err(|source| Error::System { doing: "starting the thread that verifies the journal", source })?;
        Ok(Self { stop, thread: Some(thread), process: std::process::id() })
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            std::mem::forget(self.thread.take());
            return;
        }
        *self.stop.stopped.lock() = true;
        self.stop.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic in the thread was reported by the panic hook.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RoleName;
    use crate::service::Builder;
    use crate::store::{SqliteOptions, SqliteStore};
    use crate::workflow::Rules;

    #[test]
    fn one_process_at_a_time_verifies_on_schedule_and_a_stopped_one_does_not_prevent_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jit.db");
        let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
        let rules = Rules { approver_roles: vec![RoleName::new("lead").unwrap()], ..Rules::default() };
        let engine = Builder::new(store, rules).open().unwrap();
        let keeper = Keeper::open(&engine, Some(&path), false).unwrap();
        let now = Some(engine.now());
        let mut last = Last { verified: None, all: now, removed: now, skipped: 0 };
        let lock = beside(&path, "-verifying");

        let other = Turn::take(&lock).unwrap();
        assert!(Turn::take(&lock).is_none());
        for skipped in 1..=SKIPPED {
            keeper.round(&mut last).unwrap();
            assert_eq!((last.skipped, last.verified), (skipped, None));
        }
        keeper.round(&mut last).unwrap();
        assert!(last.verified.is_some(), "the other one takes too long");
        assert_eq!(last.skipped, 0);

        drop(other);
        last.verified = None;
        keeper.round(&mut last).unwrap();
        assert!(last.verified.is_some() && Turn::take(&lock).is_some());
    }
}
