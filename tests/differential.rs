//! The index, Cedar and a plain reading of the model must give one answer.
//!
//! Every round makes a small world with a few grants in it, exports them, reads the exported text back, and asks many
//! questions at many instants, most of them on a bound of a window or a millisecond off it. Names are hostile and come in
//! pairs that are easily confused. Cedar must name exactly the grants that could decide; the index must allow exactly
//! when there is one, and its grant must be one of them.
//!
//! A comparison that cannot fail proves nothing, so the same comparison runs against readings with one flaw each, and
//! has to find every flaw.
//!
//! | variable | meaning |
//! |---|---|
//! | `JIT_DIFFERENTIAL_CASES` | how many questions; 100000 when not set |
//! | `JIT_DIFFERENTIAL_SEED` | the seed, in decimal; a fresh one when not set. It is printed, and a run with it repeats the story |

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may stop at the first surprise, and says what it was made of"
)]

use std::collections::BTreeSet;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::str::FromStr;

use cedar_policy::{PolicyId, PolicySet};
use jit_access::command::tool_call;
use jit_access::internal::index::GrantIndex;
use jit_access::model::*;
use jit_access::policy::{self, Attributes, Schema};
use jit_access::workflow::{Rules, met_until};

const CASES_PER_ROUND: usize = 250;
const DEFAULT_CASES: usize = 100_000;
/// Enough for the rarest flaw many times over.
const FLAW_ROUNDS: usize = 1_000;

#[test]
fn index_cedar_and_model_agree() {
    let cases = setting("JIT_DIFFERENTIAL_CASES").map_or(DEFAULT_CASES, |n| usize::try_from(n).unwrap());
    let seed = seed();
    let schema = schema();
    let mut seen = Seen::default();
    let mut round = 0;
    while seen.cases < cases {
        let world = World::new(&mut Dice::new(seed, round), &schema);
        for (number, case) in world.cases.iter().enumerate() {
            let told = |what: &str| {
                format!(
                    "{what}\nseed {seed}, round {round}, case {number}\n{} may {} on {} of {:?} at {}?\n{}",
                    case.principal,
                    case.action,
                    case.resource,
                    case.resource.parent().map(ToString::to_string),
                    case.now,
                    world.text
                )
            };
            let query = case.query();
            let expected = world.able(case, None);
            let by_model: BTreeSet<GrantId> = world
                .grants
                .iter()
                .filter(|grant| {
                    grant.holder == case.principal
                        && grant.status(case.now) == GrantStatus::Active
                        && grant.covers(&case.action, &case.resource)
                })
                .map(|grant| grant.id)
                .collect();
            assert_eq!(by_model, expected, "{}", told("the model and the plain reading differ"));

            let by_cedar = cedar(&world.policies, case);
            assert_eq!(by_cedar, expected, "{}", told("Cedar and the plain reading differ"));

            let decision = world.index.decide(&query, case.now);
            match (decision.outcome, decision.basis.grant) {
                (Outcome::Allow, Some(grant)) => {
                    assert!(expected.contains(&grant), "{}", told("the index allows by another grant"));
                }
                (Outcome::NotApplicable, None) => {
                    assert!(expected.is_empty(), "{}", told("the index knows of no grant"));
                }
                other => panic!("{}", told(&format!("the index answers {other:?}"))),
            }
            // What a host without a decision point asks: Cedar over the few policies that can matter.
            if number % 16 == 0 {
                let own = world.grants.iter().filter(|grant| grant.holder == case.principal);
                assert_eq!(
                    cedar(&policy::policies(own).unwrap(), case),
                    expected,
                    "{}",
                    told("Cedar over the holder's grants differs from Cedar over all")
                );
            }
            seen.note(case, &world, &expected);
        }
        round += 1;
    }
    seen.report();
}

