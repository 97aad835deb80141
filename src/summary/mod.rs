//! What was done under a grant: one value that is a fold over the records about it, and the forms in which people read it.
//!
//! The same records give the same summary, byte for byte, on every replica and whenever it is read: a smaller role is chosen
//! from the catalogue that was in force at the end, which stands in the record of a configuration.
//!
//! | file | question |
//! |---|---|
//! | `session` | what the records say of a grant |
//! | `moments` | what of it stands in the timeline, in words |
//! | `right_size` | which smaller role would have been enough |
//! | `report` | what a summary says, in sections and rows |
//! | `form` | how a report is written as text, Markdown or HTML |

mod form;
mod moments;
mod report;
mod right_size;
mod session;

pub use moments::Moment;
pub use right_size::{Held, SmallerRole, smaller_role};
pub use session::{Fold, Session, Used, Uses};
