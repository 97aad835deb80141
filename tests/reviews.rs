//! Reviews: any order gives the same result, and of two answers given at once exactly one holds, for both.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use jit_access::clock::ManualClock;
use jit_access::command::{Approve, Command, Delegate, ReportStanding, Resume, Revoke, Submit, Suspend, Withdraw};
use jit_access::config::Config;
use jit_access::model::*;
use jit_access::service::{Builder, Engine};
use jit_access::store::conformance::world::{person, role};
use jit_access::store::{MemoryStore, SqliteOptions, SqliteStore, Store};
use jit_access::workflow::{Call, Ids, View, decide, evolve, waiting_for};
use jit_access::{Error, ErrorKind};
use proptest::prelude::*;

fn start() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

fn approve(request: RequestId, cut: Cut) -> Command {
    Approve::new(request).at_most(cut).into()
}

fn submit() -> Submit {
    Submit::new(role("operator")).reason(Justification::new("because").unwrap())
}

mod any_order {
    use super::*;

    const ROLES: [&str; 4] = ["a", "b", "c", "d"];

    fn some_roles() -> impl Strategy<Value = Vec<&'static str>> {
        proptest::sample::subsequence(&ROLES[..], 1..=3)
    }

    fn steps() -> impl Strategy<Value = Vec<(Vec<&'static str>, u32)>> {
        proptest::collection::vec((some_roles(), 1..=2_u32), 1..=3)
    }

    /// What somebody holds, and takes off. Any two of these leave something.
    fn reviewers() -> impl Strategy<Value = Vec<(Vec<&'static str>, Cut)>> {
        let scope = proptest::option::of(proptest::sample::select(&["*", "tool", "server:s", "tool@server:s"][..]));
        let cut = (scope, proptest::option::of(1..8_i64)).prop_map(|(scope, hours)| {
            Cut::default()
                .conditions(Default::default())
                .permissions(None)
                .scope(scope.map(|text| text.parse().unwrap()))
                .duration(hours.map(|hours| Ttl::from_millis(hours * 3_600_000).unwrap()))
        });
        proptest::collection::vec((some_roles(), cut), 1..=6)
    }

    /// How many places these people can fill, each one at most: by trying everything.
    fn most(people: &[&Vec<&str>], places: &[&Vec<&str>]) -> usize {
        let Some((first, rest)) = people.split_first() else { return 0 };
        let without = most(rest, places);
        (0..places.len())
            .filter(|at| places[*at].iter().any(|role| first.contains(role)))
            .map(|at| {
                let left: Vec<_> =
                    places.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, p)| *p).collect();
                1 + most(rest, &left)
            })
            .fold(without, usize::max)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn gives_the_same_result(
            steps in steps(),
            people in reviewers(),
            order in proptest::collection::vec(any::<u32>(), 6),
        ) {
            let approval = steps.iter().map(|(roles, count)| ApprovalRule {
                roles: roles.iter().map(|name| role(name)).collect(),
                count: *count,
                escalation: None,
            });
            let operator = Config::parse("jit_access: {roles: {operator: {permissions: ['tools.*']}}}", []).unwrap().rules;
            let rules = operator.approval(approval.collect());
            let places: Vec<_> =
                steps.iter().flat_map(|(roles, count)| (0..*count).map(move |_| roles)).collect();

            let (dev, command) = (person("dev", &[]), submit().into());
            let view = View::default();
            let call = Call::new(&dev, &command, Ids::from_u128(1));
            let mut view = decide(&view, &call, &rules, start()).unwrap().iter().fold(view, evolve);
            let terms = view.request.as_ref().unwrap().terms();

            // The people in a random order. What is so after some of them depends on who they were, and on nothing else.
            let mut queue: Vec<_> = (0..people.len()).collect();
            queue.sort_by_key(|index| order[*index]);
            let mut came: BTreeSet<usize> = BTreeSet::new();
            for index in queue {
                let (roles, cut) = &people[index];
                let caller = person(&format!("r{index}"), roles);
                let command = approve(RequestId::from_u128(1), cut.clone());
                let eligible = places.iter().any(|place| place.iter().any(|role| roles.contains(role)));
                let decided = decide(&view, &Call::new(&caller, &command, Ids::from_u128(2)), &rules, start());
                if view.grant.is_some() {
                    prop_assert_eq!(decided.unwrap_err().code().name(), if eligible { "request_not_pending" } else { "unknown_request" });
                    continue;
                }
                if !eligible {
                    prop_assert_eq!(decided.unwrap_err().code().name(), "unknown_request");
                    continue;
                }
                came.insert(index);
                view = decided.unwrap().iter().fold(view, evolve);
                let held: Vec<_> = came.iter().map(|index| &people[*index].0).collect();
                let missing = places.len() - most(&held, &places);
                let request = view.request.as_ref().unwrap();
                prop_assert_eq!(view.grant.is_some(), missing == 0);
                let waiting: u32 = waiting_for(request, start()).iter().map(|step| step.count).sum();
                prop_assert_eq!(waiting as usize, missing);
                if let Some(grant) = &view.grant {
                    // In the order of their names, which is not the order in which they came.
                    let left = came.iter().fold(terms.clone(), |terms, index| terms.cut(&people[*index].1).unwrap());
                    prop_assert_eq!(&grant.permissions, &left.permissions);
                    prop_assert_eq!(&grant.scope, &left.scope);
                    prop_assert_eq!(grant.window.end().millis() - grant.window.start().millis(), left.duration.millis());
                }
            }
        }
    }
}

