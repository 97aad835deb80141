//! What a machine keeps for an unavailable store, and this process's state of it.
//!
//! Everything is on disk here before it counts (`crate::spool`), and every process of the machine uses it: see
//! `offline_commands`. When the store is available again it is merged: see `merging`.

use std::collections::BTreeMap;
use std::path::Path;

use super::last_known::LastKnown;
use crate::error::Error;
use crate::lock::Mutex;
use crate::model::{Grant, GrantId, Subject, Timestamp};
use crate::spool::{Contents, Entry, Folder, KeptKey, Said, Spool, SpoolError};
use crate::store::StoreError;
use crate::workflow::{View, evolve};

/// What a machine keeps for an unavailable store.
#[derive(Debug)]
pub(super) struct Offline {
    pub(super) spool: Spool,
    pub(super) last_known: Mutex<LastKnown>,
    pub(super) state: Mutex<State>,
}

/// What this process has made of the spool.
#[derive(Debug)]
pub(super) struct State {
    /// The grants of it that checks find.
    pub(super) shown: BTreeMap<GrantId, Grant>,
    /// Grants that were in it and are not any more: the store has their state.
    pub(super) gone: Vec<GrantId>,
    pub(super) entries: usize,
    pub(super) problem: Option<String>,
    /// When that was found.
    found_at: Timestamp,
    /// When a merge was last tried and the store was unavailable.
    tried_at: Timestamp,
}

impl Default for State {
    fn default() -> Self {
        let (shown, gone) = (BTreeMap::new(), Vec::new());
        Self { shown, gone, entries: 0, problem: None, found_at: Timestamp::EPOCH, tried_at: Timestamp::EPOCH }
    }
}

/// The state of offline access.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct OfflineHealth {
    /// How many entries wait on this machine to be merged.
    pub entries: u64,
    /// How many grants this machine alone knows of that are in force.
    pub grants: u64,
    /// Why they cannot be merged, if so: a person has to look.
    pub problem: Option<String>,
}

/// After how long a failed merge is tried again.
const AGAIN_MILLIS: i64 = 5_000;
/// After how long a merge is tried again when the store was unavailable.
const TRY_MILLIS: i64 = 1_000;

fn is_within(millis: i64, since: Timestamp, now: Timestamp) -> bool {
    (0..millis).contains(&now.millis().saturating_sub(since.millis()))
}

/// The fold of a spool's entries.
#[derive(Debug, Default)]
pub(super) struct Folded {
    /// Each grant with its request, in its current state.
    pub(super) views: BTreeMap<GrantId, View>,
    keys: Vec<(KeptKey, GrantId)>,
}

impl Folded {
    pub(super) fn of(contents: &Contents) -> Self {
        let mut folded = Self::default();
        for entry in &contents.entries {
            folded.add(entry);
        }
        folded
    }

    pub(super) fn add(&mut self, entry: &Entry) {
        match &entry.said {
            Said::Taken(events, key) => {
                let view = events.iter().fold(View::default(), evolve);
                let Some(id) = view.grant.as_ref().map(|grant| grant.id) else { return };
                self.keys.extend(key.clone().map(|key| (key, id)));
                self.views.insert(id, view);
            }
            Said::Used(events) | Said::Ended(events) => {
                for event in events {
                    let Subject::Grant(id) = Subject::of(event) else { continue };
                    if let Some(view) = self.views.remove(&id) {
                        self.views.insert(id, evolve(view, event));
                    }
                }
            }
            Said::Merging => {}
        }
    }

    pub(super) fn grants(&self) -> impl Iterator<Item = &Grant> {
        self.views.values().filter_map(|view| view.grant.as_ref())
    }

    pub(super) fn under(&self, key: &KeptKey) -> Option<(&KeptKey, &View)> {
        let (kept, grant) = self.keys.iter().find(|(kept, _)| kept.key == key.key)?;
        Some((kept, self.views.get(grant)?))
    }
}

impl Offline {
    pub(super) fn open(folder: &Path) -> Result<Self, Error> {
        let spool = Spool::new(Folder::open(folder)?);
        Ok(Self { spool, last_known: Mutex::default(), state: Mutex::default() })
    }

    pub(super) fn health(&self, now: Timestamp) -> OfflineHealth {
        let state = self.state.lock();
        let in_force = state.shown.values().filter(|grant| grant.status(now).is_live()).count();
        OfflineHealth { entries: state.entries as u64, grants: in_force as u64, problem: state.problem.clone() }
    }

    /// Whether entries wait for a merge, as far as this process knows.
    pub(super) fn waits(&self) -> bool {
        self.state.lock().entries > 0
    }

    /// Whether a merge may be tried: not right after a failed one.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let state = self.state.lock();
        state.entries > 0 && (state.problem.is_none() || !is_within(AGAIN_MILLIS, state.found_at, now))
    }

    /// Whether there was a problem with the spool, and it is time to look at it again.
    pub(super) fn is_looked_at_again(&self, now: Timestamp) -> bool {
        let state = self.state.lock();
        state.problem.is_some() && !is_within(AGAIN_MILLIS, state.found_at, now)
    }

    /// Whether the store was unavailable a moment ago: another try would delay everyone who records here.
    pub(super) fn was_tried(&self, now: Timestamp) -> bool {
        is_within(TRY_MILLIS, self.state.lock().tried_at, now)
    }

    pub(super) fn note_away(&self, now: Timestamp) {
        self.state.lock().tried_at = now;
    }

    /// The grants that were in the spool and are not any more.
    pub(super) fn take_gone(&self) -> Vec<GrantId> {
        std::mem::take(&mut self.state.lock().gone)
    }

    /// The grants that checks find.
    pub(super) fn shown(&self) -> Vec<Grant> {
        self.state.lock().shown.values().cloned().collect()
    }

    /// Logs that the spool cannot be used, once for each reason; its contents do not count until it can.
    pub(super) fn note_problem(&self, error: &SpoolError, now: Timestamp) {
        let problem = error.to_string();
        let mut state = self.state.lock();
        state.found_at = now;
        if state.problem.as_ref() != Some(&problem) {
            tracing::error!(%problem, "what was recorded on this machine while the store was unavailable cannot be used: look at it");
            state.problem = Some(problem);
        }
    }
}

/// An error of the spool as one of the store: what cannot be recorded does not happen.
pub(super) fn unrecordable(error: SpoolError) -> StoreError {
    StoreError::Unavailable {
        doing: "recording on this machine while the store is unavailable",
        source: Box::new(error),
    }
}

impl From<SpoolError> for Error {
    fn from(error: SpoolError) -> Self {
        unrecordable(error).into()
    }
}

impl From<SpoolError> for StoreError {
    fn from(error: SpoolError) -> Self {
        unrecordable(error)
    }
}
