//! The sums of the counters of all processes of a machine, in a small file next to the store.
//!
//! Each process adds its new counts under the lock of the file, so they remain after the process has ended. The sums
//! are only for metrics: a file that was cut starts at zero again.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::Duration;

use super::StoreError;
use crate::file::private;

const DOING: &str = "adding counters in the file next to the store";
/// How often the lock is tried, and the pause between two attempts.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(1);

/// Adds these counts to the counts at the same places, and returns the sums.
pub(super) fn add(path: &Path, counts: &[u64]) -> Result<Vec<u64>, StoreError> {
    let unavailable = |error: std::io::Error| StoreError::Unavailable { doing: DOING, source: Box::new(error) };
    let file = private().read(true).write(true).create(true).truncate(false).open(path).map_err(unavailable)?;
    locked(&file).map_err(unavailable)?;
    let sums = added(&file, counts);
    // Unlocked explicitly, not by closing the file: a process that was forked meanwhile has the file open too.
    let unlocked = file.unlock();
    let sums = sums.map_err(unavailable)?;
    unlocked.map_err(unavailable)?;
    Ok(sums)
}

fn locked(file: &File) -> std::io::Result<()> {
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(std::fs::TryLockError::WouldBlock) => {
                #[expect(clippy::disallowed_methods, reason = "another process holds the lock for microseconds")]
                std::thread::sleep(PAUSE);
            }
            Err(std::fs::TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(std::io::ErrorKind::WouldBlock.into())
}

fn added(mut file: &File, counts: &[u64]) -> std::io::Result<Vec<u64>> {
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    // Numbers that a later version has added do not change.
    let mut sums: Vec<u64> = text.split_whitespace().map(|count| count.parse().unwrap_or(0)).collect();
    sums.resize(sums.len().max(counts.len()), 0);
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum = sum.saturating_add(*count);
    }
    if counts.iter().any(|count| *count > 0) {
        // All numbers have one width, so a write replaces the one before it completely.
        let line: String = sums.iter().map(|sum| format!("{sum:>20}\n")).collect();
        file.rewind()?;
        file.write_all(line.as_bytes())?;
    }
    sums.truncate(counts.len());
    Ok(sums)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_count_adds_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jit.db-figures");
        assert_eq!(add(&path, &[0, 0]).unwrap(), [0, 0]);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        // A caller that does not get the lock tries again next time.
                        while add(&path, &[1, 2]).is_err() {}
                    }
                });
            }
        });
        assert_eq!(add(&path, &[0, 0, 5]).unwrap(), [200, 400, 5]);
        assert_eq!(add(&path, &[1]).unwrap(), [201], "an earlier version counts less");
        assert_eq!(add(&path, &[0, 0, 0]).unwrap(), [201, 400, 5]);
        std::fs::write(&path, "1\nx").unwrap();
        assert_eq!(add(&path, &[1, 1]).unwrap(), [2, 1], "an unreadable file starts at zero");
    }
}
