//! What an open host does with channels and links besides sending (features `smtp` and `webhooks`).

use std::sync::Arc;

use super::delivery::Delivery;
use super::fork::Opening;
use super::open::Host;
use crate::deliver::SignedLink;
use crate::error::Error;
use crate::model::Invalid;
use crate::notify::Channel;

impl Host {
    /// Adds a channel for notices, or replaces one that was added under this name. What waits for it is sent by it. It
    /// may be called at any time and waits a moment for what is being sent; a process that forks has it in its children.
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
    /// When the configuration has a channel of this name that is not of the kind `host`; when the operating system gives
    /// no thread.
    pub fn add_channel(&self, name: impl Into<String>, channel: impl Channel + 'static) -> Result<(), Error> {
        let (name, channel) = (name.into(), Arc::new(channel) as Arc<dyn Channel>);
        let mut threads = self.threads.lock();
        let mut channels = self.channels.lock();
        channels.add(&name, &channel, &self.config().settings.notices)?;
        {
            // No child is left with a lock that nobody opens.
            let _opening = Opening::begin();
            self.own.lock().insert(name, channel);
        }
        if let Some(threads) = &mut *threads {
            // The work that ends settles what it has sent before the next one begins.
            threads.delivery = Delivery::default();
            threads.delivery = channels.start(&self.engine)?;
        }
        Ok(())
    }

    /// What the link of a message says: the `link` of its address. It signs nobody in and approves nothing; whoever shows
    /// the request asks first who is there.
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
