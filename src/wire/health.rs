//! The health of the library, as JSON.

use super::shown::Instant;
use crate::model::ChannelCount;
use crate::service::{ClockHealth, Health, Integrity, OfflineHealth, StoreHealth};

document! {
    /// The state of a channel's deliveries.
    pub(super) struct ChannelDocument as "ChannelHealth" {
        /// The channel, by its name in the configuration.
        channel: String,
        /// When a delivery last succeeded.
        last_success: Option<Instant>,
        /// How many deliveries wait.
        waiting: u64,
        /// How many failed finally and wait for an operator.
        failed: u64,
    }
}

document! {
    /// The state of the store, as this process sees it.
    pub(super) struct StoreDocument as "StoreHealth" {
        /// The revision of the last record.
        revision: u64,
        /// When the grants in memory were last proven to be current.
        current_at: Option<Instant>,
        /// Whether it was replaced and no operator has accepted it. Then no grant is honoured.
        replaced: bool,
        /// Notices that are due and whose recipients are not determined yet.
        notices_waiting: u64,
    }
}

document! {
    /// The result of the last verification of the journal by this process.
    pub(super) struct JournalDocument as "JournalHealth" {
        /// The last record up to which the journal was found intact.
        verified: u64,
        /// When it was found; `null` when this process has verified nothing yet.
        verified_at: Option<Instant>,
        /// When the whole journal was last verified, from the first record on.
        all_verified_at: Option<Instant>,
        /// What is wrong, if anything is.
        problem: Option<String>,
        /// Whether no grant is honoured for that reason.
        elevation_stopped: bool,
    }
}

document! {
    /// The state of the clock.
    pub(super) struct ClockDocument as "ClockHealth" {
        /// Which clock gives the time: that of the `host` or of the `database`.
        source: &'static str = ["host", "database"],
        /// What the wall clock shows.
        wall: Instant,
        /// The direction of the error when the time is uncertain: `ahead` or `behind`. Then only break-glass grants are
        /// honoured.
        doubted: Option<&'static str> = ["ahead", "behind"],
        /// How far the host's clock is ahead of that of the store's server, in milliseconds; `null` when they cannot be
        /// compared.
        skew_ms: Option<i64>,
    }
}

document! {
    /// The health of the library. Later versions add fields.
    pub struct HealthDocument as "Health" {
        /// When it was looked at.
        at: Instant,
        /// The state of the store. An answer means that it could be read.
        store: StoreDocument,
        /// The result of the last verification of the journal by this process.
        journal: JournalDocument,
        /// What was recorded on this machine while the store was unavailable and waits to be merged; `null` when that
        /// is not configured.
        offline: Option<OfflineDocument>,
        /// The state of the clock.
        clock: ClockDocument,
        /// Each channel, by name: those that are configured, and those that deliveries are left of.
        channels: Vec<ChannelDocument>,
    }
}

document! {
    /// What was recorded on this machine while the store was unavailable.
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
