//! Which host or store a command goes to, and as which caller.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::{Arg, ArgAction, ArgMatches};
use serde_json::{Map, Value, json};

use super::paint::harmless;
use super::problem::{Exit, Problem};
use super::values::option;

/// Where a command goes.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// A running host.
    Host(HostPlace),
    /// A store on this machine.
    Store(StorePlace),
}

/// A running host.
#[derive(Debug, Clone)]
pub(super) struct HostPlace {
    /// Where the routes are, without a slash at the end: `https://gateway.example.com/jit`.
    pub(super) base: String,
    /// The token of the caller.
    pub(super) token: Option<String>,
    /// Where the token comes from, for messages.
    pub(super) token_from: String,
    pub(super) timeout_seconds: u64,
}

/// A store on this machine.
#[derive(Debug, Clone)]
pub(super) struct StorePlace {
    pub(super) store: Option<String>,
    pub(super) config: Option<PathBuf>,
    pub(super) user: Option<String>,
    pub(super) roles: Vec<String>,
}

/// The options of every command.
pub(super) fn arguments() -> Vec<Arg> {
    let all = [
        option("host", "URL", "The host, such as https://gateway.example.com [variable JIT_HOST]")
            .env("JIT_HOST")
            .hide_env(true),
        option("token-file", "FILE", "A file with the token [JIT_TOKEN_FILE; or the token in JIT_TOKEN]")
            .env("JIT_TOKEN_FILE")
            .hide_env(true),
        option("timeout", "LENGTH", "How long an answer may take, 10s unless said [JIT_TIMEOUT]")
            .env("JIT_TIMEOUT")
            .hide_env(true),
        Arg::new("insecure")
            .long("insecure")
            .env("JIT_INSECURE")
            .hide_env(true)
            .action(ArgAction::SetTrue)
            .value_parser(clap::builder::FalseyValueParser::new())
            .help("Send the token over plain HTTP to another machine [JIT_INSECURE]"),
        option("store", "FILE", "For operators: the store itself instead of a host: a file, or postgresql://…"),
        option("config", "FILE", "For operators: the configuration of the store [JIT_CONFIG]")
            .env("JIT_CONFIG")
            .hide_env(true),
        option("as", "PERSON", "With --store: in whose name you act, for the journal [JIT_USER]")
            .env("JIT_USER")
            .hide_env(true),
        option(
            "as-roles",
            "ROLE,…",
            "With --store: the roles of that person; all of approvers and auditors unless said",
        ),
        Arg::new("json").long("json").action(ArgAction::SetTrue).help("Answer with one JSON document"),
        Arg::new("jsonl")
            .long("jsonl")
            .action(ArgAction::SetTrue)
            .help("Answer with one JSON document a line")
            .conflicts_with("json"),
    ];
    all.into_iter().map(|arg| arg.global(true).help_heading("Options of every command")).collect()
}

impl Place {
    /// The place from the arguments, the environment variables and the last `jit login`.
    pub(super) fn of(matches: &ArgMatches) -> Result<Self, Problem> {
        // A variable that is set to nothing is as one that is not set.
        let text = |name: &str| matches.get_one::<String>(name).filter(|text| !text.is_empty()).cloned();
        let from_command_line = |name: &str| matches.value_source(name) == Some(clap::parser::ValueSource::CommandLine);
        if text("store").is_some() || (from_command_line("config") && !from_command_line("host")) {
            let roles = text("as-roles").map(|all| all.split(',').map(|one| one.trim().to_owned()).collect());
            return Ok(Self::Store(StorePlace {
                store: text("store"),
                config: text("config").map(PathBuf::from),
                user: text("as"),
                roles: roles.unwrap_or_default(),
            }));
        }
        let known = Login::read()?;
        let Some(url) = text("host").or_else(|| known.host.clone()) else {
            return Err(Problem::new(Exit::Usage, "no host is named").next(
                "jit login https://gateway.example.com, or --host URL, or the variable JIT_HOST; operators: --store FILE",
            ));
        };
        let base = base_of(&url, matches.get_flag("insecure"))?;
        let (token, token_from) = token(matches, &known, &base)?;
        let timeout = text("timeout").map(|text| {
            let wrong = || Problem::new(Exit::Invalid, format!("--timeout `{text}` is no length: write 10s or 1m"));
            super::zone::length_of(&text).ok_or_else(wrong)
        });
        let timeout_seconds =
            timeout.transpose()?.map_or(10, |millis| u64::try_from(millis / 1_000).unwrap_or(10).max(1));
        Ok(Self::Host(HostPlace { base, token, token_from, timeout_seconds }))
    }
}

