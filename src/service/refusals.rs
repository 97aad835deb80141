//! Refused attempts: how they are recorded, and who may read them.
//!
//! They are counted in memory and written by the background work: attempts of one principal for one reason within an
//! hour are one row (for checks: per call), outside of the journal. So refused attempts cannot fill the disk, and no
//! refusal waits for it.

use super::listing::{Listing, one_more};
use super::shared::Shared;
use super::workflow::{Workflow, place};
use crate::check::CHECK;
use crate::command::{Command, CommandSpec, Definition, ListRefusals};
use crate::error::Error;
use crate::model::{Action, Caller, Cursor, Principal, Refused, Resource, Revision, Timestamp};
use crate::store::{RefusalPage, StoreError};
use crate::workflow::{Refusal, may_audit};

/// The fields that name the subject of a command.
const ABOUT: [&str; 8] = ["request", "grant", "delegation", "alert", "role", "principal", "holder", "to"];

impl Shared {
    /// A command of this caller was refused.
    pub(super) fn refused_command(&self, caller: &Caller, command: &Command, refusal: &Refusal) {
        let document = command.document();
        let about = ABOUT.into_iter().find_map(|field| {
            let value = document.get(field)?;
            Some(format!("{field} {}", value.as_str()?))
        });
        let about = about.unwrap_or_default();
        self.note_refusal(caller, &about, refusal);
        self.refused(caller, command.spec().name, &about, refusal);
    }

    fn refused(&self, caller: &Caller, attempt: &str, about: &str, refusal: &Refusal) {
        let who = (caller.principal.clone(), caller.acts_for.clone());
        let one = Refused::new(who, attempt, refusal.code().name(), self.time.now());
        self.checks.refused.add(one.about(about, refusal.message()));
    }

    /// Notes a refused call that no check has noted.
    pub(super) fn refused_call(
        &self,
        who: (Principal, Option<Principal>),
        (action, resource): (&Action, &Resource),
        code: &str,
        at: Timestamp,
    ) {
        let one = Refused::new(who, CHECK, code, at);
        self.checks.refused.add_call(one.call(action.clone(), resource.clone()));
    }

    /// Returns the result of a read that needs permission; a refusal is recorded.
    pub(super) fn allowed<T>(
        &self,
        caller: &Caller,
        read: &CommandSpec,
        answer: Result<T, Refusal>,
    ) -> Result<T, Error> {
        answer.map_err(|refusal| {
            self.refused(caller, read.name, "", &refusal);
            refusal.into()
        })
    }

    /// Checks that the caller may read the journal, for this read.
    pub(super) fn may_audit(&self, caller: &Caller, read: &CommandSpec, now: Timestamp) -> Result<(), Error> {
        self.allowed(caller, read, may_audit(caller, &self.rules, now))
    }

    /// Writes the refused attempts that wait.
    pub(super) fn flush_refusals(&self) -> Result<(), StoreError> {
        let dropped = self.checks.refused.flush(|refused| self.store.add_refusals(refused))?;
        if dropped > 0 {
            tracing::warn!(dropped, "too many different attempts were refused at once; these were not written down");
        }
        Ok(())
    }
}

impl Workflow {
    /// Lists refused attempts, newest first: the written ones of all processes, and those of this process that are not
    /// written yet.
    ///
    /// # Errors
    /// [`crate::workflow::RefusalCode::NotAnAuditor`]; when the limit is not 1 to 500; errors of the store.
    pub fn refusals(&self, caller: &Caller, list: &ListRefusals) -> Result<Listing<Refused>, Error> {
        let now = self.shared.time.now();
        self.shared.may_audit(caller, &ListRefusals::SPEC, now)?;
        let (name, place) = place(list, list.cursor)?;
        let limit = list.limit.0;
        let page = RefusalPage {
            principal: list.person.clone(),
            code: list.code.clone(),
            attempt: list.attempt.clone(),
            before: place.map(|place| place.0),
            limit: one_more(limit)?,
        };
        self.shared.flush_refusals()?;
        let mut found = self.shared.store.refusals(&page)?;
        let has_more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| has_more).map(|(number, _)| Cursor::new(&name, Revision(*number)));
        Ok(Listing { items: found.into_iter().map(|(_, one)| one).collect(), next, now })
    }
}
