//! AuthZEN: the Authorization API 1.0 and the Access Request and Approval Profile, as types, mapping and answers.
//!
//! A [`DecisionPoint`] is the policy decision point and the access request service of one engine. It takes an HTTP request as a
//! [`HttpRequest`] and returns a [`HttpResponse`]; a host's web framework transports both and does nothing else. There is no second
//! workflow: a denial that can be lifted offers the results of [`crate::service::Workflow::remedies`], a submission is
//! a `submit`, a task is a request, an approval is a grant. docs/authzen.md lists each requirement of the standards
//! with its test.
//!
//! | file | question |
//! |---|---|
//! | `json` | parsing a body as I-JSON |
//! | `question` | the question in a body: subject, action and resource |
//! | `compare` | whether two questions are equal, and their hash |
//! | `pep` | the callers: who may ask, and about whom |
//! | `host` | the host's knowledge of people, and its own decisions |
//! | `settings` | the settings of a decision point |
//! | `mapping` | a question as a question of the engine |
//! | `keys` | the keys for issued ids and tokens |
//! | `token` | signed denials and approvals of others |
//! | `reply` | the replies, and every error |
//! | `point` | the decision point: the calls and their handlers |
//! | `evaluate` | the evaluation of a question, and the contents of a denial |
//! | `batch` | many questions at once |
//! | `search` | searches for subjects, resources and actions |
//! | `metadata` | the metadata document: the addresses of the endpoints |
//! | `submission` | a request for access, bound to the denial |
//! | `task` | the state of a request, and its withdrawal |

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
pub use pep::{Pep, Peps, Rights, SpeaksFor};
pub use point::{DecisionPoint, HttpRequest};
pub use question::{Entity, Question, Wanted};
pub use reply::{HostError, HttpResponse};
pub use settings::Settings;
pub use token::{Trust, verify_approval, verify_binding};
