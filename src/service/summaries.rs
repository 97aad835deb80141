//! What was done under a grant, read from the journal.

use super::shared::Shared;
use super::workflow::Workflow;
use crate::error::Error;
use crate::model::{Caller, Grant, GrantId, Revision, Subject};
use crate::store::{RecordQuery, StoreError};
use crate::summary::{Fold, Session};
use crate::workflow::{Refusal, RefusalCode};

/// How many records are read at a time.
const CHUNK: usize = 1_000;

impl Workflow {
    /// What was done under a grant that the caller may see: the whole session of one that is over, and of a live one what
    /// happened so far. Every use is counted that this process has answered.
    ///
    /// # Errors
    /// [`RefusalCode::UnknownGrant`]; errors of the store.
    pub fn summary(&self, caller: &Caller, id: GrantId) -> Result<Session, Error> {
        let unknown = || Refusal::new(RefusalCode::UnknownGrant, format!("there is no grant {id}"));
        let grant = self.grant(caller, id)?.grant.ok_or_else(unknown)?;
        Ok(self.shared.session(&grant)?.ok_or_else(unknown)?)
    }
}

impl Shared {
    /// The summary of this grant; `None` when the journal does not tell of it.
    pub(super) fn session(&self, grant: &Grant) -> Result<Option<Session>, StoreError> {
        let mut fold = Fold::default();
        for subject in [Subject::Request(grant.request), Subject::Grant(grant.id)] {
            let mut after = Revision::ZERO;
            loop {
                let query = RecordQuery { about: vec![subject.clone()], ..RecordQuery::after(after, CHUNK) };
                let (_, records) = self.store.records(&query)?;
                records.iter().for_each(|record| fold.add(record));
                match records.last() {
                    Some(last) if records.len() == CHUNK => after = last.revision,
                    _ => break,
                }
            }
        }
        Ok(fold.finish(&self.rules.catalogue, self.time.now()))
    }
}
