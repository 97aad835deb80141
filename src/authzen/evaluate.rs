//! The evaluation of a question, and the contents of a denial.

use serde_json::{Map, Value, json};

use super::compare::bound_text;
use super::host::Host;
use super::json::{object_of, text_of};
use super::mapping::{Mapped, Mapping, mapped};
use super::pep::Pep;
use super::point::DecisionPoint;
use super::question::{Question, Wanted};
use super::reply::{HttpResponse, seconds};
use crate::check::Check;
use crate::command::ListRemedies;
use crate::error::Error;
use crate::model::{
    Caller, Context, Decision, Grant, GrantStatus, Obligation, Obligations, Outcome, Query, Reason, Timestamp,
};
#[cfg(feature = "cedar")]
use crate::service::AuthorizeRequest;
use crate::service::Remedies;
use crate::wire::RemediesDocument;

/// A question with the host's data, before grants are evaluated.
pub(super) struct Prepared<'a> {
    pub(super) question: &'a Question,
    pub(super) mapped: Option<Box<Mapped>>,
    pub(super) caller: Option<Caller>,
    context: Context,
    /// The host's own answer.
    pub(super) stands: bool,
}

/// Whether an allow counts as a use, or nothing is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Use,
    Look,
}

/// A reference to an approved grant that a caller keeps, with its end.
struct Reference {
    grant: Grant,
    id: String,
}

impl DecisionPoint {
    /// `POST evaluation`.
    pub(super) fn evaluation(
        &self,
        pep: &Pep,
        host: &dyn Host,
        body: &Map<String, Value>,
    ) -> Result<HttpResponse, HttpResponse> {
        let question = Question::read(body, Wanted::Everything)?;
        Ok(HttpResponse::json(200, &self.evaluated(pep, host, &question)?))
    }

    /// The decision on one question, with its context.
    pub(super) fn evaluated(&self, pep: &Pep, host: &dyn Host, question: &Question) -> Result<Value, HttpResponse> {
        let mut prepared = self.prepare(pep, host, question)?;
        let decision = self.decide(&mut prepared, Mode::Use)?;
        self.response(pep, &prepared, decision)
    }

