//! Verifies what was written since the last signed checkpoint, and signs the next one.
//!
//! A checkpoint is signed over verified records only, so verification continues at the last one.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::engine::Engine;
use super::integrity::Integrity;
use super::proof::tree_up_to;
use super::shared::Shared;
use crate::error::Error;
use crate::journal::{Hash, TILE, Tree};
use crate::model::{Checkpoint as Place, Revision, Timestamp};
use crate::notify::checkpoint_messages;
use crate::seal::{Checkpoint, Keys};
use crate::store::{Head, KeptCheckpoint, Position, Removed, StoreError, Verification, VerifyProgress, Verifying};

/// Verifies and signs. Cheap to clone.
///
/// ```
/// use jit_access::service::Keys;
/// use jit_access::service::{Builder, Sealer};
/// use jit_access::store::MemoryStore;
/// use jit_access::workflow::Rules;
///
/// let engine = Builder::new(MemoryStore::new(), Rules::default()).open()?;
/// let sealer = Sealer::new(&engine, Keys::generate()?);
/// assert!(sealer.advance(&mut ())?.is_none(), "there is nothing to sign for yet");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Sealer {
    pub(super) shared: Arc<Shared>,
    keys: Arc<Keys>,
}

impl Sealer {
    /// One that signs with these keys.
    #[must_use]
    pub fn new(engine: &Engine, keys: Keys) -> Self {
        Self { shared: Arc::clone(engine.shared()), keys: Arc::new(keys) }
    }

    /// The known public keys: see [`Keys::verifiers`].
    #[must_use]
    pub fn verifiers(&self) -> Vec<String> {
        self.keys.verifiers()
    }

    /// Verifies everything since the last checkpoint and every row in force, and signs a checkpoint when there are new
    /// records. Returns the last checkpoint after that. The result is in [`Engine::integrity`]; when the store is not
    /// intact, elevation stops or continues as configured.
    ///
    /// # Errors
    /// [`StoreError::Broken`], [`StoreError::Corrupt`], [`StoreError::Replaced`] when the store was altered;
    /// [`StoreError::Unavailable`] when it cannot be read, or when `watch` stopped it.
    pub fn advance(&self, watch: &mut dyn Verifying) -> Result<Option<KeptCheckpoint>, Error> {
        self.judged(false, || self.advanced(watch))
    }

    /// The same from the first record on, with every checkpoint that is kept.
    ///
    /// # Errors
    /// As for [`Sealer::advance`].
    pub fn verify_all(&self, watch: &mut dyn Verifying) -> Result<Option<KeptCheckpoint>, Error> {
        self.judged(true, || self.verified_all(watch))
    }

    /// Checks that the journal contains everything that an externally kept signed checkpoint covers. The result is
    /// noted as by [`Sealer::advance`].
    ///
    /// # Errors
    /// As for [`Sealer::advance`]: when records were cut off, are other ones, or when no known key has signed it.
    pub fn check_kept(&self, note: &str) -> Result<(), Error> {
        let checked = self.checked_kept(note);
        self.note_failure(&checked);
        Ok(checked?)
    }

    fn judged(
        &self,
        is_all: bool,
        work: impl FnOnce() -> Result<(Head, Option<KeptCheckpoint>), StoreError>,
    ) -> Result<Option<KeptCheckpoint>, Error> {
        self.shared.flush_uses()?;
        let done = work();
        self.note_failure(&done);
        let (head, kept) = done?;
        self.shared.found_whole(head.revision, is_all);
        Ok(kept)
    }

    fn note_failure<T>(&self, done: &Result<T, StoreError>) {
        if let Err(error @ (StoreError::Broken(_) | StoreError::Corrupt(_) | StoreError::Replaced(_))) = done {
            self.shared.found_broken(error.to_string());
        }
    }

    fn checked_kept(&self, note: &str) -> Result<(), StoreError> {
        let said = self.keys.open(note).map_err(|error| corrupt(&format!("a checkpoint that was kept: {error}")))?;
        let head = self.shared.store.head()?;
        let lineage = said.origin.strip_prefix(ORIGIN).and_then(|lineage| lineage.parse().ok());
        let Some(lineage) = lineage else {
            return Err(corrupt(&format!("a checkpoint that was kept is of {}", said.origin)));
        };
        // An operator has accepted the current store since.
        if head.accepted.is_some_and(|(_, at)| at >= said.at) {
            return Ok(());
        }
        if head.removed.is_some_and(|removed| said.size <= removed.last && lineage == head.lineage) {
            // The records that it covers were removed; a later checkpoint covers them.
            return self.last().map(drop);
        }
        let known = Position { lineage, revision: said.size, hash: said.head };
        self.shared.store.has_grown(&known).map(drop).map_err(|error| match error {
            StoreError::Replaced(why) => StoreError::Replaced(format!(
                "{why}; a checkpoint of {}, over {} records with the hash {}, was kept elsewhere",
                said.at, said.size, said.head
            )),
            other => other,
        })
    }

