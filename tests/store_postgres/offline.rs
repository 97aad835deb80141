//! Is a role taken without approval while a real server is dead, and merged once when it is back?

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use jit_access::Check;
use jit_access::command::BreakGlass;
use jit_access::config::Config;
use jit_access::model::*;
use jit_access::service::{Builder, Engine};
use jit_access::store::{PostgresOptions, PostgresStore, Reads, RecordQuery, Store};

use super::server::Server;

fn take(engine: &Engine, name: &str) -> Result<Grant, jit_access::Error> {
    let sre = Caller::new(Principal::user(name).unwrap(), vec![RoleName::new("sre").unwrap()]);
    let take = BreakGlass::new(RoleName::new("responder").unwrap()).reason(Justification::new("it is down").unwrap());
    Ok(engine.workflow().execute(&sre, take, None)?.grant.unwrap())
}

fn used(engine: &Engine, name: &str, tool: &str) -> (Outcome, Reason) {
    let check = Check::text((PrincipalKind::User, name), "tools.execute", Some(tool), None);
    let decision = engine.decider().check(&check).unwrap();
    (decision.outcome, decision.basis.reason)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a proof grows old by the system's clock")]
fn a_role_is_taken_while_the_server_is_dead_and_merged_once() {
    let Some(server) = Server::start("") else { return };
    let folder = tempfile::tempdir().unwrap();
    let text = "jit_access: {store: {path: /nowhere/jit.db}, service: {max_staleness_ms: 300}, roles: {responder: {permissions: \
        [tools.execute]}}, break_glass: {enabled: true, eligible_roles: [sre], reviewer_roles: [guard], require_mfa: false, \
        offline: true, offline_folder: FOLDER}}";
    let spool = folder.path().join("spool");
    let config = Config::parse(&text.replace("FOLDER", &spool.display().to_string()), []).unwrap();
    let limit = Duration::from_millis(700);
    let options = PostgresOptions { proof_timeout: limit, statement_timeout: limit, ..PostgresOptions::default() };
    let store = Arc::new(PostgresStore::open(server.url(), options).unwrap());
    let open =
        || Builder::shared(Arc::clone(&store) as _, config.rules.clone()).settings(config.settings.clone()).open();
    let (one, other) = (open().unwrap(), open().unwrap());

    for round in 0..3 {
        let name = format!("p{round}");
        server.kill();
        thread::sleep(limit);
        let grant = take(&one, &name).unwrap();
        assert!(grant.break_glass.as_ref().unwrap().is_only_here());
        assert_eq!(take(&other, &name).unwrap_err().code(), "review_outstanding");
        let offline = (Outcome::Allow, Reason::GrantedOffline);
        assert_eq!(used(&one, &name, &format!("tool:{round}-one")), offline);
        let _ = other.reconciler().tick();
        assert_eq!(used(&other, &name, &format!("tool:{round}-other")), offline);
        server.resume();
        let deadline = Instant::now() + Duration::from_secs(30);
        while spool.join("spool").exists() {
            assert!(Instant::now() < deadline, "it is not merged");
            // Both at once, as processes do.
            thread::scope(|scope| {
                scope.spawn(|| one.reconciler().tick());
                scope.spawn(|| other.reconciler().tick());
            });
        }
        assert_eq!(used(&one, &name, &format!("tool:{round}-after")), (Outcome::Allow, Reason::Granted));
    }
    let records = store.records(&RecordQuery::after(Revision::ZERO, 1_000)).unwrap().1;
    let count = |wanted: &str| records.iter().filter(|record| record.event.fact.name() == wanted).count();
    assert_eq!((count("grant_created"), count("grant_used"), count("grant_revoked")), (3, 9, 0));
    store.verify().unwrap();
}
