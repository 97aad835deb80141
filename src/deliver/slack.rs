//! Slack: an incoming webhook, or a bot that keeps one thread for each request and updates its first message.
//!
//! Text from others is put into plain text objects, in which Slack has no mark-up, and is escaped as well: so it cannot
//! become a mention, a link or a format. Buttons are links.

use std::time::Duration;

use serde_json::{Value, json};

use super::http::{Answer, Client, later};
use super::json;
use super::links::Links;
use super::templates::Templates;
use super::words;
use crate::model::{Invalid, Secret};
use crate::notify::{AddressKind, Channel, Notice, NoticeKind, Outgoing, Reach, SendError, Sent, SlackSettings};

/// Sends notices to Slack.
///
/// ```
/// use jit_access::internal::deliver::{Links, Slack, Templates};
/// use jit_access::model::Secret;
/// use jit_access::notify::SlackSettings;
///
/// let url = Secret::new("https://hooks.slack.com/services/T0/B0/x");
/// let settings = SlackSettings { webhook_url: Some(url), ..SlackSettings::default() };
/// let templates = Templates::shipped()?.into();
/// assert!(Slack::new("ops", &settings, std::time::Duration::from_secs(10), templates, Links::default()).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Slack {
    name: String,
    target: Target,
    client: Client,
    templates: std::sync::Arc<Templates>,
    links: Links,
}

#[derive(Debug)]
enum Target {
    Webhook(Secret),
    Bot { api: String, authorization: Secret, channel: Option<String> },
}

const API: &str = "https://slack.com/api";

