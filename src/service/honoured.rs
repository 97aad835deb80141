//! Which grants are honoured now.
//!
//! A check answers this for one question. A copy inside a host, or an export, needs all of them and calls this instead
//! of the store, so that all use the same rules.

use super::engine::Engine;
use super::shared::Shared;
use crate::error::Error;
use crate::model::{Grant, GrantStatus, Revision, Timestamp};
use crate::store::StoreError;
use crate::workflow::{Needs, Whose};

/// The grants that are honoured at one instant.
///
/// ```
/// use jit_access::config::Config;
/// use jit_access::service::Builder;
/// use jit_access::store::MemoryStore;
///
/// let config = Config::parse("jit_access: {roles: {deployer: {permissions: [tools.execute]}}}", [])?;
/// let engine = Builder::new(MemoryStore::new(), config.rules).open()?;
/// let honoured = engine.honoured()?;
/// assert!(honoured.grants.is_empty() && honoured.valid_until.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Honoured {
    /// The grants, without the permissions that are in `reserved_permissions` now.
    pub grants: Vec<Grant>,
    /// The first instant at which time alone changes this list. `None` when time changes nothing.
    pub valid_until: Option<Timestamp>,
    /// The revision that the list is true of.
    pub revision: Revision,
    /// The instant that the list is true of.
    pub now: Timestamp,
}

impl Engine {
    /// Returns the grants that checks honour now: the engine is enabled, this call proves that its state is current,
    /// and each grant is inside its window and neither ended nor suspended, also not by a command that is not written
    /// yet. The conditions of a grant are evaluated at each use, so grants with conditions are in the list.
    ///
    /// # Errors
    /// When the store cannot be read, or its state cannot be proven to be current. Then no grant is honoured.
    pub fn honoured(&self) -> Result<Honoured, Error> {
        let Honoured { mut grants, revision, now, .. } = self.shared().honoured_now_or_later()?;
        let bound = |grant: &Grant| if grant.window.contains(now) { grant.window.end() } else { grant.window.start() };
        let valid_until = grants.iter().map(bound).min();
        grants.retain(|grant| grant.window.contains(now));
        Ok(Honoured { grants, valid_until, revision, now })
    }
}

impl Shared {
    /// Like [`Engine::honoured`], including the grants whose window begins later.
    pub(super) fn honoured_now_or_later(&self) -> Result<Honoured, StoreError> {
        self.sync()?;
        let now = self.time.now();
        let view = self.store.view(&Needs { live: Some(Whose::Everybody), ..Needs::default() }, now)?;
        let (revision, live) = (view.revision, view.history.live);
        let withheld = self.following.lock().withheld.clone();
        let lives = |grant: &Grant| {
            matches!(grant.status(now), GrantStatus::Active | GrantStatus::Scheduled) && !withheld.contains(&grant.id)
        };
        let unreserved = |mut grant: Grant| {
            let reserved = self.rules.reserved(grant.break_glass.is_some());
            grant.permissions = grant.permissions.difference(reserved)?;
            Some(grant)
        };
        let grants = match self.rules.enabled {
            true if !self.checks.is_broken() => live.into_iter().filter(lives).filter_map(unreserved).collect(),
            _ => Vec::new(),
        };
        Ok(Honoured { grants, valid_until: None, revision, now })
    }
}
