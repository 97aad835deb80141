//! Removes records that are too old or too many, once a signed checkpoint covers them.
//!
//! Each step is one transaction: the record that says what is removed, by which rule, and the hash and root of the
//! removed records, and the removal itself. Reports about people that still hold are written again first.

use super::commit::Decision;
use super::sealing::Sealer;
use super::settings::MIN_RETENTION_DAYS;
use crate::error::Error;
use crate::journal::{TILE, Tree};
use crate::model::{Actor, Event, Fact, Removal, Timestamp};
use crate::store::{Removable, RemovalLimits, StoreError};
use crate::workflow::Needs;

const DAY: i64 = 86_400_000;
/// The actor of a removal.
const RULE: &str = "retention";

impl Sealer {
    /// Removes the oldest records that the configuration no longer keeps, some tens of thousands at most. Returns the
    /// total removed so far, or `None` when there is nothing to remove; call it again until then. Records are not
    /// removed while a live grant or pending request depends on them, before a signed checkpoint covers them, while the
    /// store is not known to be intact, or while the time is uncertain.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the roots of the records are missing; errors of the store.
    pub fn remove_old(&self) -> Result<Option<Removal>, Error> {
        let shared = &*self.shared;
        let settings = &shared.settings.journal;
        if settings.keep_days.is_none() && settings.keep_records.is_none() {
            return Ok(None);
        }
        if shared.time.trouble().is_some() || shared.integrity.lock().problem.is_some() {
            return Ok(None);
        }
        let now = shared.time.now();
        let before =
            |days: u32| Timestamp::from_millis(now.millis() - i64::from(days) * DAY).unwrap_or(Timestamp::EPOCH);
        let Some(covered) = shared.store.last_checkpoint()? else { return Ok(None) };
        self.check_signed(&covered)?;
        let limits = RemovalLimits {
            before: settings.keep_days.map_or(Timestamp::EPOCH, before),
            keep: settings.keep_records.unwrap_or(u64::MAX),
            floor: before(MIN_RETENTION_DAYS),
            covered: covered.size,
            now,
        };
        Ok(shared.commit(|_, _| self.removal(&limits).map(Some))?)
    }

    fn removal(&self, limits: &RemovalLimits) -> Result<(Decision, Option<Removal>), StoreError> {
        let shared = &*self.shared;
        let Some(found) = shared.store.removable(limits)? else { return Ok((Decision::default(), None)) };
        let Removable { decided_from, last, hash, until, complete_from, standing, .. } = found;
        let tiles = shared.store.tiles(0, last.0 / TILE)?;
        if tiles.len() as u64 != last.0 / TILE {
            return Err(StoreError::Corrupt("the roots that stand for old records are not kept".to_owned()));
        }
        let tree = Tree::of_tiles(tiles);
        let (root, parts) = (tree.root(), tree.parts().iter().map(ToString::to_string).collect());
        let settings = &shared.settings.journal;
        let by_age = settings.keep_days.filter(|_| until < limits.before);
        let rule = match (by_age, settings.keep_records) {
            (Some(days), _) => format!("journal.keep_days: {days}"),
            (None, records) => format!("journal.keep_records: {}", records.unwrap_or_default()),
        };
        let removal =
            Removal::new(last, &hash.to_string(), &root.to_string(), &rule).and_then(|one| one.of_parts(parts));
        let removal = removal.map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let removal = removal.of_times(until, complete_from);
        let (at, by) = (limits.now.max(shared.time.now()), Actor::Rule(RULE.into()));
        // A report that is written again changes nothing, so no notice is sent.
        let mut view = shared.store.view(&Needs::default(), at)?;
        view.revision = decided_from;
        view.standing.extend(standing.iter().cloned());
        let again = standing.into_iter().map(|(principal, standing)| Fact::StandingReported { principal, standing });
        let facts = again.chain([Fact::RecordsRemoved(Box::new(removal.clone()))]);
        let events = facts.map(|fact| Event { at, by: by.clone(), fact }).collect();
        tracing::info!(up_to = last.0, %until, %rule, "old records are removed");
        Ok((Decision::from_view(view, events), Some(removal)))
    }
}