mod at_once {
    use super::*;

    const CONFIG: &str = "
jit_access:
  approver_roles: [lead]
  approval_timeout_hours: 1
  roles:
    operator: {permissions: ['tools.*']}
    twice: {permissions: ['tools.*'], approval: [{roles: [lead]}, {roles: [owner]}]}
";

    /// Two engines over one store, as two gateways have them, and the clock that both read.
    struct Pair {
        engines: [Engine; 2],
        clock: Arc<ManualClock>,
        asked: AtomicU32,
        _folder: Option<tempfile::TempDir>,
    }

    fn engine(store: Arc<dyn Store>, clock: &Arc<ManualClock>) -> Engine {
        let config = Config::parse(CONFIG, []).unwrap();
        Builder::shared(store, config.rules).clock(clock.clone()).open().unwrap()
    }

    fn pairs() -> [Pair; 2] {
        let clock = Arc::new(ManualClock::at(start()));
        let memory: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let engines = [engine(memory.clone(), &clock), engine(memory, &clock)];
        let in_memory = Pair { engines, clock, asked: AtomicU32::new(0), _folder: None };

        let clock = Arc::new(ManualClock::at(start()));
        let folder = tempfile::TempDir::new().unwrap();
        let file = |path: &Path| -> Arc<dyn Store> {
            let options = SqliteOptions::default().busy_timeout(std::time::Duration::from_secs(60));
            Arc::new(SqliteStore::open(path.join("jit.db"), options).unwrap())
        };
        let engines = [engine(file(folder.path()), &clock), engine(file(folder.path()), &clock)];
        [in_memory, Pair { engines, clock, asked: AtomicU32::new(0), _folder: Some(folder) }]
    }

    /// What each of the two got: the status of the request, or the code of a refusal.
    type Told = [Result<RequestStatus, &'static str>; 2];

    impl Pair {
        /// A new request of `dev`'s, for a place that no grant of theirs reaches.
        fn asked(&self, wanted: &str) -> RequestId {
            let workflow = self.engines[0].workflow();
            let mut command = submit();
            command.role = role(wanted);
            command.resource = format!("server:s{}", self.asked.fetch_add(1, Ordering::Relaxed)).parse().unwrap();
            workflow.execute(&person("dev", &[]), command, None).unwrap().request.unwrap().id
        }

        /// Both at once, each by its own engine.
        fn both(&self, commands: [(Caller, Command); 2]) -> Told {
            let gate = Barrier::new(2);
            let run = |engine: &Engine, (caller, command): (Caller, Command)| {
                gate.wait();
                let answer = engine.workflow().execute(&caller, command, None);
                answer.map(|receipt| receipt.request.unwrap().status(receipt.now)).map_err(code)
            };
            let [first, second] = commands;
            thread::scope(|scope| {
                let first = scope.spawn(|| run(&self.engines[0], first));
                let second = scope.spawn(|| run(&self.engines[1], second));
                [first.join().unwrap(), second.join().unwrap()]
            })
        }

        /// What both engines say of it afterwards, which is one thing.
        fn outcome(&self, request: RequestId) -> (RequestStatus, Option<GrantId>) {
            let [one, other] = [&self.engines[0], &self.engines[1]].map(|engine| {
                let receipt = engine.workflow().request(&person("dev", &[]), request).unwrap();
                (receipt.request.unwrap().status(receipt.now), receipt.grant.map(|grant| grant.id))
            });
            assert_eq!(one, other);
            one
        }
    }

    fn code(error: Error) -> &'static str {
        assert_ne!(error.kind(), ErrorKind::Internal, "{error}");
        error.code()
    }

