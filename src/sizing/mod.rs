//! What of a role was used, and what would another grant have let pass: told from recorded uses and refused calls.
//!
//! Folds without a clock and without a store: whoever drives them gives the records and the refused attempts, and how far back these
//! go. A recorded call is judged as a check judges it, by the permissions and the scope, so the answers are those of the engine.
//!
//! | file | question |
//! |---|---|
//! | `calls` | which calls passed and which were refused |
//! | `rests_on` | on how much history does an answer rest |
//! | `replay` | what would have come of these calls under another grant |
//! | `right_size` | what of a role was given and never used, and which entry of the catalogue would be enough |
//! | `past` | what does the past say to an approver of a request |

mod calls;
mod past;
mod replay;
mod rests_on;
mod right_size;

pub use calls::{Called, Calls};
pub use past::Past;
pub use replay::{Candidate, Replay, Replayed, replay};
pub use rests_on::RestsOn;
pub use right_size::{Collector, PermissionUse, Proposal, RightSize, RoleUse};
