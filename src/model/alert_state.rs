//! An alert, and how it was handled.

use super::{Actor, Alert, Event, Fact, Justification, Revision, Timestamp};

/// An alert, and how it was handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertState {
    /// The alert.
    pub alert: Alert,
    /// The record that raised it.
    pub revision: Revision,
    /// When it was written.
    pub raised_at: Timestamp,
    /// Who acknowledged it, when, and with which finding.
    pub acknowledged: Option<AlertHandling>,
    /// Who silenced alerts like this one, and until when.
    pub silenced: Option<(AlertHandling, Timestamp)>,
}

/// The handling of an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertHandling {
    /// The actor.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// The reason, or the finding.
    pub reason: Justification,
}

/// What an alert is at an instant. Complete on purpose.
///
/// ```
/// use jit_access::model::AlertStatus;
///
/// assert_eq!(AlertStatus::ALL.map(AlertStatus::name), ["open", "acknowledged", "silenced"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AlertStatus {
    /// Not handled yet.
    Open,
    /// Acknowledged.
    Acknowledged,
    /// Alerts like this one are not raised for a while.
    Silenced,
}

impl AlertStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Open, Self::Acknowledged, Self::Silenced];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Silenced => "silenced",
        }
    }
}

impl AlertState {
    /// The alert that this fact raises; `None` for another fact.
    #[must_use]
    pub fn raised(event: &Event, revision: Revision) -> Option<Self> {
        let Fact::AlertRaised(alert) = &event.fact else { return None };
        let alert = Alert::clone(alert);
        Some(Self { alert, revision, raised_at: event.at, acknowledged: None, silenced: None })
    }

    /// Applies a fact. A fact about another alert changes nothing.
    pub fn apply(&mut self, event: &Event) {
        let handled =
            |reason: &Justification| AlertHandling { by: event.by.clone(), at: event.at, reason: reason.clone() };
        match &event.fact {
            Fact::AlertAcknowledged { alert, reason, .. } if *alert == self.alert.id => {
                self.acknowledged = Some(handled(reason));
            }
            Fact::AlertSilenced { alert, reason, until, .. } if *alert == self.alert.id => {
                self.silenced = Some((handled(reason), *until));
            }
            _ => {}
        }
    }

    /// The status at `now`.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> AlertStatus {
        match (&self.silenced, &self.acknowledged) {
            (Some((_, until)), _) if now < *until => AlertStatus::Silenced,
            (Some(_), _) | (_, Some(_)) => AlertStatus::Acknowledged,
            (None, None) => AlertStatus::Open,
        }
    }
}
