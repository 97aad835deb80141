//! Evaluates the guardrails in force for what grants allow, over the host's entities.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::cross_check::CrossCheck;
use super::grant_cache::GrantCache;
use super::policy_errors::unfit;
use super::settings::GuardrailSettings;
use crate::check::{Forbids, Verdict};
use crate::error::Error;
use crate::journal::digest;
use crate::lock::Mutex;
use crate::model::{Context, Fact, GrantId, PolicyFile, Query, RawQuery, Reason, Timestamp};
use crate::policy::{self, Attributes, Extra, Guardrails, HostEntities, Judged, PolicyError, Schema, Seen};
use crate::workflow::{Rules, proven_at};

/// Judges what grants allow.
#[derive(Debug)]
pub(super) struct Guard {
    pub(super) rules: Arc<Rules>,
    schema: Schema,
    pub(super) grant_cache: Arc<GrantCache>,
    set: Mutex<Arc<Guardrails>>,
    entities: Mutex<Option<Arc<HostEntities>>>,
    /// How old the entities of the host may be. `None`: no entities are expected.
    max_age: Option<Duration>,
    /// How many guardrails are of the library's ready sets.
    ready: usize,
    pub(super) cross_check: CrossCheck,
    pub(super) watched: Mutex<Watched>,
}

/// The operator's files as they were last read.
#[derive(Debug, Default)]
pub(super) struct Watched {
    own: Vec<PolicyFile>,
    /// The length and the modification time of the file when it was last read.
    stamp: Option<(u64, Option<SystemTime>)>,
    /// When it was last looked at, and whether the last look failed.
    pub(super) looked: i64,
    pub(super) failed: bool,
    /// The last recorded fact about the guardrails.
    pub(super) recorded: Option<Fact>,
}

/// The key of the configuration.
const KEY: &str = "jit_access.guardrails";

fn all_of(ready: &[PolicyFile], own: &[PolicyFile]) -> Vec<PolicyFile> {
    ready.iter().chain(own).cloned().collect()
}

impl Guard {
    pub(super) fn new(
        rules: Arc<Rules>,
        schema: Schema,
        grant_cache: Arc<GrantCache>,
        set: Guardrails,
        (settings, ready): (&GuardrailSettings, usize),
        cross_check_percent: u32,
    ) -> Self {
        let watched = Watched { own: settings.own.clone(), ..Watched::default() };
        Self {
            rules,
            schema,
            grant_cache,
            set: Mutex::new(Arc::new(set)),
            entities: Mutex::default(),
            max_age: settings.max_entity_age,
            ready,
            cross_check: CrossCheck::of(cross_check_percent),
            watched: Mutex::new(watched),
        }
    }

