//! The decision point: the calls and their handlers.

use serde_json::{Map, Value};

use super::host::Host;
use super::json;
use super::keys::Keys;
use super::pep::Pep;
use super::question::Wanted;
use super::reply::HttpResponse;
use super::settings::Settings;
use crate::check::Decider;
use crate::error::Error;
use crate::service::{Engine, Workflow};

/// The policy decision point and the access request service of one engine.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let engine = world::engine()?;
/// use jit_access::authzen::{HttpRequest, Host, HostError, Rights, Pep, DecisionPoint, Settings, SpeaksFor};
/// use jit_access::model::{Caller, Principal};
///
/// struct Us;
/// impl Host for Us {
///     fn caller(&self, principal: &Principal, _: Option<&Principal>) -> Result<Option<Caller>, HostError> {
///         Ok(Some(Caller::new(principal.clone(), vec![])))
///     }
/// }
///
/// let point = DecisionPoint::new(&engine, Settings::new("https://pdp.example.com")?)?;
/// let gateway = Pep::new("gateway", SpeaksFor::Everybody, Rights::ALL)?;
/// let body = br#"{"subject": {"type": "user", "id": "dev@example.com"}, "action": {"name": "tools.execute"},
///     "resource": {"type": "tool", "id": "deploy"}}"#;
/// let call = HttpRequest::post("evaluation", body);
/// let reply = point.serve(Some(&gateway), &Us, &call);
/// assert_eq!(reply.status, 200);
/// assert!(reply.body.contains(r#""decision":false"#) && reply.body.contains(r#""template":"deployer""#));
/// assert_eq!(point.serve(None, &Us, &call).status, 401);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct DecisionPoint {
    pub(super) engine: Engine,
    pub(super) decider: Decider,
    pub(super) workflow: Workflow,
    pub(super) settings: Settings,
    pub(super) keys: Keys,
}

/// An HTTP request.
///
/// ```
/// use jit_access::authzen::HttpRequest;
///
/// let call = HttpRequest { headers: &[("prefer", "wait=60")], ..HttpRequest::get("requests/arq_x") };
/// assert_eq!(call.wait(), Some(25), "as long as anybody may wait");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct HttpRequest<'a> {
    /// The method: `POST`.
    pub method: &'a str,
    /// The path after `/access/v1/`: `evaluation`, `requests/arq_…/cancel`.
    pub path: &'a str,
    /// The headers. Names in small letters.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
}

/// The longest wait, in seconds, and the longest id of a request, in characters.
const LONGEST_WAIT: u64 = 25;
const LONGEST_REQUEST_ID: usize = 256;

impl<'a> HttpRequest<'a> {
    /// A JSON body that is posted.
    #[must_use]
    pub const fn post(path: &'a str, body: &'a [u8]) -> Self {
        Self { method: "POST", path, headers: &[("content-type", "application/json")], body }
    }

    /// A `GET` request.
    #[must_use]
    pub const fn get(path: &'a str) -> Self {
        Self { method: "GET", path, headers: &[], body: &[] }
    }

    /// The header of this name, in small letters.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// How many seconds the caller wants to wait for a decision (`Prefer: wait=25`, RFC 7240), 25 seconds at most.
    #[must_use]
    pub fn wait(&self) -> Option<u64> {
        let wishes = self.header("prefer")?.split([',', ';']);
        let seconds =
            wishes.filter_map(|wish| wish.trim().strip_prefix("wait=")).find_map(|n| n.parse::<u64>().ok())?;
        Some(seconds.min(LONGEST_WAIT))
    }

    fn is_json(&self) -> bool {
        let kind = self.header("content-type").unwrap_or_default();
        kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
    }

    pub(super) fn object(&self) -> Result<Map<String, Value>, HttpResponse> {
        if !self.is_json() {
            return Err(HttpResponse::problem(
                415,
                "not_json",
                "the body needs the header `Content-Type: application/json`",
            ));
        }
        json::object(self.body)
    }
}

impl DecisionPoint {
    /// The decision point of this engine. Its keys are in the store, so every process that shares it knows what another gave out.
    ///
    /// # Errors
    /// When the store cannot be read, or the system has no random numbers.
    pub fn new(engine: &Engine, settings: Settings) -> Result<Self, Error> {
        Ok(Self {
            keys: Keys::load(engine)?,
            decider: engine.decider(),
            workflow: engine.workflow(),
            engine: engine.clone(),
            settings,
        })
    }

    /// Its settings.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Answers a call of this caller; without a caller, only public reads. It may wait for the store.
    pub fn serve(&self, pep: Option<&Pep>, host: &dyn Host, call: &HttpRequest<'_>) -> HttpResponse {
        let id = call.header("x-request-id");
        let is_short = |id: &str| id.len() <= LONGEST_REQUEST_ID && id.bytes().all(|b| (b' '..=b'~').contains(&b));
        if id.is_some_and(|id| !is_short(id)) {
            return HttpResponse::problem(400, "invalid", "`X-Request-ID` is 1 to 256 visible ASCII characters");
        }
        let reply = self.answer(pep, host, call).unwrap_or_else(|refused| refused);
        match id {
            Some(id) => reply.with("x-request-id", id),
            None => reply,
        }
    }

    fn answer(&self, pep: Option<&Pep>, host: &dyn Host, call: &HttpRequest<'_>) -> Result<HttpResponse, HttpResponse> {
        match call.path {
            "jwks" => return only("GET", call).map(|()| self.jwks()),
            "schemas/submission" => return only("GET", call).map(|()| self.schema()),
            _ => {}
        }
        let pep = pep.ok_or_else(HttpResponse::unauthenticated)?;
        let may = pep.may();
        let check = |is_permitted: bool, what: &str| {
            if is_permitted { Ok(()) } else { Err(HttpResponse::forbidden(&format!("this caller may not {what}"))) }
        };
        let parts: Vec<&str> = call.path.split('/').collect();
        match *parts.as_slice() {
            ["evaluation"] => {
                only("POST", call)?;
                check(may.evaluate, "ask what is permitted")?;
                self.evaluation(pep, host, &call.object()?)
            }
            ["evaluations"] => {
                only("POST", call)?;
                check(may.evaluate, "ask what is permitted")?;
                self.evaluations(pep, host, &call.object()?)
            }
            ["search", what] if self.settings.searches => {
                let wanted = match what {
                    "subject" => Wanted::Subject,
                    "resource" => Wanted::Resource,
                    "action" => Wanted::Action,
                    _ => return Err(unknown()),
                };
                only("POST", call)?;
                check(may.search, "search")?;
                self.search(pep, host, wanted, &call.object()?)
            }
            ["requests"] => {
                only("POST", call)?;
                check(may.request, "ask for access")?;
                self.submission(pep, host, call)
            }
            ["requests", handle] => {
                only("GET", call)?;
                check(may.request, "ask for access")?;
                self.task(pep, handle)
            }
            ["requests", handle, "cancel"] => {
                only("POST", call)?;
                check(may.request, "ask for access")?;
                self.cancel(pep, host, handle, call)
            }
            _ => Err(unknown()),
        }
    }

    pub(super) fn failed(&self, error: &Error) -> HttpResponse {
        HttpResponse::error(error, self.workflow.now())
    }
}

fn unknown() -> HttpResponse {
    HttpResponse::problem(404, "not_found", "there is nothing at this path")
}

fn only(method: &'static str, call: &HttpRequest<'_>) -> Result<(), HttpResponse> {
    if call.method == method {
        return Ok(());
    }
    Err(HttpResponse::problem(405, "method_not_allowed", &format!("this is for {method}")).with("allow", method))
}
