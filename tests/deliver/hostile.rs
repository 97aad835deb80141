//! Whether what others wrote stays text in every channel: each line of `hostile.txt`, in every field, through every channel.
//! What arrives is compared with what is right.

use jit_access::model::{Recipient, Secret};
use jit_access::notify::{Notice, SlackSettings};
use serde_json::Value;

use crate::notices::{PATIENCE, SECRET, ann, email, mail, notice, plain, send, slack, webhook};
use crate::receiver::{Receiver, is_here};

/// The texts of the corpus.
fn corpus() -> Vec<String> {
    let read = |line: &str| {
        if line == "LONG" {
            return "x".repeat(4_096);
        }
        let mut text = String::new();
        let mut rest = line.chars();
        while let Some(c) = rest.next() {
            match (c, rest.clone().next()) {
                ('\\', Some('n')) => text.push('\n'),
                ('\\', Some('r')) => text.push('\r'),
                ('\\', Some('\\')) => text.push('\\'),
                ('\\', Some('u')) => {
                    let number: String = rest.by_ref().skip(2).take_while(|c| *c != '}').collect();
                    text.push(char::from_u32(u32::from_str_radix(&number, 16).unwrap()).unwrap());
                    continue;
                }
                (c, _) => {
                    text.push(c);
                    continue;
                }
            }
            rest.next();
        }
        text
    };
    include_str!("hostile.txt").lines().map(read).collect()
}

/// The characters of the corpus that nobody sees, or that show the rest in another order.
const UNSEEN: &str = "\u{202E}\u{2066}\u{2069}\u{200B}\u{200D}\u{FEFF}\u{E0041}\u{E007F}\u{AD}\u{2028}\u{2029}\0\u{1b}";

/// What a reader is to see of a text.
fn seen(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace(['\n', '\r'], " ⏎ ").replace('\t', " ");
    let show = |c: char| if UNSEEN.contains(c) { format!("[U+{:04X}]", c as u32) } else { c.to_string() };
    text.chars().map(show).collect()
}

/// The notice in which each text has this one behind its own name, and each text with the name.
fn told(text: &str) -> (Notice, Vec<String>) {
    let names = std::cell::RefCell::new(Vec::new());
    let notice = notice(|name| {
        let value = format!("{name}.{text}");
        names.borrow_mut().push(value.clone());
        value
    });
    (notice, names.into_inner())
}

/// The notice in which each text is a mark, in the order of the values of [`told`].
fn marked() -> Notice {
    let count = std::cell::Cell::new(0);
    notice(|_| {
        count.set(count.get() + 1);
        mark(count.get() - 1)
    })
}

fn mark(at: usize) -> String {
    format!("Mark{at}End")
}

/// What is right to arrive: what arrives of the marks, with each mark replaced by its value as a reader is to see it.
fn right_of(of_marks: &str, values: &[String], show: impl Fn(&str) -> String) -> String {
    let replace = |text: String, (at, value): (usize, &String)| text.replace(&mark(at), &show(&seen(value)));
    values.iter().enumerate().fold(of_marks.to_owned(), replace)
}

