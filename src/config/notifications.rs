//! Which notices are sent, when, and by which channels.
//!
//! A secret is never written in the file: a key names the variable or the file that contains it.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use super::reader::Reader;
use super::store::Place;
use crate::model::{ExportFormat, Invalid, Principal, RiskLevel, RoleName, Secret, TicketUrl, Ttl};
use crate::notify::{
    ChannelKind, ChannelSettings, DigestSettings, EmailSettings, MailSecurity, NoticeKey, NoticeKind, NoticeSettings,
    Reach, Route, SlackSettings, WebhookSettings,
};

const MINUTE: i64 = 60_000;
/// The largest file that a secret is read from.
const MAX_SECRET: u64 = 65_536;
/// A year: the longest warning before an end.
const MAX_MINUTES: u64 = 525_600;
/// As long as notices are kept.
const MAX_AGE_HOURS: u64 = 720;

/// The kinds of channels.
const KINDS: &str = "email, slack, webhook or host";

/// Where secrets and paths are looked up.
pub(super) struct Around<'a> {
    pub(super) place: &'a Place<'a>,
    pub(super) environ: &'a [(String, String)],
}

/// Reads `expiration_warning_minutes` and the section.
pub(super) fn notifications(reader: &mut Reader, around: &Around<'_>) -> NoticeSettings {
    let defaults = NoticeSettings::default();
    let warnings = reader.counts("expiration_warning_minutes", 1..=MAX_MINUTES);
    let warnings = warnings.map_or(defaults.warnings.clone(), |all| all.into_iter().map(minutes).collect());
    let mut off = defaults.off.clone();
    match reader.flag("session_summary") {
        Some(true) => off.remove(&NoticeKey::SessionSummary),
        _ => off.insert(NoticeKey::SessionSummary),
    };
    let Some(mut section) = reader.section("notifications") else {
        return NoticeSettings { off, warnings, ..defaults };
    };
    for key in NoticeKey::ALL {
        if let Some(name) = key.name().strip_prefix("notifications.")
            && section.flag(name) == Some(false)
        {
            off.insert(key);
        }
    }
    let settings = NoticeSettings {
        off,
        warnings,
        use_digest: section.count("use_digest_minutes", 1..=MAX_MINUTES).map_or(defaults.use_digest, minutes),
        base_url: section.parsed("base_url", base_url),
        zone: section.parsed("zone", zone),
        quiet_hours: section.parsed("quiet_hours", str::parse),
        digest: digest(&mut section, defaults.digest),
        templates: path(&mut section, "templates", around),
        link_secret: secret(&mut section, "link_secret", around),
        attempts: section
            .count("attempts", 1..=100)
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(defaults.attempts),
        max_age: section
            .count("max_age_hours", 1..=MAX_AGE_HOURS)
            .map_or(defaults.max_age, |hours| minutes(hours * 60)),
        channels: section
            .named("channels", "a mapping from the name of a channel to its keys, such as mail: {kind: email, …}")
            .into_iter()
            .filter_map(|(name, channel)| Some((channel_name(&channel, &name)?, one_channel(channel, around)?)))
            .collect(),
        routes: section.entries("routes").unwrap_or_default().into_iter().map(route).collect(),
        security_channels: section.list("security_channels", text).unwrap_or_default(),
        checkpoint_channels: section.list("checkpoint_channels", text).unwrap_or_default(),
    };
    check(&section, &settings);
    section.finish();
    settings
}

