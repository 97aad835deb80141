//! The commands of the workflow: each is defined once, and every interface follows from that.
//!
//! A definition contains the fields with types and documentation, the answer and the HTTP route. From it come the Rust
//! type with `new` and setters, the reader of JSON, the document by which an idempotency key recognizes a repeat, and
//! the entry in the catalogue that bindings, routes and manuals are generated from.
//!
//! | file | question |
//! |---|---|
//! | `submit` | requesting a role |
//! | `extend` | requesting an extension |
//! | `break_glass` | taking a role by break-glass |
//! | `complete_review` | completing a break-glass review |
//! | `waive_review` | waiving one |
//! | `approve` | approving a request |
//! | `deny` | denying one |
//! | `ask` | asking the requester for more information |
//! | `answer` | answering that |
//! | `withdraw` | withdrawing a request |
//! | `revoke` | revoking a grant |
//! | `revoke_many` | revoking many at once |
//! | `release` | releasing a grant |
//! | `suspend` | suspending a grant |
//! | `resume` | resuming it |
//! | `delegate` | delegating the right to review |
//! | `undelegate` | ending a delegation |
//! | `report_standing` | reporting a principal's status and roles |
//! | `accept_store` | accepting a store that was replaced |
//! | `accept_clock` | confirming the clock |
//! | `acknowledge_alert` | acknowledging an alert |
//! | `silence_alert` | silencing one |
//! | `explain` | explaining a check |
//! | `remedies` | the requests that would lift a denial |
//! | `reads` | the reads |
//! | `sizing` | which parts of a role were used, and recorded calls under another grant |
//! | `record_filter` | the filter of records, as fields |
//! | `define` | the definition of a command |
//! | `spec` | the specification of a command |
//! | `field` | how a value is read from a field, and written to one |
//! | `values` | the types of fields, and their form |
//! | `tool_call` | reading the exact call of a tool |
//! | `fields` | how the fields of a document are read, each once |
//! | `principal` | a principal as two fields |
//! | `details` | details of a request for people, as fields of the commands that make one |

mod accept_clock;
mod accept_store;
mod acknowledge_alert;
mod answer;
mod approve;
mod ask;
mod break_glass;
mod complete_review;
mod define;
mod delegate;
mod deny;
mod details;
mod explain;
mod extend;
mod field;
mod fields;
mod principal;
mod reads;
mod record_filter;
mod release;
mod remedies;
mod report_standing;
mod resume;
mod revoke;
mod revoke_many;
mod silence_alert;
mod sizing;
mod spec;
mod submit;
mod suspend;
mod tool_call;
mod undelegate;
mod values;
mod waive_review;
mod withdraw;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

pub use self::define::Definition;
pub use self::explain::About;
pub use self::field::{Field, shown, text, texts};
pub use self::fields::Fields;
#[cfg(feature = "authzen")]
pub(crate) use self::fields::unambiguous;
pub use self::reads::Limit;
pub use self::spec::{AnswerKind, CallerKind, CommandSpec, Effect, FieldKind, FieldSpec, Http, summary};
pub use self::tool_call::tool_call;
use crate::model::{GrantId, Invalid, Scope};