    /// The last checkpoint, if it is signed by a known key, and its tree.
    fn last(&self) -> Result<(Option<KeptCheckpoint>, Tree), StoreError> {
        let store = &*self.shared.store;
        let removed = store.head()?.removed;
        let Some(kept) = store.last_checkpoint()?.filter(|kept| removed.is_none_or(|gone| kept.size >= gone.last))
        else {
            return match removed {
                Some(gone) => Err(corrupt(&format!(
                    "no checkpoint covers record {}, up to which records were removed",
                    gone.last
                ))),
                None => Ok((None, Tree::default())),
            };
        };
        self.check_signed(&kept)?;
        self.tree_of(removed)?;
        let tree = tree_up_to(store, kept.size)?;
        if tree.root() != kept.root {
            return Err(differs(&kept, tree.root()));
        }
        Ok((Some(kept), tree))
    }

    /// The tree over the removed records, made from the recorded root.
    fn tree_of(&self, removed: Option<Removed>) -> Result<Tree, StoreError> {
        let Some(removed) = removed else { return Ok(Tree::default()) };
        let tree = Tree::of_tiles(self.shared.store.tiles(0, removed.last.0 / TILE)?);
        if (tree.size(), tree.root()) != (removed.last.0, removed.root) {
            return Err(corrupt("the roots that stand for the removed records are not those that were written down"));
        }
        Ok(tree)
    }

    pub(super) fn check_signed(&self, kept: &KeptCheckpoint) -> Result<(), StoreError> {
        let wrong = |why: &dyn std::fmt::Display| corrupt(&format!("the checkpoint over {} records: {why}", kept.size));
        let said = self.keys.open(&kept.note).map_err(|error| wrong(&error))?;
        let KeptCheckpoint { size, head, root, at, .. } = kept;
        if (said.size, said.head, said.root, said.at) != (*size, *head, *root, *at) {
            return Err(wrong(&"what is kept beside its text is not what it says"));
        }
        Ok(())
    }

    fn advanced(&self, watch: &mut dyn Verifying) -> Result<(Head, Option<KeptCheckpoint>), StoreError> {
        let (last, tree) = self.last()?;
        let after = last.as_ref().map(|kept| Place::of(kept.size, &kept.head.to_string()));
        let mut growing = Growing { tree, tiles: Vec::new(), kept: Vec::new(), problem: None, is_behind: false, watch };
        let verified = self.shared.store.verify_with(&Verification { after }, &mut growing);
        let Growing { tree, tiles, is_behind, .. } = growing;
        if is_behind {
            return Err(moved_on());
        }
        let verified = verified?;
        Ok((verified.head, self.sealed(last, &verified.head, &tree, &tiles)?))
    }

    fn verified_all(&self, watch: &mut dyn Verifying) -> Result<(Head, Option<KeptCheckpoint>), StoreError> {
        let store = &*self.shared.store;
        let removed = store.head()?.removed;
        let tree = self.tree_of(removed)?;
        let first = tree.size();
        let (mut kept, mut last) = (Vec::new(), None);
        let mut next = store.checkpoint_covering(Revision(1))?;
        while let Some(one) = next {
            self.check_signed(&one)?;
            // A checkpoint over removed records only cannot be compared with any record.
            if one.size.0 > first {
                kept.push((one.size.0, one.root));
            }
            next = store.checkpoint_covering(one.size.next())?;
            last = Some(one);
        }
        if let Some(gone) = removed.filter(|gone| last.as_ref().is_none_or(|kept| kept.size < gone.last)) {
            let problem = format!("no checkpoint covers record {}, up to which records were removed", gone.last);
            return Err(corrupt(&problem));
        }
        kept.reverse();
        let mut growing = Growing { tree, tiles: Vec::new(), kept, problem: None, is_behind: false, watch };
        let verified = store.verify_with(&Verification::default(), &mut growing);
        let Growing { tree, tiles, kept, problem, is_behind, .. } = growing;
        if is_behind {
            return Err(moved_on());
        }
        if let Some(problem) = problem {
            return Err(corrupt(&problem));
        }
        let verified = verified?;
        if let Some((size, _)) = kept.last() {
            let problem = format!("a checkpoint covers {size} records, and the journal has {}", verified.head.revision);
            return Err(StoreError::Replaced(problem));
        }
        for (chunk, roots) in tiles.chunks(1_000).enumerate() {
            let first = first / TILE + chunk as u64 * 1_000;
            let stored = store.tiles(first, first + roots.len() as u64)?;
            if roots.iter().zip(&stored).any(|((_, root), stored)| root != stored) {
                return Err(corrupt("the roots that are kept for proofs are not those of the records"));
            }
        }
        Ok((verified.head, self.sealed(last, &verified.head, &tree, &tiles)?))
    }

