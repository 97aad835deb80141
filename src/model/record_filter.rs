//! The filter of records, the same in every interface.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::{
    Event, EventKind, GrantId, Invalid, Permission, Principal, RecordResult, RequestId, RoleName, Scope, Subject,
    Timestamp, Topic,
};

/// Which records are wanted. Omitted fields match everything; all given fields must match.
///
/// ```
/// use jit_access::model::{Actor, SharedTopics, Event, Fact, RecordFilter, Topic};
///
/// let fact = Fact::GrantExpired { grant: "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".parse()? };
/// let event = Event { at: "2026-12-01T13:00:00Z".parse()?, by: Actor::Clock, fact };
/// let topics = Topic::of(&event, &SharedTopics::default());
/// let ends = RecordFilter { event: Some("grant_expired".parse()?), ..RecordFilter::default() };
/// assert!(ends.matches(&event, &topics));
/// let late = RecordFilter { from: Some("2026-12-02T00:00:00Z".parse()?), ..ends };
/// assert!(!late.matches(&event, &topics));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordFilter {
    /// Those about this grant.
    pub grant: Option<GrantId>,
    /// Those about this request, and the record that made its grant.
    pub request: Option<RequestId>,
    /// Records that concern this person: the actor, the requester or holder, or the person for whom an agent acts.
    pub person: Option<Principal>,
    /// Those that concern this agent.
    pub agent: Option<Principal>,
    /// Records in which this person answered a request, and those about a grant that needed their approval.
    pub approver: Option<Principal>,
    /// Those about a request or a grant of this role.
    pub role: Option<RoleName>,
    /// Uses of this permission, and requests and new grants that name it as it is written here.
    pub permission: Option<Permission>,
    /// Uses of this resource, of this kind or with this parent, and requests and new grants whose scope names it.
    pub resource: Option<Scope>,
    /// Those with this result.
    pub result: Option<RecordResult>,
    /// Those of this kind.
    pub event: Option<EventKind>,
    /// Those of this instant or later.
    pub from: Option<Timestamp>,
    /// Those before this instant.
    pub until: Option<Timestamp>,
    /// Records that contain this text in a reason, comment or similar field.
    pub text: Option<SearchText>,
}

impl RecordFilter {
    /// What every wanted record is found by. Besides these there are the time and the text.
    #[must_use]
    pub fn topics(&self) -> Vec<Topic> {
        let principals = [&self.person, &self.agent].into_iter().flatten().cloned().map(Subject::Principal);
        let subjects = self.grant.map(Subject::Grant).into_iter().chain(self.request.map(Subject::Request));
        let mut topics: Vec<_> = subjects.chain(principals).map(Topic::Subject).collect();
        topics.extend(self.approver.clone().map(Topic::Approver));
        topics.extend(self.role.clone().map(Topic::Role));
        topics.extend(self.permission.clone().map(Topic::Permission));
        topics.extend(self.resource.as_ref().map(|scope| Topic::Resource(scope.to_string())));
        topics.extend(self.result.map(Topic::Result));
        topics.extend(self.event.map(Topic::Event));
        topics.extend(self.text.as_ref().map(|_| Topic::Words));
        topics
    }

    /// Whether a record of this event, with these topics, matches.
    #[must_use]
    pub fn matches(&self, event: &Event, topics: &BTreeSet<Topic>) -> bool {
        self.is_in_time(event.at) && self.has_text(event) && self.topics().iter().all(|topic| topics.contains(topic))
    }

    /// Whether this instant matches the filter.
    #[must_use]
    pub fn is_in_time(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.until.is_none_or(|until| at < until)
    }

    /// Whether the event contains the text of the filter, if there is one.
    #[must_use]
    pub fn has_text(&self, event: &Event) -> bool {
        self.text.as_ref().is_none_or(|text| event.words().any(|words| text.is_in(words)))
    }
}

/// The order of listed records.
///
/// ```
/// use jit_access::model::RecordOrder;
///
/// assert_eq!(RecordOrder::default().name(), "oldest");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecordOrder {
    /// The oldest first.
    #[default]
    Oldest,
    /// The newest first.
    Newest,
}

impl RecordOrder {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Oldest, Self::Newest];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Oldest => "oldest",
            Self::Newest => "newest",
        }
    }
}

/// The format of exported records.
///
/// ```
/// use jit_access::model::ExportFormat;
///
/// assert_eq!(ExportFormat::default().name(), "jsonl");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ExportFormat {
    /// A JSON document a line.
    #[default]
    Jsonl,
    /// Comma-separated values, for spreadsheets.
    Csv,
    /// An event of the Open Cybersecurity Schema Framework 1.8.0 a line.
    Ocsf,
}

impl ExportFormat {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Jsonl, Self::Csv, Self::Ocsf];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Ocsf => "ocsf",
        }
    }
}

/// A text to search for, ignoring case.
///
/// ```
/// use jit_access::model::SearchText;
///
/// let text: SearchText = "März".parse()?;
/// assert!(text.is_in("the export of MÄRZ") && !text.is_in("April"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchText(String);

impl SearchText {
    /// The most bytes of one.
    const MAX: usize = 256;

    /// Whether the text occurs in these words.
    #[must_use]
    pub fn is_in(&self, words: &str) -> bool {
        words.to_lowercase().contains(&self.0)
    }
}

impl FromStr for SearchText {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.is_empty() || text.len() > Self::MAX {
            let problem = if text.is_empty() { "is empty".to_owned() } else { format!("has {} bytes", text.len()) };
            return Err(Invalid::new("text", problem, format!("1 to {} bytes", Self::MAX)));
        }
        Ok(Self(text.to_lowercase()))
    }
}

impl fmt::Display for SearchText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
