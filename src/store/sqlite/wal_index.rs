//! Whether anything was committed since the last query of SQLite, without another query.
//!
//! Next to a database with a log is the log's index, `-shm`, which every process with the open database maps into its
//! memory. It begins with a header that SQLite writes with every commit of any process, before the commit returns: a
//! count of commits, the length of the log, its salts and checksums. By these bytes SQLite itself decides whether its
//! cache is still valid. While they are the same, nothing was committed. In every other case SQLite is queried: after a
//! header that a killed writer left incomplete, after a recovery, and if the file cannot be read.
//!
//! On Linux, a process reads from a file what another one has written into its mapping of it. On other systems the
//! header is not used.

use std::fs::File;

/// The bytes that SQLite compares. See "The WAL-Index File Format" in its documentation.
pub(super) type Header = [u8; 48];

/// The header, in one system call.
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
