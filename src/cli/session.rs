//! Signing in and out: `login`, `logout`.

use std::io::{self, IsTerminal, Read};

use clap::ArgMatches;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use super::paint::Look;
use super::place::{HostPlace, Login, base_of, clean, token_of_file};
use super::problem::{Exit, Problem};
use super::remote::Remote;
use super::screen::Screen;

/// `jit login`.
pub(super) fn login(screen: &Screen, matches: &ArgMatches) -> Result<(), Problem> {
    let known = Login::read()?;
    let text = |name: &str| matches.get_one::<String>(name).filter(|text| !text.is_empty()).cloned();
    let url = text("url")
        .or_else(|| text("host"))
        .or_else(|| known.host.clone())
        .ok_or_else(|| Problem::new(Exit::Usage, "which host?").next("jit login https://gateway.example.com"))?;
    let base = base_of(&url, matches.get_flag("insecure"))?;
    let token = match text("token-file") {
        Some(file) => token_of_file(std::path::Path::new(&file))?,
        None => ask(screen, &base)?,
    };
    let place = HostPlace {
        base: base.clone(),
        token: Some(token.clone()),
        token_from: "here".to_owned(),
        timeout_seconds: 10,
    };
    match Remote::new(place).status_of("/requests?limit=1")? {
        200..=299 => {}
        401 | 403 => {
            return Err(Problem::new(Exit::SignIn, format!("{base} does not accept this token"))
                .next("copy it again from where you sign in; it may have expired"));
        }
        404 => {
            return Err(Problem::new(Exit::NotFound, format!("{base} has no such routes"))
                .next("give the path of the routes, too: jit login https://app.example.com/path"));
        }
        status => return Err(Problem::new(Exit::Failed, format!("{base} answers with the status {status}"))),
    }
    let place = known.keep(&base, &token, matches.get_flag("keyring"))?;
    screen.print(&format!("{} signed in at {base}; the token is kept in {place}", Look::Good.on("✓")));
    Ok(())
}

/// `jit logout`.
pub(super) fn logout(screen: &Screen, matches: &ArgMatches) -> Result<(), Problem> {
    let base = matches.get_one::<String>("url").map(|url| base_of(url, true)).transpose()?;
    match Login::read()?.forget(base.as_deref())? {
        0 => screen.print("there was nothing to forget"),
        1 => screen.print("1 token is removed here; it stays valid until it expires"),
        many => screen.print(&format!("{many} tokens are removed here; they stay valid until they expire")),
    }
    Ok(())
}

/// A token from the terminal, without showing it, or from standard input.
fn ask(screen: &Screen, base: &str) -> Result<String, Problem> {
    let stdin = io::stdin();
    let wrong = |why| {
        Problem::new(Exit::Usage, format!("standard input {why}"))
            .next("jit login URL < token-file, or --token-file FILE")
    };
    if !stdin.is_terminal() {
        let mut text = String::new();
        stdin
            .lock()
            .take(64 * 1024)
            .read_to_string(&mut text)
            .map_err(|_| wrong("holds something that is no token"))?;
        return clean(&text).map_err(wrong);
    }
    let hidden = Hidden::begin();
    let said = screen.ask(&format!("Token for {base} (not shown): "));
    drop(hidden);
    screen.note("");
    said.ok_or_else(|| wrong("holds no token")).and_then(|text| clean(&text).map_err(wrong))
}

/// Hides what is typed on the terminal, until it is dropped.
struct Hidden(Option<rustix::termios::Termios>);

impl Hidden {
    fn begin() -> Self {
        let before = tcgetattr(io::stdin()).ok();
        if let Some(before) = &before {
            let mut hidden = before.clone();
            hidden.local_modes.remove(LocalModes::ECHO);
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &hidden);
        }
        Self(before)
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, before);
        }
    }
}
