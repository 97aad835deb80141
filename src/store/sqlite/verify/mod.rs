//! Whether the file contains what was written to it.
//!
//! The journal is read once, in many short reads, and everything else is compared with its fold: the head, every column
//! of every row, and the other tables. Others can write meanwhile; each read sees one revision, and a row is compared
//! in the read in which the last record about it was applied. The file alone cannot show that it was replaced by
//! another intact file. Checkpoints and heads that are stored elsewhere can.
//!
//! | file | question |
//! |---|---|
//! | `about` | whether the stored topics of each record are right |
//! | `expected_rows` | which rows follow from the records read so far |
//! | `row` | a row that follows from the journal |
//! | `columns` | whether the columns of a row agree with the journal |
//! | `side_tables` | whether the indexes, the notices and the idempotency keys are intact |

mod about;
mod columns;
mod expected_rows;
mod row;
mod side_tables;

use rusqlite::Connection;

use self::about::About;
use self::expected_rows::ExpectedRows;
use super::connections::Connections;
use super::error::Fault;
use super::kept::{Kept, walk};
use super::read;
use crate::journal::{Broken, Hash, Record, VerifiedRecord, Verifier};
use crate::model::{Checkpoint, Revision, Timestamp};
use crate::store::verification::tell;
use crate::store::{Head, StoreError, Verification, Verified, Verifying, check_head, move_head_to};

/// How many records are read at a time: some milliseconds.
const PAGE: usize = 1_000;
const DOING: &str = "verifying";

/// Checks everything, or everything since a record.
pub(super) fn verify(
    connections: &Connections,
    wanted: &Verification,
    watch: &mut dyn Verifying,
) -> Result<Verified, StoreError> {
    let is_whole = wanted.after.is_none();
    let mut run = connections.read(DOING, |c| Run::begin(c, wanted.after.as_ref()))?;
    if is_whole {
        side_tables::check_pages(connections)?;
    }
    run.follow(connections, watch)?;
    if is_whole {
        side_tables::check_indexes(connections, &run.about, run.verifier.revision(), watch)?;
    } else {
        expected_rows::check_in_force(connections, run.verifier.revision(), watch)?;
    }
    side_tables::check_notices(connections)?;
    side_tables::check_keys(connections)?;
    run.follow(connections, watch)?;
    // Little was written meanwhile. It is read together with the counts, because others may write all the time.
    connections.read(DOING, |c| {
        while !run.page(c, watch)?.1 {}
        run.rows.check_standings(c, is_whole)?;
        if is_whole {
            run.rows.check_counts(c, read::head(c)?.seen)?;
            side_tables::check_last_block(c, &run.about, run.verifier.revision())?;
            run.about.check_last_pack(c, side_tables::read_packed(c)?)?;
        }
        Ok(())
    })?;
    Ok(Verified { head: run.told, records: run.read })
}

struct Run {
    verifier: Verifier,
    /// The head that the records lead to.
    told: Head,
    rows: ExpectedRows,
    about: About,
    read: u64,
}

impl Run {
    fn begin(connection: &Connection, after: Option<&Checkpoint>) -> Result<Self, Fault> {
        let head = read::head(connection)?;
        let gone = head.removed.filter(|removed| after.is_none_or(|after| after.revision <= removed.last));
        let known = after.filter(|after| gone.is_none() && after.revision > Revision::ZERO);
        let (verifier, told) = match (gone, known) {
            // The record of the removal is one of the following records.
            (Some(gone), _) => {
                let told = head.at_record(gone.last, gone.hash, gone.until);
                (Verifier::after(gone.last, gone.hash, gone.until), told)
            }
            (None, None) => (Verifier::default(), Head::new(head.lineage)),
            (None, Some(known)) => {
                let at = check_known(connection, known, &head)?;
                let hash: Hash = known.hash().parse().map_err(|_| Fault::corrupt("a hash cannot be read"))?;
                (Verifier::after(known.revision, hash, at), head.at_record(known.revision, hash, at))
            }
        };
        Ok(Self {
            verifier,
            told,
            rows: ExpectedRows::without(head.removed_up_to()),
            about: About::after(
                known.map_or(Revision::ZERO, |known| known.revision),
                side_tables::read_packed(connection)?,
            ),
            read: 0,
        })
    }

