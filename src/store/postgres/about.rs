//! What each record can be found by: how it is kept, and whether it is what the journal says.

use std::collections::{BTreeMap, BTreeSet};

use super::error::Fault;
use super::link::Statement;
use super::read;
use super::session::Session;
use super::text::kept;
use crate::journal::{Record, digest};
use crate::model::{GrantId, Revision, SharedTopics, Topic};
use crate::store::topics::{Bits, concerned, place_of, text_of, uses_among};
use crate::store::{Rows, Subject};

/// Sets of records, by the block and the topic as it is kept.
type Sets = BTreeMap<(u64, (String, String)), Bits>;

fn key_of(topic: &Topic) -> (String, String) {
    let (kind, name) = text_of(topic);
    (kind.to_owned(), kept(&name).into_owned())
}

fn note(sets: &mut Sets, revision: Revision, topics: &BTreeSet<Topic>) {
    let (block, place) = place_of(revision);
    for topic in topics {
        sets.entry((block, key_of(topic))).or_default().insert(place);
    }
}

/// Writes what these records can be found by, given the rows after them. `known` are the grants that are only used.
pub(super) fn write(
    session: &Session<'_>,
    records: &[Record],
    rows: &Rows,
    known: &BTreeMap<GrantId, SharedTopics>,
    statements: &mut Vec<Statement<'_>>,
) -> Result<(), Fault> {
    let nobody = SharedTopics::default();
    let mut sets = Sets::new();
    let uses = uses_among(records, |record| {
        let topics = Topic::of(&record.event, &concerned(&Subject::of(&record.event), rows));
        note(&mut sets, record.revision, &topics);
    });
    for ((grant, ..), (event, blocks)) in uses {
        // Grants that are only used are not among the rows.
        let topics = if rows.grants.contains_key(grant) {
            Topic::of(event, &concerned(&Subject::Grant(*grant), rows))
        } else {
            Topic::of(event, known.get(grant).unwrap_or(&nobody))
        };
        for topic in topics {
            let key = key_of(&topic);
            for (block, bits) in &blocks {
                sets.entry((*block, key.clone())).or_default().add(bits);
            }
        }
    }
    add_kept(session, &mut sets)?;
    let (mut blocks, mut kinds, mut names) = (Vec::new(), Vec::new(), Vec::new());
    let (mut digests, mut bits) = (Vec::new(), Vec::new());
    for ((block, (kind, name)), set) in sets {
        blocks.push(block.cast_signed());
        kinds.push(kind);
        digests.push(digest(&name));
        names.push(name);
        bits.push(set.to_bytes());
    }
    statements.push(Statement {
        // What is known is left out first, because each try at a number takes one.
        sql: "WITH new AS MATERIALIZED (
                  SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[], $5::text[])
                      AS new (block, kind, digest, bits, name)
              ), made AS (
                  INSERT INTO topics (kind, digest, name)
                  SELECT DISTINCT kind, digest, name FROM new
                  WHERE NOT EXISTS (SELECT 1 FROM topics t WHERE t.kind = new.kind AND t.digest = new.digest)
                  RETURNING id, kind, digest
              )
              INSERT INTO record_topics (block, topic, bits)
              SELECT new.block, t.id, new.bits FROM new JOIN topics t ON t.kind = new.kind AND t.digest = new.digest
              UNION ALL
              SELECT new.block, made.id, new.bits FROM new JOIN made ON made.kind = new.kind AND made.digest = new.digest
              ON CONFLICT (block, topic) DO UPDATE SET bits = excluded.bits",
        params: vec![
            Box::new(blocks),
            Box::new(kinds),
            Box::new(digests),
            Box::new(bits),
            Box::new(names),
        ],
    });
    Ok(())
}

/// Adds to these sets what is kept of them.
fn add_kept(session: &Session<'_>, sets: &mut Sets) -> Result<(), Fault> {
    let blocks: Vec<i64> = sets.keys().map(|(block, _)| block.cast_signed()).collect();
    let kinds: Vec<&str> = sets.keys().map(|(_, (kind, _))| kind.as_str()).collect();
    let digests: Vec<String> = sets.keys().map(|(_, (_, name))| digest(name)).collect();
    let found = session.query(
        "SELECT new.block, t.kind, t.name, r.bits
         FROM unnest($1::bigint[], $2::text[], $3::text[]) AS new (block, kind, digest)
         JOIN topics t ON t.kind = new.kind AND t.digest = new.digest
         JOIN record_topics r ON r.block = new.block AND r.topic = t.id",
        &[&blocks, &kinds, &digests],
    )?;
    for row in found {
        let block: i64 = row.try_get(0)?;
        let set = bits_in(block, row.try_get(3)?)?;
        if let Some(new) = sets.get_mut(&(block.cast_unsigned(), (row.try_get(1)?, row.try_get(2)?))) {
            new.add(&set);
        }
    }
    Ok(())
}

