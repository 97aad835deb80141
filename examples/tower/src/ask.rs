//! A tower layer around a service that may deny: a denial that can be lifted becomes a request, a wait, and the same call again.

use std::error::Error;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use axum::response::IntoResponse;
use jit_access::command::ListRemedies;
use jit_access::model::{Caller, Justification, Principal, RequestStatus};
use jit_access::service::Workflow;
use tower::ServiceExt;

use crate::around::{Answer, Around, Inner};

/// The most bytes of a body that is kept, to be sent twice.
const MAX_BODY: usize = 64 * 1024;

/// What was denied, beside a response that says no.
#[derive(Clone)]
pub(crate) struct Denied(pub(crate) ListRemedies);

/// Asks for what was denied on behalf of whoever sent the request, and waits for an answer.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) workflow: Workflow,
    pub(crate) reason: Justification,
    /// How long to wait for a person, and how often to look.
    pub(crate) patience: Duration,
    pub(crate) poll: Duration,
}

impl Around for Ask {
    fn around<S: Inner>(&self, request: Request<Body>, inner: S) -> Answer<S::Error> {
        let ask = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let Ok(body) = to_bytes(body, MAX_BODY).await else {
                return Ok(StatusCode::PAYLOAD_TOO_LARGE.into_response());
            };
            let again = || Request::from_parts(parts.clone(), Body::from(body.clone()));
            let response = inner.clone().oneshot(again()).await?;
            let (Some(Denied(denied)), Some(who)) =
                (response.extensions().get::<Denied>().cloned(), parts.extensions.get::<Principal>().cloned())
            else {
                return Ok(response);
            };
            match ask.obtain(Caller::new(who, vec![]), denied).await {
                Ok(true) => inner.oneshot(again()).await,
                // It was denied, or nobody answered: the first answer stands.
                Ok(false) | Err(_) => Ok(response),
            }
        })
    }
}

impl Ask {
    /// Asks for the least that lifts the denial; whether somebody has said yes.
    async fn obtain(&self, caller: Caller, denied: ListRemedies) -> Result<bool, Box<dyn Error + Send + Sync>> {
        let (ask, who) = (self.clone(), caller.clone());
        let request = tokio::task::spawn_blocking(move || {
            let remedies = ask.workflow.remedies(&who, &denied)?;
            let Some(least) = remedies.options.first() else { return Ok(None) };
            let receipt = ask.workflow.execute(&who, least.submit().reason(ask.reason.clone()), None)?;
            Ok::<_, jit_access::Error>(receipt.request.map(|request| request.id))
        });
        let Some(request) = request.await?? else { return Ok(false) };
        let deadline = tokio::time::Instant::now() + self.patience;
        loop {
            let (workflow, who) = (self.workflow.clone(), caller.clone());
            let receipt = tokio::task::spawn_blocking(move || workflow.request(&who, request)).await??;
            let now = receipt.now;
            match receipt.request.map(|request| request.status(now)) {
                Some(RequestStatus::Approved) => return Ok(true),
                Some(RequestStatus::Pending | RequestStatus::NeedsInfo) if tokio::time::Instant::now() < deadline => {
                    tokio::time::sleep(self.poll).await;
                }
                _ => return Ok(false),
            }
        }
    }
}
