//! The whole decision beside Cedar, a line each: `cargo run --release -p jit-access-benches --features peers --bin decisions`.
//!
//! - `authorize` over 10,000 standing policies and 100,000 grants, beside Cedar over all of them, and beside Cedar over the ideal
//!   slice: for each question a set, made before, of the policies whose heads fit it.
//! - A hit with 100 guardrails of which 3 can apply, beside Cedar over these 3.
//!
//! Request and entities are made at each question, by ours as by Cedar's user; types and sets are prepared.

use std::collections::HashMap;

use cedar_policy::{Policy, PolicySet};
use jit_access::model::{Outcome, PolicyFile, Scope};
use jit_access::service::{AuthorizeRequest, Engine, GuardrailSettings, Settings};
use jit_access_benches::in_memory;
use jit_access_benches::measure::{Contender, compare};
use jit_access_benches::peers::{Cedar, policies};
use jit_access_benches::report::{Bar, row, say};
use jit_access_benches::workload::{Dice, Question, World};

const POLICIES: usize = 10_000;
const GRANTS: usize = 100_000;
/// How many different questions: a host asks some thousand again and again.
const QUESTIONS: usize = 2_048;

fn main() {
    let turns = if std::env::var_os("QUICK").is_some() { 15 } else { 61 };
    decisions(turns);
    guarded(turns);
}

/// A standing policy, and which questions its head fits.
struct Static {
    text: String,
    principal: Option<String>,
    action: String,
    thing: String,
}

