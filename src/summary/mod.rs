//! What was done under a grant: one value that is a fold over its records, and its forms for people.
//!
//! The same records give the same summary, byte for byte, on every replica and at any time: a smaller role is chosen
//! from the catalogue that was in force at the end, which is in the record of a configuration.
//!
//! | file | question |
//! |---|---|
//! | `session` | the fold over the records of a grant |
//! | `timeline` | the timeline, in words |
//! | `right_size` | which smaller role would have been enough |
//! | `report` | a summary in sections and rows |
//! | `form` | how a report is written as text, Markdown or HTML |

mod form;
mod report;
mod right_size;
mod session;
mod timeline;

pub use right_size::{IncludedPermission, SmallerRole, smaller_role};
pub use session::{Fold, Session, Used, Uses};
pub use timeline::TimelineEntry;
