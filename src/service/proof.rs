//! Signed checkpoints to read, and proofs that lead to them.

use serde_json::json;

use super::workflow::Workflow;
use crate::command::{Definition, GetCheckpoint, GetProof};
use crate::error::Error;
use crate::journal::{Hash, TILE, TILE_LEVEL, Tree, consistency, inclusion, is_consistent, is_included, leaf, node};
use crate::model::{Caller, Invalid, Revision};
use crate::store::{KeptCheckpoint, Store, StoreError};

/// How many texts are read at a time.
const CHUNK: u64 = 1_024;

impl Workflow {
    /// A signed checkpoint: the first one that covers a record, or the latest one.
    ///
    /// # Errors
    /// When no signed checkpoint covers the record; [`crate::workflow::RefusalCode::NotAnAuditor`];
    /// errors of the store.
    pub fn checkpoint(&self, caller: &Caller, get: &GetCheckpoint) -> Result<KeptCheckpoint, Error> {
        self.shared.may_audit(caller, &GetCheckpoint::SPEC, self.shared.time.now())?;
        self.covering(get.record, "record")
    }

    /// The first checkpoint that covers this record, if one does.
    pub(crate) fn note_covering(&self, record: Revision) -> Result<Option<String>, Error> {
        Ok(self.shared.store.checkpoint_covering(record)?.map(|kept| kept.note))
    }

    fn covering(&self, record: Option<u64>, field: &'static str) -> Result<KeptCheckpoint, Error> {
        let store = &*self.shared.store;
        let last = store.last_checkpoint()?;
        let size = last.as_ref().map_or(0, |kept| kept.size.0);
        let found = match record {
            None => last,
            Some(0) => None,
            Some(record) => store.checkpoint_covering(Revision(record))?,
        };
        found.ok_or_else(|| {
            let problem = record.map_or("is left out".to_owned(), |record| format!("is {record}"));
            let expected = match size {
                0 => "a later time: no checkpoint was signed yet".to_owned(),
                size => format!("1 to {size}, which the last checkpoint covers"),
            };
            Invalid::new(field, problem, expected).into()
        })
    }

    /// Returns a proof, as JSON, that a record is in the journal of a checkpoint, or that the journal of an earlier
    /// checkpoint is a prefix of that of a later one. The proof is verified before it is returned.
    ///
    /// # Errors
    /// When neither or both of `record` and `since` are given, or no checkpoint covers them;
    /// [`crate::workflow::RefusalCode::NotAnAuditor`]; [`StoreError::Corrupt`] when the records do not lead to the checkpoint;
    /// errors of the store.
    pub fn proof(&self, caller: &Caller, get: &GetProof) -> Result<String, Error> {
        self.shared.may_audit(caller, &GetProof::SPEC, self.shared.time.now())?;
        let kept = match get.checkpoint {
            None => self.covering(None, "checkpoint")?,
            Some(size) => self.at_size(size, "checkpoint")?,
        };
        let document = match (get.record, get.since) {
            (Some(record), None) => self.inclusion(record, &kept)?,
            (None, Some(since)) => self.consistency(since, &kept)?,
            _ => {
                return Err(Invalid::new("record", "and `since` are both given or both left out", "one of them").into());
            }
        };
        Ok(document.to_string())
    }

    fn at_size(&self, size: u64, field: &'static str) -> Result<KeptCheckpoint, Error> {
        let found = self.covering(Some(size), field)?;
        if found.size.0 == size {
            return Ok(found);
        }
        let expected = format!("the size of a checkpoint, such as {}", found.size);
        Err(Invalid::new(field, format!("is {size}"), expected).into())
    }

    fn inclusion(&self, record: u64, kept: &KeptCheckpoint) -> Result<serde_json::Value, Error> {
        let size = kept.size.0;
        if record == 0 || record > size {
            let expected = format!("1 to {size}, which the checkpoint covers");
            return Err(Invalid::new("record", format!("is {record}"), expected).into());
        }
        let store = &*self.shared.store;
        if let Some(gone) = self.removed()?.filter(|gone| record <= gone.last.0) {
            let expected = format!("a record after {}; older ones were removed", gone.last);
            return Err(Invalid::new("record", format!("is {record}"), expected).into());
        }
        let body = store.bodies(Revision(record - 1), Revision(record))?.pop();
        let body = body.ok_or_else(|| StoreError::Corrupt(format!("record {record} is missing")))?;
        let mut parts = Parts { store, tile: None };
        let proof = inclusion(record - 1, size, &mut |level, index| parts.root(level, index))?;
        if !is_included(&leaf(&body), record - 1, size, &proof, &kept.root) {
            return Err(unproven(kept).into());
        }
        Ok(json!({
            "checkpoint": kept.note,
            "size": size,
            "record": record,
            "body": body,
            "leaf": leaf(&body).to_string(),
            "inclusion": proof.iter().map(Hash::to_string).collect::<Vec<_>>(),
        }))
    }

