//! Every text of every command, given what nobody should send: an error names the field, and nothing is a bug of the library.

use jit_access::Error;
use jit_access::command::{CommandSpec, FieldKind, catalogue};
use jit_access::config::Config;
use jit_access::internal::wire::command::{fields_of, run};
use jit_access::service::{Builder, Engine};
use jit_access::store::MemoryStore;
use serde_json::{Map, Value, json};

/// Texts that have broken something somewhere.
fn corpus() -> Vec<String> {
    let fixed = [
        "",
        " ",
        "\u{0}",
        "a\u{0}b",
        "\r\nSet-Cookie: a=b",
        "\u{202e}txet",
        "\u{2066}\u{2069}",
        "\u{200b}\u{3164}\u{2800}",
        "\u{e0041}\u{e007f}",
        "\u{feff}",
        "\u{fffd}\u{ffff}",
        "e\u{301}\u{301}\u{301}",
        "ﬀ ŉ ΐ",
        "İı K Å",
        "null",
        "true",
        "-1",
        "1e308",
        "9".repeat(400).leak(),
        "NaN",
        "../../etc/passwd",
        "'; DROP TABLE grants; --",
        "%00%0a%2e%2e",
        "{{7*7}}${7*7}<script>",
        "javascript:alert(1)",
        "http://user:secret@example.com/",
        "https://[::1",
        "*",
        "**",
        "*.*",
        "jit.*",
        "agent:agent:x",
        "rule:host",
        "tool@server:a:b:c",
        ":",
        "::",
        "tool:",
        ":x",
        "0.0.0.0/33",
        "127.0.0.1%eth0",
        "2026-13-01T00:00:00Z",
        "9999-12-31T23:59:60+99:99",
        "00000000-0000-0000-0000-000000000000",
        "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5",
        "0123456789abcdef0",
        "🦀".repeat(50).leak(),
    ];
    let long = ["x", "é", "\u{10ffff}", "a.", "a:"].map(|one| one.repeat(70_000));
    fixed.into_iter().map(str::to_owned).chain(long).collect()
}

/// A value that the field takes.
fn right(spec: &CommandSpec, field: &str) -> Value {
    match field {
        "caller" => json!({"principal": "a", "roles": ["auditor", "lead"], "agent": false}),
        "conditions" => json!({"max_uses": 3}),
        "duration_hours" => 1.5.into(),
        "version" | "record" | "since" | "checkpoint" => 1.into(),
        "after" if spec.name != "verify" => 1.into(),
        "agent" if ["audit", "export"].contains(&spec.name) => "bot".into(),
        "at" => "2026-03-01T09:30:00Z".into(),
        "from" if spec.name == "what_changed" => "2026-03-01T09:30:00Z".into(),
        "expected" | "after" => format!("0:{}", "0".repeat(64)).into(),
        "dry_run" | "everything" | "agent" | "enabled" | "drill" | "justified" | "reviewable" | "canonical" => {
            true.into()
        }
        "roles" => json!(["auditor"]),
        "permissions" => json!(["tools.read"]),
        "limit" => 7.into(),
        "status" if spec.name == "requests" => "pending".into(),
        "status" => "active".into(),
        "starts_at" | "from" | "until" | "ending_before" => "2026-12-01T09:30:00Z".into(),
        "ticket_url" => "https://tracker.example.com/1".into(),
        "request" | "grant" | "id" | "delegation" | "alert" => "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".into(),
        "resource" => "tool:deploy".into(),
        "parent" => "server:s1".into(),
        "address" => "192.0.2.1".into(),
        other => other.into(),
    }
}

fn engine() -> Engine {
    let config = "jit_access: {approver_roles: [lead], auditor_roles: [auditor]}";
    let rules = Config::parse(config, []).unwrap().rules;
    Builder::new(MemoryStore::new(), rules).open().unwrap()
}

/// The required fields, and the one that is tried.
fn document(spec: &CommandSpec, tried: &str, value: Value) -> String {
    let mut document = Map::new();
    document.insert("command".to_owned(), spec.name.into());
    let is_required = |name: &str| spec.all_fields().any(|field| field.name == name && field.required);
    for field in fields_of(spec).into_iter().filter(|name| *name == "caller" || is_required(name)) {
        document.insert(field.to_owned(), right(spec, field));
    }
    document.insert(tried.to_owned(), value);
    Value::Object(document).to_string()
}

