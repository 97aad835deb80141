//! How the notices of an engine are sent: its outbox, and the channels of its configuration and of the host.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::Error;
use crate::model::Invalid;
use crate::notify::{Channel, NoticeSettings};
use crate::service::Engine;
use crate::store::Store;

/// The channels of the host itself, by name.
pub(super) type Own = BTreeMap<String, Arc<dyn Channel>>;

/// The channels of a host, by name, ready to send.
#[derive(Debug, Clone, Default)]
pub(super) struct Channels {
    #[cfg(any(feature = "smtp", feature = "webhooks"))]
    channels: BTreeMap<String, crate::deliver::DeliveryChannel>,
    #[cfg(any(feature = "smtp", feature = "webhooks"))]
    keys: Option<crate::deliver::LinkKeys>,
}

/// Sends until it is dropped, if there is a channel.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    #[cfg(any(feature = "smtp", feature = "webhooks"))]
    _deliverer: Option<crate::deliver::Deliverer>,
}

#[cfg(any(feature = "smtp", feature = "webhooks"))]
mod with_channels {
    use super::{Arc, BTreeMap, Channel, Channels, Delivery, Engine, Error, Invalid, NoticeSettings, Own, Store};
    use crate::deliver::{Deliverer, LinkKeys, Outbox as Port, host_channel, open_channels};
    #[cfg(feature = "webhooks")]
    use crate::handles::Handles;
    use crate::model::{DeliveryId, ExportFormat, Revision, Secret, Timestamp};
    use crate::notify::{Notice, NoticeKind, Reach};
    use crate::service::{Outbox, Workflow};
    use crate::store::{LeasedDelivery, Settled, StoreError};
    use crate::wire::export;

    impl Channels {
        /// Opens the channels of the settings and of the host. Nothing is sent yet: an error stops the start.
        pub(in crate::host) fn open(settings: &NoticeSettings, own: &Own, store: &dyn Store) -> Result<Self, Error> {
            let secret = link_secret(settings, store)?;
            let mut all = Self {
                channels: open_channels(settings, secret.as_ref(), handles(settings, store)?.as_ref())?,
                keys: secret.map(|secret| LinkKeys::new(&[secret])).transpose()?,
            };
            own.iter().try_for_each(|(name, channel)| all.add(name, channel, settings))?;
            Ok(all)
        }

        /// Adds a channel of the host, or replaces the one with this name.
        pub(in crate::host) fn add(
            &mut self,
            name: &str,
            channel: &Arc<dyn Channel>,
            settings: &NoticeSettings,
        ) -> Result<(), Invalid> {
            let channel = host_channel(name, Arc::clone(channel), settings, self.keys.as_ref())?;
            self.channels.insert(name.to_owned(), channel);
            Ok(())
        }

        /// What links are signed with, if any are made.
        pub(in crate::host) const fn keys(&self) -> Option<&LinkKeys> {
            self.keys.as_ref()
        }

        /// Starts to send what is due, unless there are no channels.
        pub(in crate::host) fn start(&self, engine: &Engine) -> Result<Delivery, Error> {
            if self.channels.is_empty() {
                return Ok(Delivery::default());
            }
            // Notices for a channel that the host has not added yet wait for it.
            let settings = &engine.settings().notices.channels;
            let mut reach: BTreeMap<_, _> =
                settings.iter().map(|(name, channel)| (name.clone(), channel.reach())).collect();
            reach.extend(self.channels.iter().map(|(name, channel)| (name.clone(), channel.channel.reach())));
            let exports: BTreeMap<_, _> =
                settings.iter().filter_map(|(name, channel)| Some((name.clone(), channel.records?))).collect();
            // What exports the record gets no notices.
            reach.extend(exports.keys().map(|name| (name.clone(), Reach::NOBODY)));
            let (outbox, workflow) = (engine.outbox(), engine.workflow());
            let started = Deliverer::start(OfEngine { outbox, workflow, reach, exports }, self.channels.clone());
            let deliverer =
                started.map_err(|source| Error::System { doing: "starting the thread that sends notices", source })?;
            Ok(Delivery { _deliverer: Some(deliverer) })
        }
    }

