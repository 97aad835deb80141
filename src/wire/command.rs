//! The workflow as documents: one JSON object is a command, one JSON value is its answer.
//!
//! For languages without a better way to pass many optional values. A field that the command does not take is refused
//! by its name, and so is a duplicate field of an object: otherwise two readers of such a document could see two
//! callers. The answers are the documents of `wire`, the same that the routes send.

use super::answer::{Answer, Body, Item};
use super::circumstances::Circumstances;
use super::{caller, export};
use crate::command::{AnswerKind, CallerKind, Command, CommandSpec, Fields, Read, Verify, catalogue, spec_of, text};
use crate::error::Error;
use crate::journal::Record;
use crate::model::{AccessRequest, Caller, Delivery, GrantId, Invalid, Timestamp};
use crate::service::{Accuracy, IdempotencyKey, Listing, Workflow};
use crate::store::Verifying;

/// The fields that a document of this command may have, besides `command`.
///
/// `caller` is `{"principal": "dev@example.com", "roles": ["developer"], "permissions": ["tools.read"], "agent": false,
/// "acts_for": null}`: the authenticated principal, its standing rights, and the person that an agent acts for; `amr`,
/// `acr`, `auth_time` (an instant as text, or seconds since 1970) and `mfa` describe the sign-in. `base` is the prefix
/// of links, `/jit` by default.
///
/// ```
/// use jit_access::command::spec_of;
/// use jit_access::internal::wire::command::fields_of;
///
/// let release = spec_of("release").ok_or("no such command")?;
/// assert_eq!(fields_of(release), ["caller", "grant", "idempotency_key", "base"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn fields_of(spec: &CommandSpec) -> Vec<&'static str> {
    let mut fields = Vec::new();
    if spec.caller != CallerKind::Host {
        fields.push("caller");
    }
    fields.extend(spec.all_fields().map(|field| field.name));
    if spec.dry_run {
        fields.push("dry_run");
    }
    if spec.writes {
        fields.push("idempotency_key");
    }
    let has_links = !matches!(
        spec.answer,
        AnswerKind::Records
            | AnswerKind::Delivery
            | AnswerKind::Deliveries
            | AnswerKind::Refusals
            | AnswerKind::Health
            | AnswerKind::Summary
            | AnswerKind::Events
            | AnswerKind::Offers
            | AnswerKind::Explanation
            | AnswerKind::Remedies
            | AnswerKind::RightSize
            | AnswerKind::Replay
            | AnswerKind::Text
            | AnswerKind::Number
    );
    if has_links {
        fields.push("base");
    }
    fields
}

/// Carries out a document, and returns the document of the result. [`catalogue`] lists the fields and the answer of
/// each command. The answer of a command that changes something also has `replayed`.
///
/// # Errors
/// [`Error::Invalid`] with the field that is wrong; what the command itself answers.
pub fn run(workflow: &Workflow, document: &str) -> Result<String, Error> {
    run_watched(workflow, document, &mut ())
}

/// Like [`run`]; reads of the whole journal report progress to `watch`.
///
/// ```
/// # use jit_access::{service::Builder, store::MemoryStore, workflow::Rules};
/// use jit_access::internal::wire::command::run_watched;
///
/// # let engine = Builder::new(MemoryStore::new(), Rules::default()).open()?;
/// let records = run_watched(&engine.workflow(), r#"{"command": "verify"}"#, &mut ())?;
/// assert_eq!(records, "0");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As for [`run`].
pub fn run_watched(workflow: &Workflow, document: &str, watch: &mut dyn Verifying) -> Result<String, Error> {
    let mut fields = Fields::parse(document)?;
    let name = fields.take("command").ok_or_else(|| Invalid::new("command", "is missing", "text"))?;
    let name = text(name, "command")?;
    let Some(spec) = spec_of(&name) else {
        let known: Vec<_> = catalogue().map(|spec| spec.name).collect();
        let expected = format!("one of {}", known.join(", "));
        return Err(Invalid::new("command", format!("is {}", Invalid::quote(&name)), expected).into());
    };
    fields.expect(spec.name, fields_of(spec))?;
    let base = fields.take("base").map(|base| text(base, "base")).transpose()?.unwrap_or_else(|| "/jit".to_owned());
    let caller = caller::read(&mut fields)?;
    let answer = carry_out(workflow, spec, caller.as_ref(), fields, watch)?;
    if spec.writes { answer.written(&base) } else { answer.to_json(&base) }
}

