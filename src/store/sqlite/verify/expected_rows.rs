//! The rows that follow from the records read so far.
//!
//! A row is in memory from the first record about it to the last one, and is compared then. If there are more than some
//! thousands, some are dropped, and computed again from their own records when the next one comes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{Connection, params};

use super::super::connections::Connections;
use super::super::error::Fault;
use super::super::kept::Reader;
use super::super::retention::{self, last_about};
use super::super::rows::int;
use super::super::{about, standings};
use super::row::Row;
use super::{DOING, columns};
use crate::journal::VerifiedRecord;
use crate::model::{
    DelegationId, Event, Fact, GrantId, Principal, RequestId, Revision, RoleName, SharedTopics, Standing, Subject,
    Timestamp, Topic,
};
use crate::store::topics::{place_of, revision_of};
use crate::store::verification::tell;
use crate::store::{StoreError, Verifying};
use crate::workflow::{View, evolve};

/// How many rows are in memory at a time. Each has a few kilobytes.
const HELD: usize = 10_000;
/// How many rows are compared in one read.
const ROWS: i64 = 200;

#[derive(Debug, Clone)]
struct One {
    row: Box<Row>,
    /// The record that made it.
    born: Revision,
    /// The last record about it at the last query.
    last: Revision,
}

/// The required numbers of rows.
#[derive(Debug, Default)]
struct Counts {
    requests: usize,
    grants: usize,
    delegations: usize,
    request_approvers: usize,
    grant_approvers: usize,
    used: usize,
}

pub(super) struct ExpectedRows {
    rows: HashMap<Subject, One, foldhash::quality::RandomState>,
    /// The subjects of the records of this read.
    touched: BTreeSet<Subject>,
    standings: BTreeMap<Principal, Standing>,
    counts: Counts,
    /// The last record that is removed.
    removed: Revision,
}

impl ExpectedRows {
    /// For a journal whose records up to this one are removed.
    pub(super) fn without(removed: Revision) -> Self {
        Self {
            rows: HashMap::default(),
            touched: BTreeSet::new(),
            standings: BTreeMap::new(),
            counts: Counts::default(),
            removed,
        }
    }

    /// Applies a record to its row.
    pub(super) fn fold(
        &mut self,
        connection: &Connection,
        revision: Revision,
        whole: &VerifiedRecord,
    ) -> Result<(), Fault> {
        let subject = Subject::of(&whole.event);
        match &subject {
            Subject::Store => return Ok(()),
            Subject::Principal(who) => {
                let known = self.standings.remove(who).map(|known| (who.clone(), known));
                let view = View { standing: known.into_iter().collect(), ..View::default() };
                self.standings.extend(evolve(view, &at(whole)).standing);
                return Ok(());
            }
            _ => {}
        }
        if self.count_use(&subject, &whole.event.fact) {
            return Ok(());
        }
        if let Fact::GrantCreated(grant) = &whole.event.fact {
            // It is the last record about many requests.
            self.touched.insert(Subject::Request(grant.request));
            self.load(connection, &Subject::Request(grant.request), revision)?;
        }
        let is_first =
            matches!(whole.event.fact, Fact::RequestSubmitted(_) | Fact::GrantCreated(_) | Fact::RolesDelegated(_));
        if !is_first {
            self.load(connection, &subject, revision)?;
        }
        if !self.count_use(&subject, &whole.event.fact) {
            let before = self.rows.remove(&subject);
            let (born, last) = before.as_ref().map_or((revision, Revision::ZERO), |one| (one.born, one.last));
            let was_used = matches!(before.as_ref().map(|one| &*one.row), Some(Row::Grant(grant)) if grant.uses > 0);
            let is_new = before.is_none();
            let row = evolve_row(before.map(|one| *one.row), &at(whole));
            if let Some(row) = row {
                if is_new {
                    self.counts.add(&row);
                }
                self.counts.used += usize::from(!was_used && matches!(&row, Row::Grant(grant) if grant.uses > 0));
                self.rows.insert(subject.clone(), One { row: Box::new(row), born, last });
            }
        }
        self.touched.insert(subject);
        Ok(())
    }

