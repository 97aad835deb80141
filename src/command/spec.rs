//! The specification of a command: its fields, its answer, its HTTP route.

use crate::authz::AuthzAction;
use crate::model::{
    AlertStatus, DelegationStatus, DeliveryState, EvidenceForm, ExportFormat, Fact, GrantStatus, RecordOrder,
    RecordResult, RequestStatus, SummaryForm,
};

/// A command or a read, as interfaces describe it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandSpec {
    /// Its name in documents and in every language.
    pub name: &'static str,
    /// Its documentation. The first line is a summary.
    pub doc: &'static str,
    /// Its fields, in groups.
    pub fields: &'static [&'static [FieldSpec]],
    /// The type of its answer.
    pub answer: AnswerKind,
    /// The action that the workflow policy must permit; `None` when only the host calls it. Reads of many objects check
    /// it for each of them.
    pub action: Option<AuthzAction>,
    /// The HTTP route; `None` when only the host calls it.
    pub http: Option<Http>,
    /// Who may call it.
    pub caller: CallerKind,
    /// Whether it changes something. Then it takes an idempotency key.
    pub writes: bool,
    /// Whether it can be tried without doing anything.
    pub dry_run: bool,
    /// Its effect on existing grants.
    pub effect: Effect,
    /// Whether it only ends or suspends access. Such a command is carried out when the host's directory cannot answer.
    pub takes_away: bool,
    /// The fields of an example, as a JSON object, without those in the path of the route.
    pub example: Option<&'static str>,
}

impl CommandSpec {
    /// The first line of the documentation, without its period.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        summary(self.doc)
    }

    /// Whether it names one object by its id, and is refused when there is no such object. An optional id of a list
    /// only filters it.
    #[must_use]
    pub fn names_one(&self) -> bool {
        self.all_fields().any(|field| field.kind == FieldKind::Id && (field.required || !self.answer.is_list()))
    }

    /// Every field, in order.
    pub fn all_fields(&self) -> impl Iterator<Item = &'static FieldSpec> {
        self.fields.iter().flat_map(|group| group.iter())
    }
}

/// The first line of a documentation text, without its period.
#[must_use]
pub fn summary(doc: &'static str) -> &'static str {
    doc.trim().lines().next().unwrap_or_default().trim().trim_end_matches('.')
}

/// A field of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldSpec {
    /// Its name in documents.
    pub name: &'static str,
    /// Its documentation.
    pub doc: &'static str,
    /// The type.
    pub kind: FieldKind,
    /// Whether the command cannot be read without it.
    pub required: bool,
}

impl FieldSpec {
    /// A field.
    #[must_use]
    pub const fn new(name: &'static str, doc: &'static str, kind: FieldKind, required: bool) -> Self {
        Self { name, doc, kind, required }
    }
}

/// The type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldKind {
    /// A UUID.
    Id,
    /// Text for people.
    Text,
    /// The name of a role.
    Role,
    /// A list of names of roles.
    Roles,
    /// A list of permissions.
    Permissions,
    /// A number of hours.
    Hours,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number,
    /// An instant.
    Instant,
    /// The address of a ticket.
    Url,
    /// A resource, a kind of resource, or `*`.
    Resource,
    /// Conditions of use.
    Conditions,
    /// The name of a person.
    Person,
    /// The name of a person or an agent; the flag `agent` beside it distinguishes them.
    Principal,
    /// Whether the principal beside it is an agent.
    AgentFlag,
    /// The status of a request.
    RequestStatus,
    /// The status of a grant.
    GrantStatus,
    /// The status of a delegation.
    DelegationStatus,
    /// The form of a text.
    Form,
    /// The form of evidence.
    EvidenceForm,
    /// The result that a record contains.
    RecordResult,
    /// The kind of an event.
    EventKind,
    /// The order of records.
    RecordOrder,
    /// The status of an alert.
    AlertStatus,
    /// The form of an export.
    ExportFormat,
    /// The state of a delivery.
    DeliveryState,
    /// Where a page begins.
    Cursor,
    /// How many rows a page has.
    Limit,
}