/// Carries out a command or a read with these fields, and with `dry_run` and `idempotency_key` if it takes them. Every
/// interface without types uses it.
///
/// # Errors
/// [`Error::Invalid`] with the field that is wrong; what the command itself answers.
pub fn execute(
    workflow: &Workflow,
    spec: &CommandSpec,
    caller: Option<&Caller>,
    fields: Fields,
) -> Result<Answer, Error> {
    carry_out(workflow, spec, caller, fields, &mut ())
}

/// Like [`execute`]; reads of the whole journal report progress to `watch`, which can stop them.
///
/// ```
/// # use jit_access::{service::Builder, store::MemoryStore, workflow::Rules};
/// use jit_access::command::{Fields, spec_of};
/// use jit_access::internal::wire::command::execute_watched;
///
/// # let engine = Builder::new(MemoryStore::new(), Rules::default()).open()?;
/// let verify = spec_of("verify").ok_or("no such command")?;
/// let answer = execute_watched(&engine.workflow(), verify, None, Fields::parse("{}")?, &mut ())?;
/// assert_eq!(answer.to_json("/jit")?, "0");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As for [`execute`]; [`StoreError::Unavailable`](crate::store::StoreError::Unavailable) when `watch` ended it.
pub fn execute_watched(
    workflow: &Workflow,
    spec: &CommandSpec,
    caller: Option<&Caller>,
    fields: Fields,
    watch: &mut dyn Verifying,
) -> Result<Answer, Error> {
    carry_out(workflow, spec, caller, fields, watch)
}

fn carry_out(
    workflow: &Workflow,
    spec: &CommandSpec,
    caller: Option<&Caller>,
    mut fields: Fields,
    watch: &mut dyn Verifying,
) -> Result<Answer, Error> {
    if !spec.writes {
        let read = Read::parse(spec.name, &mut fields)?.ok_or_else(|| nothing_reads(spec.name))?;
        finish(&fields)?;
        let answer = look_up(workflow, caller, read, watch)?;
        // Of one value all is read that a command would be decided from.
        let accuracy = if matches!(answer.body, Body::One(_)) { Accuracy::Exact } else { Accuracy::Estimated };
        return Ok(match caller {
            Some(caller) => answer.for_caller(workflow, caller, accuracy),
            None => answer,
        });
    }
    if spec.caller == CallerKind::Caller && caller.is_none() {
        return Err(caller::missing().into());
    }
    let key = fields.take("idempotency_key").map(|key| text(key, "idempotency_key")).transpose()?;
    let key = key.map(|key| IdempotencyKey::new(&key)).transpose()?;
    let dry_run = fields.optional::<bool>("dry_run")?;
    let command = Command::parse(spec.name, &mut fields)?.ok_or_else(|| nothing_reads(spec.name))?;
    finish(&fields)?;
    let receipt = match (caller, key) {
        (Some(caller), _) if dry_run => workflow.preview(caller, command)?,
        (Some(caller), key) => workflow.execute(caller, command, key.as_ref())?,
        (None, None) => workflow.execute_for_host(command)?,
        (None, Some(_)) => {
            let problem = "is given without `caller`";
            return Err(Invalid::new("idempotency_key", problem, "a caller, whose key it is").into());
        }
    };
    let answer = match spec.answer {
        AnswerKind::Request => Answer::request(receipt)?,
        AnswerKind::Grant => Answer::grant(receipt)?,
        AnswerKind::Delegation => Answer::delegation(receipt)?,
        AnswerKind::Alert => Answer::alert(receipt)?,
        AnswerKind::Ended => Answer::ended(receipt),
        _ => return Err(nothing_reads(spec.name)),
    };
    Ok(match caller {
        Some(_) if dry_run => answer.dry_run(),
        Some(caller) => answer.for_caller(workflow, caller, Accuracy::Estimated),
        None => answer,
    })
}

