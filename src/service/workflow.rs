//! Reads requests, grants, delegations and records that a caller may see.

use std::sync::Arc;

use super::cursor::Cursors;
use super::filter::{is_wanted_grant, is_wanted_request};
use super::listing::{Listing, filled, one_more};
use super::receipt::Receipt;
use super::records;
use super::shared::Shared;
use crate::command::{
    Definition, ExportRecords, GetHead, GetStory, Limit, ListDelegations, ListGrants, ListRecords, ListRequests,
};
use crate::error::Error;
use crate::journal::{Broken, Record};
use crate::model::{
    AccessRequest, Caller, Checkpoint, Cursor, Delegation, Grant, GrantId, Invalid, RecordOrder, RequestId, Revision,
    Subject, Timestamp,
};
use crate::store::{
    ListedRequest, Page, Position, RecordQuery, Removed, StoreError, Verification, Verified, Verifying, Visible,
};
use crate::workflow::{
    Needs, Refusal, RefusalCode, Rules, Whose, lent_roles, may_see_delegation, may_see_grant, may_see_request,
    reassessed, sees_everything,
};

/// Runs the workflow: every method checks the caller's rights, and writes before it returns. Cheap to clone.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let world::World { engine, request, dev, lead } = world::requested()?;
/// use jit_access::command::{Approve, Release};
/// use jit_access::model::*;
///
/// let workflow = engine.workflow();
/// let refused = workflow.execute(&dev, Approve::new(request), None);
/// assert_eq!(refused.unwrap_err().code(), "self_approval");
/// let grant = workflow.execute(&lead, Approve::new(request), None)?.grant.ok_or("no grant")?;
/// workflow.execute(&dev, Release::new(grant.id), None)?;
/// assert_eq!(workflow.verify()?, 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Workflow {
    pub(super) shared: Arc<Shared>,
}

impl Workflow {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Returns a request that the caller may see, and its grant, with the uses that are written: a caller that polls
    /// must not wait for the disk each time. [`Workflow::grant`] counts all uses.
    ///
    /// # Errors
    /// [`RefusalCode::UnknownRequest`]; errors of the store.
    pub fn request(&self, caller: &Caller, id: RequestId) -> Result<Receipt, Error> {
        let mut view = self.shared.store.request(id)?;
        let (rules, now) = (&self.shared.rules, self.shared.time.now());
        let seen = |request: &AccessRequest| -> Result<bool, Error> {
            // Callers poll this, and the requester needs no delegation for it.
            Ok(may_see_request(caller, request, &[], rules, now)?
                || may_see_request(caller, request, &self.delegations_to(caller, now)?, rules, now)?)
        };
        let unknown = || Refusal::new(RefusalCode::UnknownRequest, format!("there is no access request {id}"));
        let request = view.request.as_mut().ok_or_else(unknown)?;
        if !seen(request)? {
            return Err(unknown().into());
        }
        judge_anew(request, rules, now);
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

    /// Lists the requests that the caller may see and that match the list, each with its grant, newest first. When few
    /// rows match, a page may be short and still have a next one.
    ///
    /// # Errors
    /// When the limit is not 1 to 500, or the cursor is of another list; errors of the store.
    pub fn requests(&self, caller: &Caller, list: &ListRequests) -> Result<Listing<ListedRequest>, Error> {
        let cursors = Cursors::of(&self.shared, caller, &list.clone().cursor(None).limit(Limit::default()).into())?;
        let mut page = self.page(caller, list.status, (&cursors, list.cursor), list.limit)?;
        let (rules, now) = (&*self.shared.rules, page.now);
        let delegations = if matches!(page.visible, Visible::All) && !rules.policy.is_custom() && !list.reviewable {
            Vec::new()
        } else {
            self.delegations_to(caller, now)?
        };
        if let Visible::To(_, roles) = &mut page.visible {
            roles.extend(lent_roles(caller, &delegations, now).cloned());
        }
        let everything = ListRequests::default().status(list.status).cursor(list.cursor).limit(list.limit);
        let all_pass = !rules.policy.is_custom() && *list == everything;
        let (mut items, next) = filled(
            &page,
            (list.limit.0, all_pass),
            |page| self.shared.store.requests(page),
            |one| {
                let is_wanted = is_wanted_request(list, one, caller, &delegations, rules, now);
                // The store knows what the shipped policy shows, and not what an operator's own hides.
                Ok::<_, Error>(is_wanted && may_see_request(caller, &one.request, &delegations, rules, now)?)
            },
        )?;
        items.iter_mut().for_each(|one| judge_anew(&mut one.request, rules, now));
        Ok(Listing { items, next: next.map(|before| cursors.seal(before)), now })
    }

    /// The instant that a decision made now would be made at.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.time.now()
    }

