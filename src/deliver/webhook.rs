//! Webhooks: the notice as a CloudEvent, or the task of a callback, signed by Standard Webhooks.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::{Map, Value};

use super::callback::Callbacks;
use super::http::Client;
use super::json;
use super::links::Links;
use crate::model::{Invalid, Recipient, Secret};
use crate::notify::{Channel, Notice, Outgoing, Reach, SendError, Sent, WebhookSettings};

/// Sends notices to one address.
///
/// ```
/// use jit_access::internal::deliver::{Links, Webhook};
/// use jit_access::model::Secret;
/// use jit_access::notify::WebhookSettings;
///
/// let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
/// let url = "https://hooks.example.com/jit".to_owned();
/// let settings = WebhookSettings { url, secrets: vec![secret], ..WebhookSettings::default() };
/// assert!(Webhook::new("ops", &settings, std::time::Duration::from_secs(10), Links::default()).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Webhook {
    name: String,
    url: Secret,
    keys: Vec<hmac::Key>,
    source: String,
    client: Client,
    links: Links,
    callbacks: Option<Callbacks>,
}

const PREFIX: &str = "whsec_";

impl Webhook {
    /// The channel of this name.
    ///
    /// # Errors
    /// When the address or a secret is not valid, or it is for callbacks. The message repeats no secret.
    pub fn new(name: &str, settings: &WebhookSettings, timeout: Duration, links: Links) -> Result<Self, Invalid> {
        Self::keyed(name, settings, timeout, links, None)
    }

    /// The same, also for callbacks: with the store's secret of request handles.
    pub(super) fn keyed(
        name: &str,
        settings: &WebhookSettings,
        timeout: Duration,
        links: Links,
        handles: Option<&Secret>,
    ) -> Result<Self, Invalid> {
        json::check_address("url", &settings.url)?;
        if settings.secrets.is_empty() {
            return Err(Invalid::new("secrets", "is empty", EXPECTED));
        }
        let keys = settings.secrets.iter().map(key).collect::<Result<_, _>>()?;
        let caller = settings.callback_for.as_ref();
        let callbacks = caller.map(|caller| Callbacks::new(name, caller, handles)).transpose()?;
        let source =
            settings.source.as_ref().or(links.base_url.as_ref()).map_or(DEFAULT_SOURCE, String::as_str).to_owned();
        Ok(Self {
            name: name.to_owned(),
            // Its path is a secret with many receivers.
            url: Secret::new(&settings.url),
            keys,
            source,
            client: Client::new(timeout, settings.allow_private),
            links,
            callbacks,
        })
    }

    /// The values of `webhook-signature`, one for each secret.
    fn signatures(&self, id: &str, timestamp: i64, body: &str) -> String {
        let content = format!("{id}.{timestamp}.{body}");
        let sign = |key| format!("v1,{}", STANDARD.encode(hmac::sign(key, content.as_bytes())));
        self.keys.iter().map(sign).collect::<Vec<_>>().join(" ")
    }
}

const EXPECTED: &str = "`whsec_` and base64 of 24 to 64 bytes";

fn key(secret: &Secret) -> Result<hmac::Key, Invalid> {
    let refuse = |problem: &str| Invalid::new("secrets", problem.to_owned(), EXPECTED);
    let text =
        secret.expose().strip_prefix(PREFIX).ok_or_else(|| refuse("has one that does not begin with `whsec_`"))?;
    let bytes = STANDARD.decode(text).map_err(|_| refuse("has one that is not base64 after `whsec_`"))?;
    if !(24..=64).contains(&bytes.len()) {
        return Err(refuse(&format!("has one of {} bytes", bytes.len())));
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

/// The default `source`.
const DEFAULT_SOURCE: &str = "urn:jit-access";

impl Webhook {
    /// The message as a CloudEvent (1.0, structured). Of a digest, `data` has a list.
    fn event(&self, message: &Outgoing<'_>) -> String {
        let data: Vec<_> = message.notices.iter().map(|notice| self.data(notice, message.recipient)).collect();
        let mut event = Map::new();
        let mut say = |name: &str, value: Value| event.insert(name.to_owned(), value);
        say("specversion", "1.0".into());
        say("id", message.delivery.to_string().into());
        say("source", self.source.as_str().into());
        say("datacontenttype", "application/json".into());
        match (message.notices, &*data) {
            ([notice], [data]) => {
                say("type", format!("jit-access.{}", notice.kind).into());
                say("time", notice.at.as_str().into());
                if let Some(subject) = notice.thread() {
                    say("subject", subject.into());
                }
                say("data", data.clone());
            }
            _ => {
                say("type", "jit-access.digest".into());
                say("time", message.now.to_string().into());
                say("data", serde_json::json!({ "notices": data }));
            }
        }
        json::visible(&Value::Object(event).to_string())
    }

    fn data(&self, notice: &Notice, recipient: &Recipient) -> Value {
        let mut data = serde_json::to_value(notice).unwrap_or_default();
        if let Value::Object(data) = &mut data {
            // The recipient is chosen already; the link is the whole address.
            data.remove("audience");
            data.remove("link");
            if let Some(link) = self.links.address(notice, recipient, &self.name) {
                data.insert("link".to_owned(), link.into());
            }
        }
        data
    }
}

impl Channel for Webhook {
    fn reach(&self) -> Reach {
        if self.callbacks.is_some() { Reach::NOBODY } else { Reach::TARGET }
    }

    fn send(&self, message: &Outgoing<'_>) -> Result<Sent, SendError> {
        let (body, kind) = match &self.callbacks {
            None => (self.event(message), "application/cloudevents+json; charset=utf-8"),
            Some(callbacks) => (callbacks.body(message.notices)?, "application/json"),
        };
        let (id, timestamp) = (message.delivery.to_string(), message.now.millis() / 1_000);
        let signatures = self.signatures(&id, timestamp, &body);
        let headers = [
            ("content-type", kind),
            ("webhook-id", id.as_str()),
            ("webhook-timestamp", &timestamp.to_string()),
            ("webhook-signature", &signatures),
        ];
        let answer = self.client.post(self.url.expose(), &headers, body.as_bytes())?;
        if answer.is_success() { Ok(Sent::default()) } else { Err(answer.error("the webhook")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(secrets: &[&str]) -> Result<Webhook, Invalid> {
        let settings = WebhookSettings {
            url: "https://hooks.example.com/secret-path".to_owned(),
            secrets: secrets.iter().map(|secret| Secret::new(*secret)).collect(),
            ..WebhookSettings::default()
        };
        Webhook::new("ops", &settings, Duration::from_secs(1), Links::default())
    }

    /// The example of the standard itself.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let made = webhook(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]).unwrap();
        let signed = made.signatures("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let two = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"];
        let both = webhook(&two).unwrap().signatures("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{}");
        assert_eq!(both.split(' ').count(), 2);
    }

    #[test]
    fn what_is_wrong_is_said_without_the_secret() {
        for secret in ["hunter2hunter2", "whsec_hunter2!", "whsec_aHVudGVyMg=="] {
            let error = webhook(&[secret]).unwrap_err().to_string();
            assert!(error.contains("secrets") && !error.contains("hunter2") && !error.contains("aHVu"), "{error}");
        }
        assert!(webhook(&[]).is_err());
        let made = webhook(&["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]).unwrap();
        let shown = format!("{made:?}");
        assert!(!shown.contains("MfKQ") && !shown.contains("secret-path"), "{shown}");
    }
}
