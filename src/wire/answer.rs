//! The result of a command or a read, before it is written in the form of an interface.

use std::sync::Arc;

use serde::Serialize;

use super::circumstances::Circumstances;
use super::{
    AlertDocument, DelegationDocument, DeliveryDocument, EventsDocument, ExplanationDocument, GrantDocument,
    HealthDocument, OfferDocument, PageDocument, RecordDocument, RefusedDocument, RemediesDocument, ReplayDocument,
    RequestDocument, RightSizeDocument, SummaryDocument, to_json,
};
use crate::error::Error;
use crate::journal::Record;
use crate::model::{AccessRequest, AlertState, Analysis, Caller, Delegation, Delivery, Grant, Refused, Timestamp};
use crate::service::{
    Accuracy, Attribution, Counts, Events, Explanation, Health, Listing, Receipt, Remedies, Workflow,
};
use crate::sizing::{Past, Replay, RightSize};
use crate::summary::Session;
use crate::workflow::Offer;

/// What a command or a read answers.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let engine = world::engine()?;
/// use jit_access::command::{Fields, spec_of};
/// use jit_access::model::{Caller, Principal};
/// use jit_access::internal::wire::command;
///
/// let dev = Caller::new(Principal::user("dev@example.com")?, vec![]);
/// let fields = Fields::parse(r#"{"role": "deployer", "duration_hours": 1, "reason": "INC-1234"}"#)?;
/// let submit = spec_of("submit").ok_or("no such command")?;
/// let answer = command::execute(&engine.workflow(), submit, Some(&dev), fields)?;
/// assert!(!answer.replayed && answer.to_json("/jit")?.contains(r#""status":"pending""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Answer {
    /// What it holds.
    pub body: Body,
    /// The instant that statuses are judged at.
    pub now: Timestamp,
    /// Whether an earlier call with the same idempotency key did it, and this one did nothing.
    pub replayed: bool,
    /// Whether it is on disk, as [`Receipt::durable`] says.
    pub durable: bool,
    /// Of a page of records: the instant until which records were removed because they are old.
    pub removed_until: Option<Timestamp>,
}

/// What an answer holds.
#[derive(Debug)]
pub enum Body {
    /// One value.
    One(Item),
    /// A page of values, and the cursor of the next one.
    Page(Vec<Item>, Option<String>),
    /// All values.
    List(Vec<Item>),
    /// Text.
    Text(String),
    /// A number.
    Number(u64),
}

/// A value that is a document of its own.
#[derive(Debug)]
pub enum Item {
    /// A request, with the grant it led to.
    Request(Box<AccessRequest>, Option<Box<Grant>>, Circumstances),
    /// A pending request, with what the past says about it and what it would change.
    Waiting(Box<AccessRequest>, Box<Past>, Option<Box<Analysis>>, Circumstances),
    /// A grant, and how it is used now, where that was looked up.
    Grant(Box<Grant>, Option<Counts>, Circumstances),
    /// A delegation.
    Delegation(Box<Delegation>),
    /// A record of the journal, whether its canonical JSON is wanted, and its additional data.
    Record(Box<Record>, bool, Box<Attribution>),
    /// What was done under a grant.
    Summary(Box<Session>),
    /// An alert.
    Alert(Box<AlertState>),
    /// What happened after a record.
    Events(Box<Events>),
    /// A delivery.
    Delivery(Box<Delivery>),
    /// Refused attempts.
    Refused(Box<Refused>),
    /// The health of the library.
    Health(Box<Health>),
    /// A role that the caller may request.
    Offer(Box<Offer>),
    /// Why a check is answered as it is.
    Explanation(Box<Explanation>),
    /// The requests that would lift a denial.
    Remedies(Box<Remedies>),
    /// Which parts of roles were used.
    RightSize(Box<RightSize>),
    /// Recorded calls under another grant.
    Replay(Box<Replay>),
}

