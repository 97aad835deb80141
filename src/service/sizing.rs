//! Which parts of a role were used, and which calls another grant would have allowed.
//!
//! Everything is read with limits, newest first, and outside of any write: a command never waits for it.

use std::collections::HashMap;

use super::shared::Shared;
use super::workflow::Workflow;
use crate::check::CHECK;
use crate::command::{AskReplay, CommandSpec, Definition, GetRightSize};
use crate::error::Error;
use crate::journal::Record;
use crate::model::{
    AccessRequest, Actor, Caller, EventKind, Fact, Grant, GrantId, Invalid, PermissionSet, Principal, PrincipalKind,
    RecordFilter, Refused, Revision, Role, RoleName, Scope, Timestamp,
};
use crate::sizing::{Calls, Candidate, Collector, Past, Replay, RestsOn, RightSize, replay};
use crate::store::{RecordQuery, RefusalPage, StoreError};
use crate::workflow::{Refusal, RefusalCode};

/// How many uses are read for a direct answer, and for one that is shown with a request.
const USES: usize = 50_000;
const USES_BESIDE: usize = 5_000;
/// How many rows of refused attempts.
const REFUSED: usize = 2_000;
/// How many grants that were made in the period.
const GRANTS: usize = 10_000;
const CHUNK: usize = 1_000;
const DAY: i64 = 24 * 3_600_000;
/// The length of the period in days when none is given.
const DAYS: i64 = 30;

/// A period: its first instant, and the first one after it.
#[derive(Debug, Clone, Copy)]
struct Period {
    from: Timestamp,
    until: Timestamp,
}

impl Period {
    fn of(from: Option<Timestamp>, until: Option<Timestamp>, now: Timestamp) -> Result<Self, Invalid> {
        // The end is the first instant after it, so that the current instant is included.
        let until = until.unwrap_or_else(|| moved(now, 1));
        let from = from.unwrap_or_else(|| moved(until, -DAYS * DAY));
        if from < until {
            return Ok(Self { from, until });
        }
        Err(Invalid::new("until", format!("is {until}"), format!("an instant after {from}")))
    }
}

fn moved(at: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_millis(at.millis().saturating_add(millis)).unwrap_or(at)
}

impl Workflow {
    /// Returns which parts of a role, of the roles of a person, or of all roles were granted and never used in a
    /// period, and which role of the catalogue would be enough.
    ///
    /// # Errors
    /// [`RefusalCode::NotAnAuditor`]; [`RefusalCode::UnknownRole`] when the role is not in the catalogue and had no
    /// grant in the period; when the period is empty; errors of the store.
    pub fn right_size(&self, caller: &Caller, get: &GetRightSize) -> Result<RightSize, Error> {
        let now = self.audited_at(caller, &GetRightSize::SPEC)?;
        let period = Period::of(get.from, get.until, now)?;
        let shared = &*self.shared;
        let filter = RecordFilter { role: get.role.clone(), person: get.person.clone(), ..RecordFilter::default() };
        let mut grants: HashMap<GrantId, Option<Grant>> = HashMap::new();
        let mut collector = Collector::default();
        let made = RecordFilter { event: Some("grant_created".parse()?), ..filter.clone() };
        shared.newest(made, period, GRANTS, |record| {
            if let Fact::GrantCreated(grant) = &record.event.fact {
                collector.granted(grant);
                grants.insert(grant.id, Some((**grant).clone()));
            }
            Ok(())
        })?;
        let mut uses = 0;
        let used = RecordFilter { event: Some("grant_used".parse()?), ..filter };
        let (since, is_all) = shared.newest(used, period, USES, |record| {
            let Fact::GrantUsed { grant: id, action, resource, used_at, .. } = &record.event.fact else {
                return Ok(());
            };
            if !grants.contains_key(id) {
                grants.insert(*id, shared.store.grant(*id)?.grant);
            }
            if let Some(Some(grant)) = grants.get(id) {
                uses += 1;
                collector.used(grant, action, resource, used_at.unwrap_or(record.event.at));
            }
            Ok(())
        })?;
        let rests_on = RestsOn { from: since, until: period.until.min(now.max(since)), uses, refused: 0, is_all };
        if let Some(role) = get.role.as_ref().filter(|_| grants.is_empty()) {
            // One that left the catalogue is known as long as there are grants of it.
            self.entry(role)?;
        }
        Ok(collector.finish(get.role.as_ref(), &shared.rules.catalogue, shared.rules.reserved(false), rests_on))
    }

