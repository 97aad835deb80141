//! The health of the library, for operators.

use super::integrity::Integrity;
use super::offline::OfflineHealth;
use super::workflow::Workflow;
use crate::clock::{ClockTrouble, TimeSource};
use crate::command::{Definition, Health as GetHealth};
use crate::error::Error;
use crate::model::{Caller, ChannelCount, Revision, Timestamp};

/// The health of the library.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// When it was looked at.
    pub at: Timestamp,
    /// The state of the store, as this process sees it.
    pub store: StoreHealth,
    /// The result of the last verification of the journal by this process.
    pub journal: Integrity,
    /// What was recorded on this machine while the store was unavailable and is not merged yet; `None` when offline
    /// access is not configured.
    pub offline: Option<OfflineHealth>,
    /// The state of the clock.
    pub clock: ClockHealth,
    /// Each channel, by name: those of the settings, those that the host gave, and those that deliveries are left of.
    pub channels: Vec<ChannelCount>,
}

/// The state of the store. An answer means that the store could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreHealth {
    /// The revision of the last record.
    pub revision: Revision,
    /// When the grants in memory were last proven to be current. `None` when they never were.
    pub current_at: Option<Timestamp>,
    /// Whether the store was replaced and no operator has accepted it. Then no grant is honoured.
    pub replaced: bool,
    /// Notices that are due and whose recipients are not determined yet.
    pub notices_waiting: u64,
}

/// The state of the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClockHealth {
    /// Which clock gives the time.
    pub source: TimeSource,
    /// What the wall clock shows.
    pub wall: Timestamp,
    /// The direction of the error when the time is uncertain. Then only break-glass grants are honoured.
    pub trouble: Option<ClockTrouble>,
    /// How far the wall clock is ahead of the clock of the store's server, in milliseconds. `None` when the server's
    /// clock is used, or when the store has none.
    pub skew_ms: Option<i64>,
}

impl ClockHealth {
    /// Every name that [`ClockHealth::doubted`] returns.
    pub const NAMES: [&'static str; 2] = ["ahead", "behind"];

    /// The direction of the wall clock's error: `ahead` or `behind`.
    #[must_use]
    pub const fn doubted(&self) -> Option<&'static str> {
        match self.trouble {
            Some(ClockTrouble::Ahead) => Some("ahead"),
            Some(ClockTrouble::Behind) => Some("behind"),
            None => None,
        }
    }
}

impl Workflow {
    /// Returns the health of the library. It reads the store once and connects to no channel.
    ///
    /// # Errors
    /// [`RefusalCode::NotAnAuditor`](crate::workflow::RefusalCode::NotAnAuditor); errors of the store.
    pub fn health(&self, caller: &Caller) -> Result<Health, Error> {
        let time = &self.shared.time;
        let at = time.now();
        self.shared.may_audit(caller, &GetHealth::SPEC, at)?;
        let store = self.store_health(at)?;
        let clock =
            ClockHealth { source: time.source(), wall: time.wall(), trouble: time.trouble(), skew_ms: time.skew() };
        let journal = self.shared.integrity.lock().clone();
        let mut channels = self.shared.store.channel_counts()?;
        for channel in self.shared.settings.notices.channels.keys() {
            if !channels.iter().any(|count| count.channel == *channel) {
                channels.push(ChannelCount { channel: channel.clone(), waiting: 0, failed: 0, last_success: None });
            }
        }
        channels.sort_by(|one, other| one.channel.cmp(&other.channel));
        let offline = self.shared.offline.as_ref().map(|offline| offline.health(at));
        Ok(Health { at, store, offline, journal, clock, channels })
    }

    fn store_health(&self, now: Timestamp) -> Result<StoreHealth, Error> {
        let (revision, notices_waiting) = (self.shared.store.head()?.revision, self.shared.store.waiting_notices(now)?);
        let following = self.shared.following.lock();
        let current_at = Some(following.proven).filter(|at| *at > Timestamp::EPOCH);
        Ok(StoreHealth { revision, current_at, replaced: following.replaced, notices_waiting })
    }
}