/// What the decision point says of conditions, and Cedar of the policy with them: around every bound, with and without what
/// each of them asks for.
#[test]
fn conditions_are_the_same_in_cedar() {
    const SESSIONS: [&str; 5] = ["s", "S", "a\"b", "\\u{61}", "a"];
    const METHODS: [&[&str]; 3] = [&["mfa"], &["pwd", "otp"], &["pwd"]];
    let schema = schema();
    let mut dice = Dice::new(seed(), 0);
    let rules = Rules::default();
    let (mut met, mut unmet) = (0, 0);
    for number in 0..800 {
        let people = principals(&mut dice);
        let places = Places::new(&mut dice);
        let networks = |dice: &mut Dice| {
            const ALL: [&str; 6] =
                ["10.0.0.0/8", "10.1.2.3", "0.0.0.0/0", "2001:db8::/32", "::ffff:10.1.0.0/112", "::/0"];
            let some: Vec<&str> = (0..=dice.below(2)).map(|_| *dice.pick(&ALL)).collect();
            Networks::new(some).unwrap()
        };
        let grant = grant(&mut dice, number, &people, &places, BASE)
            .suspended(None)
            .ended(None)
            .noted(Noted::default())
            .conditions(
                Conditions::default()
                    .mfa_within(
                        dice.one_in(2)
                            .then(|| Ttl::from_millis(60_000 * i64::try_from(1 + dice.below(3)).unwrap()).unwrap()),
                    )
                    .networks(dice.one_in(2).then(|| networks(&mut dice)))
                    .session(dice.one_in(2).then(|| SessionId::new(dice.pick::<&str>(&SESSIONS)).unwrap()))
                    .call(dice.one_in(3).then(|| a_call(&mut dice)))
                    .max_uses(dice.one_in(2).then(|| 1.try_into().unwrap())),
            )
            .permissions(PermissionSet::new([Permission::new("*").unwrap()]).unwrap())
            .scope(Scope::ANY);
        if number % 8 == 0 {
            schema.check(&grant).unwrap();
        }
        let policies = policy::policies([&grant]).unwrap();
        let now = grant.window.start();
        for _ in 0..12 {
            let age = *dice.pick(&[-60_001, -60_000, 0, 59_999, 60_000, 119_999, 120_000, 180_000]);
            let signed_in = at(now.millis() - age);
            let methods: &[&str] = dice.pick::<&[&str]>(&METHODS);
            let sign_in = SignIn::new(methods.iter().copied(), None, Some(signed_in)).unwrap();
            let context = Context::default()
                .sign_in((!dice.one_in(4)).then_some(sign_in))
                .address((!dice.one_in(4)).then(|| {
                    dice.pick(&["10.1.2.3", "10.9.9.9", "192.0.2.1", "2001:db8::1", "::ffff:10.1.2.3", "::1"])
                        .parse()
                        .unwrap()
                }))
                .session((!dice.one_in(4)).then(|| SessionId::new(dice.pick::<&str>(&SESSIONS)).unwrap()))
                .call((!dice.one_in(4)).then(|| a_call(&mut dice)));
            let used_up = dice.one_in(3);
            let given = Attributes {
                mfa_at: context.sign_in.as_ref().filter(|sign_in| sign_in.is_multi_factor()).and_then(SignIn::at),
                address: context.address,
                session: context.session.clone(),
                call: context.call.clone(),
                used_up: Some(if used_up { vec![grant.id] } else { vec![] }),
            };
            let (action, resource) = (Action::new("tools.execute").unwrap(), Resource::everything());
            let query = Query { principal: &grant.holder, action: &action, resource: &resource };
            let by_cedar = policy::authorize_with(&policies, &query, now, &given).unwrap().outcome == Outcome::Allow;
            let gone = used_up && grant.conditions.max_uses.is_some();
            let by_us = !gone && met_until(&grant.conditions, &context, &rules, now).is_ok();
            assert_eq!(by_cedar, by_us, "{:?} given {context:?} at {now}", grant.conditions);
            if by_us { met += 1 } else { unmet += 1 }
        }
    }
    assert!(met > 300 && unmet > 300, "{met} met, {unmet} not");
}

#[test]
fn every_flaw_is_found() {
    let seed = seed();
    let schema = schema();
    let mut hidden: BTreeSet<Flaw> = Flaw::ALL.into_iter().collect();
    let mut rounds = 0;
    for round in 0..FLAW_ROUNDS {
        rounds = round;
        if hidden.is_empty() {
            break;
        }
        let world = World::new(&mut Dice::new(seed, round), &schema);
        for case in &world.cases {
            let by_cedar = cedar(&world.policies, case);
            hidden.retain(|flaw| world.able(case, Some(*flaw)) == by_cedar);
        }
    }
    println!("the last flaw was found in round {rounds}");
    assert!(hidden.is_empty(), "seed {seed}: nobody would notice {hidden:?}");
}