    /// Lists the delegations that the caller may see: those by them and to them, and all for a caller who sees
    /// everything.
    ///
    /// # Errors
    /// As for [`Workflow::requests`].
    pub fn delegations(&self, caller: &Caller, list: &ListDelegations) -> Result<Listing<Delegation>, Error> {
        let cursors = Cursors::of(&self.shared, caller, &list.clone().cursor(None).limit(Limit::default()).into())?;
        let page = self.page(caller, list.status, (&cursors, list.cursor), list.limit)?;
        let (rules, now) = (&*self.shared.rules, page.now);
        let (items, next) = filled(
            &page,
            (list.limit.0, !rules.policy.is_custom()),
            |page| self.shared.store.delegations(page),
            |one| may_see_delegation(caller, one, rules, now).map_err(Error::from),
        )?;
        Ok(Listing { items, next: next.map(|before| cursors.seal(before)), now })
    }

    /// Lists the grants that the caller may see and that match the list, newest first. When few rows match, a page may
    /// be short and still have a next one.
    ///
    /// # Errors
    /// As for [`Workflow::requests`].
    pub fn grants(&self, caller: &Caller, list: &ListGrants) -> Result<Listing<Grant>, Error> {
        let cursors = Cursors::of(&self.shared, caller, &list.clone().cursor(None).limit(Limit::default()).into())?;
        let page = self.page(caller, list.status, (&cursors, list.cursor), list.limit)?;
        self.shared.flush_uses()?;
        let (rules, now) = (&*self.shared.rules, page.now);
        let everything = ListGrants::default().status(list.status).cursor(list.cursor).limit(list.limit);
        let all_pass = !rules.policy.is_custom() && *list == everything;
        let (items, next) = filled(
            &page,
            (list.limit.0, all_pass),
            |page| self.shared.store.grants(page),
            |grant| {
                let is_wanted = is_wanted_grant(list, grant, caller, rules, now);
                Ok::<_, Error>(is_wanted && may_see_grant(caller, grant, rules, now)?)
            },
        )?;
        Ok(Listing { items, next: next.map(|before| cursors.seal(before)), now })
    }

    /// Lists the break-glass grants that the caller may see and that are not reviewed yet, newest first.
    ///
    /// # Errors
    /// Errors of the store.
    pub fn unreviewed(&self, caller: &Caller) -> Result<Listing<Grant>, Error> {
        self.shared.flush_uses()?;
        let now = self.shared.time.now();
        let mut items = Vec::new();
        let needs = Needs { unreviewed: Some(Whose::Everybody), ..Needs::default() };
        for grant in self.shared.store.view(&needs, now)?.history.unreviewed {
            if may_see_grant(caller, &grant, &self.shared.rules, now)? {
                items.push(grant);
            }
        }
        Ok(Listing { items, next: None, now })
    }

    /// The records of the journal that are wanted. A search for a text can answer fewer than the limit with a cursor all the same.
    ///
    /// # Errors
    /// [`RefusalCode::NotAnAuditor`]; when the limit is not 1 to 500; when the cursor is of another list or another filter; errors
    /// of the store.
    pub fn journal(&self, caller: &Caller, list: &ListRecords) -> Result<Listing<Record>, Error> {
        self.shared.may_audit(caller, &ListRecords::SPEC, self.shared.time.now())?;
        one_more(list.limit.0)?;
        let (name, place) = place(list, list.cursor)?;
        self.shared.flush_uses()?;
        let found = records::page(&*self.shared.store, &list.filter, list, place)?;
        let next = found.next.map(|last| Cursor::new(&name, last));
        Ok(Listing { items: found.records, next, now: self.shared.time.now() })
    }

