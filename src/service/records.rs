//! A page of records.

use crate::command::ListRecords;
use crate::journal::Record;
use crate::model::{RecordFilter, RecordOrder, Revision};
use crate::store::{RecordQuery, Store, StoreError};

/// How many records with words are looked at for one page of a search for a text.
const LOOKED_AT: usize = 500;
/// How many of them are read at a time.
const CHUNK: usize = 250;

/// A page, and the last record that was read when there may be more.
pub(super) struct Found {
    pub(super) records: Vec<Record>,
    pub(super) next: Option<Revision>,
}

/// The page of this list that begins at `place`.
pub(super) fn page(
    store: &dyn Store,
    filter: &RecordFilter,
    list: &ListRecords,
    place: Option<Revision>,
) -> Result<Found, StoreError> {
    let newest_first = list.order == RecordOrder::Newest;
    let after = list.after.unwrap_or_default();
    let query = RecordQuery {
        filter: filter.clone(),
        before: place.filter(|_| newest_first),
        newest_first,
        ..RecordQuery::after(place.filter(|_| !newest_first).unwrap_or_default().max(after), 0)
    };
    read(store, query, list.limit.0)
}

/// Up to `limit` records that match the query, and the last record that was read when there may be more.
pub(super) fn read(store: &dyn Store, query: RecordQuery, limit: usize) -> Result<Found, StoreError> {
    look(store, query, limit, LOOKED_AT)
}

/// Up to `limit` records that match the query, however many must be read.
pub(super) fn all(store: &dyn Store, query: RecordQuery, limit: usize) -> Result<Vec<Record>, StoreError> {
    look(store, query, limit, usize::MAX).map(|found| found.records)
}

fn look(store: &dyn Store, mut query: RecordQuery, limit: usize, most: usize) -> Result<Found, StoreError> {
    query.limit = limit.saturating_add(1);
    if query.filter.text.is_none() {
        let (_, mut records) = store.records(&query)?;
        let has_more = records.len() > limit;
        records.truncate(limit);
        let next = records.last().filter(|_| has_more).map(|record| record.revision);
        return Ok(Found { records, next });
    }
    let (mut records, mut looked_at) = (Vec::new(), 0);
    query.limit = CHUNK;
    loop {
        let (_, chunk) = store.records(&query)?;
        let was_last = chunk.len() < CHUNK;
        for record in chunk {
            let place = record.revision;
            if query.filter.has_text(&record.event) {
                records.push(record);
            }
            looked_at += 1;
            if records.len() == limit || looked_at == most {
                return Ok(Found { records, next: Some(place) });
            }
            if query.newest_first {
                query.before = Some(place);
            } else {
                query.after = place;
            }
        }
        if was_last {
            return Ok(Found { records, next: None });
        }
    }
}
