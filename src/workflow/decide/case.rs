//! The input of a decision.

use crate::authz::{AuthzAction, AuthzResource};
use crate::model::{Actor, Caller, Event, Fact, Timestamp};
use crate::workflow::authorize::Authorization;
use crate::workflow::{Ids, Refusal, RefusalCode, Rules, View};

/// The state, the caller, the operator's rules, and the instant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) view: &'a View,
    pub(super) caller: &'a Caller,
    /// The ids for what the command makes.
    pub(super) ids: Ids,
    pub(super) rules: &'a Rules,
    pub(super) now: Timestamp,
    /// Whether it is a dry run.
    pub(super) dry_run: bool,
    /// Whether the command came with an idempotency key.
    pub(super) keyed: bool,
}

impl<'a> Case<'a> {
    /// The caller, as the actor of facts.
    pub(super) fn by(&self) -> Actor {
        Actor::Principal(self.caller.principal.clone())
    }

    /// These facts, made true by the caller now.
    pub(super) fn events(&self, facts: impl IntoIterator<Item = Fact>) -> Vec<Event> {
        each(self.now, &self.by(), facts)
    }

    /// May the caller do this?
    pub(super) const fn may(&self, action: AuthzAction, resource: AuthzResource<'a>) -> Authorization<'a> {
        Authorization::new(self.caller, action, resource, self.rules, self.now)
    }

    /// That just-in-time access is switched on.
    pub(super) fn check_enabled(&self) -> Result<(), Refusal> {
        if self.rules.enabled {
            Ok(())
        } else {
            Err(Refusal::new(RefusalCode::Disabled, "just-in-time access is switched off (`enabled: false`)"))
        }
    }
}

/// These facts, made true by `by` at `now`.
pub(super) fn each(now: Timestamp, by: &Actor, facts: impl IntoIterator<Item = Fact>) -> Vec<Event> {
    facts.into_iter().map(|fact| Event { at: now, by: by.clone(), fact }).collect()
}
