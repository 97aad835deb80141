//! E-mail over SMTP: text and HTML, with headers that thread the mails about one request.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{Address, Message, SmtpTransport, Transport};

use super::links::Links;
use super::templates::{Mail, Templates};
use crate::model::Invalid;
use crate::notify::{AddressKind, Channel, EmailSettings, MailSecurity, Outgoing, Reach, SendError, Sent};

/// Sends notices by e-mail.
///
/// ```
/// use jit_access::internal::deliver::{Email, Links, Templates};
/// use jit_access::notify::{EmailSettings, MailSecurity};
///
/// let settings = EmailSettings {
///     host: "localhost".into(), security: MailSecurity::None, from: "jit@example.com".into(), ..EmailSettings::default()
/// };
/// let templates = Templates::shipped()?.into();
/// assert!(Email::new("mail", &settings, std::time::Duration::from_secs(10), templates, Links::default()).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Email {
    name: String,
    transport: SmtpTransport,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    to: Vec<Mailbox>,
    list_id: String,
    templates: Arc<Templates>,
    links: Links,
}

impl Email {
    /// The channel of this name.
    ///
    /// # Errors
    /// When an address is not valid, a password would be sent unencrypted, or there are no trusted certificates.
    pub fn new(
        name: &str,
        settings: &EmailSettings,
        timeout: Duration,
        templates: Arc<Templates>,
        links: Links,
    ) -> Result<Self, Invalid> {
        let from = mailbox("from", &settings.from)?;
        let domain = from.email.domain().to_owned();
        let list_id = settings.list_id.clone().unwrap_or_else(|| format!("jit-access.{domain}"));
        if list_id.is_empty() || !list_id.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>')) {
            let expected = "a name such as jit-access.example.com";
            return Err(Invalid::new("list_id", format!("is {}", Invalid::quote(&list_id)), expected));
        }
        Ok(Self {
            name: name.to_owned(),
            transport: transport(settings, timeout)?,
            from,
            reply_to: settings.reply_to.as_deref().map(|text| mailbox("reply_to", text)).transpose()?,
            to: settings.to.iter().map(|text| mailbox("to", text)).collect::<Result<_, _>>()?,
            list_id,
            templates,
            links,
        })
    }

    fn message(&self, outgoing: &Outgoing<'_>) -> Result<Message, String> {
        let mail = self.mail(outgoing)?;
        let domain = self.from.email.domain();
        let mut builder = Message::builder()
            .message_id(Some(format!("<{}@{domain}>", outgoing.delivery)))
            .date(date(outgoing))
            .from(self.from.clone());
        builder = subject(builder, mail.subject);
        for to in self.recipients(outgoing)? {
            builder = builder.to(to);
        }
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        // All mails about one request reply to the same message id, which no mail has: so they are one thread.
        if let [notice] = outgoing.notices
            && let Some(thread) = notice.thread()
        {
            let root = format!("<{}.conversation@{domain}>", id_text(thread));
            builder = builder.in_reply_to(root.clone()).references(root);
        }
        builder = raw(builder, "List-Id", format!("<{}>", self.list_id));
        builder = raw(builder, "Auto-Submitted", "auto-generated".to_owned());
        // Exchange answers every mail with an absence note otherwise.
        builder = raw(builder, "X-Auto-Response-Suppress", "All".to_owned());
        builder.multipart(MultiPart::alternative_plain_html(mail.text, mail.html)).map_err(|error| error.to_string())
    }

    fn mail(&self, outgoing: &Outgoing<'_>) -> Result<Mail, String> {
        let one = |notice| {
            let link = self.links.address(notice, outgoing.recipient, &self.name);
            self.templates.mail(notice, link.as_deref(), outgoing.recipient.zone.as_deref())
        };
        match outgoing.notices {
            [notice] => one(notice),
            notices => {
                let cards = notices.iter().map(one);
                let cards = cards.collect::<Result<Vec<_>, _>>()?;
                Ok(Mail {
                    subject: format!("{} notices about access", notices.len()),
                    text: cards.iter().map(|card| card.text.as_str()).collect::<Vec<_>>().join("\n\n"),
                    html: joined(&cards),
                })
            }
        }
    }

    fn recipients(&self, outgoing: &Outgoing<'_>) -> Result<Vec<Mailbox>, String> {
        match &outgoing.recipient.address {
            Some(address) => Ok(vec![mailbox("address", address).map_err(|error| error.to_string())?]),
            None if self.to.is_empty() => Err("no address is known".to_owned()),
            None => Ok(self.to.clone()),
        }
    }
}

/// The cards of a digest one below the other, in the frame of the first.
fn joined(cards: &[Mail]) -> String {
    let body = |html: &str| -> Option<(usize, usize)> {
        let start = html.find("<body")?;
        Some((start + html.get(start..)?.find('>')? + 1, html.rfind("</body>")?))
    };
    let mut out = String::new();
    for (at, card) in cards.iter().enumerate() {
        match body(&card.html) {
            Some((_, end)) if at == 0 => out.push_str(card.html.get(..end).unwrap_or_default()),
            Some((start, end)) => out.push_str(card.html.get(start..end).unwrap_or_default()),
            None => out.push_str(&card.html),
        }
    }
    out + "</body>\n</html>\n"
}