    /// Returns what another grant would have decided for the recorded calls of this principal.
    ///
    /// # Errors
    /// [`RefusalCode::NotAnAuditor`]; [`RefusalCode::UnknownRole`] and [`RefusalCode::EmptyPart`] when the role gives
    /// none of this; when the period is empty; errors of the store.
    pub fn replay(&self, caller: &Caller, ask: &AskReplay) -> Result<Replay, Error> {
        let now = self.audited_at(caller, &AskReplay::SPEC)?;
        let period = Period::of(ask.from, ask.until, now)?;
        let candidate = self.candidate(&ask.role, ask.permissions.as_ref(), &ask.resource)?;
        let shared = &*self.shared;
        let (passed, since, is_all) = shared.passed(&ask.principal, ask.instead_of.as_ref(), period, USES)?;
        let (refused, is_whole) = shared.refused_calls(&ask.principal, period)?;
        let rests_on = RestsOn {
            from: since,
            until: period.until.min(now.max(since)),
            uses: passed.total(),
            refused: refused.total(),
            is_all: is_all && is_whole,
        };
        Ok(replay(candidate, &passed, &refused, rests_on))
    }

    /// What the past says about a request: which of its parts the requester used before, and how it would have decided
    /// their recorded calls. It reads some thousands of records at most, and is cached for half a minute.
    ///
    /// # Errors
    /// Errors of the store.
    pub fn past_of(&self, request: &AccessRequest) -> Result<Past, Error> {
        Ok(self.shared.past_of(request)?)
    }

    /// The role of the catalogue.
    fn entry(&self, role: &RoleName) -> Result<&Role, Refusal> {
        let message = || format!("there is no role {} in the catalogue", Invalid::quote(role.as_str()));
        self.shared.rules.catalogue.get(role).ok_or_else(|| Refusal::new(RefusalCode::UnknownRole, message()))
    }

    /// The grant that this role or part would give.
    fn candidate(&self, role: &RoleName, part: Option<&PermissionSet>, scope: &Scope) -> Result<Candidate, Error> {
        let rules = &self.shared.rules;
        let entry = self.entry(role)?;
        let nothing =
            || Refusal::new(RefusalCode::EmptyPart, format!("the role `{role}` gives none of these permissions"));
        let whole = entry.permissions.difference(rules.reserved(false));
        let permissions = match part {
            Some(part) => whole.and_then(|whole| whole.intersection(part)),
            None => whole,
        };
        let permissions = permissions.ok_or_else(nothing)?;
        Ok(Candidate { permissions, scope: scope.clone(), conditions: entry.conditions.clone() })
    }

    /// Now, for a caller who may read the journal. Every use that this process has answered is written first.
    fn audited_at(&self, caller: &Caller, spec: &CommandSpec) -> Result<Timestamp, Error> {
        let now = self.shared.time.now();
        self.shared.may_audit(caller, spec, now)?;
        self.shared.flush_uses()?;
        self.shared.flush_refusals()?;
        Ok(now)
    }
}