impl Slack {
    /// The channel of this name.
    ///
    /// # Errors
    /// When there is neither an incoming webhook nor a bot token, or both, or an address is not valid.
    pub fn new(
        name: &str,
        settings: &SlackSettings,
        timeout: Duration,
        templates: std::sync::Arc<Templates>,
        links: Links,
    ) -> Result<Self, Invalid> {
        let target = match (&settings.webhook_url, &settings.bot_token) {
            (Some(url), None) => {
                json::check_address("webhook_url", url.expose())?;
                Target::Webhook(url.clone())
            }
            (None, Some(token)) => {
                let api = settings.api_url.as_deref().unwrap_or(API).trim_end_matches('/').to_owned();
                json::check_address("api_url", &api)?;
                if !token.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
                    return Err(Invalid::new(
                        "bot_token",
                        "has characters that no token has",
                        "a token such as xoxb-…",
                    ));
                }
                let authorization = Secret::new(format!("Bearer {}", token.expose()));
                Target::Bot { api, authorization, channel: settings.channel.clone() }
            }
            _ => {
                let problem = "names an incoming webhook and a bot, or neither";
                return Err(Invalid::new("slack", problem, "`webhook_url` or `bot_token`"));
            }
        };
        let client = Client::new(timeout, settings.allow_private);
        Ok(Self { name: name.to_owned(), target, client, templates, links })
    }

    fn message(&self, outgoing: &Outgoing<'_>) -> Result<Value, SendError> {
        match outgoing.notices {
            [notice] => self.one(notice, outgoing),
            notices => self.digest(notices, outgoing),
        }
    }

    fn one(&self, notice: &Notice, outgoing: &Outgoing<'_>) -> Result<Value, SendError> {
        let link = self.links.address(notice, outgoing.recipient, &self.name);
        let zone = outgoing.recipient.zone.as_deref();
        let mut message = self.templates.slack(notice, link.as_deref(), zone).map_err(SendError::Refused)?;
        quieten(&mut message);
        Ok(message)
    }

    /// A line for each notice.
    fn digest(&self, notices: &[Notice], outgoing: &Outgoing<'_>) -> Result<Value, SendError> {
        let title = format!("{} notices", notices.len());
        let mut blocks = vec![json!({"type": "header", "text": plain(&title)})];
        for notice in notices.iter().take(DIGESTED) {
            let line = words::slack(&self.templates.subject(notice).map_err(SendError::Refused)?);
            let mut block = json!({"type": "section", "text": plain(&line)});
            if let (Some(link), Value::Object(block)) =
                (self.links.address(notice, outgoing.recipient, &self.name), &mut block)
            {
                let button = json!({"type": "button", "action_id": "open", "text": plain("Open"), "url": link});
                block.insert("accessory".to_owned(), button);
            }
            blocks.push(block);
        }
        if let Some(more) = notices.len().checked_sub(DIGESTED).filter(|more| *more > 0) {
            blocks.push(json!({"type": "context", "elements": [plain(&format!("and {more} more"))]}));
        }
        let mut message = json!({"text": title, "blocks": blocks});
        quieten(&mut message);
        Ok(message)
    }

    /// Calls a method of the Web API, and returns its result when Slack reports success.
    fn call(&self, method: &str, body: &Value) -> Result<Value, SendError> {
        let Target::Bot { api, authorization, .. } = &self.target else {
            return Err(SendError::Refused("an incoming webhook has no methods".to_owned()));
        };
        let headers = [("content-type", JSON), ("authorization", authorization.expose())];
        let answer =
            self.client.post(&format!("{api}/{method}"), &headers, json::visible(&body.to_string()).as_bytes())?;
        if !answer.is_success() {
            return Err(answer.error("Slack"));
        }
        let said: Value = serde_json::from_slice(&answer.body).map_err(|_| later(None, "Slack answers no JSON"))?;
        if said.get("ok") == Some(&Value::Bool(true)) { Ok(said) } else { Err(refused(&said, &answer)) }
    }

    fn post(&self, outgoing: &Outgoing<'_>, room: &str) -> Result<Sent, SendError> {
        let mut message = self.message(outgoing)?;
        let conversation = outgoing.reference.and_then(|reference| reference.split_once('/'));
        if let (Some((channel, ts)), [notice]) = (conversation, outgoing.notices)
            && is_decision(notice.kind)
        {
            let mut update = message.clone();
            set(&mut update, "channel", channel);
            set(&mut update, "ts", ts);
            match self.call("chat.update", &update) {
                Ok(_) => {}
                // The message was deleted; the reply in the thread has the same content.
                Err(SendError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        set(&mut message, "channel", conversation.map_or(room, |(channel, _)| channel));
        // By this Slack knows a repeat.
        set(&mut message, "client_msg_id", &outgoing.delivery.to_string());
        if let Some((_, ts)) = conversation {
            set(&mut message, "thread_ts", ts);
        }
        let said = self.call("chat.postMessage", &message)?;
        let part = |name: &str| said.get(name).and_then(Value::as_str).map(str::to_owned);
        let first = part("channel").zip(part("ts")).map(|(channel, ts)| format!("{channel}/{ts}"));
        Ok(Sent { reference: outgoing.reference.map(str::to_owned).or(first) })
    }
}

const JSON: &str = "application/json; charset=utf-8";
/// A message has at most fifty blocks.
const DIGESTED: usize = 40;

/// Whether the request has its result, so that nothing is left to review.
const fn is_decision(kind: NoticeKind) -> bool {
    matches!(
        kind,
        NoticeKind::RequestApproved
            | NoticeKind::RequestDenied
            | NoticeKind::RequestTimedOut
            | NoticeKind::RequestWithdrawn
    )
}

fn plain(text: &str) -> Value {
    json!({"type": "plain_text", "emoji": false, "text": text})
}

fn set(message: &mut Value, name: &str, value: &str) {
    if let Value::Object(message) = message {
        message.insert(name.to_owned(), value.into());
    }
}

/// Disables mentions, links and formats in the message, whatever a template contains.
fn quieten(message: &mut Value) {
    if let Value::Object(message) = message {
        message.insert("parse".to_owned(), "none".into());
        message.insert("link_names".to_owned(), false.into());
        message.insert("mrkdwn".to_owned(), false.into());
        message.insert("unfurl_links".to_owned(), false.into());
        message.insert("unfurl_media".to_owned(), false.into());
    }
}

/// The meaning of Slack's own errors. Errors of the configuration may be fixed before the last attempt.
fn refused(said: &Value, answer: &Answer) -> SendError {
    let error = said.get("error").and_then(Value::as_str).unwrap_or("nothing more");
    let why = format!("Slack answers {}", Invalid::quote(error));
    match error {
        "message_not_found"
        | "cant_update_message"
        | "edit_window_closed"
        | "user_not_found"
        | "is_archived"
        | "msg_too_long"
        | "invalid_blocks"
        | "no_text" => SendError::Refused(why),
        _ => later(answer.retry_after, why),
    }
}

impl Channel for Slack {
    fn reach(&self) -> Reach {
        match &self.target {
            Target::Webhook(_) => Reach::TARGET,
            Target::Bot { channel, .. } => Reach { people: Some(AddressKind::Slack), target: channel.is_some() },
        }
    }

    fn send(&self, outgoing: &Outgoing<'_>) -> Result<Sent, SendError> {
        match &self.target {
            Target::Webhook(url) => {
                let body = json::visible(&self.message(outgoing)?.to_string());
                let answer = self.client.post(url.expose(), &[("content-type", JSON)], body.as_bytes())?;
                if answer.is_success() { Ok(Sent::default()) } else { Err(answer.error("Slack")) }
            }
            Target::Bot { channel, .. } => {
                let room = outgoing.recipient.address.as_deref().or(channel.as_deref());
                let room =
                    room.ok_or_else(|| SendError::Refused("neither a member nor a channel is known".to_owned()))?;
                self.post(outgoing, room)
            }
        }
    }
}
