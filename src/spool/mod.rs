//! What was recorded on this machine while the store was unavailable.
//!
//! Entries in a file, one on a line. Each is on disk before its facts count, and contains the hash of the one before
//! it; the first names the journal that it continues. Merging them into the journal removes the file.
//!
//! | file | question |
//! |---|---|
//! | `entry` | how an entry is written down, and how it is bound to the one before it |
//! | `pages` | the port of a place for entries, and the one in a folder |
//! | `open` | how entries are read, added and removed by several processes |

mod entry;
mod open;
mod pages;

pub(crate) use entry::{Contents, Entry, KeptKey, Said};
pub(crate) use open::{Opened, Spool, SpoolError};
pub(crate) use pages::Folder;
