//! How the library stands, as JSON.

use super::shown::Instant;
use crate::model::ChannelCount;
use crate::service::{ClockHealth, Health, Integrity, OfflineHealth, StoreHealth};

document! {
    /// How the deliveries of one channel stand.
    pub(super) struct ChannelDocument as "ChannelHealth" {
        /// The channel, by its name in the configuration.
        channel: String,
        /// When a delivery last succeeded.
        last_success: Option<Instant>,
        /// How many deliveries wait.
        waiting: u64,
        /// How many were given up and wait for a person.
        failed: u64,
    }
}

document! {
    /// How the store stands, as this process sees it.
    pub(super) struct StoreDocument as "StoreHealth" {
        /// The last record.
        revision: u64,
        /// When the grants that this process knows were last proven to be current.
        current_at: Option<Instant>,
        /// Whether it was replaced and nobody has accepted that. Then no grant is honoured.
        replaced: bool,
        /// Notices that are due and of which nobody has found out yet who is told.
        notices_waiting: u64,
    }
}

document! {
    /// What the verification of the journal has found last, in this process.
    pub(super) struct JournalDocument as "JournalHealth" {
        /// The last record up to which the journal was found to be whole.
        verified: u64,
        /// When it was found; `null` when this process has verified nothing yet.
        verified_at: Option<Instant>,
        /// When all of it was verified last, from the first record on.
        all_verified_at: Option<Instant>,
        /// What is wrong, if something is.
        problem: Option<String>,
        /// Whether no grant is honoured for that reason.
        elevation_stopped: bool,
    }
}

document! {
    /// How the clock stands.
    pub(super) struct ClockDocument as "ClockHealth" {
        /// Whose time of day is believed: that of the `host` or of the `database`.
        source: &'static str = ["host", "database"],
        /// What the wall clock shows.
        wall: Instant,
        /// Which way it is wrong, if nobody knows what time it is: `ahead` or `behind`. Then only break-glass grants are honoured.
        doubted: Option<&'static str> = ["ahead", "behind"],
        /// How far the host's clock is ahead of that of the store's server, in milliseconds; `null` where there is none to compare with.
        skew_ms: Option<i64>,
    }
}

document! {
    /// How the library stands. Later versions add fields.
    pub struct HealthDocument as "Health" {
        /// When it was looked at.
        at: Instant,
        /// How the store stands. That it could be read is said by there being an answer.
        store: StoreDocument,
        /// What the verification of the journal has found last, in this process.
        journal: JournalDocument,
        /// What was recorded on this machine while the store was away and waits to be merged; `null` where that is not configured.
        offline: Option<OfflineDocument>,
        /// How the clock stands.
        clock: ClockDocument,
        /// Each channel, by name: those that are configured, and those that deliveries are left of.
        channels: Vec<ChannelDocument>,
    }
}

document! {
    /// What was recorded on this machine while the store was away.
    pub(super) struct OfflineDocument as "OfflineHealth" {
        /// How many entries wait to be merged.
        entries: u64,
        /// How many grants in force only this machine knows of.
        grants: u64,
        /// Why they cannot be merged, if so: a person has to look.
        problem: Option<String>,
    }
}

impl From<&OfflineHealth> for OfflineDocument {
    fn from(offline: &OfflineHealth) -> Self {
        Self { entries: offline.entries, grants: offline.grants, problem: offline.problem.clone() }
    }
}

impl From<&ChannelCount> for ChannelDocument {
    fn from(count: &ChannelCount) -> Self {
        Self {
            channel: count.channel.clone(),
            last_success: count.last_success.map(Into::into),
            waiting: count.waiting,
            failed: count.failed,
        }
    }
}

impl From<&Health> for HealthDocument {
    fn from(health: &Health) -> Self {
        Self {
            at: health.at.into(),
            store: StoreDocument::from(&health.store),
            journal: JournalDocument::from(&health.journal),
            offline: health.offline.as_ref().map(Into::into),
            clock: ClockDocument::from(&health.clock),
            channels: health.channels.iter().map(Into::into).collect(),
        }
    }
}

impl From<&StoreHealth> for StoreDocument {
    fn from(store: &StoreHealth) -> Self {
        Self {
            revision: store.revision.0,
            current_at: store.current_at.map(Into::into),
            replaced: store.replaced,
            notices_waiting: store.notices_waiting,
        }
    }
}

impl From<&Integrity> for JournalDocument {
    fn from(found: &Integrity) -> Self {
        Self {
            verified: found.verified.0,
            verified_at: found.at.map(Into::into),
            all_verified_at: found.all_at.map(Into::into),
            problem: found.problem.clone(),
            elevation_stopped: found.elevation_stopped,
        }
    }
}

impl From<&ClockHealth> for ClockDocument {
    fn from(clock: &ClockHealth) -> Self {
        Self { source: clock.source.name(), wall: clock.wall.into(), doubted: clock.doubted(), skew_ms: clock.skew_ms }
    }
}
