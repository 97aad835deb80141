//! Mandatory access control: every kind of grant, break-glass included, against both rules of both ready sets.
//!
//! What is right is said here a second time, in Rust; the policies have to agree in every cell of the table.

use std::collections::BTreeSet;
use std::sync::Arc;

use jit_access::check::Check;
use jit_access::clock::ManualClock;
use jit_access::command::{Approve, BreakGlass, Extend, Submit};
use jit_access::config::Config;
use jit_access::model::{
    Caller, Conditions, Context, GrantId, Justification, Outcome, Principal, PrincipalKind, RoleName, SessionId,
};
use jit_access::service::{Builder, Engine};
use jit_access::store::MemoryStore;

/// A level and compartments.
type Label = (i64, &'static [&'static str]);

const CLEARANCE: Label = (2, &["blue"]);

/// Tools: name, label, what a call does.
const TOOLS: [(&str, Option<Label>, Option<&str>); 11] = [
    ("own", Some((2, &["blue"])), None),
    ("own-reads", Some((2, &["blue"])), Some("read")),
    ("own-writes", Some((2, &["blue"])), Some("write")),
    ("below-reads", Some((1, &[])), Some("read")),
    ("below-writes", Some((1, &[])), Some("write")),
    ("above-reads", Some((3, &["blue"])), Some("read")),
    ("above-writes", Some((3, &["blue", "red"])), Some("write")),
    ("beside-reads", Some((2, &["red"])), Some("read")),
    ("beside-writes", Some((2, &["red"])), Some("write")),
    ("unlabelled", None, None),
    ("unlabelled-reads", None, Some("read")),
];

fn dominates((level, compartments): Label, (other, others): Label) -> bool {
    level >= other && others.iter().all(|one| compartments.contains(one))
}

/// What Bell and LaPadula say.
fn is_right(set: &str, clearance: Option<Label>, label: Option<Label>, access: Option<&str>, action: &str) -> bool {
    let both = clearance.zip(label);
    let reads = access != Some("write") && action != "tools.create";
    let writes = access != Some("read") && action != "tools.read";
    let may_read = both.is_some_and(|(clearance, label)| dominates(clearance, label));
    let may_write = both.is_some_and(|(clearance, label)| match set {
        "mac-strict" => dominates(clearance, label) && dominates(label, clearance),
        _ => dominates(label, clearance),
    });
    (!reads || may_read) && (!writes || may_write)
}

fn engine(set: &str) -> Engine {
    let text = format!(
        "jit_access:
           approver_roles: [lead]
           max_extensions: 2
           agents: {{require_person: false}}
           auto_approve_for_roles: [trusted]
           schema: {{shipped: contextforge}}
           guardrails: {{ready: [{set}]}}
           break_glass: {{enabled: true, eligible_roles: [oncall], require_mfa: false}}
           roles:
             all: {{permissions: ['*']}}
             tools: {{permissions: ['tools.*']}}"
    );
    let config = Config::parse(&text, []).unwrap();
    let clock = Arc::new(ManualClock::at("2026-12-01T09:00:00Z".parse().unwrap()));
    let builder = Builder::new(MemoryStore::new(), config.rules).settings(config.settings);
    builder.clock(clock).open().unwrap()
}

fn caller(name: &str, roles: &[&str]) -> Caller {
    let roles = roles.iter().map(|role| RoleName::new(role).unwrap()).collect();
    let principal = match name.strip_prefix("agent:") {
        Some(agent) => Principal::agent(agent).unwrap(),
        None => Principal::user(name).unwrap(),
    };
    Caller::new(principal, roles)
}

fn submit(role: &str) -> Submit {
    Submit::new(RoleName::new(role).unwrap()).reason("INC-1".parse::<Justification>().unwrap())
}

fn approved(engine: &Engine, who: &str, submit: Submit) -> GrantId {
    let roles: &[&str] = if who == "free" { &["trusted"] } else { &[] };
    let receipt = engine.workflow().execute(&caller(who, roles), submit, None).unwrap();
    if let Some(grant) = receipt.grant {
        return grant.id;
    }
    let approve = Approve::new(receipt.request.unwrap().id);
    engine.workflow().execute(&caller("boss", &["lead"]), approve, None).unwrap().grant.unwrap().id
}

