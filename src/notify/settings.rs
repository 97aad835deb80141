//! What the operator has set about notices, as plain values. The configuration file is read elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use super::{AddressKind, NoticeKey, NoticeKind, Reach};
use crate::model::{ExportFormat, Principal, RiskLevel, RoleName, Secret, Ttl};
use crate::workflow::WorkingHours;

/// Which notices are sent, when, and by which channels. Every field is defined by the configuration key of that name
/// below `notifications`.
///
/// ```
/// use jit_access::notify::{NoticeKind, NoticeSettings};
///
/// let settings = NoticeSettings::default();
/// assert!(settings.is_enabled(NoticeKind::GrantRevoked) && settings.channels.is_empty());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeSettings {
    /// The keys that are switched off.
    pub off: BTreeSet<NoticeKey>,
    /// `expiration_warning_minutes`: how long before its end the holder of a grant is warned.
    pub warnings: Vec<Ttl>,
    /// `use_digest_minutes`: at least so far apart are two notices of the uses of one grant.
    pub use_digest: Ttl,
    /// `base_url`: what links begin with.
    pub base_url: Option<String>,
    /// `zone`: the time zone of recipients without their own, an IANA name; UTC alone when `None`.
    pub zone: Option<String>,
    /// `channels`: by name.
    pub channels: BTreeMap<String, ChannelSettings>,
    /// `routes`: which notices go to which channel; everything to every channel when there are none.
    pub routes: Vec<Route>,
    /// `security_channels`: the channels to the security team; every channel with a fixed target when empty.
    pub security_channels: Vec<String>,
    /// `checkpoint_channels`: the channels that get each signed checkpoint of the record.
    pub checkpoint_channels: Vec<String>,
    /// `quiet_hours`: when nothing is sent that is not urgent, in UTC.
    pub quiet_hours: Option<WorkingHours>,
    /// `digest`: who gets non-urgent notices as a digest.
    pub digest: DigestSettings,
    /// `templates`: a folder with templates that replace those of the library.
    pub templates: Option<PathBuf>,
    /// `link_secret`: what signed links are signed with.
    pub link_secret: Option<Secret>,
    /// `attempts`: how often a message is tried before it fails finally.
    pub attempts: u32,
    /// `max_age_hours`: a notice that could not be delivered for this long is dropped, unless action is still possible.
    pub max_age: Ttl,
}

impl Default for NoticeSettings {
    fn default() -> Self {
        let minutes = |count: i64| Ttl::from_millis(count * 60_000).unwrap_or(Ttl::MAX);
        Self {
            // Off by default: one more message at the end of each grant.
            off: BTreeSet::from([NoticeKey::SessionSummary]),
            warnings: vec![minutes(15)],
            use_digest: minutes(60),
            base_url: None,
            zone: None,
            channels: BTreeMap::new(),
            routes: Vec::new(),
            security_channels: Vec::new(),
            checkpoint_channels: Vec::new(),
            quiet_hours: None,
            digest: DigestSettings::default(),
            templates: None,
            link_secret: None,
            attempts: 10,
            max_age: minutes(72 * 60),
        }
    }
}

impl NoticeSettings {
    /// Whether notices of this kind are written by these settings. Notices of break-glass access have their own switch,
    /// see [`crate::workflow::BreakGlassRules::notify_security_team`].
    #[must_use]
    pub fn is_enabled(&self, kind: NoticeKind) -> bool {
        !self.off.contains(&kind.key())
    }
}

/// Who gets non-urgent notices as one message, and when.
///
/// ```
/// use jit_access::notify::DigestSettings;
///
/// assert!(DigestSettings::default().people.is_empty());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestSettings {
    /// `digest.people`: who wants a digest, in addition to those in the directory.
    pub people: Vec<Principal>,
    /// `digest.minutes`: how far two digests are apart.
    pub every: Ttl,
}

impl Default for DigestSettings {
    fn default() -> Self {
        Self { people: Vec::new(), every: Ttl::from_millis(4 * 3_600_000).unwrap_or(Ttl::MAX) }
    }
}

/// Which notices go to which channels. `None` = any.
///
/// ```
/// use jit_access::notify::Route;
///
/// assert!(Route::to(vec!["mail".into()]).events.is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// `channels`: to these.
    pub channels: Vec<String>,
    /// `events`: notices of these kinds.
    pub events: Option<BTreeSet<NoticeKind>>,
    /// `roles`: about these roles of the catalogue.
    pub roles: Option<Vec<RoleName>>,
    /// `risk_levels`: about requests as risky as this.
    pub risk_levels: Option<Vec<RiskLevel>>,
    /// `approver_roles`: for notices that holders of one of these host roles must answer.
    pub approver_roles: Option<Vec<RoleName>>,
}

impl Route {
    /// Everything to these channels.
    #[must_use]
    pub const fn to(channels: Vec<String>) -> Self {
        Self { channels, events: None, roles: None, risk_levels: None, approver_roles: None }
    }
}

/// One channel as the operator set it. Complete on purpose.
///
/// ```
/// use jit_access::notify::{ChannelKind, ChannelSettings, SlackSettings};
///
/// let slack = ChannelSettings::new(ChannelKind::Slack(SlackSettings::default()));
/// assert!(!slack.reach().target, "there is nowhere to post to yet");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelSettings {
    /// The kind, with its settings.
    pub kind: ChannelKind,
    /// `per_minute`: how many messages it accepts in a minute; no limit when `None`.
    pub per_minute: Option<u32>,
    /// `timeout_seconds`: the time limit of one attempt.
    pub timeout: Duration,
    /// `records`: it gets every record in this form, and no notices.
    pub records: Option<ExportFormat>,
}

