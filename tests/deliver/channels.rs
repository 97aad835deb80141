//! What arrives by mail, in Slack and at a webhook.

use std::path::Path;
use std::process::Command;

use jit_access::model::{Principal, Recipient, Secret, Timestamp};
use jit_access::notify::{EmailSettings, MailSecurity, Notice, NoticeKind, SlackSettings};
use serde_json::{Value, json};

use crate::hostile::unescaped;
use crate::notices::{DELIVERY, PATIENCE, REQUEST, SECRET, ann, email, links, mail, plain, send, slack, webhook};
use crate::receiver::{Receiver, is_here};

fn header<'a>(mail: &'a Value, name: &str) -> &'a str {
    let headers = mail["headers"].as_array().unwrap();
    let mut found = headers.iter().filter(|header| header[0] == name);
    let value = found.next().unwrap_or_else(|| panic!("no header {name}"))[1].as_str().unwrap();
    assert!(found.next().is_none(), "{name} stands once");
    value
}

#[test]
fn a_mail_says_everything_and_belongs_to_its_conversation() {
    if !is_here() {
        return;
    }
    let server = Receiver::start(&["smtp"]);
    send(&email(&mail(server.port)), &[plain()], &ann(), None).unwrap();
    let got = server.next();
    assert_eq!((&got["from"], &got["to"]), (&json!("jit@example.com"), &json!(["ann@example.com"])));
    assert_eq!(got["types"], json!(["multipart/alternative", "text/plain", "text/html"]));
    assert_eq!(header(&got, "Subject"), "[high risk] Approved with cuts: role for 4 h, holder (for person)");
    assert_eq!(header(&got, "Message-ID"), format!("<{DELIVERY}@example.com>"));
    let root = format!("<{REQUEST}.conversation@example.com>");
    assert_eq!((header(&got, "In-Reply-To"), header(&got, "References")), (root.as_str(), root.as_str()));
    assert_eq!(header(&got, "List-Id"), "<jit-access.example.com>");
    assert_eq!(header(&got, "Auto-Submitted"), "auto-generated");

    let (text, html) = (got["parts"][0].as_str().unwrap(), got["parts"][1].as_str().unwrap());
    for line in [
        "Who: holder (for person)",
        "Role: role",
        "Newly permits: newly-permitted, except newly-excluded",
        "On: resource",
        "For: 4 h",
        "From: 2026-12-01 09:00 UTC",
        "Until: 2026-12-01 13:00 UTC",
        "Reason: reason",
        "Ticket: https://tracker.example.com/INC-1234",
        "Risk: high: first time (detail)",
        "Cut: cut-what: cut-from → cut-to, by cut-by",
        "By: actor in place of on-behalf-of",
        "Comment: comment",
        "Act by: 2026-12-01 20:00 UTC",
    ] {
        assert!(text.lines().any(|one| one == line), "no line {line:?} in\n{text}");
        assert!(unescaped(html).contains(line.split_once(": ").unwrap().1), "{line}");
    }
    let link = text.lines().find(|line| line.starts_with("https://gateway.example.com/jit/requests/")).unwrap();
    let token = link.split_once("?link=").unwrap().1;
    let signed = links().keys.unwrap().verify(token, Timestamp::EPOCH).unwrap();
    assert!(signed.is_for(&Principal::user("ann@example.com").unwrap()) && signed.version == 2);
    assert_eq!(unescaped(html).matches(&format!("href=\"{link}\"")).count(), 1, "one link");
}

#[test]
fn a_digest_is_one_mail_with_every_notice() {
    if !is_here() {
        return;
    }
    let server = Receiver::start(&["smtp"]);
    let two = [plain(), Notice { kind: NoticeKind::GrantExpired, ..plain() }];
    send(&email(&mail(server.port)), &two, &ann(), None).unwrap();
    let got = server.next();
    assert_eq!(header(&got, "Subject"), "2 notices about access");
    for part in got["parts"].as_array().unwrap() {
        let part = part.as_str().unwrap();
        assert!(part.contains("Approved with cuts: role") && part.contains("Over: role"), "{part}");
    }
    assert_eq!(got["parts"][1].as_str().unwrap().matches("<body").count(), 1);
}

