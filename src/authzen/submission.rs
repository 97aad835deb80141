//! A request for access, bound to the denial that it answers.
//!
//! Errors are checked in this order: the caller, a repeat under a known key, the form, the subjects that the caller
//! speaks for, the binding, its deadline, and whether access can still be requested.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::host::Host;
use super::json::{member, object_of, text_of};
use super::mapping::{Mapped, Mapping, mapped};
use super::pep::Pep;
use super::point::{DecisionPoint, HttpRequest};
use super::question::{Question, Wanted};
use super::reply::HttpResponse;
use super::token::{Expected, Verdict};
use crate::command::{BreakGlass, Command, Field, ListRequests};
use crate::error::{Error, ErrorKind};
use crate::journal::{canonical, digest, digest_of};
use crate::model::{Caller, Details, Justification, Principal, TicketUrl, Timestamp, Ttl};
use crate::notify::{Callback, ChannelKind, ChannelSettings, EVENTS, Origin};
use crate::service::{IdempotencyKey, Receipt};
use crate::workflow::{RefusalCode, Remedy};

/// A submission with a valid form.
struct Submission<'a> {
    question: Question,
    denial: Denial<'a>,
    details: Details,
    until: Option<Timestamp>,
    is_emergency: bool,
    wants_whole_role: bool,
    callback: Option<CallbackFields>,
}

/// The callback of a caller, as text for the origin.
struct CallbackFields {
    channel: String,
    events: String,
    state: String,
}

/// The parts of the denial that a caller repeats.
struct Denial<'a> {
    expires_at: Timestamp,
    evaluation_id: Option<&'a str>,
    token: Option<&'a str>,
    template: Option<&'a str>,
}

/// What the binding proves.
struct Bound {
    until: Timestamp,
    evaluation_id: String,
    template: Option<String>,
}

impl DecisionPoint {
    /// `POST requests`.
    pub(super) fn submission(
        &self,
        pep: &Pep,
        host: &dyn Host,
        call: &HttpRequest<'_>,
    ) -> Result<HttpResponse, HttpResponse> {
        let body = call.object()?;
        let key = call.header("idempotency-key").map(|key| self.key(pep, key, &body)).transpose()?;
        // Looked up before anything else: a retry may come after the denial has expired.
        if let Some(key) = &key {
            match self.workflow.done_for(key) {
                Ok(Some(receipt)) => return self.accepted(pep, &receipt),
                Ok(None) => {}
                Err(Error::KeyReused) => return Err(duplicate()),
                Err(error) => return Err(self.failed(&error)),
            }
        }
        let submission = self.read(pep, &body)?;
        let question = &submission.question;
        if !pep.speaks_for(&question.subject) {
            return Err(HttpResponse::forbidden("this caller may not ask for this subject"));
        }
        let Mapping::Mapped(mapped) = mapped(question, &self.settings) else { return Err(unbound()) };
        let bound = self.bound_to(pep, &submission, &mapped)?;
        let now = self.workflow.now();
        if bound.until <= now || submission.denial.expires_at <= now {
            return Err(HttpResponse::of_profile(
                410,
                "expired_denial",
                "this denial is too old: ask for a new decision",
            ));
        }
        let caller = mapped.caller(host)?.ok_or_else(not_requestable)?;
        self.make_request(pep, &caller, &mapped, &submission, &bound, key.as_ref())
    }

    /// The key by which a repeated submission is recognized: it belongs to this caller, for any subject.
    fn key(&self, pep: &Pep, key: &str, body: &Map<String, Value>) -> Result<IdempotencyKey, HttpResponse> {
        let wrong = || HttpResponse::problem(400, "invalid", "`Idempotency-Key` is 1 to 255 visible ASCII characters");
        let text = IdempotencyKey::new(key).map_err(|_| wrong())?;
        let of = canonical(body).map_err(|error| HttpResponse::invalid("", &error.to_string()))?;
        // Under a separate name, so that keys of principals never collide with it.
        let owner = URL_SAFE_NO_PAD.encode(digest_of(pep.id().as_bytes())).to_lowercase();
        let owner = Principal::agent(&format!("authzen-{owner}")).map_err(|error| self.failed(&error.into()))?;
        Ok(text.for_another(owner, digest(&of)))
    }