    fn yes(request: RequestId, who: Caller) -> (Caller, Command) {
        (who, approve(request, Cut::default()))
    }

    const ROUNDS: usize = 25;

    #[test]
    fn of_two_approvers_one_makes_the_grant_and_the_other_is_told() {
        for pair in pairs() {
            for _ in 0..ROUNDS {
                let request = pair.asked("operator");
                let mut told =
                    pair.both([yes(request, person("ann", &["lead"])), yes(request, person("ben", &["lead"]))]);
                told.sort_by_key(Result::is_err);
                assert_eq!(told, [Ok(RequestStatus::Approved), Err("request_not_pending")]);
                let (status, grant) = pair.outcome(request);
                assert_eq!((status, grant.is_some()), (RequestStatus::Approved, true));
            }
            assert_eq!(pair.engines[0].workflow().live_grants().unwrap().1.len(), ROUNDS);
            pair.engines[1].workflow().verify().unwrap();
        }
    }

    #[test]
    fn two_that_fill_two_steps_are_both_heard() {
        for pair in pairs() {
            for _ in 0..ROUNDS {
                let request = pair.asked("twice");
                let mut told =
                    pair.both([yes(request, person("ann", &["lead"])), yes(request, person("ben", &["owner"]))]);
                told.sort_by_key(|answer| answer.unwrap() == RequestStatus::Approved);
                assert_eq!(told, [Ok(RequestStatus::Pending), Ok(RequestStatus::Approved)]);
                assert!(pair.outcome(request).1.is_some());
            }
        }
    }

    #[test]
    fn one_person_in_two_places_is_one_approver() {
        for pair in pairs() {
            for _ in 0..ROUNDS {
                let request = pair.asked("twice");
                let both = || person("ann", &["lead", "owner"]);
                let mut told = pair.both([yes(request, both()), yes(request, both())]);
                told.sort_by_key(Result::is_err);
                assert_eq!(told, [Ok(RequestStatus::Pending), Err("already_reviewed")]);
                assert_eq!(pair.outcome(request), (RequestStatus::Pending, None));
            }
        }
    }