fn look_up(
    workflow: &Workflow,
    caller: Option<&Caller>,
    read: Read,
    watch: &mut dyn Verifying,
) -> Result<Answer, Error> {
    let who = || caller.ok_or_else(caller::missing);
    let grant = |grant| Item::Grant(Box::new(grant), None, Circumstances::default());
    Ok(match read {
        Read::GetRequest(get) => {
            let receipt = workflow.request(who()?, get.id)?;
            // Only approvers need what the past says.
            let open = receipt.request.as_ref().filter(|request| request.status(receipt.now).is_open());
            let past = open.map(|request| workflow.past_of(request)).transpose()?;
            // The requester does not see it: it names resources and the rules that would break.
            let caller = &who()?.principal;
            let is_others = |one: &&AccessRequest| one.requester != *caller && one.person() != caller;
            let analysis = open.filter(is_others).map(|request| workflow.analysis_of(request)).transpose()?.flatten();
            Answer::request(receipt)?.waiting(past, analysis)
        }
        Read::GetGrant(get) => {
            let receipt = workflow.grant(who()?, get.id)?;
            let counts = workflow.counts(&receipt.grant)?.into_iter().next().flatten();
            Answer::grant(receipt)?.counted(counts)
        }
        Read::GetSummary(get) => {
            let session = workflow.summary(who()?, get.grant)?;
            Answer::read(Body::One(Item::Summary(Box::new(session))), workflow.now())
        }
        Read::WriteSummary(write) => {
            let session = workflow.summary(who()?, write.grant)?;
            Answer::read(Body::Text(session.write(write.form)), workflow.now())
        }
        Read::ListRequests(list) => Answer::page(workflow.requests(who()?, &list)?, |one| {
            Item::Request(Box::new(one.request), one.grant.map(Box::new), Circumstances::default())
        }),
        Read::ListGrants(list) => {
            let listing = workflow.grants(who()?, &list)?;
            let mut counts = workflow.counts(&listing.items)?.into_iter();
            Answer::page(listing, |grant| {
                Item::Grant(Box::new(grant), counts.next().flatten(), Circumstances::default())
            })
        }
        Read::ListEvents(list) => {
            Answer::read(Body::One(Item::Events(Box::new(workflow.events(who()?, &list)?))), workflow.now())
        }
        Read::ListUnreviewed(_) => Answer::page(workflow.unreviewed(who()?)?, grant),
        Read::ListDelegations(list) => {
            Answer::page(workflow.delegations(who()?, &list)?, |one| Item::Delegation(Box::new(one)))
        }
        Read::ListAlerts(list) => Answer::page(workflow.alerts(who()?, &list)?, |one| Item::Alert(Box::new(one))),
        Read::ListRecords(list) => records(workflow, workflow.journal(who()?, &list)?, list.canonical)?,
        Read::GetMetrics(_) => Answer::read(Body::Text(workflow.metrics(who()?)?.to_prometheus()), workflow.now()),
        Read::ExportRecords(wanted) => {
            Answer::read(Body::Text(export::page(workflow, who()?, &wanted)?.text), workflow.now())
        }
        Read::GetStory(story) => records(workflow, workflow.story(who()?, &story)?, story.canonical)?,
        Read::WhoCould(asked) => Answer::page(workflow.who_could(who()?, &asked)?, grant),
        Read::WhatCould(asked) => Answer::page(workflow.what_could(who()?, &asked)?, grant),
        Read::WhatChanged(asked) => Answer::page(workflow.what_changed(who()?, &asked)?, grant),
        Read::ListDeliveries(list) => {
            Answer::page(workflow.deliveries(who()?, &list)?, |one| Item::Delivery(Box::new(one)))
        }
        Read::ListRefusals(list) => Answer::page(workflow.refusals(who()?, &list)?, |one| Item::Refused(Box::new(one))),
        Read::ResendDelivery(resend) => delivery(workflow.resend_delivery(who()?, resend.id)?, workflow.now()),
        Read::DropDelivery(drop) => delivery(workflow.drop_delivery(who()?, drop.id)?, workflow.now()),
        Read::Health(_) => Answer::read(Body::One(Item::Health(Box::new(workflow.health(who()?)?))), workflow.now()),
        Read::ListRoles(_) => Answer::page(workflow.roles(who()?)?, |offer| Item::Offer(Box::new(offer))),
        Read::Explain(explain) => {
            let explained = workflow.explain(who()?, &explain)?;
            let now = explained.now;
            Answer::read(Body::One(Item::Explanation(Box::new(explained))), now)
        }
        Read::ListRemedies(denied) => {
            let remedies = workflow.remedies(who()?, &denied)?;
            let now = remedies.now;
            Answer::read(Body::One(Item::Remedies(Box::new(remedies))), now)
        }
        Read::GetRightSize(get) => {
            let found = workflow.right_size(who()?, &get)?;
            Answer::read(Body::One(Item::RightSize(Box::new(found))), workflow.now())
        }
        Read::AskReplay(ask) => {
            let found = workflow.replay(who()?, &ask)?;
            Answer::read(Body::One(Item::Replay(Box::new(found))), workflow.now())
        }
        Read::ExportPolicies(wanted) => {
            Answer::read(Body::Text(policies(workflow, who()?, wanted.grant)?), workflow.now())
        }
        Read::ListLiveGrants(_) => {
            let (_, grants, now) = workflow.live_grants()?;
            Answer::read(Body::List(grants.into_iter().map(grant).collect()), now)
        }
        Read::GetHead(_) => Answer::read(Body::Text(workflow.head(who()?)?.to_string()), workflow.now()),
        Read::GetCheckpoint(get) => Answer::read(Body::Text(workflow.checkpoint(who()?, &get)?.note), workflow.now()),
        Read::GetProof(get) => Answer::read(Body::Text(workflow.proof(who()?, &get)?), workflow.now()),
        Read::GetEvidence(get) => {
            Answer::read(Body::Text(workflow.evidence_watched(who()?, &get, watch)?), workflow.now())
        }
        Read::Verify(verify) => {
            let Verify { expected, after } = verify;
            let count = workflow.verify_against(expected.as_ref(), after.as_ref(), watch)?;
            Answer::read(Body::Number(count), workflow.now())
        }
    })
}

