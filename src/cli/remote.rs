//! A command over HTTP.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Error};

use super::place::HostPlace;
use super::problem::{Exit, Problem};
use crate::command::{AnswerKind, CommandSpec, FieldKind, FieldSpec};

/// A running host.
pub(super) struct Remote {
    agent: Agent,
    place: HostPlace,
}

/// No more of an answer is read.
const LONGEST_ANSWER: u64 = 256 * 1024 * 1024;

impl Remote {
    pub(super) fn new(place: HostPlace) -> Self {
        let builder = Agent::config_builder()
            // A token is for one host.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(place.timeout_seconds)))
            .user_agent(concat!("jit/", env!("CARGO_PKG_VERSION")));
        // Reading the machine's certificates takes longer than everything else at the start.
        let config = if place.base.starts_with("https:") {
            let certificates = rustls_native_certs::load_native_certs().certs;
            let roots: Vec<_> = certificates.iter().map(|found| Certificate::from_der(found).to_owned()).collect();
            let tls = TlsConfig::builder()
                .root_certs(RootCerts::from(roots))
                .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .build();
            builder.tls_config(tls).build()
        } else {
            builder.build()
        };
        Self { agent: Agent::new_with_config(config), place }
    }

    pub(super) fn execute(&self, spec: &CommandSpec, fields: Map<String, Value>) -> Result<Value, Problem> {
        let Some(http) = spec.http else {
            return Err(Problem::new(
                Exit::Usage,
                format!("`{}` is not offered over HTTP", spec.name.replace('_', "-")),
            )
            .next("on the machine of the store: --store FILE, or --config FILE"));
        };
        let (address, body) = self.addressed(spec, http.path, fields);
        let key = body.1.as_deref();
        let mut answer = self.send(http.method, &address, key, spec.writes.then_some(&body.0))?;
        let is_text = spec.answer == AnswerKind::Text;
        let text = answer
            .body_mut()
            .with_config()
            .limit(LONGEST_ANSWER)
            .read_to_string()
            .map_err(|error| self.unreachable(&error))?;
        let status = answer.status().as_u16();
        match status {
            200..=299 if is_text => Ok(Value::String(text)),
            200..=299 => serde_json::from_str(&text).map_err(|_| self.no_such_host()),
            300..=399 => {
                let to = answer.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or("elsewhere");
                let message = format!("{} redirects to {to}, and a token goes to no other address", self.place.base);
                Err(Problem::new(Exit::Failed, message).next("name the address itself with --host or `jit login`"))
            }
            _ => Err(self.problem(spec, status, &text)),
        }
    }

    /// The response as it arrives, for long ones: without a time limit except that of the connection.
    pub(super) fn stream(
        &self,
        spec: &CommandSpec,
        fields: Map<String, Value>,
    ) -> Result<impl std::io::Read + use<>, Problem> {
        let path = spec.http.map(|http| http.path).unwrap_or_default();
        let (address, _) = self.addressed(spec, path, fields);
        let wrong = |_| Problem::new(Exit::Invalid, "the address or the token cannot be sent over HTTP");
        let mut request = ureq::http::Request::get(address);
        if let Some(token) = &self.place.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(()).map_err(wrong)?;
        let connect = Some(Duration::from_secs(self.place.timeout_seconds));
        let request = self.agent.configure_request(request).timeout_global(None).timeout_connect(connect).build();
        let mut answer = self.agent.run(request).map_err(|error| self.unreachable(&error))?;
        match answer.status().as_u16() {
            200..=299 => Ok(answer.into_body().into_reader()),
            status => {
                let text = answer.body_mut().read_to_string().unwrap_or_default();
                Err(self.problem(spec, status, &text))
            }
        }
    }

    /// Where to: the path with its id and the query; and the body, and the idempotency key.
    fn addressed(
        &self,
        spec: &CommandSpec,
        path: &str,
        mut fields: Map<String, Value>,
    ) -> (String, (Map<String, Value>, Option<String>)) {
        let key = fields.remove("idempotency_key").and_then(|key| key.as_str().map(ToOwned::to_owned));
        let mut query: Vec<(String, String)> = Vec::new();
        let mut put = |name: &str, value: &Value| match value {
            Value::Array(all) => all.iter().for_each(|one| query.push((name.to_owned(), plain(one)))),
            one => query.push((name.to_owned(), plain(one))),
        };
        if let Some(dry_run) = fields.remove("dry_run") {
            put("dry_run", &dry_run);
        }
        let first = spec.all_fields().next().filter(|_| path.contains("{id}"));
        let id = first.and_then(|first| fields.remove(first.name)).map(|id| escaped(&plain(&id))).unwrap_or_default();
        let mut body = Map::new();
        for field in spec.all_fields() {
            let Some(value) = fields.remove(field.name) else { continue };
            if spec.writes {
                body.insert(name_in_http(field), value);
            } else {
                put(&name_in_http(field), &value);
            }
        }
        let path = path.replace("{id}", &id);
        let query: Vec<_> = query.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        (format!("{}{path}{mark}{}", self.place.base, query.join("&")), (body, key))
    }