fn transport(settings: &EmailSettings, timeout: Duration) -> Result<SmtpTransport, Invalid> {
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'_');
    if settings.host.is_empty() || !settings.host.bytes().all(is_host) {
        let problem = format!("is {}", Invalid::quote(&settings.host));
        return Err(Invalid::new("host", problem, "the name or the address of a mail server"));
    }
    let (tls, usual) = match settings.security {
        MailSecurity::None => (Tls::None, 25),
        MailSecurity::StartTls => (Tls::Required(parameters(settings)?), 587),
        MailSecurity::Tls => (Tls::Wrapper(parameters(settings)?), 465),
    };
    let mut builder = SmtpTransport::builder_dangerous(&settings.host)
        .port(settings.port.unwrap_or(usual))
        .tls(tls)
        .timeout(Some(timeout));
    match (&settings.username, &settings.password) {
        (Some(_), Some(_)) if settings.security == MailSecurity::None => {
            let problem = "is set, and would be sent in the open with `security: none`";
            return Err(Invalid::new("password", problem, "`starttls` or `tls`, or no password"));
        }
        (Some(name), Some(password)) => {
            builder = builder.credentials(Credentials::new(name.clone(), password.expose().to_owned()));
        }
        (None, None) => {}
        (Some(_), None) => return Err(Invalid::new("password", "is missing", "a password for `username`, or neither")),
        (None, Some(_)) => return Err(Invalid::new("username", "is missing", "a name for `password`, or neither")),
    }
    Ok(builder.build())
}

fn parameters(settings: &EmailSettings) -> Result<TlsParameters, Invalid> {
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(path) = &settings.ca_file {
        let shown = Invalid::quote(&path.to_string_lossy());
        let expected = "a file with certificates in PEM";
        let read = fs::read(path)
            .map_err(|error| Invalid::new("ca_file", format!("is {shown}, which cannot be read: {error}"), expected))?;
        let certificate = Certificate::from_pem(&read)
            .map_err(|_| Invalid::new("ca_file", format!("is {shown}, which has no certificate"), expected))?;
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|error| {
        Invalid::new(
            "security",
            format!("needs certificates to trust: {error}"),
            "the system's certificates, or `none`",
        )
    })
}

fn mailbox(field: &'static str, text: &str) -> Result<Mailbox, Invalid> {
    let refuse = || Invalid::new(field, format!("is {}", Invalid::quote(text)), "an e-mail address");
    match text.parse::<Mailbox>() {
        Ok(mailbox) => Ok(mailbox),
        Err(_) => text.parse::<Address>().map(|email| Mailbox::new(None, email)).map_err(|_| refuse()),
    }
}

/// Plain text that looks like an encoded word would be decoded by readers, into anything: then all of it is encoded.
fn subject(builder: MessageBuilder, subject: String) -> MessageBuilder {
    if !subject.contains("=?") {
        return builder.subject(subject);
    }
    let mut words = vec![String::new()];
    for c in subject.chars() {
        if words.last().is_none_or(|word| word.len() + c.len_utf8() > ENCODED_WORD) {
            words.push(String::new());
        }
        words.last_mut().into_iter().for_each(|word| word.push(c));
    }
    let words: Vec<_> = words.iter().map(|word| format!("=?utf-8?b?{}?=", STANDARD.encode(word))).collect();
    let name = HeaderName::new_from_ascii_str("Subject");
    builder.raw_header(HeaderValue::dangerous_new_pre_encoded(name, subject, words.join("\r\n ")))
}

/// This number of bytes makes an encoded word of less than 75 characters, the longest that is permitted.
const ENCODED_WORD: usize = 42;

/// The name is one of ours and the value has no line break: it was checked when the channel was made.
fn raw(builder: MessageBuilder, name: &'static str, value: String) -> MessageBuilder {
    builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value))
}

/// An id for a header. Ids are made here; of anything else only letters, digits and `-` remain.
fn id_text(id: &str) -> String {
    id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect()
}

fn date(outgoing: &Outgoing<'_>) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(outgoing.now.millis()).unwrap_or_default())
}

impl Channel for Email {
    fn reach(&self) -> Reach {
        Reach { people: Some(AddressKind::Email), target: !self.to.is_empty() }
    }

    fn send(&self, outgoing: &Outgoing<'_>) -> Result<Sent, SendError> {
        let message = self.message(outgoing).map_err(SendError::Refused)?;
        match self.transport.send(&message) {
            Ok(_) => Ok(Sent::default()),
            Err(error) => Err(failure(&error)),
        }
    }
}

fn failure(error: &lettre::transport::smtp::Error) -> SendError {
    use std::error::Error as _;

    let code = error.status().map(|code| code.to_string());
    let source = error.source().map(ToString::to_string).unwrap_or_default();
    // A refused certificate is reported as invalid data.
    let io = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
    let is_tls = error.is_tls() || io.is_some_and(|io| io.kind() == std::io::ErrorKind::InvalidData);
    let said = Invalid::quote(&source);
    let later = |why: String| SendError::Later { after: None, why };
    match code.as_deref() {
        // It is about the sign-in, and may be fixed before the last attempt.
        Some(code @ ("530" | "534" | "535" | "538")) => later(format!("the mail server refuses the sign-in ({code})")),
        Some(code) if error.is_permanent() => SendError::Refused(format!("the mail server answers {code}: {said}")),
        Some(code) => later(format!("the mail server answers {code}: {said}")),
        None if error.is_timeout() || io.is_some_and(|io| io.kind() == std::io::ErrorKind::WouldBlock) => {
            later("the mail server does not answer in time".to_owned())
        }
        None if is_tls => later(format!("the connection to the mail server cannot be secured: {said}")),
        None if error.is_client() => later(format!("the mail server cannot take it: {said}")),
        None => later(format!("the mail server cannot be reached: {said}")),
    }
}

impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The transport holds the password.
        f.debug_struct("Email").field("name", &self.name).finish_non_exhaustive()
    }
}