impl FieldKind {
    /// The description of a valid value, for errors.
    #[must_use]
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Id => "a UUID such as 0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b",
            Self::Roles | Self::Permissions => "a list of texts",
            Self::Hours => "a number of hours, such as 4 or 0.5",
            Self::Flag | Self::AgentFlag => "true or false",
            Self::Number => "a whole number",
            Self::Instant => "an instant such as 2026-12-01T09:30:00Z",
            Self::Conditions => "an object",
            _ => "text",
        }
    }

    /// The words it can be, when they are few.
    #[must_use]
    pub fn words(self) -> Vec<&'static str> {
        match self {
            Self::RequestStatus => RequestStatus::ALL.map(RequestStatus::name).to_vec(),
            Self::GrantStatus => GrantStatus::ALL.map(GrantStatus::name).to_vec(),
            Self::DelegationStatus => DelegationStatus::ALL.map(DelegationStatus::name).to_vec(),
            Self::AlertStatus => AlertStatus::ALL.map(AlertStatus::name).to_vec(),
            Self::EvidenceForm => EvidenceForm::ALL.map(EvidenceForm::name).to_vec(),
            Self::Form => SummaryForm::ALL.map(SummaryForm::name).to_vec(),
            Self::RecordResult => RecordResult::ALL.map(RecordResult::name).to_vec(),
            Self::EventKind => Fact::NAMES.to_vec(),
            Self::ExportFormat => ExportFormat::ALL.map(ExportFormat::name).to_vec(),
            Self::RecordOrder => RecordOrder::ALL.map(RecordOrder::name).to_vec(),
            Self::DeliveryState => DeliveryState::ALL.map(DeliveryState::name).to_vec(),
            _ => Vec::new(),
        }
    }
}

/// The answer of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerKind {
    /// An access request.
    Request,
    /// A grant.
    Grant,
    /// A delegation.
    Delegation,
    /// A page of all grants that ended.
    Ended,
    /// A page of access requests.
    Requests,
    /// A page of grants.
    Grants,
    /// A page of delegations.
    Delegations,
    /// A page of records.
    Records,
    /// A delivery of a notice.
    Delivery,
    /// A page of deliveries.
    Deliveries,
    /// A page of refused attempts.
    Refusals,
    /// The health of the library.
    Health,
    /// A page of roles that the caller may request.
    Offers,
    /// Why a check is answered as it is.
    Explanation,
    /// The requests that would lift a denial.
    Remedies,
    /// Which parts of roles were used.
    RightSize,
    /// Recorded calls under another grant.
    Replay,
    /// A list of grants.
    GrantList,
    /// What was done under a grant.
    Summary,
    /// An alert.
    Alert,
    /// A page of alerts.
    Alerts,
    /// What happened after a record.
    Events,
    /// Text.
    Text,
    /// A number.
    Number,
}

impl AnswerKind {
    /// Whether it can contain many objects, or none.
    #[must_use]
    pub const fn is_list(self) -> bool {
        match self {
            Self::Ended
            | Self::Requests
            | Self::Grants
            | Self::Delegations
            | Self::Records
            | Self::Deliveries
            | Self::Refusals
            | Self::Offers
            | Self::Remedies
            | Self::RightSize
            | Self::Replay
            | Self::GrantList
            | Self::Alerts => true,
            Self::Request
            | Self::Grant
            | Self::Delegation
            | Self::Delivery
            | Self::Health
            | Self::Explanation
            | Self::Summary
            | Self::Alert
            | Self::Events
            | Self::Text
            | Self::Number => false,
        }
    }
}

/// Who may call a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallerKind {
    /// A caller that the host has authenticated.
    Caller,
    /// Such a caller, or the host itself.
    CallerOrHost,
    /// The host itself.
    Host,
}

/// The effect of a command on existing grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// Nothing.
    None,
    /// Grants may begin.
    Begins,
    /// Grants may end, or stop for a while.
    Ends,
}

/// The HTTP route of a command. `{id}` in the path is the first field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Http {
    /// The method.
    pub method: &'static str,
    /// The path below the routes' prefix.
    pub path: &'static str,
    /// The status of a success.
    pub status: u16,
}

impl Http {
    /// This method on this path, answered with this status.
    #[must_use]
    pub const fn new(method: &'static str, path: &'static str, status: u16) -> Self {
        Self { method, path, status }
    }
}
