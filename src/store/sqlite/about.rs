//! The topics by which each record can be found: how they are stored, and whether they are right.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::error::Fault;
use super::read;
use super::rows::{self, int};
use crate::journal::Record;
use crate::model::{GrantId, Revision, SharedTopics, Topic};
use crate::store::topics::{Bits, concerned, place_of, text_of, uses_among};
use crate::store::{Rows, Subject};

/// How many records are in memory at a time when all of them are read.
const PAGE: usize = 4_096;

/// Writes the topics of these records; `rows` are the rows after them.
pub(super) fn write(transaction: &Transaction<'_>, records: &[Record], rows: &Rows) -> Result<(), Fault> {
    let mut added = Added::default();
    let uses = uses_among(records, |record| {
        added.note(record.revision, Topic::of(&record.event, &concerned(&Subject::of(&record.event), rows)));
    });
    let mut known: HashMap<GrantId, SharedTopics> = HashMap::new();
    for ((grant, ..), (event, blocks)) in uses {
        let subject = Subject::Grant(*grant);
        // Grants that were only used are not among the rows.
        let topics = if rows.grants.contains_key(grant) {
            Topic::of(event, &concerned(&subject, rows))
        } else {
            let concerned = match known.get(grant) {
                Some(concerned) => concerned,
                None => {
                    let found = kept(transaction, &subject)?;
                    known.entry(*grant).or_insert(found)
                }
            };
            Topic::of(event, concerned)
        };
        added.note_all(topics, &blocks);
    }
    added.write(transaction)
}

/// Writes the topics of all records to a file that has no topics yet.
pub(super) fn write_all(transaction: &Transaction<'_>) -> Result<(), Fault> {
    let mut known: HashMap<Subject, SharedTopics> = HashMap::new();
    let mut after = 0_i64;
    loop {
        let mut statement = transaction
            .prepare_cached("SELECT revision, hash, body FROM journal WHERE revision > ? ORDER BY revision LIMIT ?")?;
        let mut found = statement.query(params![after, read::int_of(PAGE)])?;
        let mut added = Added::default();
        let mut count = 0;
        while let Some(row) = found.next()? {
            let record = rows::record(row)?;
            let subject = Subject::of(&record.event);
            let concerned = match known.get(&subject) {
                Some(concerned) => concerned,
                None => {
                    let found = kept(transaction, &subject)?;
                    known.entry(subject).or_insert(found)
                }
            };
            added.note(record.revision, Topic::of(&record.event, concerned));
            after = int(record.revision);
            count += 1;
        }
        added.write(transaction)?;
        if count < PAGE {
            return Ok(());
        }
    }
}

/// The additions, collected so that each set is read and written once.
#[derive(Default)]
struct Added(BTreeMap<Topic, BTreeMap<u64, Bits>>);

impl Added {
    fn note(&mut self, revision: Revision, topics: BTreeSet<Topic>) {
        let (block, place) = place_of(revision);
        for topic in topics {
            self.0.entry(topic).or_default().entry(block).or_default().insert(place);
        }
    }

    fn note_all(&mut self, topics: BTreeSet<Topic>, blocks: &BTreeMap<u64, Bits>) {
        for topic in topics {
            let sets = self.0.entry(topic).or_default();
            blocks.iter().for_each(|(block, bits)| sets.entry(*block).or_default().add(bits));
        }
    }

    fn write(self, transaction: &Transaction<'_>) -> Result<(), Fault> {
        let mut put = transaction.prepare_cached(
            "INSERT INTO record_topics (topic, block, bits) VALUES (?, ?, ?)
             ON CONFLICT (topic, block) DO UPDATE SET bits = excluded.bits",
        )?;
        for (topic, blocks) in self.0 {
            let key = key_or_new(transaction, &topic)?;
            for (block, mut bits) in blocks {
                if let Some(before) = bits_of(transaction, key, block)? {
                    bits.add(&before);
                }
                put.execute(params![key, block.cast_signed(), bits.to_bytes()])?;
            }
        }
        Ok(())
    }
}

/// The number under which this topic is stored. A request or a grant without such a number, as in files of earlier
/// versions, has the negative number of its row: their names would need more room than all other topics.
pub(super) fn key(connection: &Connection, topic: &Topic) -> Result<Option<i64>, Fault> {
    let (kind, name) = text_of(topic);
    let own = connection
        .prepare_cached("SELECT id FROM topics WHERE kind = ? AND name = ?")?
        .query_row(params![kind, name], |row| row.get(0))
        .optional()?;
    let (of_row, id) = match topic {
        _ if own.is_some() => return Ok(own),
        Topic::Subject(Subject::Request(id)) => (OF_REQUEST, id.as_u128()),
        Topic::Subject(Subject::Grant(id)) => (OF_GRANT, id.as_u128()),
        _ => return Ok(None),
    };
    Ok(connection.prepare_cached(of_row)?.query_row(params![id.to_be_bytes()], |row| row.get(0)).optional()?)
}

const OF_REQUEST: &str = "SELECT -2 * created FROM requests WHERE id = ?";
const OF_GRANT: &str = "SELECT -2 * created - 1 FROM grants WHERE id = ?";

/// Which records of the block have the topic of this number.
pub(super) fn bits_of(connection: &Connection, key: i64, block: u64) -> Result<Option<Bits>, Fault> {
    let mut statement = connection.prepare_cached(BITS)?;
    let mut found = statement.query(params![key, block.cast_signed()])?;
    let Some(row) = found.next()? else { return Ok(None) };
    let bits = row.get_ref(0)?.as_blob().ok().and_then(Bits::of_bytes);
    bits.map(Some).ok_or_else(|| Fault::corrupt(format!("the topics of block {block} cannot be read")))
}

const BITS: &str = "SELECT bits FROM record_topics WHERE topic = ? AND block = ?";

/// A set of records in a row that begins with `block, bits`.
pub(super) fn set(row: &rusqlite::Row<'_>) -> Result<(u64, Bits), Fault> {
    let bits = row.get_ref(1)?.as_blob().ok().and_then(Bits::of_bytes);
    let bits = bits.ok_or_else(|| Fault::corrupt("the topics of some records cannot be read"))?;
    Ok((row.get::<_, i64>(0)?.cast_unsigned(), bits))
}

fn key_or_new(transaction: &Transaction<'_>, topic: &Topic) -> Result<i64, Fault> {
    if let Some(known) = key(transaction, topic)? {
        return Ok(known);
    }
    let (kind, name) = text_of(topic);
    transaction.prepare_cached("INSERT INTO topics (kind, name) VALUES (?, ?)")?.execute(params![kind, name])?;
    Ok(transaction.last_insert_rowid())
}

/// What the stored rows contain about this subject.
pub(super) fn kept(transaction: &Connection, subject: &Subject) -> Result<SharedTopics, Fault> {
    Ok(match subject {
        Subject::Request(id) => read::request_by_id(transaction, *id)?.map(|(_, request)| SharedTopics::from(&request)),
        Subject::Grant(id) => read::grant_by_id(transaction, *id)?.map(|(_, grant)| SharedTopics::from(&grant)),
        Subject::Delegation(id) => read::delegation_by_id(transaction, *id)?.as_ref().map(SharedTopics::from),
        Subject::Principal(_) | Subject::Store => None,
    }
    .unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use crate::store::sqlite::schema::plan_of;

    #[test]
    fn a_set_is_found_by_its_key() {
        let plan = plan_of(super::BITS);
        assert!(plan[0].contains("USING PRIMARY KEY (topic=? AND block=?)"), "{plan:?}");
    }
}