    fn consistency(&self, since: u64, kept: &KeptCheckpoint) -> Result<serde_json::Value, Error> {
        let old = self.at_size(since, "since")?;
        if old.size > kept.size {
            let expected = format!("at most {}, the size of the checkpoint", kept.size);
            return Err(Invalid::new("since", format!("is {since}"), expected).into());
        }
        if let Some(gone) = self.removed()?.filter(|gone| old.size <= gone.last && !old.size.0.is_multiple_of(TILE)) {
            let expected =
                format!("the size of a checkpoint of more than {} records; older ones were removed", gone.last);
            return Err(Invalid::new("since", format!("is {since}"), expected).into());
        }
        let mut parts = Parts { store: &*self.shared.store, tile: None };
        let proof = consistency(old.size.0, kept.size.0, &mut |level, index| parts.root(level, index))?;
        if !is_consistent((old.size.0, &old.root), (kept.size.0, &kept.root), &proof) {
            return Err(unproven(kept).into());
        }
        Ok(json!({
            "checkpoint": kept.note,
            "size": kept.size.0,
            "since": old.size.0,
            "since_checkpoint": old.note,
            "consistency": proof.iter().map(Hash::to_string).collect::<Vec<_>>(),
        }))
    }
}

fn unproven(kept: &KeptCheckpoint) -> StoreError {
    let KeptCheckpoint { size, root, .. } = kept;
    StoreError::Corrupt(format!("the records do not lead to the checkpoint over {size} of them, with the root {root}"))
}

/// The tree over the first records, from the roots that are kept and the texts after them.
#[cfg_attr(not(feature = "sign"), expect(dead_code, reason = "only who signs grows it"))]
pub(super) fn tree_up_to(store: &dyn Store, size: Revision) -> Result<Tree, StoreError> {
    let tiles = store.tiles(0, size.0 / TILE)?;
    let mut tree = Tree::of_tiles(tiles);
    while tree.size() < size.0 {
        let next = (tree.size() + CHUNK).min(size.0);
        let bodies = store.bodies(Revision(tree.size()), Revision(next))?;
        if bodies.is_empty() {
            return Err(StoreError::Corrupt(format!("record {} is missing", tree.size() + 1)));
        }
        for body in &bodies {
            tree.push(body);
        }
    }
    Ok(tree)
}

/// The roots of complete parts, from the stored ones.
struct Parts<'a> {
    store: &'a dyn Store,
    /// The 256 records that were read last: the index of the first one, and their leaves.
    tile: Option<(u64, Vec<Hash>)>,
}

impl Parts<'_> {
    fn root(&mut self, level: u32, index: u64) -> Result<Hash, StoreError> {
        let missing = || StoreError::Corrupt("records or roots of the tree are missing".to_owned());
        if level >= TILE_LEVEL {
            let count = 1 << (level - TILE_LEVEL);
            let mut roots = self.store.tiles(index * count, (index + 1) * count)?;
            if roots.len() as u64 != count {
                return Err(missing());
            }
            return folded(&mut roots).ok_or_else(missing);
        }
        let (first, count) = (index << level, 1_u64 << level);
        let tile = first / TILE * TILE;
        if self.tile.as_ref().is_none_or(|(known, _)| *known != tile) {
            let bodies = self.store.bodies(Revision(tile), Revision(tile + TILE))?;
            self.tile = Some((tile, bodies.iter().map(|body| leaf(body)).collect()));
        }
        let leaves = self.tile.as_ref().map(|(_, leaves)| &**leaves).unwrap_or_default();
        let (from, to) = ((first - tile) as usize, (first - tile + count) as usize);
        folded(&mut leaves.get(from..to).ok_or_else(missing)?.to_vec()).ok_or_else(missing)
    }
}

/// The root over these parts of equal size; their number is a power of two.
fn folded(parts: &mut Vec<Hash>) -> Option<Hash> {
    while parts.len() > 1 {
        let pairs = parts.chunks_exact(2).filter_map(|pair| match pair {
            [left, right] => Some(node(left, right)),
            _ => None,
        });
        *parts = pairs.collect();
    }
    parts.first().copied()
}
