//! Ask, approve, end, look up.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use uuid::Uuid;

use super::Known;
use super::engine::Shared;
use super::fingerprint::fingerprint;
use crate::command::{
    AnswerKind, Ask, Command, CompleteReview, Deny, ListDelegations, ListGrants, ListRecords, ListRequests, Release,
    Resume, Revoke, Suspend, WaiveReview,
};
use crate::error::Error;
use crate::journal::Record;
use crate::model::{
    AccessRequest, Actor, Caller, Delegation, DelegationStatus, Event, Fact, Grant, GrantId, GrantStatus, Invalid,
    Principal, RequestId, Revision, Standing, Timestamp,
};
use crate::notify::messages;
use crate::store::{Batch, Done, Page, StoreError, Visible};
use crate::workflow::{
    Call, History, Ids, Refusal, RefusalCode, Rules, Tally, View, already_covered, decide, evolve, lent_roles,
    may_audit, may_see_delegation, may_see_grant, may_see_request, preview, sees_everything,
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
/// use jit_access::command::{Approve, Release};
/// use jit_access::model::*;
///
/// let desk = engine.desk();
/// let refused = desk.execute(&dev, Approve::new(request), None);
/// assert_eq!(refused.unwrap_err().code(), "self_approval");
/// let grant = desk.execute(&lead, Approve::new(request), None)?.grant.ok_or("no grant")?;
/// desk.execute(&dev, Release::new(grant.id), None)?;
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
/// use jit_access::command::Withdraw;
/// use jit_access::model::*;
/// use jit_access::service::IdempotencyKey;
///
/// let key = IdempotencyKey::new("withdraw-1")?;
/// assert!(!engine.desk().execute(&dev, Withdraw::new(request), Some(&key))?.replayed);
/// assert!(engine.desk().execute(&dev, Withdraw::new(request), Some(&key))?.replayed);
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
    /// Every grant that ended by a command which ends many.
    pub ended: Vec<Grant>,
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
        Self { request, grant, delegation, ended: Vec::new(), now, replayed: false, already }
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
/// use jit_access::command::ListRequests;
///
/// let page = engine.desk().requests(&dev, &ListRequests::default().status(RequestStatus::Pending))?;
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
type How = fn(&View, &Call<'_>, &Rules, Timestamp) -> Result<Vec<Event>, Refusal>;

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

    /// The ids of what a command may make.
    fn new_ids(&self) -> Ids {
        let (request, grant, delegation) = (self.new_uuid(), self.new_uuid(), self.new_uuid());
        Ids { request: request.into(), grant: grant.into(), delegation: delegation.into() }
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
    /// it. A second call with the same command and key does nothing: it answers with the current state of what the first
    /// call did, marked `replayed`.
    ///
    /// # Errors
    /// A refusal of the rules; [`Error::KeyReused`] when the key came with another command before; errors of the store.
    /// Then nothing has happened, except that after an error of the store a write may still turn out to have been made:
    /// call again with the same key.
    pub fn execute(
        &self,
        caller: &Caller,
        command: impl Into<Command>,
        key: Option<&IdempotencyKey>,
    ) -> Result<Receipt, Error> {
        let command = &command.into();
        self.run(&Call { caller: Some(caller), command, ids: self.new_ids() }, key)
    }

    /// Like [`Desk::execute`], for the host itself, which no caller stands for. It may report the standing of principals.
    ///
    /// # Errors
    /// As for [`Desk::execute`].
    pub fn execute_for_host(&self, command: impl Into<Command>) -> Result<Receipt, Error> {
        let command = &command.into();
        self.run(&Call { caller: None, command, ids: self.new_ids() }, None)
    }

    fn run(&self, call: &Call<'_>, key: Option<&IdempotencyKey>) -> Result<Receipt, Error> {
        let shared = &*self.shared;
        let key = call.caller.zip(key).map(|(caller, key)| (&caller.principal, &key.0));
        let fingerprint = key.map(|_| fingerprint(call.caller, call.command)).transpose()?.unwrap_or_default();
        for _ in 0..ROUNDS {
            if let Some((principal, key)) = key
                && let Some(done) = shared.store.done_under(principal, key)?
            {
                return self.replay(&done, call.command, &fingerprint);
            }
            let (view, events, now) = self.decided(call, decide)?;
            let decided_from = view.revision;
            let outbox = messages(&view, &events, &shared.rules);
            let covered = || already_covered(&view, call, &shared.rules, now).map(|grant| grant.id);
            let already = if events.is_empty() { covered() } else { None };
            let ended = match call.command.spec().answer {
                AnswerKind::Ended => ended(&view.history.live, &events),
                _ => Vec::new(),
            };
            let after = match already {
                Some(grant) => shared.store.grant(grant)?,
                None => events.iter().fold(view, evolve),
            };
            let done = key.map(|(principal, key)| {
                let done = Done {
                    fingerprint: fingerprint.clone(),
                    // A key that found a grant is told apart from one that made a request by this alone.
                    request: after.request.as_ref().map(|r| r.id).filter(|_| already.is_none()),
                    grant: after.grant.as_ref().map(|g| g.id),
                    delegation: after.delegation.as_ref().map(|d| d.id),
                };
                (principal.clone(), key.clone(), done)
            });
            let receipt = Receipt { ended, ..Receipt::new(after, now, already.is_some()) };
            if events.is_empty() && done.is_none() {
                return Ok(receipt);
            }
            match shared.store.commit(&Batch { decided_from: Some(decided_from), events, outbox, done }) {
                Ok(records) => {
                    shared.publish(&records);
                    return Ok(receipt);
                }
                Err(StoreError::Conflict | StoreError::KeyTaken) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// What [`Desk::execute`] would do, without doing it: the request as it would be made, with what it would newly permit,
    /// how risky that is, and who would review it. Nobody is notified, and nothing is written.
    ///
    /// # Errors
    /// As for [`Desk::execute`].
    pub fn preview(&self, caller: &Caller, command: impl Into<Command>) -> Result<Receipt, Error> {
        let call = Call { caller: Some(caller), command: &command.into(), ids: self.new_ids() };
        let (view, events, now) = self.decided(&call, preview)?;
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
    pub fn requests(&self, caller: &Caller, list: &ListRequests) -> Result<Listing<AccessRequest>, Error> {
        let mut page = self.page(caller, list.status, list.cursor, list.limit.0)?;
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
    pub fn delegations(&self, caller: &Caller, list: &ListDelegations) -> Result<Listing<Delegation>, Error> {
        let page = self.page(caller, list.status, list.cursor, list.limit.0)?;
        let found = listing(self.shared.store.delegations(&page)?, &page);
        self.seen(found, |delegation| may_see_delegation(caller, delegation, &self.shared.rules, page.now))
    }

    /// The grants that the caller may see.
    ///
    /// # Errors
    /// As for [`Desk::requests`].
    pub fn grants(&self, caller: &Caller, list: &ListGrants) -> Result<Listing<Grant>, Error> {
        let page = self.page(caller, list.status, list.cursor, list.limit.0)?;
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
    pub fn journal(&self, caller: &Caller, list: &ListRecords) -> Result<Listing<Record>, Error> {
        let (after, limit) = (list.cursor.unwrap_or_default(), list.limit.0);
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

    fn decided(&self, call: &Call<'_>, how: How) -> Result<Decided, Error> {
        if let (Some(schema), Some(resource)) = (&self.shared.rules.schema, call.command.resource()) {
            schema.check(resource)?;
        }
        let view = self.load(call)?;
        let now = self.shared.time.now();
        let events = how(&view, call, &self.shared.rules, now)?;
        #[cfg(feature = "cedar")]
        self.shared.policies.check(&events)?;
        Ok((view, events, now))
    }

    /// What the command is decided from. Standing is read after all else, so that it is as new as can be.
    fn load(&self, call: &Call<'_>) -> Result<View, Error> {
        let mut view = self.state_for(call)?;
        for who in call.caller.iter().flat_map(|caller| caller.identities()) {
            let standing = match self.standing_now(who, first_deed(&view, who)) {
                // A directory that cannot answer does not stand in the way of taking access away.
                Err(Error::Directory(_)) if call.command.only_takes_away() => self.shared.store.standing(who)?,
                known => known?,
            };
            view.standing.extend(standing.map(|standing| (who.clone(), standing)));
        }
        if let Command::ReportStanding(report) = call.command {
            // What was reported last, whatever the directory says now: that is what a new report is compared with.
            let known = self.shared.store.standing(&report.principal)?;
            view.standing.extend(known.map(|known| (report.principal.clone(), known)));
        }
        Ok(view)
    }

    fn state_for(&self, call: &Call<'_>) -> Result<View, Error> {
        let store = &self.shared.store;
        // What is read after the head is at least as new as it, and a commit is conditional on the head.
        let head = || Ok::<_, StoreError>(View { revision: store.head()?.revision, ..View::default() });
        let Some(caller) = call.caller else {
            return match call.command {
                Command::ReportStanding(report) => {
                    let view = head()?;
                    let live = store.live_of(&report.principal, self.shared.time.now())?;
                    Ok(View { history: History { live, ..History::default() }, ..view })
                }
                _ => Ok(head()?),
            };
        };
        let mine = || -> Result<View, StoreError> {
            let view = head()?;
            let history = self.history(&caller.principal)?;
            let tally = self.tally(&caller.principal)?;
            Ok(View { history, tally, ..view })
        };
        match call.command {
            Command::Submit(_) => Ok(mine()?),
            Command::Answer(answer) => {
                let View { revision, history, tally, .. } = mine()?;
                Ok(View { revision, history, tally, ..store.request(answer.request)? })
            }
            Command::Approve(approve) => {
                let revision = store.head()?.revision;
                let view = self.for_review(caller, store.request(approve.request)?)?;
                let holder = view.request.as_ref().map(|request| &request.requester);
                let tally = holder.map(|holder| self.tally(holder)).transpose()?.unwrap_or_default();
                let extends = view.request.as_ref().and_then(|request| request.extends);
                let extended = extends.map(|extension| store.grant(extension.of)).transpose()?;
                let extended = extended.and_then(|view| view.grant);
                Ok(self.with_chain(View { revision, tally, extended, ..view })?)
            }
            Command::Extend(extend) => {
                let view = mine()?;
                let extended = store.grant(extend.grant)?.grant;
                Ok(self.with_chain(View { extended, ..view })?)
            }
            Command::Deny(Deny { request, .. }) | Command::Ask(Ask { request, .. }) => {
                let revision = store.head()?.revision;
                let view = self.for_review(caller, store.request(*request)?)?;
                Ok(View { revision, ..view })
            }
            Command::Withdraw(withdraw) => Ok(store.request(withdraw.request)?),
            Command::Delegate(_) => {
                let view = head()?;
                let delegations = self.delegations_to(&caller.principal, self.shared.time.now())?;
                Ok(View { delegations, ..view })
            }
            Command::Undelegate(undelegate) => Ok(store.delegation(undelegate.delegation)?),
            Command::BreakGlass(_) => {
                let view = head()?;
                let mine = |grant: &Grant| grant.holder == caller.principal;
                let unreviewed = store.unreviewed()?.into_iter().filter(mine).collect();
                let history = History { unreviewed, ..self.history(&caller.principal)? };
                Ok(View { history, ..view })
            }
            Command::RevokeMany(_) => {
                let (revision, live) = store.live_grants(self.shared.time.now())?;
                Ok(View { revision, history: History { live, ..History::default() }, ..View::default() })
            }
            Command::ReportStanding(report) => {
                let view = head()?;
                let live = store.live_of(&report.principal, self.shared.time.now())?;
                Ok(View { history: History { live, ..History::default() }, ..view })
            }
            Command::Revoke(Revoke { grant, .. })
            | Command::Release(Release { grant, .. })
            | Command::Suspend(Suspend { grant, .. })
            | Command::Resume(Resume { grant, .. })
            | Command::CompleteReview(CompleteReview { grant, .. })
            | Command::WaiveReview(WaiveReview { grant, .. }) => Ok(self.with_chain(store.grant(*grant)?)?),
        }
    }

    /// Puts what is known of these people now into the view.
    fn add_standing<'p>(&self, view: &mut View, people: impl IntoIterator<Item = &'p Principal>) -> Result<(), Error> {
        for who in people {
            let standing = self.standing_now(who, first_deed(view, who))?;
            view.standing.extend(standing.map(|standing| (who.clone(), standing)));
        }
        Ok(())
    }

    /// What the host says of somebody who did something at `done`: now, where it can be asked, or else last.
    fn standing_now(&self, who: &Principal, done: Option<Timestamp>) -> Result<Option<Standing>, Error> {
        match self.known(who)?.standing_for(done) {
            Some(standing) => Ok(Some(standing)),
            None => Ok(self.shared.store.standing(who)?),
        }
    }

    fn known(&self, who: &Principal) -> Result<Known, Error> {
        let said = self.shared.directory.as_ref().map(|directory| directory.standing(who)).transpose();
        Ok(said.map_err(|error| Error::Directory(error.to_string()))?.unwrap_or(Known::NotJudged))
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
            let lent = self.delegations_to(delegate, now)?;
            // What was lent to an earlier account of this name was not lent to this one.
            let known = if lent.is_empty() { Known::NotJudged } else { self.known(delegate)? };
            view.delegations.extend(lent.into_iter().filter(|one| !known.is_younger_than(one.created_at)));
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

    fn replay(&self, done: &Done, command: &Command, fingerprint: &str) -> Result<Receipt, Error> {
        if done.fingerprint != fingerprint {
            return Err(Error::KeyReused);
        }
        let already = matches!(command, Command::Submit(_)) && done.request.is_none();
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

/// When somebody did the first thing that the view tells of and that still has an effect: asked, approved, lent roles.
fn first_deed(view: &View, who: &Principal) -> Option<Timestamp> {
    let asked = view.request.iter().filter(|request| request.identities().any(|one| one == who));
    let approved = view.request.iter().flat_map(AccessRequest::approvals).filter(|review| match &review.by {
        Actor::Principal(by) => [by, review.capacity.person(by), review.capacity.authority(by)].contains(&who),
        _ => false,
    });
    let lent = view.delegations.iter().chain(&view.delegation).filter(|one| one.delegator == *who);
    let held = view.grant.iter().chain(&view.extended).filter(|grant| grant.is_of(who));
    let asked = asked.map(|request| request.created_at).chain(approved.map(|review| review.at));
    asked.chain(lent.map(|one| one.created_at)).chain(held.map(|grant| grant.approved_at)).min()
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

/// Those of these grants that the events end, after them.
fn ended(live: &[Grant], events: &[Event]) -> Vec<Grant> {
    let of_grant = |event: &Event| match event.fact {
        Fact::GrantRevoked { grant, .. } | Fact::GrantReleased { grant } => Some(grant),
        _ => None,
    };
    let by_grant: HashMap<GrantId, &Event> =
        events.iter().filter_map(|event| Some((of_grant(event)?, event))).collect();
    let after = |grant: &Grant| {
        let event = by_grant.get(&grant.id)?;
        evolve(View { grant: Some(grant.clone()), ..View::default() }, event).grant
    };
    live.iter().filter_map(after).collect()
}