/// Checks that every named channel exists, and that security has a channel with a target.
fn check(section: &Reader, settings: &NoticeSettings) {
    let known = || settings.channels.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
    let expected = || match settings.channels.len() {
        0 => "a channel of `channels`; there is none".to_owned(),
        _ => format!("one of {}", known()),
    };
    for (at, route) in settings.routes.iter().enumerate() {
        for name in route.channels.iter().filter(|name| !settings.channels.contains_key(*name)) {
            section.refuse(&format!("routes[{at}].channels"), format!("holds {}", Invalid::quote(name)), expected());
        }
        let is_callback = |name: &&String| settings.channels.get(*name).is_some_and(|one| one.reach() == Reach::NOBODY);
        for name in route.channels.iter().filter(is_callback) {
            let problem = format!("holds {}, which takes no notices", Invalid::quote(name));
            let remedy = "channels without `callback_for` and `records`";
            section.refuse(&format!("routes[{at}].channels"), problem, remedy);
        }
    }
    for name in settings.checkpoint_channels.iter().filter(|name| !settings.channels.contains_key(*name)) {
        section.refuse("checkpoint_channels", format!("holds {}", Invalid::quote(name)), expected());
    }
    for (name, channel) in settings.checkpoint_channels.iter().filter_map(|name| settings.channels.get_key_value(name))
    {
        if channel.records.is_some() || !channel.reach().target {
            let problem = format!("holds {}", Invalid::quote(name));
            let remedy = "channels that take notices, and have a target of their own";
            section.refuse("checkpoint_channels", problem, remedy);
        }
    }
    for name in &settings.security_channels {
        let problem = format!("holds {}", Invalid::quote(name));
        match settings.channels.get(name) {
            None => section.refuse("security_channels", problem, expected()),
            Some(channel) if !channel.reach().target => {
                let remedy = "channels with a target of their own: `to` of e-mail, `channel` or a webhook of Slack";
                section.refuse("security_channels", problem, remedy);
            }
            Some(_) => {}
        }
    }
}

fn digest(section: &mut Reader, defaults: DigestSettings) -> DigestSettings {
    let Some(mut digest) = section.section("digest") else { return defaults };
    let read = DigestSettings {
        people: digest.list("people", Principal::user).unwrap_or_default(),
        every: digest.count("minutes", 1..=10_080).map_or(defaults.every, minutes),
    };
    digest.finish();
    read
}

fn route(mut route: Reader) -> Route {
    let channels = route.list("channels", text).unwrap_or_default();
    if channels.is_empty() {
        route.refuse("channels", "is missing", "a list of names of channels");
    }
    let read = Route {
        channels,
        events: route.list("events", kinds).map(|all| all.into_iter().flatten().collect()),
        roles: route.list("roles", RoleName::new),
        risk_levels: route.list("risk_levels", risk_level),
        approver_roles: route.list("approver_roles", RoleName::new),
    };
    route.finish();
    read
}

/// One kind of notice, or all of a key: `grant_revoked`, `on_expiration`.
fn kinds(name: &str) -> Result<Vec<NoticeKind>, Invalid> {
    let last = |key: NoticeKey| key.name().rsplit('.').next().unwrap_or_default();
    let found: Vec<_> = (NoticeKind::ALL.iter().copied())
        .filter(|kind| kind.key() != NoticeKey::Record)
        .filter(|kind| kind.name() == name || kind.key().name() == name || last(kind.key()) == name)
        .collect();
    if found.is_empty() {
        let known = NoticeKey::ALL.map(last).into_iter().chain(NoticeKind::ALL.iter().map(|kind| kind.name()));
        let expected = super::spelling::meant(name, known);
        return Err(Invalid::new("events", format!("is {}", Invalid::quote(name)), expected));
    }
    Ok(found)
}

fn risk_level(name: &str) -> Result<RiskLevel, Invalid> {
    RiskLevel::ALL.into_iter().find(|level| level.name() == name).ok_or_else(|| {
        let names = RiskLevel::ALL.map(RiskLevel::name).join(", ");
        Invalid::new("risk_level", format!("is {}", Invalid::quote(name)), format!("one of {names}"))
    })
}

fn channel_name(channel: &Reader, name: &str) -> Option<String> {
    let is_fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    let fits = (1..=64).contains(&name.len()) && name.chars().all(is_fit);
    let wrong = || {
        let expected = "1 to 64 small letters, digits, - and _";
        Invalid::new(channel.path().to_owned(), "is the name of a channel", expected)
    };
    channel.findings().ok(fits.then(|| name.to_owned()).ok_or_else(wrong))
}

