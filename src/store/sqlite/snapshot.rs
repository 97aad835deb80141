//! How a view is built in one transaction.

use rusqlite::{Connection, params};

use std::collections::BTreeSet;

use super::error::Fault;
use super::read::{self, int_of};
use super::{journal, rows, standings, tally};
use crate::journal::Record;
use crate::model::{
    AccessRequest, Delegation, DelegationId, Grant, GrantId, Principal, RequestId, Revision, Standing, Timestamp,
};
use crate::store::answer::{Lookup, answer};
use crate::store::{Done, Head, Reads, RecordQuery, StoreError};
use crate::workflow::{Needs, Tally, View, Whose};

/// Everything that `needs` describes.
pub(super) fn view(connection: &Connection, needs: &Needs, now: Timestamp) -> Result<View, Fault> {
    answer(&Snapshot(connection), needs, now)
}

/// Views with an effect of time that is due and not recorded yet, longest due first.
pub(super) fn due(connection: &Connection, now: Timestamp, limit: usize) -> Result<Vec<View>, Fault> {
    let mut statement = connection.prepare_cached(read::DUE)?;
    let mut found = statement.query(params![now.millis(), int_of(limit)])?;
    let mut views = Vec::new();
    while let Some(row) = found.next()? {
        let id: [u8; 16] = row.get(2)?;
        views.push(match row.get(1)? {
            0 => view(connection, &Needs::request(rows::request_id(id)), now)?,
            _ => view(connection, &Needs::grant(rows::grant_id(id)), now)?,
        });
    }
    Ok(views)
}

/// The single reads of views, in one transaction.
struct Snapshot<'a>(&'a Connection);

impl Lookup for Snapshot<'_> {
    type Error = Fault;

    fn revision(&self) -> Result<Revision, Fault> {
        Ok(read::head(self.0)?.revision)
    }

    fn request(&self, id: RequestId) -> Result<Option<AccessRequest>, Fault> {
        Ok(read::request_by_id(self.0, id)?.map(|(_, request)| request))
    }

    fn grant(&self, id: GrantId) -> Result<Option<Grant>, Fault> {
        Ok(read::grant_by_id(self.0, id)?.map(|(_, grant)| grant))
    }

    fn grant_of(&self, request: RequestId) -> Result<Option<Grant>, Fault> {
        read::grant_of(self.0, request)
    }

    fn delegation(&self, id: DelegationId) -> Result<Option<Delegation>, Fault> {
        read::delegation_by_id(self.0, id)
    }

    fn extensions(&self, first: GrantId) -> Result<Vec<Grant>, Fault> {
        read::extensions(self.0, first)
    }

    fn requests_of(&self, person: &Principal, limit: usize) -> Result<Vec<AccessRequest>, Fault> {
        read::requests_of(self.0, person, limit)
    }

    fn live(&self, whose: &Whose, now: Timestamp) -> Result<Vec<Grant>, Fault> {
        match whose {
            Whose::Everybody => read::live_grants(self.0, now),
            Whose::Of(who) => read::live_of(self.0, who, now),
        }
    }

    fn extending(&self, chains: &BTreeSet<GrantId>) -> Result<Vec<AccessRequest>, Fault> {
        read::extending(self.0, chains)
    }

    fn unsettled(&self) -> Result<Vec<Grant>, Fault> {
        read::unsettled(self.0)
    }

    fn tally(&self, person: &Principal, nth: u64, now: Timestamp) -> Result<Tally, Fault> {
        tally::tally(self.0, person, now, nth)
    }

    fn delegations_to(&self, delegate: &Principal, now: Timestamp) -> Result<Vec<Delegation>, Fault> {
        read::delegations_to(self.0, delegate, now)
    }

    fn standing(&self, who: &Principal) -> Result<Option<Standing>, Fault> {
        standings::read(self.0, who)
    }
}

/// The reads of a transaction that holds the write lock.
#[derive(Debug)]
pub(super) struct Exclusive<'a>(pub(super) &'a Connection);

impl Reads for Exclusive<'_> {
    fn view(&self, needs: &Needs, now: Timestamp) -> Result<View, StoreError> {
        view(self.0, needs, now).map_err(|fault| fault.into_error("reading what a command is decided from"))
    }

    fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<View>, StoreError> {
        due(self.0, now, limit).map_err(|fault| fault.into_error("reading what is due"))
    }

    fn done_under(&self, caller: &Principal, key: &str) -> Result<Option<Done>, StoreError> {
        read::done_under(self.0, caller, key).map_err(|fault| fault.into_error("reading an idempotency key"))
    }

    fn records(&self, query: &RecordQuery) -> Result<(Head, Vec<Record>), StoreError> {
        journal::records(self.0, query).map_err(|fault| fault.into_error("reading the journal"))
    }
}
