//! Errors, as text for a person and as a code for a script.

use serde_json::{Value, json};

/// How `jit` ends. The numbers are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    Done,
    Failed,
    Usage,
    Invalid,
    Refused,
    NotFound,
    SignIn,
    Unavailable,
    Waiting,
    Denied,
    Closed,
    Question,
    Found,
    NoAnswer,
}

impl Exit {
    /// Every way to end, for the manual.
    pub(super) const ALL: [Self; 14] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::Invalid,
        Self::Refused,
        Self::NotFound,
        Self::SignIn,
        Self::Unavailable,
        Self::Waiting,
        Self::Denied,
        Self::Closed,
        Self::Question,
        Self::Found,
        Self::NoAnswer,
    ];

    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Invalid => 3,
            Self::Refused => 4,
            Self::NotFound => 5,
            Self::SignIn => 6,
            Self::Unavailable => 7,
            Self::Waiting => 8,
            Self::Denied => 9,
            Self::Closed => 10,
            Self::Question => 11,
            Self::Found => 12,
            Self::NoAnswer => 125,
        }
    }

    pub(super) const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed in a way that is none of the others",
            Self::Usage => "the command line is wrong",
            Self::Invalid => "a value is wrong; the message names it",
            Self::Refused => "the rules refuse it, or the state has changed",
            Self::NotFound => "there is no such request or grant, or you may not know of it",
            Self::SignIn => "not signed in, or not recently enough with a second factor",
            Self::Unavailable => "the host or the store cannot be reached now; try again",
            Self::Waiting => "stopped waiting; the request is still open",
            Self::Denied => "the request was denied",
            Self::Closed => "the request was withdrawn, or nobody answered in time",
            Self::Question => "a reviewer asks something; answer with `jit answer`",
            Self::Found => "a check ran and found something wrong",
            Self::NoAnswer => "`jit run` alone: the command was not started; otherwise its own code",
        }
    }
}

/// An error.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) exit: Exit,
    /// The error in one sentence without a period.
    pub(super) message: String,
    /// What to do next.
    pub(super) next: Option<String>,
    /// The document of the host, unchanged.
    document: Option<Value>,
}

impl Problem {
    pub(super) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), next: None, document: None }
    }

    /// An end that was reported already.
    pub(super) fn silent(exit: Exit) -> Self {
        Self::new(exit, "")
    }

    pub(super) fn next(self, next: impl Into<String>) -> Self {
        Self { next: Some(next.into()), ..self }
    }

    /// The same, with another way to end.
    pub(super) fn exit(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    /// The error response of a host or a store: a problem of RFC 9457.
    pub(super) fn of(status: u16, document: Value) -> Self {
        let text = |name: &str| document.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
        let detail = text("detail").or_else(|| document.get("detail").map(detail_of));
        let message = detail.unwrap_or_else(|| format!("the host answers with the status {status}"));
        let code = text("code").unwrap_or_default();
        let exit = match status {
            400 | 422 => Exit::Invalid,
            401 => Exit::SignIn,
            403 | 409 => Exit::Refused,
            404 => Exit::NotFound,
            429 | 502..=504 => Exit::Unavailable,
            _ => Exit::Failed,
        };
        let retry = text("retry_at").map(|at| format!("the same command works from {at} on"));
        let next = retry.or_else(|| next_after(&code, status).map(ToOwned::to_owned));
        Self { exit, message, next, document: Some(document) }
    }

    /// The problem as a document.
    pub(super) fn document(&self) -> Value {
        let said = json!({"detail": self.message, "next": self.next, "exit_code": self.exit.code()});
        let mut document = self.document.clone().filter(Value::is_object).unwrap_or_else(|| json!({}));
        if let (Value::Object(all), Value::Object(said)) = (&mut document, said) {
            for (name, value) in said {
                all.entry(name).or_insert(value);
            }
        }
        document
    }
}

/// The detail of a host whose framework sends a list: the place and the problem.
fn detail_of(detail: &Value) -> String {
    let said = |one: &Value| {
        let place = one.get("loc").and_then(Value::as_array).and_then(|loc| loc.last()).and_then(Value::as_str);
        let text = one.get("msg").and_then(Value::as_str)?;
        Some(place.map_or_else(|| text.to_owned(), |place| format!("`{place}`: {text}")))
    };
    let all: Vec<_> = detail.as_array().into_iter().flatten().filter_map(said).collect();
    if all.is_empty() { detail.to_string() } else { all.join("; ") }
}

/// What a person can do about it, by the stable code of the error.
fn next_after(code: &str, status: u16) -> Option<&'static str> {
    Some(match code {
        "justification_required" => "say why: --reason \"INC-1234: what you are going to do\"",
        "ticket_required" => "name the ticket: --ticket https://tracker.example.com/INC-1234",
        "self_approval" => "another person must decide: `jit status ID` shows who can",
        "not_an_approver" => "`jit status ID` shows whose approval it waits for",
        "not_an_auditor" => "ask a person with an auditor's or an approver's role",
        "unknown_role" | "role_not_found" => "`jit roles` lists the roles that you may ask for",
        "version_changed" | "conflict" => "look at it again with `jit status ID`, and decide again",
        _ => match status {
            401 => "sign in with `jit login`; where a second factor is wanted, get a token from a new sign-in with one",
            404 => "`jit status`, `jit grants --all`, `jit alerts` and `jit deliveries` list what you can see",
            409 => "look at it again with `jit status ID`",
            429 | 502..=504 => "try again in a moment; `jit doctor` shows what can be reached",
            500 => "inform the operator of the host; `jit doctor` shows what can be seen from here",
            _ => return None,
        },
    })
}
