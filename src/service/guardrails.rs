//! How the guardrails follow their file, and how the host sets its entities.

use super::engine::Engine;
use super::host_facts::last_of;
use super::shared::Shared;
use crate::error::Error;
use crate::model::{EventKind, Fact, Invalid, Timestamp};
use crate::store::{Reads, StoreError};

/// How often the file is looked at.
const LOOK_MILLIS: i64 = 1_000;

impl Shared {
    /// Reads the guardrails again if their file has changed, and records which are in force. Invalid guardrails change
    /// nothing and are logged once.
    pub(super) fn watch_guardrails(&self) -> Result<(), StoreError> {
        let settings = &self.settings.guardrails;
        let guard = &self.guard;
        {
            let now = self.time.monotonic();
            let mut watched = guard.watched.lock();
            if watched.recorded.is_some() && now.saturating_sub(watched.looked) < LOOK_MILLIS {
                return Ok(());
            }
            watched.looked = now;
        }
        let reloaded = guard.reload(settings);
        let failed_before = std::mem::replace(&mut guard.watched.lock().failed, reloaded.is_err());
        match &reloaded {
            Err(error) if !failed_before => {
                tracing::error!(%error, "the guardrails were changed and are wrong; those from before stay in force");
            }
            Ok(()) if failed_before => tracing::info!("the guardrails can be read again"),
            _ => {}
        }
        let fact = guard.in_force(settings);
        if guard.watched.lock().recorded.as_ref() == Some(&fact) {
            return Ok(());
        }
        if !self.record_guardrails(&fact)? {
            return Ok(());
        }
        // The guardrails that are in force from the start change no cached answer.
        let is_first = guard.watched.lock().recorded.replace(fact).is_none();
        if !is_first {
            self.announce();
        }
        Ok(())
    }

    /// Records that these guardrails are in force, unless the record has it already. False when it could not be written
    /// now.
    fn record_guardrails(&self, fact: &Fact) -> Result<bool, StoreError> {
        let is_wanted = |reads: &dyn Reads| -> Result<bool, StoreError> {
            Ok(match last_of(reads, EventKind::of(fact))? {
                Some(record) => !is_same(&record.event.fact, fact),
                // Without guardrails now and before, nothing is recorded.
                None => !matches!(fact, Fact::GuardrailsChanged { count: 0, .. }),
            })
        };
        if !is_wanted(&*self.store)? {
            return Ok(true);
        }
        // Another process with the same guardrails may record them in the meantime.
        let written = self.note_of_host(&self.by_account(fact), is_wanted);
        match written {
            // Others keep writing: the next look tries again.
            Err(StoreError::Conflict) => Ok(false),
            other => other.map(|()| true),
        }
    }
}

impl Shared {
    /// The fact, with the account that this process runs under.
    fn by_account(&self, fact: &Fact) -> Fact {
        match fact {
            Fact::GuardrailsChanged { digest, count, .. } => {
                let (digest, account) = (digest.clone(), self.process.account.clone());
                Fact::GuardrailsChanged { digest, count: *count, account }
            }
            other => other.clone(),
        }
    }
}

/// Whether both facts name the same guardrails, under any account.
fn is_same(one: &Fact, other: &Fact) -> bool {
    let guardrails_of = |fact: &Fact| match fact {
        Fact::GuardrailsChanged { digest, count, .. } => Some((digest.clone(), *count)),
        _ => None,
    };
    guardrails_of(one).is_some() && guardrails_of(one) == guardrails_of(other)
}

impl Engine {
    /// Looks now whether the file of guardrails has changed, as the background work does every second, and puts it in force.
    ///
    /// ```
    /// # use jit_access::{service::Builder, store::MemoryStore, workflow::Rules};
    /// let engine = Builder::new(MemoryStore::new(), Rules::default()).open()?;
    /// engine.reload_guardrails()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the file cannot be read, or is wrong: the error has its line and column. Then those from before stay in force.
    pub fn reload_guardrails(&self) -> Result<(), Error> {
        let shared = self.shared();
        shared.guard.reload(&shared.settings.guardrails)?;
        shared.guard.watched.lock().looked = i64::MIN;
        Ok(shared.watch_guardrails()?)
    }

    /// Sets the entities of the host, in Cedar's JSON format; they replace the earlier ones. `at` is the instant of
    /// this state; now when `None`. Returns the number of entities.
    ///
    /// Guardrails and [`Engine::authorize`] look at them. Where `guardrails.max_entity_age_seconds` is set and they are
    /// older, no grant is honoured.
    ///
    /// ```
    /// # use jit_access::{service::Builder, store::MemoryStore, workflow::Rules};
    /// let engine = Builder::new(MemoryStore::new(), Rules::default()).open()?;
    /// assert_eq!(engine.set_entities(r#"[{"uid": {"type": "User", "id": "ann"}, "attrs": {}, "parents": []}]"#, None)?, 1);
    /// assert!(engine.set_entities("[", None).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the document is invalid, or an entity does not fit the schema. The earlier entities stay.
    pub fn set_entities(&self, json: &str, at: Option<Timestamp>) -> Result<usize, Error> {
        let now = self.now();
        // An instant in the future counts as now.
        let at = at.map_or(now, |at| at.min(now));
        let count = self.shared().guard.set_entities(json, at).map_err(|error| {
            let expected = "entities in Cedar's JSON format that fit the schema";
            Invalid::new("entities", format!("cannot be read: {error}"), expected)
        })?;
        self.shared().announce();
        Ok(count)
    }
}
