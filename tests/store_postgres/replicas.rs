//! What do several processes do together, and one that the others cannot reach?

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use jit_access::clock::{Clock, ClockTrouble, ManualClock, SystemClock};
use jit_access::config::Config;
use jit_access::host::Host;
use jit_access::model::*;
use jit_access::service::{AuthorizeRequest, Engine};

use super::fresh_schema;
use super::server::{self, Proxy};
use super::worker::{allows, asked, count, granted, latencies, lead, revoke, told, wait_until};

fn config(url: &str, schema: &str, more: &str) -> String {
    format!(
        "jit_access: {{approver_roles: [lead], roles: {{deployer: {{permissions: [tools.execute]}}}}, \
         limits: {{grants_total: 100000}}, standing_policies: {{text: 'permit (principal, action, resource) when \
         {{ principal == User::\"always@example.com\" }};'}}, store: {{url: '{url}', schema: '{schema}'{more}}}}}"
    )
}

fn with_service(config: &str, service: &str) -> Config {
    let text = config.replacen("jit_access: {", &format!("jit_access: {{service: {{{service}}}, "), 1);
    Config::parse(&text, []).unwrap()
}

#[test]
fn a_revocation_is_heard_at_once_by_other_processes() {
    let Some(server) = server::shared() else { return };
    let url = format!("postgresql://jit@127.0.0.1:{}/postgres", server.port);
    let timed = |more: &str, interval: u32| {
        let text = config(&url, &fresh_schema(), more);
        let text = text.replacen("jit_access: {", &format!("jit_access: {{service: {{interval_ms: {interval}}}, "), 1);
        latencies(&text, 2, count())
    };
    // So seldom is it asked that only what is heard can be this fast.
    told("heard", &timed(&format!(", listen_url: '{url}'"), 1_000), Duration::from_millis(100));
    told("asked for every 50 ms", &timed("", 50), Duration::from_millis(100));
}

#[test]
fn a_process_that_hears_nothing_finds_what_was_committed_all_the_same() {
    let Some(server) = server::shared() else { return };
    let proxy = Proxy::to(server);
    let (url, schema) = (format!("postgresql://jit@127.0.0.1:{}/postgres", server.port), fresh_schema());
    let deaf = format!(", listen_url: 'postgresql://jit@127.0.0.1:{}/postgres'", proxy.port);
    let one = with_service(&config(&url, &schema, ""), "interval_ms: 1000").open().unwrap();
    let other = with_service(&config(&url, &schema, &deaf), "interval_ms: 100").open().unwrap();
    proxy.swallow(true);
    let grant = granted(one.engine(), "dev@example.com");
    wait_until(Duration::from_secs(10), "the grant", || allows(other.engine(), "dev@example.com"));
    revoke(one.engine(), grant);
    wait_until(Duration::from_secs(10), "its end", || !allows(other.engine(), "dev@example.com"));
    proxy.swallow(false);

    // Another journal behind the second address is said, and nothing is heard from it.
    let elsewhere = fresh_schema();
    drop(Config::parse(&config(&url, &elsewhere, ""), []).unwrap().open().unwrap());
    let wrong: jit_access::store::PostgresUrl = url.replace("/postgres", "/template1").parse().unwrap();
    let options = jit_access::store::PostgresOptions { listen_url: Some(wrong), ..super::patient(&elsewhere) };
    let store = jit_access::store::PostgresStore::open(url.parse().unwrap(), options).unwrap();
    let error = jit_access::store::Store::hear(&store, Duration::from_millis(10)).unwrap_err();
    assert!(error.to_string().contains("listening for changes"), "{error}");
}

