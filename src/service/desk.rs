//! Ask, approve, end, look up.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use uuid::Uuid;

use super::engine::Shared;
use crate::error::Error;
use crate::journal::Record;
use crate::model::{
    AccessRequest, Actor, Caller, Delegation, DelegationId, DelegationStatus, Event, Fact, Grant, GrantId, GrantStatus,
    Invalid, Justification, Principal, RequestId, RequestStatus, Revision, Selector, Standing, Timestamp,
};
use crate::notify::messages;
use crate::store::{Batch, Done, Page, StoreError, Visible};
use crate::workflow::{
    Command, History, Intent, Refusal, RefusalCode, Rules, Tally, View, already_covered, decide, evolve, lent_roles,
    may_audit, may_see_delegation, may_see_grant, may_see_request, preview, report_standing, sees_everything,
};

/// Runs the workflow: every method is judged by who calls, and writes before it answers. Cheap to clone.
///
/// ```
/// # use jit_access::{config::Config, service::Builder, store::MemoryStore};
/// # let config = Config::parse("jit_access: {approver_roles: [lead], roles: {deployer: {permissions: [tools.execute]}}}", [])?;
/// # let engine = Builder::new(MemoryStore::new(), config.rules).open()?;
/// # use jit_access::wire::command;
/// # let made = command::run(&engine.desk(), r#"{"command": "submit", "caller": {"principal": "dev@example.com"},
/// #     "role": "deployer", "duration_hours": 1, "reason": "INC-1234"}"#)?;
/// # let request: RequestId = made.get(7..43).unwrap_or_default().parse()?;
/// # let (dev, lead) = (Principal::user("dev@example.com")?, Principal::user("lead@example.com")?);
/// # let dev = Caller::new(dev, vec![]);
/// # let lead = Caller::new(lead, vec![RoleName::new("lead")?]);
/// use jit_access::model::*;
/// use jit_access::workflow::{Command, Intent};
///
/// let desk = engine.desk();
/// let approve = Intent::Approve { request, version: None, grant: desk.new_grant_id(), cut: Default::default(), comment: None };
/// let refused = desk.execute(&Command { caller: dev.clone(), intent: approve.clone() }, None);
/// assert_eq!(refused.unwrap_err().code(), "self_approval");
/// let grant = desk.execute(&Command { caller: lead, intent: approve }, None)?.grant.ok_or("no grant")?;
/// desk.execute(&Command { caller: dev, intent: Intent::Release { grant: grant.id } }, None)?;
/// assert_eq!(desk.verify()?, 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Desk {
    pub(super) shared: Arc<Shared>,
}

/// A key that makes a command happen once, however often it is sent: unique per caller, 1 to 255 visible ASCII characters.
///
/// ```
/// # use jit_access::{config::Config, service::Builder, store::MemoryStore};
/// # let config = Config::parse("jit_access: {approver_roles: [lead], roles: {deployer: {permissions: [tools.execute]}}}", [])?;
/// # let engine = Builder::new(MemoryStore::new(), config.rules).open()?;
/// # use jit_access::wire::command;
/// # let made = command::run(&engine.desk(), r#"{"command": "submit", "caller": {"principal": "dev@example.com"},
/// #     "role": "deployer", "duration_hours": 1, "reason": "INC-1234"}"#)?;
/// # let request: RequestId = made.get(7..43).unwrap_or_default().parse()?;
/// # let (dev, lead) = (Principal::user("dev@example.com")?, Principal::user("lead@example.com")?);
/// # let dev = Caller::new(dev, vec![]);
/// # let lead = Caller::new(lead, vec![RoleName::new("lead")?]);
/// use jit_access::model::*;
/// use jit_access::service::IdempotencyKey;
/// use jit_access::workflow::{Command, Intent};
///
/// let key = IdempotencyKey::new("withdraw-1")?;
/// let command = Command { caller: dev, intent: Intent::Withdraw { request } };
/// assert!(!engine.desk().execute(&command, Some(&key))?.replayed);
/// assert!(engine.desk().execute(&command, Some(&key))?.replayed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// This key.
    ///
    /// # Errors
    /// When it is empty, longer than 255 bytes, or holds anything but visible ASCII.
    pub fn new(key: &str) -> Result<Self, Invalid> {
        if key.is_empty() || key.len() > 255 || !key.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Invalid::new(
                "idempotency key",
                format!("is {}", Invalid::quote(key)),
                "1 to 255 visible ASCII characters",
            ));
        }
        Ok(Self(key.to_owned()))
    }
}

