//! Makes channels from the operator's settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::links::Links;
use super::retry::RetryPolicy;
use super::signature::LinkKeys;
use super::templates::Templates;
use super::worker::DeliveryChannel;
use crate::model::{Invalid, Secret};
use crate::notify::{Channel, ChannelKind, ChannelSettings, NoticeSettings, Outgoing, Reach, SendError, Sent};

/// Every channel of the settings that the library sends by, ready to send; channels of the kind `host` are left to the
/// host. Links are signed with the secret of the settings, or with `own_secret` without one. `handles` is the secret of
/// request handles, for callbacks.
///
/// ```
/// use jit_access::internal::deliver::open_channels;
/// use jit_access::notify::NoticeSettings;
///
/// assert!(open_channels(&NoticeSettings::default(), None, None)?.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When a template, an address, a secret or a certificate is not right, or a channel is of a kind that this build does not
/// have.
pub fn open_channels(
    settings: &NoticeSettings,
    own_secret: Option<&Secret>,
    handles: Option<&Secret>,
) -> Result<BTreeMap<String, DeliveryChannel>, Invalid> {
    if settings.channels.is_empty() {
        return Ok(BTreeMap::new());
    }
    let templates = Arc::new(match &settings.templates {
        Some(folder) => Templates::from_folder(folder)?,
        None => Templates::shipped()?,
    });
    let secret = settings.link_secret.as_ref().or(own_secret);
    let keys = secret.map(|secret| LinkKeys::new(std::slice::from_ref(secret))).transpose()?;
    let links = Links { base_url: settings.base_url.clone(), keys };
    let mut channels = BTreeMap::new();
    for (name, one) in &settings.channels {
        let channel = channel(name, one, &templates, &links, handles).map_err(|error| {
            let field = format!("notifications.channels.{name}.{}", error.field());
            error.for_field(field)
        })?;
        channels.extend(channel.map(|channel| (name.clone(), delivery(channel, one, settings))));
    }
    Ok(channels)
}

fn channel(
    name: &str,
    settings: &ChannelSettings,
    templates: &Arc<Templates>,
    links: &Links,
    handles: Option<&Secret>,
) -> Result<Option<Arc<dyn Channel>>, Invalid> {
    let (timeout, links) = (settings.timeout, links.clone());
    #[cfg(not(feature = "webhooks"))]
    let _ = handles;
    #[cfg(not(all(feature = "smtp", feature = "webhooks")))]
    let missing = |feature: &str| {
        let problem = format!("is {}, and this build has no such channel", settings.kind.name());
        Err(Invalid::new("kind", problem, format!("a build with the feature `{feature}`")))
    };
    match &settings.kind {
        #[cfg(feature = "smtp")]
        ChannelKind::Email(email) => {
            Ok(Some(Arc::new(super::Email::new(name, email, timeout, Arc::clone(templates), links)?)))
        }
        #[cfg(not(feature = "smtp"))]
        ChannelKind::Email(_) => missing("smtp"),
        #[cfg(feature = "webhooks")]
        ChannelKind::Slack(slack) => {
            Ok(Some(Arc::new(super::Slack::new(name, slack, timeout, Arc::clone(templates), links)?)))
        }
        #[cfg(feature = "webhooks")]
        ChannelKind::Webhook(webhook) => {
            Ok(Some(Arc::new(super::Webhook::keyed(name, webhook, timeout, links, handles)?)))
        }
        #[cfg(not(feature = "webhooks"))]
        ChannelKind::Slack(_) | ChannelKind::Webhook(_) => missing("webhooks"),
        ChannelKind::Host => Ok(None),
    }
}

/// A channel with the settings of its name.
fn delivery(channel: Arc<dyn Channel>, one: &ChannelSettings, all: &NoticeSettings) -> DeliveryChannel {
    // A receiver of the record that is down for long is to miss nothing.
    let attempts = if one.records.is_some() { u32::MAX } else { all.attempts };
    DeliveryChannel { channel, retry: RetryPolicy::of(attempts, one.per_minute), timeout: one.timeout }
}

/// A channel of the host, which gets the link of each notice.
#[derive(Debug)]
struct WithLinks {
    name: String,
    channel: Arc<dyn Channel>,
    links: Links,
}

impl Channel for WithLinks {
    fn reach(&self) -> Reach {
        self.channel.reach()
    }

    fn send(&self, outgoing: &Outgoing<'_>) -> Result<Sent, SendError> {
        let address = |notice| self.links.address(notice, outgoing.recipient, &self.name);
        let links: Vec<_> = outgoing.notices.iter().map(address).collect();
        self.channel.send(&Outgoing { links: &links, ..*outgoing })
    }
}

/// A channel of the host with the settings of its name, if there are any. Its links are signed with these keys.
///
/// # Errors
/// When the settings have another channel of this name.
pub fn host_channel(
    name: &str,
    channel: Arc<dyn Channel>,
    settings: &NoticeSettings,
    keys: Option<&LinkKeys>,
) -> Result<DeliveryChannel, Invalid> {
    let links = Links { base_url: settings.base_url.clone(), keys: keys.cloned() };
    let channel = Arc::new(WithLinks { name: name.to_owned(), channel, links });
    match settings.channels.get(name) {
        None => Ok(delivery(channel, &ChannelSettings::new(ChannelKind::Host), settings)),
        Some(one) if one.kind == ChannelKind::Host => Ok(delivery(channel, one, settings)),
        Some(one) => Err(Invalid::new(
            format!("notifications.channels.{name}.kind"),
            format!("is {}, and the host gives a channel of this name", one.kind.name()),
            "`host`, or another name",
        )),
    }
}
