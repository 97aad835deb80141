//! How the notices of an engine are sent: its outbox, and the channels of its configuration and of the host.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::Error;
use crate::model::Invalid;
use crate::notify::{Channel, NoticeSettings};
use crate::service::Engine;

/// The channels of a host, by name, ready to send.
#[derive(Debug, Clone, Default)]
pub(super) struct Channels {
    #[cfg(any(feature = "smtp", feature = "webhooks"))]
    lines: BTreeMap<String, crate::deliver::Line>,
}

/// Sends until it is dropped, if there is a channel.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    #[cfg(any(feature = "smtp", feature = "webhooks"))]
    _deliverer: Option<crate::deliver::Deliverer>,
}

#[cfg(any(feature = "smtp", feature = "webhooks"))]
mod with_channels {
    use super::{Arc, BTreeMap, Channel, Channels, Delivery, Engine, Error, Invalid, NoticeSettings};
    use crate::deliver::{Deliverer, Line, Outbox as Port, lines};
    use crate::model::{DeliveryId, Timestamp};
    use crate::notify::Reach;
    use crate::service::Outbox;
    use crate::store::{LeasedDelivery, Settled, StoreError};

    impl Channels {
        /// Those of the settings, and those that the host gives. Nothing is sent yet: a mistake stops the start.
        pub(in crate::host) fn open(
            settings: &NoticeSettings,
            own: &BTreeMap<String, Arc<dyn Channel>>,
        ) -> Result<Self, Invalid> {
            let mut all = lines(settings, None)?;
            for (name, channel) in own {
                if all.insert(name.clone(), Line::of(Arc::clone(channel), settings.attempts)).is_some() {
                    let field = format!("notifications.channels.{name}");
                    return Err(Invalid::new(field, "is also a channel that the host gives", "another name"));
                }
            }
            Ok(Self { lines: all })
        }

        /// Starts to send what is due, unless there are no channels.
        pub(in crate::host) fn start(&self, engine: &Engine) -> Result<Delivery, Error> {
            if self.lines.is_empty() {
                return Ok(Delivery::default());
            }
            let reach = self.lines.iter().map(|(name, line)| (name.clone(), line.channel.reach())).collect();
            let started = Deliverer::start(OfEngine { outbox: engine.outbox(), reach }, self.lines.clone());
            let deliverer =
                started.map_err(|source| Error::System { doing: "starting the thread that sends notices", source })?;
            Ok(Delivery { _deliverer: Some(deliverer) })
        }
    }

    /// The outbox of an engine, as the work of delivery sees it.
    #[derive(Debug)]
    struct OfEngine {
        outbox: Outbox,
        reach: BTreeMap<String, Reach>,
    }

    impl Port for OfEngine {
        fn now(&self) -> Timestamp {
            self.outbox.now()
        }

        fn plan(&self) -> Result<(), StoreError> {
            self.outbox.plan(&self.reach).map(drop)
        }

        fn lease(&self, channel: &str, until: Timestamp, limit: usize) -> Result<Vec<LeasedDelivery>, StoreError> {
            self.outbox.lease(channel, until, limit)
        }

        fn settle(&self, id: DeliveryId, settled: &Settled) -> Result<(), StoreError> {
            self.outbox.settle(id, settled)
        }
    }
}

#[cfg(not(any(feature = "smtp", feature = "webhooks")))]
impl Channels {
    /// Refuses every channel: what is configured and never sent would be missed by everybody.
    pub(super) fn open(settings: &NoticeSettings, own: &BTreeMap<String, Arc<dyn Channel>>) -> Result<Self, Invalid> {
        match settings.channels.keys().chain(own.keys()).next() {
            None => Ok(Self {}),
            Some(name) => Err(Invalid::new(
                format!("notifications.channels.{name}"),
                "cannot be used: this build sends nothing",
                "a build with the feature `smtp` or `webhooks`",
            )),
        }
    }

    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the same as with channels")]
    pub(super) fn start(&self, _: &Engine) -> Result<Delivery, Error> {
        Ok(Delivery {})
    }
}