    /// Reads the journal up to its current head. Later records are not read, because others may write faster than this
    /// reads.
    fn follow(&mut self, connections: &Connections, watch: &mut dyn Verifying) -> Result<(), StoreError> {
        let mut goal = None;
        loop {
            let (last, is_at_head) = connections.read(DOING, |c| self.page(c, watch))?;
            tell(watch, self.verifier.revision(), last)?;
            if is_at_head || self.verifier.revision() >= *goal.get_or_insert(last) {
                return Ok(());
            }
        }
    }

    /// Reads some records; returns the last record of the journal, and whether it was reached.
    fn page(&mut self, connection: &Connection, watch: &mut dyn Verifying) -> Result<(Revision, bool), Fault> {
        let head = read::head(connection)?;
        if head.removed_up_to() > self.verifier.revision() {
            let source = "older records were removed meanwhile; verify again".into();
            return Err(StoreError::Unavailable { doing: DOING, source }.into());
        }
        let mut count = 0;
        let all = self.verifier.revision().0 + 1..=u64::MAX >> 1;
        walk(connection, &all, false, &mut |kept| {
            count += 1;
            let whole = self.next(kept, &head)?;
            let reached = self.verifier.revision();
            move_head_to(reached, whole.hash, whole.at, &whole.event, &mut self.told);
            self.rows.fold(connection, reached, &whole)?;
            self.about.take(connection, reached, &whole, kept, &self.rows)?;
            watch.record(reached, kept.body.unwrap_or_default());
            Ok(count < PAGE)
        })?;
        self.read += count as u64;
        let is_at_head = count < PAGE;
        if is_at_head {
            self.verifier.finish(head.revision, head.hash)?;
            check_head(&head, &self.told)?;
            // No record contains the latest instant that a process has seen.
            self.told.seen = head.seen;
        }
        self.rows.compare(connection, self.verifier.revision(), is_at_head)?;
        self.about.compare(connection, self.verifier.revision(), is_at_head)?;
        Ok((head.revision, is_at_head))
    }

    fn next(&mut self, kept: &Kept<'_>, head: &Head) -> Result<VerifiedRecord, Fault> {
        let expected = self.verifier.revision().next();
        let broken = |problem: &str| Fault::from(Broken { revision: expected, problem: problem.to_owned() });
        if kept.revision == expected && kept.revision > head.revision {
            return Err(broken("it is after the head"));
        }
        let (Some(hash), Some(body)) = (kept.hash, kept.body) else { return Err(broken("it is not text")) };
        let whole = match &kept.packed {
            Some(one) => {
                let parts = (one.at, one.said, one.previous);
                self.verifier.check_parts(kept.revision, (&one.hash, hash), parts, body)?
            }
            None => self.verifier.check(kept.revision, hash, body)?,
        };
        if kept.at != whole.at.millis() {
            return Err(broken("its column with the instant is wrong"));
        }
        if kept.changes != whole.event.fact.changes_state() {
            return Err(broken("its column for changes of state is wrong"));
        }
        Ok(whole)
    }
}

/// Checks that the record after which a verification continues exists with its hash; returns its instant.
fn check_known(connection: &Connection, known: &Checkpoint, head: &Head) -> Result<Timestamp, Fault> {
    let revision = known.revision;
    let broken = |problem: String| Fault::from(Broken { revision, problem });
    let mut found = None;
    walk(connection, &(revision.0..=revision.0), false, &mut |kept| {
        found = Some(kept.body.ok_or_else(|| broken("it is not text".to_owned()))?.to_owned());
        Ok(false)
    })?;
    let Some(body) = found else {
        let problem = format!("it is missing, and had the hash {}; the head says {}", known.hash(), head.revision);
        return Err(broken(problem));
    };
    let record = Record::parse(body).map_err(|error| broken(error.to_string()))?;
    if record.hash.to_string() != known.hash() {
        let (found, known) = (record.hash, known.hash());
        return Err(broken(format!("its text has the hash {found}; it was verified with the hash {known}")));
    }
    Ok(record.event.at)
}