/// Nothing is closed: what is sent is swallowed, which no socket tells.
#[test]
fn a_process_that_is_cut_off_stops_elevation_in_time_and_standing_rights_go_on() {
    const BOUND: Duration = Duration::from_millis(1_000);
    let Some(server) = server::shared() else { return };
    let proxy = Proxy::to(server);
    let schema = fresh_schema();
    let open = |port: u16| -> Host {
        let url = format!("postgresql://jit@127.0.0.1:{port}/postgres");
        with_service(&config(&url, &schema, ""), "max_staleness_ms: 1000").open().unwrap()
    };
    let (here, cut_off) = (open(server.port), open(proxy.port));
    let (revoked, kept) = ("dev@example.com", "ops@example.com");
    let (grant, _) = (granted(here.engine(), revoked), granted(here.engine(), kept));
    for name in [revoked, kept] {
        wait_until(Duration::from_secs(10), "the grant", || allows(cut_off.engine(), name));
    }
    let standing = |engine: &Engine| {
        let asked = AuthorizeRequest::new(
            Principal::user("always@example.com").unwrap(),
            "tools.execute".parse().unwrap(),
            "tool:deploy".parse().unwrap(),
        );
        engine.authorize(&asked).unwrap().outcome == Outcome::Allow
    };
    let is_over = AtomicBool::new(false);
    let cut_off = &cut_off;
    std::thread::scope(|scope| {
        let rights = scope.spawn(|| {
            let (mut count, mut slowest) = (0, Duration::ZERO);
            // Whatever else fails, this ends.
            let began = Instant::now();
            while !is_over.load(Ordering::Relaxed) && began.elapsed() < BOUND * 60 {
                let started = Instant::now();
                assert!(standing(cut_off.engine()), "a standing right stopped");
                assert_eq!(asked(cut_off.engine(), "nobody@example.com"), (Outcome::NotApplicable, Reason::NoGrant));
                slowest = slowest.max(started.elapsed());
                count += 1;
                std::thread::sleep(Duration::from_millis(2));
            }
            (count, slowest)
        });
        proxy.swallow(true);
        let swallowed = Instant::now();
        revoke(here.engine(), grant);
        // Many ask at once, and none waits for all the others.
        let asking: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(move || {
                    let mut last_allow = Duration::ZERO;
                    let mut slowest = Duration::ZERO;
                    while swallowed.elapsed() < BOUND * 4 {
                        let started = Instant::now();
                        if allows(cut_off.engine(), kept) {
                            last_allow = swallowed.elapsed();
                        }
                        slowest = slowest.max(started.elapsed());
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    (last_allow, slowest)
                })
            })
            .collect();
        for asking in asking {
            let (last_allow, slowest) = asking.join().unwrap();
            println!("CUT OFF: the last allow came after {last_allow:?}, the slowest check took {slowest:?}");
            assert!(last_allow <= BOUND + Duration::from_millis(200), "an allow after {last_allow:?}");
            assert!(slowest < BOUND * 3, "each waits for one answer, and not for those of all others: {slowest:?}");
        }
        assert_eq!(asked(cut_off.engine(), kept), (Outcome::NotApplicable, Reason::Stale), "the decision says why");
        assert!(allows(here.engine(), kept), "only on that one");
        proxy.swallow(false);
        let healed = wait_until(Duration::from_secs(30), "its return", || allows(cut_off.engine(), kept));
        println!("CUT OFF: elevation came back {healed:?} after the network did");
        assert!(!allows(cut_off.engine(), revoked), "what was revoked meanwhile is known with it");
        is_over.store(true, Ordering::Relaxed);
        let (count, slowest) = rights.join().unwrap();
        println!("CUT OFF: {count} standing rights meanwhile, the slowest in {slowest:?}");
        assert!(count > 100 && slowest < Duration::from_millis(500), "{count} in {slowest:?}");
    });
    let told = cut_off.engine().metrics().unwrap();
    assert!(told.to_prometheus().contains("jit_not_honoured_total{reason=\"stale\"}"));
    let health = cut_off.workflow().health(&lead()).unwrap();
    assert!(health.at.millis() - health.store.current_at.unwrap().millis() < 5_000);
}

#[test]
fn a_host_whose_clock_is_wrong_stops_elevation_there_only_and_writes_the_right_time() {
    let Some(server) = server::shared() else { return };
    let (url, schema) = (format!("postgresql://jit@127.0.0.1:{}/postgres", server.port), fresh_schema());
    let now = || SystemClock::default().wall();
    let at = |millis: i64| Timestamp::from_millis(millis).unwrap();
    for wrong in [3_600_000_i32, -120_000] {
        let millis = i64::from(wrong);
        let clock = Arc::new(ManualClock::at(at(now() + millis)));
        let right = Config::parse(&config(&url, &schema, ""), []).unwrap().open().unwrap();
        let builder = Host::builder(Config::parse(&config(&url, &schema, ""), []).unwrap());
        let skewed = builder.clock(clock.clone()).open().unwrap();
        let name = format!("dev{wrong}@example.com");
        // The command is carried out by the one whose clock is wrong.
        let made = granted(skewed.engine(), &name);
        wait_until(Duration::from_secs(10), "the grant", || allows(right.engine(), &name));
        assert_eq!(asked(skewed.engine(), &name), (Outcome::NotApplicable, Reason::Stale));
        let store = right.engine().now().millis();
        assert!((store - now()).abs() < 5_000, "what it wrote moved the time of the others by {} ms", store - now());
        let health = skewed.workflow().health(&lead()).unwrap().clock;
        let which = if wrong > 0 { ClockTrouble::Ahead } else { ClockTrouble::Behind };
        assert_eq!(health.trouble, Some(which));
        assert!((health.skew_ms.unwrap() - millis).abs() < 30_000, "{health:?}");
        assert_eq!(right.workflow().health(&lead()).unwrap().clock.trouble, None, "the others go on");
        let told = skewed.engine().metrics().unwrap();
        assert!((told.value("jit_clock_skew_seconds").unwrap() * 1_000.0 - f64::from(wrong)).abs() < 30_000.0);
        assert_eq!(told.value("jit_clock_doubted"), Some(1.0));

        // It is set right, and noticed without a restart.
        wait_until(Duration::from_secs(20), "its return", || {
            clock.set_wall(at(now()));
            clock.advance(1);
            allows(skewed.engine(), &name)
        });
        assert_eq!(skewed.workflow().health(&lead()).unwrap().clock.trouble, None);
        revoke(skewed.engine(), made);
    }
}
