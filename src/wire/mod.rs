//! The JSON of every interface: requests, grants, records and errors.
//!
//! Grants use the field names of the published grant schema, with additions. Errors are RFC 9457 problems. Bindings use
//! these documents unchanged, so that a document is the same in every language. Each document is defined once, with
//! `document!`: the values of Python and the models of OpenAPI are generated from [`documents`].
//!
//! | file | question |
//! |---|---|
//! | `answer` | the result of a command or a read |
//! | `circumstances` | to whom a request or a grant is shown, and why |
//! | `caller` | the caller in a document |
//! | `command` | how a JSON command is run |
//! | `shown` | how documents are defined |
//! | `request` | a request |
//! | `review` | its approval: steps, reviews, answers |
//! | `analysis` | what a request would change, evaluated with the policies |
//! | `assessment` | its risk |
//! | `authorize` | the whole decision of a decision point |
//! | `conditions` | the conditions of a grant |
//! | `grant` | a grant |
//! | `delegation` | a delegation |
//! | `delivery` | a delivery of a notice |
//! | `refused` | refused attempts |
//! | `health` | the health of the library |
//! | `details` | details of a request for people |
//! | `record` | a record of the journal |
//! | `alert` | an alert |
//! | `events` | recent events |
//! | `summary` | what was done under a grant |
//! | `decision` | the answer of a check |
//! | `export` | records as JSON lines, CSV or OCSF |
//! | `ocsf` | a record as an event of OCSF |
//! | `offer` | a role that the caller may request |
//! | `sizing` | which parts of a role were used, and recorded calls under another grant |
//! | `explanation` | why a check is decided as it is |
//! | `remedy` | the requests that would lift a denial |
//! | `use_details` | a host's details of a call, for the record |
//! | `page` | a page of them, and its cursor |
//! | `problem` | an error |

mod answer;
mod caller;
pub mod command;
#[macro_use]
mod shown;
mod alert;
mod analysis;
mod assessment;
#[cfg(feature = "cedar")]
mod authorize;
mod circumstances;
mod conditions;
mod decision;
mod delegation;
mod delivery;
mod details;
mod events;
mod explanation;
pub mod export;
mod grant;
mod health;
mod ocsf;
mod offer;
mod page;
mod problem;
mod record;
mod refused;
mod remedy;
mod request;
mod review;
mod sizing;
mod summary;
mod use_details;

use serde::Serialize;

pub use alert::AlertDocument;
pub use answer::{Answer, Body, Item, page_of};
#[cfg(feature = "cedar")]
pub use authorize::authorize;
pub use circumstances::Circumstances;
pub use decision::DecisionDocument;
pub use delegation::DelegationDocument;
pub use delivery::DeliveryDocument;
pub use events::EventsDocument;
pub use explanation::ExplanationDocument;
pub use grant::GrantDocument;
pub use health::HealthDocument;
pub use offer::OfferDocument;
pub use page::PageDocument;
pub use problem::{ProblemDocument, http_status};
pub use record::RecordDocument;
pub use refused::RefusedDocument;
pub use remedy::{RemediesDocument, RemedyDocument};
pub use request::{RequestDocument, request_of};
pub use shown::{DocumentSpec, ShownField, ShownKind};
pub use sizing::{ReplayDocument, RightSizeDocument};
pub use summary::SummaryDocument;
pub use use_details::use_details;

use crate::error::Error;
use crate::model::{DelegationStatus, GrantStatus, Invalid, RequestStatus};

/// Every document that the values of other languages are made from, each after those that are in it.
#[must_use]
pub const fn documents() -> &'static [&'static DocumentSpec] {
    &[
        &conditions::ConditionsDocument::SPEC,
        &review::LimitDocument::SPEC,
        &review::StepDocument::SPEC,
        &review::MissingDocument::SPEC,
        &review::ReviewDocument::SPEC,
        &review::AnswerDocument::SPEC,
        &assessment::ReasonDocument::SPEC,
        &sizing::HistoryDocument::SPEC,
        &sizing::CalledDocument::SPEC,
        &sizing::PastDocument::SPEC,
        &analysis::CaseDocument::SPEC,
        &analysis::ProofDocument::SPEC,
        &analysis::BrokenRuleDocument::SPEC,
        &analysis::AnalysisDocument::SPEC,
        &assessment::AssessmentDocument::SPEC,
        &request::RepeatDocument::SPEC,
        &request::SignInDocument::SPEC,
        &request::EmergencyDocument::SPEC,
        &grant::BreakGlassDocument::SPEC,
        &RequestDocument::SPEC,
        &GrantDocument::SPEC,
        &DelegationDocument::SPEC,
        &RecordDocument::SPEC,
        &AlertDocument::SPEC,
        &events::EventDocument::SPEC,
        &EventsDocument::SPEC,
        &summary::SummaryApproval::SPEC,
        &summary::SummaryCut::SPEC,
        &summary::SummaryUse::SPEC,
        &summary::SummaryHeld::SPEC,
        &summary::SummaryRole::SPEC,
        &summary::SummaryRefused::SPEC,
        &summary::SummaryMoment::SPEC,
        &SummaryDocument::SPEC,
        &DeliveryDocument::SPEC,
        &health::StoreDocument::SPEC,
        &health::JournalDocument::SPEC,
        &health::OfflineDocument::SPEC,
        &health::ClockDocument::SPEC,
        &RefusedDocument::SPEC,
        &health::ChannelDocument::SPEC,
        &HealthDocument::SPEC,
        &offer::OfferedStepDocument::SPEC,
        &offer::HeldDocument::SPEC,
        &OfferDocument::SPEC,
        &explanation::ConsideredDocument::SPEC,
        &ExplanationDocument::SPEC,
        &RemedyDocument::SPEC,
        &RemediesDocument::SPEC,
        &sizing::PermissionUseDocument::SPEC,
        &sizing::ProposalDocument::SPEC,
        &sizing::RoleUseDocument::SPEC,
        &RightSizeDocument::SPEC,
        &ReplayDocument::SPEC,
    ]
}

/// A document as JSON text.
///
/// # Errors
/// [`Error::Internal`] when it cannot be written, which does not happen for documents.
pub fn to_json(document: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(document).map_err(|error| Error::Internal(format!("cannot write JSON: {error}")))
}

/// The request status of this name.
///
/// # Errors
/// When the name is unknown.
pub fn parse_request_status(name: &str) -> Result<RequestStatus, Invalid> {
    by_name(RequestStatus::ALL, RequestStatus::name, name)
}

/// The grant status of this name.
///
/// # Errors
/// When the name is unknown.
pub fn parse_grant_status(name: &str) -> Result<GrantStatus, Invalid> {
    by_name(GrantStatus::ALL, GrantStatus::name, name)
}

/// The delegation status of this name.
///
/// # Errors
/// When the name is unknown.
pub fn parse_delegation_status(name: &str) -> Result<DelegationStatus, Invalid> {
    by_name(DelegationStatus::ALL, DelegationStatus::name, name)
}

fn by_name<S: Copy, const N: usize>(all: [S; N], name_of: fn(S) -> &'static str, name: &str) -> Result<S, Invalid> {
    all.into_iter().find(|status| name_of(*status) == name).ok_or_else(|| {
        let names: Vec<_> = all.into_iter().map(name_of).collect();
        Invalid::new("status", format!("is {}", Invalid::quote(name)), format!("one of {}", names.join(", ")))
    })
}

fn texts<T: ToString>(all: &[T]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}
