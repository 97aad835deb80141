//! The rules of requesting, approving and ending, as two pure functions.
//!
//! [`decide`] turns a command into facts or a refusal; [`evolve`] folds a fact into a view. Neither uses a clock or a
//! store: the instant is an argument, and the caller of `decide` commits its events only if its view is still the
//! latest.
//!
//! | file | question |
//! |---|---|
//! | `call` | a command, its caller, and the ids for what it makes |
//! | `rules` | the operator's rules |
//! | `working_hours` | working hours |
//! | `host_schema` | the resource kinds of the host |
//! | `agent_rules` | what the operator permits agents to do |
//! | `agents` | what an agent may do, for whom, and how much of it |
//! | `assess` | what a request would newly permit, and its risk |
//! | `quorum` | which approvals a request still needs |
//! | `needs` | what must be read before a command can be decided |
//! | `view` | the state that commands are decided from, and how a fact changes it |
//! | `cuts` | which parts of a request were reduced, and by whom |
//! | `decide` | which facts follow from a command |
//! | `possible` | what a caller can do with a request or a grant |
//! | `note` | what time has made true and is not recorded yet |
//! | `second_factor` | whether a principal has recently signed in with a second factor |
//! | `uses` | whether a grant can be used now, and what is recorded of the use |
//! | `access` | which authorization requests are made, and how a refusal is explained |
//! | `authorize` | evaluates the policy, and turns a "no" into a refusal |
//! | `refusal` | refusals with stable codes |

mod access;
mod agent_rules;
mod agents;
mod assess;
mod authorize;
mod call;
mod cuts;
mod decide;
mod host_schema;
mod needs;
mod note;
mod possible;
mod quorum;
mod refusal;
mod rules;
mod second_factor;
mod uses;
mod view;
mod working_hours;

pub use access::{
    lent_roles, may_audit, may_manage_deliveries, may_see_delegation, may_see_grant, may_see_request, sees_everything,
};
pub use agent_rules::AgentRules;
pub use assess::reassessed;
pub use call::{Call, Ids};
pub use cuts::{CutLine, cuts_by, cuts_of};
pub use decide::{
    Offer, Remedy, RulesImpact, answered_with, check_not_disabled, decide, end_changed_roles, impact_on_grant,
    impact_on_request, may_review, may_review_use, may_still_hold, merge_ends, merge_taken, no_longer_extending,
    offers, preview, record_alert, remedies, why_it_ends,
};
pub use host_schema::HostSchema;
pub use needs::{Count, Needs, Whose};
pub use note::{next_note, note};
pub use possible::{Groups, about_grant, about_request, is_possible};
pub use quorum::{Missing, waiting_for};
pub use refusal::{Refusal, RefusalCode};
pub use rules::{AfterUnjustified, BreakGlassRules, Limits, NeverAutoApprove, OnRoleChange, RiskRules, Rules};
#[cfg(feature = "cedar")]
pub(crate) use second_factor::proven_at;
pub use uses::{Use, met_until, use_of};
pub use view::{History, Tally, View, evolve};
pub use working_hours::WorkingHours;