fn one_channel(mut channel: Reader, around: &Around<'_>) -> Option<ChannelSettings> {
    let kind = match channel.text("kind").as_deref() {
        Some("email") => Some(ChannelKind::Email(email(&mut channel, around))),
        Some("slack") => Some(ChannelKind::Slack(slack(&mut channel, around))),
        Some("webhook") => Some(ChannelKind::Webhook(webhook(&mut channel, around))),
        Some("host") => Some(ChannelKind::Host),
        Some(other) => {
            channel.refuse("kind", format!("is {}", Invalid::quote(other)), KINDS);
            return None;
        }
        None => {
            channel.refuse("kind", "is missing", KINDS);
            return None;
        }
    };
    let per_minute = channel.count("per_minute", 1..=100_000).and_then(|count| u32::try_from(count).ok());
    let timeout = channel.count("timeout_seconds", 1..=300).map(Duration::from_secs);
    let records = channel.parsed("records", |form| match form {
        "jsonl" => Ok(ExportFormat::Jsonl),
        "ocsf" => Ok(ExportFormat::Ocsf),
        other => Err(Invalid::new("records", format!("is {}", Invalid::quote(other)), "jsonl or ocsf")),
    });
    let is_for_programs = matches!(&kind, Some(ChannelKind::Host)) || is_plain_webhook(kind.as_ref());
    if records.is_some() && !is_for_programs {
        channel.refuse("records", "is for programs", "a webhook without `callback_for`, or a channel of the host");
    }
    channel.finish();
    let settings = ChannelSettings::new(kind?);
    Some(ChannelSettings { per_minute, timeout: timeout.unwrap_or(settings.timeout), records, ..settings })
}

fn is_plain_webhook(kind: Option<&ChannelKind>) -> bool {
    matches!(kind, Some(ChannelKind::Webhook(webhook)) if webhook.callback_for.is_none())
}

fn email(channel: &mut Reader, around: &Around<'_>) -> EmailSettings {
    let defaults = EmailSettings::default();
    let security = channel.parsed("security", |name| {
        MailSecurity::ALL.into_iter().find(|one| one.name() == name).ok_or_else(|| {
            let names = MailSecurity::ALL.map(MailSecurity::name).join(", ");
            Invalid::new("security", format!("is {}", Invalid::quote(name)), format!("one of {names}"))
        })
    });
    let read = EmailSettings {
        host: needed(channel, "host", "the name of the mail server"),
        port: channel.count("port", 1..=65_535).and_then(|port| u16::try_from(port).ok()),
        security: security.unwrap_or(defaults.security),
        username: channel.text("username"),
        password: secret(channel, "password", around),
        from: needed(channel, "from", "the sender, such as JIT access <jit@example.com>"),
        reply_to: channel.text("reply_to"),
        to: channel.list("to", text).unwrap_or_default(),
        list_id: channel.text("list_id"),
        ca_file: path(channel, "ca_file", around),
    };
    if read.username.is_some() != read.password.is_some() {
        let (there, missing) =
            if read.username.is_some() { ("username", "password_env") } else { ("password_env", "username") };
        channel.refuse(there, format!("is there, and {missing} is not"), "both, or none of them");
    }
    if read.security == MailSecurity::None && read.password.is_some() {
        channel.refuse("security", "is `none`, and a password would be sent in the open", "starttls or tls");
    }
    read
}

fn slack(channel: &mut Reader, around: &Around<'_>) -> SlackSettings {
    let read = SlackSettings {
        webhook_url: secret(channel, "webhook_url", around),
        bot_token: secret(channel, "bot_token", around),
        channel: channel.text("channel"),
        api_url: channel.text("api_url"),
        allow_private: channel.flag("allow_private").unwrap_or(false),
    };
    match (&read.webhook_url, &read.bot_token) {
        (None, None) => channel.refuse("webhook_url_env", "is missing, and so is bot_token_env", "one of the two"),
        (Some(_), Some(_)) => channel.refuse("webhook_url_env", "is there, and so is bot_token_env", "one of the two"),
        _ => {}
    }
    read
}

fn webhook(channel: &mut Reader, around: &Around<'_>) -> WebhookSettings {
    let mut secrets = Vec::new();
    for name in channel.list("secrets_env", text).unwrap_or_default() {
        secrets.extend(channel.findings().ok(variable(&name, &channel.key("secrets_env"), around)));
    }
    for name in channel.list("secrets_file", text).unwrap_or_default() {
        secrets.extend(channel.findings().ok(file(&name, &channel.key("secrets_file"), around)));
    }
    if secrets.is_empty() {
        let expected = "the variables, or in secrets_file the files, that hold what bodies are signed with";
        channel.refuse("secrets_env", "names none", expected);
    }
    let read = WebhookSettings {
        url: needed(channel, "url", "the URL of the receiver"),
        secrets,
        allow_private: channel.flag("allow_private").unwrap_or(false),
        source: channel.text("source"),
        callback_for: channel.text("callback_for"),
    };
    if read.callback_for.as_ref().is_some_and(|id| id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_graphic())) {
        channel.refuse(
            "callback_for",
            "is no name of a client",
            "the id of an AuthZEN client, visible ASCII characters",
        );
    }
    if read.callback_for.is_some() && !read.allow_private && !read.url.starts_with("https://") {
        channel.refuse(
            "url",
            "does not begin with https",
            "an https address: callbacks go over TLS, unless allow_private is true",
        );
    }
    read
}

