//! How fast the library is, beside its floor and other structures, on one generated workload.
//!
//! | file | question |
//! |---|---|
//! | `workload` | who holds what, and who asks for what |
//! | `structures` | the structures that the index was chosen among |
//! | `measure` | how long something takes, when the machine is shared |
//! | `plot` | the picture of it |
//! | `bin/table` | the table and the picture |
//! | `bin/count` | the same loops, for counting instructions |

pub mod measure;
pub mod plot;
pub mod structures;
pub mod workload;
