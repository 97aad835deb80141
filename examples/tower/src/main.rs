//! Two tower layers around the routes of an axum service: with `Guard`, whoever has no standing right gets through while a grant
//! lasts; with `Ask`, a call that is denied waits for a person's yes and is made again.

mod around;
mod ask;
mod authzen;

use std::error::Error;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Extension;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{Router, post};
use jit_access::authzen::{DecisionPoint, Host, HostError, Pep, Peps, Rights, Settings, SpeaksFor};
use jit_access::check::{Check, Decider};
use jit_access::command::{Approve, Command, ListRemedies, ListRequests, Revoke, Submit};
use jit_access::config::Config;
use jit_access::model::{
    Action, Caller, GrantId, Justification, Outcome, Principal, Query, RequestStatus, Resource, RoleName, Secret, Ttl,
};
use jit_access::service::{Builder, Receipt, Workflow};
use jit_access::store::MemoryStore;
use tower::ServiceExt;

use around::{Answer, Around, Inner, Layered};
use ask::{Ask, Denied};
use authzen::Authzen;

/// Asks before a request goes on whether the person whom the host authenticated may do this to that.
#[derive(Clone)]
struct Guard {
    decider: Decider,
    action: Action,
    resource: Resource,
    /// The host's own answer, which stands where no grant speaks.
    standing: fn(&Principal) -> bool,
}

/// Goes with a request that came through by a grant.
#[derive(Clone, Copy)]
struct Elevated(Option<GrantId>);

impl Around for Guard {
    fn around<S: Inner>(&self, mut request: Request<Body>, inner: S) -> Answer<S::Error> {
        match self.judge(&request) {
            Ok(elevated) => {
                request.extensions_mut().insert(elevated);
                Box::pin(inner.oneshot(request))
            }
            Err(refusal) => Box::pin(refuse(refusal, self)),
        }
    }
}

/// A no goes with what was denied, for whoever can ask for it.
fn refuse<E>(status: StatusCode, guard: &Guard) -> Ready<Result<Response, E>> {
    let mut response = status.into_response();
    if status == StatusCode::FORBIDDEN {
        let denied = ListRemedies::new(guard.action.clone()).resource(Some(guard.resource.clone()));
        response.extensions_mut().insert(Denied(denied));
    }
    ready(Ok(response))
}

impl Guard {
    /// Reads memory, so that it can stand in an async function.
    fn judge(&self, request: &Request<Body>) -> Result<Elevated, StatusCode> {
        let principal = request.extensions().get::<Principal>().ok_or(StatusCode::UNAUTHORIZED)?;
        let query = Query { principal, action: &self.action, resource: &self.resource };
        // Values cannot be malformed: an error here would be text that cannot be read.
        let decision = self.decider.check(&Check::new(query)).map_err(|_| StatusCode::BAD_REQUEST)?;
        match decision.outcome {
            Outcome::Allow => Ok(Elevated(decision.basis.grant)),
            Outcome::NotApplicable if (self.standing)(principal) => Ok(Elevated(None)),
            // A guardrail of the operator's denies, or nobody gives it.
            Outcome::Deny | Outcome::NotApplicable => Err(StatusCode::FORBIDDEN),
        }
    }
}

async fn deploy(Extension(Elevated(grant)): Extension<Elevated>) -> &'static str {
    if grant.is_some() { "deployed, by a grant" } else { "deployed, by right" }
}

/// Sends a request as if this person had signed in: a real host's own layer puts them there.
async fn send(service: &Router, who: Option<&Principal>) -> Result<String, Box<dyn Error>> {
    let mut request = Request::post("/deploy").body(Body::empty())?;
    if let Some(who) = who {
        request.extensions_mut().insert(who.clone());
    }
    let response = service.clone().oneshot(request).await?;
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), 1024).await?;
    Ok(format!("{status} {}", String::from_utf8_lossy(&body)).trim_end().to_owned())
}

/// Who somebody is to the host, for the decision point of AuthZEN.
struct Staff;

impl Host for Staff {
    fn caller(&self, principal: &Principal, _: Option<&Principal>) -> Result<Option<Caller>, HostError> {
        Ok(Some(Caller::new(principal.clone(), vec![])))
    }
}

const TOKEN: &str = "0123456789abcdef0123456789abcdef01234567";