/// Lists definitions: an enum of them, and their part of the catalogue.
macro_rules! definitions {
    (
        $(#[$doc:meta])*
        $name:ident { $($file:ident::$variant:ident,)+ }
    ) => {
        $(pub use self::$file::$variant;)+

        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum $name {
            $(#[doc = concat!("See [`", stringify!($variant), "`].")] $variant($variant),)+
        }

        impl $name {
            /// The specification of each.
            pub const CATALOGUE: &'static [CommandSpec] = &[$(<$variant as Definition>::SPEC,)+];

            /// The specification of this one.
            #[must_use]
            pub const fn spec(&self) -> CommandSpec {
                match self { $(Self::$variant(_) => <$variant as Definition>::SPEC,)+ }
            }

            /// The command with this name; `None` when the name is unknown.
            ///
            /// # Errors
            /// The first field that is missing or wrong.
            pub fn parse(name: &str, fields: &mut Fields) -> Result<Option<Self>, Invalid> {
                $(if name == <$variant as Definition>::SPEC.name {
                    return <$variant as Definition>::read(fields).map(Self::$variant).map(Some);
                })+
                Ok(None)
            }

            /// The grant that it is about, if it is about one.
            #[must_use]
            pub fn grant(&self) -> Option<GrantId> {
                match self { $(Self::$variant(one) => one.grant(),)+ }
            }

            /// The document that means the same to every version of this library: the name, the version of the form, and
            /// the fields that do not have their default. A field that a later version adds changes no document without
            /// it.
            #[must_use]
            pub fn document(&self) -> Value {
                let mut fields = Map::new();
                match self { $(Self::$variant(one) => one.write(&mut fields),)+ }
                fields.insert("command".to_owned(), self.spec().name.into());
                fields.insert("v".to_owned(), DOCUMENT_VERSION.into());
                let mut document = Value::from(fields);
                document.sort_all_objects();
                document
            }
        }

        $(impl From<$variant> for $name {
            fn from(one: $variant) -> Self {
                Self::$variant(one)
            }
        })+
    };
}

definitions! {
    /// A command: it changes something, or is refused.
    ///
    /// ```
    /// use jit_access::command::{Command, Submit};
    /// use jit_access::model::{Justification, RoleName};
    ///
    /// let submit = Submit::new(RoleName::new("deployer")?).reason(Justification::new("INC-1234")?);
    /// let document = Command::from(submit).document();
    /// assert_eq!(document.to_string(), r#"{"command":"submit","reason":"INC-1234","role":"deployer","v":1}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Command {
        submit::Submit,
        extend::Extend,
        break_glass::BreakGlass,
        complete_review::CompleteReview,
        waive_review::WaiveReview,
        approve::Approve,
        deny::Deny,
        ask::Ask,
        answer::Answer,
        withdraw::Withdraw,
        revoke::Revoke,
        revoke_many::RevokeMany,
        release::Release,
        suspend::Suspend,
        resume::Resume,
        delegate::Delegate,
        undelegate::Undelegate,
        report_standing::ReportStanding,
        accept_store::AcceptStore,
        accept_clock::AcceptClock,
        acknowledge_alert::AcknowledgeAlert,
        silence_alert::SilenceAlert,
    }
}

definitions! {
    /// A read: it changes nothing.
    ///
    /// ```
    /// use jit_access::command::Read;
    ///
    /// assert!(Read::CATALOGUE.iter().all(|read| !read.writes));
    /// ```
    Read {
        reads::GetRequest,
        reads::GetGrant,
        reads::GetSummary,
        reads::WriteSummary,
        reads::ListRequests,
        reads::ListGrants,
        reads::ListUnreviewed,
        reads::ListDelegations,
        reads::ListAlerts,
        reads::ListEvents,
        reads::ListRefusals,
        reads::ListDeliveries,
        reads::ResendDelivery,
        reads::DropDelivery,
        reads::Health,
        reads::ListRecords,
        reads::GetMetrics,
        reads::ExportRecords,
        reads::GetStory,
        reads::WhoCould,
        reads::WhatCould,
        reads::WhatChanged,
        reads::ListRoles,
        explain::Explain,
        sizing::GetRightSize,
        sizing::AskReplay,
        remedies::ListRemedies,
        reads::ExportPolicies,
        reads::GetHead,
        reads::GetCheckpoint,
        reads::GetProof,
        reads::GetEvidence,
        reads::ListLiveGrants,
        reads::Verify,
    }
}

/// The version of the documents that [`Command::document`] writes. It rises when the same command gets another document.
pub const DOCUMENT_VERSION: u32 = 1;

impl Command {
    /// Whether it only ends or suspends access, the request of it, or a right to give it.
    ///
    /// ```
    /// use jit_access::command::{Command, Release, Resume};
    /// use jit_access::model::GrantId;
    ///
    /// let grant = GrantId::from_u128(7);
    /// assert!(Command::from(Release::new(grant)).only_reduces_access());
    /// assert!(!Command::from(Resume::new(grant)).only_reduces_access());
    /// ```
    #[must_use]
    pub const fn only_reduces_access(&self) -> bool {
        self.spec().takes_away
    }

    /// The scope that would be given, if the command names one.
    pub(crate) const fn resource(&self) -> Option<&Scope> {
        match self {
            Self::Submit(Submit { resource, .. }) | Self::BreakGlass(BreakGlass { resource, .. }) => Some(resource),
            Self::Answer(Answer { resource, .. }) | Self::Approve(Approve { resource, .. }) => resource.as_ref(),
            _ => None,
        }
    }
}

/// Every command and every read.
pub fn catalogue() -> impl Iterator<Item = &'static CommandSpec> {
    Command::CATALOGUE.iter().chain(Read::CATALOGUE)
}

/// The command or read of this name.
#[must_use]
pub fn spec_of(name: &str) -> Option<&'static CommandSpec> {
    catalogue().find(|spec| spec.name == name)
}
