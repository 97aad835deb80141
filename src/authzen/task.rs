//! The state of a request, and its withdrawal.

use serde_json::{Map, Value, json};

use super::host::Host;
use super::json::{object, text_of};
use super::pep::Pep;
use super::point::{DecisionPoint, HttpRequest};
use super::question::Entity;
use super::reply::HttpResponse;
use crate::command::Withdraw;
use crate::error::Error;
use crate::model::{AccessRequest, Caller, Principal, RequestStatus, Timestamp};
use crate::notify::{task_address, task_status};
use crate::service::Receipt;
use crate::workflow::{RefusalCode, cuts_of};

/// How long a handle remains valid after the end of its subject.
const OUTLIVES_MILLIS: i64 = 24 * 3_600_000;
/// How soon a caller asks again, and how soon when a request has waited for ten minutes.
const SOON: i64 = 5;
const LATER: i64 = 30;
const TEN_MINUTES: i64 = 600_000;

impl DecisionPoint {
    /// `GET requests/{handle}`.
    pub(super) fn task(&self, pep: &Pep, handle: &str) -> Result<HttpResponse, HttpResponse> {
        let (receipt, request) = self.opened(pep, handle)?;
        let (now, status) = (receipt.now, request.status(receipt.now));
        let mut reply = HttpResponse::json(200, &self.task_document(pep, &receipt, &request));
        if status.is_open() {
            let is_young = now.millis().saturating_sub(request.created_at.millis()) < TEN_MINUTES;
            reply = reply.with("retry-after", if is_young { SOON } else { LATER }.to_string());
            reply.is_waiting = true;
        }
        Ok(reply.with("cache-control", "no-store"))
    }

