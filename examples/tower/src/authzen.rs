//! AuthZEN over axum: what comes over HTTP goes to the decision point, and what that answers goes back.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use jit_access::authzen::{DecisionPoint, Host, HttpRequest, HttpResponse, Peps};
use tokio::time::{Instant, sleep};

/// A decision point with its callers and the host's part of it.
pub(crate) struct Authzen {
    pub(crate) point: DecisionPoint,
    pub(crate) peps: Peps,
    pub(crate) host: Box<dyn Host + Send + Sync>,
}

/// More than the decision point reads, so that it can say itself that a body is too large.
const MOST: usize = 65 * 1024;
/// How often a request is looked at that somebody waits for.
const AGAIN: Duration = Duration::from_millis(200);

/// The routes, for the root of a service.
pub(crate) fn routes(authzen: Arc<Authzen>) -> Router {
    Router::new()
        .route("/.well-known/authzen-configuration", get(metadata))
        .route("/access/v1/{*path}", any(serve))
        .with_state(authzen)
}

async fn metadata(State(authzen): State<Arc<Authzen>>) -> Response {
    sent(authzen.point.metadata())
}

async fn serve(State(authzen): State<Arc<Authzen>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MOST).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let mut until = None;
    loop {
        let (authzen, parts, body) = (Arc::clone(&authzen), parts.clone(), body.clone());
        // It may wait for the store and for the host.
        let answer = tokio::task::spawn_blocking(move || {
            let headers: Vec<(&str, &str)> =
                parts.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
            let path = parts.uri.path().trim_start_matches("/access/v1/");
            let call = HttpRequest { method: parts.method.as_str(), path, headers: &headers, body: &body };
            let pep = authzen.peps.authenticate(call.header("authorization"));
            (authzen.point.serve(pep, &*authzen.host, &call), call.wait())
        });
        let Ok((reply, wait)) = answer.await else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
        let until = *until.get_or_insert_with(|| Instant::now() + Duration::from_secs(wait.unwrap_or_default()));
        if !reply.is_waiting || Instant::now() >= until {
            return sent(reply);
        }
        sleep(AGAIN).await;
    }
}

fn sent(reply: HttpResponse) -> Response {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(reply.body)).unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}
