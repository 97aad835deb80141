//! What a record can be found by: its subject, and its contents.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::{
    AccessRequest, Actor, Delegation, Event, Fact, Grant, Invalid, Justification, Permission, PermissionSet, Principal,
    Resource, RoleName, Scope, Subject, TicketUrl,
};

/// One thing that a record can be found by.
///
/// ```
/// use jit_access::model::{Actor, SharedTopics, Event, EventKind, Fact, RecordResult, Topic};
///
/// let fact = Fact::GrantReleased { grant: "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".parse()? };
/// let event = Event { at: "2026-12-01T13:00:00Z".parse()?, by: Actor::Clock, fact };
/// let topics = Topic::of(&event, &SharedTopics::default());
/// assert!(topics.contains(&Topic::Event("grant_released".parse()?)));
/// assert!(topics.contains(&Topic::Result(RecordResult::Released)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Topic {
    /// The request, grant or delegation that it changes; the request of a new grant; and everyone concerned: the actor,
    /// the requester or holder, the person behind that agent, both sides of a delegation.
    Subject(Subject),
    /// Who answered a request, in a record of the answer and in every record of the resulting grant.
    Approver(Principal),
    /// The role of the request or the grant.
    Role(RoleName),
    /// The permission that was used, or that a request or a new grant names, as written there.
    Permission(Permission),
    /// On what: the resource of a use, its kind and its parent; the scope of a request or a new grant, its kind and its things.
    Resource(String),
    /// The result.
    Result(RecordResult),
    /// What happened.
    Event(EventKind),
    /// It contains text from people.
    Words,
}

/// What the records of a request, a grant or a delegation have in common. It never changes once it is set.
///
/// ```
/// use jit_access::model::SharedTopics;
///
/// assert_eq!(SharedTopics::default().people.len(), 0);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SharedTopics {
    /// The requester or holder, and the person behind an agent.
    pub people: Vec<Principal>,
    /// Its role.
    pub role: Option<RoleName>,
    /// Who approved the grant.
    pub approvers: Vec<Principal>,
}

impl From<&AccessRequest> for SharedTopics {
    fn from(request: &AccessRequest) -> Self {
        let people = request.identities().cloned().collect();
        Self { people, role: Some(request.role.clone()), approvers: Vec::new() }
    }
}

impl From<&Grant> for SharedTopics {
    fn from(grant: &Grant) -> Self {
        let approvers = std::iter::once(&grant.approved_by).chain(&grant.earlier_approvers);
        Self {
            people: grant.identities().cloned().collect(),
            role: Some(grant.role.clone()),
            approvers: approvers.filter_map(Actor::principal).cloned().collect(),
        }
    }
}

impl From<&Delegation> for SharedTopics {
    fn from(delegation: &Delegation) -> Self {
        let people = vec![delegation.delegator.clone(), delegation.delegate.clone()];
        Self { people, ..Self::default() }
    }
}

impl Topic {
    /// Everything that the record of this event can be found by. `concerned` is of the request, the grant or the delegation
    /// that it changes, once that is there.
    #[must_use]
    pub fn of(event: &Event, concerned: &SharedTopics) -> BTreeSet<Self> {
        let principal = |who: &Principal| Self::Subject(Subject::Principal(who.clone()));
        let mut topics = BTreeSet::from([Self::Subject(Subject::of(event)), Self::Event(EventKind::of(&event.fact))]);
        topics.extend(concerned.people.iter().map(principal));
        topics.extend(concerned.approvers.iter().cloned().map(Self::Approver));
        topics.extend(concerned.role.clone().map(Self::Role));
        topics.extend(event.by.principal().into_iter().chain(event.by.person()).map(principal));
        topics.extend(event.fact.result().map(Self::Result));
        match &event.fact {
            Fact::GrantCreated(grant) => {
                topics.insert(Self::Subject(Subject::Request(grant.request)));
                topics.extend(named(&grant.permissions, &grant.scope));
            }
            Fact::RequestSubmitted(request) => topics.extend(named(&request.permissions, &request.scope)),
            Fact::ReviewLapsed { reviewer, .. } => {
                topics.extend([principal(reviewer), Self::Approver(reviewer.clone())]);
            }
            Fact::RequestReviewed { .. }
            | Fact::RequestApproved { .. }
            | Fact::RequestDenied { .. }
            | Fact::InformationRequested { .. } => topics.extend(event.by.principal().cloned().map(Self::Approver)),
            Fact::GrantUsed { action, resource, .. } => {
                topics.extend(Permission::new(action.name()).ok().map(Self::Permission));
                topics.extend(touched(resource));
            }
            _ => {}
        }
        if event.words().next().is_some() {
            topics.insert(Self::Words);
        }
        topics
    }
}

fn named(permissions: &PermissionSet, scope: &Scope) -> Vec<Topic> {
    let mut texts = vec![scope.to_string()];
    texts.extend(scope.kind().map(ToString::to_string));
    texts.extend(scope.things().map(ToString::to_string));
    let texts = texts.into_iter().map(Topic::Resource);
    permissions.allowed().iter().cloned().map(Topic::Permission).chain(texts).collect()
}

