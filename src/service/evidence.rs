//! Evidence for an audit of a period.

use super::workflow::Workflow;
use crate::command::{Definition, GetEvidence};
use crate::error::Error;
use crate::evidence::{Chain, Collector, Evidence, RemovedRecords};
use crate::model::{Caller, Checkpoint, Invalid, Revision, Timestamp};
use crate::store::{RecordQuery, StoreError, Verification, Verifying, tell};

/// How many records are held at a time.
const PAGE: usize = 1_000;

impl Workflow {
    /// Returns evidence for a period under NIST SP 800-53 AC-2(2), (4), (12), AC-6(5), (7), (9), (10) and HIPAA
    /// 164.312(a)(2)(ii), from the journal alone. The period must have ended: then the same call returns the same
    /// bytes.
    ///
    /// # Errors
    /// When the period is empty or has not ended; [`crate::workflow::RefusalCode::NotAnAuditor`]; errors of the store.
    pub fn evidence(&self, caller: &Caller, get: &GetEvidence) -> Result<String, Error> {
        self.evidence_watched(caller, get, &mut ())
    }

    /// The same, reporting progress: first of the records, then of their verification.
    ///
    /// # Errors
    /// As for [`Workflow::evidence`]; [`StoreError::Unavailable`] when `watch` ended it.
    pub fn evidence_watched(
        &self,
        caller: &Caller,
        get: &GetEvidence,
        watch: &mut dyn Verifying,
    ) -> Result<String, Error> {
        let now = self.shared.time.now();
        self.shared.may_audit(caller, &GetEvidence::SPEC, now)?;
        let missing = |field| Invalid::new(field, "is missing", "an instant such as 2026-12-01T00:00:00Z");
        let from = get.from.ok_or_else(|| missing("from"))?;
        let until = get.until.ok_or_else(|| missing("until"))?;
        if until <= from {
            let expected = "an instant after `from`";
            return Err(Invalid::new("until", format!("is {until}"), expected).into());
        }
        if until > now {
            let expected = format!("an instant in the past; now is {now}");
            return Err(Invalid::new("until", format!("is {until}"), expected).into());
        }
        self.shared.flush_uses()?;
        let mut collector = Collector::new(from, until);
        let mut chain = Chain::default();
        let mut after = Revision::ZERO;
        let mut is_inside = false;
        loop {
            // Before the period only changes are of use.
            let query = match is_inside {
                false => RecordQuery::changes_after(after, PAGE),
                true => RecordQuery::after(after, PAGE),
            };
            let (head, records) = self.shared.store.records(&query)?;
            tell(watch, after, head.revision)?;
            let mut is_over = records.len() < PAGE;
            for record in &records {
                if !is_inside && record.event.at >= from {
                    // The records between the last change and this one are read again, with their uses.
                    is_inside = true;
                    is_over = false;
                    break;
                }
                if record.event.at >= until {
                    is_over = true;
                    break;
                }
                collector.take(record);
                (after, chain.last, chain.hash) = (record.revision, record.revision, record.hash.to_string());
            }
            if is_over && !is_inside {
                is_inside = true;
                continue;
            }
            if is_over {
                break;
            }
        }
        chain.removed = self.removed()?.filter(|gone| from < gone.complete_from).map(|gone| RemovedRecords {
            last: gone.last,
            until: gone.until,
            complete_from: gone.complete_from,
            root: gone.root.to_string(),
        });
        self.verify_chain(&mut chain, until, watch)?;
        Ok(Evidence::of(&collector, chain).show(get.form))
    }

    /// Whether the journal is intact, and the last checkpoint of the period.
    fn verify_chain(&self, chain: &mut Chain, until: Timestamp, watch: &mut dyn Verifying) -> Result<(), Error> {
        let store = &*self.shared.store;
        let mut kept = store.last_checkpoint_up_to(chain.last)?;
        // One that was signed later would make another document of the same period.
        while let Some(one) = &kept
            && one.at >= until
        {
            kept = store.last_checkpoint_up_to(Revision(one.size.0.saturating_sub(1)))?;
        }
        let after = kept.as_ref().map(|one| Checkpoint::of(one.size, &one.head.to_string()));
        chain.problem = match store.verify_with(&Verification { after }, watch) {
            Ok(_) => None,
            Err(error @ (StoreError::Broken(_) | StoreError::Corrupt(_))) => Some(error.to_string()),
            Err(error) => return Err(error.into()),
        };
        chain.checkpoint = kept.map(|one| one.note);
        Ok(())
    }
}
