//! What do guardrails forbid that change, and whom?

use std::path::Path;
use std::time::{Duration, SystemTime};

use jit_access::check::Check;
use jit_access::command::{Approve, BreakGlass, Submit};
use jit_access::model::*;
use jit_access::service::Engine;

use super::{World, give, person, words};

const CONFIG: &str = "jit_access: {approver_roles: [lead], max_duration_hours: 8, schema: {shipped: contextforge},
    roles: {operator: {permissions: ['tools.*']}, reader: {permissions: [logs.read]}},
    break_glass: {enabled: true, eligible_roles: [sre], require_mfa: false}, guardrails: {path: 'PATH'}}";

fn write(path: &Path, text: &str, second: u64) {
    std::fs::write(path, text).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000 + second);
    std::fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

fn check(engine: &Engine, action: &str) -> Outcome {
    let check = Check::text((PrincipalKind::User, "dev@example.com"), action, Some("tool:t1"), None);
    engine.decider().check(&check).unwrap().outcome
}

#[test]
fn a_file_without_guardrails_can_get_one_and_two_mistakes_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.cedar");
    write(&path, "", 0);
    let world = World::new(&CONFIG.replace("PATH", &path.display().to_string()));
    let engine = world.engine();
    give(&engine, "dev");
    let tick = || {
        world.clock.advance(1_000);
        engine.reconciler().tick().unwrap();
        (check(&engine, "tools.execute"), world.count("guardrails_changed"))
    };
    assert_eq!(tick(), (Outcome::Allow, 0));
    write(&path, "forbid (principal, action, resource == Tool::\"t1\");", 1);
    assert_eq!(tick(), (Outcome::Deny, 1));
    // A file that is being written is empty for a moment.
    for (mistake, second) in [("forbid (principal", 2), ("forbid (principal, action", 3), ("", 4)] {
        write(&path, mistake, second);
        assert_eq!(tick(), (Outcome::Deny, 1));
    }
    write(&path, "forbid (principal, action, resource == Tool::\"t2\");", 5);
    assert_eq!(tick(), (Outcome::Allow, 2));
}

#[test]
fn who_holds_both_acts_under_the_access_without_approval_where_that_covers_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.cedar");
    write(&path, "forbid (principal, action, resource == Tool::\"t1\");", 0);
    let (dev, sre, lead) = (person("dev", &[]), person("dev", &["sre"]), person("lead", &["lead"]));
    for (hours, role, wanted) in
        [(0.5, "operator", Outcome::Allow), (8.0, "operator", Outcome::Allow), (8.0, "reader", Outcome::Deny)]
    {
        let world = World::new(&CONFIG.replace("PATH", &path.display().to_string()));
        let engine = world.engine();
        let submit = Submit::new(RoleName::new("operator").unwrap()).reason(words("INC-7"));
        let submit = submit.duration(Ttl::from_hours(hours).unwrap());
        let request = engine.workflow().execute(&dev, submit, None).unwrap().request.unwrap().id;
        engine.workflow().execute(&lead, Approve::new(request), None).unwrap();
        assert_eq!(check(&engine, "tools.execute"), Outcome::Deny);
        let take = BreakGlass::new(RoleName::new(role).unwrap()).reason(words("the shop is down"));
        engine.workflow().execute(&sre, take, None).unwrap();
        assert_eq!(check(&engine, "tools.execute"), wanted, "{hours} {role}");
    }
}