impl Shared {
    /// As [`Workflow::past_of`].
    pub(super) fn past_of(&self, request: &AccessRequest) -> Result<Past, StoreError> {
        let now = self.time.now();
        if let Some(past) = self.pasts.lock().get(request, now) {
            return Ok(past);
        }
        let until = moved(now, 1);
        let period = Period { from: moved(until, -DAYS * DAY), until };
        let who = &request.requester;
        let (passed, since, is_all) = self.passed(who, Some(&request.role), period, USES_BESIDE)?;
        let (refused, is_whole) = self.refused_calls(who, period)?;
        let rests_on = RestsOn {
            from: since,
            until: now.max(since),
            uses: passed.total(),
            refused: refused.total(),
            is_all: is_all && is_whole,
        };
        let past = Past::of(Candidate::of_request(request), (&passed, &refused), rests_on, &self.rules.catalogue);
        self.pasts.lock().keep(request, now, &past);
        Ok(past)
    }

    /// The calls of this principal that a grant of this role, or any grant, allowed; from which instant on, and whether
    /// the whole period was read.
    fn passed(
        &self,
        who: &Principal,
        role: Option<&RoleName>,
        period: Period,
        most: usize,
    ) -> Result<(Calls, Timestamp, bool), StoreError> {
        let mut calls = Calls::default();
        let is_agent = who.kind() == PrincipalKind::Agent;
        let filter = RecordFilter {
            person: Some(who.clone()).filter(|_| !is_agent),
            agent: Some(who.clone()).filter(|_| is_agent),
            role: role.cloned(),
            event: "grant_used".parse::<EventKind>().ok(),
            ..RecordFilter::default()
        };
        let by = Actor::Principal(who.clone());
        let (since, is_all) = self.newest(filter, period, most, |record| {
            if let Fact::GrantUsed { action, resource, used_at, .. } = &record.event.fact
                && record.event.by == by
            {
                calls.passed(action, resource, used_at.unwrap_or(record.event.at));
            }
            Ok(())
        })?;
        Ok((calls, since, is_all))
    }

    /// The recorded refused calls of this principal, and whether the whole period was read.
    fn refused_calls(&self, who: &Principal, period: Period) -> Result<(Calls, bool), StoreError> {
        let page = RefusalPage {
            principal: Some(who.clone()),
            attempt: Some(CHECK.to_owned()),
            limit: REFUSED,
            ..RefusalPage::default()
        };
        let rows = self.store.refusals(&page)?;
        let is_in = |one: &Refused| one.principal == *who && one.last_at >= period.from && one.first_at < period.until;
        let oldest_is_in = rows.last().is_some_and(|(_, one)| one.last_at >= period.from);
        let is_whole = rows.len() < REFUSED || !oldest_is_in;
        let mut calls = Calls::default();
        rows.iter().map(|(_, one)| one).filter(|one| is_in(one)).for_each(|one| calls.refused(one));
        Ok((calls, is_whole))
    }

    /// Calls `take` with the newest records of the period that match the filter, up to a limit. Returns from which
    /// instant on there are records, and whether these were all.
    fn newest(
        &self,
        filter: RecordFilter,
        period: Period,
        most: usize,
        mut take: impl FnMut(&Record) -> Result<(), StoreError>,
    ) -> Result<(Timestamp, bool), StoreError> {
        let filter = RecordFilter { from: Some(period.from), until: Some(period.until), ..filter };
        let mut query = RecordQuery { filter, newest_first: true, ..RecordQuery::after(Revision::ZERO, CHUNK) };
        let (mut read, mut oldest) = (0, period.until);
        loop {
            query.limit = CHUNK.min(most - read);
            let (_, records) = self.store.records(&query)?;
            for record in &records {
                take(record)?;
                oldest = record.event.at;
            }
            read += records.len();
            query.before = records.last().map(|record| record.revision);
            if records.len() < query.limit {
                break;
            }
            if read >= most {
                return Ok((oldest, false));
            }
        }
        // A journal that begins inside the period covers less of it.
        let (_, first) = self.store.records(&RecordQuery::after(Revision::ZERO, 1))?;
        let began = first.first().map_or(period.from, |first| first.event.at);
        Ok((period.from.max(began), true))
    }
}
