//! AuthZEN: the Authorization API 1.0 and the Access Request and Approval Profile, as types, mapping and answers.
//!
//! A [`Point`] is the policy decision point and the access request service of one engine. It takes what came over HTTP as a
//! [`Call`] and answers a [`Reply`]; a host's web framework carries both and does nothing else. There is no second
//! workflow: a denial that can be lifted offers what [`crate::service::Workflow::remedies`] says, a submission is a `submit`, a task is
//! a request, an approval is a grant. docs/authzen.md has each requirement of the standards with its test.
//!
//! | file | question |
//! |---|---|
//! | `json` | is a body JSON that everybody reads alike |
//! | `question` | who wants to do what to which resource, as a body says it |
//! | `compare` | are two questions the same, and what is their hash |
//! | `pep` | who may ask, and about whom |
//! | `host` | what the host says of people, and its own answer |
//! | `settings` | what an operator sets |
//! | `mapping` | what a question is to the engine |
//! | `keys` | which keys make and verify what is given out |
//! | `token` | signed denials and approvals of others |
//! | `reply` | what is answered, and every error |
//! | `point` | the decision point: which call does what |
//! | `evaluate` | what is decided, and what a denial says |
//! | `batch` | many questions at once |
//! | `search` | who may, on what, and what |
//! | `metadata` | where everything is |
//! | `submission` | a request for access, bound to the denial |
//! | `task` | how a request stands, and how it is taken back |

mod batch;
mod compare;
mod evaluate;
mod host;
mod json;
mod keys;
mod mapping;
mod metadata;
mod pep;
mod point;
mod question;
mod reply;
mod search;
mod settings;
mod submission;
mod task;
mod token;

pub use compare::{binding_hash, is_equal};
pub use host::Host;
pub use pep::{May, Pep, Peps, SpeaksFor};
pub use point::{Call, Point};
pub use question::{Entity, Question, Wanted};
pub use reply::{HostError, Reply};
pub use settings::Settings;
pub use token::{Trust, verify_approval, verify_binding};
