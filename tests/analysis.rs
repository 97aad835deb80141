//! What a request would change, as approvers see it: the exact difference over what is known, and the rules that it would break.

use jit_access::command::{Approve, Submit};
use jit_access::config::Config;
use jit_access::internal::wire::command;
use jit_access::model::{
    Analysis, Caller, Justification, Permission, PermissionSet, Principal, RequestId, RoleName, Scope,
};
use jit_access::service::{Builder, Engine};
use jit_access::store::MemoryStore;
use serde_json::{Value, json};

const TEXT: &str = r#"
jit_access:
  approver_roles: [lead]
  host_roles: [auditor]
  roles:
    operator: {permissions: [tools.execute, tools.read]}
    cleaner: {permissions: ["servers.*"], except_permissions: [servers.create], conflicts_with: [auditor]}
  schema:
    text: |
      entity Role; entity User in [Role] { on_leave?: Bool }; entity Server; entity Tool in [Server];
      action "*"; action "tools.*" in ["*"]; action "tools.execute" in ["tools.*"]; action "tools.read" in ["tools.*"];
      action "servers.*" in ["*"]; action "servers.delete" in ["servers.*"]; action "servers.create" in ["servers.*"];
  standing_policies:
    text: '@id("reading") permit (principal is User, action == Action::"tools.read", resource is Tool);'
  guardrails:
    text: '@id("frozen") forbid (principal, action, resource in Server::"frozen");'
  invariants:
    text: |
      @id("only-on-call-deletes") forbid (principal, action == Action::"servers.delete", resource)
      unless { principal in Role::"on-call" };
      @id("nobody-on-leave") forbid (principal, action, resource is Server)
      when { principal has on_leave && principal.on_leave };
"#;

fn engine() -> Engine {
    let config = Config::parse(TEXT, []).unwrap();
    Builder::new(MemoryStore::new(), config.rules).settings(config.settings).open().unwrap()
}

fn uid(kind: &str, id: &str) -> Value {
    json!({ "type": kind, "id": id })
}

fn tell(engine: &Engine, roles: &[&str], on_leave: bool) {
    let parents: Vec<Value> = roles.iter().map(|role| uid("Role", role)).collect();
    let thing =
        |kind: &str, id: &str, parents: Vec<Value>| json!({ "uid": uid(kind, id), "attrs": {}, "parents": parents });
    let mut dev = thing("User", "dev", parents);
    dev["attrs"] = json!({ "on_leave": on_leave });
    let all = vec![
        dev,
        thing("User", "other", vec![]),
        thing("Server", "shop", vec![]),
        thing("Server", "frozen", vec![]),
        thing("Tool", "deploy", vec![uid("Server", "shop")]),
        thing("Tool", "melt", vec![uid("Server", "frozen")]),
    ];
    engine.set_entities(&Value::Array(all).to_string(), None).unwrap();
}

fn caller(name: &str, roles: &[&str]) -> Caller {
    let roles = roles.iter().map(|role| RoleName::new(role).unwrap()).collect();
    Caller::new(Principal::user(name).unwrap(), roles)
}

fn ask(engine: &Engine, who: &Caller, role: &str, more: impl Fn(Submit) -> Submit) -> RequestId {
    let submit = Submit::new(RoleName::new(role).unwrap()).reason("INC-1".parse::<Justification>().unwrap());
    engine.workflow().execute(who, more(submit), None).unwrap().request.unwrap().id
}

fn analysis(engine: &Engine, id: RequestId) -> Analysis {
    let request = engine.workflow().request(&caller("lead", &["lead"]), id).unwrap().request.unwrap();
    engine.workflow().analysis_of(&request).unwrap().unwrap()
}

fn newly(analysis: &Analysis) -> Vec<String> {
    analysis.newly.iter().map(ToString::to_string).collect()
}

