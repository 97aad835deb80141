//! The alerts, and what is not raised again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::journal::{Record, digest};
use crate::model::{
    Alert, AlertId, AlertKind, AlertState, AlertStatus, Fact, GrantId, Justification, Principal, Revision, Timestamp,
};

/// The most alerts that are kept.
const KEPT: usize = 10_000;

/// The alerts of the journal, newest kept longest, and those that were found and are not written yet.
#[derive(Debug, Default)]
pub(super) struct Kept {
    raised: BTreeMap<Revision, AlertState>,
    by_id: HashMap<AlertId, Revision>,
    known: HashSet<AlertId>,
    found: BTreeMap<AlertId, Alert>,
    counts: BTreeMap<AlertKind, u64>,
    off: BTreeSet<AlertKind>,
}

/// A finding, before it is compared with earlier ones.
pub(super) struct Finding<'a> {
    pub(super) kind: AlertKind,
    /// What makes it the same finding: for this kind it is raised once for each key.
    pub(super) key: String,
    pub(super) grant: Option<GrantId>,
    pub(super) who: Option<&'a Principal>,
    pub(super) since: Timestamp,
    pub(super) text: String,
}

impl Kept {
    /// No alerts yet; kinds that are switched off are not raised.
    pub(super) fn without(off: BTreeSet<AlertKind>) -> Self {
        Self { off, ..Self::default() }
    }

    pub(super) fn find(&mut self, finding: Finding<'_>) {
        let Finding { kind, key, grant, who, since, text } = finding;
        if self.off.contains(&kind) {
            return;
        }
        let (id, text) = (id_of(kind, &key), Justification::fitting(&text));
        if let Some(waiting) = self.found.get_mut(&id) {
            // It continues while it waits to be written: the alert has the latest numbers.
            if goes_on(kind) {
                (waiting.text, waiting.since) = (text, since);
            }
            return;
        }
        if self.known.contains(&id) || self.is_silenced(kind, grant, who, since) {
            return;
        }
        self.found.insert(id, Alert { id, kind, grant, who: who.cloned(), since, text });
    }

    fn is_silenced(&self, kind: AlertKind, grant: Option<GrantId>, who: Option<&Principal>, at: Timestamp) -> bool {
        let like = |state: &AlertState| {
            let alert = &state.alert;
            let same = (grant.is_some() && alert.grant == grant) || (who.is_some() && alert.who.as_ref() == who);
            alert.kind == kind && (same || (alert.grant.is_none() && alert.who.is_none()))
        };
        let silenced = |state: &&AlertState| state.status(at) == AlertStatus::Silenced;
        self.raised.values().filter(silenced).any(like)
    }

    /// Takes in a record of an alert in order.
    pub(super) fn add(&mut self, record: &Record) {
        if let Fact::AlertRaised(alert) = &record.event.fact {
            *self.counts.entry(alert.kind).or_default() += 1;
        }
        self.add_alert(record);
    }

    /// Takes in a record of an alert, in order or early.
    pub(super) fn add_alert(&mut self, record: &Record) {
        if let Some(state) = AlertState::raised(&record.event, record.revision) {
            let id = state.alert.id;
            self.found.remove(&id);
            self.known.insert(id);
            self.by_id.insert(id, record.revision);
            // Its handling may be known already.
            self.raised.entry(record.revision).or_insert(state);
            if self.raised.len() > KEPT
                && let Some((_, oldest)) = self.raised.pop_first()
            {
                self.by_id.remove(&oldest.alert.id);
                self.known.remove(&oldest.alert.id);
            }
        }
        if let Fact::AlertAcknowledged { alert, .. } | Fact::AlertSilenced { alert, .. } = &record.event.fact
            && let Some(state) = self.by_id.get(alert).and_then(|at| self.raised.get_mut(at))
        {
            state.apply(&record.event);
        }
    }

    pub(super) fn get(&self, id: AlertId) -> Option<&AlertState> {
        self.by_id.get(&id).and_then(|at| self.raised.get(at))
    }

    pub(super) fn newest_first(&self) -> impl Iterator<Item = &AlertState> {
        self.raised.values().rev()
    }

    /// The unwritten findings that are not older than this; older ones are removed.
    pub(super) fn due(&mut self, not_before: Timestamp) -> Vec<Alert> {
        let Self { found, known, .. } = self;
        found.retain(|id, alert| {
            let is_new = alert.since >= not_before;
            if !is_new {
                known.insert(*id);
            }
            is_new
        });
        found.values().cloned().collect()
    }

    pub(super) fn is_found(&self, id: AlertId) -> bool {
        self.found.contains_key(&id)
    }

    /// How many alerts of each kind were raised.
    pub(super) const fn counts(&self) -> &BTreeMap<AlertKind, u64> {
        &self.counts
    }
}

/// Whether the number of such a finding rises with later events.
const fn goes_on(kind: AlertKind) -> bool {
    matches!(kind, AlertKind::Burst | AlertKind::AgentLoop | AlertKind::Probing | AlertKind::ApproverFatigue)
}

/// The id of a finding: the same wherever it is found.
fn id_of(kind: AlertKind, key: &str) -> AlertId {
    let digest = digest(&format!("{}\n{key}", kind.name()));
    let bits = digest.get(..32).and_then(|digits| u128::from_str_radix(digits, 16).ok());
    // The bits that mark a UUID of version 8, made of a digest.
    let bits = bits.unwrap_or_default() & !(0xF << 76) & !(0x3 << 62) | (0x8 << 76) | (0x2 << 62);
    AlertId::from_u128(bits)
}