#[test]
fn every_flaw_of_a_policy_is_found() {
    let seed = seed();
    let schema = schema();
    for (right, wrong) in [
        ("(context.now < datetime", "(context.now <= datetime"),
        ("(context.now >= datetime", "(context.now > datetime"),
        ("unless { action in", "unless { action == Action::\"nothing\" && action in"),
        ("resource in ", "resource == "),
        ("principal == User::", "principal == Agent::"),
        ("resource is Tool", "resource is Prompt"),
        ("Action::\"*\"", "Action::\"jit.*\""),
    ] {
        let found = (0..FLAW_ROUNDS).any(|round| {
            let mut world = World::new(&mut Dice::new(seed, round), &schema);
            world.policies = read(&world.text.replace(right, wrong));
            world.cases.iter().any(|case| cedar(&world.policies, case) != world.able(case, None))
        });
        assert!(found, "seed {seed}: nobody would notice `{wrong}`");
    }
}

// ── The world ───────────────────────────────────────────────────────────────────────────────────────────────────────

/// Some grants in every form that is compared, and questions about them.
struct World {
    grants: Vec<Grant>,
    text: String,
    policies: PolicySet,
    index: GrantIndex,
    cases: Vec<Case>,
}

struct Case {
    principal: Principal,
    action: Action,
    resource: Resource,
    now: Timestamp,
}

impl Case {
    fn query(&self) -> Query<'_> {
        Query { principal: &self.principal, action: &self.action, resource: &self.resource }
    }
}

impl World {
    fn new(dice: &mut Dice, schema: &Schema) -> Self {
        let people = principals(dice);
        let places = Places::new(dice);
        let base = BASE + i64::try_from(dice.below(1_000_000_000)).unwrap();
        let mut grants: Vec<Grant> = Vec::new();
        for number in 0..=dice.below(10) {
            let mut next = grant(dice, number, &people, &places, base);
            // An extension, or a second request for much the same: grants that overlap.
            if !grants.is_empty() && dice.one_in(2) {
                let other = dice.pick(&grants);
                (next.holder, next.permissions) = (other.holder.clone(), other.permissions.clone());
                if dice.one_in(2) {
                    next.scope = other.scope.clone();
                }
                if dice.one_in(2) {
                    next.window = other.window;
                }
            }
            grants.push(next);
        }
        let bounds: Vec<i64> =
            grants.iter().flat_map(|grant| [grant.window.start().millis(), grant.window.end().millis()]).collect();
        // Mostly before everything; now and then in the middle, so that some grants are over when the export is made.
        let exported_at = if dice.one_in(4) { *dice.pick(&bounds) } else { base - 10 };

        let text = policy::export(&grants, schema, at(exported_at), Revision(1)).unwrap();
        let policies = read(&text);
        let index = GrantIndex::new();
        index.replace(Revision(1), &grants);
        let cases = (0..CASES_PER_ROUND)
            .map(|_| {
                // A question that has a chance is about somebody's grant; the rest is about anything.
                let about = dice.pick(&grants).clone();
                let (start, end) = (about.window.start().millis(), about.window.end().millis());
                let now = match dice.below(16) {
                    0 => start - 1,
                    1..4 => start,
                    4 => start + 1,
                    5..9 => start + (end - start) / 2,
                    9..11 => end - 1,
                    11..13 => end,
                    13 => end + 1,
                    14 => base + i64::try_from(dice.below(20_000)).unwrap(),
                    _ => *dice.pick(&bounds),
                };
                Case {
                    principal: if dice.one_in(5) { dice.pick(&people).clone() } else { about.holder.clone() },
                    action: action(dice, &about),
                    resource: if dice.one_in(5) { places.any(dice) } else { places.within(dice, &about.scope) },
                    now: at(now.max(exported_at)),
                }
            })
            .collect();
        Self { grants, text, policies, index, cases }
    }

    /// The grants that give it, as a plain reading says.
    fn able(&self, case: &Case, flaw: Option<Flaw>) -> BTreeSet<GrantId> {
        self.grants.iter().filter(|grant| gives(grant, case, flaw)).map(|grant| grant.id).collect()
    }
}

/// The policies of an exported text, under the ids of their grants.
fn read(text: &str) -> PolicySet {
    let numbered = PolicySet::from_str(text).unwrap();
    PolicySet::from_policies(
        numbered.policies().map(|policy| policy.new_id(PolicyId::new(policy.annotation("id").unwrap()))),
    )
    .unwrap()
}

