//! Evidence for an audit of a period, from the records alone.
//!
//! The same records give the same bytes: nothing in it depends on when or where it is made.
//!
//! | file | question |
//! |---|---|
//! | `collect` | collecting the records of a period |
//! | `controls` | the controls that the evidence answers, with their exceptions |
//! | `render` | the forms of evidence: JSON, CSV, and HTML to print |

mod collect;
mod controls;
mod render;

pub use collect::Collector;
pub use controls::{Chain, Control, Evidence, RemovedRecords, Table};