fn taken(engine: &Engine, who: &str, drill: bool) -> GrantId {
    let reason: Justification = "the shop is down".parse().unwrap();
    let take = BreakGlass::new(RoleName::new("all").unwrap()).reason(reason).drill(drill);
    engine.workflow().execute(&caller(who, &["oncall"]), take, None).unwrap().grant.unwrap().id
}

/// One holder for each kind of grant.
fn holders(engine: &Engine) -> Vec<&'static str> {
    approved(engine, "everything", submit("all"));
    approved(engine, "role", submit("tools"));
    approved(engine, "free", submit("tools"));
    approved(engine, "server", submit("tools").resource("server:s1".parse::<jit_access::model::Scope>().unwrap()));
    let bound = Conditions::default().session(Some(SessionId::new("task-1").unwrap()));
    approved(engine, "session", submit("tools").conditions(bound));
    let numbered = Conditions::default().max_uses(std::num::NonZeroU32::new(1_000));
    approved(engine, "numbered", submit("tools").conditions(numbered));
    approved(engine, "agent:bot", submit("tools"));
    taken(engine, "emergency", false);
    taken(engine, "drill", true);
    let first = approved(engine, "extended", submit("tools"));
    let extend = Extend::new(first).reason("not done".parse::<Justification>().unwrap());
    let receipt = engine.workflow().execute(&caller("extended", &[]), extend, None).unwrap();
    let approve = Approve::new(receipt.request.unwrap().id);
    engine.workflow().execute(&caller("boss", &["lead"]), approve, None).unwrap();
    vec!["everything", "role", "free", "server", "session", "numbered", "agent:bot", "emergency", "drill", "extended"]
}

fn told(cleared: &[&str]) -> String {
    let label = |(level, compartments): Label| serde_json::json!({ "level": level, "compartments": compartments });
    let mut all = Vec::new();
    for (name, tool, access) in TOOLS {
        let mut attrs = serde_json::Map::new();
        attrs.extend(tool.map(|tool| ("label".to_owned(), label(tool))));
        attrs.extend(access.map(|access| ("access".to_owned(), access.into())));
        all.push(serde_json::json!({ "uid": {"type": "Tool", "id": name}, "attrs": attrs, "parents": [] }));
    }
    for who in cleared {
        let (kind, name) = who.strip_prefix("agent:").map_or(("User", *who), |agent| ("Agent", agent));
        let attrs = serde_json::json!({ "clearance": label(CLEARANCE) });
        all.push(serde_json::json!({ "uid": {"type": kind, "id": name}, "attrs": attrs, "parents": [] }));
    }
    serde_json::Value::from(all).to_string()
}

#[test]
fn no_grant_reads_up_or_writes_down() {
    for set in ["mac-strict", "mac-relaxed"] {
        let engine = engine(set);
        let holders = holders(&engine);
        let context = Context::default().session(Some(SessionId::new("task-1").unwrap()));
        let mut outcomes = BTreeSet::new();
        for clearance in [Some(CLEARANCE), None] {
            let cleared: &[&str] = if clearance.is_some() { &holders } else { &[] };
            engine.set_entities(&told(cleared), None).unwrap();
            for who in &holders {
                for (tool, label, access) in TOOLS {
                    for action in ["tools.execute", "tools.read", "tools.create"] {
                        let (kind, name) = who
                            .strip_prefix("agent:")
                            .map_or((PrincipalKind::User, *who), |agent| (PrincipalKind::Agent, agent));
                        let resource = format!("tool:{tool}");
                        let check =
                            Check::text((kind, name), action, Some(&resource), Some("server:s1")).context(&context);
                        let decision = engine.decider().check(&check).unwrap();
                        let right = is_right(set, clearance, label, access, action);
                        let wanted = if right { Outcome::Allow } else { Outcome::Deny };
                        let cell = format!("{set}: {who}, {action} on {tool}, cleared {}", clearance.is_some());
                        assert_eq!(decision.outcome, wanted, "{cell}: {:?}", decision.basis.reason);
                        outcomes.insert((action, right));
                    }
                }
            }
        }
        assert_eq!(outcomes.len(), 6, "each action is allowed somewhere and forbidden somewhere");
    }
}
