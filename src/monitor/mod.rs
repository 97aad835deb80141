//! What is unusual in the journal: a fold over its records that makes alerts, each with its numbers.
//!
//! It learns what is usual from the same records: quantiles of uses an hour, what was seen before, who approves for whom. No
//! clock and no store: whoever drives it gives the records in order, and writes down what it finds. The same finding has the same
//! id in every process, so it is written once.
//!
//! | file | question |
//! |---|---|
//! | `settings` | what the operator has set |
//! | `history` | what is usual, and how improbable is a count |
//! | `watch` | which alerts follow from a record |
//! | `uses` | what is unusual about a use |
//! | `reviews` | what is unusual about those who approve |
//! | `kept` | which alerts there are, and what is not raised again |

mod history;
mod kept;
mod reviews;
mod settings;
mod uses;
mod watch;

pub use settings::MonitorSettings;
pub use watch::Monitor;
