//! Whether anything was committed since SQLite was asked, seen without asking it again.
//!
//! Beside a database with a log lies the log's index, `-shm`, which every process that has the database open maps into its
//! memory. It begins with a header that SQLite writes anew with every commit, whoever makes it, before the commit returns:
//! a count of commits, the length of the log, its salts and checksums. By these bytes SQLite itself knows whether what it
//! has cached is still so. While they are the same, nothing was committed. Anything else proves nothing, and SQLite is
//! asked: a header that a killed writer left half written, one that a recovery wrote, a file that cannot be read.
//!
//! That a process reads from a file what another one has written into its memory is how Linux keeps files; elsewhere the
//! header is not looked at.

use std::fs::File;

/// As SQLite compares it. See "The WAL-Index File Format" in its documentation.
pub(super) type Header = [u8; 48];

/// The header, in one call of the system.
#[cfg(target_os = "linux")]
pub(super) fn header(log_index: &File) -> Option<Header> {
    use std::os::unix::fs::FileExt;

    let mut header = [0; _];
    (log_index.read_at(&mut header, 0).ok()? == header.len()).then_some(header)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn header(_: &File) -> Option<Header> {
    None
}
