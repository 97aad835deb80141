//! Channels and links of an open host (features `smtp` and `webhooks`).

use std::sync::Arc;

use super::delivery::Delivery;
use super::fork::Opening;
use super::open::Host;
use crate::deliver::SignedLink;
use crate::error::Error;
use crate::model::Invalid;
use crate::notify::Channel;

impl Host {
    /// Adds a channel for notices, or replaces one that was added under this name. It sends the notices that wait for
    /// this name. It may be called at any time and waits a moment for deliveries in progress; forked children have the
    /// channel too.
    ///
    /// ```
    /// use jit_access::config::Config;
    /// use jit_access::notify::{FnChannel, Sent};
    ///
    /// let host = Config::parse("jit_access: {store: {type: memory}}", [])?.open()?;
    /// host.add_channel("console", FnChannel::new(|outgoing| {
    ///     println!("{}", outgoing.delivery);
    ///     Ok(Sent::default())
    /// }))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the configuration has a channel with this name that is not of the kind `host`; when the operating system
    /// cannot start a thread.
    pub fn add_channel(&self, name: impl Into<String>, channel: impl Channel + 'static) -> Result<(), Error> {
        let (name, channel) = (name.into(), Arc::new(channel) as Arc<dyn Channel>);
        let mut threads = self.threads.lock();
        let mut channels = self.channels.lock();
        channels.add(&name, &channel, &self.config().settings.notices)?;
        {
            // A child must not inherit a lock that nothing unlocks.
            let _opening = Opening::begin();
            self.own.lock().insert(name, channel);
        }
        if let Some(threads) = &mut *threads {
            // The old worker settles what it has sent before the new one begins.
            threads.delivery = Delivery::default();
            threads.delivery = channels.start(&self.engine)?;
        }
        Ok(())
    }

    /// Verifies the link of a message: the `link` parameter of its address. It authenticates nobody and approves
    /// nothing; the page of the request must authenticate the reader first.
    ///
    /// ```
    /// use jit_access::config::Config;
    ///
    /// let host = Config::parse("jit_access: {store: {type: memory}}", [])?.open()?;
    /// assert!(host.verify_link("forged.link").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When it was not made here, was changed, or its request has timed out.
    pub fn verify_link(&self, link: &str) -> Result<SignedLink, Error> {
        let channels = self.channels.lock();
        let Some(keys) = channels.keys() else {
            let problem = "cannot be judged: no link is made without `notifications.base_url`";
            return Err(Invalid::new("link", problem, "the link of a notice").into());
        };
        Ok(keys.verify(link, self.engine.now())?)
    }
}