impl Item {
    /// The name of its document: `Grant`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Request(..) | Self::Waiting(..) => RequestDocument::SPEC.name,
            Self::Grant(..) => GrantDocument::SPEC.name,
            Self::Delegation(_) => DelegationDocument::SPEC.name,
            Self::Record(..) => RecordDocument::SPEC.name,
            Self::Summary(_) => SummaryDocument::SPEC.name,
            Self::Alert(_) => AlertDocument::SPEC.name,
            Self::Events(_) => EventsDocument::SPEC.name,
            Self::Delivery(_) => DeliveryDocument::SPEC.name,
            Self::Refused(_) => RefusedDocument::SPEC.name,
            Self::Health(_) => HealthDocument::SPEC.name,
            Self::Offer(_) => OfferDocument::SPEC.name,
            Self::Explanation(_) => ExplanationDocument::SPEC.name,
            Self::Remedies(_) => RemediesDocument::SPEC.name,
            Self::RightSize(_) => RightSizeDocument::SPEC.name,
            Self::Replay(_) => ReplayDocument::SPEC.name,
        }
    }

    /// Its document in the state at `now`. Links start with `base`.
    ///
    /// # Errors
    /// [`Error::Internal`] when it cannot be written, which does not happen for these values.
    pub fn to_json(&self, now: Timestamp, base: &str) -> Result<String, Error> {
        to_json(&self.document(now, base)?)
    }

    fn document(&self, now: Timestamp, base: &str) -> Result<ItemDocument, Error> {
        Ok(match self {
            Self::Request(request, grant, shown) => {
                let document = RequestDocument::new(request, grant.as_deref(), now, base);
                ItemDocument::Request(Box::new(document.circumstances(shown)))
            }
            Self::Waiting(request, past, analysis, shown) => {
                let document = RequestDocument::new(request, None, now, base).past(past).circumstances(shown);
                let document = match analysis {
                    Some(analysis) => document.analysis(analysis),
                    None => document,
                };
                ItemDocument::Request(Box::new(document))
            }
            Self::Grant(grant, counts, shown) => {
                let document = GrantDocument::new(grant, now, base).counted(counts.as_ref());
                ItemDocument::Grant(Box::new(document.circumstances(shown)))
            }
            Self::Events(events) => ItemDocument::Events(Box::new(EventsDocument::from(&**events))),
            Self::Delegation(one) => ItemDocument::Delegation(Box::new(DelegationDocument::new(one, now, base))),
            Self::Record(record, canonical, added) => {
                let document = RecordDocument::new(record, *canonical)?;
                ItemDocument::Record(Box::new(document.with_attribution(added)))
            }
            Self::Alert(state) => ItemDocument::Alert(Box::new(AlertDocument::new(state, now))),
            Self::Summary(session) => ItemDocument::Summary(Box::new(SummaryDocument::from(&**session))),
            Self::Delivery(one) => ItemDocument::Delivery(Box::new(DeliveryDocument::from(&**one))),
            Self::Refused(one) => ItemDocument::Refused(Box::new(RefusedDocument::from(&**one))),
            Self::Health(health) => ItemDocument::Health(Box::new(HealthDocument::from(&**health))),
            Self::Offer(offer) => ItemDocument::Offer(Box::new(OfferDocument::from(&**offer))),
            Self::Explanation(one) => ItemDocument::Explanation(Box::new(ExplanationDocument::from(&**one))),
            Self::Remedies(one) => ItemDocument::Remedies(Box::new(RemediesDocument::from(&**one))),
            Self::RightSize(one) => ItemDocument::RightSize(Box::new(RightSizeDocument::from(&**one))),
            Self::Replay(one) => ItemDocument::Replay(Box::new(ReplayDocument::from(&**one))),
        })
    }
}