    fn send(
        &self,
        method: &str,
        address: &str,
        key: Option<&str>,
        body: Option<&Map<String, Value>>,
    ) -> Result<ureq::http::Response<ureq::Body>, Problem> {
        let mut request =
            ureq::http::Request::builder().method(method).uri(address).header("accept", "application/json");
        if let Some(token) = &self.place.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let wrong = |_| Problem::new(Exit::Invalid, "the address, the token or a key cannot be sent over HTTP");
        let sent = match body.filter(|_| method != "GET" && method != "DELETE") {
            Some(body) => {
                let text = Value::Object(body.clone()).to_string();
                let request = request.header("content-type", "application/json").body(text).map_err(wrong)?;
                self.agent.run(request)
            }
            None => self.agent.run(request.body(()).map_err(wrong)?),
        };
        sent.map_err(|error| self.unreachable(&error))
    }

    /// Whether the host answers at all, and with which status. For `jit doctor` and `jit login`.
    pub(super) fn status_of(&self, path: &str) -> Result<u16, Problem> {
        self.send("GET", &format!("{}{path}", self.place.base), None, None).map(|answer| answer.status().as_u16())
    }

    fn problem(&self, spec: &CommandSpec, status: u16, text: &str) -> Problem {
        let document: Value = serde_json::from_str(text).unwrap_or(Value::Null);
        let is_ours = document.get("code").is_some();
        if status == 401 && !is_ours {
            let why = if self.place.token.is_some() {
                format!("{} does not accept the token from {}", self.place.base, self.place.token_from)
            } else {
                format!("{} wants to know who is calling, and there is no token", self.place.base)
            };
            return Problem::new(Exit::SignIn, why).next("jit login, or JIT_TOKEN, or --token-file FILE");
        }
        // The host's own page: nothing of ours is at this address.
        if status == 404 && !is_ours {
            return self.no_such_route(spec);
        }
        Problem::of(status, document)
    }

    fn no_such_route(&self, spec: &CommandSpec) -> Problem {
        let name = spec.name.replace('_', "-");
        Problem::new(Exit::NotFound, format!("{} has no route for `{name}`", self.place.base)).next(
            "the routes may be under another path: --host https://app.example.com/path; or the host runs an older version",
        )
    }

    fn no_such_host(&self) -> Problem {
        Problem::new(Exit::Failed, format!("{} answers with something that is not ours", self.place.base))
            .next("is it the right host? its routes are expected under /jit")
    }

    /// In our own words: a library's message could contain the full address.
    fn unreachable(&self, error: &Error) -> Problem {
        let base = &self.place.base;
        let why = match error {
            Error::Timeout(_) => format!("does not answer within {} s", self.place.timeout_seconds),
            Error::HostNotFound => "is not found: no machine has this name".to_owned(),
            Error::ConnectionFailed => "cannot be reached".to_owned(),
            Error::Io(error) => format!("cannot be reached: {}", error.kind()),
            Error::Rustls(error) => format!("cannot be trusted: {error}"),
            Error::Tls(_) => "cannot be trusted: the name fits no certificate".to_owned(),
            _ => "cannot be talked to over HTTP".to_owned(),
        };
        Problem::new(Exit::Unavailable, format!("{base} {why}"))
            .next("is the host running? `jit doctor` looks at the whole way")
    }
}

/// The name of a field in bodies and queries: `request` is the id of a request, not the request.
fn name_in_http(field: &FieldSpec) -> String {
    if field.kind == FieldKind::Id { format!("{}_id", field.name) } else { field.name.to_owned() }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// Text as a part of an address.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::command::spec_of;

    fn remote() -> Remote {
        Remote::new(HostPlace {
            base: "http://localhost/jit".to_owned(),
            token: None,
            token_from: String::new(),
            timeout_seconds: 1,
        })
    }

    fn addressed(name: &str, fields: Value) -> (String, Value, Option<String>) {
        let spec = spec_of(name).unwrap();
        let Value::Object(fields) = fields else { panic!("no fields") };
        let (address, (body, key)) = remote().addressed(spec, spec.http.unwrap().path, fields);
        (address, Value::Object(body), key)
    }

    #[test]
    fn every_field_has_its_place_in_the_address_or_the_body() {
        let (address, body, key) = addressed(
            "approve",
            json!({"request": "a/b", "comment": "ok", "duration_hours": 1.0, "idempotency_key": "k"}),
        );
        assert_eq!(address, "http://localhost/jit/requests/a%2Fb/approve");
        assert_eq!((body, key), (json!({"comment": "ok", "duration_hours": 1.0}), Some("k".to_owned())));
        let (address, body, _) = addressed("submit", json!({"role": "x", "dry_run": true}));
        assert_eq!((address.as_str(), body), ("http://localhost/jit/request?dry_run=true", json!({"role": "x"})));
        let (address, body, _) = addressed("requests", json!({"status": "pending", "limit": 7, "cursor": "r9&x"}));
        assert_eq!(
            (address.as_str(), body),
            ("http://localhost/jit/requests?status=pending&limit=7&cursor=r9%26x", json!({}))
        );
        let (_, body, _) = addressed("revoke_many", json!({"request": "q", "reason": "r"}));
        assert_eq!(body, json!({"request_id": "q", "reason": "r"}));
    }

    #[test]
    fn what_only_a_store_can_do_is_said() {
        let problem = remote().execute(spec_of("verify").unwrap(), Map::new()).unwrap_err();
        assert_eq!(problem.exit, Exit::Usage);
        assert!(problem.next.unwrap().contains("--store"));
    }
}