    /// Signs and keeps the next checkpoint, if there are new records.
    fn sealed(
        &self,
        last: Option<KeptCheckpoint>,
        head: &Head,
        tree: &Tree,
        tiles: &[(u64, Hash)],
    ) -> Result<Option<KeptCheckpoint>, StoreError> {
        if head.revision == last.as_ref().map_or(Revision::ZERO, |kept| kept.size) {
            return Ok(last);
        }
        let at = self.shared.time.now().max(head.at);
        let origin = format!("{ORIGIN}{}", head.lineage);
        let said = Checkpoint { origin, size: head.revision, root: tree.root(), head: head.hash, at };
        let kept =
            KeptCheckpoint { size: said.size, head: said.head, root: said.root, at, note: self.keys.sign(&said) };
        self.shared.store.keep_checkpoint(&kept, tiles)?;
        // Another process may have been faster, and its text is the one that is kept.
        let there = self.shared.store.last_checkpoint_up_to(kept.size)?;
        let outbox = checkpoint_messages(&kept.note, at, &self.shared.settings.notices);
        if !outbox.is_empty() && there.as_ref().is_some_and(|there| there.note == kept.note) {
            self.shared.commit_messages(outbox)?;
        }
        Ok(there)
    }

    /// Whether another checkpoint is due: the interval has passed since the last one, or a grant has ended since.
    ///
    /// # Errors
    /// Errors of the store.
    pub(crate) fn is_due(&self, every_millis: Option<i64>, now: Timestamp) -> Result<bool, Error> {
        let store = &*self.shared.store;
        let head = store.head()?;
        let last = store.last_checkpoint()?;
        let (size, at) = last.map_or((Revision::ZERO, Timestamp::EPOCH), |kept| (kept.size, kept.at));
        if head.revision <= size {
            return Ok(false);
        }
        if every_millis.is_some_and(|every| now.millis().saturating_sub(at.millis()) >= every) {
            return Ok(true);
        }
        let mut after = size;
        loop {
            let (_, records) = store.records(&crate::store::RecordQuery::changes_after(after, CHUNK))?;
            if records.iter().any(|record| super::follow::ended_by(&record.event.fact).is_some()) {
                return Ok(true);
            }
            match records.last() {
                Some(last) if records.len() == CHUNK => after = last.revision,
                _ => return Ok(false),
            }
        }
    }
}

impl Shared {
    /// The store was found to be whole up to this record.
    pub(super) fn found_whole(&self, verified: Revision, is_all: bool) {
        let now = self.time.now();
        let mut integrity = self.integrity.lock();
        if let Some(problem) = &integrity.problem {
            tracing::warn!(%problem, "the store is found to be whole again; grants are honoured");
        }
        let all_at = if is_all { Some(now) } else { integrity.all_at };
        *integrity = Integrity { verified, at: Some(now), all_at, problem: None, elevation_stopped: false };
        self.checks.trust(true);
    }

    /// Handles a store that was found altered. Standing rights remain in any case.
    pub(super) fn found_broken(&self, problem: String) {
        let stops = self.settings.journal.stop_on_failure;
        tracing::error!(%problem, stops, "the store is not what was written to it; call a person");
        let now = self.time.now();
        let mut integrity = self.integrity.lock();
        integrity.at = Some(now);
        integrity.problem = Some(problem.clone());
        integrity.elevation_stopped = stops;
        self.checks.trust(!stops);
        drop(integrity);
        self.note_broken(&problem);
        // Hosts that keep answers drop them when the revision rises.
        self.announce();
    }
}

/// What the name of a journal begins with.
const ORIGIN: &str = "jit-access/";
/// How many records are looked at at a time for a grant that ended.
const CHUNK: usize = 500;

fn corrupt(problem: &str) -> StoreError {
    StoreError::Corrupt(problem.to_owned())
}

fn moved_on() -> StoreError {
    let source = "older records were removed meanwhile; verify again".into();
    StoreError::Unavailable { doing: "verifying", source }
}

fn differs(kept: &KeptCheckpoint, root: Hash) -> StoreError {
    let KeptCheckpoint { size, at, root: signed, .. } = kept;
    corrupt(&format!(
        "the first {size} records have the root {root}, and a checkpoint of {at} was signed over the root {signed}"
    ))
}

/// Makes the tree while records are verified.
struct Growing<'a> {
    tree: Tree,
    tiles: Vec<(u64, Hash)>,
    /// The sizes and roots of the checkpoints that are still to be compared, the next one last.
    kept: Vec<(u64, Hash)>,
    problem: Option<String>,
    /// Whether the records that follow the tree were removed meanwhile.
    is_behind: bool,
    watch: &'a mut dyn Verifying,
}

impl Verifying for Growing<'_> {
    fn record(&mut self, revision: Revision, body: &str) {
        self.is_behind |= revision.0 != self.tree.size() + 1;
        if let Some(root) = self.tree.push(body) {
            self.tiles.push((self.tree.size() / TILE - 1, root));
        }
        if let Some((size, root)) = self.kept.last().copied()
            && size == self.tree.size()
        {
            self.kept.pop();
            let found = self.tree.root();
            if found != root && self.problem.is_none() {
                self.problem = Some(format!(
                    "the first {size} records have the root {found}, and a checkpoint was signed over the root {root}"
                ));
            }
        }
        self.watch.record(revision, body);
    }

    fn progress(&mut self, progress: VerifyProgress) -> ControlFlow<()> {
        if self.problem.is_some() || self.is_behind {
            return ControlFlow::Break(());
        }
        self.watch.progress(progress)
    }
}
