//! What somebody did about an alert.

use super::{Actor, Alert, Event, Fact, Justification, Revision, Timestamp};

/// An alert, and what somebody did about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertState {
    /// What was raised.
    pub alert: Alert,
    /// The record that raised it.
    pub revision: Revision,
    /// When it was written.
    pub raised_at: Timestamp,
    /// Who has seen it, and when, with what they said.
    pub acknowledged: Option<Handled>,
    /// Who does not want to hear of the like for a while.
    pub silenced: Option<(Handled, Timestamp)>,
}

/// That somebody did something about an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handled {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// Why, or what they found.
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
    /// Nobody did anything about it yet.
    Open,
    /// Somebody has seen it.
    Acknowledged,
    /// The like of it is not raised for a while.
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
    /// The alert as this fact raises it; `None` for another fact.
    #[must_use]
    pub fn raised(event: &Event, revision: Revision) -> Option<Self> {
        let Fact::AlertRaised(alert) = &event.fact else { return None };
        let alert = Alert::clone(alert);
        Some(Self { alert, revision, raised_at: event.at, acknowledged: None, silenced: None })
    }

    /// Takes in a fact. One about another alert changes nothing.
    pub fn apply(&mut self, event: &Event) {
        let handled = |reason: &Justification| Handled { by: event.by.clone(), at: event.at, reason: reason.clone() };
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

    /// What it is at `now`.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> AlertStatus {
        match (&self.silenced, &self.acknowledged) {
            (Some((_, until)), _) if now < *until => AlertStatus::Silenced,
            (Some(_), _) | (_, Some(_)) => AlertStatus::Acknowledged,
            (None, None) => AlertStatus::Open,
        }
    }
}
