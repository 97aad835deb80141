//! Does the store speak to another machine only over a connection that is encrypted, with a server that proves its name?

use std::fmt::Write;

use jit_access::store::{PostgresStore, PostgresUrl, Store};

use super::server::{self, Server};
use super::{fresh_schema, patient};

/// An authority, and a certificate of it for `db.example.com`, as the server's files.
const CERTIFICATE: &str = "set -e; cd \"$1\"
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=db.example.com 2>/dev/null
printf 'subjectAltName=DNS:db.example.com\nbasicConstraints=CA:FALSE\n' >names
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt 2>/dev/null
chmod 600 server.key";

fn failure(url: &PostgresUrl) -> String {
    let error = PostgresStore::open(url.clone(), patient(&fresh_schema())).unwrap_err();
    let mut text = String::new();
    let mut next: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = next {
        write!(text, "{error}: ").unwrap();
        next = error.source();
    }
    text
}

#[test]
fn another_machine_has_to_prove_its_name() {
    if std::process::Command::new("openssl").arg("version").output().is_err() {
        println!("SKIPPED: PostgreSQL over TLS, because there is no openssl here");
        return;
    }
    let Some(server) = Server::prepared("-c ssl=on", |server| {
        let made = server.run("/bin/sh", &["-c", CERTIFICATE, "sh", &server.data()]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }) else {
        return;
    };
    let authority = std::fs::read(format!("{}/ca.pem", server.data())).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let trusted = folder.path().join("ca.pem");
    std::fs::write(&trusted, authority).unwrap();
    let trusted = trusted.display();
    // A name that is no loopback name, at an address of this machine.
    let url = |name: &str, port: u16, rest: &str| -> PostgresUrl {
        format!("postgresql://jit@{name}:{port}/postgres?hostaddr=127.0.0.1{rest}").parse().unwrap()
    };
    let unknown = failure(&url("db.example.com", server.port, ""));
    assert!(unknown.contains("certificate"), "nobody who is trusted signed it: {unknown}");
    let other = failure(&url("other.example.com", server.port, &format!("&sslrootcert={trusted}")));
    assert!(other.contains("certificate"), "it is another name: {other}");
    if let Some(plain) = server::shared() {
        let refused = failure(&url("db.example.com", plain.port, &format!("&sslrootcert={trusted}")));
        assert!(refused.contains("TLS"), "a server without encryption is not spoken to: {refused}");
    }
    let connected = |url: PostgresUrl, name: &str| {
        let store = PostgresStore::open(url, patient(&fresh_schema())).unwrap();
        assert_eq!(store.head().unwrap().revision.0, 0);
        server.psql(&format!(
            "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = '{name}'"
        ))
    };
    let rest = format!("&application_name=verified&sslrootcert={trusted}");
    assert_eq!(connected(url("db.example.com", server.port, &rest), "verified"), "t");
    let rest = "&application_name=open&sslmode=disable";
    assert_eq!(connected(url("db.example.com", server.port, rest), "open"), "f", "only where the address says so");
}
