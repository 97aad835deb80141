//! To whom a notice goes by which channel, and when: routes, quiet hours, digests, several channels.

use std::collections::BTreeMap;

use jit_access::config::Config;
use jit_access::model::{Principal, RoleName, Timestamp};
use jit_access::notify::{
    AddressKind, Addressee, Audience, Contact, Notice, NoticeKind, NoticeSettings, Planned, Reach, Risk, plan,
};

fn settings(keys: &str) -> NoticeSettings {
    let channels = "mail: {kind: email, host: mail.example.com, from: jit@example.com}, ops: {kind: host}, \
                    siem: {kind: host}, team: {kind: email, host: mail.example.com, from: jit@example.com, to: [team@example.com]}";
    let text = format!("jit_access: {{notifications: {{channels: {{{channels}}}, {keys}}}}}");
    Config::parse(&text, []).unwrap().settings.notices
}

fn reach(settings: &NoticeSettings) -> BTreeMap<String, Reach> {
    settings.channels.iter().map(|(name, channel)| (name.clone(), channel.reach())).collect()
}

fn role(name: &str) -> RoleName {
    RoleName::new(name).unwrap()
}

fn at(text: &str) -> Timestamp {
    format!("2026-12-01T{text}:00Z").parse().unwrap()
}

/// A request that the leads have to answer, made at nine.
fn request() -> Notice {
    Notice {
        audience: vec![Audience::Approvers { roles: vec![role("lead")], except: vec![] }],
        role: Some("operator".to_owned()),
        risk: Some(Risk { level: "high".to_owned(), reasons: vec![] }),
        deadline: Some(at("21:00").to_string()),
        ..Notice::new(NoticeKind::RequestSubmitted, at("09:00"))
    }
}

fn security() -> Notice {
    Notice { audience: vec![Audience::Security], urgent: true, ..Notice::new(NoticeKind::BreakGlass, at("09:00")) }
}

fn lead() -> Addressee {
    let person = Principal::user("lead@example.com").unwrap();
    Addressee { contact: Contact::of(&person), person, as_approver: true }
}

fn planned(notice: &Notice, settings: &NoticeSettings, people: &[Addressee], now: Timestamp) -> Vec<Planned> {
    plan(notice, settings, &reach(settings), people, now)
}

/// `channel` for its own target, `channel>address` for a person.
fn to(planned: &[Planned]) -> Vec<String> {
    let name = |one: &Planned| match &one.recipient.address {
        Some(address) => format!("{}>{address}", one.channel),
        None => one.channel.clone(),
    };
    planned.iter().map(name).collect()
}

#[test]
fn without_routes_everything_goes_to_every_channel() {
    let settings = settings("");
    let all = planned(&request(), &settings, &[lead()], at("09:00"));
    assert_eq!(to(&all), ["mail>lead@example.com", "ops", "siem", "team", "team>lead@example.com"]);
    assert!(all.iter().all(|one| one.next_at == at("09:00") && !one.digest && one.failed.is_none()));
}

#[test]
fn a_route_takes_what_meets_all_of_its_conditions() {
    for (condition, takes) in [
        ("", true),
        ("events: [request_submitted], ", true),
        ("events: [on_request], ", true),
        ("events: [grant_revoked, on_use], ", false),
        ("roles: [operator], ", true),
        ("roles: [auditor], ", false),
        ("risk_levels: [high, critical], ", true),
        ("risk_levels: [low], ", false),
        ("approver_roles: [lead, boss], ", true),
        ("approver_roles: [boss], ", false),
        ("events: [on_request], roles: [operator], risk_levels: [low], ", false),
    ] {
        let settings = settings(&format!("routes: [{{{condition}channels: [siem]}}]"));
        let expected: &[&str] = if takes { &["siem"] } else { &[] };
        assert_eq!(to(&planned(&request(), &settings, &[], at("09:00"))), expected, "{condition}");
    }
    let both = settings("routes: [{channels: [siem]}, {roles: [operator], channels: [mail, siem]}]");
    let all = planned(&request(), &both, &[lead()], at("09:00"));
    assert_eq!(to(&all), ["mail>lead@example.com", "siem"], "each channel once");
}