    /// `POST requests/{handle}/cancel`.
    pub(super) fn cancel(
        &self,
        pep: &Pep,
        host: &dyn Host,
        handle: &str,
        call: &HttpRequest<'_>,
    ) -> Result<HttpResponse, HttpResponse> {
        let (receipt, request) = self.opened(pep, handle)?;
        // Withdrawing twice does nothing in the workflow; for a caller of the profile the task has ended.
        if !request.status(receipt.now).is_open() {
            return Err(HttpResponse::of_profile(409, "invalid_task_state", "this request does not wait any more"));
        }
        if !call.body.is_empty() {
            let body = object(call.body)?;
            text_of(&body, "reason", "")?;
            text_of(&body, "comment", "")?;
        }
        let known = host.caller(&request.requester, request.requester_acts_for.as_ref())?;
        let caller = known.unwrap_or_else(|| Caller::new(request.requester.clone(), Vec::new()));
        let caller =
            Caller { principal: request.requester.clone(), acts_for: request.requester_acts_for.clone(), ..caller };
        match self.workflow.execute(&caller, Withdraw::new(request.id), None) {
            Ok(receipt) => {
                let request = receipt.request.clone().ok_or_else(unknown)?;
                Ok(HttpResponse::json(200, &self.task_document(pep, &receipt, &request)))
            }
            Err(Error::Refused(refusal))
                if matches!(refusal.code(), RefusalCode::RequestNotPending | RefusalCode::RequestTimedOut) =>
            {
                Err(HttpResponse::of_profile(409, "invalid_task_state", refusal.message()))
            }
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// The answer to a submission.
    pub(super) fn accepted(&self, pep: &Pep, receipt: &Receipt) -> Result<HttpResponse, HttpResponse> {
        let request = receipt.request.clone().ok_or_else(unknown)?;
        let is_approved = request.status(receipt.now) == RequestStatus::Approved;
        let reply =
            HttpResponse::json(if is_approved { 201 } else { 202 }, &self.task_document(pep, receipt, &request));
        let reply = reply.with("location", self.address(pep, &request)).with("cache-control", "no-store");
        Ok(if is_approved { reply } else { reply.with("retry-after", SOON.to_string()) })
    }

    /// The request of a handle. Each call is authorized again, and for other callers there is no such task.
    fn opened(&self, pep: &Pep, handle: &str) -> Result<(Receipt, Box<AccessRequest>), HttpResponse> {
        let id = self.keys.handles.open_task(handle, pep.id()).ok_or_else(unknown)?;
        let receipt = self.workflow.known_request(id).map_err(|error| self.failed(&error))?.ok_or_else(unknown)?;
        let request = Box::new(receipt.request.clone().ok_or_else(unknown)?);
        if !pep.speaks_for(&self.subject_of(request.requester_acts_for.as_ref().unwrap_or(&request.requester))) {
            return Err(unknown());
        }
        if expires_at(&receipt, &request) <= receipt.now {
            return Err(HttpResponse::of_profile(410, "task_expired", "this handle is not kept any more"));
        }
        Ok((receipt, request))
    }

    fn subject_of(&self, principal: &Principal) -> Entity {
        let kind = self.settings.subject_types.iter().find(|(_, kind)| **kind == principal.kind());
        Entity::new(kind.map_or("", |(name, _)| name), principal.id())
    }

    fn address(&self, pep: &Pep, request: &AccessRequest) -> String {
        task_address(self.settings.public_url(), &self.keys.handles.task(request.id, pep.id()))
    }

    /// The task, and its result once it is approved. It does not contain the approvers.
    fn task_document(&self, pep: &Pep, receipt: &Receipt, request: &AccessRequest) -> Value {
        let (now, address) = (receipt.now, self.address(pep, request));
        let status = request.status(now);
        let cuts: Vec<Value> =
            cuts_of(request).iter().map(|cut| json!({"what": cut.what, "from": cut.from, "to": cut.to})).collect();
        let mut links = Map::new();
        if status.is_open() {
            links.insert("cancel".to_owned(), format!("{address}/cancel").into());
        }
        if let Some(pages) = &self.settings.pages_url {
            let ticket = format!("{}/requests/{}", pages.trim_end_matches('/'), request.id);
            links.insert("ticket".to_owned(), ticket.into());
        }
        let mut task = json!({
            "id": self.keys.handles.task(request.id, pep.id()),
            "status": task_status(status),
            "status_endpoint": address,
            "created_at": request.created_at.to_string(),
            "expires_at": expires_at(receipt, request).to_string(),
            "display": {
                "title": format!("{} on {} for {}", request.role, request.scope, request.duration),
                "description": described(status, &cuts),
            },
        });
        if let Value::Object(task) = &mut task {
            if !links.is_empty() {
                task.insert("links".to_owned(), links.into());
            }
            if status == RequestStatus::NeedsInfo {
                task.insert("progress".to_owned(), json!({"step_name": "needs_info"}));
            }
        }
        let mut shown = json!({ "task": task });
        if let (RequestStatus::Approved, Some(grant), Value::Object(shown)) = (status, &receipt.grant, &mut shown) {
            let mut result = json!({
                "mode": "reevaluate",
                "approval": {
                    "id": self.keys.approval(grant.id),
                    "approved_at": grant.approved_at.to_string(),
                    "approved_until": grant.window.end().to_string(),
                },
            });
            if let (false, Value::Object(result)) = (cuts.is_empty(), &mut result) {
                result.insert("urn:jit-access:cuts".to_owned(), cuts.into());
            }
            shown.insert("result".to_owned(), result);
        }
        shown
    }
}

fn described(status: RequestStatus, cuts: &[Value]) -> &'static str {
    match status {
        RequestStatus::Pending => "it waits for a decision",
        RequestStatus::NeedsInfo => "who asked is to answer a question",
        RequestStatus::Approved if !cuts.is_empty() => "it is approved, for less than was asked for",
        RequestStatus::Approved => "it is approved: make the same call again",
        RequestStatus::Denied => "it is denied",
        RequestStatus::Withdrawn => "it was taken back",
        RequestStatus::TimedOut => "nobody decided in time",
    }
}

/// Until when the handle is valid: a day after the request or its grant has ended.
fn expires_at(receipt: &Receipt, request: &AccessRequest) -> Timestamp {
    let over = receipt.grant.as_ref().map_or(request.times_out_at, |grant| grant.window.end());
    Timestamp::from_millis(over.millis().saturating_add(OUTLIVES_MILLIS)).unwrap_or(over)
}

fn unknown() -> HttpResponse {
    HttpResponse::of_profile(404, "unknown_task", "there is no such task")
}