/// The number under which this topic is kept.
pub(super) fn key(session: &Session<'_>, topic: &Topic) -> Result<Option<i64>, Fault> {
    let (kind, name) = key_of(topic);
    let sql = "SELECT id FROM topics WHERE kind = $1 AND digest = $2";
    let found = session.first(sql, &[&kind, &digest(&name)])?;
    Ok(found.map(|row| row.try_get(0)).transpose()?)
}

/// Which records of the block have the topic of this number.
pub(super) fn bits_of(session: &Session<'_>, key: i64, block: u64) -> Result<Option<Bits>, Fault> {
    let block = block.cast_signed();
    let sql = "SELECT bits FROM record_topics WHERE topic = $1 AND block = $2";
    let found = session.first(sql, &[&key, &block])?;
    found.map(|row| bits_in(block, row.try_get(0)?)).transpose()
}

pub(super) fn bits_in(block: i64, bytes: &[u8]) -> Result<Bits, Fault> {
    let unreadable = || Fault::corrupt(format!("what is kept of the records of block {block} cannot be read"));
    Bits::of_bytes(bytes).ok_or_else(unreadable)
}

/// Holds what is kept to what the records of a journal say, a block at a time.
#[derive(Default)]
pub(super) struct Check {
    sets: Sets,
    block: u64,
}

impl Check {
    /// Of a journal of which the records up to this one are removed.
    pub(super) fn without(removed: Revision) -> Self {
        Self { block: place_of(removed).0, ..Self::default() }
    }

    /// Takes in these records, which follow those before, given the rows after them.
    pub(super) fn take(&mut self, session: &Session<'_>, records: &[Record], rows: &Rows) -> Result<(), Fault> {
        for record in records {
            let (block, _) = place_of(record.revision);
            if block != self.block {
                self.end_block(session)?;
                self.block = block;
            }
            let subject = Subject::of(&record.event);
            // The record that made it may be removed. Nothing that is over and was made so is compared any more.
            let kept = if session.head()?.removed.is_some() { row_of(session, &subject, rows)? } else { None };
            let topics = Topic::of(&record.event, &kept.unwrap_or_else(|| concerned(&subject, rows)));
            note(&mut self.sets, record.revision, &topics);
        }
        Ok(())
    }

    /// The journal ends here: nothing may be kept beyond.
    pub(super) fn end(mut self, session: &Session<'_>) -> Result<(), Fault> {
        self.end_block(session)?;
        let sql = "SELECT 1 FROM record_topics WHERE block > $1 OR block < $2 LIMIT 1";
        let first = place_of(session.head()?.removed_up_to()).0;
        match session.first(sql, &[&self.block.cast_signed(), &first.cast_signed()])? {
            None => Ok(()),
            Some(_) => Err(Fault::corrupt("records are said to be about what the journal does not tell of")),
        }
    }

    fn end_block(&mut self, session: &Session<'_>) -> Result<(), Fault> {
        let found = session.query(
            "SELECT t.kind, t.name, r.bits, t.digest FROM record_topics r LEFT JOIN topics t ON t.id = r.topic WHERE r.block = $1",
            &[&self.block.cast_signed()],
        )?;
        let mut expected = std::mem::take(&mut self.sets);
        let count = expected.len();
        for row in &found {
            let (kind, name): (Option<String>, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
            let name = name.unwrap_or_default();
            let is_found = row.try_get::<_, Option<String>>(3)? == Some(digest(&name));
            let key = (self.block, (kind.unwrap_or_default(), name));
            let set = bits_in(self.block.cast_signed(), row.try_get(2)?)?;
            if expected.remove(&key) != Some(set) || !is_found {
                return Err(self.differs());
            }
        }
        if found.len() == count { Ok(()) } else { Err(self.differs()) }
    }

    fn differs(&self) -> Fault {
        Fault::corrupt(format!("what the records of block {} are about is not what the journal says", self.block))
    }
}

/// What the records about this have in common, by the row that is kept of it, if no record that was read has made one.
fn row_of(session: &Session<'_>, subject: &Subject, rows: &Rows) -> Result<Option<SharedTopics>, Fault> {
    Ok(match subject {
        Subject::Request(id) if !rows.requests.contains_key(id) => {
            read::request_by_id(session, *id)?.map(|(_, request)| SharedTopics::from(&request))
        }
        Subject::Grant(id) if !rows.grants.contains_key(id) => {
            read::grant_by_id(session, *id)?.map(|(_, grant)| SharedTopics::from(&grant))
        }
        Subject::Delegation(id) if !rows.delegations.contains_key(id) => {
            read::delegation_by_id(session, *id)?.as_ref().map(SharedTopics::from)
        }
        _ => None,
    })
}

/// What the records about these grants have in common; nothing where a grant is not known.
pub(super) fn of_grants(
    session: &Session<'_>,
    grants: impl Iterator<Item = GrantId>,
) -> Result<BTreeMap<GrantId, SharedTopics>, Fault> {
    let grants: Vec<_> = grants.map(|id| read::uuid(id.as_u128())).collect();
    if grants.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found = read::grants_by_ids(session, grants)?;
    Ok(found.into_iter().map(|grant| (grant.id, SharedTopics::from(&grant))).collect())
}