    /// Puts the files as they are now in force, if any has changed. On an error the old ones stay.
    pub(super) fn reload(&self, settings: &GuardrailSettings) -> Result<(), Error> {
        let Some(path) = &settings.path else { return Ok(()) };
        let mut watched = self.watched.lock();
        let unreadable = |source: std::io::Error| Error::System { doing: "reading the guardrails again", source };
        let seen = std::fs::metadata(path).map_err(unreadable)?;
        let stamp = (seen.len(), seen.modified().ok());
        if watched.stamp == Some(stamp) {
            return Ok(());
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        // An error is logged once, and the file is read again when it changes.
        watched.stamp = Some(stamp);
        if watched.own.iter().any(|file| file.text() == text) {
            return Ok(());
        }
        let name = watched.own.first().map_or_else(|| path.display().to_string(), |file| file.name().to_owned());
        let own = vec![PolicyFile::new(name, text)];
        let set =
            Guardrails::parse(&all_of(&settings.ready, &own), &self.schema).map_err(|error| unfit(KEY, &error))?;
        if set.len() <= self.ready {
            // A file that is being written is empty for a moment.
            let reason = "has no policy; to have no guardrails, remove the key and restart".to_owned();
            let file = own.first().map_or_else(String::new, |file| file.name().to_owned());
            return Err(unfit(KEY, &PolicyError::File { file, line: None, column: None, reason }));
        }
        *self.set.lock() = Arc::new(set);
        watched.own = own;
        Ok(())
    }

    /// The guardrails in force, as the fact to record.
    pub(super) fn in_force(&self, settings: &GuardrailSettings) -> Fact {
        let count = u32::try_from(self.set.lock().len()).unwrap_or(u32::MAX);
        Fact::GuardrailsChanged { digest: self.digest(settings).into(), count, account: None }
    }

    /// The digest of the files in force.
    pub(super) fn digest(&self, settings: &GuardrailSettings) -> String {
        let files = all_of(&settings.ready, &self.watched.lock().own);
        let parts = files.iter().flat_map(|file| [file.name(), file.text()]);
        // The length before each text: no two lists of files are one text.
        let whole: String = parts.map(|part| format!("{}:{part}", part.len())).collect();
        digest(&whole)
    }

    /// The types and actions.
    #[cfg(all(feature = "host", feature = "proof"))]
    pub(super) const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The guardrails in force.
    pub(super) fn set(&self) -> Arc<Guardrails> {
        Arc::clone(&self.set.lock())
    }

    /// The entities that the host has set last.
    pub(super) fn entities(&self) -> Option<Arc<HostEntities>> {
        self.entities.lock().clone()
    }

    /// Sets the entities of the host; returns their number.
    pub(super) fn set_entities(&self, json: &str, at: Timestamp) -> Result<usize, PolicyError> {
        let entities = self.parse(json, at)?;
        let count = entities.len();
        *self.entities.lock() = Some(Arc::new(entities));
        Ok(count)
    }

    /// Whether the entities of the host are too old, or were never set.
    pub(super) fn is_stale(&self, now: Timestamp) -> bool {
        let Some(max_age) = self.max_age else { return false };
        let bound = i64::try_from(max_age.as_millis()).unwrap_or(i64::MAX);
        self.entities.lock().as_ref().is_none_or(|entities| now.millis().saturating_sub(entities.at().millis()) > bound)
    }

    /// The entities of a document of the host's.
    pub(super) fn parse(&self, json: &str, at: Timestamp) -> Result<HostEntities, PolicyError> {
        HostEntities::parse(json, &self.schema, at)
    }

    /// A number that no other policy has.
    pub(super) fn next_number(&self) -> u64 {
        self.grant_cache.next_number()
    }

    /// What policies see of a query.
    pub(super) fn seen(
        &self,
        query: &Query<'_>,
        context: &Context,
        extra: Extra<'_>,
        now: Timestamp,
    ) -> Result<Seen, PolicyError> {
        self.seen_over(query, context, extra, self.entities().as_deref(), now)
    }

    /// What policies see of a query over these entities of a host's.
    pub(super) fn seen_over(
        &self,
        query: &Query<'_>,
        context: &Context,
        extra: Extra<'_>,
        host: Option<&HostEntities>,
        now: Timestamp,
    ) -> Result<Seen, PolicyError> {
        let given = Attributes {
            mfa_at: context.sign_in.as_ref().and_then(|sign_in| proven_at(sign_in, &self.rules.break_glass, now)),
            address: context.address,
            session: context.session.clone(),
            call: context.call.clone(),
            // Whether uses are left is read from the store, after everything else allows.
            used_up: Some(Vec::new()),
        };
        policy::seen(query, now, &given, extra, host)
    }

    fn judged(&self, query: &RawQuery<'_>, now: Timestamp, is_emergency: bool) -> Result<Judged, PolicyError> {
        let none = Context::default();
        let (principal, action, resource) = query.to_values();
        let query_values = Query { principal: &principal, action: &action, resource: &resource };
        let set = self.set();
        let extra = Extra { ungrouped: !set.looks_at_groups(), ..Extra::default() };
        let seen = self.seen(&query_values, query.context().unwrap_or(&none), extra, now)?;
        set.judge(&seen, is_emergency)
    }
}

impl Forbids for Guard {
    fn doubts(&self, query: &RawQuery<'_>, grant: GrantId, now: Timestamp) -> bool {
        self.cross_check.asks_of_allow() && self.is_refuted(query, grant, now)
    }

    fn asks_of_miss(&self) -> bool {
        self.cross_check.asks_of_miss()
    }

    fn note_miss(&self, query: &RawQuery<'_>, now: Timestamp) {
        self.compare_miss(query, now);
    }

    fn judge(&self, query: &RawQuery<'_>, now: Timestamp, is_emergency: bool) -> Verdict {
        if self.set.lock().is_empty() {
            return Verdict::Passes { obligations: Default::default(), depends: false };
        }
        if self.is_stale(now) {
            return Verdict::Unknown;
        }
        match self.judged(query, now, is_emergency) {
            Ok(judged) if judged.passes() => {
                Verdict::Passes { obligations: judged.obligations, depends: judged.evaluated > 0 }
            }
            Ok(judged) if judged.forbidding.is_empty() => {
                tracing::warn!(errors = ?judged.errors, "a guardrail cannot be evaluated, so it forbids");
                Verdict::Forbids { reason: Reason::GuardrailError, obligations: judged.obligations }
            }
            Ok(judged) => Verdict::Forbids { reason: Reason::Guardrail, obligations: judged.obligations },
            Err(error) => {
                tracing::warn!(%error, "the guardrails cannot be asked, so they forbid");
                Verdict::Forbids { reason: Reason::GuardrailError, obligations: Default::default() }
            }
        }
    }

    fn emergency(&self, query: &RawQuery<'_>, now: Timestamp) -> Option<(GrantId, Timestamp)> {
        let (principal, action, resource) = query.to_values();
        let held = self.grant_cache.of(&principal, now).ok()?;
        let covering = held.iter().map(|one| &one.grant).filter(|grant| {
            let plain = grant.break_glass.is_some() && grant.conditions.is_none();
            plain && grant.window.contains(now) && grant.covers(&action, &resource)
        });
        covering.map(|grant| (grant.id, grant.window.end())).max_by_key(|(_, end)| *end)
    }
}
