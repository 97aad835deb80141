//! Records the configuration that an engine was opened with.
//!
//! When the configuration differs from the last recorded one, the first background work logs what it affects, ends the
//! grants that it is set to end, and records its digest. This is not done at opening, so a program that only reads the
//! store writes no record. Grants that are to end are not honoured from the opening on.

use std::sync::Arc;

use super::commit::Decision;
use super::follow::ended_by;
use super::host_facts::last_of;
use super::shared::Shared;
use crate::journal::digest as digest_of;
use crate::model::{EventKind, Fact, GrantId};
use crate::store::{Reads, StoreError};
use crate::workflow::{Needs, OnRoleChange, RulesImpact, Whose, end_changed_roles};

/// How many affected grants and requests are logged line by line.
const SHOWN: usize = 20;

impl Shared {
    /// Applies a new configuration, once for each engine.
    pub(super) fn apply_configuration(&self) -> Result<(), StoreError> {
        let mut applied = self.configured.lock();
        if *applied || self.time.trouble().is_some() {
            return Ok(());
        }
        let digest = self.configuration.as_deref().map(digest_of);
        if digest.is_none() || digest != last_configuration(&*self.store)? {
            let impact = if digest.is_some() { self.rules_impact(&self.rules)? } else { Vec::new() };
            report(&impact);
            self.end_changed_roles()?;
            if let Some(digest) = digest {
                self.record_configuration(digest, &impact)?;
            }
        }
        *applied = true;
        Ok(())
    }

    fn record_configuration(&self, digest: String, impact: &[RulesImpact]) -> Result<(), StoreError> {
        let count = |grants: bool| {
            let mut ids: Vec<_> =
                impact.iter().filter(|one| one.grant.is_some() == grants).map(|one| one.request).collect();
            ids.dedup();
            u32::try_from(ids.len()).unwrap_or(u32::MAX)
        };
        let catalogue = self.configuration.as_deref().map(|all| digest_of(&lines_of(all, "roles.")));
        let policies = self.configuration.as_deref().map(|all| lines_of(all, "policy: ")).filter(|all| !all.is_empty());
        let roles = self.rules.catalogue.iter().map(|(name, role)| (name.clone(), role.permissions.clone()));
        let fact = Fact::ConfigurationChanged {
            digest: digest.clone(),
            catalogue,
            roles: Some(Arc::new(roles.collect())),
            policies: policies.map(|all| digest_of(&all)),
            account: self.process.account.clone(),
            grants: count(true),
            requests: count(false),
        };
        // Another process with the same configuration may have recorded it by now.
        self.note_of_host(&fact, |reads| Ok(last_configuration(reads)?.as_ref() != Some(&digest)))
    }

    /// Stops honouring the grants that are to end because they permit more than their roles do now.
    pub(super) fn withhold_changed_roles(&self) -> Result<(), StoreError> {
        if self.rules.on_role_change == OnRoleChange::Revoke {
            let now = self.time.now();
            let events = end_changed_roles(&self.store.view(&in_force(), now)?, &self.rules, now);
            let ends: Vec<GrantId> = events.iter().filter_map(|event| ended_by(&event.fact)).collect();
            self.withhold(&ends);
        }
        Ok(())
    }

    /// Ends those grants.
    fn end_changed_roles(&self) -> Result<(), StoreError> {
        if self.rules.on_role_change == OnRoleChange::Keep {
            return Ok(());
        }
        let ended = self.commit_exclusively(|reads: &dyn Reads| {
            let now = self.time.now();
            let view = reads.view(&in_force(), now)?;
            let events = end_changed_roles(&view, &self.rules, now);
            let ended = events.iter().filter(|event| ended_by(&event.fact).is_some()).count();
            Ok::<_, StoreError>((Decision::from_view(view, events), ended))
        })?;
        if ended > 0 {
            tracing::warn!(grants = ended, "grants are revoked, because they gave more than their roles do now");
        }
        Ok(())
    }
}

/// The digest in the last record of a configuration; nothing when that record does not have the permissions of the
/// roles, as in earlier versions.
fn last_configuration(reads: &dyn Reads) -> Result<Option<String>, StoreError> {
    let Ok(event) = "configuration_changed".parse::<EventKind>() else { return Ok(None) };
    Ok(last_of(reads, event)?.and_then(|record| match record.event.fact {
        Fact::ConfigurationChanged { digest, roles: Some(_), .. } => Some(digest),
        _ => None,
    }))
}

/// The lines of a configuration that begin so.
fn lines_of(configuration: &str, beginning: &str) -> String {
    configuration.lines().filter(|line| line.starts_with(beginning)).flat_map(|line| [line, "\n"]).collect()
}

fn in_force() -> Needs {
    Needs { live: Some(Whose::Everybody), extending: true, ..Needs::default() }
}

fn report(impact: &[RulesImpact]) {
    for one in impact.iter().take(SHOWN) {
        let RulesImpact { principal, role, key, effect, .. } = one;
        match one.grant {
            Some(grant) => tracing::warn!(%grant, %principal, %role, "the new `{key}`: the grant {effect}"),
            None => tracing::warn!(request = %one.request, %principal, %role, "the new `{key}`: the request {effect}"),
        }
    }
    if impact.len() > SHOWN {
        tracing::warn!(more = impact.len() - SHOWN, "the new configuration touches more grants and requests");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::model::Revision;
    use crate::service::Builder;
    use crate::store::{MemoryStore, RecordQuery};
    use crate::workflow::Rules;

    #[test]
    fn two_processes_record_the_same_configuration_once() {
        let engine = Builder::new(MemoryStore::new(), Rules::default()).open().unwrap();
        let shared = Arc::clone(&engine.workflow().shared);
        let recorded = || shared.store.records(&RecordQuery::after(Revision::ZERO, 10)).unwrap().1.len();
        // Both have read the journal before the other one wrote.
        for _ in 0..2 {
            shared.record_configuration("one".to_owned(), &[]).unwrap();
        }
        assert_eq!(recorded(), 1);
        shared.record_configuration("two".to_owned(), &[]).unwrap();
        shared.record_configuration("one".to_owned(), &[]).unwrap();
        assert_eq!(recorded(), 3);
    }
}
