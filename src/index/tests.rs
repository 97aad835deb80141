//! The index against a plain scan.

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::naive::NaiveIndex;
use super::*;
use crate::model::*;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn principal(n: usize) -> Principal {
    match n % 4 {
        0 => Principal::agent(&format!("p{}", n / 4)),
        1 => Principal::user(&format!("p{}", n / 4)),
        2 => Principal::user(&format!("p{}@example.com", n / 4)),
        _ => Principal::user(&format!("p{}-whose-name-is-longer-than-any-register@example.com", n / 4)),
    }
    .unwrap()
}

const PERMISSIONS: [&str; 11] = [
    "tools.read",
    "tools.execute",
    "tools.*",
    "*",
    "logs:read",
    "logs:*",
    "a.b.c.d:e",
    "admin.users.delete",
    "admin.*",
    "tools.mcp.execute-with-a-long-name-indeed",
    // Deeper than a wildcard that has a number.
    "deep.b.c.d.e.f.g.h.*",
];
const ACTIONS: [&str; 11] = [
    "tools.read",
    "tools.execute",
    "tools",
    "logs:read",
    "logs:write",
    "a.b.c.d:e",
    "admin.users.delete",
    "jit.approve",
    "toolshed.read",
    "tools.mcp.execute-with-a-long-name-indeed",
    "deep.b.c.d.e.f.g.h.i",
];

fn permissions() -> impl Strategy<Value = PermissionSet> {
    let some = || prop::sample::subsequence(PERMISSIONS.to_vec(), 0..5);
    (some(), some()).prop_filter_map("gives nothing", |(allowed, excepted)| {
        let of = |texts: Vec<&str>| texts.into_iter().map(|text| Permission::new(text).unwrap()).collect::<Vec<_>>();
        PermissionSet::with_exceptions(of(allowed), of(excepted)).ok()
    })
}

const IDS: [&str; 4] = ["a", "b", "an id of quite some length", "12345678"];

/// Two that begin alike, and two of the lengths that are read in different ways.
const KINDS: [&str; 4] = ["a", "a-b", "invoices-8", "a-kind-with-a-name-of-quite-some-length"];

fn thing() -> impl Strategy<Value = ResourceId> {
    (prop::sample::select(&KINDS), prop::sample::select(&IDS)).prop_map(|(kind, id)| ResourceId::new(kind, id).unwrap())
}

fn scope() -> impl Strategy<Value = Scope> {
    let kind = || prop::sample::select(&KINDS).prop_map(|kind| Scope::of_kind(kind.parse().unwrap()));
    let one = || thing().prop_map(|thing| Scope::one(thing.kind().name(), thing.id()).unwrap());
    let both = |(one, other): (Scope, Scope)| one.intersection(&other).unwrap_or(one);
    let part = (thing(), one()).prop_map(|(own, other)| {
        let (own_kind, own) = (Scope::of_kind(*own.kind()), Scope::one(own.kind().name(), own.id()).unwrap());
        own.intersection(&other).and_then(|both| both.intersection(&own_kind)).unwrap_or(other)
    });
    prop_oneof![Just(Scope::ANY), kind(), one(), (kind(), one()).prop_map(both), (one(), one()).prop_map(both), part]
}

fn resource() -> impl Strategy<Value = Resource> {
    prop_oneof![
        1 => Just(Resource::everything()),
        9 => (thing(), prop::option::of(thing())).prop_map(|(thing, parent)| {
            let resource = Resource::from(thing);
            parent.and_then(|parent| resource.clone().with_parent(parent).ok()).unwrap_or(resource)
        }),
    ]
}

fn grant(principals: usize, ids: u128) -> impl Strategy<Value = Grant> {
    let rarely = || prop::bool::weighted(0.1);
    (0..principals, 0..ids, permissions(), scope(), 0..8_i64, 1..8_i64, (rarely(), rarely())).prop_map(
        |(holder, id, permissions, scope, start, length, (noted, suspended))| Grant {
            id: GrantId::from_u128(id),
            request: RequestId::from_u128(id),
            holder: principal(holder),
            holder_normal_roles: Vec::new(),
            role: RoleName::new("role").unwrap(),
            permissions,
            scope,
            window: Window::new(at(start), at(start + length)).unwrap(),
            details: crate::model::Details::default(),
            approver_roles: Vec::new(),
            approved_by: Actor::Clock,
            earlier_approvers: Vec::new(),
            approved_at: at(0),
            break_glass: None,
            holder_acts_for: None,
            conditions: Conditions::default(),
            suspended: suspended.then(|| Suspension {
                at: at(0),
                by: Actor::Clock,
                reason: Justification::new("wait").unwrap(),
            }),
            ended: None,
            noted: Noted { activation: false, expiry: noted },
            extends: None,
            uses: 0,
        },
    )
}

