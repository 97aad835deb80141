//! The notices that are due, complete and addressed, for the delivery code.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::directory::DirectoryError;
use super::shared::Shared;
use crate::model::{
    AccessRequest, DelegationStatus, DeliveryId, Event, Fact, GrantId, GrantStatus, Principal, Recipient, RequestId,
    RoleName, Timestamp,
};
use crate::notify::{
    Addressee, Audience, Contact, Link, Notice, NoticeKind, NoticeSettings, Reach, Uses, approver, describe_grant,
    notifies_security, plan, with_request,
};
use crate::store::{Leased, LeasedDelivery, NewDelivery, Page, RecordQuery, Settled, StoreError, Subject, Visible};
use crate::summary::Used;
use crate::workflow::{Needs, View};

/// How many notices are planned at once, and for how long each is ours.
const BATCH: usize = 50;
const HOLD_MILLIS: i64 = 30_000;
/// How often old data is removed when nothing is written.
const FORGET_MILLIS: i64 = 3_600_000;
/// A notice that waited no longer than this is sent as it was written.
const RECENT_MILLIS: i64 = 600_000;
/// How many records of uses are read at once.
const USES: usize = 1_000;
/// How many alerts and how many different uses the notice of a summary names.
const SHOWN_ALERTS: usize = 20;
const SHOWN_USES: usize = 10;
/// How many records are sent at once to a channel that exports the record.
const EXPORTED: u64 = 500;
/// How many delegations are looked at: all that are in force.
const DELEGATIONS: usize = 10_000;

/// The notices that wait for delivery. The delivery code does this work: no command and no check waits for it.
///
/// ```
/// use std::collections::BTreeMap;
/// use jit_access::notify::Reach;
/// use jit_access::service::Builder;
/// use jit_access::store::MemoryStore;
/// use jit_access::workflow::Rules;
///
/// let outbox = Builder::new(MemoryStore::new(), Rules::default()).open()?.outbox();
/// let channels = BTreeMap::from([("hook".to_owned(), Reach::TARGET)]);
/// assert_eq!(outbox.plan(&channels)?, 0, "nothing has happened");
/// assert!(outbox.lease("hook", outbox.now(), 10)?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Outbox {
    shared: Arc<Shared>,
    /// When old data was last removed.
    forgot: Arc<AtomicI64>,
}