/// A page of records, each with its additional data.
fn records(workflow: &Workflow, listing: Listing<Record>, canonical: bool) -> Result<Answer, Error> {
    let mut added = workflow.attributions(&listing.items)?.into_iter();
    let answer = Answer::page(listing, |record| {
        Item::Record(Box::new(record), canonical, Box::new(added.next().unwrap_or_default()))
    });
    Ok(Answer { removed_until: workflow.removed()?.map(|removed| removed.until), ..answer })
}

fn delivery(one: Delivery, now: Timestamp) -> Answer {
    Answer::read(Body::One(Item::Delivery(Box::new(one))), now)
}

/// Checks that every field was read: a field that the command takes and this code forgot would be ignored silently.
fn finish(fields: &Fields) -> Result<(), Error> {
    match fields.left() {
        None => Ok(()),
        Some(field) => Err(Error::Internal(format!("nothing reads the field {field}"))),
    }
}

#[cfg(feature = "cedar")]
fn policies(workflow: &Workflow, caller: &Caller, grant: Option<GrantId>) -> Result<String, Error> {
    grant.map_or_else(|| workflow.policies(caller), |grant| workflow.policy(caller, grant))
}

#[cfg(not(feature = "cedar"))]
fn policies(_: &Workflow, _: &Caller, _: Option<GrantId>) -> Result<String, Error> {
    Err(Invalid::new("command", "is `policies`", "another command: this build has no Cedar in it").into())
}