    /// Returns up to a thousand matching records, oldest first; none when there are no more.
    ///
    /// # Errors
    /// [`RefusalCode::NotAnAuditor`]; errors of the store.
    pub fn export(&self, caller: &Caller, export: &ExportRecords) -> Result<Vec<Record>, Error> {
        self.shared.may_audit(caller, &ExportRecords::SPEC, self.shared.time.now())?;
        self.shared.flush_uses()?;
        let filter = export.filter.clone();
        let query = RecordQuery { filter, ..RecordQuery::after(export.after.unwrap_or_default(), 0) };
        Ok(records::all(&*self.shared.store, query, EXPORTED)?)
    }

    /// Which old records were removed, if any were.
    ///
    /// # Errors
    /// Errors of the store.
    pub fn removed(&self) -> Result<Option<Removed>, Error> {
        Ok(self.shared.store.head()?.removed)
    }

    /// The records from the first to the last, for a channel that exports the journal.
    pub(crate) fn between(&self, first: Revision, last: Revision) -> Result<Vec<Record>, StoreError> {
        let limit = usize::try_from(last.0.saturating_sub(first.0).saturating_add(1)).unwrap_or(usize::MAX);
        let after = Revision(first.0.saturating_sub(1));
        let query = RecordQuery { before: Some(last.next()), ..RecordQuery::after(after, limit) };
        self.shared.store.records(&query).map(|(_, records)| records)
    }

    /// The recorded state of a grant, for a caller who may read the whole journal.
    pub(crate) fn recorded_grant(&self, grant: GrantId) -> Result<Option<Grant>, Error> {
        Ok(self.shared.store.grant(grant)?.grant)
    }

    /// Everything that is on record about a grant that the caller may see: its request, its uses, its end, and the same of every
    /// other grant in its chain of extensions.
    ///
    /// # Errors
    /// [`RefusalCode::UnknownGrant`]; as for [`Workflow::journal`].
    pub fn story(&self, caller: &Caller, story: &GetStory) -> Result<Listing<Record>, Error> {
        one_more(story.limit.0)?;
        let (name, place) = place(story, story.cursor)?;
        let asked = self.grant(caller, story.grant)?;
        let now = asked.now;
        let first = asked.grant.as_ref().map_or(story.grant, Grant::first);
        let view = self.shared.store.view(&Needs { chain: true, ..Needs::grant(first) }, now)?;
        let chain = asked.grant.iter().chain(&view.grant).chain(&view.extensions);
        let mut about: Vec<_> =
            chain.flat_map(|grant| [Subject::Request(grant.request), Subject::Grant(grant.id)]).collect();
        about.sort_unstable();
        about.dedup();
        let newest_first = story.order == RecordOrder::Newest;
        let query = RecordQuery {
            about,
            before: place.filter(|_| newest_first),
            newest_first,
            ..RecordQuery::after(place.filter(|_| !newest_first).unwrap_or_default(), 0)
        };
        let found = records::read(&*self.shared.store, query, story.limit.0)?;
        let next = found.next.map(|last| Cursor::new(&name, last));
        Ok(Listing { items: found.records, next, now })
    }

    /// Returns the current and future grants, for the host itself, and their revision.
    ///
    /// # Errors
    /// Errors of the store.
    pub fn live_grants(&self) -> Result<(Revision, Vec<Grant>, Timestamp), Error> {
        let now = self.shared.time.now();
        let view = self.shared.store.view(&Needs { live: Some(Whose::Everybody), ..Needs::default() }, now)?;
        Ok((view.revision, view.history.live, now))
    }

    /// Verifies the whole journal, and that the state is its fold; returns the number of records.
    ///
    /// # Errors
    /// [`StoreError::Broken`] with the first record that is not as it was sealed; other errors of the store.
    pub fn verify(&self) -> Result<u64, Error> {
        self.shared.flush_uses()?;
        Ok(self.shared.store.verify().inspect_err(|error| self.note(error))?)
    }

    /// Like [`Workflow::verify`], from the given start, reporting progress.
    ///
    /// # Errors
    /// As for [`Workflow::verify`]; [`StoreError::Unavailable`] when `watch` ended it.
    pub fn verify_with(&self, wanted: &Verification, watch: &mut dyn Verifying) -> Result<Verified, Error> {
        self.shared.flush_uses()?;
        Ok(self.shared.store.verify_with(wanted, watch).inspect_err(|error| self.note(error))?)
    }

