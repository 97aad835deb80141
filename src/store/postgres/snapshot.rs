//! How a view is put together, of one transaction.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::error::Fault;
use super::session::Session;
use super::{journal, read, tally};
use crate::journal::Record;
use crate::model::{
    AccessRequest, Delegation, DelegationId, Grant, GrantId, Principal, RequestId, Revision, Standing, Timestamp,
};
use crate::store::answer::{Lookup, answer};
use crate::store::columns::int_of;
use crate::store::{Done, Head, Reads, RecordQuery, StoreError};
use crate::workflow::{Needs, Tally, View, Whose};

/// Everything that `needs` asks for.
pub(super) fn view(session: &Session<'_>, needs: &Needs, now: Timestamp) -> Result<View, Fault> {
    session.gathered(|| answer(&Snapshot(session), needs, now))
}

/// Views about which time has made something true that the journal does not say, longest due first.
pub(super) fn due(session: &Session<'_>, now: Timestamp, limit: usize) -> Result<Vec<View>, Fault> {
    let found = session.query(
        "SELECT due_at, false, id FROM requests WHERE due_at <= $1
         UNION ALL SELECT due_at, true, id FROM grants WHERE due_at <= $1
         ORDER BY 1 LIMIT $2",
        &[&now.millis(), &int_of(limit)],
    )?;
    let mut views = Vec::with_capacity(found.len());
    for row in found {
        let id = row.try_get::<_, Uuid>(2)?.as_u128();
        let is_grant = row.try_get(1)?;
        let needs =
            if is_grant { Needs::grant(GrantId::from_u128(id)) } else { Needs::request(RequestId::from_u128(id)) };
        views.push(view(session, &needs, now)?);
    }
    Ok(views)
}

/// The single reads that views are made of, in one transaction.
struct Snapshot<'a, 'b>(&'a Session<'b>);

impl Lookup for Snapshot<'_, '_> {
    type Error = Fault;

    fn revision(&self) -> Result<Revision, Fault> {
        self.0.revision()
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
        read::standing(self.0, who)
    }
}

/// The reads of a transaction that holds the head row.
pub(super) struct Exclusive<'a, 'b> {
    pub(super) session: &'a Session<'b>,
    pub(super) schema: &'a str,
}

impl Reads for Exclusive<'_, '_> {
    fn view(&self, needs: &Needs, now: Timestamp) -> Result<View, StoreError> {
        view(self.session, needs, now).map_err(|fault| fault.told("reading what a command is decided from"))
    }

    fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<View>, StoreError> {
        due(self.session, now, limit).map_err(|fault| fault.told("reading what is due"))
    }

    fn done_under(&self, caller: &Principal, key: &str) -> Result<Option<Done>, StoreError> {
        read::done_under(self.session, caller, key).map_err(|fault| fault.told("reading an idempotency key"))
    }

    fn records(&self, query: &RecordQuery) -> Result<(Head, Vec<Record>), StoreError> {
        let Exclusive { session, schema } = self;
        journal::records(session, schema, query).map_err(|fault| fault.told("reading the journal"))
    }
}
