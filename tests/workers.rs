//! Several processes on one SQLite file: what one of them takes away, none of the others honours for long.

#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "real processes take their time, and are waited for")]

#[path = "store_postgres/worker.rs"]
mod worker;

use worker::{count, latencies, told};

/// How much of a core a process takes that nobody asks anything, in percent, over a second.
fn idle_percent(text: &str) -> f64 {
    let host = jit_access::config::Config::parse(text, []).unwrap().open().unwrap();
    let used = || -> f64 {
        let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap();
        let others = std::fs::read_dir("/proc/self/task").unwrap().flatten();
        let of = |path: std::path::PathBuf| std::fs::read_to_string(path.join("schedstat")).unwrap_or_default();
        let all = others
            .map(|task| of(task.path()))
            .chain([String::new()])
            .map(|text| text.split(' ').next().and_then(|nanos| nanos.parse::<f64>().ok()).unwrap_or(0.0));
        assert!(!stat.is_empty());
        all.sum()
    };
    std::thread::sleep(std::time::Duration::from_millis(300));
    let before = used();
    std::thread::sleep(std::time::Duration::from_secs(2));
    let percent = (used() - before) / 2e7;
    host.close().unwrap();
    percent
}

#[test]
fn a_revocation_is_honoured_by_four_processes_within_fifty_milliseconds() {
    let folder = tempfile::tempdir().unwrap();
    let text = |name: &str| {
        format!(
            "jit_access: {{approver_roles: [lead], roles: {{deployer: {{permissions: [tools.execute]}}}}, \
             limits: {{grants_total: 100000}}, store: {{path: {:?}}}}}",
            folder.path().join(name)
        )
    };
    let idle = idle_percent(&text("idle.db"));
    println!("IDLE: {idle:.2} % of a core");
    assert!(idle < 5.0, "nobody waits by asking all the time: {idle} % of a core");
    told("on one file", &latencies(&text("one.db"), 3, count()), std::time::Duration::from_millis(50));
}