fn touched(resource: &Resource) -> Vec<Topic> {
    if resource.is_everything() {
        return vec![Topic::Resource(Scope::ANY.to_string())];
    }
    let thing = [resource.thing().to_string(), resource.kind().to_string()];
    thing.into_iter().chain(resource.parent().map(ToString::to_string)).map(Topic::Resource).collect()
}

/// The result that a record contains.
///
/// ```
/// use jit_access::model::RecordResult;
///
/// assert_eq!(RecordResult::Allowed.name(), "allowed");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RecordResult {
    /// A grant decided an allow.
    Allowed,
    /// A reviewer or a rule approved.
    Approved,
    /// A reviewer denied.
    Denied,
    /// The request was withdrawn.
    Withdrawn,
    /// The request was not answered in time.
    TimedOut,
    /// The grant's window has ended.
    Expired,
    /// The grant was revoked.
    Revoked,
    /// The grant was released.
    Released,
    /// The grant was used as often as it may be.
    Exhausted,
    /// A review found that there was an emergency.
    Justified,
    /// A review found the use unjustified.
    Unjustified,
}

impl RecordResult {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Allowed,
        Self::Approved,
        Self::Denied,
        Self::Withdrawn,
        Self::TimedOut,
        Self::Expired,
        Self::Revoked,
        Self::Released,
        Self::Exhausted,
        Self::Justified,
        Self::Unjustified,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Withdrawn => "withdrawn",
            Self::TimedOut => "timed_out",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Released => "released",
            Self::Exhausted => "exhausted",
            Self::Justified => "justified",
            Self::Unjustified => "unjustified",
        }
    }
}

impl Fact {
    /// The result, if there is one.
    #[must_use]
    pub const fn result(&self) -> Option<RecordResult> {
        Some(match self {
            Self::GrantUsed { .. } => RecordResult::Allowed,
            Self::RequestReviewed { .. } | Self::RequestApproved { .. } => RecordResult::Approved,
            Self::RequestDenied { .. } => RecordResult::Denied,
            Self::RequestWithdrawn { .. } => RecordResult::Withdrawn,
            Self::RequestTimedOut { .. } => RecordResult::TimedOut,
            Self::GrantExpired { .. } => RecordResult::Expired,
            Self::GrantRevoked { .. } => RecordResult::Revoked,
            Self::GrantReleased { .. } => RecordResult::Released,
            Self::GrantExhausted { .. } => RecordResult::Exhausted,
            Self::BreakGlassReviewed { justified: true, .. } => RecordResult::Justified,
            Self::BreakGlassReviewed { justified: false, .. } => RecordResult::Unjustified,
            _ => return None,
        })
    }
}

/// The kind of a fact, by its name.
///
/// ```
/// use jit_access::model::EventKind;
///
/// assert_eq!("grant_used".parse::<EventKind>()?.to_string(), "grant_used");
/// assert!("grant_lost".parse::<EventKind>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKind(&'static str);

impl EventKind {
    /// The kind of this fact.
    #[must_use]
    pub const fn of(fact: &Fact) -> Self {
        Self(fact.name())
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl FromStr for EventKind {
    type Err = Invalid;

    fn from_str(name: &str) -> Result<Self, Invalid> {
        Fact::NAMES.into_iter().find(|known| *known == name).map(Self).ok_or_else(|| {
            let expected = format!("one of {}", Fact::NAMES.join(", "));
            Invalid::new("event", format!("is {}", Invalid::quote(name)), expected)
        })
    }
}

impl Event {
    /// Text from people: reasons, comments, questions, answers, findings, and the address of a ticket.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let (words, ticket): (Option<&Justification>, Option<&TicketUrl>) = match &self.fact {
            Fact::RequestSubmitted(request) => {
                (request.details.justification.as_ref(), request.details.ticket_url.as_ref())
            }
            Fact::GrantCreated(grant) => (grant.details.justification.as_ref(), grant.details.ticket_url.as_ref()),
            Fact::RequestRepeated { justification, ticket, .. } => (justification.as_ref(), ticket.as_ref()),
            Fact::RequestReviewed { comment, .. } | Fact::RequestApproved { comment, .. } => (comment.as_ref(), None),
            Fact::InformationRequested { question: words, .. }
            | Fact::RequestAnswered { answer: words, .. }
            | Fact::RequestDenied { reason: words, .. }
            | Fact::GrantRevoked { reason: words, .. }
            | Fact::GrantSuspended { reason: words, .. }
            | Fact::StoreAccepted { reason: words }
            | Fact::ClockAccepted { reason: words }
            | Fact::AlertAcknowledged { reason: words, .. }
            | Fact::AlertSilenced { reason: words, .. }
            | Fact::BreakGlassReviewed { finding: words, .. }
            | Fact::BreakGlassReviewWaived { reason: words, .. } => (Some(words), None),
            Fact::RolesDelegated(delegation) => (Some(&delegation.reason), None),
            Fact::AlertRaised(alert) => (Some(&alert.text), None),
            _ => (None, None),
        };
        words.map(Justification::as_str).into_iter().chain(ticket.map(TicketUrl::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_fact_has_its_name_in_the_list() {
        let source = include_str!("event.rs");
        let (_, names) = source.split_once("pub const fn name").unwrap();
        let (names, _) = names.split_once("/// Whether this fact").unwrap();
        let written: Vec<_> = names.split('"').skip(1).step_by(2).collect();
        assert_eq!(written, Fact::NAMES);
    }
}
