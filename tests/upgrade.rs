//! A store that an earlier version wrote: it opens, its journal verifies, its grant is in force, and a command that is
//! repeated with its idempotency key is answered by what the first one did.

#![cfg(all(feature = "sqlite", feature = "config"))]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use jit_access::clock::ManualClock;
use jit_access::command::Submit;
use jit_access::config::Config;
use jit_access::model::{Justification, PrincipalKind, RequestStatus};
use jit_access::store::{SqliteOptions, SqliteStore};
use jit_access::{Builder, Caller, Check, Engine, IdempotencyKey, Outcome, Principal, RoleName, Ttl};

const REQUEST: &str = "01a230d5-1280-7244-a59a-7e367a59a180";
const GRANT: &str = "01a230d5-1280-7f19-ad2f-75f09cba4711";
const CONFIG: &str = "jit_access: {approver_roles: [lead], \
                      roles: {deployer: {permissions: [tools.execute]}}}";

fn dev() -> Caller {
    let developer = RoleName::new("developer").unwrap();
    Caller::new(Principal::user("dev@example.com").unwrap(), vec![developer])
}

fn submit(reason: &str) -> Submit {
    Submit::new(RoleName::new("deployer").unwrap())
        .duration(Ttl::from_hours(8.0).unwrap())
        .reason(Justification::new(reason).unwrap())
}

/// A copy, because opening a store changes it. The file is only for its owner, which git does not keep.
fn upgraded(folder: &Path) -> Engine {
    let (from, to) =
        (Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/store-9ace104.db"), folder.join("jit.db"));
    fs::copy(from, &to).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let clock = Arc::new(ManualClock::at("2026-12-01T10:00:00Z".parse().unwrap()));
    let store = SqliteStore::open(&to, SqliteOptions::default()).unwrap();
    Builder::new(store, Config::parse(CONFIG, []).unwrap().rules).clock(clock).open().unwrap()
}

#[test]
fn a_store_of_an_earlier_version_opens_and_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let engine = upgraded(folder.path());
    // The process notes what time did meanwhile before it verifies, so there may be more records than were written.
    assert!(engine.workflow().verify().unwrap() >= 4);
    let grant = engine.workflow().grant(&dev(), GRANT.parse().unwrap()).unwrap().grant.unwrap();
    assert_eq!((grant.id.to_string(), grant.request.to_string()), (GRANT.to_owned(), REQUEST.to_owned()));
    let check = Check::text((PrincipalKind::User, "dev@example.com"), "tools.execute", None, None);
    assert_eq!(engine.decider().check(&check).unwrap().outcome, Outcome::Allow);
}

#[test]
fn a_retry_across_an_upgrade_gets_the_first_answer() {
    let folder = tempfile::tempdir().unwrap();
    let engine = upgraded(folder.path());
    let (workflow, key) = (engine.workflow(), IdempotencyKey::new("upgrade-1").unwrap());
    let before = workflow.verify().unwrap();
    let receipt = workflow.execute(&dev(), submit("INC-1"), Some(&key)).unwrap();
    let request = receipt.request.unwrap();
    assert!(receipt.replayed);
    assert_eq!((request.id.to_string(), request.status(receipt.now)), (REQUEST.to_owned(), RequestStatus::Approved));
    assert_eq!(receipt.grant.unwrap().id.to_string(), GRANT);
    // The key still stands for that command and no other.
    let refused = workflow.execute(&dev(), submit("INC-3"), Some(&key)).unwrap_err();
    assert_eq!(refused.code(), "idempotency_key_reused");
    assert_eq!(workflow.verify().unwrap(), before, "a retry writes nothing");
}