    /// Counts a use of a grant in memory: applying it would copy the grant. Returns whether it is one.
    fn count_use(&mut self, subject: &Subject, fact: &Fact) -> bool {
        let Fact::GrantUsed { left: None, .. } = fact else { return false };
        let Some(One { row, .. }) = self.rows.get_mut(subject) else { return false };
        let Row::Grant(grant) = &mut **row else { return false };
        self.counts.used += usize::from(grant.uses == 0);
        grant.uses = grant.uses.saturating_add(1);
        if !self.touched.contains(subject) {
            self.touched.insert(subject.clone());
        }
        true
    }

    /// The topic of the records about this subject.
    pub(super) fn concerned(
        &self,
        connection: &Connection,
        subject: &Subject,
        reached: Revision,
    ) -> Result<SharedTopics, Fault> {
        if matches!(subject, Subject::Principal(_) | Subject::Store) {
            return Ok(SharedTopics::default());
        }
        let concerned = |row: &Row| match row {
            Row::Request(request) => SharedTopics::from(request),
            Row::Grant(grant) => SharedTopics::from(grant),
            Row::Delegation(delegation) => SharedTopics::from(delegation),
        };
        if let Some(one) = self.rows.get(subject) {
            return Ok(concerned(&one.row));
        }
        match rebuilt(connection, subject, reached.next())? {
            Some((row, _)) => Ok(concerned(&row)),
            // The record that made it may be removed. An ended row whose first record is removed is not compared.
            None if self.removed > Revision::ZERO => about::kept(connection, subject),
            None => Ok(SharedTopics::default()),
        }
    }

    /// Computes a row again that was dropped, or that is older than the verified records.
    fn load(&mut self, connection: &Connection, subject: &Subject, before: Revision) -> Result<(), Fault> {
        if self.rows.contains_key(subject) {
            return Ok(());
        }
        if let Some((row, born)) = rebuilt(connection, subject, before)? {
            self.rows.insert(subject.clone(), One { row: Box::new(row), born, last: Revision::ZERO });
        }
        Ok(())
    }

    /// Compares the rows without later records, and drops them.
    pub(super) fn compare(
        &mut self,
        connection: &Connection,
        reached: Revision,
        is_at_head: bool,
    ) -> Result<(), Fault> {
        for subject in std::mem::take(&mut self.touched) {
            let Some(one) = self.rows.get_mut(&subject) else { continue };
            if one.last <= reached {
                one.last = last_about(connection, subject.clone())?;
            }
            if one.last <= reached
                && let Some(one) = self.rows.remove(&subject)
            {
                columns::check(connection, &one.row, one.born)?;
            }
        }
        if is_at_head {
            for (_, one) in self.rows.drain() {
                columns::check(connection, &one.row, one.born)?;
            }
        }
        if self.rows.len() > HELD {
            let let_go: Vec<Subject> = self.rows.keys().take(HELD / 4).cloned().collect();
            for subject in let_go {
                self.rows.remove(&subject);
            }
        }
        Ok(())
    }

    pub(super) fn check_standings(&self, connection: &Connection, is_whole: bool) -> Result<(), Fault> {
        if is_whole {
            return standings::check(connection, &self.standings);
        }
        standings::check_each(connection, &self.standings)
    }

    /// Checks the numbers of rows, without ended rows whose first record is removed.
    pub(super) fn check_counts(&self, connection: &Connection, now: Timestamp) -> Result<(), Fault> {
        retention::check_in_force(connection, self.removed, now)?;
        let counts = &self.counts;
        let kept = |table: &str| -> Result<usize, Fault> {
            let sql = format!("SELECT count(*) FROM {table} WHERE created > ?");
            let count: i64 = connection.query_row(&sql, [int(self.removed)], |row| row.get(0))?;
            Ok(usize::try_from(count).unwrap_or(usize::MAX))
        };
        for (table, expected) in [
            ("requests", counts.requests),
            ("grants", counts.grants),
            ("delegations", counts.delegations),
            ("request_approvers", counts.request_approvers),
            ("grant_approvers", counts.grant_approvers),
            ("grant_uses", counts.used),
        ] {
            let rows = kept(table)?;
            if rows != expected {
                let what = format!("there are {rows} rows in {table}; by the journal there must be {expected}");
                return Err(Fault::corrupt(what));
            }
        }
        Ok(())
    }
}

impl Counts {
    fn add(&mut self, row: &Row) {
        let distinct = |roles: &[RoleName]| roles.iter().collect::<BTreeSet<_>>().len();
        match row {
            Row::Request(request) => {
                self.requests += 1;
                self.request_approvers += distinct(&request.approver_roles);
            }
            Row::Grant(grant) => {
                self.grants += 1;
                self.grant_approvers += distinct(&grant.approver_roles);
            }
            Row::Delegation(_) => self.delegations += 1,
        }
    }
}

