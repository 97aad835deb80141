//! Merges what was recorded while the store was unavailable into the journal, exactly once.
//!
//! Before a merge starts, the spool is marked: later entries belong to the next part. Each part is one transaction
//! under a key made of the spool's id and the part's number, and the spool is removed when all parts are written. So
//! after a crash at any point, the next merge knows which parts are in the journal.

use std::collections::BTreeSet;

use super::commit::{Decision, Round};
use super::execute::Standings;
use super::offline::{Folded, Offline};
use super::offline_commands::end_of;
use super::shared::Shared;
use crate::error::Error;
use crate::model::{Event, Fact, Grant, GrantId, Principal, Subject};
use crate::projection::Projection as _;
use crate::spool::{Contents, Entry, Opened, Said, SpoolError};
use crate::store::{Done, Position, Reads, RecordQuery, StoreError};
use crate::workflow::{Needs, View, Whose, merge_ends, merge_taken, why_it_ends};

/// How many records are read at a time.
const CHUNK: usize = 1_000;

/// Groups of facts, each with the state that it was decided from.
type Facts = Vec<(View, Vec<Event>)>;

/// The state of one merge.
struct Merge<'a> {
    id: String,
    /// The principal that owns the keys.
    owner: Principal,
    folded: Folded,
    /// The persons who lost a grant since the spool was begun.
    revoked: BTreeSet<Principal>,
    standings: Standings<'a>,
}

impl Shared {
    /// Writes what this machine has recorded while the store was unavailable to the journal. Once this has returned,
    /// the journal has all of it exactly once, and the spool is removed.
    pub(super) fn merge_spool(&self) -> Result<(), Error> {
        let Some(offline) = &self.offline else { return Ok(()) };
        if !offline.is_due(self.time.now()) {
            return Ok(());
        }
        if offline.was_tried(self.time.now()) {
            let source = "the store was unavailable a moment ago".into();
            return Err(StoreError::Unavailable { doing: "merging what was recorded on this machine", source }.into());
        }
        // Read before the spool is locked, because the host answers.
        let mut standings = Standings::of(self);
        let read = offline.spool.with(|opened| Ok::<_, SpoolError>(Folded::of(opened.contents())));
        let merged = read.map_err(Error::from).and_then(|folded| {
            for grant in folded.into_grants() {
                for who in grant.identities() {
                    let _ = standings.known(who, Round::Free);
                }
            }
            offline.spool.with(|mut opened| self.merge(offline, &mut opened, standings))
        });
        match merged {
            Err(Error::Store(StoreError::Unavailable { source, doing })) => match source.downcast::<SpoolError>() {
                // The background work has more to do than this, and a person has to look.
                Ok(error) => {
                    self.distrust_spool(offline, &error);
                    Ok(())
                }
                Err(source) => {
                    offline.note_away(self.time.now());
                    Err(StoreError::Unavailable { doing, source }.into())
                }
            },
            merged => merged,
        }
    }

    fn merge(&self, offline: &Offline, opened: &mut Opened<'_>, standings: Standings<'_>) -> Result<(), Error> {
        opened.read_again()?;
        let contents = opened.contents();
        let (Some(id), Some(origin)) = (contents.id, contents.origin) else {
            self.show(offline, contents);
            return Ok(());
        };
        self.check_origin(contents)?;
        let folded = Folded::of(contents);
        let Some(owner) = first_holder(contents) else { return Ok(()) };
        let revoked = self.revoked_since(&origin)?;
        let mut merge = Merge { id: id.to_string(), owner, folded, revoked, standings };
        if contents.entries.last().is_some_and(|entry| entry.said != Said::Merging) {
            opened.add(&origin, id, Entry { at: self.time.now(), said: Said::Merging })?;
        }
        let contents = opened.contents().clone();
        let parts: Vec<&[Entry]> = contents.entries.split(|entry| entry.said == Said::Merging).collect();
        for (number, part) in parts.iter().enumerate().filter(|(_, part)| !part.is_empty()) {
            self.merge_part(&mut merge, number, part)?;
        }
        // From here on the store has the state of these grants.
        let grants: Vec<GrantId> = merge.folded.views.keys().copied().collect();
        opened.remove()?;
        self.show(offline, opened.contents());
        let _ = offline.take_gone();
        let uses = contents.entries.iter().filter(|entry| matches!(entry.said, Said::Used(_))).count();
        tracing::warn!(
            grants = grants.len(),
            uses,
            "what was recorded while the store was unavailable is merged into the journal"
        );
        Ok(())
    }

    /// The persons who had a grant revoked or suspended by another since this position.
    fn revoked_since(&self, origin: &Position) -> Result<BTreeSet<Principal>, Error> {
        let mut persons = BTreeSet::new();
        let mut query = RecordQuery::changes_after(origin.revision, CHUNK);
        loop {
            let (_, records) = self.store.records(&query)?;
            for record in &records {
                let (Fact::GrantRevoked { grant, .. } | Fact::GrantSuspended { grant, .. }) = &record.event.fact else {
                    continue;
                };
                if let Some(grant) = self.store.grant(*grant)?.grant {
                    persons.insert(grant.person().clone());
                }
            }
            match records.last() {
                Some(last) if records.len() == CHUNK => query.after = last.revision,
                _ => return Ok(persons),
            }
        }
    }

