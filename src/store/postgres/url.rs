//! Which database, and how it is reached.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use crate::model::Invalid;

/// The address of a PostgreSQL database. What it is shown as never holds the password.
///
/// `postgresql://user:password@host:port/database`. Several hosts stand with commas between them, and the one that takes writes
/// is used. To another machine the connection is encrypted and the server's certificate is verified, unless the address says
/// `sslmode=disable`; `sslrootcert=/path` names the certificates to trust instead of the system's. A driver's name after
/// the scheme, as in `postgresql+psycopg://`, is passed over.
///
/// ```
/// use jit_access::store::PostgresUrl;
///
/// let url: PostgresUrl = "postgresql://jit:secret@db.example.com/jit".parse()?;
/// assert_eq!(url.to_string(), "postgresql://jit@db.example.com:5432/jit");
/// assert!("postgresql://db.example.com/jit?sslmode=prefer".parse::<PostgresUrl>().is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    pub(super) config: Config,
    /// `None` where nothing is encrypted.
    pub(super) tls: Option<Trust>,
}

/// Whose signature under a server's certificate counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trust {
    /// Those that the system trusts.
    System,
    /// Those in this file.
    File(PathBuf),
}

const FIELD: &str = "url";
const FORM: &str = "postgresql://user:password@host:port/database";

impl FromStr for PostgresUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        // No message repeats the text: it may hold a password.
        let (scheme, rest) =
            text.split_once("://").ok_or_else(|| Invalid::new(FIELD, "is no address".to_owned(), FORM))?;
        if !matches!(scheme.split('+').next(), Some("postgresql" | "postgres")) {
            let problem = format!("begins with {}", Invalid::quote(scheme));
            return Err(Invalid::new(FIELD, problem, FORM));
        }
        let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut asked = Asked::default();
        let mut others = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", mode)) => asked.mode = Some(mode),
                Some(("sslrootcert", file)) => asked.root = Some(decoded(file)?),
                Some((key @ ("sslcert" | "sslkey" | "passfile" | "service"), _)) => {
                    let problem = format!("sets {}, which is not known here", Invalid::quote(key));
                    return Err(Invalid::new(FIELD, problem, "a user and a password"));
                }
                _ => others.push(pair),
            }
        }
        let plain = format!("postgresql://{address}?{}", others.join("&"));
        let mut config = Config::from_str(&plain).map_err(|error| {
            let causes = super::error::chain(&error);
            Invalid::new(FIELD, format!("cannot be read: {causes}"), FORM)
        })?;
        let is_local = config.get_hosts().iter().all(is_local);
        let tls = asked.trust(is_local)?;
        config.ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable });
        if config.get_hosts().is_empty() {
            return Err(Invalid::new(FIELD, "names no host".to_owned(), FORM));
        }
        if config.get_dbname().is_none() {
            return Err(Invalid::new(FIELD, "names no database".to_owned(), FORM));
        }
        if config.get_hosts().len() > 1 {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        if config.get_application_name().is_none() {
            config.application_name("jit-access");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(Duration::from_secs(3));
        }
        config.keepalives_idle(Duration::from_secs(10));
        config.tcp_user_timeout(Duration::from_secs(10));
        Ok(Self { config, tls })
    }
}

impl PostgresUrl {
    /// The database's name.
    pub(super) fn database(&self) -> &str {
        self.config.get_dbname().unwrap_or_default()
    }
}

#[derive(Debug, Default)]
struct Asked<'a> {
    mode: Option<&'a str>,
    root: Option<String>,
}

impl Asked<'_> {
    fn trust(self, is_local: bool) -> Result<Option<Trust>, Invalid> {
        let trust = match self.root.as_deref() {
            None | Some("system") => Trust::System,
            Some(file) => Trust::File(PathBuf::from(file)),
        };
        match self.mode {
            Some("disable") => Ok(None),
            Some("require" | "verify-ca" | "verify-full") => Ok(Some(trust)),
            None if is_local && self.root.is_none() => Ok(None),
            None => Ok(Some(trust)),
            Some(other) => {
                let problem = format!("sets sslmode to {}", Invalid::quote(other));
                Err(Invalid::new(FIELD, problem, "sslmode=verify-full, or sslmode=disable"))
            }
        }
    }
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            let address = name.parse::<std::net::IpAddr>();
            name == "localhost" || address.is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

/// Takes percent signs back.
fn decoded(text: &str) -> Result<String, Invalid> {
    let wrong = || Invalid::new(FIELD, "holds a percent sign that nothing follows".to_owned(), "%25 for it");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits = [rest.next(), rest.next()].map(|digit| digit.and_then(|digit| char::from(digit).to_digit(16)));
        let [Some(high), Some(low)] = digits else { return Err(wrong()) };
        bytes.push(u8::try_from(high * 16 + low).map_err(|_| wrong())?);
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgresql://")?;
        if let Some(user) = self.config.get_user() {
            write!(f, "{user}@")?;
        }
        for (number, host) in self.config.get_hosts().iter().enumerate() {
            let separator = if number > 0 { "," } else { "" };
            let ports = self.config.get_ports();
            let port = ports.get(number).or_else(|| ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) if name.contains(':') => write!(f, "{separator}[{name}]:{port}")?,
                Host::Tcp(name) => write!(f, "{separator}{name}:{port}")?,
                #[cfg(unix)]
                Host::Unix(path) => write!(f, "{separator}{}:{port}", path.display())?,
            }
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PostgresUrl").field(&self.to_string()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> PostgresUrl {
        text.parse().unwrap()
    }

    #[test]
    fn another_machine_is_verified_unless_the_address_says_otherwise() {
        for (text, tls) in [
            ("postgresql://db.example.com/jit", Some(Trust::System)),
            ("postgresql://10.0.0.7/jit", Some(Trust::System)),
            ("postgresql://localhost,db.example.com/jit", Some(Trust::System)),
            ("postgresql://db.example.com/jit?sslmode=require", Some(Trust::System)),
            ("postgresql://db/jit?sslrootcert=%2Fetc%2Fca.pem", Some(Trust::File("/etc/ca.pem".into()))),
            ("postgresql://db.example.com/jit?sslmode=disable", None),
            ("postgresql://localhost/jit", None),
            ("postgresql://127.0.0.1:6432/jit", None),
            ("postgresql:///jit?host=/var/run/postgresql", None),
            ("postgresql://localhost/jit?sslmode=verify-full", Some(Trust::System)),
        ] {
            assert_eq!(url(text).tls, tls, "{text}");
        }
    }

    #[test]
    fn no_password_is_shown() {
        let secret = "postgresql+psycopg://jit:hunter2@one:5433,two:5434/jit?sslmode=disable";
        assert_eq!(url(secret).to_string(), "postgresql://jit@one:5433,two:5434/jit");
        assert!(!format!("{:?}", url(secret)).contains("hunter2"));
        for wrong in [
            "mysql://jit:hunter2@one/jit",
            "postgresql://jit:hunter2@one",
            "postgresql://jit:hunter2@one:port/jit",
            "postgresql://jit:hunter2@one/jit?sslmode=prefer",
            "postgresql://jit:hunter2@one/jit?sslkey=x",
            "postgresql://jit:hunter2@one/jit?sslrootcert=%",
            "hunter2",
        ] {
            let error = wrong.parse::<PostgresUrl>().unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