#[test]
fn security_is_told_by_its_own_channels_whatever_the_routes_say() {
    let settings = settings("security_channels: [siem], routes: [{roles: [operator], channels: [ops]}]");
    assert_eq!(to(&planned(&security(), &settings, &[], at("09:00"))), ["siem"]);
    assert_eq!(to(&planned(&request(), &settings, &[], at("09:00"))), ["ops"]);
}

#[test]
fn a_channel_of_security_brings_nothing_to_others() {
    let settings = settings("security_channels: [team], routes: [{channels: [mail]}]");
    let used = Notice {
        audience: vec![Audience::Approver { person: lead().person }, Audience::Security],
        ..Notice::new(NoticeKind::GrantFirstUsed, at("09:00"))
    };
    let all = planned(&used, &settings, &[lead()], at("09:00"));
    assert_eq!(to(&all), ["mail>lead@example.com", "team"], "and the approver hears of it once");
}

#[test]
fn quiet_hours_hold_back_what_can_wait() {
    let settings = settings("quiet_hours: '18:00-07:00', routes: [{channels: [siem]}]");
    let when = |notice: &Notice, now| planned(notice, &settings, &[], now)[0].next_at;
    let morning = "2026-12-02T07:00:00Z".parse().unwrap();
    assert_eq!(when(&request(), at("17:59")), at("17:59"));
    let patient = Notice { deadline: None, ..request() };
    assert_eq!(when(&patient, at("18:00")), morning);
    assert_eq!(when(&request(), at("18:00")), at("18:00"), "in the morning it would be too late");
    assert_eq!(when(&security(), at("18:00")), at("18:00"), "it is urgent");
    assert_eq!(when(&patient, at("06:59")), at("07:00"));
}

#[test]
fn a_digest_is_for_approvers_who_want_one_and_comes_in_time() {
    let settings = settings("digest: {people: [lead@example.com], minutes: 120}, routes: [{channels: [mail, ops]}]");
    let own = |notice: &Notice, people: &[Addressee], now| {
        let all = planned(notice, &settings, people, now);
        all.into_iter().find(|one| one.channel == "mail").map(|one| (one.digest, one.next_at)).unwrap()
    };
    assert_eq!(own(&request(), &[lead()], at("09:10")), (true, at("10:00")), "all wait for the same instant");
    assert_eq!(own(&request(), &[lead()], at("20:30")), (false, at("20:30")), "at ten it would be too late");
    assert_eq!(own(&Notice { urgent: true, ..request() }, &[lead()], at("09:10")), (false, at("09:10")));
    let concerned = Addressee { as_approver: false, ..lead() };
    assert_eq!(own(&request(), &[concerned], at("09:10")), (false, at("09:10")), "it is about them");
    let said = Addressee { contact: Contact { digest: true, ..lead().contact }, ..lead() };
    let other = Addressee { person: Principal::user("second@example.com").unwrap(), ..said };
    assert_eq!(own(&request(), &[other], at("09:10")), (true, at("10:00")), "the directory says so");
    let room = planned(&request(), &settings, &[lead()], at("09:10"));
    assert!(room.iter().any(|one| one.channel == "ops" && !one.digest), "a room gets each at once");
}

#[test]
fn whoever_no_channel_reaches_is_visible() {
    let settings = settings("routes: [{channels: [mail]}]");
    let lost = Addressee { contact: Contact::default(), ..lead() };
    let all = planned(&request(), &settings, &[lost], at("09:00"));
    assert_eq!(all[0].failed.as_deref(), Some("no email address of lead@example.com is known"));
    let all = planned(&request(), &settings, &[], at("09:00"));
    assert_eq!(all[0].failed.as_deref(), Some("nobody is known who holds lead"));
    assert_eq!(AddressKind::Email.name(), "email");
}
