//! The replies, and every error.

use serde_json::{Map, Value, json};

use crate::error::{Error, ErrorKind};
use crate::model::Timestamp;
use crate::wire::{ProblemDocument, http_status, to_json};

/// The host cannot answer: nothing is permitted, and the caller tries again later.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HostError(pub String);

/// A reply: a host sends it unchanged.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let engine = world::engine()?;
/// use jit_access::authzen::{HttpRequest, DecisionPoint, Settings};
///
/// let point = DecisionPoint::new(&engine, Settings::new("https://pdp.example.com")?)?;
/// let reply = point.metadata();
/// assert_eq!(reply.status, 200);
/// assert!(reply.body.contains("https://pdp.example.com/access/v1/evaluation"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a reply must be sent"]
pub struct HttpResponse {
    /// The HTTP status.
    pub status: u16,
    /// The headers, with the content type.
    pub headers: Vec<(&'static str, String)>,
    /// The body: JSON.
    pub body: String,
    /// Whether the request is still pending, so that a host that waits for it asks again a moment later.
    pub is_waiting: bool,
}

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";
/// What the problems of the profile begin with.
const PROFILE: &str = "urn:openid:authzen:access-request:error:";

impl HttpResponse {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, body.to_string())
    }

    pub(super) fn text(status: u16, body: String) -> Self {
        Self { status, headers: vec![("content-type", JSON.to_owned())], body, is_waiting: false }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A problem of ours.
    pub(super) fn problem(status: u16, code: &str, detail: &str) -> Self {
        Self::of_type(status, &format!("urn:jit-access:error:{code}"), code, detail)
    }

    /// A problem that the profile names.
    pub(super) fn of_profile(status: u16, code: &str, detail: &str) -> Self {
        Self::of_type(status, &format!("{PROFILE}{code}"), code, detail)
    }

    fn of_type(status: u16, kind: &str, code: &str, detail: &str) -> Self {
        let body = json!({"type": kind, "title": title(status), "status": status, "detail": detail, "code": code});
        let headers = vec![("content-type", PROBLEM.to_owned())];
        Self { status, headers, body: body.to_string(), is_waiting: false }
    }

    /// A place of the body that is wrong.
    pub(super) fn invalid(pointer: &str, what: &str) -> Self {
        let detail = if pointer.is_empty() { what.to_owned() } else { format!("`{pointer}` {what}") };
        let reply = Self::problem(400, "invalid", &detail);
        if pointer.is_empty() { reply } else { reply.pointing([(pointer, what)]) }
    }

    /// The same problem with the places that are wrong.
    pub(super) fn pointing<'a>(mut self, places: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let place = |(pointer, detail)| json!({"pointer": pointer, "detail": detail});
        let errors: Vec<Value> = places.into_iter().map(place).collect();
        if let Ok(Value::Object(mut body)) = serde_json::from_str(&self.body) {
            body.insert("errors".to_owned(), errors.into());
            self.body = Value::Object(body).to_string();
        }
        self
    }

    /// The same as one item of a batch.
    pub(super) fn as_item(&self) -> Value {
        let body: Map<String, Value> = serde_json::from_str(&self.body).unwrap_or_default();
        let message = body.get("detail").cloned().unwrap_or_default();
        json!({"decision": false, "context": {"error": {"status": self.status, "message": message}}})
    }

    /// No caller is authenticated.
    pub(super) fn unauthenticated() -> Self {
        Self::problem(401, "unauthenticated", "send the token of a known caller as `Authorization: Bearer`")
            .with("www-authenticate", "Bearer")
    }

    pub(super) fn forbidden(detail: &str) -> Self {
        Self::problem(403, "forbidden", detail)
    }

    /// An error of the engine, at this instant.
    pub(super) fn error(error: &Error, now: Timestamp) -> Self {
        let status = http_status(error);
        let body = to_json(&ProblemDocument::from(error)).unwrap_or_default();
        let mut headers = vec![("content-type", PROBLEM.to_owned())];
        if let Some(at) = error.retry_at() {
            headers.push(("retry-after", seconds(now, at).to_string()));
        } else if error.kind() == ErrorKind::Unavailable {
            headers.push(("retry-after", "2".to_owned()));
        }
        Self { status, headers, body, is_waiting: false }
    }
}

impl From<HostError> for HttpResponse {
    fn from(error: HostError) -> Self {
        Self::problem(503, "host_unavailable", &format!("the host cannot say: {error}")).with("retry-after", "2")
    }
}

/// Whole seconds from `now` to `then`, one at least.
pub(super) fn seconds(now: Timestamp, then: Timestamp) -> i64 {
    (then.millis().saturating_sub(now.millis()).saturating_add(999) / 1_000).max(1)
}

const fn title(status: u16) -> &'static str {
    match status {
        400 => "Invalid request",
        401 => "Not authenticated",
        403 => "Forbidden",
        404 => "Not found",
        405 => "No such method here",
        409 => "Conflict with the current state",
        410 => "Gone",
        413 => "The request is too large",
        415 => "The body is not JSON",
        429 => "Rate limit exceeded",
        503 => "Unavailable, try again later",
        _ => "Error",
    }
}