fn cedar(policies: &PolicySet, case: &Case) -> BTreeSet<GrantId> {
    let answer = policy::authorize(policies, &case.query(), case.now).unwrap();
    assert_eq!(answer.outcome, if answer.grants.is_empty() { Outcome::NotApplicable } else { Outcome::Allow });
    assert_eq!(answer.others, Vec::<String>::new());
    answer.grants.into_iter().collect()
}

const BASE: i64 = 1_796_119_200_000;

/// A call of a tool, with what a policy could misread.
fn a_call(dice: &mut Dice) -> ToolCall {
    let texts = ["{}", r#"{"a":"\""}"#, r#"{"a":"\\u{61}"}"#, r#"{"a":"*"}"#];
    let arguments = dice.pick::<&str>(&texts);
    tool_call(&format!(r#"{{"name": "t", "arguments": {arguments}}}"#)).unwrap()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn grant(dice: &mut Dice, number: usize, people: &[Principal], places: &Places, base: i64) -> Grant {
    let start = base + i64::try_from(dice.below(8)).unwrap() * 1_000 + *dice.pick(&[0, 0, 1, 250, 999]);
    let length = *dice.pick(&[1, 2, 1_000, 1_001, 5_000, 5_000, 86_400_000]);
    let id = (u128::from(dice.next()) << 64) | (u128::from(dice.next()) << 8) | u128::try_from(number).unwrap();
    let ended = match dice.below(12) {
        0 => Some(EndKind::Released),
        1 => Some(EndKind::Revoked(Justification::new("over").unwrap())),
        _ => None,
    };
    let role = *dice.pick(&["responder", "a\"b", "\u{430}dmin", "rôle", "x\"); permit(principal,action,resource);//"]);
    Grant::new(
        GrantId::from_u128(id),
        RequestId::from_u128(u128::from(dice.next())),
        dice.pick(people).clone(),
        RoleName::new(role).unwrap(),
        permissions(dice),
        Window::new(at(start), at(start + length)).unwrap(),
        Actor::Rule("require_approval".into()),
    )
    .scope(places.scope(dice))
    .details(jit_access::model::Details {
        justification: None,
        ticket_url: dice.one_in(3).then(|| TicketUrl::new("https://tracker.example.com/?q=\"*/").unwrap()),
        ..jit_access::model::Details::default()
    })
    .approved_at(at(base))
    .suspended(dice.one_in(12).then(|| Suspension {
        at: at(base),
        by: Actor::Clock,
        reason: Justification::new("wait").unwrap(),
    }))
    .ended(ended.map(|kind| End { at: at(base), by: Actor::Clock, kind }))
    .noted(Noted { activation: dice.one_in(2), expiry: dice.one_in(20) })
}

// ── Who ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

fn principals(dice: &mut Dice) -> Vec<Principal> {
    let long = "x".repeat(319);
    let names = [
        "dev@example.com",
        "dеv@example.com", // the second letter is Cyrillic
        "a\"b",
        "a\\\"b",
        "\\u{61}",
        "'||true||'",
        "🦀",
        "zoë@example.com",
        "user::\"dev\"",
        &format!("{long}a"),
        &format!("{long}b"),
    ];
    let mut people = Vec::new();
    for _ in 0..2 {
        let name = *dice.pick(&names);
        // One name, two kinds: who forgets the kind confuses a person with an agent.
        people.push(Principal::user(name).unwrap());
        people.push(Principal::agent(name).unwrap());
    }
    people
}

// ── What ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const ACTIONS: [&str; 20] = [
    "tools.execute",
    "tools.delete",
    "tools.mcp.execute",
    "tools.mcp:execute",
    "tools",
    "toolsmith.read",
    "logs:read",
    "logs.read",
    "logs",
    "admin.export",
    "admin.sso_providers:create",
    "admin.sso_providers.create",
    "admin.sso_providers_two:create",
    "prod.read",
    "production.read",
    "PROD.read",
    "jit",
    "jit.approve",
    "jitter.read",
    "a-b.c_d:e",
];

const WILDCARDS: [&str; 10] = [
    "*",
    "tools.*",
    "tools.mcp.*",
    "tools.mcp:*",
    "logs:*",
    "logs.*",
    "admin.*",
    "admin.sso_providers:*",
    "prod.*",
    "a-b.*",
];

fn all_permissions() -> Vec<Permission> {
    ACTIONS.iter().chain(&WILDCARDS).filter_map(|text| Permission::new(text).ok()).collect()
}

fn permissions(dice: &mut Dice) -> PermissionSet {
    let all = all_permissions();
    let wildcards: Vec<Permission> = WILDCARDS.iter().map(|text| Permission::new(text).unwrap()).collect();
    loop {
        let count = 1 + dice.below(3);
        let allowed: Vec<Permission> =
            (0..count).map(|_| if dice.one_in(2) { dice.pick(&wildcards) } else { dice.pick(&all) }.clone()).collect();
        let excepted: Vec<Permission> = (0..dice.below(4)).map(|_| dice.pick(&all).clone()).collect();
        if let Ok(set) = PermissionSet::with_exceptions(allowed, excepted) {
            return set;
        }
    }
}

/// Mostly an action that the grant touches, given or excepted.
fn action(dice: &mut Dice, about: &Grant) -> Action {
    let touched: Vec<&str> = ACTIONS
        .into_iter()
        .filter(|name| {
            let name = Action::new(name).unwrap();
            about.permissions.allowed().iter().any(|permission| permission.covers(&name))
        })
        .collect();
    let name = if touched.is_empty() || dice.one_in(5) { *dice.pick(&ACTIONS) } else { *dice.pick(&touched) };
    Action::new(name).unwrap()
}

// ── On what ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/// Kinds that are easily confused with each other, with a word of Cedar's, or with a kind of principal.
fn all_kinds() -> Vec<ResourceKind> {
    let long = "k".repeat(63);
    let mut names = [
        "tool",
        "tools",
        "mcp-server",
        "mcp_server",
        "mcpServer",
        "mcpserver",
        "action",
        "string",
        "agent",
        "record",
        "role",
    ]
    .map(ToOwned::to_owned)
    .to_vec();
    names.extend([format!("{long}a"), format!("{long}b")]);
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// A few kinds and ids, used for things and for their parents alike.
struct Places {
    kinds: Vec<ResourceKind>,
    ids: Vec<String>,
}

impl Places {
    fn new(dice: &mut Dice) -> Self {
        let long = "ü".repeat(1_023);
        let pairs = [
            ["deploy".to_owned(), "Deploy".to_owned()],
            ["deploy".to_owned(), " deploy".to_owned()],
            ["x\" || true || \"".to_owned(), "x".to_owned()],
            ["x\"); permit (principal, action, resource); //".to_owned(), "x\\\"".to_owned()],
            ["\\u{61}".to_owned(), "a".to_owned()],
            ["\\n".to_owned(), "n".to_owned()],
            ["admin".to_owned(), "\u{430}dmin".to_owned()],
            ["a\u{200d}b".to_owned(), "ab".to_owned()],
            ["e\u{301}".to_owned(), "\u{e9}".to_owned()],
            ["👩‍👩‍👧".to_owned(), "👩👩👧".to_owned()],
            ["*".to_owned(), "**".to_owned()],
            ["Tool::\"s\"".to_owned(), "?resource".to_owned()],
            ["// off".to_owned(), "@id(\"x\")".to_owned()],
            [format!("{long}a"), format!("{long}b")],
            ["(".repeat(2_048), "(".repeat(2_047)],
            // The name of an agent that asks, as the name of an agent that is asked for.
            ["dev@example.com".to_owned(), "🦀".to_owned()],
        ];
        let mut ids = dice.pick(&pairs).to_vec();
        ids.extend(dice.pick(&pairs).clone());
        let all = all_kinds();
        let at = dice.below(all.len());
        // Neighbours in the list, which are the ones that are confused, and any other.
        let kinds = vec![all[at], all[(at + 1) % all.len()], *dice.pick(&all)];
        Self { kinds, ids }
    }

    fn id(&self, dice: &mut Dice) -> &str {
        dice.pick::<String>(&self.ids)
    }

    fn kind(&self, dice: &mut Dice) -> ResourceKind {
        *dice.pick::<ResourceKind>(&self.kinds)
    }

    fn thing(&self, dice: &mut Dice, kind: ResourceKind) -> Resource {
        Resource::new(kind.name(), self.id(dice)).unwrap()
    }

    fn any(&self, dice: &mut Dice) -> Resource {
        if dice.one_in(8) {
            return Resource::everything();
        }
        let kind = self.kind(dice);
        let thing = self.thing(dice, kind);
        self.somewhere(dice, thing)
    }

    fn within(&self, dice: &mut Dice, scope: &Scope) -> Resource {
        let things: Vec<ResourceId> = scope.things().cloned().collect();
        let (itself, parent) = match (scope.kind(), &*things) {
            (None, []) => return self.any(dice),
            (Some(kind), []) => (self.thing(dice, *kind), None),
            (None, [one]) if dice.one_in(3) => (one.clone().into(), None),
            (None, [one]) => {
                let kind = self.kind(dice);
                (self.thing(dice, kind), Some(one))
            }
            (Some(kind), [one]) if kind == one.kind() => (one.clone().into(), None),
            (Some(kind), [one]) => (self.thing(dice, *kind), Some(one)),
            (kind, [one, other, ..]) => {
                let is_one = kind.map_or_else(|| dice.one_in(2), |kind| kind == one.kind());
                let (itself, parent) = if is_one { (one, other) } else { (other, one) };
                (itself.clone().into(), Some(parent))
            }
        };
        match parent.filter(|_| !dice.one_in(4)).map(|parent| itself.clone().with_parent(parent.clone())) {
            Some(Ok(part)) => part,
            _ => self.somewhere(dice, itself),
        }
    }

    fn somewhere(&self, dice: &mut Dice, resource: Resource) -> Resource {
        let kind = self.kind(dice);
        let parent = self.thing(dice, kind).thing().clone();
        if dice.one_in(3) { resource } else { resource.clone().with_parent(parent).unwrap_or(resource) }
    }

    fn scope(&self, dice: &mut Dice) -> Scope {
        let kind = self.kind(dice);
        let one = |dice: &mut Dice| {
            let kind = self.kind(dice);
            Scope::one(kind.name(), self.id(dice)).unwrap_or(Scope::of_kind(kind))
        };
        match dice.below(6) {
            0 => Scope::ANY,
            1 => Scope::of_kind(kind),
            2 | 3 => one(dice),
            _ => {
                let (first, second) = (one(dice), one(dice));
                let both = first.intersection(&second).unwrap_or(first);
                let own = both.things().next().map_or(kind, |thing| *thing.kind());
                let kind = if dice.one_in(2) { own } else { kind };
                let narrowed = Scope::of_kind(kind).intersection(&both).filter(|_| !dice.one_in(3));
                narrowed.unwrap_or(both)
            }
        }
    }
}

// ── A plain reading of what a grant gives ───────────────────────────────────────────────────────────────────────────

/// One mistake that somebody could make in the index or in a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Flaw {
    HoldsAtItsEnd,
    HoldsNotAtItsStart,
    WholeSeconds,
    IgnoresTime,
    IgnoresRevocation,
    IgnoresNotedExpiry,
    IgnoresSuspension,
    DropsExceptions,
    ExceptsOnlyExactNames,
    WildcardWithoutSeparator,
    OneSeparatorForAnother,
    WildcardStopsAtNextSegment,
    EverythingIncludesTheLibrary,
    IgnoresCaseOfActions,
    IgnoresKindOfPrincipal,
    IgnoresHolder,
    IgnoresKindOfResource,
    IgnoresScope,
    ThingIsOnlyItself,
    ThingIsOnlyItsContents,
    IgnoresParentOfAPart,
    AnyParent,
    IgnoresKindOfParent,
    KindIncludesContents,
    IgnoresCaseOfKinds,
    IgnoresHyphensOfKinds,
    CutsLongKinds,
    TrimsIds,
    IgnoresCaseOfIds,
    CutsLongIds,
    NormalisesIds,
    DropsInvisible,
    Unescapes,
}

impl Flaw {
    const ALL: [Self; 33] = [
        Self::HoldsAtItsEnd,
        Self::HoldsNotAtItsStart,
        Self::WholeSeconds,
        Self::IgnoresTime,
        Self::IgnoresRevocation,
        Self::IgnoresNotedExpiry,
        Self::IgnoresSuspension,
        Self::DropsExceptions,
        Self::ExceptsOnlyExactNames,
        Self::WildcardWithoutSeparator,
        Self::OneSeparatorForAnother,
        Self::WildcardStopsAtNextSegment,
        Self::EverythingIncludesTheLibrary,
        Self::IgnoresCaseOfActions,
        Self::IgnoresKindOfPrincipal,
        Self::IgnoresHolder,
        Self::IgnoresKindOfResource,
        Self::IgnoresScope,
        Self::ThingIsOnlyItself,
        Self::ThingIsOnlyItsContents,
        Self::IgnoresParentOfAPart,
        Self::AnyParent,
        Self::IgnoresKindOfParent,
        Self::KindIncludesContents,
        Self::IgnoresCaseOfKinds,
        Self::IgnoresHyphensOfKinds,
        Self::CutsLongKinds,
        Self::TrimsIds,
        Self::IgnoresCaseOfIds,
        Self::CutsLongIds,
        Self::NormalisesIds,
        Self::DropsInvisible,
        Self::Unescapes,
    ];
}

/// Whether the grant gives it, written down a second time and as plainly as can be, with at most one flaw.
fn gives(grant: &Grant, case: &Case, flaw: Option<Flaw>) -> bool {
    let ended = (grant.suspended.is_some() && flaw != Some(Flaw::IgnoresSuspension))
        || (grant.ended.is_some() && flaw != Some(Flaw::IgnoresRevocation))
        || (grant.noted.expiry && flaw != Some(Flaw::IgnoresNotedExpiry));
    let held = match flaw {
        Some(Flaw::IgnoresHolder) => true,
        Some(Flaw::IgnoresKindOfPrincipal) => grant.holder.id() == case.principal.id(),
        _ => grant.holder.kind() == case.principal.kind() && grant.holder.id() == case.principal.id(),
    };
    !ended
        && held
        && in_time(grant, case.now, flaw)
        && permitted(grant, &case.action, flaw)
        && reached(grant, &case.resource, flaw)
}

fn in_time(grant: &Grant, now: Timestamp, flaw: Option<Flaw>) -> bool {
    let (start, end, now) = (grant.window.start().millis(), grant.window.end().millis(), now.millis());
    match flaw {
        Some(Flaw::HoldsAtItsEnd) => start <= now && now <= end,
        Some(Flaw::HoldsNotAtItsStart) => start < now && now < end,
        Some(Flaw::WholeSeconds) => start / 1_000 <= now / 1_000 && now / 1_000 < end / 1_000,
        Some(Flaw::IgnoresTime) => true,
        _ => start <= now && now < end,
    }
}

fn permitted(grant: &Grant, action: &Action, flaw: Option<Flaw>) -> bool {
    let name = action.name();
    if (name == "jit" || name.starts_with("jit.")) && flaw != Some(Flaw::EverythingIncludesTheLibrary) {
        return false;
    }
    let excepted = match flaw {
        Some(Flaw::DropsExceptions) => false,
        Some(Flaw::ExceptsOnlyExactNames) => {
            grant.permissions.excepted().iter().any(|permission| permission.as_str() == name)
        }
        _ => grant.permissions.excepted().iter().any(|permission| matches(permission.as_str(), name, None)),
    };
    grant.permissions.allowed().iter().any(|permission| matches(permission.as_str(), name, flaw)) && !excepted
}

fn matches(permission: &str, name: &str, flaw: Option<Flaw>) -> bool {
    let dots = |text: &str| text.replace(':', ".");
    match (permission.strip_suffix('*'), flaw) {
        (Some(prefix), Some(Flaw::WildcardWithoutSeparator)) => name.starts_with(prefix.trim_end_matches(['.', ':'])),
        (Some(prefix), Some(Flaw::OneSeparatorForAnother)) => dots(name).starts_with(&dots(prefix)),
        (Some(prefix), Some(Flaw::WildcardStopsAtNextSegment)) => {
            name.strip_prefix(prefix).is_some_and(|rest| prefix.is_empty() || !rest.contains(['.', ':']))
        }
        (Some(prefix), Some(Flaw::IgnoresCaseOfActions)) => name.to_lowercase().starts_with(&prefix.to_lowercase()),
        (Some(prefix), _) => name.starts_with(prefix),
        (None, _) => name == permission,
    }
}

fn reached(grant: &Grant, resource: &Resource, flaw: Option<Flaw>) -> bool {
    let same_kind = |one: &ResourceKind, other: &ResourceKind| match flaw {
        Some(Flaw::IgnoresCaseOfKinds) => one.name().eq_ignore_ascii_case(other.name()),
        Some(Flaw::IgnoresHyphensOfKinds) => one.name().replace('-', "_") == other.name().replace('-', "_"),
        Some(Flaw::CutsLongKinds) => {
            one.name()[..one.name().len().min(60)] == other.name()[..other.name().len().min(60)]
        }
        _ => one == other,
    };
    let same_id = |one: &ResourceId, other: &ResourceId| canonical(one.id(), flaw) == canonical(other.id(), flaw);
    let scope = &grant.scope;
    if flaw == Some(Flaw::IgnoresScope) {
        return true;
    }
    let parent = resource.parent();
    let of_kind = scope.kind().is_none_or(|kind| {
        same_kind(kind, resource.kind())
            || flaw == Some(Flaw::IgnoresKindOfResource) && scope.things().next().is_some()
            || flaw == Some(Flaw::KindIncludesContents) && parent.is_some_and(|parent| parent.kind() == kind)
    });
    let there = scope.things().all(|thing| {
        let own = resource.thing();
        let itself =
            same_id(thing, own) && (same_kind(thing.kind(), own.kind()) || flaw == Some(Flaw::IgnoresKindOfResource));
        let inside = parent.is_some_and(|parent| {
            (same_kind(thing.kind(), parent.kind()) || flaw == Some(Flaw::IgnoresKindOfParent))
                && (same_id(thing, parent) || flaw == Some(Flaw::AnyParent))
        });
        match flaw {
            Some(Flaw::ThingIsOnlyItself) => itself,
            Some(Flaw::ThingIsOnlyItsContents) => inside,
            Some(Flaw::IgnoresParentOfAPart) if scope.kind().is_some_and(|kind| kind != thing.kind()) => true,
            _ => itself || inside,
        }
    });
    of_kind && there
}

/// Ids are compared as they are; everything else is a flaw.
fn canonical(id: &str, flaw: Option<Flaw>) -> String {
    match flaw {
        Some(Flaw::TrimsIds) => id.trim().to_owned(),
        Some(Flaw::IgnoresCaseOfIds) => id.to_lowercase(),
        Some(Flaw::CutsLongIds) => id.chars().take(1_000).collect(),
        Some(Flaw::NormalisesIds) => id.replace("e\u{301}", "\u{e9}"),
        Some(Flaw::DropsInvisible) => id.chars().filter(|c| !matches!(c, '\u{200d}')).collect(),
        Some(Flaw::Unescapes) => id.replace("\\u{61}", "a").replace("\\n", "n"),
        _ => id.to_owned(),
    }
}

// ── What was asked ──────────────────────────────────────────────────────────────────────────────────────────────────

/// What the run was made of: a run without hard cases would agree about nothing.
#[derive(Default)]
struct Seen {
    cases: usize,
    allowed: usize,
    by_several: usize,
    at_a_bound: usize,
    agents: usize,
}

impl Seen {
    fn note(&mut self, case: &Case, world: &World, able: &BTreeSet<GrantId>) {
        let bound = |grant: &Grant| grant.window.start() == case.now || grant.window.end() == case.now;
        self.cases += 1;
        self.allowed += usize::from(!able.is_empty());
        self.by_several += usize::from(able.len() > 1);
        self.at_a_bound += usize::from(world.grants.iter().any(bound));
        self.agents += usize::from(case.principal.kind() == PrincipalKind::Agent);
    }

    fn report(&self) {
        println!(
            "{} cases: {} allowed, {} of them by several grants, {} at a bound, {} asked by agents",
            self.cases, self.allowed, self.by_several, self.at_a_bound, self.agents
        );
        // The shares of a short run are chance.
        if self.cases < 10_000 {
            return;
        }
        let percent = |part: usize| part * 100 / self.cases;
        assert!((10..=60).contains(&percent(self.allowed)), "{} % allowed", percent(self.allowed));
        assert!(percent(self.by_several) >= 2, "{} cases allowed by several grants", self.by_several);
        assert!(percent(self.at_a_bound) >= 20, "{} % at a bound", percent(self.at_a_bound));
        assert!((20..=80).contains(&percent(self.agents)), "{} % asked by agents", percent(self.agents));
    }
}

/// A schema of the kinds and the permissions of this test.
fn schema() -> Schema {
    let kinds: Vec<Scope> = all_kinds().into_iter().map(Scope::of_kind).collect();
    Schema::core().unwrap().with(&all_permissions(), &kinds).unwrap()
}

// ── Chance ──────────────────────────────────────────────────────────────────────────────────────────────────────────

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is `{text}`; expected a number")))
}

fn seed() -> u64 {
    let seed = setting("JIT_DIFFERENTIAL_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish());
    println!("JIT_DIFFERENTIAL_SEED={seed}");
    seed
}

/// A round is a function of the seed and its number.
struct Dice(fastrand::Rng);

impl Dice {
    fn new(seed: u64, round: usize) -> Self {
        Self(fastrand::Rng::with_seed(seed ^ (round as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93)))
    }

    fn next(&mut self) -> u64 {
        self.0.u64(..)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0.usize(..bound)
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