    fn note(&self, error: &StoreError) {
        if let StoreError::Broken(_) | StoreError::Corrupt(_) = error {
            self.shared.note_broken(&error.to_string());
        }
    }

    /// Like [`Workflow::verify`], after a record that was verified before; also checks that the journal contains the
    /// record of a head that was kept elsewhere.
    ///
    /// # Errors
    /// As for [`Workflow::verify`]; [`StoreError::Broken`] when that record is missing or another one.
    pub fn verify_against(
        &self,
        expected: Option<&Checkpoint>,
        after: Option<&Checkpoint>,
        watch: &mut dyn Verifying,
    ) -> Result<u64, Error> {
        let verified = self.verify_with(&Verification { after: after.cloned() }, watch)?;
        let gone = verified.head.removed.zip(expected).filter(|(gone, kept)| kept.revision < gone.last);
        if let Some((gone, kept)) = gone {
            let better = format!("a head of record {} or a later one; older ones were removed", gone.last);
            return Err(Invalid::new("expected", format!("is of record {}", kept.revision), better).into());
        }
        if let Some(kept) = expected {
            let Checkpoint { revision, .. } = *kept;
            let known = Position { lineage: verified.head.lineage, revision, hash: kept.hash().parse()? };
            self.shared.store.has_grown(&known).map_err(|error| match error {
                StoreError::Replaced(why) => {
                    let error = self.not_expected(revision, &why, kept);
                    self.note(&error);
                    error
                }
                other => other,
            })?;
        }
        Ok(verified.head.revision.0)
    }

    /// That the journal has not the record that was kept, with both hashes.
    fn not_expected(&self, revision: Revision, why: &str, kept: &Checkpoint) -> StoreError {
        let before = Revision(revision.0.saturating_sub(1));
        let there = match self.shared.store.records(&RecordQuery::after(before, 1)) {
            Ok((_, records)) => records.first().map(|record| format!("; it has the hash {}", record.hash)),
            Err(_) => None,
        };
        let problem =
            format!("{why}{}; the head that was kept has the hash {}", there.unwrap_or_default(), kept.hash());
        Broken { revision, problem }.into()
    }

    /// The head of the journal, to keep elsewhere, with every use that this process has answered.
    ///
    /// # Errors
    /// [`RefusalCode::NotAnAuditor`]; errors of the store.
    pub fn head(&self, caller: &Caller) -> Result<Checkpoint, Error> {
        self.shared.may_audit(caller, &GetHead::SPEC, self.shared.time.now())?;
        self.shared.flush_uses()?;
        let head = self.shared.store.head()?;
        Ok(Checkpoint::new(head.revision, &head.hash.to_string())?)
    }

    /// The delegations in force by which the caller reviews for others.
    fn delegations_to(&self, caller: &Caller, now: Timestamp) -> Result<Vec<Delegation>, StoreError> {
        let needs = Needs { delegations_to: Some(caller.principal.clone()), ..Needs::default() };
        Ok(self.shared.store.view(&needs, now)?.delegations)
    }

    fn page<S>(
        &self,
        caller: &Caller,
        status: Option<S>,
        (cursors, cursor): (&Cursors, Option<Cursor>),
        limit: Limit,
    ) -> Result<Page<S>, Error> {
        let limit = one_more(limit.0)?;
        let before = cursor.map(|cursor| cursors.open(cursor)).transpose()?;
        let now = self.shared.time.now();
        let visible = if sees_everything(caller, &self.shared.rules, now)? {
            Visible::All
        } else {
            Visible::To(caller.principal.clone(), caller.roles.clone())
        };
        Ok(Page { visible, status, now, before, limit })
    }
}

/// How many records are exported at a time.
const EXPORTED: usize = 1_000;

/// What the list is called, and where the page begins.
pub(super) fn place<L: Definition>(list: &L, cursor: Option<Cursor>) -> Result<(String, Option<Revision>), Invalid> {
    let name = list.list();
    let place = cursor.map(|cursor| cursor.place_in(&name)).transpose()?;
    Ok((name, place))
}

/// Updates the risk of a pending request whose start has passed: approvers must see what they approve.
fn judge_anew(request: &mut AccessRequest, rules: &Rules, now: Timestamp) {
    if let Some(assessment) = reassessed(request, rules, now) {
        request.assessment = assessment;
    }
}