/// A certificate for 127.0.0.1 that signs itself.
fn certificate(folder: &Path) -> Option<[String; 2]> {
    let names = ["certificate.pem", "key.pem"].map(|name| folder.join(name).to_str().unwrap().to_owned());
    let [certificate, key] = &names;
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", key, "-out", certificate])
        .output();
    match made {
        Ok(made) if made.status.success() => Some(names),
        _ => {
            println!("SKIPPED: mail over TLS, because openssl is not here");
            None
        }
    }
}

#[test]
fn mail_goes_over_tls_with_a_password_and_to_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let Some([certificate, key]) = is_here().then(|| certificate(folder.path())).flatten() else { return };
    for (flag, security) in [("--tls", MailSecurity::Tls), ("--starttls", MailSecurity::StartTls)] {
        let server = Receiver::start(&["smtp", flag, &certificate, &key, "--user", "jit", "hunter2"]);
        let settings = EmailSettings {
            host: "localhost".to_owned(),
            security,
            username: Some("jit".to_owned()),
            password: Some(Secret::new("hunter2")),
            ca_file: Some(certificate.clone().into()),
            ..mail(server.port)
        };
        send(&email(&settings), &[plain()], &ann(), None).unwrap();
        let got = server.next();
        assert_eq!((&got["tls"], &got["authenticated"]), (&json!(true), &json!(true)), "{flag}");

        let wrong = EmailSettings { password: Some(Secret::new("hunter3")), ..settings.clone() };
        let error = send(&email(&wrong), &[plain()], &ann(), None).unwrap_err().to_string();
        assert!(error.contains("refuses the sign-in (535)") && !error.contains("hunter"), "{flag}: {error}");
        let untrusted = EmailSettings { ca_file: None, ..settings };
        if let Ok(channel) = jit_access::internal::deliver::Email::new(
            "mail",
            &untrusted,
            PATIENCE,
            std::sync::Arc::new(jit_access::internal::deliver::Templates::shipped().unwrap()),
            links(),
        ) {
            let error = send(&channel, &[plain()], &ann(), None).unwrap_err().to_string();
            assert!(error.contains("cannot be secured"), "{flag}: {error}");
        }
        assert_eq!(server.rest(), Vec::<Value>::new());
    }
    let plain_server = Receiver::start(&["smtp"]);
    let settings = EmailSettings {
        security: MailSecurity::StartTls,
        username: Some("jit".to_owned()),
        password: Some(Secret::new("hunter2")),
        ca_file: Some(certificate.into()),
        ..mail(plain_server.port)
    };
    send(&email(&settings), &[plain()], &ann(), None).unwrap_err();
    assert_eq!(plain_server.rest(), Vec::<Value>::new(), "nothing is said to a server without TLS");
}

#[test]
fn a_webhook_gets_a_cloud_event_that_the_standards_library_verifies() {
    if !is_here() {
        return;
    }
    let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for secret in [SECRET, other] {
        let server = Receiver::start(&["http", "--secret", secret]);
        let channel = webhook(server.url("/hook"), PATIENCE, true, &[SECRET, other]);
        send(&channel, &[plain()], &Recipient::default(), None).unwrap();
        let got = server.next();
        assert_eq!(got["verified"], true, "during a rotation either secret verifies");
        assert_eq!(got["headers"]["content-type"], "application/cloudevents+json; charset=utf-8");
        assert_eq!(got["headers"]["webhook-id"], DELIVERY.to_string());
        let event: Value = serde_json::from_str(got["body"].as_str().unwrap()).unwrap();
        assert_eq!(event["specversion"], "1.0");
        assert_eq!(event["id"], DELIVERY.to_string());
        assert_eq!(event["type"], "jit-access.request_approved");
        assert_eq!(event["source"], "https://gateway.example.com/jit");
        assert_eq!(event["subject"], REQUEST);
        assert_eq!(event["time"], "2026-12-01T09:00:00.000Z");
        assert_eq!(
            event["data"]["cuts"][0],
            json!({"what": "cut-what", "from": "cut-from", "to": "cut-to", "by": "cut-by"})
        );
        assert!(event["data"]["link"].as_str().unwrap().starts_with("https://gateway.example.com/jit/requests/"));
    }
    let server = Receiver::start(&["http", "--secret", other]);
    send(&webhook(server.url("/"), PATIENCE, true, &[SECRET]), &[plain()], &Recipient::default(), None).unwrap();
    assert_eq!(server.next()["verified"], false, "another secret does not");
}