/// A document of any kind.
#[derive(Serialize)]
#[serde(untagged)]
enum ItemDocument {
    Request(Box<RequestDocument>),
    Grant(Box<GrantDocument>),
    Delegation(Box<DelegationDocument>),
    Record(Box<RecordDocument>),
    Summary(Box<SummaryDocument>),
    Alert(Box<AlertDocument>),
    Events(Box<EventsDocument>),
    Delivery(Box<DeliveryDocument>),
    Refused(Box<RefusedDocument>),
    Health(Box<HealthDocument>),
    Offer(Box<OfferDocument>),
    Explanation(Box<ExplanationDocument>),
    Remedies(Box<RemediesDocument>),
    RightSize(Box<RightSizeDocument>),
    Replay(Box<ReplayDocument>),
}

/// The document of an answer.
#[derive(Serialize)]
#[serde(untagged)]
enum AnswerDocument<'a> {
    One(ItemDocument),
    Page(PageDocument<ItemDocument>),
    List(Vec<ItemDocument>),
    Text(&'a str),
    Number(u64),
}

/// The answer of a command that changes something, for interfaces with nothing but the document.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(flatten)]
    document: AnswerDocument<'a>,
    replayed: bool,
    /// Only there when it is `false`: the command took effect in this process and is not written yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    durable: Option<bool>,
}

impl Answer {
    /// The document. Links start with `base`: `/jit`.
    ///
    /// # Errors
    /// [`Error::Internal`] when it cannot be written, which does not happen for answers.
    pub fn to_json(&self, base: &str) -> Result<String, Error> {
        to_json(&self.document(base)?)
    }

    /// The document of a command that changes something, with `replayed`, and with `durable` when it is `false`.
    pub(super) fn written(&self, base: &str) -> Result<String, Error> {
        let durable = Some(false).filter(|_| !self.durable);
        to_json(&Written { document: self.document(base)?, replayed: self.replayed, durable })
    }

