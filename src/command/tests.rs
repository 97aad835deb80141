//! Every command has one document, and is read from it again.

use super::*;
use crate::model::{
    AlertId, Conditions, Cut, DelegationId, GrantId, Justification, Permission, PermissionSet, Principal, RequestId,
    RoleName, Scope, Selector, TicketUrl, Timestamp, Ttl,
};

const ID: &str = "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b";

fn words(text: &str) -> Justification {
    Justification::new(text).unwrap()
}

fn role(name: &str) -> RoleName {
    RoleName::new(name).unwrap()
}

/// One of each, with every field that it takes, and its document. Digests of these documents are stored: a change here
/// makes retries across an upgrade fail, and needs a new `DOCUMENT_VERSION`.
fn all() -> Vec<(Command, String)> {
    let (request, grant): (RequestId, GrantId) = (ID.parse().unwrap(), ID.parse().unwrap());
    let delegation: DelegationId = ID.parse().unwrap();
    let at: Timestamp = "2026-12-01T09:30:00Z".parse().unwrap();
    let conditions = || Conditions::new(Some(10), Some(&["10.0.0.0/8".to_owned()]), Some("s-1"), Some(3)).unwrap();
    let hours = Ttl::from_hours(1.5).unwrap();
    let ticket = || TicketUrl::new("https://tracker.example.com/1").unwrap();
    let tool: Scope = "tool:deploy".parse().unwrap();
    let read = || PermissionSet::new([Permission::new("tools.read").unwrap()]).unwrap();
    let cut = Cut { permissions: Some(read()), scope: Some(tool.clone()), duration: Some(hours), ..Cut::default() };
    let user = Principal::user("Ben@Example.com").unwrap();
    let agent = Principal::agent("bot").unwrap();
    let why = || words("why");
    let conditions_text = r#"{"max_uses":3,"mfa_within_minutes":10,"networks":["10.0.0.0/8"],"session":"s-1"}"#;
    let full = Submit::new(role("deployer"))
        .duration(hours)
        .reason(why())
        .ticket_url(ticket())
        .resource(tool.clone())
        .starts_at(at)
        .conditions(conditions());
    let taken = BreakGlass::new(role("deployer"))
        .duration(hours)
        .reason(why())
        .ticket_url(ticket())
        .resource(tool.clone())
        .drill(true);
    let lent = Delegate::new(user.clone(), at, why()).roles(vec![role("lead")]).starts_at(at);
    let many = |select| Command::from(RevokeMany::new(select, why()));
    vec![
        (
            full.into(),
            format!(
                r#"{{"command":"submit","conditions":{conditions_text},"duration_hours":1.5,"reason":"why","resource":"tool:deploy","role":"deployer","starts_at":"2026-12-01T09:30:00.000Z","ticket_url":"https://tracker.example.com/1","v":1}}"#
            ),
        ),
        (Submit::new(role("deployer")).into(), r#"{"command":"submit","role":"deployer","v":1}"#.to_owned()),
        (
            Extend::new(grant).duration(hours).reason(why()).into(),
            format!(r#"{{"command":"extend","duration_hours":1.5,"grant":"{ID}","reason":"why","v":1}}"#),
        ),
        (
            taken.into(),
            r#"{"command":"break_glass","drill":true,"duration_hours":1.5,"reason":"why","resource":"tool:deploy","role":"deployer","ticket_url":"https://tracker.example.com/1","v":1}"#.to_owned(),
        ),
        (
            CompleteReview::new(grant, true, why()).into(),
            format!(r#"{{"command":"complete_review","finding":"why","grant":"{ID}","justified":true,"v":1}}"#),
        ),
        (
            WaiveReview::new(grant, why()).into(),
            format!(r#"{{"command":"waive_review","grant":"{ID}","reason":"why","v":1}}"#),
        ),
        (
            Approve::new(request).version(2).at_most(cut).comment(words("fine")).into(),
            format!(
                r#"{{"command":"approve","comment":"fine","duration_hours":1.5,"permissions":["tools.read"],"request":"{ID}","resource":"tool:deploy","v":1,"version":2}}"#
            ),
        ),
        (
            Deny::new(request, why()).into(),
            format!(r#"{{"command":"deny","reason":"why","request":"{ID}","v":1}}"#),
        ),
        (
            Ask::new(request, why()).into(),
            format!(r#"{{"command":"ask","question":"why","request":"{ID}","v":1}}"#),
        ),
        (
            Answer::new(request, why()).duration(hours).resource(tool).into(),
            format!(
                r#"{{"answer":"why","command":"answer","duration_hours":1.5,"request":"{ID}","resource":"tool:deploy","v":1}}"#
            ),
        ),
        (Withdraw::new(request).into(), format!(r#"{{"command":"withdraw","request":"{ID}","v":1}}"#)),
        (
            Revoke::new(grant, why()).into(),
            format!(r#"{{"command":"revoke","grant":"{ID}","reason":"why","v":1}}"#),
        ),
        (
            many(Selector::Request(request)),
            format!(r#"{{"command":"revoke_many","reason":"why","request":"{ID}","v":1}}"#),
        ),
        (
            many(Selector::Holder(agent.clone())),
            r#"{"agent":true,"command":"revoke_many","holder":"bot","reason":"why","v":1}"#.to_owned(),
        ),
        (
            many(Selector::All),
            r#"{"command":"revoke_many","everything":true,"reason":"why","v":1}"#.to_owned(),
        ),
        (Release::new(grant).into(), format!(r#"{{"command":"release","grant":"{ID}","v":1}}"#)),
        (
            Suspend::new(grant, why()).into(),
            format!(r#"{{"command":"suspend","grant":"{ID}","reason":"why","v":1}}"#),
        ),
        (Resume::new(grant).into(), format!(r#"{{"command":"resume","grant":"{ID}","v":1}}"#)),
        (
            lent.into(),
            r#"{"command":"delegate","from":"2026-12-01T09:30:00.000Z","reason":"why","roles":["lead"],"to":"ben@example.com","until":"2026-12-01T09:30:00.000Z","v":1}"#.to_owned(),
        ),
        (
            Undelegate::new(delegation).into(),
            format!(r#"{{"command":"undelegate","delegation":"{ID}","v":1}}"#),
        ),
        (
            ReportStanding::new(agent, true).roles(vec![role("lead")]).into(),
            r#"{"agent":true,"command":"standing","enabled":true,"principal":"bot","roles":["lead"],"v":1}"#
                .to_owned(),
        ),
        (
            AcceptStore::new(why()).into(),
            r#"{"command":"accept_store","reason":"why","v":1}"#.to_owned(),
        ),
        (
            AcceptClock::new(why()).into(),
            r#"{"command":"accept_clock","reason":"why","v":1}"#.to_owned(),
        ),
        (
            AcknowledgeAlert::new(AlertId::from_u128(7), why()).into(),
            r#"{"alert":"00000000-0000-0000-0000-000000000007","command":"acknowledge_alert","reason":"why","v":1}"#
                .to_owned(),
        ),
        (
            SilenceAlert::new(AlertId::from_u128(7), hours, why()).into(),
            r#"{"alert":"00000000-0000-0000-0000-000000000007","command":"silence_alert","duration_hours":1.5,"reason":"why","v":1}"#
                .to_owned(),
        ),
    ]
}

#[test]
fn documents_are_the_known_ones() {
    for (command, document) in all() {
        assert_eq!(command.document().to_string(), document);
    }
    let documented: std::collections::BTreeSet<_> = all().iter().map(|(command, _)| command.spec().name).collect();
    assert_eq!(documented.len(), Command::CATALOGUE.len(), "a command has no known document");
}

#[test]
fn a_command_is_read_from_its_document() {
    for (command, document) in all() {
        let mut fields = Fields::parse(&document).unwrap();
        let name = text(fields.take("command").unwrap(), "command").unwrap();
        let again = Command::parse(&name, &mut fields).unwrap().unwrap();
        assert_eq!(again, command);
    }
}

#[test]
fn grants_are_selected_in_exactly_one_way() {
    let read = |fields: &str| {
        let document = format!(r#"{{"reason": "why"{fields}}}"#);
        Command::parse("revoke_many", &mut Fields::parse(&document).unwrap()).unwrap_err()
    };
    let none = read("");
    assert_eq!((none.field(), none.problem()), ("request", "is missing, and so is every other selection"));
    let two = read(r#", "holder": "ann", "role": "lead""#);
    assert_eq!((two.field(), two.problem()), ("role", "is given besides `holder`"));
    assert_eq!(two.expected(), "exactly one of request, holder, role, resource, everything");
}

#[test]
fn names_are_used_once() {
    let names: std::collections::BTreeSet<_> = catalogue().map(|spec| spec.name).collect();
    assert_eq!(names.len(), catalogue().count());
    for spec in catalogue() {
        let fields: Vec<_> = spec.all_fields().map(|field| field.name).collect();
        let distinct: std::collections::BTreeSet<_> = fields.iter().collect();
        assert_eq!(distinct.len(), fields.len(), "{}", spec.name);
        for taken in ["command", "v", "caller", "dry_run", "idempotency_key", "base"] {
            assert!(!fields.contains(&taken), "{}: {taken}", spec.name);
        }
    }
}