/// The error, checked: it is no bug, it is short, and when the value is wrong it names the field.
fn try_one(engine: &Engine, spec: &CommandSpec, field: &str, names: &[&str], value: Value) {
    let shown = value.to_string().chars().take(60).collect::<String>();
    let at = format!("{} {field}: {shown}", spec.name);
    match run(&engine.workflow(), &document(spec, field, value)) {
        Ok(_) | Err(Error::Refused(_)) => {}
        // The same key tries several values of another field.
        Err(Error::KeyReused) => {}
        Err(Error::Invalid(error)) => {
            // The instants of a period are judged together.
            let is_period = spec.name == "evidence" && ["from", "until"].contains(&error.field());
            // A selection is one of several, and the error names the first.
            let is_selection = spec.name == "revoke_many" && error.field() == "request";
            assert!(is_period || is_selection || names.contains(&error.field()), "{at}: {error}");
            assert!(error.to_string().len() < 1_500, "{at}: {} bytes of error", error.to_string().len());
            assert!(field != "ticket_url" || !error.to_string().contains("secret"), "{at}: {error}");
        }
        Err(error) => panic!("{at}: {error}"),
    }
}

#[test]
fn every_text_of_every_command_is_taken_or_refused_by_its_name() {
    let (engine, corpus) = (engine(), corpus());
    let mut tried = 0;
    for spec in catalogue() {
        for field in spec.all_fields() {
            let text = |text: &String| Value::from(text.as_str());
            let other: &[fn(&Value) -> Value] = match field.kind {
                FieldKind::Roles | FieldKind::Permissions => &[|text| json!([text])],
                FieldKind::Conditions => &[|text| json!({"session": text}), |text| json!({"networks": [text]})],
                _ => &[],
            };
            let names = [field.name, "networks", "session"];
            // Only conditions have fields of their own.
            let names = if field.kind == FieldKind::Conditions { &names[..] } else { &names[..1] };
            // A selection is one of several fields, and an error may say so of another.
            let selected = ["request", "holder", "agent", "role", "resource", "everything"];
            let names = if spec.name == "revoke_many" { &selected[..] } else { names };
            // There is no checkpoint to prove anything by.
            let names = if spec.name == "proof" { &["checkpoint"][..] } else { names };
            let names: Vec<&str> = names.iter().copied().chain([field.name]).collect();
            for value in corpus.iter().map(text) {
                try_one(&engine, spec, field.name, &names, value.clone());
                for wrapped in other {
                    try_one(&engine, spec, field.name, &names, wrapped(&value));
                }
                tried += 1;
            }
            for value in
                [json!(null), json!(true), json!(-1), json!(1e308), json!(u64::MAX), json!([]), json!({}), json!([[]])]
            {
                try_one(&engine, spec, field.name, &names, value);
            }
        }
    }
    for spec in catalogue().filter(|spec| spec.writes) {
        corpus.iter().for_each(|text| {
            try_one(&engine, spec, "idempotency_key", &["idempotency_key", "caller"], text.as_str().into());
        });
    }
    assert!(tried > 3_000, "{tried}");
    assert!(engine.workflow().verify().is_ok());
}

#[test]
fn every_text_of_a_caller_is_taken_or_refused_by_its_name() {
    let engine = engine();
    for text in corpus() {
        for field in ["principal", "acts_for", "roles", "permissions", "amr", "acr", "auth_time"] {
            let value = if ["roles", "permissions", "amr"].contains(&field) { json!([text]) } else { json!(text) };
            let mut caller = json!({"principal": "a", "agent": field == "acts_for"});
            caller[field] = value;
            let document = json!({"command": "requests", "caller": caller}).to_string();
            match run(&engine.workflow(), &document) {
                Ok(_) | Err(Error::Refused(_)) => {}
                Err(Error::Invalid(error)) => {
                    assert_eq!(error.field().split(['[', '.']).next_back(), Some(field), "{error}");
                    assert!(error.to_string().len() < 1_500, "{error}");
                }
                Err(error) => panic!("{field}: {error}"),
            }
        }
    }
}

/// One person, whatever the case that somebody writes them in: every letter, by its upper, lower and title form.
#[test]
fn every_letter_in_every_case_is_one_person_or_refused() {
    use jit_access::model::Principal;
    let mut people = 0;
    for c in (0..=0x10_ffff).filter_map(char::from_u32) {
        // A letter without another case has one spelling.
        if c.to_uppercase().eq([c]) && c.to_lowercase().eq([c]) {
            continue;
        }
        let spelt = |part: &str| Principal::user(&format!("a{part}z@example.com")).ok();
        let Some(person) = spelt(&c.to_string()) else { continue };
        people += 1;
        let upper: String = c.to_uppercase().collect();
        let lower: String = c.to_lowercase().collect();
        let lower_of_upper = upper.to_lowercase();
        let upper_of_lower = lower.to_uppercase();
        // The title form: the first letter of the upper form, and the rest of it small.
        let title: String = {
            let mut letters = upper.chars();
            letters.next().into_iter().chain(letters.as_str().to_lowercase().chars()).collect()
        };
        for other in [upper, lower, lower_of_upper, upper_of_lower, title] {
            if let Some(other_person) = spelt(&other) {
                assert_eq!(person, other_person, "U+{:04X} and {other:?}", u32::from(c));
            }
        }
    }
    assert!(people > 2_000, "{people}");
}
