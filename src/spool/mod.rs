//! What was recorded on this machine while the store was away?
//!
//! Entries in a file of their own, one a line. Each is on disk before what it tells of counts, names the hash of the one before
//! it, and the first says which journal it continues. Whoever brings them into the journal removes the file.
//!
//! | file | question |
//! |---|---|
//! | `entry` | how an entry is written down, and how it is bound to the one before it |
//! | `pages` | what a place for entries promises, and the one in a folder |
//! | `open` | how entries are read, added and removed by several processes |

mod entry;
mod open;
mod pages;

pub(crate) use entry::{Contents, Entry, KeptKey, Said};
pub(crate) use open::{Opened, Spool, SpoolError};
pub(crate) use pages::Folder;
