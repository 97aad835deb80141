//! A notice that has everything, and the channels by which the tests send it.

use std::sync::Arc;
use std::time::Duration;

use jit_access::internal::deliver::{Email, LinkKeys, Links, Slack, Templates, Webhook};
use jit_access::model::{DeliveryId, Principal, Recipient, Secret, Timestamp};
use jit_access::notify::{
    Channel, CutNotice, EmailSettings, EndedGrant, Link, MailSecurity, Notice, NoticeKind, Outgoing, Risk, RiskNotice,
    SendError, Sent, SlackSettings, Uses, WebhookSettings,
};

pub(crate) const REQUEST: &str = "019c0a3e-5c00-7000-8000-000000000001";
pub(crate) const DELIVERY: DeliveryId = DeliveryId::from_u128(0x019c_0a3e_5c00_7000_8000_0000_0000_0009);
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Every text of it is what `text` gives for its name.
pub(crate) fn notice(text: impl Fn(&str) -> String) -> Notice {
    let some = |name: &str| Some(text(name));
    let list = |name: &str| vec![text(name)];
    let at = |hour: u32| Some(format!("2026-12-01T{hour:02}:00:00.000Z"));
    Notice {
        request_id: Some(REQUEST.to_owned()),
        request_version: Some(2),
        actor: some("actor"),
        on_behalf_of: some("on_behalf_of"),
        requester: some("requester"),
        person: some("person"),
        holder: some("holder"),
        approver: some("approver"),
        role: some("role"),
        permissions: list("permissions"),
        excluded_permissions: list("excluded_permissions"),
        newly_permitted: Some(list("newly_permitted")),
        newly_excluded: list("newly_excluded"),
        resource: some("resource"),
        duration_hours: Some(4.0),
        starts_at: at(9),
        expires_at: at(13),
        reason: some("reason"),
        ticket_url: Some("https://tracker.example.com/INC-1234".to_owned()),
        risk: Some(Risk {
            level: "high".to_owned(),
            reasons: vec![RiskNotice { factor: "first_time".to_owned(), detail: text("detail") }],
        }),
        changes: list("changes"),
        past: list("past"),
        cuts: vec![CutNotice {
            what: text("cut_what"),
            from: some("cut_from"),
            to: text("cut_to"),
            by: text("cut_by"),
        }],
        deadline: at(20),
        comment: some("comment"),
        question: some("question"),
        answer: some("answer"),
        skipped_approvers: list("skipped_approvers"),
        reviewer_roles: list("reviewer_roles"),
        uses: Some(Uses {
            count: 7,
            permissions: list("used_permissions"),
            resources: list("used_resources"),
            first: "2026-12-01T10:00:00.000Z".to_owned(),
            last: "2026-12-01T11:00:00.000Z".to_owned(),
        }),
        ended: vec![EndedGrant {
            grant_id: REQUEST.to_owned(),
            holder: text("ended_holder"),
            role: text("ended_role"),
        }],
        link: Some(Link::Approve { request_id: REQUEST.to_owned(), version: 2 }),
        ..Notice::new(NoticeKind::RequestApproved, "2026-12-01T09:00:00Z".parse().unwrap())
    }
}

/// What somebody would write.
pub(crate) fn plain() -> Notice {
    notice(|name| name.replace('_', "-"))
}

pub(crate) fn links() -> Links {
    let keys = LinkKeys::new(&[Secret::new("a secret of tests that is long enough")]).unwrap();
    Links { base_url: Some("https://gateway.example.com/jit".to_owned()), keys: Some(keys) }
}

fn templates() -> Arc<Templates> {
    Arc::new(Templates::shipped().unwrap())
}

pub(crate) fn mail(port: u16) -> EmailSettings {
    EmailSettings {
        host: "127.0.0.1".to_owned(),
        port: Some(port),
        security: MailSecurity::None,
        from: "Access <jit@example.com>".to_owned(),
        ..EmailSettings::default()
    }
}

pub(crate) fn email(settings: &EmailSettings) -> Email {
    Email::new("mail", settings, PATIENCE, templates(), links()).unwrap()
}

pub(crate) fn slack(settings: &SlackSettings) -> Slack {
    let settings = SlackSettings { allow_private: true, ..settings.clone() };
    Slack::new("ops", &settings, PATIENCE, templates(), links()).unwrap()
}

pub(crate) fn webhook(url: String, timeout: Duration, allow_private: bool, secrets: &[&str]) -> Webhook {
    let secrets = secrets.iter().map(|secret| Secret::new(*secret)).collect();
    let settings = WebhookSettings { url, secrets, allow_private, ..WebhookSettings::default() };
    Webhook::new("siem", &settings, timeout, links()).unwrap()
}

/// Now, as receivers see it.
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap()).unwrap()
}

pub(crate) fn ann() -> Recipient {
    let person = Recipient::person(Principal::user("ann@example.com").unwrap());
    Recipient { address: Some("ann@example.com".to_owned()), ..person }
}

pub(crate) fn send(
    channel: &dyn Channel,
    notices: &[Notice],
    recipient: &Recipient,
    reference: Option<&str>,
) -> Result<Sent, SendError> {
    channel.send(&Outgoing { delivery: DELIVERY, attempt: 1, notices, links: &[], recipient, reference, now: now() })
}