fn in_html(text: &str) -> String {
    let signs = [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;"), ("'", "&#x27;"), ("/", "&#x2f;")];
    signs.iter().fold(text.to_owned(), |text, (sign, name)| text.replace(sign, name))
}

fn in_slack(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What the channels do not show of a notice: what it says already in other words.
fn is_shown(value: &str) -> bool {
    !["requester.", "permissions.", "excluded_permissions."].iter().any(|name| value.starts_with(name))
}

#[test]
fn in_a_mail_it_is_text() {
    if !is_here() {
        return;
    }
    let server = Receiver::start(&["smtp"]);
    let channel = email(&mail(server.port));
    send(&channel, &[plain()], &ann(), None).unwrap();
    let right = server.next();
    let names =
        |got: &Value| got["headers"].as_array().unwrap().iter().map(|header| header[0].clone()).collect::<Vec<_>>();
    let part = |got: &Value, at: usize| got["parts"][at].as_str().unwrap().to_owned();
    send(&channel, &[marked()], &ann(), None).unwrap();
    let of_marks = server.next();
    for text in corpus() {
        let (notice, values) = told(&text);
        send(&channel, &[notice], &ann(), None).unwrap();
        let got = server.next();
        assert_eq!(names(&got), names(&right), "{text:?} changes the headers");
        assert_eq!(
            (&got["from"], &got["to"], &got["types"]),
            (&right["from"], &right["to"], &right["types"]),
            "{text:?}"
        );
        let subject =
            got["headers"].as_array().unwrap().iter().find(|header| header[0] == "Subject").unwrap()[1].clone();
        let whole = format!("[high risk] Approved with cuts: {} for 4 h,", seen(&format!("role.{text}")));
        let whole = whole.split_whitespace().collect::<Vec<_>>().join(" ");
        let kept: String =
            subject.as_str().unwrap().trim_end_matches('…').chars().take(whole.chars().count()).collect();
        assert!(
            whole.starts_with(&kept) && kept.chars().count() >= whole.chars().count().min(140),
            "{subject} is not {whole}"
        );
        let (plain, html) = (part(&got, 0), part(&got, 1));
        assert_eq!(plain, right_of(&part(&of_marks, 0), &values, str::to_owned), "{text:?}, byte for byte");
        assert_eq!(html, right_of(&part(&of_marks, 1), &values, in_html), "{text:?}, byte for byte");
        assert_eq!(plain.lines().count(), part(&right, 0).lines().count(), "{text:?} makes lines");
        assert_eq!(html.matches('<').count(), part(&right, 1).matches('<').count(), "{text:?} makes tags");
        assert_eq!(html.matches("href=\"").count(), part(&right, 1).matches("href=\"").count(), "{text:?} makes links");
        for value in values.iter().filter(|value| is_shown(value)) {
            assert!(plain.contains(&seen(value)), "{value:?} in the text:\n{plain}");
            assert!(unescaped(&html).contains(&seen(value)), "{value:?} in the HTML");
        }
        assert!(!format!("{plain}{html}{subject}").contains(|c| UNSEEN.contains(c)), "{text:?}");
    }
}

pub(crate) fn unescaped(html: &str) -> String {
    let signs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")];
    signs.iter().fold(html.to_owned(), |html, (name, sign)| html.replace(name, sign))
}

/// The strings of a document, each with its place.
fn strings(value: &Value, place: String, into: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => into.push((place, text.clone())),
        Value::Array(list) => list.iter().enumerate().for_each(|(at, one)| strings(one, format!("{place}/{at}"), into)),
        Value::Object(map) => map.iter().for_each(|(name, one)| strings(one, format!("{place}/{name}"), into)),
        other => into.push((place, other.to_string())),
    }
}

#[test]
fn in_slack_it_is_text() {
    if !is_here() {
        return;
    }
    let server = Receiver::start(&["http"]);
    let url = Secret::new(server.url("/services/x"));
    let channel = slack(&SlackSettings { webhook_url: Some(url), ..SlackSettings::default() });
    let sent = |notice: &Notice| {
        send(&channel, std::slice::from_ref(notice), &Recipient::default(), None).unwrap();
        let body = server.next()["body"].as_str().unwrap().to_owned();
        assert!(!body.contains(|c| UNSEEN.contains(c)), "{body}");
        let mut found = Vec::new();
        strings(&serde_json::from_str(&body).unwrap(), String::new(), &mut found);
        found
    };
    let places = |found: &[(String, String)]| found.iter().map(|(place, _)| place.clone()).collect::<Vec<_>>();
    let (right, of_marks) = (sent(&plain()), sent(&marked()));
    for text in corpus() {
        let (notice, values) = told(&text);
        let got = sent(&notice);
        for ((place, value), (_, marks)) in got.iter().zip(&of_marks) {
            let whole = right_of(marks, &values, in_slack);
            match value.strip_suffix('…') {
                Some(kept) => assert!(whole.starts_with(kept), "{text:?} at {place}: {value} is no part of {whole}"),
                None => assert_eq!(*value, whole, "{text:?} at {place}, byte for byte"),
            }
        }
        assert_eq!(places(&got), places(&right), "{text:?} changes what the message is made of");
        for ((place, value), (_, before)) in got.iter().zip(&right) {
            if place.ends_with("/url") || place.ends_with("/type") || place.ends_with("mrkdwn") {
                assert_eq!(value, before, "{text:?} at {place}");
            }
            let rest = ["&amp;", "&lt;", "&gt;"].iter().fold(value.clone(), |rest, name| rest.replace(name, ""));
            assert!(place.ends_with("/url") || !rest.contains(['<', '>', '&']), "{text:?} at {place}: {value}");
        }
        let all: Vec<_> = got.iter().map(|(_, value)| unescaped(value)).collect();
        for value in values.iter().filter(|value| is_shown(value) && value.len() < 1_000) {
            assert!(all.iter().any(|one| one.contains(&seen(value))), "{value:?} in {all:?}");
        }
    }
}

#[test]
fn at_a_webhook_it_is_the_same_text() {
    if !is_here() {
        return;
    }
    let server = Receiver::start(&["http", "--secret", SECRET]);
    let channel = webhook(server.url("/"), PATIENCE, true, &[SECRET]);
    for text in corpus() {
        let (notice, _) = told(&text);
        send(&channel, std::slice::from_ref(&notice), &Recipient::default(), None).unwrap();
        let got = server.next();
        assert_eq!(got["verified"], true, "{text:?}");
        let body = got["body"].as_str().unwrap();
        assert!(!body.contains(|c| UNSEEN.contains(c)), "what nobody sees is written as its number: {body}");
        let event: Value = serde_json::from_str(body).unwrap();
        let Value::Object(mut right) = serde_json::to_value(&notice).unwrap() else { panic!("a notice is an object") };
        right.insert("link".to_owned(), event["data"]["link"].clone());
        assert_eq!(event["data"], Value::Object(right), "{text:?}");
    }
}

/// A ticket is a link only when it is an address of the web without a user name.
#[test]
fn a_ticket_is_a_link_only_when_it_is_safe_to_follow() {
    if !is_here() {
        return;
    }
    let server = Receiver::start(&["smtp"]);
    let channel = email(&mail(server.port));
    for (ticket, href) in [
        ("https://tracker.example.com/INC-1?a=1&b=\"2\"", Some("https://tracker.example.com/INC-1?a=1&amp;b=%222%22")),
        ("javascript:alert(1)", None),
        ("data:text/html,<script>alert(1)</script>", None),
        ("https://user:hunter2@evil.example/", None),
        ("//evil.example/", None),
        ("INC-1234", None),
        ("https://evil.example/\u{202E}", None),
    ] {
        let notice = Notice { ticket_url: Some(ticket.to_owned()), ..plain() };
        send(&channel, &[notice], &ann(), None).unwrap();
        let got = server.next();
        let html = got["parts"][1].as_str().unwrap();
        let links: Vec<_> = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let tickets: Vec<_> = links.iter().filter(|link| !link.contains("gateway.example.com")).collect();
        assert_eq!(tickets.len(), usize::from(href.is_some()), "{ticket}: {links:?}");
        if let Some(href) = href {
            assert_eq!(unescaped(tickets[0]), unescaped(href));
        }
        assert!(!got.to_string().contains("hunter2"));
    }
}
