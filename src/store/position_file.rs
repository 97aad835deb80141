//! The last position that was seen, in a small file on this machine.
//!
//! If the store is replaced while no process runs, only this file shows it. It has one line: lineage, revision, hash,
//! the instant in milliseconds, and the last record that confirmed the clock. It is replaced by renaming, so it is
//! complete or missing.

use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Position, Seen, StoreError};
use crate::file::{beside, private};
use crate::model::{Revision, Timestamp};

const READING: &str = "reading the file with the last seen position";
const WRITING: &str = "writing the file with the last seen position";

/// The contents of the file at `path`; `None` if there is no file.
pub(super) fn read(path: &Path) -> Result<Option<Seen>, StoreError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unavailable(READING, error)),
    };
    let damaged = || {
        StoreError::Corrupt(format!("{} does not contain a position; remove it if you trust the store", path.display()))
    };
    parse(&text).map(Some).ok_or_else(damaged)
}

fn parse(text: &str) -> Option<Seen> {
    let mut words = text.split_whitespace();
    let position = Position {
        lineage: words.next()?.parse().ok()?,
        revision: Revision(words.next()?.parse().ok()?),
        hash: words.next()?.parse().ok()?,
    };
    let at = Timestamp::from_millis(words.next()?.parse().ok()?).ok()?;
    let clock = words.next().map(|word| word.parse().map(Revision)).transpose().ok()?;
    words.next().is_none().then_some(Seen { position, at, clock })
}

/// Writes what was seen, unless the file already has something later.
pub(super) fn write(path: &Path, seen: &Seen) -> Result<(), StoreError> {
    if let Ok(Some(kept)) = read(path)
        && !seen.is_after(&kept)
    {
        return Ok(());
    }
    // Engines of one process write at the same time, too.
    static DRAFTS: AtomicU64 = AtomicU64::new(0);
    let draft = DRAFTS.fetch_add(1, Ordering::Relaxed);
    let draft = beside(path, &format!(".{}.{draft}", std::process::id()));
    let Seen { position: Position { lineage, revision, hash }, at, clock } = seen;
    let clock = clock.map(|record| format!(" {record}")).unwrap_or_default();
    let line = format!("{lineage} {revision} {hash} {}{clock}\n", at.millis());
    let mut made = private();
    made.write(true).create(true).truncate(true);
    made.open(&draft)
        .and_then(|mut file| file.write_all(line.as_bytes()))
        .and_then(|()| std::fs::rename(&draft, path))
        .map_err(|error| unavailable(WRITING, error))
}

fn unavailable(doing: &'static str, error: std::io::Error) -> StoreError {
    StoreError::Unavailable { doing, source: Box::new(error) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Hash;
    use crate::store::Lineage;

    #[test]
    fn the_latest_position_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("jit.db-seen");
        assert_eq!(read(&store).unwrap(), None);
        let position = Position { lineage: Lineage::random(), revision: Revision(3), hash: Hash::GENESIS };
        let seen = |revision, millis| Seen {
            position: Position { revision: Revision(revision), ..position },
            at: Timestamp::from_millis(millis).unwrap(),
            clock: None,
        };
        write(&store, &seen(5, 7)).unwrap();
        write(&store, &seen(3, 6)).unwrap();
        assert_eq!(read(&store).unwrap(), Some(seen(5, 7)), "a slower process comes later");
        let other = Seen { position: Position { lineage: Lineage::random(), ..position }, ..seen(3, 8) };
        write(&store, &other).unwrap();
        assert_eq!(read(&store).unwrap(), Some(other));
        let repaired = Seen { clock: Some(Revision(9)), ..seen(9, 2) };
        write(&store, &repaired).unwrap();
        write(&store, &seen(8, 100)).unwrap();
        assert_eq!(read(&store).unwrap(), Some(repaired), "what was seen under a wrong clock counts no more");
        std::fs::write(&store, "nonsense").unwrap();
        assert!(matches!(read(&store), Err(StoreError::Corrupt(_))));
    }
}
