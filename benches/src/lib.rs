//! How fast the library is, beside its floor and other structures, on one generated workload.
//!
//! | file | question |
//! |---|---|
//! | `workload` | who holds what, and who asks for what |
//! | `structures` | the structures that the index was chosen among |
//! | `peers` | other engines, each as its own users would ask it |
//! | `in_memory` | an engine without a file, and a check from text |
//! | `stored` | the same through a SQLite store, and through the C library |
//! | `measure` | how long something takes, when the machine is shared |
//! | `report` | what a run says |
//! | `plot` | the picture of it |
//! | `bin/table` | all that is measured in Rust, a line each |
//! | `bin/instructions` | the same loops in instructions, which do not depend on neighbours |
//! | `bin/count` | what is counted for it |
//! | `bin/stores` | what a command and a use cost where they are written down |
//! | `bin/plot` | the picture |
//! | `python/` | what is measured in Python |
//! | `run.py` | one table of it all |

pub mod in_memory;
pub mod measure;
#[cfg(feature = "peers")]
pub mod peers;
pub mod plot;
pub mod report;
#[cfg(feature = "faces")]
pub mod stored;
pub mod structures;
pub mod workload;