#[derive(Debug, Clone)]
enum Step {
    Replace(Vec<Grant>),
    Publish(Vec<Result<Grant, u128>>),
}

fn steps(principals: usize, ids: u128) -> impl Strategy<Value = Vec<Step>> {
    let change = move || prop_oneof![grant(principals, ids).prop_map(Ok), (0..ids).prop_map(Err)];
    let step = prop_oneof![
        1 => prop::collection::vec(grant(principals, ids), 0..40).prop_map(Step::Replace),
        12 => prop::collection::vec(change(), 0..6).prop_map(Step::Publish),
    ];
    prop::collection::vec(step, 1..40)
}

fn questions(principals: usize) -> impl Strategy<Value = Vec<(Principal, Action, Resource, Timestamp)>> {
    let one = (0..principals, prop::sample::select(&ACTIONS), resource(), 0..16_i64);
    prop::collection::vec(
        one.prop_map(|(who, action, resource, now)| (principal(who), Action::new(action).unwrap(), resource, at(now))),
        1..60,
    )
}

fn story(index: &GrantIndex, steps: &[Step], questions: &[(Principal, Action, Resource, Timestamp)]) {
    let naive = NaiveIndex::new();
    for (number, step) in (1..).zip(steps) {
        let revision = Revision(number);
        match step {
            Step::Replace(grants) => {
                index.replace(revision, grants);
                naive.replace(revision, grants);
            }
            Step::Publish(changes) => {
                let changes = || {
                    changes.iter().map(|change| match change {
                        Ok(grant) => Change::Add(grant),
                        Err(id) => Change::Remove(GrantId::from_u128(*id)),
                    })
                };
                index.publish(revision, changes());
                naive.publish(revision, changes());
            }
        }
        assert_eq!((index.len(), index.revision()), (naive.len(), naive.revision()));
        for (principal, action, resource, now) in questions {
            let query = Query { principal, action, resource };
            let expected = naive.decide(&query, *now);
            assert_eq!(index.decide(&query, *now), expected, "{query:?} at {now} after {number} of {steps:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn it_answers_as_a_plain_scan_does(steps in steps(12, 24), questions in questions(14)) {
        story(&GrantIndex::new(), &steps, &questions);
    }

    #[test]
    fn and_when_hashes_collide(
        kept in prop::sample::select(vec![0, 1, 0x8000_0000_0000_0000, 0x8000_0000, 0xC000_0000_0000_0001]),
        steps in steps(12, 24),
        questions in questions(14),
    ) {
        story(&GrantIndex::with_keys(Keys::colliding(kept)), &steps, &questions);
    }

    #[test]
    fn and_when_one_principal_holds_many(
        kept in prop::sample::select(vec![u64::MAX, 1 << 63]),
        many in prop::collection::vec(grant(2, 300), 80..200),
        steps in steps(2, 300),
        questions in questions(3),
    ) {
        let mut all = vec![Step::Replace(many)];
        all.extend(steps);
        story(&GrantIndex::with_keys(Keys::colliding(kept)), &all, &questions);
    }
}

/// Enough principals for tables to grow, slots to be used again and memory to be reused.
#[test]
fn it_grows_and_shrinks() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let template = grant(1, 1).new_tree(&mut runner).unwrap().current();
    let grant = |n: usize| Grant {
        id: GrantId::from_u128(n as u128),
        holder: principal(n),
        noted: Noted::default(),
        permissions: PermissionSet::new([Permission::new("*").unwrap()]).unwrap(),
        scope: if n.is_multiple_of(3) { Scope::ANY } else { Scope::one("tool", &format!("t{}", n % 50)).unwrap() },
        window: Window::new(at(0), at(10)).unwrap(),
        ..template.clone()
    };
    let (index, naive) = (GrantIndex::new(), NaiveIndex::new());
    let action = Action::new("x").unwrap();
    let agree = |round: usize| {
        for n in 0..6_000 {
            let (principal, id) = (principal(n), format!("t{}", (n + round) % 50));
            let resource = Resource::new("tool", &id).unwrap();
            let query = Query { principal: &principal, action: &action, resource: &resource };
            assert_eq!(index.decide(&query, at(5)), naive.decide(&query, at(5)), "{n} in round {round}");
        }
        assert_eq!(index.len(), naive.len());
    };
    let mut bytes = 0;
    for round in 0..12 {
        for n in 0..5_000 {
            let revision = Revision((round * 5_000 + n) as u64);
            let (added, id) = (grant(n), GrantId::from_u128(((n * 7) % 5_000) as u128));
            let change = if (n + round) % 3 > 0 || round == 0 { Change::Add(&added) } else { Change::Remove(id) };
            index.publish(revision, [change]);
            naive.publish(revision, [change]);
        }
        agree(round);
        if round == 5 {
            bytes = index.bytes();
            assert!((5_000 * 32..5_000 * 1_024).contains(&bytes), "{bytes} bytes are what 5,000 people take");
        }
    }
    assert!(index.bytes() <= bytes + bytes / 4, "{} bytes after {bytes}: memory is used again", index.bytes());
    let (revision, len) = (index.revision(), index.len());
    assert_eq!(format!("{index:?}"), format!("GrantIndex {{ revision: {revision:?}, len: {len} }}"));
}

/// Names from both ends and around the middle of a set that is searched by halves, and names that are not in it.
#[test]
fn large_sets_are_searched_to_their_ends() {
    let name = |n: usize| format!("area{}.action-{n:03}", n % 7);
    for size in [1, 15, 16, 17, 18, 31, 32, 33, 63, 64, 65, 128, 255, 256] {
        for excepted in [0, 1, 17] {
            let exact = (0..size).map(|n| Permission::new(&name(n * 2)).unwrap());
            let out: Vec<_> = (0..excepted).map(|n| Permission::new(&name(1_000 + n)).unwrap()).collect();
            let wildcard = (excepted > 0).then(|| Permission::new("area6.*").unwrap());
            let Ok(permissions) = PermissionSet::with_exceptions(exact.chain(wildcard), out) else { continue };
            let template =
                grant(1, 1).new_tree(&mut proptest::test_runner::TestRunner::deterministic()).unwrap().current();
            let grant = Grant {
                permissions,
                scope: Scope::ANY,
                suspended: None,
                noted: Noted::default(),
                window: Window::new(at(0), at(10)).unwrap(),
                ..template
            };
            let questions: Vec<_> = (0..size * 2 + 2)
                .chain(990..1_030)
                .map(|n| (grant.holder.clone(), Action::new(&name(n)).unwrap(), Resource::everything(), at(5)))
                .collect();
            story(&GrantIndex::new(), &[Step::Replace(vec![grant.clone()])], &questions);
            story(&GrantIndex::with_keys(Keys::colliding(0)), &[Step::Publish(vec![Ok(grant)])], &questions);
        }
    }
}

/// As many grants of one principal as fill a block, and one more: each is found, and is no longer found after it is
/// removed.
#[test]
fn a_principal_with_very_many_grants_is_asked_about_each() {
    let template = grant(1, 1).new_tree(&mut proptest::test_runner::TestRunner::deterministic()).unwrap().current();
    let nth = |n: usize| Grant {
        id: GrantId::from_u128(n as u128 + 1),
        holder: principal(0),
        permissions: PermissionSet::new([Permission::new(&format!("many.{n}")).unwrap()]).unwrap(),
        scope: if n.is_multiple_of(2) { Scope::ANY } else { Scope::one("tool", &format!("t{n}")).unwrap() },
        suspended: None,
        noted: Noted::default(),
        window: Window::new(at(0), at(10)).unwrap(),
        ..template.clone()
    };
    let question = |n: usize| {
        let resource =
            if n.is_multiple_of(2) { Resource::everything() } else { Resource::new("tool", &format!("t{n}")).unwrap() };
        (principal(0), Action::new(&format!("many.{n}")).unwrap(), resource, at(5))
    };
    for count in [31, 32, 33, 34, 63, 64, 65, 129, 500] {
        let questions: Vec<_> = (0..count + 2).map(question).collect();
        let mut steps = vec![Step::Replace((0..count).map(nth).collect())];
        steps.push(Step::Publish(vec![Ok(nth(count))]));
        let gone = [0, count / 2, count - 1, count];
        steps.extend(gone.map(|n| Step::Publish(vec![Err(n as u128 + 1)])));
        story(&GrantIndex::new(), &steps, &questions);
        story(&GrantIndex::with_keys(Keys::colliding(1)), &steps, &questions);
    }
}

/// Every answer would be right if all hashes were equal, and every check slow. A name that differs in one bit has another
/// upper half, at every length that is read in another way.
#[test]
fn hashes_tell_apart_what_differs() {
    let keys = Keys::random();
    // A name, and all that differ from it in one bit.
    let names = |length: usize| -> Vec<Vec<u8>> {
        let name: Vec<u8> = (0..length).map(|at| b'a' + u8::try_from(at % 16).unwrap()).collect();
        let mut all = vec![name.clone()];
        for bit in 0..length * 8 {
            let mut other = name.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            all.push(other);
        }
        all
    };
    let apart = |what: &str, hashes: Vec<u64>| {
        let equal = hashes.iter().skip(1).filter(|hash| **hash >> 32 == hashes[0] >> 32).count();
        assert!(equal <= 1, "{equal} of {} {what} are like the first one, and by chance it is none", hashes.len());
    };
    for length in [1, 3, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 64] {
        let hashed = |hash: &dyn Fn(&[u8]) -> u64| -> Vec<u64> { names(length).iter().map(|one| hash(one)).collect() };
        let tool = hash::kind(b"tool");
        apart("things", hashed(&|name| keys.thing(tool, name)));
        apart("users", hashed(&|name| keys.principal(PrincipalKind::User, name)));
        apart("agents", hashed(&|name| keys.principal(PrincipalKind::Agent, name)));
        // All of a short text is in its two ends.
        if length <= 16 {
            apart("kinds", hashed(&|name| keys.thing(hash::kind(name), b"17")));
            apart("actions", hashed(&|name| keys.action(name)));
        }
    }
    let numbers = || std::iter::once(0).chain((0..64).map(|bit| 1_u64 << bit));
    let grant = |id: u128| keys.grant(GrantId::from_u128(id));
    apart("lower halves of ids", numbers().map(|id| grant(id.into())).collect());
    apart("upper halves of ids", numbers().map(|id| grant(u128::from(id) << 64)).collect());
    apart("first words", numbers().map(|word| keys.words(&[word, 7])).collect());
    apart("last words", numbers().map(|word| keys.words(&[7, word])).collect());
    assert_ne!(keys.thing(hash::kind(b"a"), b"b"), keys.thing(hash::kind(b"b"), b"a"));
    assert_ne!(keys.principal(PrincipalKind::User, b"a"), keys.principal(PrincipalKind::Agent, b"a"));
}

/// What an empty index takes: itself, the numbers of permissions, and the smallest table. Then memory, and the writer's
/// tables of ids and of written sets.
#[test]
fn its_size_is_that_of_its_parts() {
    let index = GrantIndex::new();
    let empty = size_of::<Published>() + (8 << 13) + (8 << 10) + (8 << 6) + (8 << 3);
    assert_eq!((index.bytes(), index.is_empty()), (empty, true));
    let template = grant(1, 1).new_tree(&mut proptest::test_runner::TestRunner::deterministic()).unwrap().current();
    let every = PermissionSet::new([Permission::new("*").unwrap()]).unwrap();
    let mut added = Grant { permissions: every, suspended: None, noted: Noted::default(), ..template };
    index.publish(Revision(1), [Change::Add(&added)]);
    // A chunk of 64 lines, and eight ids.
    assert_eq!((index.bytes(), index.is_empty()), (empty + 64 * 64 + 8 * 8, false));
    let [all, delete] = ["tools.*", "tools.delete"].map(|text| Permission::new(text).unwrap());
    added.permissions = PermissionSet::with_exceptions([all], [delete]).unwrap();
    index.publish(Revision(2), [Change::Add(&added)]);
    assert_eq!(index.bytes(), empty + 64 * 64 + 8 * 8 + 8 * 8);
}

/// What the reader looked at is replaced while it asks for the time, twice.
#[test]
fn a_search_that_is_overtaken_starts_again() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut grant = grant(4, 4).new_tree(&mut runner).unwrap().current();
    (grant.holder, grant.scope, grant.window) = (principal(1), Scope::ANY, Window::new(at(0), at(8)).unwrap());
    grant.permissions = PermissionSet::new([Permission::new("tools.execute").unwrap()]).unwrap();
    (grant.suspended, grant.noted) = (None, Noted::default());
    let index = GrantIndex::new();
    index.replace(Revision(1), [&grant]);
    let (principal, action, resource) = (principal(1), Action::new("tools.execute").unwrap(), Resource::everything());
    let query = Query { principal: &principal, action: &action, resource: &resource };
    let mut asked = 0;
    let hash = index.hash(principal.kind(), principal.id().as_bytes());
    let decision = index.decide_read(&query.into(), hash, || {
        asked += 1;
        index.replace(Revision(1 + asked), [&grant].into_iter().filter(|_| asked == 1));
        at(2)
    });
    assert_eq!((decision.outcome, decision.revision, asked), (Outcome::NotApplicable, Revision(3), 2));
}
