//! What is a command decided from that another one overtakes?

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use jit_access::Error;
use jit_access::command::{Approve, Revoke};
use jit_access::model::*;
use jit_access::service::{Directory, DirectoryError, Engine, IdempotencyKey, Known, Receipt};

use super::{World, ask, give, person, words};

const CONFIG: &str = "jit_access: {approver_roles: [lead], roles: {operator: {permissions: ['tools.*']}},
    approval: [{roles: [lead], count: 3}]}";

/// A host of which `cid` has left, and who was asked about.
#[derive(Debug, Default, Clone)]
struct People(Arc<Mutex<BTreeSet<String>>>);

impl Directory for People {
    fn standing(&self, principal: &Principal) -> Result<Known, DirectoryError> {
        self.0.lock().unwrap().insert(principal.id().to_owned());
        let enabled = principal.id() != "cid@example.com";
        Ok(Standing { enabled, roles: vec![RoleName::new("lead").unwrap()] }.into())
    }
}

fn approve(engine: &Engine, who: &str, request: RequestId, key: Option<&str>) -> Result<Receipt, Error> {
    let key = key.map(|key| IdempotencyKey::new(key).unwrap());
    engine.workflow().execute(&person(who, &["lead"]), Approve::new(request), key.as_ref())
}

/// Before the first try of the next command others approve, so that it is decided again inside a transaction; before that one,
/// `last` happens.
fn overtaken(world: &World, others: &Engine, request: RequestId, last: impl FnOnce(&Engine) + Send + 'static) {
    let (first, second) = (others.clone(), others.clone());
    world.between.before("commit", move || drop(approve(&first, "ben", request, None).unwrap()));
    world.between.before("commit_exclusively", move || last(&second));
}

#[test]
fn who_has_approved_meanwhile_is_looked_up_before_their_approval_counts() {
    let world = World::new(CONFIG);
    let people = People::default();
    let (engine, other) = (world.builder().directory(people.clone()).open().unwrap(), world.other());
    let request = ask(&other, "dev");
    overtaken(&world, &other, request, move |other| drop(approve(other, "cid", request, None).unwrap()));
    let done = approve(&engine, "ann", request, None).unwrap().request.unwrap();
    assert!(world.between.is_done());
    assert_eq!(done.status(engine.now()), RequestStatus::Pending);
    let reviews: Vec<_> = done.reviews.iter().map(|one| (one.by.to_string(), one.lapsed.is_some())).collect();
    let of = |name: &str, lapsed: bool| (format!("{name}@example.com"), lapsed);
    assert_eq!(reviews, [of("ben", false), of("cid", true), of("ann", false)]);
    assert!(people.0.lock().unwrap().contains("cid@example.com"));
    engine.workflow().verify().unwrap();
}

#[test]
fn a_command_that_was_done_meanwhile_under_its_key_is_answered_with_what_came_of_it() {
    let world = World::new(CONFIG);
    let (engine, other) = (world.builder().directory(People::default()).open().unwrap(), world.other());
    let request = ask(&other, "dev");
    overtaken(&world, &other, request, move |other| {
        drop(approve(other, "ann", request, Some("k1")).unwrap());
        drop(approve(other, "eve", request, None).unwrap());
    });
    let done = approve(&engine, "ann", request, Some("k1")).unwrap();
    assert!(world.between.is_done());
    assert!(done.replayed && done.grant.is_some());
    assert_eq!(done.request.unwrap().status(done.now), RequestStatus::Approved);
    assert_eq!((world.count("request_reviewed"), world.count("grant_created")), (2, 1));
}

#[test]
fn a_grant_that_another_ended_first_is_ended_once() {
    let world = World::new(&CONFIG.replace("count: 3", "count: 1"));
    let (engine, other) = (world.engine(), world.other());
    let grant = give(&other, "dev").id;
    engine.sync().unwrap();
    let revoke = move |engine: &Engine, why: &str| {
        engine.workflow().execute(&person("lead", &["lead"]), Revoke::new(grant, words(why)), None)
    };
    let faster = other.clone();
    world.between.before("commit", move || drop(revoke(&faster, "first").unwrap()));
    let done = revoke(&engine, "second").unwrap();
    assert!(world.between.is_done());
    let EndKind::Revoked(reason) = done.grant.unwrap().ended.unwrap().kind else { panic!("not revoked") };
    assert_eq!((reason.as_str(), done.ended.len(), world.count("grant_revoked")), ("first", 0, 1));
}
