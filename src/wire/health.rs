//! How the library stands, as JSON.

use super::shown::Instant;
use crate::model::ChannelCount;
use crate::service::Health;

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
    /// How the library stands. Later versions add fields.
    pub struct HealthDocument as "Health" {
        /// When it was looked at.
        at: Instant,
        /// Each channel, by name: those that are configured, and those that deliveries are left of.
        channels: Vec<ChannelDocument>,
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
        Self { at: health.at.into(), channels: health.channels.iter().map(Into::into).collect() }
    }
}
