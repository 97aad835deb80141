//! How the library stands, for those who look after it.

use super::workflow::Workflow;
use crate::error::Error;
use crate::model::{Caller, ChannelCount, Timestamp};
use crate::workflow::may_audit;

/// How the library stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// When it was looked at.
    pub at: Timestamp,
    /// Each channel, by name: those of the settings, those that the host gave, and those that deliveries are left of.
    pub channels: Vec<ChannelCount>,
}

impl Workflow {
    /// How the library stands. It reads the store once, and connects to no channel.
    ///
    /// # Errors
    /// [`RefusalCode::NotAnAuditor`](crate::workflow::RefusalCode::NotAnAuditor); errors of the store.
    pub fn health(&self, caller: &Caller) -> Result<Health, Error> {
        let at = self.shared.time.now();
        may_audit(caller, &self.shared.rules, at)?;
        let mut channels = self.shared.store.channel_counts()?;
        for channel in self.shared.settings.notices.channels.keys() {
            if !channels.iter().any(|count| count.channel == *channel) {
                channels.push(ChannelCount { channel: channel.clone(), waiting: 0, failed: 0, last_success: None });
            }
        }
        channels.sort_by(|one, other| one.channel.cmp(&other.channel));
        Ok(Health { at, channels })
    }
}
