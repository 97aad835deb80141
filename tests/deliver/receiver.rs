//! A receiver: `receiver.py` in a process of its own.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::Value;

pub(crate) struct Receiver {
    pub(crate) port: u16,
    child: Child,
    /// It ends when this is closed.
    _input: ChildStdin,
    received: mpsc::Receiver<Value>,
}

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

impl Receiver {
    /// Waits until it listens.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let mut child = Command::new(python())
            .arg(root.join("tests/deliver/receiver.py"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.next().expect("the receiver starts").unwrap().parse().unwrap();
        let (told, received) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = told.send(serde_json::from_str(&line).unwrap());
            }
        });
        Self { port, _input: child.stdin.take().unwrap(), child, received }
    }

    /// The next thing that it received.
    pub(crate) fn next(&self) -> Value {
        self.received.recv_timeout(PATIENCE).expect("something is received")
    }

    /// What it received and nobody has looked at.
    pub(crate) fn rest(&self) -> Vec<Value> {
        self.received.try_iter().collect()
    }

    /// Kills it; what it received and nobody has looked at.
    pub(crate) fn kill(mut self) -> Vec<Value> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.received.iter().collect()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The Python of the test environment, or the system's.
pub(crate) fn python() -> PathBuf {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".venv/test/bin/python");
    if own.exists() { own } else { "python3".into() }
}

/// Whether the receivers' libraries are here; `make test` installs them.
pub(crate) fn is_here() -> bool {
    let libraries = "import aiosmtpd, standardwebhooks";
    let here = Command::new(python()).args(["-c", libraries]).stderr(Stdio::null()).status();
    let here = here.is_ok_and(|status| status.success());
    if !here {
        println!("SKIPPED: messages to real receivers, because aiosmtpd and standardwebhooks are not here");
    }
    here
}