    #[test]
    fn of_an_approval_and_a_withdrawal_one_holds() {
        for pair in pairs() {
            for _ in 0..ROUNDS {
                let request = pair.asked("operator");
                let withdraw = (person("dev", &[]), Withdraw::new(request).into());
                let told = pair.both([yes(request, person("ann", &["lead"])), withdraw]);
                let (status, grant) = pair.outcome(request);
                match told {
                    [Ok(RequestStatus::Approved), Err("request_not_pending")] => {
                        assert!(status == RequestStatus::Approved && grant.is_some());
                    }
                    [Err("request_not_pending"), Ok(RequestStatus::Withdrawn)] => {
                        assert_eq!((status, grant), (RequestStatus::Withdrawn, None));
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    #[test]
    fn an_approval_at_the_instant_of_the_timeout_comes_too_late_and_one_before_holds() {
        for pair in pairs() {
            let too_late = pair.asked("operator");
            pair.clock.advance(3_600_000);
            let commands = || ["ann", "ben"].map(|name| yes(too_late, person(name, &["lead"])));
            assert_eq!(pair.both(commands()), [Err("request_timed_out"); 2]);
            assert_eq!(pair.outcome(too_late), (RequestStatus::TimedOut, None));
            let just = pair.asked("operator");
            pair.clock.advance(3_599_999);
            let answer = pair.engines[1].workflow().execute(&person("ann", &["lead"]), Approve::new(just), None);
            assert!(answer.unwrap().grant.is_some());
        }
    }

    #[test]
    fn an_approval_while_the_timeout_comes_and_is_noted_has_one_outcome() {
        for pair in pairs() {
            for _ in 0..ROUNDS {
                let request = pair.asked("operator");
                pair.clock.advance(3_599_999);
                let gate = Barrier::new(3);
                let approval = yes(request, person("ann", &["lead"]));
                let told = thread::scope(|scope| {
                    let approver = scope.spawn(|| {
                        gate.wait();
                        pair.engines[0].workflow().execute(&approval.0, approval.1, None).map_err(code)
                    });
                    scope.spawn(|| {
                        gate.wait();
                        pair.clock.advance(1);
                    });
                    scope.spawn(|| {
                        gate.wait();
                        pair.engines[1].reconciler().tick().unwrap();
                    });
                    approver.join().unwrap()
                });
                match (told, pair.outcome(request)) {
                    (Ok(receipt), (RequestStatus::Approved, Some(_))) => {
                        let times_out_at = receipt.request.unwrap().times_out_at;
                        assert!(receipt.grant.unwrap().approved_at < times_out_at);
                    }
                    (Err("request_timed_out"), (RequestStatus::TimedOut, None)) => {}
                    other => panic!("{other:?}"),
                }
                // Whoever comes now, in whichever process, is told the same.
                let late = yes(request, person("ben", &["lead"]));
                assert!(pair.engines[1].workflow().execute(&late.0, late.1, None).is_err());
                pair.engines[0].reconciler().tick().unwrap();
            }
            pair.engines[1].workflow().verify().unwrap();
        }
    }
}

mod still_a_reviewer {
    use super::*;
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    use jit_access::service::{Directory, DirectoryError, Known};

    /// A host whose people come and go while a test runs.
    #[derive(Debug, Default, Clone)]
    struct Host(Arc<Mutex<BTreeMap<Principal, Known>>>, Arc<std::sync::atomic::AtomicBool>);

    impl Host {
        fn says(&self, who: &Caller, enabled: bool, roles: &[&str]) {
            let standing = Standing { enabled, roles: roles.iter().map(|name| role(name)).collect() };
            self.answers(who, standing.into());
        }

        fn answers(&self, who: &Caller, known: Known) {
            self.0.lock().unwrap().insert(who.principal.clone(), known);
        }
    }

    impl Directory for Host {
        fn standing(&self, principal: &Principal) -> Result<Known, DirectoryError> {
            if self.1.load(Ordering::Relaxed) {
                return Err(DirectoryError::new("no route to the identity provider"));
            }
            Ok(self.0.lock().unwrap().get(principal).cloned().unwrap_or(Known::NotJudged))
        }
    }

    const CONFIG: &str = "
jit_access:
  roles: {operator: {permissions: ['tools.*'], approval: [{roles: [lead]}, {roles: [owner]}]}}
";

    /// An engine that asks `host`, with a request of dev's that Ann, a lead, has approved.
    fn approved_by_ann(host: &Host) -> (Engine, RequestId) {
        let rules = Config::parse(CONFIG, []).unwrap().rules;
        let clock = Arc::new(ManualClock::at(start()));
        let engine = Builder::new(MemoryStore::new(), rules).clock(clock).directory(host.clone()).open().unwrap();
        let command = submit();
        let made = engine.workflow().execute(&person("dev", &[]), command, None).unwrap();
        let request = made.request.unwrap().id;
        assert_eq!(yes(&engine, request, person("ann", &["lead"])), Ok((RequestStatus::Pending, vec![false])));
        (engine, request)
    }

    /// The status after a yes, and which approvals have lapsed; or the code of the refusal.
    fn yes(engine: &Engine, request: RequestId, who: Caller) -> Result<(RequestStatus, Vec<bool>), &'static str> {
        let command = approve(request, Cut::default());
        let receipt = engine.workflow().execute(&who, command, None).map_err(|error| error.code())?;
        let request = receipt.request.unwrap();
        Ok((request.status(receipt.now), request.reviews.iter().map(|review| review.lapsed.is_some()).collect()))
    }

    #[test]
    fn an_approval_counts_while_its_reviewer_has_what_it_was_given_with() {
        let host = Host::default();
        for (enabled, roles, holds) in [
            (true, &["lead", "owner"][..], true),
            (true, &["owner"][..], false),
            (true, &[][..], false),
            (false, &["lead"][..], false),
        ] {
            host.says(&person("ann", &[]), true, &["lead"]);
            let (engine, request) = approved_by_ann(&host);
            host.says(&person("ann", &[]), enabled, roles);
            let wanted = if holds { RequestStatus::Approved } else { RequestStatus::Pending };
            let said = yes(&engine, request, person("ben", &["owner"])).unwrap();
            assert_eq!(said, (wanted, vec![!holds, false]), "{enabled} {roles:?}");
            if !holds {
                // What has lapsed does not come back by itself; somebody says yes anew.
                host.says(&person("ann", &[]), true, &["lead"]);
                let said = yes(&engine, request, person("ann", &["lead"])).unwrap();
                assert_eq!(said, (RequestStatus::Approved, vec![true, false, false]));
            }
            engine.workflow().verify().unwrap();
        }
    }

    #[test]
    fn who_is_disabled_asks_for_nothing_whatever_was_reported_before() {
        let host = Host::default();
        let (engine, _) = approved_by_ann(&host);
        let (workflow, eve) = (engine.workflow(), person("eve", &[]));
        let ask = || workflow.execute(&eve, submit(), None).map(drop);
        host.says(&eve, false, &[]);
        assert_eq!(ask().map_err(|error| error.code()), Err("not_eligible"));
        host.says(&eve, true, &[]);
        workflow.execute_for_host(ReportStanding::new(eve.principal.clone(), false)).unwrap();
        assert_eq!(ask().map_err(|error| error.code()), Ok(()), "a report that nobody took back keeps nobody out");
        host.1.store(true, Ordering::Relaxed);
        assert_eq!(ask().map_err(|error| error.code()), Err("unavailable"));
    }

    #[test]
    fn who_is_disabled_reviews_nothing() {
        let host = Host::default();
        let (engine, request) = approved_by_ann(&host);
        host.says(&person("ben", &[]), false, &["owner"]);
        assert_eq!(yes(&engine, request, person("ben", &["owner"])), Err("not_eligible"));
    }

    #[test]
    fn a_host_that_cannot_say_stands_in_nobodys_way_to_take_access_away() {
        let host = Host::default();
        let (engine, request) = approved_by_ann(&host);
        let (workflow, ann) = (engine.workflow(), person("ann", &["lead"]));
        yes(&engine, request, person("ben", &["owner"])).unwrap();
        let grant = workflow.request(&ann, request).unwrap().grant.unwrap().id;
        let does =
            |by: &Caller, command: Command| workflow.execute(by, command, None).map(drop).map_err(|error| error.code());
        let reason = Justification::new("an incident").unwrap();
        let suspend = || Suspend::new(grant, reason.clone());
        host.1.store(true, Ordering::Relaxed);
        assert_eq!(does(&ann, suspend().into()), Ok(()));
        assert_eq!(does(&ann, Resume::new(grant).into()), Err("unavailable"), "giving back waits for the host");
        assert_eq!(does(&ann, Revoke::new(grant, reason.clone()).into()), Ok(()));
        // What was reported before still tells who may not.
        workflow.execute_for_host(ReportStanding::new(ann.principal.clone(), false)).unwrap();
        assert_eq!(does(&ann, suspend().into()), Err("not_eligible"));
    }

    #[test]
    fn a_stand_in_for_somebody_who_lost_the_role_reviews_nothing() {
        let host = Host::default();
        let (engine, request) = approved_by_ann(&host);
        let (cid, ben) = (person("cid", &["owner"]), person("ben", &[]));
        let workflow = engine.workflow();
        let lend = Delegate::new(
            ben.principal.clone(),
            start().saturating_add(Ttl::from_hours(9.0).unwrap()),
            Justification::new("away").unwrap(),
        );
        workflow.execute(&cid, lend, None).unwrap();
        host.says(&cid, true, &[]);
        assert_eq!(yes(&engine, request, ben.clone()), Err("not_an_approver"));
        host.says(&cid, false, &["owner"]);
        assert_eq!(yes(&engine, request, ben.clone()), Err("not_an_approver"));
        host.says(&cid, true, &["owner"]);
        assert_eq!(yes(&engine, request, ben), Ok((RequestStatus::Approved, vec![false, false])));
    }

    #[test]
    fn who_is_gone_has_no_say() {
        let host = Host::default();
        let (engine, request) = approved_by_ann(&host);
        let (ann, ben, dev) = (person("ann", &["lead"]), person("ben", &["owner"]), person("dev", &[]));
        host.answers(&dev, Known::Gone);
        assert_eq!(yes(&engine, request, ben.clone()), Err("not_eligible"), "whose request is it?");
        host.answers(&dev, Known::NotJudged);
        host.answers(&ben, Known::Gone);
        assert_eq!(yes(&engine, request, ben.clone()), Err("not_eligible"));
        host.answers(&ben, Known::NotJudged);
        host.answers(&ann, Known::Gone);
        assert_eq!(yes(&engine, request, ben), Ok((RequestStatus::Pending, vec![true, false])), "her yes has lapsed");
    }

    #[test]
    fn an_account_of_the_same_name_inherits_nothing() {
        let host = Host::default();
        let (engine, request) = approved_by_ann(&host);
        let made = |roles: &[&str], hours: f64| {
            let roles = roles.iter().map(|name| role(name)).collect();
            let since = Some(start().saturating_add(Ttl::from_hours(hours).unwrap()));
            Known::Account { standing: Standing { enabled: true, roles }, since }
        };
        let (ann, ben, dev) = (person("ann", &["lead"]), person("ben", &["owner"]), person("dev", &[]));
        host.answers(&dev, made(&[], 1.0));
        assert_eq!(yes(&engine, request, ben.clone()), Err("not_eligible"), "somebody else asked for it");
        assert_eq!(engine.workflow().execute(&dev, Withdraw::new(request), None).unwrap_err().code(), "not_eligible");
        let since = Some(start());
        let standing = Standing { enabled: true, roles: vec![] };
        host.answers(&dev, Known::Account { standing, since });
        host.answers(&ann, made(&["lead"], 1.0));
        let said = yes(&engine, request, ben).unwrap();
        assert_eq!(said, (RequestStatus::Pending, vec![true, false]), "another Ann has approved nothing");
    }

    #[test]
    fn what_was_lent_by_or_to_an_earlier_account_is_not_lent() {
        let host = Host::default();
        let (engine, request) = approved_by_ann(&host);
        let (cid, ben) = (person("cid", &["owner"]), person("ben", &[]));
        let workflow = engine.workflow();
        let lend = Delegate::new(
            ben.principal.clone(),
            start().saturating_add(Ttl::from_hours(9.0).unwrap()),
            Justification::new("away").unwrap(),
        );
        workflow.execute(&cid, lend, None).unwrap();
        let later = Some(start().saturating_add(Ttl::from_hours(1.0).unwrap()));
        let owner = Standing { enabled: true, roles: vec![role("owner")] };
        host.answers(&cid, Known::Account { standing: owner.clone(), since: later });
        assert_eq!(yes(&engine, request, ben.clone()), Err("not_an_approver"));
        host.answers(&cid, Known::Gone);
        assert_eq!(yes(&engine, request, ben.clone()), Err("not_an_approver"));
        host.answers(&cid, owner.into());
        let standing = Standing { enabled: true, roles: vec![] };
        host.answers(&ben, Known::Account { standing, since: later });
        assert_eq!(yes(&engine, request, ben.clone()), Err("unknown_request"));
        host.answers(&ben, Known::NotJudged);
        assert_eq!(yes(&engine, request, ben), Ok((RequestStatus::Approved, vec![false, false])));
    }

    #[test]
    fn while_the_host_cannot_say_nobody_reviews_and_all_can_try_again() {
        let host = Host::default();
        let (engine, request) = approved_by_ann(&host);
        host.1.store(true, Ordering::Relaxed);
        assert_eq!(yes(&engine, request, person("ben", &["owner"])), Err("unavailable"));
        host.1.store(false, Ordering::Relaxed);
        assert!(yes(&engine, request, person("ben", &["owner"])).is_ok());
    }
}