/// The base of the routes of a host: `/jit`, unless the address has a path.
pub(super) fn base_of(url: &str, insecure: bool) -> Result<String, Problem> {
    let wrong = |why: &str| {
        Problem::new(Exit::Invalid, format!("the host `{url}` {why}")).next("write it as https://gateway.example.com")
    };
    let parsed: ureq::http::Uri = url.parse().map_err(|_| wrong("is no address"))?;
    let host = parsed.host().ok_or_else(|| wrong("has no name of a machine"))?;
    if parsed.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(wrong("holds a user or a password, which would be seen"));
    }
    if parsed.query().is_some() {
        return Err(wrong("has a query"));
    }
    let is_here = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    match parsed.scheme_str() {
        Some("https") => {}
        Some("http") if is_here || insecure => {}
        Some("http") => {
            let problem = wrong("is plain HTTP: everybody on the way could read the token");
            return Err(problem.next("use https, or add --insecure where the network itself is trusted"));
        }
        _ => return Err(wrong("does not begin with https://")),
    }
    let whole = url.trim_end_matches('/');
    Ok(if parsed.path().trim_matches('/').is_empty() { format!("{whole}/jit") } else { whole.to_owned() })
}

/// The token: from a file, from the variable, or from the last `jit login`.
fn token(matches: &ArgMatches, known: &Login, base: &str) -> Result<(Option<String>, String), Problem> {
    let variable =
        std::env::var("JIT_TOKEN").ok().map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
    let file = matches.get_one::<String>("token-file").filter(|file| !file.is_empty());
    let by_flag = matches.value_source("token-file") == Some(clap::parser::ValueSource::CommandLine);
    match (file, variable) {
        (Some(file), variable) if by_flag || variable.is_none() => {
            Ok((Some(token_of_file(Path::new(file))?), format!("the file {file}")))
        }
        (_, Some(token)) => Ok((Some(token), "the variable JIT_TOKEN".to_owned())),
        _ => known.token(base),
    }
}

pub(super) fn token_of_file(path: &Path) -> Result<String, Problem> {
    let shown = path.display();
    let text = fs::read_to_string(path)
        .map_err(|error| Problem::new(Exit::Invalid, format!("the token cannot be read from {shown}: {error}")))?;
    clean(&text).map_err(|why| Problem::new(Exit::Invalid, format!("the file {shown} {why}")))
}

/// A token on its own: one line of visible characters.
pub(super) fn clean(text: &str) -> Result<String, &'static str> {
    let token = text.trim();
    match token {
        "" => Err("holds no token"),
        _ if !token.bytes().all(|b| b.is_ascii_graphic()) => Err("holds something that is no token"),
        _ => Ok(token.to_owned()),
    }
}

/// What `jit login` keeps, readable by its owner alone.
#[derive(Debug, Clone, Default)]
pub(super) struct Login {
    pub(super) host: Option<String>,
    /// Tokens by base; `null` when the keyring has it.
    tokens: Map<String, Value>,
}