/// What another program is told of whether this person may deploy.
async fn evaluate(point: &Router, who: &str) -> Result<String, Box<dyn Error>> {
    let body = format!(
        r#"{{"subject": {{"type": "user", "id": "{who}"}}, "action": {{"name": "tools.execute"}},
            "resource": {{"type": "route", "id": "POST /deploy"}}}}"#
    );
    let request = Request::post("/access/v1/evaluation").header("content-type", "application/json");
    let request = request.header("authorization", format!("Bearer {TOKEN}")).body(Body::from(body))?;
    let response = point.clone().oneshot(request).await?;
    let status = response.status();
    let body = axum::body::to_bytes(response.into_body(), 64 * 1024).await?;
    let told = String::from_utf8_lossy(&body);
    let decision = if told.contains(r#""decision":true"#) { "true" } else { "false" };
    let offer = if told.contains(r#""access_request""#) { ", may be asked for" } else { "" };
    Ok(format!("{status} {decision}{offer}"))
}

/// What the workflow does waits for the disk, so it has a thread of its own.
async fn execute(workflow: &Workflow, caller: &Caller, command: impl Into<Command>) -> Result<Receipt, Box<dyn Error>> {
    let (workflow, caller, command) = (workflow.clone(), caller.clone(), command.into());
    Ok(tokio::task::spawn_blocking(move || workflow.execute(&caller, command, None)).await??)
}

/// A person who looks at what waits, and approves the first of it.
async fn approve_what_waits(workflow: &Workflow, lead: &Caller) -> Result<(), Box<dyn Error>> {
    loop {
        let (reading, caller) = (workflow.clone(), lead.clone());
        let pending = ListRequests::default().status(Some(RequestStatus::Pending));
        let waiting = tokio::task::spawn_blocking(move || reading.requests(&caller, &pending)).await??;
        if let Some(request) = waiting.items.first() {
            execute(workflow, lead, Approve::new(request.request.id)).await?;
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[expect(clippy::print_stdout, reason = "an example prints")]
async fn story() -> Result<(), Box<dyn Error>> {
    let config = "jit_access: {approver_roles: [lead], roles: {deployer: {permissions: [tools.execute]}}}";
    let config = Config::parse(config, [])?;
    let engine = Builder::new(MemoryStore::new(), config.rules).settings(config.settings).open()?;
    let (workflow, dev) = (engine.workflow(), Principal::user("dev@example.com")?);
    let admin = Principal::user("admin@example.com")?;

    let guard = Guard {
        decider: engine.decider(),
        action: Action::new("tools.execute")?,
        resource: Resource::new("route", "POST /deploy")?,
        standing: |principal| principal.id() == "admin@example.com",
    };
    let service = Router::new().route("/deploy", post(deploy)).layer(Layered::new(guard));
    let ask = Ask {
        workflow: workflow.clone(),
        reason: Justification::new("INC-1234: roll back")?,
        patience: Duration::from_secs(60),
        poll: Duration::from_millis(10),
    };
    let asking = service.clone().layer(Layered::new(ask));

    println!("nobody:  {}", send(&service, None).await?);
    println!("admin:   {}", send(&service, Some(&admin)).await?);
    println!("dev:     {}", send(&service, Some(&dev)).await?);

    let submit = Submit::new(RoleName::new("deployer")?)
        .duration(Ttl::from_hours(1.0)?)
        .reason(Justification::new("INC-1234: roll back")?);
    let request = execute(&workflow, &Caller::new(dev.clone(), vec![]), submit).await?.request.ok_or("no request")?.id;
    let lead = Caller::new(Principal::user("lead@example.com")?, vec![RoleName::new("lead")?]);
    let grant = execute(&workflow, &lead, Approve::new(request)).await?.grant.ok_or("no grant")?.id;
    println!("granted: {}", send(&service, Some(&dev)).await?);

    execute(&workflow, &lead, Revoke::new(grant, Justification::new("it is over")?)).await?;
    println!("revoked: {}", send(&service, Some(&dev)).await?);

    let (mut call, person) = (Box::pin(send(&asking, Some(&dev))), approve_what_waits(&workflow, &lead));
    let (answer, approved) = tokio::join!(&mut call, person);
    approved?;
    println!("asked:   {}", answer?);

    // Other programs ask the same engine by AuthZEN.
    let point = DecisionPoint::new(&engine, Settings::new("https://pdp.example.com")?)?;
    let peps = Peps::new([(Pep::new("gateway", SpeaksFor::Everybody, Rights::ALL)?, Secret::new(TOKEN))])?;
    let point = authzen::routes(Arc::new(Authzen { point, peps, host: Box::new(Staff) }));
    println!("authzen: {}", evaluate(&point, "dev@example.com").await?);
    println!("another: {}", evaluate(&point, "ann@example.com").await?);
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(story())
}