impl ChannelSettings {
    /// A channel of this kind with the default limits.
    #[must_use]
    pub const fn new(kind: ChannelKind) -> Self {
        Self { kind, per_minute: None, timeout: Duration::from_secs(10), records: None }
    }

    /// Whom it reaches.
    #[must_use]
    pub const fn reach(&self) -> Reach {
        if self.records.is_some() {
            return Reach::NOBODY;
        }
        match &self.kind {
            ChannelKind::Email(email) => Reach { people: Some(AddressKind::Email), target: !email.to.is_empty() },
            ChannelKind::Slack(slack) => Reach {
                people: if slack.bot_token.is_some() { Some(AddressKind::Slack) } else { None },
                target: slack.webhook_url.is_some() || (slack.bot_token.is_some() && slack.channel.is_some()),
            },
            ChannelKind::Webhook(webhook) if webhook.callback_for.is_some() => Reach::NOBODY,
            ChannelKind::Webhook(_) | ChannelKind::Host => Reach::TARGET,
        }
    }
}

/// The kind of a channel. Complete on purpose.
///
/// ```
/// use jit_access::notify::{ChannelKind, WebhookSettings};
///
/// assert_eq!(ChannelKind::Webhook(WebhookSettings::default()).name(), "webhook");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelKind {
    /// `email`.
    Email(EmailSettings),
    /// `slack`.
    Slack(SlackSettings),
    /// `webhook`.
    Webhook(WebhookSettings),
    /// `host`: a channel with this name that the host adds to the opened library.
    Host,
}

impl ChannelKind {
    /// The name in the configuration.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Slack(_) => "slack",
            Self::Webhook(_) => "webhook",
            Self::Host => "host",
        }
    }
}

/// How mail is sent.
///
/// ```
/// use jit_access::notify::{EmailSettings, MailSecurity};
///
/// assert_eq!(EmailSettings::default().security, MailSecurity::StartTls);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailSettings {
    /// `host`.
    pub host: String,
    /// `port`; the default port of `security` when `None`.
    pub port: Option<u16>,
    /// `security`.
    pub security: MailSecurity,
    /// `username`.
    pub username: Option<String>,
    /// `password`.
    pub password: Option<Secret>,
    /// `from`: the sender.
    pub from: String,
    /// `reply_to`.
    pub reply_to: Option<String>,
    /// `to`: the channel's own target.
    pub to: Vec<String>,
    /// `list_id`: the header of that name; made from the sender's domain when `None`.
    pub list_id: Option<String>,
    /// `ca_file`: certificates that are trusted beside those of the library.
    pub ca_file: Option<PathBuf>,
}

impl Default for EmailSettings {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: None,
            security: MailSecurity::StartTls,
            username: None,
            password: None,
            from: String::new(),
            reply_to: None,
            to: Vec::new(),
            list_id: None,
            ca_file: None,
        }
    }
}

/// How the connection to the mail server is protected. Complete on purpose.
///
/// ```
/// use jit_access::notify::MailSecurity;
///
/// assert_eq!(MailSecurity::ALL.map(MailSecurity::name), ["starttls", "tls", "none"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailSecurity {
    /// `starttls`: an unencrypted connection that must switch to TLS before anything else. Port 587.
    StartTls,
    /// `tls`: from the beginning. Port 465.
    Tls,
    /// `none`: no encryption, and no password. Port 25.
    None,
}

impl MailSecurity {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::StartTls, Self::Tls, Self::None];

    /// The name in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::StartTls => "starttls",
            Self::Tls => "tls",
            Self::None => "none",
        }
    }
}

/// How Slack is written to: by an incoming webhook, or as a bot.
///
/// ```
/// use jit_access::notify::SlackSettings;
///
/// assert!(SlackSettings::default().bot_token.is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SlackSettings {
    /// `webhook_url`: an incoming webhook; its URL is a secret.
    pub webhook_url: Option<Secret>,
    /// `bot_token`.
    pub bot_token: Option<Secret>,
    /// `channel`: the id of the channel that the bot posts to.
    pub channel: Option<String>,
    /// `api_url`: another address of Slack's API.
    pub api_url: Option<String>,
    /// `allow_private`: whether private, loopback and link-local addresses may be connected to.
    pub allow_private: bool,
}

/// Where a webhook is, and how it is signed.
///
/// ```
/// use jit_access::notify::WebhookSettings;
///
/// assert!(!WebhookSettings::default().allow_private);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WebhookSettings {
    /// `url`.
    pub url: String,
    /// `secrets`: what bodies are signed with, each `whsec_` and base64; several during a rotation.
    pub secrets: Vec<Secret>,
    /// `allow_private`: whether private, loopback and link-local addresses may be connected to.
    pub allow_private: bool,
    /// `source`: the `source` of the events; the base URL when `None`.
    pub source: Option<String>,
    /// `callback_for`: the AuthZEN caller whose callbacks it sends, and nothing else.
    pub callback_for: Option<String>,
}
