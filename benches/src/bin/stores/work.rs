//! What many processes do at once, each of them this program.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use jit_access::check::Check;
use jit_access::command::{Approve, ListGrants, Revoke, Submit};
use jit_access::config::Config;
use jit_access::host::Host;
use jit_access::model::*;
use jit_access::service::Workflow;
use jit_access_benches::report::say;

pub(crate) fn host(config: &str) -> Host {
    Config::parse(config, []).expect("a configuration").open().expect("a host")
}

fn person(name: &str, roles: &[&str]) -> Caller {
    let roles = roles.iter().map(|role| RoleName::new(role).expect("a name")).collect();
    Caller::new(Principal::user(name).expect("a name"), roles)
}

/// Carries out commands of all kinds, one after the other: somebody asks, somebody else approves, and takes it back.
pub(crate) struct Busy {
    workflow: Workflow,
    process: u32,
    count: u64,
    waits: Option<RequestId>,
    lives: Option<GrantId>,
}

impl Busy {
    pub(crate) fn new(host: &Host) -> Self {
        Self { workflow: host.workflow().clone(), process: std::process::id(), count: 0, waits: None, lives: None }
    }

    pub(crate) fn command(&mut self) {
        let reason = || Justification::new("INC-1").expect("a reason");
        let lead = person("lead@example.com", &["lead"]);
        self.count += 1;
        if let Some(grant) = self.lives.take() {
            self.workflow.execute(&lead, Revoke::new(grant, reason()), None).expect("a revocation");
        } else if let Some(request) = self.waits.take() {
            let given = self.workflow.execute(&lead, Approve::new(request), None).expect("an approval");
            self.lives = given.grant.map(|grant| grant.id);
        } else {
            let who = person(&format!("dev-{}-{}@example.com", self.process, self.count), &[]);
            let submit = Submit::new(RoleName::new("deployer").expect("a name")).reason(reason());
            let made = self.workflow.execute(&who, submit, None).expect("a request");
            self.waits = made.request.map(|request| request.id);
        }
    }
}

/// So many processes do this for a time; how much all of them do in a second.
pub(crate) fn run(count: usize, what: &str, config: &str, time: Duration) -> f64 {
    let mut workers: Vec<_> = (0..count).map(|_| Worker::start(what, config)).collect();
    let began = now();
    workers.iter_mut().for_each(|worker| worker.say(&time.as_millis().to_string()));
    let done: f64 = workers.iter_mut().map(|worker| worker.hear().parse::<f64>().expect("a number")).sum();
    let rate = done / began.elapsed().as_secs_f64();
    say(&format!("{count} × {what}: {rate:.0} a second"));
    rate
}

pub(crate) struct Worker {
    child: Child,
    told: std::io::Lines<BufReader<ChildStdout>>,
}

impl Worker {
    pub(crate) fn start(what: &str, config: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        let mut child = command
            .args(["worker", what, config])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("another process");
        let mut told = BufReader::new(child.stdout.take().expect("its output")).lines();
        assert_eq!(told.next().expect("a line").expect("a line"), "open");
        Self { child, told }
    }

    pub(crate) fn say(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().expect("its input");
        input.write_all(format!("{line}\n").as_bytes()).expect("it listens");
    }

    pub(crate) fn hear(&mut self) -> String {
        self.told.next().expect("a line").expect("a line")
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What one of them does. Whoever measures ends it.
pub(crate) fn worker(what: &str, config: &str) {
    let host = host(config);
    let mut busy = Busy::new(&host);
    println!("open");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("a line");
    let time = Duration::from_millis(line.trim().parse().expect("a number"));
    let (began, mut count) = (now(), 0_u64);
    match what {
        "commands" => {
            while began.elapsed() < time {
                busy.command();
                count += 1;
            }
        }
        "lists" => {
            let lead = person("lead@example.com", &["lead"]);
            while began.elapsed() < time {
                let page = host.workflow().grants(&lead, &ListGrants::default());
                assert!(!page.expect("a page").items.is_empty());
                count += 1;
            }
        }
        "nothing" => std::thread::sleep(time),
        _ => {
            let holder = format!("dev-{}-1@example.com", std::os::unix::process::parent_id());
            let check = Check::text((PrincipalKind::User, &holder), "tools.execute", Some("tool:deploy"), None);
            while began.elapsed() < time {
                for _ in 0..100 {
                    let answer = host.engine().decider().check(&check).expect("an answer");
                    assert_eq!(answer.outcome, Outcome::Allow);
                }
                count += 100;
            }
            host.engine().reconciler().flush().expect("the last uses");
        }
    }
    println!("{count}");
    line.clear();
    let _ = std::io::stdin().read_line(&mut line);
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