    fn read<'a>(&self, pep: &Pep, body: &'a Map<String, Value>) -> Result<Submission<'a>, HttpResponse> {
        if member(body, "items").is_some() {
            return Err(HttpResponse::invalid("/items", "is not supported: send one request for each"));
        }
        let callback = object_of(body, "callback", "")?;
        let callback = callback.map(|callback| self.callback(pep, callback)).transpose()?;
        let question = Question::read(body, Wanted::Everything)?;
        let unbound = |what| HttpResponse::of_profile(400, "invalid_denial_binding", what);
        let denial = object_of(body, "denial", "")?.ok_or_else(|| unbound("`denial` is missing"))?;
        let said = |name| text_of(denial, name, "/denial");
        let denial = Denial {
            expires_at: said("expires_at")?
                .and_then(|at| at.parse().ok())
                .ok_or_else(|| unbound("`denial.expires_at` is missing, or no instant"))?,
            evaluation_id: said("evaluation_id")?,
            token: said("binding_token")?,
            template: said("template")?,
        };
        if denial.evaluation_id.is_none() && denial.token.is_none() {
            return Err(unbound("the denial has neither `evaluation_id` nor `binding_token`"));
        }
        let empty = Map::new();
        let wanted = object_of(body, "requested_access", "")?.unwrap_or(&empty);
        let flag = |map: &Map<String, Value>, name: &str, at: &str| match member(map, name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(HttpResponse::invalid(&format!("{at}/{name}"), "is neither true nor false")),
        };
        let until = text_of(wanted, "requested_until", "/requested_access")?;
        let until = until.map(|until| {
            let until = until.parse::<Timestamp>();
            until.map_err(|_| HttpResponse::invalid("/requested_access/requested_until", "is no instant"))
        });
        let until = until.transpose()?;
        if until.is_some_and(|until| until <= self.workflow.now()) {
            return Err(HttpResponse::invalid("/requested_access/requested_until", "is in the past"));
        }
        Ok(Submission {
            details: self.details(&question.context)?,
            until,
            is_emergency: flag(wanted, "emergency", "/requested_access")?,
            wants_whole_role: flag(wanted, "urn:jit-access:whole_role", "/requested_access")?,
            denial,
            question,
            callback,
        })
    }

    /// The registered channel that leads to the address of this callback. To no other address is anything sent: a caller that
    /// may make one up could have any host called from here.
    fn callback(&self, pep: &Pep, callback: &Map<String, Value>) -> Result<CallbackFields, HttpResponse> {
        let missing = || HttpResponse::invalid("/callback/endpoint", "is missing");
        let endpoint = text_of(callback, "endpoint", "/callback")?.ok_or_else(missing)?;
        let leads_there = |one: &ChannelSettings| match &one.kind {
            ChannelKind::Webhook(hook) => hook.callback_for.as_deref() == Some(pep.id()) && hook.url == endpoint,
            _ => false,
        };
        let channels = &self.engine.settings().notices.channels;
        let (channel, _) = channels.iter().find(|(_, one)| leads_there(one)).ok_or_else(|| {
            HttpResponse::invalid("/callback/endpoint", "is not registered for this caller: ask the status endpoint")
        })?;
        let state = match text_of(callback, "state", "/callback")? {
            Some(state) if state.len() > LONGEST_STATE => {
                return Err(HttpResponse::invalid("/callback/state", "is longer than 1,024 bytes"));
            }
            Some(state) => format!("s{}", URL_SAFE_NO_PAD.encode(state)),
            None => "-".to_owned(),
        };
        let wrong = || HttpResponse::invalid("/callback/events", &format!("is no list of {}", EVENTS.join(", ")));
        let events = match member(callback, "events") {
            None => "-".to_owned(),
            Some(Value::Array(events)) if !events.is_empty() && events.len() <= EVENTS.len() => {
                let known = |event: &Value| EVENTS.into_iter().find(|one| event.as_str() == Some(one));
                events.iter().map(known).collect::<Option<Vec<_>>>().ok_or_else(wrong)?.join(",")
            }
            Some(_) => return Err(wrong()),
        };
        Ok(CallbackFields { channel: channel.clone(), events, state })
    }

    fn details(&self, context: &Map<String, Value>) -> Result<Details, HttpResponse> {
        let rules = self.engine.rules();
        let value = |name: &str| member(context, name).cloned();
        let mut details = Details::default();
        if let Some(reason) = value("business_justification") {
            let pointer = "/context/business_justification";
            let reason = Justification::read(reason, "business_justification");
            details.justification = Some(reason.map_err(|error| HttpResponse::invalid(pointer, error.problem()))?);
        } else if rules.require_justification {
            return Err(missing("justification_required", "/context/business_justification", "say why"));
        }
        if let Some(ticket) = value("ticket_url") {
            let ticket = TicketUrl::read(ticket, "ticket_url");
            details.ticket_url =
                Some(ticket.map_err(|error| HttpResponse::invalid("/context/ticket_url", error.problem()))?);
        } else if rules.require_ticket_url {
            return Err(missing("ticket_required", "/context/ticket_url", "give the address of the ticket"));
        }
        Ok(details)
    }

    /// What the denial proves, if it is the denial of just this to just this caller.
    fn bound_to(&self, pep: &Pep, submission: &Submission<'_>, mapped: &Mapped) -> Result<Bound, HttpResponse> {
        let Submission { question, denial, .. } = submission;
        let by_id = match denial.evaluation_id {
            None => None,
            Some(id) => match self.bound_by_id(pep, question, mapped, id)? {
                Some(until) => Some((until, id.to_owned())),
                None => return Err(unbound()),
            },
        };
        let bound = match denial.token {
            None => {
                let (until, evaluation_id) = by_id.ok_or_else(unbound)?;
                Bound { until, evaluation_id, template: None }
            }
            Some(token) => {
                let url = self.settings.public_url();
                let expected = Expected {
                    question,
                    audience: url,
                    now: self.workflow.now(),
                    skew: 0,
                    evaluation_id: denial.evaluation_id,
                    template: denial.template,
                    principal: Some(principal_text(mapped)),
                };
                match self.keys.open_binding(token, &expected, denial.expires_at) {
                    Verdict::Accepted(bound) => {
                        let until = by_id.map_or(bound.until, |(until, _)| until.min(bound.until));
                        Bound { until, evaluation_id: bound.evaluation_id, template: bound.template }
                    }
                    Verdict::Expired => {
                        let detail = "this denial is too old: ask for a new decision";
                        return Err(HttpResponse::of_profile(410, "expired_denial", detail));
                    }
                    Verdict::Refused => return Err(unbound()),
                }
            }
        };
        Ok(bound)
    }

    /// Makes the request, as the subject.
    fn make_request(
        &self,
        pep: &Pep,
        caller: &Caller,
        mapped: &Mapped,
        submission: &Submission<'_>,
        bound: &Bound,
        key: Option<&IdempotencyKey>,
    ) -> Result<HttpResponse, HttpResponse> {
        let remedies = match self.remedies(caller, mapped) {
            Ok(remedies) => remedies,
            Err(Error::Refused(_)) => return Err(not_requestable()),
            Err(error) => return Err(self.failed(&error)),
        };
        let template = bound.template.as_deref().or(submission.denial.template);
        let is_meant = |one: &&Remedy| {
            template.is_none_or(|template| one.role.as_str() == template)
                && (!submission.wants_whole_role || !one.is_part)
        };
        let remedy = remedies.options.iter().find(is_meant).ok_or_else(not_requestable)?;
        let now = remedies.now;
        let duration = match submission.until {
            None => None,
            Some(until) => {
                let millis = until.millis().saturating_sub(now.millis()).clamp(1, Ttl::MAX.millis());
                Some(Ttl::from_millis(millis).map_err(|error| self.failed(&error.into()))?)
            }
        };
        let origin = self.origin(pep, &bound.evaluation_id, submission.callback.as_ref())?;
        let details = Details { origin: Some(origin), ..submission.details.clone() };
        let command = self.command(caller, remedy, &details, duration, submission.is_emergency);
        if let (None, Command::Submit(_)) = (key, &command)
            && let Some(open) = self.open_one(caller, remedy, now)?
        {
            return self.accepted(pep, &open);
        }
        match self.workflow.execute(caller, command, key) {
            Ok(receipt) => self.accepted(pep, &receipt),
            Err(Error::KeyReused) => Err(duplicate()),
            Err(Error::Refused(refusal))
                if matches!(refusal.code(), RefusalCode::NotEligible | RefusalCode::NoApprover)
                    || Error::from(refusal.clone()).kind() == ErrorKind::Refused && refusal.challenge().is_none() =>
            {
                Err(not_requestable())
            }
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// The command: break-glass only when a dry run of it would be accepted, with the sign-in that the host gives;
    /// otherwise an ordinary request.
    fn command(
        &self,
        caller: &Caller,
        remedy: &Remedy,
        details: &Details,
        duration: Option<Ttl>,
        is_emergency: bool,
    ) -> Command {
        if is_emergency && details.justification.is_some() {
            let mut take = BreakGlass::new(remedy.role.clone()).duration(duration).resource(remedy.scope.clone());
            take.details = details.clone();
            if self.workflow.preview(caller, take.clone()).is_ok() {
                return take.into();
            }
        }
        let mut submit = remedy.submit().duration(duration);
        submit.details = details.clone();
        submit.into()
    }

    /// An open request of the same principal for the same access: a retry without a key makes no second request.
    fn open_one(&self, caller: &Caller, remedy: &Remedy, now: Timestamp) -> Result<Option<Receipt>, HttpResponse> {
        let list = ListRequests::default().role(remedy.role.clone()).person(caller.person().clone());
        let open = self.workflow.requests(caller, &list).map_err(|error| self.failed(&error))?.items;
        let is_same = |request: &crate::model::AccessRequest| {
            request.status(now).is_open()
                && request.requester == caller.principal
                && request.requester_acts_for == caller.acts_for
                && request.scope == remedy.scope
                && remedy.permissions.is_within(&request.permissions)
        };
        match open.into_iter().find(|one| is_same(&one.request)) {
            None => Ok(None),
            Some(one) => self.workflow.known_request(one.request.id).map_err(|error| self.failed(&error)),
        }
    }

    /// The origin of the request, for its record: the caller, the denial, and the seal of this decision point.
    fn origin(
        &self,
        pep: &Pep,
        evaluation_id: &str,
        callback: Option<&CallbackFields>,
    ) -> Result<Justification, HttpResponse> {
        let base = self.settings.public_url();
        let callback = callback.map(|callback| Callback {
            channel: &callback.channel,
            events: &callback.events,
            state: &callback.state,
            base,
        });
        let origin = Origin { caller: pep.id(), evaluation_id, callback };
        let sealed = self.keys.handles.origin(&origin.to_string());
        Justification::new(&sealed).map_err(|error| self.failed(&error.into()))
    }

    /// The caller that made a request with this origin, and the id of its denial; `None` when this decision point did
    /// not write it. Any submitter may write an `origin`, so only a sealed one counts.
    #[must_use]
    pub fn origin_of<'a>(&self, origin: &'a Justification) -> Option<(&'a str, &'a str)> {
        let origin = Origin::parse(self.keys.handles.open_origin(origin.as_str())?)?;
        Some((origin.caller, origin.evaluation_id))
    }

    /// A signed denial, for an external access request service.
    pub(super) fn binding_token(
        &self,
        question: &Question,
        mapped: &Mapped,
        evaluation_id: &str,
        template: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<String, HttpResponse> {
        let url = self.settings.public_url();
        let claims = json!({
            "iss": url,
            "aud": url,
            "iat": now.millis().div_euclid(1_000),
            // Rounded up to the end of the second, so that the denial's own deadline is the earlier one.
            "exp": until.millis().saturating_add(999).div_euclid(1_000),
            "jti": self.keys.random_id().map_err(|error| self.failed(&error))?,
            "evaluation_id": evaluation_id,
            "denial_expires_at": until.to_string(),
            "binding_context_members": [],
            "subject": super::compare::bound_subject(question.subject.whole(), false),
            "resource": question.resource.whole(),
            "action": question.action,
            "context": {},
            "template": template,
            "urn:jit-access:principal": principal_text(mapped),
        });
        self.keys.sign("arap-binding+jwt", &claims).map_err(|error| self.failed(&error))
    }
}

/// How many bytes a caller may have sent back to it.
const LONGEST_STATE: usize = 1_024;

fn principal_text(mapped: &Mapped) -> String {
    match &mapped.person {
        Some(person) => format!("{} for {person}", mapped.principal),
        None => mapped.principal.to_string(),
    }
}

fn unbound() -> HttpResponse {
    HttpResponse::of_profile(400, "invalid_denial_binding", "this is not the denial of this question to this caller")
}

fn not_requestable() -> HttpResponse {
    HttpResponse::of_profile(
        400,
        "not_requestable",
        "this cannot be asked for, or not any more: ask for a new decision",
    )
}

fn duplicate() -> HttpResponse {
    HttpResponse::of_profile(409, "duplicate_request", "this key was used with another body: use a new key")
}

fn missing(code: &str, pointer: &str, what: &str) -> HttpResponse {
    HttpResponse::problem(400, code, what).pointing([(pointer, "is missing")])
}