#[test]
fn the_difference_is_exact_over_what_is_known() {
    let engine = engine();
    tell(&engine, &[], false);
    let found = analysis(&engine, ask(&engine, &caller("dev", &[]), "operator", |submit| submit));
    // Reading tools is a standing right, except on the frozen server, where a guardrail forbids everything.
    let everything = ["tools.execute on server:frozen", "tools.execute on server:shop"];
    let expected = ["tools.execute on *", everything[1], "tools.execute on tool:deploy in server:shop"];
    let mut rows = newly(&found);
    rows.retain(|row| row.starts_with("tools.execute"));
    assert_eq!(rows, expected);
    assert_eq!((found.newly_total, found.already_total, found.complete), (5, 1, true), "{found:?}");
    // Both actions on the frozen server, and both on the tool in it.
    assert_eq!((found.forbidden_total, found.things), (4, 5));
    assert!(found.broken.is_empty() && found.conflicts.is_empty() && !found.is_redundant());
}

#[test]
fn a_broken_rule_is_told_with_the_smallest_case() {
    let engine = engine();
    tell(&engine, &["staff"], true);
    let id = ask(&engine, &caller("dev", &["auditor"]), "cleaner", |submit| submit);
    let found = analysis(&engine, id);
    let rules: Vec<_> = found.broken.iter().map(|one| (one.rule.as_str(), one.case.to_string(), one.failed)).collect();
    assert_eq!(
        rules,
        [
            ("only-on-call-deletes", "servers.delete on *".to_owned(), false),
            ("nobody-on-leave", "servers.delete on server:shop".to_owned(), false),
        ]
    );
    // That somebody is in no role needs nobody to be in one; that they are on leave needs just that.
    assert_eq!(found.broken[0].entities, [] as [&str; 0]);
    assert_eq!(found.broken[1].entities, [r#"User::"dev" {on_leave: true}"#]);
    assert_eq!(found.conflicts.iter().map(RoleName::as_str).collect::<Vec<_>>(), ["auditor"]);
    assert_eq!(found.sentences()[0], "It breaks the rule only-on-call-deletes: servers.delete on * would be possible.");
    // Exceptions of the role are no part of what it would permit.
    assert!(!newly(&found).iter().any(|row| row.contains("servers.create")));

    tell(&engine, &["on-call"], false);
    assert!(analysis(&engine, id).broken.is_empty(), "who is on call may, and nobody is on leave");
}

#[test]
fn what_is_possible_already_is_redundant() {
    let engine = engine();
    tell(&engine, &[], false);
    let dev = caller("dev", &[]);
    let reading = || PermissionSet::new([Permission::new("tools.read").unwrap()]).unwrap();
    let on = |submit: Submit| submit.permissions(Some(reading())).resource(Scope::one("tool", "deploy").unwrap());
    let found = analysis(&engine, ask(&engine, &dev, "operator", on));
    assert!(found.is_redundant() && found.newly_total == 0, "{found:?}");
    assert_eq!(found.sentences()[0], "Nothing new now: rights and grants of the requester let all of it pass already.");

    // By a live grant too.
    let shop = |submit: Submit| submit.resource(Scope::one("server", "shop").unwrap());
    let id = ask(&engine, &dev, "operator", shop);
    assert!(!analysis(&engine, id).is_redundant());
    engine.workflow().execute(&caller("lead", &["lead"]), Approve::new(id), None).unwrap();
    let deploy = |submit: Submit| submit.resource(Scope::one("tool", "deploy").unwrap());
    let found = analysis(&engine, ask(&engine, &dev, "operator", deploy));
    // The request names the tool without its server, of which the host has told.
    assert!(found.already_total > 0, "{found:?}");
}

#[test]
fn approvers_see_it_and_the_requester_does_not() {
    let engine = engine();
    tell(&engine, &[], false);
    let id = ask(&engine, &caller("dev", &[]), "cleaner", |submit| submit);
    let get = |principal: &str, roles: &[&str]| -> Value {
        let caller = json!({ "principal": principal, "roles": roles });
        let document = json!({ "command": "request", "caller": caller, "id": id.to_string() });
        let text = command::run(&engine.workflow(), &document.to_string()).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let shown = get("lead", &["lead"]);
    let shown = &shown["assessment"]["analysis"];
    assert_eq!(shown["method"], "enumerated", "{shown}");
    assert_eq!(shown["broken_rules"][0]["rule"], "only-on-call-deletes");
    assert_eq!(get("dev", &[])["assessment"]["analysis"], Value::Null);
}

#[test]
fn a_rule_that_permits_or_fits_no_schema_is_refused_with_its_place() {
    let open = |rule: &str| {
        let text = format!("jit_access: {{schema: {{shipped: contextforge}}, invariants: {{text: '{rule}'}}}}");
        let config = Config::parse(&text, []).unwrap();
        Builder::new(MemoryStore::new(), config.rules)
            .settings(config.settings)
            .open()
            .map(drop)
            .unwrap_err()
            .to_string()
    };
    for (rule, part) in [
        ("permit (principal, action, resource is Tool);", "invariants.text:1:1"),
        ("forbid (principal, action, resource is Tool) when { resource.colour == 1 };", "colour"),
    ] {
        let error = open(rule);
        assert!(error.contains(part) && error.contains("jit_access.invariants"), "{error}");
    }
}

#[test]
fn a_broken_rule_is_told_with_all_that_it_takes_to_break_it() {
    let rules = r#"
      @id("too-much") forbid (principal, action, resource is Tool)
      when { principal has level && principal.level * 9223372036854775807 > 0 };
      @id("nobody-deploys") forbid (principal, action, resource == Tool::"deploy");
"#;
    let (text, _) = TEXT.split_once("  invariants:").unwrap();
    let text = format!("{text}  invariants:\n    text: |{rules}").replace("on_leave?: Bool", "level?: Long");
    let config = Config::parse(&text, []).unwrap();
    let engine = Builder::new(MemoryStore::new(), config.rules).settings(config.settings).open().unwrap();
    let all = json!([
        { "uid": uid("User", "dev"), "attrs": { "level": 2 }, "parents": [] },
        { "uid": uid("Server", "shop"), "attrs": {}, "parents": [] },
        { "uid": uid("Tool", "deploy"), "attrs": {}, "parents": [uid("Server", "shop")] },
    ]);
    engine.set_entities(&all.to_string(), None).unwrap();
    let shop = |submit: Submit| submit.resource(Scope::one("server", "shop").unwrap());
    let found = analysis(&engine, ask(&engine, &caller("dev", &[]), "operator", shop));
    // Only what is in the server is covered, so that the tool is in it is a part of the case.
    let tool = r#"Tool::"deploy" in Server::"shop""#;
    let told: Vec<_> = found.broken.iter().map(|one| (one.rule.as_str(), one.failed, one.entities.clone())).collect();
    let level = r#"User::"dev" {level: 2}"#;
    assert_eq!(
        told,
        [("nobody-deploys", false, vec![tool.to_owned()]), ("too-much", true, vec![tool.to_owned(), level.to_owned()])]
    );
    assert!(found.broken.iter().all(|one| one.case.to_string() == "tools.execute on tool:deploy in server:shop"));
}

#[test]
fn of_very_much_that_would_be_possible_fifty_rows_are_listed_and_all_are_counted() {
    let engine = engine();
    let tool = |number: u32| json!({ "uid": uid("Tool", &format!("t{number}")), "attrs": {}, "parents": [] });
    engine.set_entities(&Value::Array((0..60).map(tool).collect()).to_string(), None).unwrap();
    let found = analysis(&engine, ask(&engine, &caller("dev", &[]), "operator", |submit| submit));
    // Reading the tools is a standing right.
    assert_eq!((found.newly.len(), found.newly_total, found.already_total), (50, 62, 60));
}