#[test]
fn slack_gets_blocks_by_an_incoming_webhook() {
    if !is_here() {
        return;
    }
    let server = Receiver::start(&["http"]);
    let url = Secret::new(server.url("/services/T0/B0/x"));
    let channel = slack(&SlackSettings { webhook_url: Some(url), ..SlackSettings::default() });
    send(&channel, &[plain()], &Recipient::default(), None).unwrap();
    let message: Value = serde_json::from_str(server.next()["body"].as_str().unwrap()).unwrap();
    assert_eq!(message["text"], "Approved with cuts: role for 4 h, holder (for person)");
    let blocks = message["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50 && blocks[0]["type"] == "header");
    let fields: Vec<_> = blocks.iter().flat_map(|block| block["fields"].as_array().into_iter().flatten()).collect();
    assert!(fields.windows(2).any(|pair| pair[0]["text"] == "Reason" && pair[1]["text"] == "reason"), "{fields:?}");
    assert!(blocks.iter().all(|block| block["fields"].as_array().is_none_or(|fields| fields.len() <= 10)));
    let buttons = blocks.iter().find(|block| block["type"] == "actions").unwrap()["elements"].as_array().unwrap();
    assert!(buttons[0]["url"].as_str().unwrap().contains("/requests/") && buttons[0]["value"].is_null(), "a link");
    assert_eq!(buttons[1]["url"], "https://tracker.example.com/INC-1234");
}

#[test]
fn a_bot_keeps_a_thread_for_each_request_and_updates_its_message() {
    if !is_here() {
        return;
    }
    let server = Receiver::start(&["http"]);
    let settings = SlackSettings {
        bot_token: Some(Secret::new("xoxb-hunter2")),
        channel: Some("C1".to_owned()),
        api_url: Some(server.url("/api")),
        ..SlackSettings::default()
    };
    let channel = slack(&settings);
    assert!(!format!("{channel:?}").contains("hunter2"));
    let asked = Notice { kind: NoticeKind::RequestSubmitted, ..plain() };
    let sent = send(&channel, &[asked], &Recipient::default(), None).unwrap();
    assert_eq!(sent.reference.as_deref(), Some("C1/1.0"));
    let first = server.next();
    assert_eq!(
        (&first["path"], &first["headers"]["authorization"]),
        (&json!("/api/chat.postMessage"), &json!("Bearer xoxb-hunter2"))
    );

    let again = send(&channel, &[plain()], &Recipient::default(), sent.reference.as_deref()).unwrap();
    assert_eq!(again.reference, sent.reference);
    let (update, answer) = (server.next(), server.next());
    assert_eq!((&update["path"], &answer["path"]), (&json!("/api/chat.update"), &json!("/api/chat.postMessage")));
    let body = |got: &Value| serde_json::from_str::<Value>(got["body"].as_str().unwrap()).unwrap();
    assert_eq!((&body(&update)["channel"], &body(&update)["ts"]), (&json!("C1"), &json!("1.0")));
    assert_eq!((&body(&answer)["channel"], &body(&answer)["thread_ts"]), (&json!("C1"), &json!("1.0")));
    assert!(body(&update)["text"].as_str().unwrap().starts_with("Approved"));

    let member = Recipient { address: Some("U7".to_owned()), ..Recipient::default() };
    send(&channel, &[plain()], &member, None).unwrap();
    assert_eq!(body(&server.next())["channel"], "U7", "a person is written to directly");
}