/// A use that equals an earlier one differs only in its instant.
fn at(whole: &VerifiedRecord) -> Event {
    Event { at: whole.at, ..(*whole.event).clone() }
}

fn evolve_row(row: Option<Row>, event: &Event) -> Option<Row> {
    let view = match row {
        None => View::default(),
        Some(Row::Request(request)) => View { request: Some(request), ..View::default() },
        Some(Row::Grant(grant)) => View { grant: Some(grant), ..View::default() },
        Some(Row::Delegation(delegation)) => View { delegation: Some(delegation), ..View::default() },
    };
    let view = evolve(view, event);
    match Subject::of(event) {
        Subject::Request(_) => view.request.map(Row::Request),
        Subject::Grant(_) => view.grant.map(Row::Grant),
        Subject::Delegation(_) => view.delegation.map(Row::Delegation),
        Subject::Principal(_) | Subject::Store => None,
    }
}

/// A row, and the record that made it, from the records about it before this one.
fn rebuilt(connection: &Connection, subject: &Subject, before: Revision) -> Result<Option<(Row, Revision)>, Fault> {
    let Some(key) = about::key(connection, &Topic::Subject(subject.clone()))? else { return Ok(None) };
    let mut sets = connection
        .prepare_cached("SELECT block, bits FROM record_topics WHERE topic = ? AND block <= ? ORDER BY block")?;
    let mut sets = sets.query(params![key, place_of(before).0.cast_signed()])?;
    let mut reader = Reader::new(connection)?;
    let (mut row, mut born, mut uses) = (None, Revision::ZERO, 0_u64);
    while let Some(found) = sets.next()? {
        let (block, bits) = about::set(found)?;
        for revision in bits.places().map(|place| revision_of(block, place)).take_while(|at| *at < before) {
            let Some(record) = reader.change(revision)? else {
                uses += 1;
                continue;
            };
            if Subject::of(&record.event) == *subject {
                if row.is_none() {
                    born = record.revision;
                }
                row = evolve_row(row, &record.event);
            }
        }
    }
    if let Some(Row::Grant(grant)) = &mut row {
        grant.uses = grant.uses.saturating_add(uses);
    }
    Ok(row.map(|row| (row, born)))
}

/// Compares every row that is in force or can come into force, independent of its last record.
pub(super) fn check_in_force(
    connections: &Connections,
    reached: Revision,
    watch: &mut dyn Verifying,
) -> Result<(), StoreError> {
    const IN_FORCE: [(&str, &str); 3] = [
        ("requests", "state IN ('pending', 'needs_info')"),
        ("grants", "state IN ('open', 'suspended')"),
        ("delegations", "ended = 0"),
    ];
    for (table, which) in IN_FORCE {
        let mut after = 0;
        loop {
            let next = connections.read(DOING, |c| {
                let sql =
                    format!("SELECT created, id FROM {table} WHERE {which} AND created > ? ORDER BY created LIMIT ?");
                let mut statement = c.prepare_cached(&sql)?;
                let mut found = statement.query(params![after, ROWS])?;
                let mut last = None;
                while let Some(row) = found.next()? {
                    let (created, id): (i64, [u8; 16]) = (row.get(0)?, row.get(1)?);
                    check_one(c, table, created, id)?;
                    last = Some(created);
                }
                Ok(last)
            })?;
            tell(watch, reached, reached)?;
            match next {
                Some(last) => after = last,
                None => break,
            }
        }
    }
    Ok(())
}

fn check_one(connection: &Connection, table: &str, created: i64, id: [u8; 16]) -> Result<(), Fault> {
    let id = u128::from_be_bytes(id);
    let subject = match table {
        "requests" => Subject::Request(RequestId::from_u128(id)),
        "grants" => Subject::Grant(GrantId::from_u128(id)),
        _ => Subject::Delegation(DelegationId::from_u128(id)),
    };
    match rebuilt(connection, &subject, Revision(u64::MAX >> 1))? {
        Some((row, born)) => columns::check(connection, &row, born),
        None => {
            Err(Fault::corrupt(format!("a row in {table}, made by record {created}, does not follow from the journal")))
        }
    }
}
