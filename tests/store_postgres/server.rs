//! How is a server started, killed and looked at.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use jit_access::store::PostgresUrl;

/// A PostgreSQL server of this test. It ends with the process that started it, however that ends.
pub(crate) struct Server {
    programs: PathBuf,
    folder: PathBuf,
    user: Option<(u32, u32)>,
    pub(crate) port: u16,
    settings: &'static str,
    running: Mutex<Option<Child>>,
}

/// The server that most tests use; `None`, and said loudly, where none can be started.
pub(crate) fn shared() -> Option<&'static Server> {
    static SHARED: OnceLock<Option<Server>> = OnceLock::new();
    SHARED.get_or_init(|| Server::start("-c fsync=off -c full_page_writes=off")).as_ref()
}

impl Server {
    /// A server with these settings besides.
    pub(crate) fn start(settings: &'static str) -> Option<Self> {
        Self::prepared(settings, |_| ())
    }

    /// The same, with what is done to its folder before it starts.
    pub(crate) fn prepared(settings: &'static str, prepare: impl FnOnce(&Self)) -> Option<Self> {
        let Some(programs) = programs() else {
            println!("SKIPPED: the store in PostgreSQL, because no PostgreSQL server is installed here");
            return None;
        };
        let user = match is_root().then(|| user_of("postgres")) {
            Some(None) => {
                println!(
                    "SKIPPED: the store in PostgreSQL, because root may not run a server and there is no user postgres"
                );
                return None;
            }
            other => other.flatten(),
        };
        let folder = tempfile::Builder::new().prefix("jit-postgres-").tempdir().unwrap().keep();
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700)).unwrap();
        if let Some((user, group)) = user {
            chown(&folder, Some(user), Some(group)).unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = Self { programs, folder, user, port, settings, running: Mutex::new(None) };
        let data = server.data();
        let made = server.run("initdb", &["-U", "jit", "-A", "trust", "-E", "UTF8", "--locale=C", "-N", "-D", &data]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        prepare(&server);
        server.resume();
        Some(server)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn data(&self) -> String {
        self.folder.join("data").to_string_lossy().into_owned()
    }

    /// Its address, at the port that it listens on.
    pub(crate) fn url(&self) -> PostgresUrl {
        self.url_at(self.port, "")
    }

    /// Its address through something that listens on this port.
    pub(crate) fn url_at(&self, port: u16, rest: &str) -> PostgresUrl {
        format!("postgresql://jit@127.0.0.1:{port}/postgres{rest}").parse().unwrap()
    }

    /// Starts it again, and waits until it answers.
    pub(crate) fn resume(&self) {
        // What watches the server ends it when this process is gone, and takes the folder away.
        const WATCH: &str = "\"$1/postgres\" -D \"$2/data\" -p \"$3\" -c listen_addresses=127.0.0.1 \
            -c unix_socket_directories=\"$2\" $4 >\"$2/log\" 2>&1 & server=$!; read -r word; \
            if [ \"$word\" = kill ]; then kill -KILL $server $(cat /proc/$server/task/$server/children); \
            wait $server; exit 0; fi; \
            kill -INT $server; wait $server; rm -rf \"$2\"";
        let mut running = self.running.lock().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let mut watch = self.command("sh");
            watch.args(["-c", WATCH, "sh"]).arg(&self.programs).arg(&self.folder).arg(self.port.to_string());
            watch.arg(self.settings).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            let child = watch.spawn().unwrap();
            *running = Some(child);
            if self.answers() {
                return;
            }
            // The processes of the one before may still hold its memory.
            running.take().unwrap().kill().unwrap();
            assert!(
                Instant::now() < deadline,
                "{}",
                std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
            );
            thread::sleep(Duration::from_millis(200));
        }
    }

    fn answers(&self) -> bool {
        let port = self.port.to_string();
        for _ in 0..200 {
            let ready = self.run("pg_isready", &["-q", "-h", "127.0.0.1", "-p", &port]).status;
            if ready.success() {
                return true;
            }
            let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            if log.contains("FATAL:  pre-existing") || log.contains("lock file \"postmaster.pid\" already exists") {
                return false;
            }
            thread::sleep(Duration::from_millis(25));
        }
        false
    }

    /// Kills its processes, as a power cut of the server does: nothing is written any more, and no connection gets an answer.
    pub(crate) fn kill(&self) {
        let mut child = self.running.lock().unwrap().take().unwrap();
        child.stdin.take().unwrap().write_all(b"kill\n").unwrap();
        child.wait().unwrap();
    }

    /// What a statement answers, as the administrator's own program shows it.
    pub(crate) fn psql(&self, sql: &str) -> String {
        let port = self.port.to_string();
        let args = [
            "-X",
            "-A",
            "-t",
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-U",
            "jit",
            "-d",
            "postgres",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
        ];
        let done = self.run("psql", &args);
        assert!(done.status.success(), "{sql}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }

    /// Runs one of the server's programs.
    pub(crate) fn run(&self, program: &str, args: &[&str]) -> Output {
        self.command(self.programs.join(program)).args(args).output().unwrap()
    }

    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(&self.folder).env("LC_ALL", "C");
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }
}

/// The folder of the newest server's programs.
fn programs() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = std::env::var_os("POSTGRES_BIN").map(PathBuf::from).into_iter().collect();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<_> = versions.map(|version| version.path()).collect();
    versions.sort_by_key(|path| std::cmp::Reverse(path.file_name().and_then(|n| n.to_str()?.parse::<u32>().ok())));
    folders.extend(versions.into_iter().map(|path| path.join("bin")));
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    folders.into_iter().find(|folder| ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).exists()))
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn user_of(name: &str) -> Option<(u32, u32)> {
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

/// Stands between the store and the server, and can stop passing anything on without closing a connection.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    swallows: &'static std::sync::atomic::AtomicBool,
}

impl Proxy {
    pub(crate) fn to(server: &Server) -> Self {
        use std::sync::atomic::AtomicBool;

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let swallows: &'static AtomicBool = Box::leak(Box::new(AtomicBool::new(false)));
        let target = server.port;
        thread::spawn(move || {
            for inside in listener.incoming().flatten() {
                let Ok(outside) = TcpStream::connect(("127.0.0.1", target)) else { continue };
                let ways = [(inside.try_clone().unwrap(), outside.try_clone().unwrap()), (outside, inside)];
                for (from, to) in ways {
                    thread::spawn(move || pass(from, to, swallows));
                }
            }
        });
        Self { port, swallows }
    }

    /// From now on everything is swallowed, or nothing.
    pub(crate) fn swallow(&self, everything: bool) {
        self.swallows.store(everything, std::sync::atomic::Ordering::SeqCst);
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, swallows: &std::sync::atomic::AtomicBool) {
    let mut buffer = [0; 16_384];
    let mut is_lossy = false;
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        // A stream that has lost something cannot go on.
        is_lossy |= swallows.load(std::sync::atomic::Ordering::SeqCst);
        if !is_lossy && to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    if !is_lossy {
        let _ = to.shutdown(std::net::Shutdown::Both);
    }
}
