//! The fold over the records of a grant.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::right_size::{SmallerRole, smaller_role, smallest};
use super::timeline::{TimelineEntry, moment};
use crate::journal::Record;
use crate::model::{
    AccessRequest, Action, AlertState, Event, Fact, Grant, GrantStatus, Permission, PermissionSet, RefusedKind,
    Resource, Revision, Role, RoleName, Timestamp,
};
use crate::workflow::{View, evolve};

/// What was done under a grant, by its records.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let world::World { engine, request, lead, .. } = world::requested()?;
/// use jit_access::command::Approve;
/// use jit_access::model::*;
///
/// let grant = engine.workflow().execute(&lead, Approve::new(request), None)?.grant.ok_or("no grant")?;
/// let session = engine.workflow().summary(&lead, grant.id)?;
/// assert_eq!((session.uses.total, session.unused.len()), (0, 1));
/// assert!(session.write(SummaryForm::Text).contains("INC-1234"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The grant as the records leave it.
    pub grant: Grant,
    /// The request that it answers.
    pub request: AccessRequest,
    /// The status at the instant of the summary.
    pub status: GrantStatus,
    /// The last instant that the summary covers: the end of the grant, or the instant at which a live one was
    /// summarized.
    pub until: Timestamp,
    /// The last record that it uses.
    pub through: Revision,
    /// What happened, in order. Uses that follow each other are one entry.
    pub timeline: Vec<TimelineEntry>,
    /// The uses.
    pub uses: Uses,
    /// The permissions of the grant that were not used.
    pub unused: Vec<Permission>,
    /// What was refused to the holder meanwhile, the most frequent first. Equal attempts within an hour are counted as
    /// one row, so some may be from shortly before or after.
    pub refused: Vec<RefusedKind>,
    /// How many refused attempts are not listed in `refused`.
    pub other_refused: u64,
    /// The alerts that the monitor raised about it, oldest first.
    pub alerts: Vec<AlertState>,
    /// A smaller role of the catalogue that would have been enough, if there is one.
    pub smaller: Option<SmallerRole>,
}

/// The uses of a grant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Uses {
    /// How many there were.
    pub total: u64,
    /// When the first was.
    pub first: Option<Timestamp>,
    /// The instant of the last one.
    pub last: Option<Timestamp>,
    /// By permission and resource, the most frequent first. At most [`Uses::KINDS`].
    pub kinds: Vec<Used>,
    /// How many uses are in no row of `kinds`, because there were too many different ones.
    pub others: u64,
    /// Every different permission that was used, in order.
    pub actions: Vec<Action>,
}

impl Uses {
    /// How many different pairs of permission and resource are counted one by one.
    pub const KINDS: usize = 500;
}

/// When the grant ended or will end.
fn end_of(grant: &Grant) -> Timestamp {
    grant.ended.as_ref().map_or(grant.window.end(), |end| end.at)
}

/// How often one permission was used on one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// The action.
    pub action: Action,
    /// On what.
    pub resource: Resource,
    /// How often.
    pub count: u64,
    /// When first.
    pub first: Timestamp,
    /// The instant of the last one.
    pub last: Timestamp,
}

/// Takes in the records about a grant and about its request, each kind oldest first, and those of configurations, and
/// makes a summary of them. Its size does not grow with the number of uses.
#[derive(Debug, Default)]
pub struct Fold {
    view: View,
    through: Revision,
    timeline: BTreeMap<Revision, TimelineEntry>,
    /// The timeline entry of the last uses, while no other record came after them.
    run: Option<Revision>,
    uses: BTreeMap<(Action, Resource), Used>,
    actions: BTreeMap<String, Action>,
    counted: Uses,
    alerts: Vec<AlertState>,
    refused: (Vec<RefusedKind>, u64),
    /// The permissions of the roles in the last record of a configuration before the end, or otherwise in the first one
    /// after it.
    catalogue: Option<Arc<BTreeMap<RoleName, PermissionSet>>>,
}

