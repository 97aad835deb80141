//! How checks stay current, and how uses are written.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::commit::{Decision, Round};
use super::metrics::Counters;
use super::shared::Shared;
use crate::check::KeepsCurrent;
use crate::error::Error;
use crate::model::{Actor, Event, Fact, GrantId, Principal, PrincipalKind, Revision, Timestamp};
use crate::store::{Reads, StoreError};
use crate::workflow::{Needs, Use, View, Whose, no_longer_extending, use_of};

impl KeepsCurrent for Shared {
    fn sync(&self) -> Result<Revision, StoreError> {
        Self::sync(self)
    }

    fn held_for(&self, person: &Principal, holder: &Principal, now: Timestamp) -> Result<View, StoreError> {
        let needs = Needs {
            live: Some(Whose::Of(person.clone())),
            standing_of: [person.clone(), holder.clone()].into(),
            ..Needs::default()
        };
        let mut view = self.store.view(&needs, now)?;
        let following = self.following.lock();
        view.history.live.retain(|grant| !following.withheld.contains(&grant.id));
        Ok(view)
    }

    fn write_uses(&self, uses: &mut Vec<Event>) -> Result<(), StoreError> {
        self.name_people(uses)?;
        self.commit_uses(uses)
    }

    fn look_offline(&self) {
        self.refresh_from_spool();
    }

    fn use_offline(&self, grant: GrantId, what: Use, at: Timestamp) -> Result<bool, StoreError> {
        self.record_use_offline(grant, what, at)
    }

    fn use_grant(&self, grant: GrantId, what: Use, at: Timestamp) -> Result<bool, StoreError> {
        // The store does not know it before it is merged.
        if self.checks.offline.has(grant)
            && let Err(error) = self.merge_spool()
        {
            return Err(match error {
                Error::Store(error) => error,
                error => {
                    StoreError::Unavailable { doing: "merging what was recorded on this machine", source: error.into() }
                }
            });
        }
        let used = self.commit_contended::<_, StoreError>(false, |reads: &dyn Reads, _: Round| {
            let view = reads.grant(grant)?;
            // Another process may have a clock that is ahead of ours.
            let now = at.max(self.time.now());
            let mut events = view.grant.as_ref().and_then(|grant| use_of(grant, what.clone(), now));
            let is_used = events.is_some();
            if let Some(events) = &mut events
                && events.iter().any(|event| matches!(event.fact, Fact::GrantExhausted { .. }))
            {
                let waiting = reads.view(&Needs { extending: true, ..Needs::grant(grant) }, now)?;
                events.extend(no_longer_extending(&waiting, &BTreeSet::from([grant]), now));
            }
            // Numbered uses are exact: each is written only if no other was since the grant was read.
            let conditional = view.grant.as_ref().is_some_and(|grant| grant.conditions.max_uses.is_some());
            let decision = Decision { conditional, ..Decision::from_view(view, events.unwrap_or_default()) };
            Ok(Some((decision, is_used)))
        })?;
        Counters::add(&self.counters.uses, usize::from(used));
        Ok(used)
    }
}

impl Shared {
    /// Adds the person of the grant to each use by an agent: the accountable person is hashed with the use.
    fn name_people(&self, uses: &mut [Event]) -> Result<(), StoreError> {
        let mut known: HashMap<GrantId, Option<Principal>> = HashMap::new();
        for event in uses {
            let by_agent = matches!(&event.by, Actor::Principal(by) if by.kind() == PrincipalKind::Agent);
            let Fact::GrantUsed { grant, details, .. } = &mut event.fact else { continue };
            if !by_agent || details.as_ref().is_some_and(|details| details.acts_for.is_some()) {
                continue;
            }
            let person = match known.get(grant) {
                Some(person) => person.clone(),
                None => {
                    let held = self.store.grant(*grant)?.grant;
                    known.entry(*grant).or_insert(held.and_then(|grant| grant.holder_acts_for)).clone()
                }
            };
            if person.is_some() {
                Arc::make_mut(details.get_or_insert_default()).acts_for = person;
            }
        }
        Ok(())
    }

    /// Writes the uses that wait.
    pub(super) fn flush_uses(&self) -> Result<(), StoreError> {
        self.checks.flush_uses(self)
    }
}
