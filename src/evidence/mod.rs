//! What an assessor asks for of a period, from the records alone.
//!
//! The same records give the same bytes: nothing in it depends on when or where it is made.
//!
//! | file | question |
//! |---|---|
//! | `collect` | what the records of a period say |
//! | `controls` | which control that answers, with which exceptions |
//! | `render` | how it is shown: JSON, CSV and HTML to print |

mod collect;
mod controls;
mod render;

pub use collect::Collector;
pub use controls::{Chain, Control, Evidence, Gone, Table};
