//! Which rows of a database end with the records up to one, and which facts must be recorded again.

use std::collections::BTreeMap;

use super::{RecordQuery, Subject};
use crate::journal::Record;
use crate::model::{EventKind, Principal, Revision, Standing};

/// The standings in force that only records up to this one contain. `read` returns the records of a query.
pub(super) fn told_by_then<E>(
    standings: Vec<(Principal, Standing)>,
    last: Revision,
    read: impl Fn(&RecordQuery) -> Result<Vec<Record>, E>,
) -> Result<Vec<(Principal, Standing)>, E> {
    let mut told = Vec::new();
    for (who, standing) in standings {
        let mut query = RecordQuery::about(Subject::Principal(who.clone()), 1);
        query.filter.event = "standing_reported".parse::<EventKind>().ok();
        if read(&query)?.first().is_none_or(|record| record.revision <= last) {
            told.push((who, standing));
        }
    }
    Ok(told)
}

/// Finds the rows that end with the records up to one: no later record is about them or about what belongs to them.
/// Rows are named by the number of the record that made them (`created`), and `latest` is the last record about each.
/// All grants come before the requests.
#[derive(Debug)]
pub(super) struct Ending {
    last: Revision,
    /// By the first grant of each, or by the request without a grant.
    chains: BTreeMap<u128, Chain>,
    over: Over,
}

/// The rows that end.
#[derive(Debug, Default)]
pub(super) struct Over {
    pub(super) requests: Vec<i64>,
    pub(super) grants: Vec<i64>,
    pub(super) delegations: Vec<i64>,
    /// The last record about a grant that stays for now although its first record is removed.
    pub(super) latest: Revision,
}

/// A chain of grants, or a request without a grant.
#[derive(Debug, Default)]
struct Chain {
    requests: Vec<i64>,
    grants: Vec<i64>,
    latest: Revision,
}

impl Ending {
    pub(super) fn with(last: Revision) -> Self {
        Self { last, chains: BTreeMap::new(), over: Over::default() }
    }

    /// A grant of the chain that begins with `first`.
    pub(super) fn grant(&mut self, created: i64, first: u128, latest: Revision) {
        let chain = self.chains.entry(first).or_default();
        chain.grants.push(created);
        chain.latest = chain.latest.max(latest);
        self.over.latest = self.over.latest.max(chain.latest);
    }

    /// A request that led to a grant of the chain that begins with `first`, or that is its own chain.
    pub(super) fn request(&mut self, created: i64, first: u128, latest: Revision) {
        let chain = self.chains.entry(first).or_default();
        chain.requests.push(created);
        chain.latest = chain.latest.max(latest);
    }

    pub(super) fn delegation(&mut self, created: i64, latest: Revision) {
        if latest <= self.last {
            self.over.delegations.push(created);
        }
    }

    pub(super) fn over(self) -> Over {
        let mut over = self.over;
        for chain in self.chains.into_values().filter(|chain| chain.latest <= self.last) {
            over.requests.extend(chain.requests);
            over.grants.extend(chain.grants);
        }
        over
    }
}
