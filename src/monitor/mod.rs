//! What happens in the journal, and what is unusual: folds over its records, of which one makes alerts, each with its numbers.
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
//! | `familiar` | which networks, clients and tokens of somebody are familiar |
//! | `uses` | what is unusual about a use |
//! | `reviews` | what is unusual about those who approve |
//! | `kept` | which alerts there are, and what is not raised again |
//! | `activity` | how each grant is used now, and what happened lately |

mod activity;
mod familiar;
mod history;
mod kept;
mod reviews;
mod settings;
mod uses;
mod watch;

pub(crate) use history::span;

pub use activity::{About, Activity, Counts, Happened, RefusedCalls};
pub use settings::MonitorSettings;
pub use watch::Monitor;