/// What a command was about, as it stands once the command is done.
///
/// ```
/// # use jit_access::{config::Config, service::Builder, store::MemoryStore};
/// # let config = Config::parse("jit_access: {approver_roles: [lead], roles: {deployer: {permissions: [tools.execute]}}}", [])?;
/// # let engine = Builder::new(MemoryStore::new(), config.rules).open()?;
/// # use jit_access::wire::command;
/// # let made = command::run(&engine.desk(), r#"{"command": "submit", "caller": {"principal": "dev@example.com"},
/// #     "role": "deployer", "duration_hours": 1, "reason": "INC-1234"}"#)?;
/// # let request: RequestId = made.get(7..43).unwrap_or_default().parse()?;
/// # let (dev, lead) = (Principal::user("dev@example.com")?, Principal::user("lead@example.com")?);
/// # let dev = Caller::new(dev, vec![]);
/// # let lead = Caller::new(lead, vec![RoleName::new("lead")?]);
/// # let approve = format!(r#"{{"command": "approve", "caller": {{"principal": "boss", "roles": ["lead"]}}, "request": "{request}"}}"#);
/// # command::run(&engine.desk(), &approve)?;
/// use jit_access::model::*;
/// use jit_access::service::Receipt;
///
/// let receipt: Receipt = engine.desk().request(&dev, request)?;
/// assert!(receipt.request.is_some() && receipt.grant.is_some() && !receipt.replayed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The request.
    pub request: Option<AccessRequest>,
    /// The grant.
    pub grant: Option<Grant>,
    /// The delegation.
    pub delegation: Option<Delegation>,
    /// The instant the command was decided at; statuses are judged by it.
    pub now: Timestamp,
    /// Whether an earlier call with the same idempotency key did it, and this one did nothing.
    pub replayed: bool,
    /// Whether a submission made no request: this grant of the caller gives already what was asked for.
    pub already: bool,
}

impl Receipt {
    fn new(view: View, now: Timestamp, already: bool) -> Self {
        let View { request, grant, delegation, .. } = view;
        Self { request, grant, delegation, now, replayed: false, already }
    }
}

/// A page of rows, newest first.
///
/// ```
/// # use jit_access::{config::Config, service::Builder, store::MemoryStore};
/// # let config = Config::parse("jit_access: {approver_roles: [lead], roles: {deployer: {permissions: [tools.execute]}}}", [])?;
/// # let engine = Builder::new(MemoryStore::new(), config.rules).open()?;
/// # use jit_access::wire::command;
/// # let made = command::run(&engine.desk(), r#"{"command": "submit", "caller": {"principal": "dev@example.com"},
/// #     "role": "deployer", "duration_hours": 1, "reason": "INC-1234"}"#)?;
/// # let request: RequestId = made.get(7..43).unwrap_or_default().parse()?;
/// # let (dev, lead) = (Principal::user("dev@example.com")?, Principal::user("lead@example.com")?);
/// # let dev = Caller::new(dev, vec![]);
/// # let lead = Caller::new(lead, vec![RoleName::new("lead")?]);
/// use jit_access::model::*;
///
/// let page = engine.desk().requests(&dev, Some(RequestStatus::Pending), None, 50)?;
/// assert_eq!((page.items.len(), page.next), (1, None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Listing<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page goes on, when there may be one.
    pub next: Option<Revision>,
    /// The instant that statuses are judged at.
    pub now: Timestamp,
}

/// A pure function of the workflow that says what follows from a command.
type How = fn(&View, &Command, &Rules, Timestamp) -> Result<Vec<Event>, Refusal>;

/// What a command was decided from, what follows from it, and when.
type Decided = (View, Vec<Event>, Timestamp);