    /// What links are signed with: the operator's secret, or else one that the store keeps for all processes.
    fn link_secret(settings: &NoticeSettings, store: &dyn Store) -> Result<Option<Secret>, Error> {
        match (&settings.base_url, &settings.link_secret) {
            (None, _) => Ok(None),
            (Some(_), Some(secret)) => Ok(Some(secret.clone())),
            (Some(_), None) => Ok(Some(store.secret(LINKS, &LinkKeys::random_secret()?)?)),
        }
    }

    /// The secret of request handles, if a channel takes callbacks.
    fn handles(settings: &NoticeSettings, store: &dyn Store) -> Result<Option<Secret>, Error> {
        #[cfg(feature = "webhooks")]
        if settings.channels.values().any(|channel| channel.reach() == Reach::NOBODY && channel.records.is_none()) {
            let fresh =
                Handles::fresh().ok_or_else(|| Error::Internal("the system gives no random numbers".to_owned()))?;
            return Ok(Some(store.secret(Handles::SECRET, &fresh)?));
        }
        let _ = (settings, store);
        Ok(None)
    }

    /// The name of that secret in the store.
    const LINKS: &str = "links";

    /// The outbox of an engine, as the work of delivery sees it.
    #[derive(Debug)]
    struct OfEngine {
        outbox: Outbox,
        workflow: Workflow,
        reach: BTreeMap<String, Reach>,
        /// The channels that export the record, each with its form.
        exports: BTreeMap<String, ExportFormat>,
    }

    /// How many messages with records are in memory at a time.
    const EXPORTED: usize = 4;

    impl OfEngine {
        /// Reads the records that a message is to bring, where it is to bring records.
        fn fill(&self, leased: &mut LeasedDelivery, form: ExportFormat) -> Result<(), StoreError> {
            let range = leased.delivery.recipient.address.as_deref().and_then(|range| range.split_once('-'));
            let range = range.and_then(|(first, last)| Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?)));
            let (Some((first, last)), Ok(notice)) = (range, Notice::parse(&leased.body)) else { return Ok(()) };
            if notice.kind == NoticeKind::Records {
                let records = export::between(&self.workflow, Revision(first), Revision(last), form)?;
                leased.body = Notice { records, ..notice }.to_json();
            }
            Ok(())
        }
    }

    impl Port for OfEngine {
        fn now(&self) -> Timestamp {
            self.outbox.now()
        }

        fn plan(&self) -> Result<(), StoreError> {
            self.outbox.plan(&self.reach).map(drop)
        }

        fn lease(&self, channel: &str, until: Timestamp, limit: usize) -> Result<Vec<LeasedDelivery>, StoreError> {
            let Some(form) = self.exports.get(channel) else { return self.outbox.lease(channel, until, limit) };
            let mut leased = self.outbox.lease(channel, until, limit.min(EXPORTED))?;
            leased.iter_mut().try_for_each(|one| self.fill(one, *form))?;
            Ok(leased)
        }

        fn settle(&self, id: DeliveryId, settled: &Settled) -> Result<(), StoreError> {
            self.outbox.settle(id, settled)
        }
    }
}

#[cfg(not(any(feature = "smtp", feature = "webhooks")))]
impl Channels {
    /// Refuses every channel: a configured channel that never sends would be noticed too late.
    pub(super) fn open(settings: &NoticeSettings, own: &Own, _: &dyn Store) -> Result<Self, Error> {
        match settings.channels.keys().chain(own.keys()).next() {
            None => Ok(Self {}),
            Some(name) => Err(Invalid::new(
                format!("notifications.channels.{name}"),
                "cannot be used: this build sends nothing",
                "a build with the feature `smtp` or `webhooks`",
            )
            .into()),
        }
    }

    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the same as with channels")]
    pub(super) fn start(&self, _: &Engine) -> Result<Delivery, Error> {
        Ok(Delivery {})
    }
}
