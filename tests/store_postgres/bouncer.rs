//! Does the store keep its promises through a real PgBouncer that gives each transaction another connection?

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use jit_access::store::conformance::{Fixture, Place};
use jit_access::store::{PostgresStore, Store};
use jit_access::store_conformance;

use super::server::{self, Server};
use super::{fresh_schema, patient};

/// A few connections for many clients, so that two transactions of one client rarely meet the same one.
const SETTINGS: &str = "listen_addr = 127.0.0.1
pool_mode = transaction
default_pool_size = 6
max_client_conn = 1000
auth_type = trust
unix_socket_dir =
";

/// The port of a PgBouncer before the shared server; `None`, and said loudly, where there is none.
fn port() -> Option<u16> {
    static PORT: OnceLock<Option<u16>> = OnceLock::new();
    *PORT.get_or_init(|| start(server::shared()?))
}

fn start(server: &'static Server) -> Option<u16> {
    // Its lines end when it is told to end: with this process.
    const WATCH: &str = "\"$1\" -q \"$2\" >/dev/null 2>&1 & own=$!; read -r word; kill $own; wait $own";
    let places = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];
    let Some(program) = places.into_iter().find(|place| Path::new(place).exists()) else {
        println!("SKIPPED: the store in PostgreSQL behind PgBouncer, because no PgBouncer is installed here");
        return None;
    };
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let write = |name: &str, text: String| {
        let path = server.folder().join(name);
        let mut file = std::fs::File::create(&path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.set_permissions(std::fs::Permissions::from_mode(0o644)).unwrap();
        path.display().to_string()
    };
    let users = write("users.txt", "\"jit\" \"\"\n".to_owned());
    let settings = write(
        "bouncer.ini",
        format!(
            "[databases]\npostgres = host=127.0.0.1 port={} dbname=postgres\n[pgbouncer]\n{SETTINGS}listen_port = {port}\n\
             auth_file = {users}\n",
            server.port
        ),
    );
    let mut watch = server.command("sh");
    watch.args(["-c", WATCH, "sh", program, &settings]);
    let child = watch.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // Its end of the pipe closes with this process.
    std::mem::forget(child);
    for _ in 0..400 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Some(port);
        }
        thread::sleep(Duration::from_millis(25));
    }
    panic!("PgBouncer does not listen on port {port}");
}

struct Bounced;

struct Behind(u16, String);

impl Fixture for Bounced {
    fn fresh(&self) -> Box<dyn Place> {
        Box::new(Behind(port().unwrap(), fresh_schema()))
    }

    fn is_here(&self) -> bool {
        port().is_some()
    }
}

impl Place for Behind {
    fn open(&self) -> Arc<dyn Store> {
        let url = server::shared().unwrap().url_at(self.0, "");
        Arc::new(PostgresStore::open(url, patient(&self.1)).unwrap())
    }
}

store_conformance!(Bounced);

/// What is heard comes over the direct address, and what is told goes through PgBouncer.
#[test]
fn changes_are_heard_beside_it() {
    if !Bounced.is_here() {
        return;
    }
    let schema = fresh_schema();
    let open = || {
        let server = server::shared().unwrap();
        let options = jit_access::store::PostgresOptions { listen_url: Some(server.url()), ..patient(&schema) };
        PostgresStore::open(server.url_at(port().unwrap(), ""), options).unwrap()
    };
    let (one, other) = (open(), open());
    assert_eq!(other.hear(Duration::from_secs(5)).unwrap(), Some(true), "the first call listens, and looks once");
    while other.hear(Duration::from_millis(50)).unwrap() == Some(true) {}
    jit_access::store::conformance::world::granted(&one, 1, jit_access::store::conformance::world::at(0));
    assert_eq!(other.hear(Duration::from_secs(10)).unwrap(), Some(true));
}