fn nothing_reads(command: &str) -> Error {
    Error::Internal(format!("nothing carries out the command {command}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;
    use crate::model::RoleName;
    use crate::service::Builder as EngineBuilder;
    use crate::store::MemoryStore;
    use crate::workflow::Rules;

    fn refused(document: &str) -> String {
        let engine = EngineBuilder::new(MemoryStore::new(), Rules::default()).open().unwrap();
        run(&engine.workflow(), document).unwrap_err().to_string()
    }

    #[test]
    fn what_a_command_does_not_take_is_refused_by_its_name() {
        let message = refused(r#"{"command": "withdraw", "caller": {"principal": "a"}, "request": "x", "force": 1}"#);
        assert!(message.starts_with("`force` is no field of `withdraw`"), "{message}");
        let message = refused(r#"{"command": "requests", "caller": {"principal": "a", "admin": true}}"#);
        assert!(message.starts_with("`admin` is no field of `caller`"), "{message}");
        let message = refused(r#"{"command": "erase"}"#);
        assert!(message.starts_with("`command` is `erase`; expected one of submit, "), "{message}");
        let message = refused(r#"{"command": "verify", "caller": {"principal": "a"}}"#);
        assert!(message.starts_with("`caller` is no field of `verify`; expected one of expected"), "{message}");
    }

    #[test]
    fn a_field_that_stands_twice_is_refused_at_every_depth() {
        for document in [
            r#"{"command": "requests", "command": "grants", "caller": {"principal": "a"}}"#,
            r#"{"command": "requests", "caller": {"principal": "a", "principal": "b"}}"#,
        ] {
            let message = refused(document);
            assert!(message.contains("stands twice"), "{message}");
        }
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for document in ["", "null", "[]", "7", "{", "{\"command\": null}", "{\"command\": 7}", "\u{feff}{}", "{} {}"] {
            refused(document);
        }
        refused(&"[".repeat(100_000));
    }

    #[test]
    fn every_command_is_carried_out_and_reads_every_field_it_takes() {
        let rules = Rules { auditor_roles: vec![RoleName::new("auditor").unwrap()], ..Rules::default() };
        let engine = EngineBuilder::new(MemoryStore::new(), rules).open().unwrap();
        for spec in catalogue() {
            let (command, fields) = (&spec.name, fields_of(spec));
            let mut document = Map::new();
            document.insert("command".to_owned(), (*command).into());
            // Grants are selected in one way, and the others are left out.
            let left_out = ["request", "holder", "agent", "role", "resource"];
            for field in fields.iter().filter(|field| *command != "revoke_many" || !left_out.contains(field)) {
                let value = match *field {
                    "caller" => serde_json::json!({"principal": "a", "roles": ["auditor"], "agent": true}),
                    "conditions" => serde_json::json!({"max_uses": 3}),
                    "duration_hours" => 1.5.into(),
                    "version" | "record" | "since" | "checkpoint" => 1.into(),
                    "after" if *command != "verify" => 1.into(),
                    "agent" if ["audit", "export"].contains(command) => "bot".into(),
                    "expected" | "after" => format!("0:{}", "0".repeat(64)).into(),
                    "state" => "waiting".into(),
                    "format" => "csv".into(),
                    "order" => "newest".into(),
                    "event" => "grant_used".into(),
                    "result" => "allowed".into(),
                    "dry_run" | "everything" | "agent" | "enabled" | "drill" | "justified" | "reviewable"
                    | "canonical" => true.into(),
                    "roles" => serde_json::json!(["auditor"]),
                    "permissions" => serde_json::json!(["tools.read"]),
                    "limit" | "most" => 7.into(),
                    "wait_seconds" => 0.into(),
                    // A cursor of another list is refused.
                    "cursor" => Value::Null,
                    "form" => "html".into(),
                    "status" if *command == "alerts" => "open".into(),
                    "status" if *command == "requests" => "pending".into(),
                    "status" => "active".into(),
                    "from" if ["what_changed", "evidence", "right_size", "replay"].contains(command) => {
                        "2026-10-01T09:30:00Z".into()
                    }
                    "until" if ["evidence", "right_size", "replay"].contains(command) => "2026-10-02T09:30:00Z".into(),
                    "starts_at" | "from" | "until" | "ending_before" | "at" => "2026-12-01T09:30:00Z".into(),
                    "parent" => "server:s1".into(),
                    "address" => "192.0.2.1".into(),
                    "ticket_url" => "https://tracker.example.com/1".into(),
                    "request" | "grant" | "id" | "delegation" | "alert" => {
                        "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".into()
                    }
                    other => other.into(),
                };
                let value = if *field == "resource" { "tool:deploy".into() } else { value };
                document.insert((*field).to_owned(), value);
            }
            match run(&engine.workflow(), &Value::Object(document).to_string()) {
                Ok(_) | Err(Error::Refused(_)) => {}
                // Nothing was signed here.
                Err(Error::Invalid(_)) if ["checkpoint", "proof"].contains(command) => {}
                Err(error) => panic!("{command}: {error}"),
            }
        }
    }
}
