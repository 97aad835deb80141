//! Which parts of a role were used, and which calls another grant would have allowed, from recorded uses and refused
//! calls.
//!
//! Folds without a clock and without a store: the caller provides the records and the refused attempts, and how far
//! back they go. A recorded call is decided like a check, by permissions and scope, so the answers are those of the
//! engine.
//!
//! | file | question |
//! |---|---|
//! | `calls` | allowed and refused calls |
//! | `rests_on` | on how much history does an answer rest |
//! | `replay` | recorded calls under another grant |
//! | `right_size` | which parts of a role were never used, and which role would be enough |
//! | `past` | what the past says about a request |

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