impl Static {
    /// Of four sorts: a person's own right, a thing that is closed to all, one that is closed for writing until an instant, and a
    /// thing that is closed to one person. Those that fit a question of a grant's do not forbid it.
    fn new(dice: &mut Dice, number: usize, world: &World) -> Self {
        let question = &world.hits[dice.below(QUESTIONS)];
        let (who, what, thing) = (question.principal.id(), question.action.name(), question.resource.id());
        let id = format!(r#"@id("static-{number}")"#);
        let (head, tail, principal) = match number % 4 {
            0 => ("permit", String::new(), Some(who)),
            1 => ("forbid", r#"when { context.now > datetime("2100-01-01T00:00:00Z") }"#.to_owned(), None),
            2 => ("permit", r#"when { context.now < datetime("2100-01-01T00:00:00Z") }"#.to_owned(), None),
            _ => ("forbid", r#"when { context has session && context.session == "closed" }"#.to_owned(), Some(who)),
        };
        let subject = principal.map_or("principal".to_owned(), |who| format!(r#"principal == User::"{who}""#));
        let text =
            format!(r#"{id} {head} ({subject}, action == Action::"{what}", resource == Tool::"{thing}") {tail};"#);
        let (principal, action, thing) = (principal.map(str::to_owned), what.to_owned(), thing.to_owned());
        Self { text, principal, action, thing }
    }

    fn fits(&self, question: &Question) -> bool {
        self.principal.as_deref().is_none_or(|who| who == question.principal.id())
            && self.action == question.action.name()
            && self.thing == question.resource.id()
    }
}

fn decisions(turns: usize) {
    say("10000 standing policies and 100000 grants");
    let world = World::new(GRANTS, QUESTIONS);
    let mut dice = Dice::new(3);
    let statics: Vec<Static> = (0..POLICIES).map(|number| Static::new(&mut dice, number, &world)).collect();
    let file =
        PolicyFile::new("base.cedar", statics.iter().map(|one| one.text.as_str()).collect::<Vec<_>>().join("\n"));
    let engine = in_memory::open_with(&world.grants, Settings::default().standing_policies(vec![file]));
    let parsed: Vec<Policy> = statics.iter().map(|one| Policy::parse(None, &one.text).expect("a policy")).collect();
    let named = |number: usize| parsed[number].new_id(cedar_policy::PolicyId::new(format!("static-{number}")));

    let mut by_thing: HashMap<&str, Vec<usize>> = HashMap::new();
    statics.iter().enumerate().for_each(|(number, one)| by_thing.entry(&one.thing).or_default().push(number));
    let mut by_holder: HashMap<&str, Vec<_>> = HashMap::new();
    world.grants.iter().for_each(|grant| by_holder.entry(grant.holder.id()).or_default().push(grant));
    let slice = |question: &Question| {
        let own = by_holder.get(question.principal.id()).into_iter().flatten();
        let fits = |scope: &Scope| scope.covers(&question.resource);
        let own = own.filter(|grant| grant.permissions.covers(&question.action) && fits(&grant.scope)).copied();
        let mut set = policies(own);
        let fitting = by_thing.get(question.resource.id()).into_iter().flatten();
        for number in fitting.filter(|number| statics[**number].fits(question)) {
            set.add(named(*number)).expect("one of each name");
        }
        set
    };
    let slices: Vec<PolicySet> = world.hits.iter().map(slice).collect();
    let each = slices.iter().map(|set| set.policies().count()).sum::<usize>() as f64 / slices.len() as f64;
    let mut all = policies(&world.grants);
    (0..POLICIES).for_each(|number| all.add(named(number)).expect("one of each name"));

    let cedar = Cedar::default();
    let first = std::ptr::from_ref(&world.hits[0]) as usize;
    // The set of each question is found by where the question is, so that finding it costs nothing.
    let own = |q: &Question| &slices[(std::ptr::from_ref(q) as usize - first) / size_of::<Question>()];
    let ideal = |q: &Question| cedar.allows(own(q), q);
    let ours = |q: &Question| authorizes(&engine, q);
    for (n, question) in world.hits.iter().enumerate() {
        assert_eq!((ours(question), ideal(question)), (true, true), "{question:?}");
        assert!(n % 200 != 0 || cedar.allows(&all, question), "{question:?}");
    }
    let ours = Contender::slow("authorize", 512, ours);
    let ideal = Contender::slow("Cedar, the ideal slice", 512, ideal);
    let whole = Contender::slow("Cedar, the whole set", 1, |q| cedar.allows(&all, q));
    let taken = compare(&ours, &ideal, &world.hits, turns);
    let what = format!("authorize, {POLICIES} standing policies and {GRANTS} grants");
    let detail = format!("{:.0} ns, Cedar {:.0} ns; {each:.1} policies a question", taken.nanos, taken.other);
    row(&what, taken.ratio, "× Cedar over the ideal slice", Bar::Most(1.5), &detail);
    let taken = compare(&whole, &ours, &world.hits, 5);
    let detail = format!("{:.0} ms, authorize {:.0} ns", taken.nanos / 1e6, taken.other);
    row("Cedar over the whole set of these", taken.ratio, "× authorize", Bar::Least(1_000.0), &detail);
}

fn authorizes(engine: &Engine, q: &Question) -> bool {
    let asked = AuthorizeRequest::new(q.principal.clone(), q.action.clone(), q.resource.clone()).peek(true);
    engine.authorize(&asked).expect("an answer").outcome == Outcome::Allow
}

/// Three that can apply to every question and forbid none.
const APPLYING: [&str; 3] = [
    r#"@id("a") forbid (principal, action, resource) when { context.now > datetime("2100-01-01T00:00:00Z") };"#,
    r#"@id("b") forbid (principal is User, action, resource) when { context has session && context.session == "closed" };"#,
    r#"@id("c") forbid (principal, action, resource is Tool) unless { context.now < datetime("2100-01-01T00:00:00Z") };"#,
];

fn guarded(turns: usize) {
    say("100 guardrails");
    let world = World::new(10_000, QUESTIONS);
    let others = (APPLYING.len()..100).map(|number| {
        format!(r#"@id("other-{number}") forbid (principal == User::"nobody-{number}", action, resource);"#)
    });
    let text: Vec<String> = APPLYING.iter().map(|one| (*one).to_owned()).chain(others).collect();
    let guardrails =
        GuardrailSettings { own: vec![PolicyFile::new("own.cedar", text.join("\n"))], ..GuardrailSettings::default() };
    let engine = in_memory::open_with(&world.grants, Settings::default().guardrails(guardrails));
    let decider = engine.decider();
    let cedar = Cedar::default();
    let some = |n: usize, text: &str| Policy::parse(Some(cedar_policy::PolicyId::new(n.to_string())), text);
    // A permit, so that the three are what is left to decide.
    let applying = APPLYING.iter().chain(&["permit (principal, action, resource);"]).enumerate();
    let applying = PolicySet::from_policies(applying.map(|(n, text)| some(n, text).expect("a policy"))).expect("a set");
    let (ours, theirs) = (|q: &Question| in_memory::allows(&decider, q), |q: &Question| cedar.allows(&applying, q));
    for question in &world.hits {
        assert_eq!((ours(question), theirs(question)), (true, true), "{question:?}");
    }
    let ours = Contender::slow("jit-access", 512, ours);
    let theirs = Contender::slow("Cedar, the three", 512, theirs);
    let taken = compare(&ours, &theirs, &world.hits, turns);
    let detail = format!("{:.0} ns, Cedar {:.0} ns", taken.nanos, taken.other);
    row(
        "a hit with 100 guardrails of which 3 can apply",
        taken.ratio,
        "× Cedar over the 3 alone",
        Bar::Most(1.5),
        &detail,
    );
}