fn needed(channel: &mut Reader, key: &str, expected: &str) -> String {
    let found = channel.text(key).filter(|text| !text.trim().is_empty());
    if found.is_none() {
        channel.refuse(key, "is missing", expected);
    }
    found.unwrap_or_default()
}

/// The secret that `<name>_env` or `<name>_file` leads to.
pub(super) fn secret(section: &mut Reader, name: &str, around: &Around<'_>) -> Option<Secret> {
    let (env, path) = (format!("{name}_env"), format!("{name}_file"));
    match (section.text(&env), section.text(&path)) {
        (Some(_), Some(_)) => {
            section.refuse(&env, format!("is there, and so is {path}"), "one of the two");
            None
        }
        (Some(variable_name), None) => section.findings().ok(variable(&variable_name, &section.key(&env), around)),
        (None, Some(name)) => section.findings().ok(file(&name, &section.key(&path), around)),
        (None, None) => None,
    }
}

fn variable(name: &str, key: &str, around: &Around<'_>) -> Result<Secret, Invalid> {
    let found = around.environ.iter().find(|(known, value)| known == name && !value.is_empty());
    let missing = || {
        let problem = format!("names the variable {}, which is not set", Invalid::quote(name));
        Invalid::new(key.to_owned(), problem, "the name of a variable that holds the secret")
    };
    found.map(|(_, value)| Secret::new(value.as_str())).ok_or_else(missing)
}

fn file(name: &str, key: &str, around: &Around<'_>) -> Result<Secret, Invalid> {
    let path = around.place.resolve(key, name)?;
    let refuse = |why: String| {
        let problem = format!("is {}, {why}", Invalid::quote(name));
        Invalid::new(key.to_owned(), problem, "a file that holds the secret and can be read")
    };
    let mut text = String::new();
    let opened = File::open(&path).map_err(|error| refuse(error.to_string()))?;
    opened.take(MAX_SECRET).read_to_string(&mut text).map_err(|error| refuse(error.to_string()))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() { Err(refuse("which is empty".to_owned())) } else { Ok(Secret::new(text)) }
}

pub(super) fn path(section: &mut Reader, name: &str, around: &Around<'_>) -> Option<PathBuf> {
    let text = section.text(name)?;
    section.findings().ok(around.place.resolve(&section.key(name), &text))
}

fn base_url(written: &str) -> Result<String, Invalid> {
    let wrong = || {
        let expected =
            "an http or https URL without credentials, query and fragment, such as https://gateway.example.com/jit";
        // What may hold a password is not repeated.
        let shown = if written.contains('@') { "an address with an `@`".to_owned() } else { Invalid::quote(written) };
        Invalid::new("base_url", format!("is {shown}"), expected)
    };
    // A ticket's URL is http or https and has no credentials.
    let url = TicketUrl::new(written).map_err(|_| wrong())?;
    if url.as_str().contains(['?', '#']) { Err(wrong()) } else { Ok(url.as_str().trim_end_matches('/').to_owned()) }
}

fn zone(name: &str) -> Result<String, Invalid> {
    let fits = name.parse::<chrono_tz::Tz>().is_ok();
    let wrong = || Invalid::new("zone", format!("is {}", Invalid::quote(name)), "an IANA name such as Europe/Berlin");
    fits.then(|| name.to_owned()).ok_or_else(wrong)
}

#[expect(clippy::unnecessary_wraps, reason = "a list is read by a function that can fail")]
fn text(text: &str) -> Result<String, Invalid> {
    Ok(text.to_owned())
}

fn minutes(count: u64) -> Ttl {
    let millis = i64::try_from(count).unwrap_or(i64::MAX).saturating_mul(MINUTE);
    Ttl::from_millis(millis).unwrap_or(Ttl::MAX)
}