    /// Writes one part, unless the journal has it.
    fn merge_part(&self, merge: &mut Merge<'_>, number: usize, part: &[Entry]) -> Result<(), Error> {
        let key = format!("offline-{}-{number}", merge.id);
        let fingerprint = merge.id.clone();
        self.commit(|reads: &dyn Reads, _: Round| {
            if reads.done_under(&merge.owner, &key)?.is_some() {
                return Ok(Some((Decision::default(), ())));
            }
            let Some(facts) = self.facts_of(merge, reads, part)? else { return Ok(Some((Decision::default(), ()))) };
            let done =
                Done { fingerprint: fingerprint.clone(), request: None, grant: None, delegation: None, ended: vec![] };
            let done = Some((merge.owner.clone(), key.clone(), done));
            Ok::<_, Error>(Some((Decision { facts, conditional: true, done, ..Decision::default() }, ())))
        })
    }

    /// The facts of a part, each with the state that it was decided from. `None` when the journal has them already:
    /// keys are removed after days, grants are not.
    fn facts_of(&self, merge: &mut Merge<'_>, reads: &dyn Reads, part: &[Entry]) -> Result<Option<Facts>, Error> {
        let now = self.time.now();
        let mut facts: Facts = Vec::new();
        let mut ends = Vec::new();
        let after = |id: &GrantId| {
            part.iter().find_map(|entry| match &entry.said {
                Said::Ended(events) => end_of(*id, events),
                _ => None,
            })
        };
        let mut revision = None;
        for entry in part {
            match &entry.said {
                Said::Taken(events, _) => {
                    let taken = events.iter().fold(View::default(), crate::workflow::evolve);
                    let Some(grant) = taken.grant else { continue };
                    let stored = reads.grant(grant.id)?;
                    if stored.grant.is_some() {
                        return Ok(None);
                    }
                    let view = self.view_of(merge, reads, &grant)?;
                    revision = Some(view.revision);
                    let was_revoked = merge.revoked.contains(grant.person());
                    if after(&grant.id).is_none() {
                        ends.extend(why_it_ends(&view, &grant, was_revoked, &self.rules, now));
                    }
                    facts.push((view, merge_taken(events, after(&grant.id), now)));
                }
                Said::Used(events) => facts.extend(merge.about(events).map(|view| (view, events.clone()))),
                Said::Ended(events) => {
                    for end in merge_ends(events, now) {
                        let events = vec![end];
                        facts.extend(merge.about(&events).map(|view| (view, events)));
                    }
                }
                Said::Merging => {}
            }
        }
        for end in ends {
            if let Fact::GrantRevoked { grant, reason } = &end.fact {
                tracing::warn!(%grant, %reason, "access that was taken while the store was unavailable ends now that it is available again");
            }
            let events = vec![end];
            facts.extend(merge.about(&events).map(|view| (view, events)));
        }
        let revision = match revision {
            Some(revision) => revision,
            None => reads.view(&Needs::default(), now)?.revision,
        };
        for (view, _) in &mut facts {
            view.revision = revision;
        }
        Ok(Some(facts))
    }

    /// The state of this grant's person, from the store and from the host if it can be asked.
    fn view_of(&self, merge: &mut Merge<'_>, reads: &dyn Reads, grant: &Grant) -> Result<View, Error> {
        let whose = || Some(Whose::Of(grant.person().clone()));
        let standing_of = grant.identities().cloned().collect();
        let needs = Needs { live: whose(), unreviewed: whose(), standing_of, ..Needs::default() };
        let mut view = reads.view(&needs, self.time.now())?;
        for who in grant.identities() {
            // Read before the spool was locked; for a person without an answer, the store has the last report.
            if let Some(Ok(known)) = merge.standings.known(who, Round::Exclusive)
                && let Some(standing) = known.standing_for(Some(grant.approved_at))
            {
                view.standing.insert(who.clone(), standing);
            }
        }
        Ok(view)
    }

    /// Removes the grants that are neither in the spool nor in the store from the checks.
    pub(super) fn forget_gone(&self) -> Result<(), StoreError> {
        let Some(offline) = &self.offline else { return Ok(()) };
        for grant in offline.take_gone() {
            if self.store.grant(grant)?.grant.is_none() {
                self.checks.index.withhold(&[grant]);
            }
        }
        Ok(())
    }
}

impl Merge<'_> {
    /// The grant that these events are about, with its request. `None` when they are about no grant of the spool.
    fn about(&self, events: &[Event]) -> Option<View> {
        let Subject::Grant(id) = Subject::of(events.first()?) else { return None };
        self.folded.views.get(&id).cloned()
    }
}

impl Folded {
    fn into_grants(self) -> impl Iterator<Item = Grant> {
        self.views.into_values().filter_map(|view| view.grant)
    }
}

/// The holder of the first grant.
fn first_holder(contents: &Contents) -> Option<Principal> {
    contents.entries.iter().find_map(|entry| match &entry.said {
        Said::Taken(events, _) => events.iter().find_map(|event| match &event.fact {
            Fact::GrantCreated(grant) => Some(grant.holder.clone()),
            _ => None,
        }),
        _ => None,
    })
}
