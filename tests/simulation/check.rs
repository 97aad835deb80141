//! What has to hold, after every step and at the end.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use jit_access::command::AcceptClock;
use jit_access::model::*;
use jit_access::store::{Reads, RecordQuery, Store};

use super::World;
use super::line::Network;

/// How long it is until a lease of somebody who is dead is over, and how often a channel is tried then.
const LEASE: i64 = 60_000;
/// A review is overdue after an hour, and the grant may last as long before.
const DAY: i64 = 86_400_000;

impl World {
    /// That every record that was added since the last look continues the chain.
    pub(crate) fn whole(&mut self) -> Result<(), String> {
        let known = self.verifier.revision();
        if self.journal.head().unwrap().revision == known {
            return Ok(());
        }
        let (_, records) = self.journal.records(&RecordQuery::after(known, 1_000_000)).unwrap();
        for record in records {
            let checked = self.verifier.check(record.revision, &record.hash.to_string(), &record.body);
            checked.map_err(|broken| broken.to_string())?;
        }
        Ok(())
    }

    /// The grants that nobody approved, are over, and wait for their review.
    pub(crate) fn unreviewed(&self) -> Vec<GrantId> {
        let now = Timestamp::from_millis(self.now.load(Ordering::Relaxed)).unwrap();
        let grants = self.known.iter().filter_map(|known| self.journal.grant(known.grant).unwrap().grant);
        grants.filter(|grant| grant.is_unsettled() && !grant.status(now).is_live()).map(|grant| grant.id).collect()
    }

    /// Everything is mended, and what is left to do is done.
    fn mend(&mut self) {
        for replica in &mut self.replicas {
            let silence = replica.line.network.lock().unwrap().takes_silence_for_an_answer;
            *replica.line.network.lock().unwrap() =
                Network { takes_silence_for_an_answer: silence, ..Network::default() };
            (replica.paused, replica.drift) = (0, 0);
            replica.engine = None;
        }
        for pass in 0..40 {
            self.pass(if pass < 20 { LEASE } else { DAY / 20 });
            let now = Timestamp::from_millis(self.now()).unwrap();
            self.replicas.iter().for_each(|replica| replica.clock.set_wall(now));
            if pass == 0 {
                self.accept_clock();
            }
            for which in 0..self.replicas.len() {
                if let Some(engine) = self.engine(which) {
                    let _ = engine.reconciler().tick();
                }
                self.send(which, false);
            }
        }
    }

    /// An operator says that the clocks are right, which a process that was ahead has made the others doubt.
    fn accept_clock(&mut self) {
        let Some(engine) = self.engine(0) else { return };
        let found = Justification::new("compared with two others").unwrap();
        let _ = engine.workflow().execute_for_host(AcceptClock::new(found));
    }

    /// What has to hold once everything is mended.
    pub(crate) fn end(&mut self) -> Result<(), String> {
        self.mend();
        self.whole()?;
        let waits = self.journal.waiting_notices(Timestamp::from_millis(self.now()).unwrap()).unwrap();
        let undelivered: u64 = self.journal.channel_counts().unwrap().iter().map(|one| one.waiting).sum();
        if waits + undelivered > 0 {
            return Err(format!("{waits} notices and {undelivered} deliveries wait when everything is mended"));
        }
        self.reviewed()?;
        let count = self.journal.verify().map_err(|error| error.to_string())?;
        let (_, records) = self.journal.records(&RecordQuery::after(Revision::ZERO, 1_000_000)).unwrap();
        if records.len() as u64 != count {
            return Err(format!("{} records of {count}", records.len()));
        }
        let (mut made, mut ended) = (BTreeMap::<GrantId, u32>::new(), BTreeMap::<GrantId, u32>::new());
        let (mut asked, mut used) = (BTreeMap::<String, u32>::new(), BTreeMap::<GrantId, u64>::new());
        for record in &records {
            match &record.event.fact {
                Fact::RequestSubmitted(request) => {
                    *asked.entry(request.requester.id().to_owned()).or_default() += 1;
                }
                Fact::GrantCreated(grant) => {
                    *made.entry(grant.id).or_default() += 1;
                    if grant.break_glass.is_some() {
                        self.was_told("break_glass", grant.id)?;
                    }
                }
                Fact::GrantRevoked { grant, .. } => {
                    *ended.entry(*grant).or_default() += 1;
                    self.was_told("grant_revoked", *grant)?;
                }
                Fact::BreakGlassReviewOverdue { grant } => self.was_told("break_glass_review_overdue", *grant)?,
                Fact::GrantUsed { grant, .. } => *used.entry(*grant).or_default() += 1,
                _ => {}
            }
        }
        // Each name asks once.
        if let Some((name, count)) = asked.iter().find(|(_, count)| **count > 1) {
            return Err(format!("{count} requests were made by {name}, who asked once"));
        }
        for known in &self.known {
            let grant = self.journal.grant(known.grant).unwrap().grant;
            let is_over = grant.as_ref().is_some_and(|grant| grant.ended.is_some());
            let revoked = ended.get(&known.grant).copied().unwrap_or_default();
            if made.get(&known.grant) != Some(&1)
                || revoked > 1
                || (known.revoked.is_some() && revoked == 0 && !is_over)
            {
                return Err(format!("{} is on record {made:?} {revoked} times", known.name));
            }
            let (counted, told) = (grant.map_or(0, |grant| grant.uses), used.get(&known.grant).copied().unwrap_or(0));
            if counted != told || (known.is_numbered && told > u64::from(super::USES)) {
                return Err(format!("{} has {counted} uses, and {told} are on record", known.name));
            }
        }
        Ok(())
    }

    /// That every grant that nobody approved waited for its review, and is reviewed once.
    fn reviewed(&mut self) -> Result<(), String> {
        let (_, records) = self.journal.records(&RecordQuery::after(Revision::ZERO, 1_000_000)).unwrap();
        let (mut taken, mut closed) = (Vec::new(), BTreeMap::<GrantId, u32>::new());
        for record in &records {
            match &record.event.fact {
                Fact::GrantCreated(grant) if grant.break_glass.is_some() => taken.push(grant.id),
                Fact::BreakGlassReviewed { grant, .. } => *closed.entry(*grant).or_default() += 1,
                _ => {}
            }
        }
        for grant in taken {
            let times = closed.get(&grant).copied().unwrap_or(0);
            let waits = self.journal.grant(grant).unwrap().grant.is_some_and(|grant| grant.is_unsettled());
            let noted = records.iter().any(|record| match &record.event.fact {
                Fact::BreakGlassReviewOverdue { grant: overdue } => *overdue == grant,
                _ => false,
            });
            // A day after its end nobody can have overlooked it.
            if times > 1 || waits != (times == 0) || (waits && !noted) {
                return Err(format!("{grant}: reviewed {times} times, waits: {waits}, noted as overdue: {noted}"));
            }
        }
        Ok(())
    }

    fn was_told(&self, kind: &str, grant: GrantId) -> Result<(), String> {
        match self.arrived.contains(&(kind.to_owned(), grant.to_string())) {
            true => Ok(()),
            false => Err(format!("nobody was told {kind} of {grant}")),
        }
    }
}