impl Fold {
    /// Takes in a record. The record of the grant's creation is also about the request; the second time it changes
    /// nothing.
    pub fn add(&mut self, record: &Record) {
        let Record { revision, event, .. } = record;
        if let Fact::ConfigurationChanged { roles, .. } = &event.fact {
            let is_in_time = self.view.grant.as_ref().is_none_or(|grant| event.at < end_of(grant));
            self.catalogue = roles.clone().filter(|_| is_in_time || self.catalogue.is_none()).or(self.catalogue.take());
            return;
        }
        let again = match &event.fact {
            Fact::GrantCreated(grant) => self.view.grant.as_ref().is_some_and(|known| known.id == grant.id),
            _ => false,
        };
        if again {
            return;
        }
        self.through = self.through.max(*revision);
        if let Fact::GrantUsed { action, resource, used_at, .. } = &event.fact {
            self.used(action, resource, used_at.unwrap_or(event.at));
        }
        if let Fact::SessionRefused { refused, others, .. } = &event.fact {
            self.refused = (refused.clone(), *others);
        }
        self.alerts.extend(AlertState::raised(event, *revision));
        self.alerts.iter_mut().for_each(|state| state.apply(event));
        self.remember(*revision, event);
        let view = std::mem::take(&mut self.view);
        self.view = evolve(view, event);
    }

    /// Adds the refused calls of a live grant; after the end they are in the journal.
    pub fn refused_so_far(&mut self, refused: (Vec<RefusedKind>, u64)) {
        self.refused = refused;
    }

    /// When the grant ends, by the records so far; `None` before its record.
    #[must_use]
    pub fn ends(&self) -> Option<Timestamp> {
        self.view.grant.as_ref().map(end_of)
    }

    /// The summary at `now`; `None` without records of the grant and its request. `catalogue` is used when no record of
    /// a configuration has the permissions of the roles.
    #[must_use]
    pub fn finish(self, catalogue: &BTreeMap<RoleName, Role>, now: Timestamp) -> Option<Session> {
        let Self { view, through, timeline, uses, actions, counted, alerts, refused, catalogue: given, .. } = self;
        let (grant, request) = (view.grant?, view.request?);
        let status = grant.status(now);
        let until = match (&grant.ended, status) {
            (Some(end), _) => end.at,
            (None, GrantStatus::Expired) => grant.window.end(),
            (None, _) => now,
        };
        let mut kinds: Vec<Used> = uses.into_values().collect();
        let named = |used: &Used| (used.action.to_string(), used.resource.to_string());
        kinds.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| named(a).cmp(&named(b))));
        let uses = Uses { kinds, actions: actions.into_values().collect(), ..counted };
        let is_unused = |permission: &&Permission| !uses.actions.iter().any(|action| permission.covers(action));
        Some(Session {
            unused: grant.permissions.allowed().iter().filter(is_unused).cloned().collect(),
            smaller: match &given {
                Some(given) => smallest(&grant.permissions, &uses.actions, given.iter()),
                None => smaller_role(&grant.permissions, &uses.actions, catalogue),
            },
            timeline: {
                // A use that waited to be written is sorted by the time when it was made.
                let mut timeline: Vec<TimelineEntry> = timeline.into_values().collect();
                timeline.sort_by_key(|moment| moment.at);
                timeline
            },
            refused: refused.0,
            other_refused: refused.1,
            alerts,
            grant,
            request,
            status,
            until,
            through,
            uses,
        })
    }

    fn used(&mut self, action: &Action, resource: &Resource, at: Timestamp) {
        let counted = &mut self.counted;
        counted.total += 1;
        counted.first = Some(counted.first.map_or(at, |first| first.min(at)));
        counted.last = Some(counted.last.map_or(at, |last| last.max(at)));
        if self.actions.len() < Uses::KINDS || self.actions.contains_key(action.name()) {
            self.actions.entry(action.name().to_owned()).or_insert_with(|| action.clone());
        }
        let key = (action.clone(), resource.clone());
        if !self.uses.contains_key(&key) && self.uses.len() >= Uses::KINDS {
            counted.others += 1;
            return;
        }
        let (action, resource) = key.clone();
        let used = self.uses.entry(key).or_insert(Used { action, resource, count: 0, first: at, last: at });
        used.count += 1;
        used.first = used.first.min(at);
        used.last = used.last.max(at);
    }

    /// Puts the event into the timeline; uses that follow each other are one entry.
    fn remember(&mut self, revision: Revision, event: &Event) {
        let Some(moment) = moment(event, self.view.request.as_ref()) else { return };
        if let (Fact::GrantUsed { .. }, Some(run)) = (&event.fact, self.run)
            && let Some(last) = self.timeline.get_mut(&run).filter(|last| last.joins(&moment))
        {
            last.join(&moment);
            return;
        }
        self.run = matches!(event.fact, Fact::GrantUsed { .. }).then_some(revision);
        self.timeline.insert(revision, moment);
    }
}