    /// Adds the host's data to the question.
    pub(super) fn prepare<'a>(
        &self,
        pep: &Pep,
        host: &dyn Host,
        question: &'a Question,
    ) -> Result<Prepared<'a>, HttpResponse> {
        is_heard(pep, question)?;
        let own = host.base(question)?;
        self.prepare_with(own, host, question)
    }

    /// The same, where the host's own answer is known.
    pub(super) fn prepare_with<'a>(
        &self,
        own: Option<bool>,
        host: &dyn Host,
        question: &'a Question,
    ) -> Result<Prepared<'a>, HttpResponse> {
        let mapped = match mapped(question, &self.settings) {
            Mapping::Mapped(mapped) => mapped,
            Mapping::Foreign => {
                let stands = own.unwrap_or(false);
                return Ok(Prepared { question, mapped: None, caller: None, context: Context::default(), stands });
            }
            Mapping::Unclear => {
                let context = Context::default();
                return Ok(Prepared { question, mapped: None, caller: None, context, stands: false });
            }
        };
        if own == Some(true) {
            let context = mapped.context.clone();
            return Ok(Prepared { question, mapped: Some(mapped), caller: None, context, stands: true });
        }
        let (caller, is_person_known) = mapped.caller_and_person(host)?;
        // An agent never has more than its person, and for an unknown person it has nothing.
        if !is_person_known {
            let stands = own.unwrap_or(false);
            return Ok(Prepared { question, mapped: None, caller: None, context: Context::default(), stands });
        }
        let has = |caller: &Caller| caller.permissions.iter().flatten().any(|one| one.covers(&mapped.action));
        let stands = own.unwrap_or_else(|| caller.as_ref().is_some_and(has));
        // Only the host knows the sign-in.
        let sign_in = caller.as_ref().and_then(|caller| caller.sign_in.clone());
        let context = Context { sign_in, ..mapped.context.clone() };
        Ok(Prepared { question, mapped: Some(mapped), caller, context, stands })
    }

    /// Evaluates the grants. When the host's own decision allows, no grant is used.
    pub(super) fn decide(&self, prepared: &mut Prepared<'_>, mode: Mode) -> Result<Option<Decision>, HttpResponse> {
        #[cfg(feature = "cedar")]
        if self.has_policies() {
            return self.decide_by_policies(prepared, mode);
        }
        let Some(check) = check_of(prepared, mode) else { return Ok(None) };
        let decision = self.decider.check(&check).map_err(|error| self.failed(&error.into()))?;
        Ok(Some(decision))
    }

    /// Whether the operator has policies of standing rights: then they decide, with guardrails and grants.
    pub(super) fn has_policies(&self) -> bool {
        cfg!(feature = "cedar") && !self.engine.settings().standing_policies.is_empty()
    }

    /// The decision of `authorize`: standing policies, guardrails and grants together. An allow of the host counts too,
    /// and a forbid overrides both.
    #[cfg(feature = "cedar")]
    fn decide_by_policies(&self, prepared: &mut Prepared<'_>, mode: Mode) -> Result<Option<Decision>, HttpResponse> {
        let Some(mapped) = &prepared.mapped else { return Ok(None) };
        let (principal, action, resource) = (&mapped.principal, &mapped.action, &mapped.resource);
        let mut asked = AuthorizeRequest::new(principal.clone(), action.clone(), resource.clone());
        asked.known = prepared.context.clone();
        asked.current = true;
        asked.peek = prepared.stands || mode == Mode::Look;
        let answer = self.engine.authorize(&asked).map_err(|error| self.failed(&error))?;
        let decision = match (answer.outcome, answer.grant, answer.valid_until) {
            (Outcome::Allow, Some(grant), Some(until)) => Decision::allow(grant, until, answer.revision),
            (Outcome::Allow, ..) => {
                prepared.stands = true;
                Decision::not_applicable(Reason::NoGrant, answer.valid_until, answer.revision)
            }
            (Outcome::Deny, ..) => Decision {
                outcome: Outcome::Deny,
                ..Decision::not_applicable(Reason::NoGrant, answer.valid_until, answer.revision)
            },
            (Outcome::NotApplicable, ..) => {
                Decision::not_applicable(Reason::NoGrant, answer.valid_until, answer.revision)
            }
        };
        Ok(Some(Decision { obligations: answer.obligations, ..decision }))
    }

    /// The response to the caller for a decision.
    pub(super) fn response(
        &self,
        pep: &Pep,
        prepared: &Prepared<'_>,
        decision: Option<Decision>,
    ) -> Result<Value, HttpResponse> {
        let outcome = decision.as_ref().map_or(Outcome::NotApplicable, |decision| decision.outcome);
        let obligations = decision.as_ref().map(|decision| decision.obligations).unwrap_or_default();
        if outcome == Outcome::Deny && obligations.has(Obligation::StepUp) {
            return Ok(step_up());
        }
        // A caller that cannot carry out the obligations gets no permit.
        if (outcome == Outcome::Allow || prepared.stands) && !obligations.is_empty() {
            let supported = prepared.question.context.get("supported_obligations").and_then(Value::as_array);
            let is_supported = |name: &str| supported.into_iter().flatten().any(|one| one == name);
            if !obligations.names().all(is_supported) {
                return Ok(denied(&[
                    ("reason", "urn:jit-access:reason:obligations_unsupported"),
                    ("next_action", "none"),
                ]));
            }
        }
        let reference = self.reference(prepared.question)?;
        match (outcome, prepared.stands, decision) {
            (Outcome::Deny, ..) => Ok(denied(&[("reason", "policy_denied"), ("next_action", "none")])),
            (Outcome::Allow, _, Some(decision)) => Ok(self.permitted(prepared, &decision, reference)),
            // No revision and no instant: a permit without a grant is the same each time.
            (_, true, _) => {
                let mut context = Map::from_iter([(MEMBER.to_owned(), json!({"standing": true}))]);
                insert_obligations(&mut context, obligations);
                Ok(json!({"decision": true, "context": context}))
            }
            (_, _, decision) => self.refused(pep, prepared, decision, reference),
        }
    }

    fn permitted(
        &self,
        prepared: &Prepared<'_>,
        decision: &Decision,
        reference: Option<Result<Reference, ()>>,
    ) -> Value {
        let mut context = Map::new();
        context.insert(
            MEMBER.to_owned(),
            json!({
                "outcome": decision.outcome.name(),
                "reason": decision.basis.reason.name(),
                "grant": decision.basis.grant.map(|id| id.to_string()),
                "valid_until": decision.valid_until.map(|at| at.to_string()),
                "revision": decision.revision.0,
                "standing": false,
            }),
        );
        // The true end, not the one that the caller sent; and only for an approval about this question.
        if let (Some(Ok(reference)), Some(mapped)) = (reference, &prepared.mapped)
            && is_about(&reference.grant, mapped)
            && reference.grant.status(self.workflow.now()) == GrantStatus::Active
        {
            let until = reference.grant.window.end().to_string();
            context.insert("approval".to_owned(), json!({"id": reference.id, "approved_until": until}));
        }
        insert_obligations(&mut context, decision.obligations);
        json!({"decision": true, "context": context})
    }

    fn refused(
        &self,
        pep: &Pep,
        prepared: &Prepared<'_>,
        decision: Option<Decision>,
        reference: Option<Result<Reference, ()>>,
    ) -> Result<Value, HttpResponse> {
        let now = self.workflow.now();
        let reason = decision.as_ref().map_or(Reason::NoGrant, |decision| decision.basis.reason);
        if reason == Reason::MfaRequired {
            return Ok(step_up());
        }
        let is_unsure =
            matches!(reason, Reason::Stale | Reason::StoreReplaced | Reason::StoreBroken | Reason::Unrecordable);
        let mut said = None;
        match reference {
            None if is_unsure => return Ok(json!({"decision": false})),
            None => {}
            Some(_) if is_unsure => return Ok(pending(2)),
            Some(Err(())) => return Ok(denied(&[("reason", "approval_unverifiable"), ("next_action", "none")])),
            Some(Ok(reference)) => {
                let is_about = prepared.mapped.as_ref().is_some_and(|mapped| is_about(&reference.grant, mapped));
                said = Some(match (is_about, reference.grant.status(now)) {
                    (true, GrantStatus::Scheduled) => {
                        return Ok(pending(seconds(now, reference.grant.window.start()).min(60)));
                    }
                    (true, GrantStatus::Suspended) => return Ok(pending(60)),
                    (true, GrantStatus::Active) | (false, _) => "out_of_scope",
                    (true, _) => "approval_expired",
                });
            }
        }
        let (Some(mapped), Some(caller)) = (&prepared.mapped, &prepared.caller) else {
            return Ok(said.map_or_else(plain, |said| denied(&[("reason", said), ("next_action", "none")])));
        };
        let remedies = match self.remedies(caller, mapped) {
            Ok(remedies) => remedies,
            // A disabled account gets no other information.
            Err(Error::Refused(_)) if said.is_some() => {
                return Ok(denied(&[("reason", "policy_denied"), ("next_action", "none")]));
            }
            Err(Error::Refused(_)) => return Ok(plain()),
            Err(error) => return Err(self.failed(&error)),
        };
        if remedies.options.is_empty() {
            return Ok(said.map_or_else(plain, |said| denied(&[("reason", said), ("next_action", "none")])));
        }
        let mut context = self.offer(pep, prepared.question, mapped, &remedies)?;
        context.insert("reason".to_owned(), said.unwrap_or("approval_required").into());
        context.insert("next_action".to_owned(), "request".into());
        Ok(json!({"decision": false, "context": context}))
    }

    /// The requests that would help.
    pub(super) fn remedies(&self, caller: &Caller, mapped: &Mapped) -> Result<Remedies, Error> {
        let thing = mapped.resource.thing();
        let mut asked = ListRemedies::new(mapped.action.clone()).resource(Some(thing.clone().into()));
        asked.parent = mapped.resource.parent().cloned();
        self.workflow.remedies(caller, &asked)
    }

    /// A denial that can be lifted: the possible requests, until when, how, and what binds a request to this denial.
    fn offer(
        &self,
        pep: &Pep,
        question: &Question,
        mapped: &Mapped,
        remedies: &Remedies,
    ) -> Result<Map<String, Value>, HttpResponse> {
        let Some(first) = remedies.options.first() else { return Ok(Map::new()) };
        let (now, template) = (remedies.now, first.role.as_str());
        let until = Timestamp::from_millis(now.millis().saturating_add(self.settings.denial_ttl_millis)).unwrap_or(now);
        let id = self.evaluation_id(pep, question, mapped, until)?;
        let token = self.binding_token(question, mapped, &id, template, now, until)?;
        let title = format!("{template} for up to {}", first.max_duration);
        let may_ask = serde_json::to_value(RemediesDocument::from(remedies));
        let may_ask = may_ask.map_err(|error| self.failed(&Error::Internal(error.to_string())))?;
        let offer = json!({
            "expires_at": until.to_string(),
            "endpoint": self.settings.at("requests"),
            "template": template,
            "binding_token": token,
            "request_schema_url": self.settings.at("schemas/submission"),
            "display": {"title": title, "description": remedies.detail()},
            "urn:jit-access:may_ask": may_ask,
        });
        let members =
            [("evaluation_id", id.into()), ("evaluated_at", now.to_string().into()), ("access_request", offer)];
        Ok(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    fn evaluation_id(
        &self,
        pep: &Pep,
        question: &Question,
        mapped: &Mapped,
        until: Timestamp,
    ) -> Result<String, HttpResponse> {
        let bound = self.bound(question)?;
        let id =
            self.keys.evaluation_id(until, &binding_parts(pep, mapped, &bound).each_ref().map(|part| part.as_slice()));
        id.map_err(|error| self.failed(&error))
    }

    /// Until when the denial of this id may be answered, if it is the denial of this question to this caller.
    pub(super) fn bound_by_id(
        &self,
        pep: &Pep,
        question: &Question,
        mapped: &Mapped,
        id: &str,
    ) -> Result<Option<Timestamp>, HttpResponse> {
        let bound = self.bound(question)?;
        let about = binding_parts(pep, mapped, &bound);
        Ok(self.keys.open_evaluation_id(id, &about.each_ref().map(|part| part.as_slice())))
    }

    fn bound(&self, question: &Question) -> Result<String, HttpResponse> {
        bound_text(question, &[], false).map_err(|error| HttpResponse::invalid("", &error.to_string()))
    }

    /// The approval that the question refers to: `Err` when it is not from this decision point.
    fn reference(&self, question: &Question) -> Result<Option<Result<Reference, ()>>, HttpResponse> {
        let Some(approval) = object_of(&question.context, "approval", "/context")? else { return Ok(None) };
        let Some(id) = text_of(approval, "id", "/context/approval")? else { return Ok(Some(Err(()))) };
        // This decision point issues no signed state and trusts no other issuer of one.
        if approval.get("state").is_some_and(|state| !state.is_null()) {
            return Ok(Some(Err(())));
        }
        let Some(grant) = self.keys.open_approval(id) else { return Ok(Some(Err(()))) };
        let grant = self.workflow.known_grant(grant).map_err(|error| self.failed(&error))?;
        Ok(Some(grant.map(|grant| Reference { grant, id: id.to_owned() }).ok_or(())))
    }
}

/// The member with the library's own values.
pub(super) const MEMBER: &str = "urn:jit-access:decision";

/// Whether the caller may ask about this subject at all.
pub(super) fn is_heard(pep: &Pep, question: &Question) -> Result<(), HttpResponse> {
    if pep.speaks_for(&question.subject) {
        return Ok(());
    }
    Err(HttpResponse::forbidden("this caller may not ask about this subject"))
}

/// The check of a question that is the engine's.
pub(super) fn check_of<'a>(prepared: &'a Prepared<'_>, mode: Mode) -> Option<Check<'a>> {
    let mapped = prepared.mapped.as_ref()?;
    let query = Query { principal: &mapped.principal, action: &mapped.action, resource: &mapped.resource };
    let check = Check::new(query).context(&prepared.context).current();
    Some(if prepared.stands || mode == Mode::Look { check.peek() } else { check })
}

/// What a denial is bound to besides its time.
fn binding_parts(pep: &Pep, mapped: &Mapped, bound: &str) -> [Vec<u8>; 4] {
    let person = mapped.person.as_ref().map(ToString::to_string).unwrap_or_default();
    [pep.id().into(), mapped.principal.to_string().into(), person.into(), bound.into()]
}

/// Whether the grant is the subject's own, for this action and this resource.
fn is_about(grant: &Grant, mapped: &Mapped) -> bool {
    grant.holder == mapped.principal
        && (mapped.person.is_none() || grant.holder_acts_for == mapped.person)
        && grant.covers(&mapped.action, &mapped.resource)
}

/// What guardrails have the caller do with a permit.
fn insert_obligations(context: &mut Map<String, Value>, obligations: Obligations) {
    if !obligations.is_empty() {
        let one = |name: &str| json!({"id": name, "type": name, "properties": {}});
        let obligations: Vec<Value> = obligations.names().map(one).collect();
        context.insert("obligations".to_owned(), obligations.into());
    }
}

fn plain() -> Value {
    json!({"decision": false})
}

fn denied(context: &[(&str, &str)]) -> Value {
    let context: Map<String, Value> =
        context.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    json!({"decision": false, "context": context})
}

fn pending(after: i64) -> Value {
    json!({"decision": false, "context": {"reason": "grant_pending", "next_action": "retry", "retry_after": after}})
}

/// A new sign-in needs no request: the obligation describes it.
fn step_up() -> Value {
    json!({"decision": false, "context": {
        "reason": "urn:jit-access:reason:mfa_required",
        "obligations": [{"id": "step-up", "type": "step-up", "properties": {"amr_values": ["mfa"]}}],
    }})
}