/// How often a command is decided anew because others changed the state. Each round somebody got something done.
const ROUNDS: usize = 64;
/// How many of a principal's requests, and of their grants of each status, a command is decided from.
const PAST: usize = 100;
/// What a grant can be and still give something.
const LIVE: [GrantStatus; 3] = [GrantStatus::Scheduled, GrantStatus::Active, GrantStatus::Suspended];
/// The most rows on a page.
const MAX_PAGE: usize = 500;

impl Desk {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// A new id for a request.
    #[must_use]
    pub fn new_request_id(&self) -> RequestId {
        self.new_uuid().into()
    }

    /// A new id for a grant.
    #[must_use]
    pub fn new_grant_id(&self) -> GrantId {
        self.new_uuid().into()
    }

    /// A new id for a delegation.
    #[must_use]
    pub fn new_delegation_id(&self) -> DelegationId {
        self.new_uuid().into()
    }

    /// Sorted by time, for people; random enough that nobody guesses one. Without the counter that `Uuid::now_v7` keeps
    /// under a process-wide lock: a fork could leave that lock held for ever in the child.
    fn new_uuid(&self) -> Uuid {
        let millis = self.shared.time.now().millis().unsigned_abs();
        let nanos = u32::try_from(millis % 1_000 * 1_000_000).unwrap_or(0);
        Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, millis / 1_000, nanos))
    }

    /// Does what the command wants, or nothing.
    ///
    /// Once this has returned `Ok`, what it did is on disk, and every check of this process that starts from now on sees
    /// it. With a key, a second call with the same command does nothing and answers what the first one did.
    ///
    /// # Errors
    /// A refusal of the rules; [`Error::KeyReused`] when the key came with another command before; errors of the store.
    /// Then nothing has happened, except that after an error of the store a write may still turn out to have been made:
    /// ask again with the same key.
    pub fn execute(&self, command: &Command, key: Option<&IdempotencyKey>) -> Result<Receipt, Error> {
        let shared = &*self.shared;
        let fingerprint = fingerprint(&command.intent);
        for _ in 0..ROUNDS {
            if let Some(key) = key
                && let Some(done) = shared.store.done_under(&command.caller.principal, &key.0)?
            {
                return self.replay(&done, &command.intent, &fingerprint);
            }
            let (view, events, now) = self.decided(command, decide)?;
            let decided_from = view.revision;
            let outbox = messages(&view, &events, &shared.rules);
            let covered = || already_covered(&view, command, &shared.rules, now).map(|grant| grant.id);
            let already = if events.is_empty() { covered() } else { None };
            let after = match already {
                Some(grant) => shared.store.grant(grant)?,
                None => events.iter().fold(view, evolve),
            };
            let done = key.map(|key| {
                let done = Done {
                    fingerprint: fingerprint.clone(),
                    // A key that found a grant is told apart from one that made a request by this alone.
                    request: after.request.as_ref().map(|r| r.id).filter(|_| already.is_none()),
                    grant: after.grant.as_ref().map(|g| g.id),
                    delegation: after.delegation.as_ref().map(|d| d.id),
                };
                (command.caller.principal.clone(), key.0.clone(), done)
            });
            if events.is_empty() && done.is_none() {
                return Ok(Receipt::new(after, now, already.is_some()));
            }
            match shared.store.commit(&Batch { decided_from: Some(decided_from), events, outbox, done }) {
                Ok(records) => {
                    shared.publish(&records);
                    return Ok(Receipt::new(after, now, already.is_some()));
                }
                Err(StoreError::Conflict | StoreError::KeyTaken) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// Takes away every live grant that is selected, in one step; the caller's own are given back. Answers them as they
    /// are then. Once this has returned, it is on disk, and no check of this process that starts from now on honours any.
    ///
    /// # Errors
    /// [`RefusalCode::NotAnApprover`] without one of the general `approver_roles`; errors of the store, as for
    /// [`Desk::execute`].
    pub fn revoke_many(
        &self,
        caller: &Caller,
        select: Selector,
        reason: Justification,
    ) -> Result<Listing<Grant>, Error> {
        let command = Command { caller: caller.clone(), intent: Intent::RevokeMany { select, reason } };
        self.end_all(|| self.decided(&command, decide))
    }

    /// Takes down what the host says of a principal: whether they are let in, and which of its roles they hold by standing
    /// right. The live grants that they may not hold any more end in the same step; answers them as they are then. Once
    /// this has returned, it is on disk, and no check of this process that starts from now on honours any. Without a
    /// caller the host itself speaks.
    ///
    /// # Errors
    /// [`RefusalCode::NotAnApprover`] for callers without one of the general `approver_roles`,
    /// [`RefusalCode::OwnStanding`]; errors of the store, as for [`Desk::execute`].
    pub fn standing(
        &self,
        caller: Option<&Caller>,
        principal: &Principal,
        standing: &Standing,
    ) -> Result<Listing<Grant>, Error> {
        self.end_all(|| {
            let shared = &*self.shared;
            let revision = shared.store.head()?.revision;
            let now = shared.time.now();
            let history = History { live: shared.store.live_of(principal, now)?, ..History::default() };
            let mut view = View { revision, history, ..View::default() };
            self.add_standing(&mut view, caller.iter().flat_map(|caller| caller.identities()))?;
            view.standing.extend(shared.store.standing(principal)?.map(|known| (principal.clone(), known)));
            let events = report_standing(&view, caller, (principal, standing), &shared.rules, now)?;
            Ok((view, events, now))
        })
    }

    /// What [`Desk::execute`] would do, without doing it: the request as it would be made, with what it would newly permit,
    /// how risky that is, and who would be asked. Nobody is told, and nothing is written.
    ///
    /// # Errors
    /// As for [`Desk::execute`].
    pub fn preview(&self, command: &Command) -> Result<Receipt, Error> {
        let (view, events, now) = self.decided(command, preview)?;
        let after = events.iter().fold(view, evolve);
        Ok(Receipt::new(after, now, false))
    }

    /// A request that the caller may see, and the grant it led to, with the uses that are written down: whoever waits for an
    /// answer asks often, and must not wait for the disk each time. [`Desk::grant`] counts all.
    ///
    /// # Errors
    /// [`RefusalCode::UnknownRequest`]; errors of the store.
    pub fn request(&self, caller: &Caller, id: RequestId) -> Result<Receipt, Error> {
        let view = self.shared.store.request(id)?;
        let (rules, now) = (&self.shared.rules, self.shared.time.now());
        let seen = |request: &AccessRequest| -> Result<bool, Error> {
            // Who waits asks often, and needs no delegation for it.
            Ok(may_see_request(caller, request, &[], rules, now)?
                || may_see_request(caller, request, &self.delegations_to(&caller.principal, now)?, rules, now)?)
        };
        if !view.request.as_ref().map(seen).transpose()?.unwrap_or(false) {
            return Err(Refusal::new(RefusalCode::UnknownRequest, format!("there is no access request {id}")).into());
        }
        Ok(Receipt::new(view, now, false))
    }

    /// A grant that the caller may see, with every use counted that this process has answered, and the request it answers.
    ///
    /// # Errors
    /// [`RefusalCode::UnknownGrant`]; errors of the store.
    pub fn grant(&self, caller: &Caller, id: GrantId) -> Result<Receipt, Error> {
        self.shared.flush_uses()?;
        let view = self.shared.store.grant(id)?;
        let now = self.shared.time.now();
        let seen =
            view.grant.as_ref().map(|grant| may_see_grant(caller, grant, &self.shared.rules, now)).transpose()?;
        if seen != Some(true) {
            return Err(Refusal::new(RefusalCode::UnknownGrant, format!("there is no grant {id}")).into());
        }
        Ok(Receipt::new(view, now, false))
    }

    /// The requests that the caller may see.
    ///
    /// # Errors
    /// When the limit is not 1 to 500; errors of the store.
    pub fn requests(
        &self,
        caller: &Caller,
        status: Option<RequestStatus>,
        before: Option<Revision>,
        limit: usize,
    ) -> Result<Listing<AccessRequest>, Error> {
        let mut page = self.page(caller, status, before, limit)?;
        let rules = &self.shared.rules;
        let delegations = if matches!(page.visible, Visible::All) && !rules.policy.is_operators() {
            Vec::new()
        } else {
            self.delegations_to(&caller.principal, page.now)?
        };
        if let Visible::To(_, roles) = &mut page.visible {
            roles.extend(lent_roles(caller, &delegations, page.now).cloned());
        }
        let found = listing(self.shared.store.requests(&page)?, &page);
        self.seen(found, |request| may_see_request(caller, request, &delegations, rules, page.now))
    }

    /// The delegations that the caller may see: those by them and to them, and all for who sees everything.
    ///
    /// # Errors
    /// As for [`Desk::requests`].
    pub fn delegations(
        &self,
        caller: &Caller,
        status: Option<DelegationStatus>,
        before: Option<Revision>,
        limit: usize,
    ) -> Result<Listing<Delegation>, Error> {
        let page = self.page(caller, status, before, limit)?;
        let found = listing(self.shared.store.delegations(&page)?, &page);
        self.seen(found, |delegation| may_see_delegation(caller, delegation, &self.shared.rules, page.now))
    }

    /// The grants that the caller may see.
    ///
    /// # Errors
    /// As for [`Desk::requests`].
    pub fn grants(
        &self,
        caller: &Caller,
        status: Option<GrantStatus>,
        before: Option<Revision>,
        limit: usize,
    ) -> Result<Listing<Grant>, Error> {
        let page = self.page(caller, status, before, limit)?;
        self.shared.flush_uses()?;
        let found = listing(self.shared.store.grants(&page)?, &page);
        self.seen(found, |grant| may_see_grant(caller, grant, &self.shared.rules, page.now))
    }

    /// The grants that the caller may see, that nobody approved, and that nobody has reviewed yet, newest first.
    ///
    /// # Errors
    /// Errors of the store.
    pub fn unreviewed(&self, caller: &Caller) -> Result<Listing<Grant>, Error> {
        self.shared.flush_uses()?;
        let now = self.shared.time.now();
        let mut items = Vec::new();
        for grant in self.shared.store.unreviewed()? {
            if may_see_grant(caller, &grant, &self.shared.rules, now)? {
                items.push(grant);
            }
        }
        Ok(Listing { items, next: None, now })
    }

    /// The records of the journal after a revision, oldest first.
    ///
    /// # Errors
    /// [`RefusalCode::NotAnAuditor`]; when the limit is not 1 to 500; errors of the store.
    pub fn journal(&self, caller: &Caller, after: Revision, limit: usize) -> Result<Listing<Record>, Error> {
        may_audit(caller, &self.shared.rules, self.shared.time.now())?;
        check_limit(limit)?;
        self.shared.flush_uses()?;
        let (_, items) = self.shared.store.journal(after, limit)?;
        let next = items.last().filter(|_| items.len() == limit).map(|record| record.revision);
        Ok(Listing { items, next, now: self.shared.time.now() })
    }

    /// The grants in force or to come, for the host itself, and the revision this is true of.
    ///
    /// # Errors
    /// Errors of the store.
    pub fn live_grants(&self) -> Result<(Revision, Vec<Grant>, Timestamp), Error> {
        let now = self.shared.time.now();
        let (revision, grants) = self.shared.store.live_grants(now)?;
        Ok((revision, grants, now))
    }

    /// Checks the whole journal, and that the state is what it tells; answers how many records there are.
    ///
    /// # Errors
    /// [`StoreError::Broken`] with the first record that is not as it was sealed; other errors of the store.
    pub fn verify(&self) -> Result<u64, Error> {
        self.shared.flush_uses()?;
        Ok(self.shared.store.verify()?)
    }

    fn decided(&self, command: &Command, how: How) -> Result<Decided, Error> {
        let view = self.load(command)?;
        let now = self.shared.time.now();
        let events = how(&view, command, &self.shared.rules, now)?;
        #[cfg(feature = "cedar")]
        self.shared.policies.check(&events)?;
        Ok((view, events, now))
    }

    /// Commits what was decided about the live grants of the view, and answers those that ended by it.
    fn end_all(&self, decided: impl Fn() -> Result<Decided, Error>) -> Result<Listing<Grant>, Error> {
        let shared = &*self.shared;
        for _ in 0..ROUNDS {
            let (view, events, now) = decided()?;
            let batch = Batch { decided_from: Some(view.revision), events, ..Batch::default() };
            match if batch.events.is_empty() { Ok(Vec::new()) } else { shared.store.commit(&batch) } {
                Ok(records) => {
                    shared.publish(&records);
                    let items = ended(view.history.live, &batch.events);
                    return Ok(Listing { items, next: None, now });
                }
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// What the command is decided from. Standing is read after all else, so that it is as new as can be.
    fn load(&self, command: &Command) -> Result<View, Error> {
        let mut view = self.state_for(command)?;
        for who in command.caller.identities() {
            let standing = match self.standing_now(who) {
                // A host that cannot say who is disabled does not stand in the way of taking access away.
                Err(Error::Directory(_)) if command.intent.only_takes_away() => self.shared.store.standing(who)?,
                known => known?,
            };
            view.standing.extend(standing.map(|standing| (who.clone(), standing)));
        }
        Ok(view)
    }

    fn state_for(&self, command: &Command) -> Result<View, Error> {
        let store = &self.shared.store;
        match &command.intent {
            Intent::Submit { id: request, .. } | Intent::Answer { request, .. } => {
                // What is read after the head is at least as new as it, and a commit is conditional on the head.
                let revision = store.head()?.revision;
                let history = self.history(&command.caller.principal)?;
                let tally = self.tally(&command.caller.principal)?;
                Ok(View { revision, history, tally, ..store.request(*request)? })
            }
            Intent::Approve { request, .. } => {
                let revision = store.head()?.revision;
                let view = self.for_review(&command.caller, store.request(*request)?)?;
                let holder = view.request.as_ref().map(|request| &request.requester);
                let tally = holder.map(|holder| self.tally(holder)).transpose()?.unwrap_or_default();
                let extends = view.request.as_ref().and_then(|request| request.extends);
                let extended = extends.map(|extension| store.grant(extension.of)).transpose()?;
                let extended = extended.and_then(|view| view.grant);
                Ok(self.with_chain(View { revision, tally, extended, ..view })?)
            }
            Intent::Extend { grant, id, .. } => {
                let revision = store.head()?.revision;
                let (history, tally) =
                    (self.history(&command.caller.principal)?, self.tally(&command.caller.principal)?);
                let extended = store.grant(*grant)?.grant;
                Ok(self.with_chain(View { revision, history, tally, extended, ..store.request(*id)? })?)
            }
            Intent::Deny { request, .. } | Intent::Ask { request, .. } => {
                let revision = store.head()?.revision;
                let view = self.for_review(&command.caller, store.request(*request)?)?;
                Ok(View { revision, ..view })
            }
            Intent::Withdraw { request } => Ok(store.request(*request)?),
            Intent::Delegate { id, .. } => {
                let revision = store.head()?.revision;
                let delegations = self.delegations_to(&command.caller.principal, self.shared.time.now())?;
                Ok(View { revision, delegations, ..store.delegation(*id)? })
            }
            Intent::Undelegate { delegation } => Ok(store.delegation(*delegation)?),
            Intent::BreakGlass { id: request, .. } => {
                let revision = store.head()?.revision;
                let mine = |grant: &Grant| grant.holder == command.caller.principal;
                let unreviewed = store.unreviewed()?.into_iter().filter(mine).collect();
                let history = History { unreviewed, ..self.history(&command.caller.principal)? };
                Ok(View { revision, history, ..store.request(*request)? })
            }
            Intent::RevokeMany { .. } => {
                let (revision, live) = store.live_grants(self.shared.time.now())?;
                Ok(View { revision, history: History { live, ..History::default() }, ..View::default() })
            }
            Intent::Revoke { grant, .. }
            | Intent::Release { grant }
            | Intent::Suspend { grant, .. }
            | Intent::Resume { grant }
            | Intent::CompleteReview { grant, .. }
            | Intent::WaiveReview { grant, .. } => Ok(self.with_chain(store.grant(*grant)?)?),
        }
    }

    /// Puts what is known of these people now into the view.
    fn add_standing<'p>(&self, view: &mut View, people: impl IntoIterator<Item = &'p Principal>) -> Result<(), Error> {
        for who in people {
            view.standing.extend(self.standing_now(who)?.map(|standing| (who.clone(), standing)));
        }
        Ok(())
    }

    /// What the host says of somebody: now, where it can be asked, or else last.
    fn standing_now(&self, who: &Principal) -> Result<Option<Standing>, Error> {
        let Shared { directory, store, .. } = &*self.shared;
        let said = directory.as_ref().map(|directory| directory.standing(who)).transpose();
        match said.map_err(|error| Error::Directory(error.to_string()))?.flatten() {
            Some(standing) => Ok(Some(standing)),
            None => Ok(store.standing(who)?),
        }
    }

    /// The view with every extension in the chain of its grant. Read later than the view, which does no harm: a commit is
    /// conditional on the view's revision.
    fn with_chain(&self, view: View) -> Result<View, StoreError> {
        let first = view.extended.as_ref().or(view.grant.as_ref()).map(Grant::first);
        let extensions = first.map(|first| self.shared.store.extensions(first)).transpose()?.unwrap_or_default();
        Ok(View { extensions, ..view })
    }

    /// What the operator's limits are judged from.
    fn tally(&self, principal: &Principal) -> Result<Tally, StoreError> {
        let limits = &self.shared.rules.limits;
        if !limits.are_set() {
            return Ok(Tally::default());
        }
        self.shared.store.tally(principal, self.shared.time.now(), limits.requests_per_hour.unwrap_or(0))
    }

    /// The view with what decides whether the caller may review, and whether those who have reviewed still could.
    fn for_review(&self, caller: &Caller, mut view: View) -> Result<View, Error> {
        let now = self.shared.time.now();
        let mut people = BTreeSet::new();
        let mut delegates = BTreeSet::from([caller.principal.clone()]);
        for review in view.request.iter().flat_map(AccessRequest::approvals) {
            let Actor::Principal(reviewer) = &review.by else { continue };
            let capacity = &review.capacity;
            people.extend([reviewer, capacity.person(reviewer), capacity.authority(reviewer)].map(Clone::clone));
            if capacity.on_behalf_of.is_some() {
                delegates.insert(reviewer.clone());
            }
        }
        for delegate in &delegates {
            view.delegations.extend(self.delegations_to(delegate, now)?);
        }
        people.extend(view.delegations.iter().map(|delegation| delegation.delegator.clone()));
        if let Some(request) = &view.request {
            people.extend(std::iter::once(&request.requester).chain(&request.requester_acts_for).cloned());
        }
        self.add_standing(&mut view, &people)?;
        Ok(view)
    }

    /// The delegations in force by which this principal reviews in others' places.
    fn delegations_to(&self, delegate: &Principal, now: Timestamp) -> Result<Vec<Delegation>, StoreError> {
        let visible = Visible::To(delegate.clone(), Vec::new());
        let page = Page { visible, status: Some(DelegationStatus::Active), now, before: None, limit: usize::MAX };
        let found = self.shared.store.delegations(&page)?.into_iter().map(|(_, delegation)| delegation);
        Ok(found.filter(|delegation| delegation.delegate == *delegate).collect())
    }

    fn history(&self, principal: &Principal) -> Result<History, StoreError> {
        fn rows<T>(found: Vec<(Revision, T)>) -> impl Iterator<Item = T> {
            found.into_iter().map(|(_, row)| row)
        }
        let store = &self.shared.store;
        let now = self.shared.time.now();
        let visible = Visible::To(principal.clone(), Vec::new());
        let requests =
            store.requests(&Page { visible: visible.clone(), status: None, now, before: None, limit: PAST })?;
        let mut live = Vec::new();
        for status in LIVE {
            let page = Page { visible: visible.clone(), status: Some(status), now, before: None, limit: PAST };
            live.extend(rows(store.grants(&page)?));
        }
        Ok(History { requests: rows(requests).collect(), live, ..History::default() })
    }

    fn replay(&self, done: &Done, intent: &Intent, fingerprint: &str) -> Result<Receipt, Error> {
        if done.fingerprint != fingerprint {
            return Err(Error::KeyReused);
        }
        let already = matches!(intent, Intent::Submit { .. }) && done.request.is_none();
        let view = match (done.request, done.grant, done.delegation) {
            (Some(request), _, _) => self.shared.store.request(request)?,
            (None, Some(grant), _) => self.shared.store.grant(grant)?,
            (None, None, Some(delegation)) => self.shared.store.delegation(delegation)?,
            (None, None, None) => View::default(),
        };
        Ok(Receipt { replayed: true, ..Receipt::new(view, self.shared.time.now(), already) })
    }

    /// What of a page the caller may see. The store knows what the shipped policy shows; what an operator's own hides is taken
    /// out here, and the page is shorter by as much.
    fn seen<T>(
        &self,
        mut found: Listing<T>,
        may_see: impl Fn(&T) -> Result<bool, Refusal>,
    ) -> Result<Listing<T>, Error> {
        if self.shared.rules.policy.is_operators() {
            let seen: Vec<bool> = found.items.iter().map(may_see).collect::<Result<_, _>>()?;
            let mut seen = seen.into_iter();
            found.items.retain(|_| seen.next().unwrap_or(false));
        }
        Ok(found)
    }

    fn page<S>(
        &self,
        caller: &Caller,
        status: Option<S>,
        before: Option<Revision>,
        limit: usize,
    ) -> Result<Page<S>, Error> {
        check_limit(limit)?;
        let now = self.shared.time.now();
        let visible = if sees_everything(caller, &self.shared.rules, now)? {
            Visible::All
        } else {
            Visible::To(caller.principal.clone(), caller.roles.clone())
        };
        Ok(Page { visible, status, now, before, limit })
    }
}

fn check_limit(limit: usize) -> Result<(), Invalid> {
    if (1..=MAX_PAGE).contains(&limit) {
        return Ok(());
    }
    Err(Invalid::new("limit", format!("is {limit}"), format!("1 to {MAX_PAGE}")))
}

fn listing<T, S>(rows: Vec<(Revision, T)>, page: &Page<S>) -> Listing<T> {
    let next = rows.last().filter(|_| rows.len() == page.limit).map(|(created, _)| *created);
    Listing { items: rows.into_iter().map(|(_, row)| row).collect(), next, now: page.now }
}

/// Those of these grants that the events are about, after them.
fn ended(live: Vec<Grant>, events: &[Event]) -> Vec<Grant> {
    let of_grant = |event: &Event| match event.fact {
        Fact::GrantRevoked { grant, .. } | Fact::GrantReleased { grant } => Some(grant),
        _ => None,
    };
    let by_grant: HashMap<GrantId, &Event> =
        events.iter().filter_map(|event| Some((of_grant(event)?, event))).collect();
    let after = |grant: Grant| {
        let event = by_grant.get(&grant.id)?;
        evolve(View { grant: Some(grant), ..View::default() }, event).grant
    };
    live.into_iter().filter_map(after).collect()
}

/// A digest of what a command wants. The ids that were made for it are left out: a retry makes new ones.
fn fingerprint(intent: &Intent) -> String {
    let mut wanted = intent.clone();
    match &mut wanted {
        Intent::Submit { id, grant, .. } | Intent::BreakGlass { id, grant, .. } => {
            (*id, *grant) = (RequestId::from_u128(0), GrantId::from_u128(0))
        }
        Intent::Extend { id, next, .. } => (*id, *next) = (RequestId::from_u128(0), GrantId::from_u128(0)),
        Intent::Approve { grant, .. } => *grant = GrantId::from_u128(0),
        Intent::Delegate { id, .. } => *id = DelegationId::from_u128(0),
        Intent::Deny { .. }
        | Intent::Ask { .. }
        | Intent::Answer { .. }
        | Intent::Withdraw { .. }
        | Intent::Undelegate { .. }
        | Intent::Revoke { .. }
        | Intent::RevokeMany { .. }
        | Intent::Release { .. }
        | Intent::Suspend { .. }
        | Intent::Resume { .. }
        | Intent::CompleteReview { .. }
        | Intent::WaiveReview { .. } => {}
    }
    crate::journal::digest(&format!("{wanted:?}"))
}