    fn document(&self, base: &str) -> Result<AnswerDocument<'_>, Error> {
        let all = |items: &[Item]| items.iter().map(|item| item.document(self.now, base)).collect::<Result<_, _>>();
        Ok(match &self.body {
            Body::One(item) => AnswerDocument::One(item.document(self.now, base)?),
            Body::Page(items, next) => {
                let removed_until = self.removed_until.map(|at| at.to_string());
                AnswerDocument::Page(PageDocument { items: all(items)?, next_cursor: next.clone(), removed_until })
            }
            Body::List(items) => AnswerDocument::List(all(items)?),
            Body::Text(text) => AnswerDocument::Text(text),
            Body::Number(number) => AnswerDocument::Number(*number),
        })
    }

    /// The answer of a read.
    pub(super) const fn read(body: Body, now: Timestamp) -> Self {
        Self { body, now, replayed: false, durable: true, removed_until: None }
    }

    pub(super) fn page<T>(listing: Listing<T>, item: impl FnMut(T) -> Item) -> Self {
        let next = listing.next.map(|cursor| cursor.to_string());
        Self::read(Body::Page(listing.items.into_iter().map(item).collect(), next), listing.now)
    }

    pub(super) fn request(receipt: Receipt) -> Result<Self, Error> {
        let Receipt { request, grant, already, .. } = receipt;
        let request = request.ok_or_else(|| missing("request"))?;
        let shown = Circumstances { already, ..Circumstances::default() };
        let item = Item::Request(Box::new(request), grant.map(Box::new), shown);
        Ok(Self {
            body: Body::One(item),
            now: receipt.now,
            replayed: receipt.replayed,
            durable: receipt.durable,
            removed_until: None,
        })
    }

    /// The same as an answer to this caller: with what they could do now with the requests and grants in it.
    pub(super) fn for_caller(mut self, workflow: &Workflow, caller: &Caller, accuracy: Accuracy) -> Self {
        let items = match &mut self.body {
            Body::One(item) => std::slice::from_mut(item),
            Body::Page(items, _) => items.as_mut_slice(),
            Body::List(_) | Body::Text(_) | Body::Number(_) => &mut [],
        };
        let (mut requests, mut grants) = (Vec::new(), Vec::new());
        for item in &*items {
            match item {
                Item::Request(request, _, shown) | Item::Waiting(request, _, _, shown) if !shown.dry_run => {
                    requests.push(&**request);
                }
                Item::Grant(grant, ..) => grants.push(&**grant),
                _ => {}
            }
        }
        let mut of_requests = workflow.possible_with_requests(caller, &requests, accuracy).into_iter();
        let mut of_grants = workflow.possible_with_grants(caller, &grants, accuracy).into_iter();
        for item in items {
            match item {
                Item::Request(.., shown) | Item::Waiting(.., shown) if !shown.dry_run => {
                    shown.possible = of_requests.next()
                }
                Item::Grant(.., shown) => shown.possible = of_grants.next(),
                _ => {}
            }
        }
        self
    }

    /// The same of a dry run.
    pub(super) fn dry_run(mut self) -> Self {
        if let Body::One(Item::Request(_, _, shown)) = &mut self.body {
            shown.dry_run = true;
        }
        self
    }

    /// The same, with what the past says about a pending request, and what it would change.
    pub(super) fn waiting(mut self, past: Option<Past>, analysis: Option<Analysis>) -> Self {
        self.body = match (self.body, past) {
            (Body::One(Item::Request(request, None, shown)), Some(past)) => {
                Body::One(Item::Waiting(request, Box::new(past), analysis.map(Box::new), shown))
            }
            (body, _) => body,
        };
        self
    }

    pub(super) fn grant(receipt: Receipt) -> Result<Self, Error> {
        let grant = receipt.grant.ok_or_else(|| missing("grant"))?;
        let item = Item::Grant(Box::new(grant), None, Circumstances::default());
        Ok(Self {
            body: Body::One(item),
            now: receipt.now,
            replayed: receipt.replayed,
            durable: receipt.durable,
            removed_until: None,
        })
    }

    /// The same, with how the grant is used now.
    pub(super) fn counted(mut self, counts: Option<Counts>) -> Self {
        if let Body::One(Item::Grant(_, counted, _)) = &mut self.body {
            *counted = counts;
        }
        self
    }

    pub(super) fn delegation(receipt: Receipt) -> Result<Self, Error> {
        let delegation = receipt.delegation.ok_or_else(|| missing("delegation"))?;
        let item = Item::Delegation(Box::new(delegation));
        Ok(Self {
            body: Body::One(item),
            now: receipt.now,
            replayed: receipt.replayed,
            durable: receipt.durable,
            removed_until: None,
        })
    }

    pub(super) fn alert(receipt: Receipt) -> Result<Self, Error> {
        let alert = receipt.alert.ok_or_else(|| missing("alert"))?;
        let item = Item::Alert(Box::new(alert));
        Ok(Self {
            body: Body::One(item),
            now: receipt.now,
            replayed: receipt.replayed,
            durable: receipt.durable,
            removed_until: None,
        })
    }

    /// All grants that ended by a command.
    pub(super) fn ended(receipt: Receipt) -> Self {
        let item = |grant| Item::Grant(Box::new(grant), None, Circumstances::default());
        let items = receipt.ended.into_iter().map(item).collect();
        let body = Body::Page(items, None);
        Self { body, now: receipt.now, replayed: receipt.replayed, durable: receipt.durable, removed_until: None }
    }
}

/// The document of a page of these.
///
/// # Errors
/// [`Error::Internal`] when it cannot be written, which does not happen for these values.
pub fn page_of(
    items: &[Arc<Item>],
    (next_cursor, removed): (Option<String>, Option<Timestamp>),
    now: Timestamp,
    base: &str,
) -> Result<String, Error> {
    let items: Vec<_> = items.iter().map(|item| item.document(now, base)).collect::<Result<_, _>>()?;
    to_json(&PageDocument { items, next_cursor, removed_until: removed.map(|at| at.to_string()) })
}

fn missing(what: &str) -> Error {
    Error::Internal(format!("the {what} of a command is missing from its receipt"))
}