impl Outbox {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, forgot: Arc::new(AtomicI64::new(i64::MIN)) }
    }

    /// The instant it is now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.time.now()
    }

    /// What the operator has set.
    #[must_use]
    pub fn settings(&self) -> &NoticeSettings {
        &self.shared.settings.notices
    }

    /// Determines the recipients of the notices that are due, over channels with this reach, and writes a delivery for
    /// each of them; returns the number of notices. A notice that is no longer true gets no recipients. When the
    /// directory cannot answer, the notice waits and is tried again. Also removes old data from time to time.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn plan(&self, reach: &BTreeMap<String, Reach>) -> Result<usize, StoreError> {
        let now = self.now();
        self.forget_old(now)?;
        let mut planned = 0;
        loop {
            let leased = self.shared.store.lease_notices(now, later(now, HOLD_MILLIS), BATCH)?;
            for one in &leased {
                planned += usize::from(self.plan_one(one, reach, now)?);
            }
            if leased.len() < BATCH {
                return Ok(planned);
            }
        }
    }

    /// Leases deliveries of a channel that are due. See [`crate::store::Store::lease_deliveries`].
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn lease(&self, channel: &str, until: Timestamp, limit: usize) -> Result<Vec<LeasedDelivery>, StoreError> {
        self.shared.store.lease_deliveries(channel, self.now(), until, limit)
    }

    /// Records the result of an attempt. See [`crate::store::Store::settle_delivery`].
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn settle(&self, id: DeliveryId, settled: &Settled) -> Result<(), StoreError> {
        self.shared.store.settle_delivery(id, settled, self.now())
    }

    fn forget_old(&self, now: Timestamp) -> Result<(), StoreError> {
        let last = self.forgot.load(Ordering::Relaxed);
        if now.millis().saturating_sub(last) >= FORGET_MILLIS {
            self.forgot.store(now.millis(), Ordering::Relaxed);
            while self.shared.store.forget_old(now)? > 0 {}
        }
        Ok(())
    }

    /// Writes a delivery for each batch of a few hundred records that wait for a channel. The address field has the
    /// range of the records; they are read when they are sent.
    fn plan_records(
        &self,
        leased: &Leased,
        reach: &BTreeMap<String, Reach>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let removed = self.shared.store.head()?.removed_up_to();
        let mut deliveries = Vec::new();
        let notice = Notice::parse(&leased.message.body).ok();
        let channel = notice.into_iter().flat_map(|notice| notice.audience).find_map(|audience| match audience {
            Audience::Channel { channel } => Some(channel),
            _ => None,
        });
        if let Some(channel) = channel {
            let failed = (!reach.contains_key(&channel)).then(|| "there is no channel of this name".to_owned());
            let mut after = leased.after.max(removed).0;
            while after < leased.until.0 {
                let last = leased.until.0.min(after.saturating_add(EXPORTED));
                deliveries.push(NewDelivery {
                    id: self.shared.new_uuid().into(),
                    channel: channel.clone(),
                    recipient: Recipient { address: Some(format!("{}-{last}", after + 1)), ..Recipient::default() },
                    digest: false,
                    thread: None,
                    next_at: now,
                    failed: failed.clone(),
                });
                after = last;
            }
        }
        self.shared.store.plan_notice(leased.id, &leased.message.body, &deliveries, now)
    }

    fn plan_one(&self, leased: &Leased, reach: &BTreeMap<String, Reach>, now: Timestamp) -> Result<bool, StoreError> {
        if leased.message.kind == NoticeKind::Records.name() {
            return self.plan_records(leased, reach, now);
        }
        let whole = self.completed(leased, now)?.map(|notice| self.with_request(notice)).transpose()?;
        let Some(notice) = whole.map(|notice| self.with_past(notice)).transpose()? else {
            return self.shared.store.plan_notice(leased.id, &leased.message.body, &[], now);
        };
        let people = match self.addressees(&notice, now)? {
            Ok(people) => people,
            Err(error) => {
                tracing::warn!(%error, notice = leased.id, "the directory cannot name the recipients; it is asked again");
                return Ok(false);
            }
        };
        let thread = notice.thread().map(ToOwned::to_owned);
        let deliveries = plan(&notice, self.settings(), reach, &people, now).into_iter().map(|planned| NewDelivery {
            id: self.shared.new_uuid().into(),
            channel: planned.channel,
            recipient: planned.recipient,
            digest: planned.digest,
            thread: thread.clone(),
            next_at: planned.next_at,
            failed: planned.failed,
        });
        self.shared.store.plan_notice(leased.id, &notice.to_json(), &deliveries.collect::<Vec<_>>(), now)
    }

    /// The notice to send; `None` when it is no longer true, or when no recipient wants it.
    fn completed(&self, leased: &Leased, now: Timestamp) -> Result<Option<Notice>, StoreError> {
        let notice = match Notice::parse(&leased.message.body) {
            Ok(notice) => notice,
            Err(error) => {
                tracing::error!(%error, notice = leased.id, "a notice cannot be read, and is not sent");
                return Ok(None);
            }
        };
        if self.is_past(&notice, leased, now)? {
            return Ok(None);
        }
        let grant = notice.grant_id.as_ref().and_then(|id| id.parse::<GrantId>().ok());
        match (notice.kind, grant) {
            (NoticeKind::GrantEndsSoon, Some(grant)) => Ok(self.ends_soon(grant, now)?.then_some(notice)),
            (NoticeKind::GrantUsed, Some(grant)) => self.uses(leased, grant),
            (NoticeKind::SessionSummary, Some(grant)) => self.summary(notice, grant).map(Some),
            _ => Ok(Some(notice)),
        }
    }

    /// Adds the data of the request to the notice, if the command did not read the request.
    fn with_request(&self, notice: Notice) -> Result<Notice, StoreError> {
        let id = notice.request_id.as_ref().and_then(|id| id.parse::<RequestId>().ok());
        let Some(id) = id.filter(|_| notice.risk.is_none()) else { return Ok(notice) };
        Ok(match self.shared.store.request(id)?.request {
            Some(request) => with_request(notice, &request),
            None => notice,
        })
    }

    /// Adds what the request would change and what the past says about it, for the approvers.
    fn with_past(&self, notice: Notice) -> Result<Notice, StoreError> {
        let id = match &notice.link {
            Some(Link::Approve { request_id, .. }) => request_id.parse::<RequestId>().ok(),
            _ => None,
        };
        let Some(id) = id else { return Ok(notice) };
        Ok(match self.shared.store.request(id)?.request {
            Some(request) => {
                let past = self.shared.past_of(&request)?.sentences();
                Notice { past, changes: self.shared.changes_of(&request), ..notice }
            }
            None => notice,
        })
    }

    /// Whether the notice is too old to send: it could not be delivered for a long time, for example before the first
    /// channel was configured. A notice that waits for an answer is sent as long as an answer is possible.
    fn is_past(&self, notice: &Notice, leased: &Leased, now: Timestamp) -> Result<bool, StoreError> {
        let waited = now.millis().saturating_sub(leased.due.millis());
        // A checkpoint is worth keeping however old it is.
        if waited < RECENT_MILLIS || notice.kind == NoticeKind::Checkpoint {
            return Ok(false);
        }
        let asks = notice.audience.iter().any(|one| matches!(one, Audience::Approvers { .. }));
        let request = notice.request_id.as_ref().and_then(|id| id.parse::<RequestId>().ok());
        match (request, &notice.link) {
            (Some(id), Some(Link::Approve { version, .. })) if asks => {
                let request = self.shared.store.request(id)?.request;
                let waits = |one: &AccessRequest| one.status(now).is_open() && one.version == *version;
                Ok(!request.as_ref().is_some_and(waits))
            }
            _ => Ok(waited > self.settings().max_age.millis()),
        }
    }

    /// Whether the grant is still in force and has no extension.
    fn ends_soon(&self, id: GrantId, now: Timestamp) -> Result<bool, StoreError> {
        let view = self.shared.store.view(&Needs { chain: true, ..Needs::grant(id) }, now)?;
        let goes_on = view
            .extensions
            .iter()
            .any(|later| later.extends.is_some_and(|extension| extension.of == id) && later.status(now).is_live());
        let status = view.grant.map(|grant| grant.status(now));
        Ok(matches!(status, Some(GrantStatus::Active | GrantStatus::Suspended)) && !goes_on)
    }

    /// The uses that this notice gathers, from the records.
    fn uses(&self, leased: &Leased, id: GrantId) -> Result<Option<Notice>, StoreError> {
        let View { grant: Some(grant), request, .. } = self.shared.store.grant(id)? else { return Ok(None) };
        let first = leased.after.0 == 0;
        let emergency = grant.break_glass.is_some();
        let kind = match (emergency, first) {
            (true, _) => NoticeKind::BreakGlassUsed,
            (false, true) => NoticeKind::GrantFirstUsed,
            (false, false) => NoticeKind::GrantUsed,
        };
        let wanted = if emergency { notifies_security(&self.shared.rules) } else { self.settings().is_enabled(kind) };
        let Some(uses) = self.gather(leased, id)?.filter(|_| wanted) else { return Ok(None) };
        let notice = describe_grant(Notice::new(kind, leased.due), &grant, request.as_ref());
        let audience = approver(&grant).into_iter().chain([Audience::Security]).collect();
        let at = uses.last.clone();
        let actor = Some(grant.holder.to_string());
        Ok(Some(Notice { audience, at, actor, uses: Some(uses), ..notice }))
    }

    /// Adds the summary of the session from the journal.
    fn summary(&self, notice: Notice, id: GrantId) -> Result<Notice, StoreError> {
        self.shared.flush_uses()?;
        match self.shared.close_session(id) {
            // Other processes write too; the background work records refused calls.
            Ok(()) | Err(StoreError::Conflict) => {}
            Err(error) => return Err(error),
        }
        let grant = self.shared.store.grant(id)?.grant;
        let session = grant.map(|grant| self.shared.session(&grant)).transpose()?.flatten();
        let Some(session) = session else { return Ok(notice) };
        let (done, text) = (&session.uses, ToString::to_string);
        let resources: BTreeSet<String> = done.kinds.iter().map(|used| used.resource.to_string()).collect();
        let uses = Uses {
            count: done.total,
            permissions: done.actions.iter().take(Uses::NAMED).map(ToString::to_string).collect(),
            resources: resources.into_iter().take(Uses::NAMED).collect(),
            first: done.first.map_or_else(String::new, |at| at.to_string()),
            last: done.last.map_or_else(String::new, |at| at.to_string()),
        };
        let alerts = session.alerts.iter().map(|state| format!("{}: {}", state.alert.kind.words(), state.alert.text));
        let times = |used: &Used| if used.count == 1 { "once".to_owned() } else { format!("{} times", used.count) };
        let row = |used: &Used| format!("{} on {}: {}", used.action, used.resource, times(used));
        let others = done.kinds.len().saturating_sub(SHOWN_USES);
        let others = (others > 0).then(|| format!("{others} other kinds, see the whole summary"));
        Ok(Notice {
            uses: Some(uses),
            alerts: alerts.take(SHOWN_ALERTS).collect(),
            done: done.kinds.iter().take(SHOWN_USES).map(row).chain(others).collect(),
            never_used: session.unused.iter().take(Uses::NAMED).map(text).collect(),
            refused: Some(session.refused.iter().map(|kind| kind.count).sum::<u64>() + session.other_refused)
                .filter(|count| *count > 0),
            smaller_role: session.smaller.as_ref().map(|smaller| smaller.role.to_string()),
            ..notice
        })
    }

    fn gather(&self, leased: &Leased, grant: GrantId) -> Result<Option<Uses>, StoreError> {
        let mut uses: Option<Uses> = None;
        let mut after = leased.after;
        loop {
            let query = RecordQuery {
                about: vec![Subject::Grant(grant)],
                before: Some(leased.until.next()),
                ..RecordQuery::after(after, USES)
            };
            let (_, records) = self.shared.store.records(&query)?;
            records.iter().for_each(|record| count(&mut uses, &record.event));
            match records.last() {
                Some(last) if records.len() == USES => after = last.revision,
                _ => return Ok(uses),
            }
        }
    }

    /// The recipients of the notice, each once, with their contact.
    fn addressees(
        &self,
        notice: &Notice,
        now: Timestamp,
    ) -> Result<Result<Vec<Addressee>, DirectoryError>, StoreError> {
        let mut people: BTreeMap<Principal, bool> = BTreeMap::new();
        for audience in &notice.audience {
            if let Audience::Approvers { roles, except } = audience {
                let holders = match self.people_of(roles) {
                    Ok(holders) => holders,
                    Err(error) => return Ok(Err(error)),
                };
                let mut all = self.stand_ins(&holders, roles, now)?;
                all.extend(holders);
                people.extend(all.into_iter().filter(|one| !except.contains(one)).map(|one| (one, true)));
            }
            if let Some(person) = audience.person() {
                people.entry(person.clone()).or_insert(false);
            }
        }
        let reached = people
            .into_iter()
            .map(|(person, as_approver)| Ok(Addressee { contact: self.contact(&person)?, person, as_approver }));
        Ok(reached.collect())
    }

    fn people_of(&self, roles: &[RoleName]) -> Result<BTreeSet<Principal>, DirectoryError> {
        let Some(directory) = &self.shared.directory else { return Ok(BTreeSet::new()) };
        let mut people = BTreeSet::new();
        for role in roles {
            people.extend(directory.people_of(role)?);
        }
        Ok(people)
    }

    fn contact(&self, who: &Principal) -> Result<Contact, DirectoryError> {
        match &self.shared.directory {
            Some(directory) => directory.contact(who),
            None => Ok(Contact::of(who)),
        }
    }

    /// The delegates who review for one of these people with one of these roles.
    fn stand_ins(
        &self,
        holders: &BTreeSet<Principal>,
        roles: &[RoleName],
        now: Timestamp,
    ) -> Result<BTreeSet<Principal>, StoreError> {
        let status = Some(DelegationStatus::Active);
        let page = Page { visible: Visible::All, status, now, before: None, limit: DELEGATIONS };
        let active = self.shared.store.delegations(&page)?.into_iter().map(|(_, delegation)| delegation);
        let lends = |one: &crate::model::Delegation| one.roles.iter().any(|role| roles.contains(role));
        Ok(active.filter(|one| holders.contains(&one.delegator) && lends(one)).map(|one| one.delegate).collect())
    }
}

fn count(uses: &mut Option<Uses>, event: &Event) {
    let Fact::GrantUsed { action, resource, .. } = &event.fact else { return };
    let at = event.at.to_string();
    let all = uses.get_or_insert_with(|| Uses { first: at.clone(), ..Uses::default() });
    all.count += 1;
    all.last = at;
    for (known, new) in [(&mut all.permissions, action.to_string()), (&mut all.resources, resource.to_string())] {
        if known.len() < Uses::NAMED && !known.contains(&new) {
            known.push(new);
        }
    }
}

fn later(at: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_millis(at.millis().saturating_add(millis)).unwrap_or(Timestamp::MAX)
}
