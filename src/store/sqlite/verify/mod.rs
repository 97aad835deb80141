//! Whether the file still says what was written to it.
//!
//! The journal is read once, in many short reads, and everything else is compared with its fold: the head, every column of
//! every row, and what is kept beside. Others write meanwhile; each read sees one revision, and a row is compared in the
//! read in which the last record about it was folded. What nobody can tell from the file alone is that all of it was
//! replaced by another one that is whole in itself; for that there are checkpoints and heads that are kept elsewhere.
//!
//! | file | question |
//! |---|---|
//! | `about` | whether what is kept of each record, to find it by, is what the record says |
//! | `held` | which rows the records read so far have made |
//! | `row` | a row, as the journal tells it |
//! | `columns` | whether a row is what the journal says |
//! | `beside` | whether the indexes, the notices and the idempotency keys are as they were written |

mod about;
mod beside;
mod columns;
mod held;
mod row;

use rusqlite::Connection;

use self::about::About;
use self::held::Held;
use super::connections::Connections;
use super::error::Fault;
use super::kept::{Kept, walk};
use super::read;
use crate::journal::{Broken, Hash, Record, Verifier, Whole};
use crate::model::{Checkpoint, Revision, Timestamp};
use crate::store::verification::tell;
use crate::store::{Head, StoreError, Verification, Verified, Verifying, check_head, pass_event};

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
        beside::check_pages(connections)?;
    }
    run.follow(connections, watch)?;
    if is_whole {
        beside::check_indexes(connections, &run.about, run.verifier.revision(), watch)?;
    } else {
        held::check_in_force(connections, run.verifier.revision(), watch)?;
    }
    beside::check_notices(connections)?;
    beside::check_keys(connections)?;
    run.follow(connections, watch)?;
    // What was written meanwhile is little. It is read in the same read as the counts: others may write all the time.
    connections.read(DOING, |c| {
        while !run.page(c, watch)?.1 {}
        run.held.check_standings(c, is_whole)?;
        if is_whole {
            run.held.check_counts(c, read::head(c)?.seen)?;
            beside::check_last_block(c, &run.about, run.verifier.revision())?;
            run.about.check_last_pack(c, beside::read_packed(c)?)?;
        }
        Ok(())
    })?;
    Ok(Verified { head: run.told, records: run.read })
}

struct Run {
    verifier: Verifier,
    /// The head that the records lead to.
    told: Head,
    held: Held,
    about: About,
    read: u64,
}

impl Run {
    fn begin(connection: &Connection, after: Option<&Checkpoint>) -> Result<Self, Fault> {
        let head = read::head(connection)?;
        let gone = head.removed.filter(|removed| after.is_none_or(|after| after.revision <= removed.last));
        let known = after.filter(|after| gone.is_none() && after.revision > Revision::ZERO);
        let (verifier, told) = match (gone, known) {
            // The record that says what was removed is among those that follow.
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
            held: Held::without(head.removed_up_to()),
            about: About::after(known.map_or(Revision::ZERO, |known| known.revision), beside::read_packed(connection)?),
            read: 0,
        })
    }

    /// Reads the journal up to the head that it has now. Others may write faster than this reads, so what they add is left.
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

    /// Reads some records; answers the last one that there is, and whether it has come to it.
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
            pass_event(reached, whole.hash, whole.at, &whole.event, &mut self.told);
            self.held.fold(connection, reached, &whole)?;
            self.about.take(connection, reached, &whole, kept, &self.held)?;
            watch.record(reached, kept.body.unwrap_or_default());
            Ok(count < PAGE)
        })?;
        self.read += count as u64;
        let is_at_head = count < PAGE;
        if is_at_head {
            self.verifier.finish(head.revision, head.hash)?;
            check_head(&head, &self.told)?;
            // How far it was seen beyond its last record, no record says.
            self.told.seen = head.seen;
        }
        self.held.compare(connection, self.verifier.revision(), is_at_head)?;
        self.about.compare(connection, self.verifier.revision(), is_at_head)?;
        Ok((head.revision, is_at_head))
    }

    fn next(&mut self, kept: &Kept<'_>, head: &Head) -> Result<Whole, Fault> {
        let expected = self.verifier.revision().next();
        let broken = |problem: &str| Fault::from(Broken { revision: expected, problem: problem.to_owned() });
        if kept.revision == expected && kept.revision > head.revision {
            return Err(broken("it lies beyond the head"));
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
            return Err(broken("its instant is kept wrongly beside it"));
        }
        if kept.changes != whole.event.fact.changes_state() {
            return Err(broken("whether it changes state is kept wrongly beside it"));
        }
        Ok(whole)
    }
}

/// That the record from which a verification goes on is there, with its hash; answers its instant.
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
        return Err(broken(format!("its text has the hash {found}, and it was verified with the hash {known}")));
    }
    Ok(record.event.at)
}
