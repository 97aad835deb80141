//! Cedar's own integration tests: decision, reasons and errors, with and without live grants of others in the set.
//!
//! The tests that people wrote are in `tests/fixtures/cedar`. The corpus that fuzzing found has some 50 MB; a copy of
//! <https://github.com/cedar-policy/cedar-integration-tests> with `corpus-tests.tar.gz` unpacked in it is read where
//! `CEDAR_CORPUS` says.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use cedar_policy::{Context, Entities, EntityUid, PolicySet, Request, Schema};
use jit_access::model::{Actor, Grant, GrantId, Permission, PermissionSet, Principal, RequestId, RoleName, Window};
use jit_access::policy::{self, ScopedPolicies};
use serde_json::Value;

/// Live grants of people that no test knows.
fn grants() -> PolicySet {
    let window = Window::new("1970-01-01T00:00:00Z".parse().unwrap(), "2200-01-01T00:00:00Z".parse().unwrap()).unwrap();
    let all: Vec<Grant> = (1..=100_u128)
        .map(|number| {
            let holder = Principal::user(&format!("nobody-{number}@example.com")).unwrap();
            let permissions = PermissionSet::new([Permission::new("*").unwrap()]).unwrap();
            let by = Actor::Principal(Principal::user("lead").unwrap());
            let (id, request) = (GrantId::from_u128(number), RequestId::from_u128(number));
            Grant::new(id, request, holder, RoleName::new("all").unwrap(), permissions, window, by)
        })
        .collect();
    policy::policies(&all).unwrap()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "json")
                && !path.to_string_lossy().contains("entities.json")
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn uid(value: &Value) -> EntityUid {
    EntityUid::from_json(value.clone()).unwrap()
}

fn names(value: &Value) -> BTreeSet<String> {
    value.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// How many requests of this test are answered as it says.
fn run(root: &Path, file: &Path, others: &PolicySet) -> usize {
    let test: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let text = |key: &str| fs::read_to_string(root.join(test[key].as_str().unwrap())).unwrap();
    let set = PolicySet::from_str(&text("policies")).unwrap();
    let (schema, _) = Schema::from_cedarschema_str(&text("schema")).unwrap();
    let entities = Entities::from_json_str(&text("entities"), Some(&schema)).unwrap();
    let mut with_others = set.clone();
    others.policies().for_each(|policy| with_others.add(policy.clone()).unwrap());
    let alone = ScopedPolicies::new(&set).unwrap();
    let among = ScopedPolicies::new(&with_others).unwrap();
    let requests = test["requests"].as_array().unwrap();
    for request in requests {
        let action = uid(&request["action"]);
        let context = Context::from_json_value(request["context"].clone(), Some((&schema, &action))).unwrap();
        let asked = Request::new(uid(&request["principal"]), action, uid(&request["resource"]), context, None).unwrap();
        for policies in [&alone, &among] {
            let answer = policies.ask(&asked, &entities).unwrap();
            let place = format!("{}: {}", file.display(), request["description"]);
            assert_eq!(answer.allows, request["decision"] == "allow", "{place}");
            assert_eq!(answer.reasons.into_iter().collect::<BTreeSet<_>>(), names(&request["reason"]), "{place}");
            let failed: BTreeSet<String> = answer.errors.into_iter().map(|(id, _)| id).collect();
            assert_eq!(failed, names(&request["errors"]), "{place}");
        }
    }
    requests.len()
}

#[test]
fn cedars_own_tests_are_answered_as_they_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cedar");
    let (all, others) = (files(&root.join("tests")), grants());
    assert!(all.len() >= 20, "{}", all.len());
    let asked: usize = all.iter().map(|file| run(&root, file, &others)).sum();
    println!("{} tests, {asked} requests, with and without {} grants of others", all.len(), others.policies().count());
}

#[test]
fn cedars_corpus_is_answered_as_it_says() {
    let Ok(root) = std::env::var("CEDAR_CORPUS") else {
        eprintln!("SKIPPED: CEDAR_CORPUS names no copy of cedar-integration-tests, so its corpus was not asked");
        return;
    };
    let root = PathBuf::from(root);
    let (all, others) = (files(&root.join("corpus-tests")), grants());
    assert!(all.len() > 1_000, "{} holds {} tests", root.display(), all.len());
    let asked: usize = all.iter().map(|file| run(&root, file, &others)).sum();
    println!("{} tests, {asked} requests, with and without {} grants of others", all.len(), others.policies().count());
}
