//! The current activity in the journal, and alerts about unusual events: folds over its records.
//!
//! It learns what is normal from the same records: quantiles of hourly uses, earlier values, who approves for whom. It
//! uses no clock and no store: the caller feeds the records in order, and writes the findings. The same finding has the
//! same id in every process, so it is written once.
//!
//! | file | question |
//! |---|---|
//! | `settings` | the operator's settings |
//! | `history` | what is normal, and how improbable a count is |
//! | `watch` | the alerts of a record |
//! | `familiar` | a person's familiar networks, clients and tokens |
//! | `uses` | what is unusual about a use |
//! | `reviews` | what is unusual about approvers |
//! | `kept` | the alerts, and what is not raised again |
//! | `activity` | how each grant is used now, and recent facts |

mod activity;
mod familiar;
mod history;
mod kept;
mod reviews;
mod settings;
mod uses;
mod watch;

pub(crate) use history::span;

pub use activity::{About, Activity, Counts, RecentEvent, RefusedCalls};
pub use settings::MonitorSettings;
pub use watch::Monitor;
