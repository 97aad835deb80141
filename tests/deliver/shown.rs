//! Whether docs/notifications.md and README.md show what really arrives. `UPDATE_GENERATED=1` writes it there.

use std::fs;
use std::path::{Path, PathBuf};

use jit_access::config::Config;
use jit_access::model::{Recipient, Secret};
use jit_access::notify::{Link, Notice, NoticeKind, Risk, RiskNotice, SlackSettings};
use serde_json::Value;

use crate::notices::{PATIENCE, REQUEST, SECRET, ann, email, mail, send, slack, webhook};
use crate::receiver::{Receiver, is_here};

/// A request as somebody would make it.
fn request() -> Notice {
    let some = |text: &str| Some(text.to_owned());
    let reason = |factor: &str, detail: &str| RiskNotice { factor: factor.to_owned(), detail: detail.to_owned() };
    Notice {
        request_id: some(REQUEST),
        request_version: Some(1),
        actor: some("dev@example.com"),
        requester: some("dev@example.com"),
        role: some("operator"),
        permissions: vec!["tools.execute".to_owned(), "tools.read".to_owned()],
        newly_permitted: Some(vec!["tools.execute".to_owned()]),
        resource: some("server:shop"),
        duration_hours: Some(4.0),
        reason: some("INC-1234: checkout is slow"),
        ticket_url: some("https://tracker.example.com/INC-1234"),
        risk: Some(Risk {
            level: "high".to_owned(),
            reasons: vec![reason("first_time", "never held this role"), reason("changes", "tools.execute")],
        }),
        reviewer_roles: vec!["lead".to_owned()],
        deadline: some("2026-12-02T09:00:00.000Z"),
        link: Some(Link::Approve { request_id: REQUEST.to_owned(), version: 1 }),
        ..Notice::new(NoticeKind::RequestSubmitted, "2026-12-01T09:00:00Z".parse().unwrap())
    }
}

fn root(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The part of a page between `<!-- message: NAME -->` and `<!-- end -->`.
fn compare(page: &str, name: &str, language: &str, wanted: &str) {
    let text = fs::read_to_string(root(page)).unwrap();
    let begin = format!("<!-- message: {name} -->\n");
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("{page} has no {begin}"));
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    let made = format!("{before}{begin}```{language}\n{}\n```\n<!-- end -->{after}", wanted.trim_end());
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(root(page), made).unwrap();
    } else {
        assert!(made == text, "{page} does not show what arrives by {name}; write it with UPDATE_GENERATED=1");
    }
}

#[test]
fn the_manual_shows_what_arrives_by_mail() {
    if !is_here() {
        return;
    }
    let server = Receiver::start(&["smtp"]);
    let to = Recipient { zone: Some("Europe/Berlin".to_owned()), ..ann() };
    send(&email(&mail(server.port)), &[request()], &to, None).unwrap();
    let got = server.next();
    let part = |at: usize| got["parts"][at].as_str().unwrap().replace("\r\n", "\n");
    let subject = got["headers"].as_array().unwrap().iter().find(|header| header[0] == "Subject").unwrap();
    compare(
        "docs/notifications.md",
        "mail",
        "text",
        &format!("Subject: {}\n\n{}", subject[1].as_str().unwrap(), part(0)),
    );
    // The picture is made of it by tests/deliver/picture.py.
    let page = root("docs/notifications/mail.html");
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(page, part(1)).unwrap();
    } else {
        assert!(fs::read_to_string(page).unwrap() == part(1), "docs/notifications/mail.html is not what arrives");
    }
}

/// What a reader of Slack sees of its blocks.
fn seen(message: &Value) -> String {
    let text =
        |value: &Value| value["text"].as_str().unwrap().replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let mut lines = Vec::new();
    for block in message["blocks"].as_array().unwrap() {
        match block["type"].as_str().unwrap() {
            "header" => lines.push(text(&block["text"])),
            "section" if block["text"].is_object() => lines.push(text(&block["text"])),
            "section" => lines.extend(
                block["fields"]
                    .as_array()
                    .unwrap()
                    .chunks(2)
                    .map(|pair| format!("{:<14} {}", text(&pair[0]), text(&pair[1]))),
            ),
            "actions" => {
                let buttons = block["elements"].as_array().unwrap().iter();
                lines.push(
                    buttons.map(|button| format!("[ {} ]", text(&button["text"]))).collect::<Vec<_>>().join("  "),
                );
            }
            "context" => lines.push(text(&block["elements"][0])),
            other => panic!("a block of the kind {other}"),
        }
    }
    lines.join("\n")
}

#[test]
fn the_manual_shows_what_arrives_in_slack() {
    if !is_here() {
        return;
    }
    let server = Receiver::start(&["http"]);
    let url = Secret::new(server.url("/services/T0/B0/x"));
    let channel = slack(&SlackSettings { webhook_url: Some(url), ..SlackSettings::default() });
    send(&channel, &[request()], &Recipient::default(), None).unwrap();
    let message: Value = serde_json::from_str(server.next()["body"].as_str().unwrap()).unwrap();
    for page in ["docs/notifications.md", "README.md"] {
        compare(page, "slack", "text", &seen(&message));
    }
}

#[test]
fn the_manual_shows_what_arrives_at_a_webhook() {
    if !is_here() {
        return;
    }
    let server = Receiver::start(&["http", "--secret", SECRET]);
    send(&webhook(server.url("/"), PATIENCE, true, &[SECRET]), &[request()], &Recipient::default(), None).unwrap();
    let event: Value = serde_json::from_str(server.next()["body"].as_str().unwrap()).unwrap();
    for page in ["docs/notifications.md", "README.md"] {
        compare(page, "webhook", "json", &serde_json::to_string_pretty(&event).unwrap());
    }
}

/// Every configuration of the manual opens its channels.
#[test]
fn the_configurations_of_the_manual_are_right() {
    let environ = [
        ("SMTP_PASSWORD", "hunter2"),
        ("SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T0/B0/x"),
        ("SLACK_BOT_TOKEN", "xoxb-hunter2"),
        ("WEBHOOK_SECRET", SECRET),
        ("WEBHOOK_SECRET_NEXT", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    ];
    let mut kinds = Vec::new();
    for page in ["docs/notifications.md", "README.md"] {
        let text = fs::read_to_string(root(page)).unwrap();
        for block in text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
            if !block.contains("channels:") || block.contains("plugins:") {
                continue;
            }
            assert!(block.lines().count() <= 11, "ten lines: {block}");
            let environ = environ.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let config = Config::parse(block, environ).unwrap_or_else(|error| panic!("{page}: {error}\n{block}"));
            let channels = &config.settings.notices.channels;
            kinds.extend(channels.values().map(|channel| format!("{page} {}", channel.kind.name())));
        }
    }
    for page in ["docs/notifications.md", "README.md"] {
        for kind in ["email", "slack", "webhook"] {
            assert!(kinds.contains(&format!("{page} {kind}")), "{page} has no configuration of {kind}: {kinds:?}");
        }
    }
}