impl Login {
    fn path() -> Option<PathBuf> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let folder = set("XDG_CONFIG_HOME").or_else(|| set("HOME").map(|home| home.join(".config")))?;
        Some(folder.join("jit-access").join("login.json"))
    }

    pub(super) fn read() -> Result<Self, Problem> {
        let Some(path) = Self::path() else { return Ok(Self::default()) };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => {
                return Err(Problem::new(Exit::Failed, format!("{} cannot be read: {error}", path.display())));
            }
        };
        let wrong = || {
            Problem::new(Exit::Failed, format!("{} is not what `jit login` writes", path.display()))
                .next("remove the file and sign in again with `jit login`")
        };
        let document: Value = serde_json::from_str(&text).map_err(|_| wrong())?;
        let host = document.get("host").and_then(Value::as_str).map(ToOwned::to_owned);
        let tokens = document.get("tokens").and_then(Value::as_object).cloned().ok_or_else(wrong)?;
        Ok(Self { host, tokens })
    }

    fn write(&self) -> Result<PathBuf, Problem> {
        let path = Self::path().ok_or_else(|| {
            Problem::new(Exit::Failed, "there is no place to keep the login: HOME is not set")
                .next("set JIT_TOKEN_FILE instead")
        })?;
        let text = json!({"host": self.host, "tokens": self.tokens}).to_string();
        let wrote = || -> std::io::Result<()> {
            let folder = path.parent().unwrap_or_else(|| Path::new("."));
            fs::create_dir_all(folder)?;
            let made = path.with_extension("new");
            let _ = fs::remove_file(&made);
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&made)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&made, &path)
        };
        wrote()
            .map_err(|error| Problem::new(Exit::Failed, format!("{} cannot be written: {error}", path.display())))?;
        Ok(path)
    }

    fn token(&self, base: &str) -> Result<(Option<String>, String), Problem> {
        match self.tokens.get(base) {
            Some(Value::String(token)) => Ok((Some(token.clone()), "`jit login`".to_owned())),
            Some(_) => Ok((Some(of_keyring(base)?), "the keyring".to_owned())),
            None => Ok((None, "nowhere".to_owned())),
        }
    }

    /// Stores a token for a host, which becomes the default host. Returns where it is stored.
    pub(super) fn keep(mut self, base: &str, token: &str, in_keyring: bool) -> Result<String, Problem> {
        self.host = Some(base.to_owned());
        let kept = if in_keyring {
            to_keyring(base, token)?;
            Value::Null
        } else {
            json!(token)
        };
        self.tokens.insert(base.to_owned(), kept);
        let path = self.write()?;
        Ok(if in_keyring { "the keyring".to_owned() } else { path.display().to_string() })
    }

    /// Forgets the token of a host, or of all.
    pub(super) fn forget(mut self, base: Option<&str>) -> Result<usize, Problem> {
        let before = self.tokens.len();
        let going: Vec<String> =
            self.tokens.keys().filter(|known| base.is_none_or(|base| base == *known)).cloned().collect();
        for known in going {
            // An entry that the keyring did not delete stays listed here, so that it can be deleted later.
            if self.tokens.get(&known) == Some(&Value::Null) {
                keyring(&["clear", "service", SERVICE, "host", &known], None)?;
            }
            self.tokens.remove(&known);
        }
        let gone = before - self.tokens.len();
        if self.host.as_ref().is_some_and(|host| !self.tokens.contains_key(host)) {
            self.host = self.tokens.keys().next().cloned();
        }
        self.write()?;
        Ok(gone)
    }

    /// The stored file, if others than its owner can read it.
    pub(super) fn is_open_to_others() -> Option<PathBuf> {
        let path = Self::path()?;
        let mode = fs::metadata(&path).ok()?.permissions().mode();
        (mode & 0o077 != 0).then_some(path)
    }
}

const SERVICE: &str = "jit-access";

/// The desktop's keyring, through its own program: a token never becomes an argument. A missing entry is `None`.
fn keyring(arguments: &[&str], input: Option<&str>) -> Result<String, Problem> {
    let refused = |why: String, next: &str| {
        Problem::new(Exit::Failed, format!("the keyring does not answer: {}", harmless(why.trim()))).next(next)
    };
    let failed = |why: String| refused(why, "install secret-tool (libsecret-tools), or sign in without --keyring");
    let mut child = Command::new("secret-tool")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| failed(format!("secret-tool: {error}")))?;
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        let _ = stdin.write_all(input.as_bytes());
    }
    let done = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    let why = String::from_utf8_lossy(&done.stderr);
    // Looking up or deleting a missing entry ends with 1 and no message.
    if done.status.success() || (why.trim().is_empty() && input.is_none()) {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let next =
        "a keyring needs a desktop session on D-Bus in which it is unlocked; without one, sign in without --keyring";
    Err(refused(why.into_owned(), next))
}

fn of_keyring(base: &str) -> Result<String, Problem> {
    let text = keyring(&["lookup", "service", SERVICE, "host", base], None)?;
    clean(&text).map_err(|why| {
        Problem::new(Exit::SignIn, format!("the keyring {why} for {base}"))
            .next(format!("sign in again: jit login {base} --keyring"))
    })
}

fn to_keyring(base: &str, token: &str) -> Result<(), Problem> {
    let label = format!("--label=jit at {base}");
    keyring(&["store", &label, "service", SERVICE, "host", base], Some(token)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_over_plain_http_to_this_machine_alone() {
        for (url, base) in [
            ("https://gateway.example.com", "https://gateway.example.com/jit"),
            ("https://gateway.example.com/", "https://gateway.example.com/jit"),
            ("https://app.example.com/access/jit/", "https://app.example.com/access/jit"),
            ("http://localhost:8000", "http://localhost:8000/jit"),
            ("http://[::1]:8000", "http://[::1]:8000/jit"),
        ] {
            assert_eq!(base_of(url, false).unwrap(), base, "{url}");
        }
        for url in [
            "http://gateway.example.com",
            "ftp://x",
            "gateway",
            "https://a:b@x",
            "https://x/?y",
            "http://localhost.evil.com",
            "",
        ] {
            assert_eq!(base_of(url, false).unwrap_err().exit, Exit::Invalid, "{url}");
        }
        assert!(base_of("http://gateway.example.com", true).is_ok());
    }

    #[test]
    fn a_token_is_one_line() {
        assert_eq!(clean(" abc.def\n"), Ok("abc.def".to_owned()));
        for text in ["", " \n", "a b", "a\nb", "\u{1b}[31m", "é"] {
            assert!(clean(text).is_err(), "{text:?}");
        }
    }
}
