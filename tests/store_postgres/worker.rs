//! Another process of a test, which says when it honours a grant and when it does not any more.
//!
//! | variable | meaning |
//! |---|---|
//! | `REVOCATIONS` | how many revocations are timed; 100 when not set |

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jit_access::Check;
use jit_access::command::{Approve, Revoke, Submit};
use jit_access::config::Config;
use jit_access::model::*;
use jit_access::service::Engine;

const CONFIG: &str = "REPLICA_CONFIG";

pub(crate) fn caller(name: &str, roles: &[&str]) -> Caller {
    Caller::new(Principal::user(name).unwrap(), roles.iter().map(|role| RoleName::new(role).unwrap()).collect())
}

pub(crate) fn lead() -> Caller {
    caller("lead@example.com", &["lead"])
}

pub(crate) fn granted(engine: &Engine, name: &str) -> GrantId {
    let why = Justification::new("INC-1").unwrap();
    let submit = Submit::new(RoleName::new("deployer").unwrap()).reason(why);
    let workflow = engine.workflow();
    let request = workflow.execute(&caller(name, &[]), submit, None).unwrap().request.unwrap().id;
    workflow.execute(&lead(), Approve::new(request), None).unwrap().grant.unwrap().id
}

pub(crate) fn revoke(engine: &Engine, grant: GrantId) {
    engine.workflow().execute(&lead(), Revoke::new(grant, Justification::new("over").unwrap()), None).unwrap();
}

pub(crate) fn asked(engine: &Engine, name: &str) -> (Outcome, Reason) {
    let check = Check::text((PrincipalKind::User, name), "tools.execute", Some("tool:deploy"), None).peek();
    let decision = engine.decider().check(&check).unwrap();
    (decision.outcome, decision.basis.reason)
}

pub(crate) fn allows(engine: &Engine, name: &str) -> bool {
    asked(engine, name).0 == Outcome::Allow
}

pub(crate) fn wait_until(limit: Duration, what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < limit, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_micros(300));
    }
    started.elapsed()
}

fn micros() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap()
}

/// Not a test of its own: what another process of the tests below runs. Without its variable it returns at once.
#[test]
fn replica() {
    let Ok(text) = std::env::var(CONFIG) else { return };
    let host = Config::parse(&text, []).unwrap().open().unwrap();
    let say = |line: String| {
        let mut out = std::io::stdout().lock();
        out.write_all(line.as_bytes()).and_then(|()| out.flush()).unwrap();
    };
    say("\nopen\n".to_owned());
    let patience = Duration::from_secs(60);
    for name in std::io::stdin().lines() {
        let name = name.unwrap();
        wait_until(patience, "the grant", || allows(host.engine(), &name));
        say("allowed\n".to_owned());
        wait_until(patience, "the revocation", || !allows(host.engine(), &name));
        say(format!("denied {}\n", micros()));
    }
}

struct Replica {
    child: Child,
    told: std::io::Lines<BufReader<ChildStdout>>,
}

impl Replica {
    fn start(config: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "worker::replica", "--nocapture", "--test-threads=1"]).env(CONFIG, config);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut told = BufReader::new(child.stdout.take().unwrap()).lines();
        while told.next().expect("it ended").unwrap() != "open" {}
        Self { child, told }
    }

    fn say(&mut self, line: &str) {
        self.child.stdin.as_mut().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    fn hear(&mut self) -> String {
        self.told.next().expect("it ended").unwrap()
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How long after a revocation has returned so many other processes deny, in microseconds, in order.
pub(crate) fn latencies(text: &str, others: usize, count: usize) -> Vec<u64> {
    let (late, is_over) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let found = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let started = Instant::now();
                std::thread::sleep(Duration::from_millis(1));
                late.lock().unwrap().push(started.elapsed());
            }
        });
        let found = denials(text, others, count);
        is_over.store(true, Ordering::Relaxed);
        found
    });
    let mut late = late.into_inner().unwrap();
    late.sort_unstable();
    *LATE.lock().unwrap() = late[(late.len() - 1) * 99 / 100];
    found
}

/// How late a thread was woken meanwhile that slept for a millisecond, at the 99th percentile: what the machine itself adds.
static LATE: Mutex<Duration> = Mutex::new(Duration::ZERO);

fn denials(text: &str, others: usize, count: usize) -> Vec<u64> {
    let host = Config::parse(text, []).unwrap().open().unwrap();
    let mut others: Vec<_> = (0..others).map(|_| Replica::start(text)).collect();
    let mut found = Vec::new();
    for number in 0..count {
        let name = format!("dev-{number}@example.com");
        let grant = granted(host.engine(), &name);
        others.iter_mut().for_each(|other| other.say(&name));
        assert!(others.iter_mut().all(|other| other.hear() == "allowed"));
        revoke(host.engine(), grant);
        let returned = micros();
        for other in &mut others {
            let denied: u64 = other.hear().strip_prefix("denied ").unwrap().parse().unwrap();
            found.push(denied.saturating_sub(returned));
        }
    }
    found.sort_unstable();
    found
}

/// Says what was measured. The bound holds where the machine lets threads run: one that wakes them late shows only itself.
pub(crate) fn told(how: &str, all: &[u64], bound: Duration) {
    const BUSY: Duration = Duration::from_millis(4);
    let late = *LATE.lock().unwrap();
    let at = |percent: usize| Duration::from_micros(all[(all.len() - 1) * percent / 100]);
    let (p50, p99, most) = (at(50), at(99), at(100));
    println!(
        "REVOCATIONS {how}: {} denials, p50 {p50:.1?}, p99 {p99:.1?}, at most {most:.1?}; a sleep of 1 ms took {late:.1?}",
        all.len()
    );
    if p99 > bound && late > BUSY {
        println!(
            "SKIPPED: the bound of {bound:?} for a revocation ({how}), because this machine wakes threads {late:.1?} late"
        );
    } else {
        assert!(p99 <= bound, "{how}: {p99:?}");
    }
    assert!(p50 <= bound, "{how}: {p50:?}");
}

/// How many revocations are timed.
pub(crate) fn count() -> usize {
    std::env::var("REVOCATIONS").map_or(100, |text| text.parse().unwrap())
}
