//! The values of the domain, without effects.
//!
//! Every constructor checks its input once: an existing value is valid and is not checked again. Nothing in this module
//! reads a clock, does I/O, uses a store, or has a serialized form.
//!
//! | file | question |
//! |---|---|
//! | `invalid` | what is wrong with an input, and what would be right |
//! | `time` | instants, durations, half-open windows |
//! | `ids` | ids of requests, grants and others, and positions in the journal |
//! | `principal` | a person or an agent, in one canonical spelling |
//! | `policy_case` | a test of the policies |
//! | `policy_file` | an operator's file of policies |
//! | `bytes` | which bytes are permitted in names |
//! | `checkpoint` | a position of the journal, in a form to keep elsewhere |
//! | `characters` | which characters are invisible or reorder text |
//! | `permission` | actions and permissions: whole segments and wildcards |
//! | `resource` | resources: kinds, ids, parents |
//! | `scope` | the resources that a grant covers |
//! | `role` | a role that can be requested, with its limits |
//! | `role_name` | the name of a role |
//! | `text` | justification and ticket, bounded |
//! | `caller` | the caller of the library, and the actor of a fact |
//! | `terms` | what is given, where and for how long; the cuts of an approver |
//! | `empty_part` | which part of the terms a cut leaves empty |
//! | `conditions` | conditions of each use, and the context of a check |
//! | `alert` | alerts of the monitor |
//! | `alert_state` | how an alert was handled |
//! | `approval` | approval steps, and the capacity of a reviewer |
//! | `delegation` | who reviews in whose place, and for how long |
//! | `details` | details of a request for people, which its grant keeps |
//! | `refused` | an attempt that was refused |
//! | `removal` | which old records were removed, and what covers them |
//! | `delivery` | one notice on its way to one recipient |
//! | `evidence_form` | the form of evidence |
//! | `key_source` | where the key that signs checkpoints comes from |
//! | `session` | the id of a session or a task of a host |
//! | `secret` | a value that must not appear in a log |
//! | `standing` | the standing rights of a principal |
//! | `summary_form` | the form of a summary for people |
//! | `analysis` | what a proposed grant would change, evaluated with the policies |
//! | `proof` | the verdict of a solver about a request |
//! | `assessment` | what a grant would newly permit, and its risk |
//! | `request` | an access request and its reviews |
//! | `grant` | a time-bound permission |
//! | `extension` | which grant another one extends |
//! | `sign_in` | how a principal signed in |
//! | `break_glass` | break-glass access, and the review that it needs |
//! | `decision` | the question and the answer of a check |
//! | `obligation` | what a host must do in addition |
//! | `cursor` | where a page of a list continues |
//! | `raw` | the question of a check as borrowed text |
//! | `event` | the facts that are journalled |
//! | `tool_call` | one exact call of a tool |
//! | `use_details` | additional data in the record of a use |
//! | `topic` | what a record can be found by |
//! | `record_filter` | the filter of records |

mod alert;
mod alert_state;
mod analysis;
mod approval;
mod assessment;
mod break_glass;
mod bytes;
mod caller;
mod characters;
mod checkpoint;
mod conditions;
mod cursor;
mod decision;
mod delegation;
mod delivery;
mod details;
mod empty_part;
mod event;
mod evidence_form;
mod extension;
mod grant;
mod ids;
mod invalid;
mod key_source;
mod obligation;
mod permission;
mod policy_case;
mod policy_file;
mod principal;
mod proof;
mod raw;
mod record_filter;
mod refused;
mod removal;
mod request;
mod resource;
mod role;
mod role_name;
mod scope;
mod secret;
mod session;
mod sign_in;
mod standing;
mod summary_form;
mod terms;
mod text;
mod time;
mod tool_call;
mod topic;
mod use_details;

pub use alert::{Alert, AlertClass, AlertKind};
pub use alert_state::{AlertHandling, AlertState, AlertStatus};
pub use analysis::{Analysis, BrokenRule, Case};
pub use approval::{ApprovalRule, ApprovalStep, Capacity, Escalation, EscalationRule};
pub use assessment::{Assessment, RiskFactor, RiskLevel, RiskReason};
pub use break_glass::{BreakGlass, ClosedReview, Emergency, Offline, ReviewOutcome, ReviewStatus};
pub(crate) use bytes::padded;
pub use caller::{Actor, Caller, OnBehalf};
#[cfg(any(feature = "cli", feature = "webhooks"))]
pub(crate) use characters::is_blank;
pub(crate) use characters::shown;
pub use checkpoint::Checkpoint;
pub use conditions::{Conditions, Context, Networks};
pub use cursor::Cursor;
pub use decision::{Basis, Decision, Outcome, Query, Reason};
pub use delegation::{Delegation, DelegationEnd, DelegationStatus};
pub use delivery::{ChannelCount, Delivery, DeliveryState, Recipient};
pub use details::Details;
pub(crate) use details::for_details;
pub use empty_part::EmptyPart;
pub use event::{Event, Fact, Subject};
pub use evidence_form::EvidenceForm;
pub use extension::Extension;
pub use grant::{End, EndKind, Grant, GrantStatus, Holding, Noted, Selector, Suspension};
pub use ids::{AlertId, DelegationId, DeliveryId, GrantId, RequestId, Revision};
pub use invalid::Invalid;
pub use key_source::KeySource;
pub use obligation::{Obligation, Obligations};
pub use permission::{Action, Permission, PermissionSet};
pub use policy_case::{PolicyCase, SupposedGrant};
pub use policy_file::PolicyFile;
pub(crate) use principal::is_plain as is_plain_principal;
pub use principal::{Principal, PrincipalKind};
pub use proof::{ProofOutcome, RequestProof};
pub(crate) use raw::RawQuery;
pub use record_filter::{ExportFormat, RecordFilter, RecordOrder, SearchText};
pub use refused::{Refused, RefusedKind};
pub use removal::Removal;
pub use request::{
    AccessRequest, Amendment, Answer, DurationCut, Repeat, RequestState, RequestStatus, Review, Verdict,
};
pub use resource::{Resource, ResourceId, ResourceKind};
pub use role::Role;
pub use role_name::RoleName;
pub use scope::Scope;
pub use secret::Secret;
pub use session::SessionId;
pub(crate) use sign_in::SIGN_IN_SKEW_MILLIS;
pub use sign_in::SignIn;
pub use standing::Standing;
pub use summary_form::SummaryForm;
pub use terms::{Cut, Terms};
pub use text::{Justification, TicketUrl};
pub use time::{Timestamp, Ttl, Window};
pub use tool_call::ToolCall;
pub use topic::{EventKind, RecordResult, SharedTopics, Topic};
pub use use_details::{DetailText, UseDetails};
