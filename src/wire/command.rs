//! The workflow as documents: one JSON object asks, one JSON value answers.
//!
//! For faces whose language has no better way to pass many optional values. A field that the command does not take is
//! refused by its name, and so is a field that stands twice: of two readers of such a document each could see another
//! caller. The answers are the documents of [`super`], the same that the routes send.

use serde::Serialize;

use super::fields::Fields;
use super::{
    DelegationDocument, GrantDocument, PageDocument, RecordDocument, RequestDocument, parse_cursor,
    parse_delegation_status, parse_grant_status, parse_request_status, request_of, to_json,
};
use crate::error::Error;
use crate::model::{Caller, Cut, Invalid, Justification, Principal, RoleName, Scope, Selector, Standing, TicketUrl};
use crate::service::{Desk, IdempotencyKey, Receipt};
use crate::workflow::{Command, Intent};

/// Every command, and the fields it takes besides `command`.
///
/// `caller` is `{"principal": "dev@example.com", "roles": ["developer"], "permissions": ["tools.read"], "agent": false,
/// "acts_for": null}`: who the host authenticated, what they hold by standing right, and the person that an agent
/// acts for; `amr`, `acr`, `auth_time` (an instant as text, or seconds since 1970) and `mfa` say how they signed in. Where it may be left out, the host itself asks. `base` is where links start, `/jit` unless given.
pub const COMMANDS: &[(&str, &[&str])] = &[
    (
        "submit",
        &[
            "caller",
            "role",
            "duration_hours",
            "reason",
            "ticket_url",
            "resource",
            "starts_at",
            "conditions",
            "dry_run",
            "idempotency_key",
            "base",
        ],
    ),
    (
        "break_glass",
        &["caller", "role", "duration_hours", "reason", "ticket_url", "resource", "drill", "idempotency_key", "base"],
    ),
    ("complete_review", &["caller", "grant", "justified", "finding", "idempotency_key", "base"]),
    ("waive_review", &["caller", "grant", "reason", "idempotency_key", "base"]),
    ("unreviewed", &["caller", "base"]),
    (
        "approve",
        &[
            "caller",
            "request",
            "version",
            "permissions",
            "resource",
            "duration_hours",
            "conditions",
            "comment",
            "idempotency_key",
            "base",
        ],
    ),
    ("extend", &["caller", "grant", "duration_hours", "reason", "idempotency_key", "base"]),
    ("deny", &["caller", "request", "reason", "idempotency_key", "base"]),
    ("ask", &["caller", "request", "question", "idempotency_key", "base"]),
    ("answer", &["caller", "request", "answer", "duration_hours", "resource", "idempotency_key", "base"]),
    ("withdraw", &["caller", "request", "idempotency_key", "base"]),
    ("revoke", &["caller", "grant", "reason", "idempotency_key", "base"]),
    ("revoke_many", &["caller", "request", "holder", "agent", "role", "resource", "everything", "reason", "base"]),
    ("standing", &["caller", "principal", "agent", "enabled", "roles", "base"]),
    ("release", &["caller", "grant", "idempotency_key", "base"]),
    ("suspend", &["caller", "grant", "reason", "idempotency_key", "base"]),
    ("resume", &["caller", "grant", "idempotency_key", "base"]),
    ("delegate", &["caller", "to", "roles", "from", "until", "reason", "idempotency_key", "base"]),
    ("undelegate", &["caller", "delegation", "idempotency_key", "base"]),
    ("delegations", &["caller", "status", "limit", "cursor", "base"]),
    ("request", &["caller", "id", "base"]),
    ("grant", &["caller", "id", "base"]),
    ("requests", &["caller", "status", "limit", "cursor", "base"]),
    ("grants", &["caller", "status", "limit", "cursor", "base"]),
    ("audit", &["caller", "limit", "cursor"]),
    ("policies", &["caller"]),
    ("live_grants", &["base"]),
    ("verify", &[]),
];

/// Does what the document asks for, and answers with the document of what came of it.
///
/// | command | answer |
/// |---|---|
/// | `submit`, `extend`, `break_glass`, `approve`, `deny`, `ask`, `answer`, `withdraw` | the request, with `replayed` |
/// | `revoke`, `release`, `suspend`, `resume`, `complete_review`, `waive_review` | the grant, with `replayed` |
/// | `revoke_many` | a page of all that ended, of the one of `request`, `holder`, `role`, `resource`, `everything` that is given |
/// | `delegate`, `undelegate` | the delegation, with `replayed` |
/// | `standing` | a page of all that ended; the host itself speaks without a caller |
/// | `request`, `grant` | that document |
/// | `requests`, `grants`, `delegations`, `audit` | a page |
/// | `unreviewed` | a page of all grants without approval that nobody has reviewed |
/// | `live_grants` | a list of grants |
/// | `policies` | the Cedar text, as one JSON string |
/// | `verify` | the number of records |
///
/// # Errors
/// [`Error::Invalid`] with the field that is wrong; what the command itself answers.
pub fn run(desk: &Desk, document: &str) -> Result<String, Error> {
    let mut fields = Fields::read(document)?;
    let command = fields.command()?;
    let base = fields.text("base")?.unwrap_or_else(|| "/jit".to_owned());
    match command {
        "submit" | "extend" | "break_glass" | "approve" | "deny" | "ask" | "answer" | "withdraw" => {
            let receipt = execute(desk, command, fields)?;
            let document = request_of(&receipt, &base).ok_or_else(|| missing("request"))?;
            to_json(&Answer { document, replayed: receipt.replayed })
        }
        "revoke" | "release" | "suspend" | "resume" | "complete_review" | "waive_review" => {
            let receipt = execute(desk, command, fields)?;
            to_json(&Answer { document: grant_of(&receipt, &base)?, replayed: receipt.replayed })
        }
        "delegate" | "undelegate" => {
            let receipt = execute(desk, command, fields)?;
            let delegation = receipt.delegation.as_ref().ok_or_else(|| missing("delegation"))?;
            let document = DelegationDocument::new(delegation, receipt.now, &base);
            to_json(&Answer { document, replayed: receipt.replayed })
        }
        "delegations" => {
            let (caller, limit) = (fields.caller()?, fields.limit()?);
            let status = fields.text("status")?.map(|name| parse_delegation_status(&name)).transpose()?;
            let before = fields.text("cursor")?.map(|text| parse_cursor(&text)).transpose()?;
            fields.finish()?;
            let listing = desk.delegations(&caller, status, before, limit)?;
            to_json(&PageDocument::new(&listing, |one| DelegationDocument::new(one, listing.now, &base)))
        }
        "revoke_many" => {
            let caller = fields.caller()?;
            let agent = fields.flag("agent")?.unwrap_or(false);
            let holder = fields.text("holder")?;
            let select = selector(
                fields.text("request")?.as_deref(),
                holder.as_deref().map(|name| (name, agent)),
                fields.text("role")?.as_deref(),
                fields.text("resource")?.as_deref(),
                fields.flag("everything")?.unwrap_or(false),
            )?;
            let reason = Justification::new(&fields.must("reason")?)?;
            fields.finish()?;
            let listing = desk.revoke_many(&caller, select, reason)?;
            to_json(&PageDocument::new(&listing, |grant| GrantDocument::new(grant, listing.now, &base)))
        }
        "standing" => {
            let caller = fields.caller_if_any()?;
            let (name, agent) = (fields.must("principal")?, fields.flag("agent")?.unwrap_or(false));
            let principal = if agent { Principal::agent(&name) } else { Principal::user(&name) }?;
            let enabled = fields.flag("enabled")?;
            let enabled = enabled.ok_or_else(|| Invalid::new("enabled", "is missing", "true or false"))?;
            let roles = fields.roles()?.unwrap_or_default();
            fields.finish()?;
            let listing = desk.standing(caller.as_ref(), &principal, &Standing { enabled, roles })?;
            to_json(&PageDocument::new(&listing, |grant| GrantDocument::new(grant, listing.now, &base)))
        }
        "request" => {
            let (caller, id) = (fields.caller()?, fields.must("id")?);
            fields.finish()?;
            let receipt = desk.request(&caller, id.parse()?)?;
            to_json(&request_of(&receipt, &base).ok_or_else(|| missing("request"))?)
        }
        "grant" => {
            let (caller, id) = (fields.caller()?, fields.must("id")?);
            fields.finish()?;
            to_json(&grant_of(&desk.grant(&caller, id.parse()?)?, &base)?)
        }
        "requests" => {
            let (caller, limit) = (fields.caller()?, fields.limit()?);
            let status = fields.text("status")?.map(|name| parse_request_status(&name)).transpose()?;
            let before = fields.text("cursor")?.map(|text| parse_cursor(&text)).transpose()?;
            fields.finish()?;
            let listing = desk.requests(&caller, status, before, limit)?;
            let grants = listing.items.iter().map(|request| Ok(desk.request(&caller, request.id)?.grant));
            let grants = grants.collect::<Result<Vec<_>, Error>>()?;
            let items = listing.items.iter().zip(&grants);
            let items = items.map(|(request, grant)| RequestDocument::new(request, grant.as_ref(), listing.now, &base));
            to_json(&PageDocument { items: items.collect(), next_cursor: listing.next.map(super::cursor) })
        }
        "grants" => {
            let (caller, limit) = (fields.caller()?, fields.limit()?);
            let status = fields.text("status")?.map(|name| parse_grant_status(&name)).transpose()?;
            let before = fields.text("cursor")?.map(|text| parse_cursor(&text)).transpose()?;
            fields.finish()?;
            let listing = desk.grants(&caller, status, before, limit)?;
            to_json(&PageDocument::new(&listing, |grant| GrantDocument::new(grant, listing.now, &base)))
        }
        "unreviewed" => {
            let caller = fields.caller()?;
            fields.finish()?;
            let listing = desk.unreviewed(&caller)?;
            to_json(&PageDocument::new(&listing, |grant| GrantDocument::new(grant, listing.now, &base)))
        }
        "audit" => {
            let (caller, limit) = (fields.caller()?, fields.limit()?);
            let after = fields.text("cursor")?.map(|text| parse_cursor(&text)).transpose()?;
            fields.finish()?;
            let listing = desk.journal(&caller, after.unwrap_or_default(), limit)?;
            to_json(&PageDocument::new(&listing, |record| RecordDocument::from(record)))
        }
        "policies" => {
            let caller = fields.caller()?;
            fields.finish()?;
            to_json(&policies(desk, &caller)?)
        }
        "live_grants" => {
            fields.finish()?;
            let (_, grants, now) = desk.live_grants()?;
            to_json(&grants.iter().map(|grant| GrantDocument::new(grant, now, &base)).collect::<Vec<_>>())
        }
        "verify" => {
            fields.finish()?;
            to_json(&desk.verify()?)
        }
        other => Err(Error::Internal(format!("nothing carries out the command {other}"))),
    }
}

/// Which grants are meant, by the one way of selecting that is given. A holder is a name, and whether it is an agent's.
///
/// # Errors
/// When it is none of them, more than one, or unfit.
pub fn selector(
    request: Option<&str>,
    holder: Option<(&str, bool)>,
    role: Option<&str>,
    resource: Option<&str>,
    everything: bool,
) -> Result<Selector, Invalid> {
    Ok(match (request, holder, role, resource, everything) {
        (Some(request), None, None, None, false) => Selector::Request(request.parse()?),
        (None, Some((name, true)), None, None, false) => Selector::Holder(Principal::agent(name)?),
        (None, Some((name, false)), None, None, false) => Selector::Holder(Principal::user(name)?),
        (None, None, Some(role), None, false) => Selector::Role(RoleName::new(role)?),
        (None, None, None, Some(resource), false) => Selector::Scope(resource.parse()?),
        (None, None, None, None, true) => Selector::All,
        (None, None, None, None, false) => return Err(Invalid::new("select", "is missing", ONE_WAY)),
        _ => return Err(Invalid::new("select", "is given in more than one way", ONE_WAY)),
    })
}

const ONE_WAY: &str = "exactly one of request, holder, role, resource, everything";

/// The answer of a command that changes something.
#[derive(Serialize)]
struct Answer<T> {
    #[serde(flatten)]
    document: T,
    replayed: bool,
}

fn execute(desk: &Desk, command: &str, mut fields: Fields) -> Result<Receipt, Error> {
    let caller = fields.caller()?;
    let key = fields.text("idempotency_key")?.map(|key| IdempotencyKey::new(&key)).transpose()?;
    let intent = match command {
        "submit" => Intent::Submit {
            id: desk.new_request_id(),
            grant: desk.new_grant_id(),
            role: RoleName::new(&fields.must("role")?)?,
            duration: fields.hours("duration_hours")?,
            scope: fields.scope()?.unwrap_or(Scope::ANY),
            starts_at: fields.instant("starts_at")?,
            conditions: fields.conditions()?,
            justification: fields.words("reason")?,
            ticket: fields.text("ticket_url")?.map(|text| TicketUrl::new(&text)).transpose()?,
        },
        "extend" => Intent::Extend {
            grant: fields.must("grant")?.parse()?,
            id: desk.new_request_id(),
            next: desk.new_grant_id(),
            duration: fields.hours("duration_hours")?,
            justification: fields.words("reason")?,
        },
        "break_glass" => Intent::BreakGlass {
            id: desk.new_request_id(),
            grant: desk.new_grant_id(),
            role: RoleName::new(&fields.must("role")?)?,
            duration: fields.hours("duration_hours")?,
            scope: fields.scope()?.unwrap_or(Scope::ANY),
            justification: fields.words("reason")?,
            ticket: fields.text("ticket_url")?.map(|text| TicketUrl::new(&text)).transpose()?,
            drill: fields.flag("drill")?.unwrap_or(false),
        },
        "complete_review" => Intent::CompleteReview {
            grant: fields.must("grant")?.parse()?,
            justified: fields
                .flag("justified")?
                .ok_or_else(|| Invalid::new("justified", "is missing", "true or false"))?,
            finding: fields.words("finding")?.ok_or_else(|| Invalid::new("finding", "is missing", "text"))?,
        },
        "waive_review" => Intent::WaiveReview {
            grant: fields.must("grant")?.parse()?,
            reason: Justification::new(&fields.must("reason")?)?,
        },
        "approve" => Intent::Approve {
            request: fields.must("request")?.parse()?,
            version: fields.number("version")?,
            grant: desk.new_grant_id(),
            cut: Cut {
                permissions: fields.permissions()?,
                scope: fields.scope()?,
                duration: fields.hours("duration_hours")?,
                conditions: fields.conditions()?,
            },
            comment: fields.words("comment")?,
        },
        "deny" => Intent::Deny {
            request: fields.must("request")?.parse()?,
            reason: Justification::new(&fields.must("reason")?)?,
        },
        "ask" => Intent::Ask {
            request: fields.must("request")?.parse()?,
            question: fields.words("question")?.ok_or_else(|| Invalid::new("question", "is missing", "text"))?,
        },
        "answer" => Intent::Answer {
            request: fields.must("request")?.parse()?,
            answer: fields.words("answer")?.ok_or_else(|| Invalid::new("answer", "is missing", "text"))?,
            duration: fields.hours("duration_hours")?,
            scope: fields.scope()?,
        },
        "withdraw" => Intent::Withdraw { request: fields.must("request")?.parse()? },
        "delegate" => Intent::Delegate {
            id: desk.new_delegation_id(),
            to: Principal::user(&fields.must("to")?).map_err(|error| error.for_field("to"))?,
            roles: fields.roles()?,
            from: fields.instant("from")?,
            until: fields.instant("until")?.ok_or_else(|| Invalid::new("until", "is missing", "an instant"))?,
            reason: Justification::new(&fields.must("reason")?)?,
        },
        "undelegate" => Intent::Undelegate { delegation: fields.must("delegation")?.parse()? },
        "revoke" => Intent::Revoke {
            grant: fields.must("grant")?.parse()?,
            reason: Justification::new(&fields.must("reason")?)?,
        },
        "release" => Intent::Release { grant: fields.must("grant")?.parse()? },
        "suspend" => Intent::Suspend {
            grant: fields.must("grant")?.parse()?,
            reason: Justification::new(&fields.must("reason")?)?,
        },
        "resume" => Intent::Resume { grant: fields.must("grant")?.parse()? },
        other => return Err(Error::Internal(format!("nothing carries out the command {other}"))),
    };
    let dry_run = fields.flag("dry_run")?.unwrap_or(false);
    fields.finish()?;
    let command = Command { caller, intent };
    if dry_run { desk.preview(&command) } else { desk.execute(&command, key.as_ref()) }
}

#[cfg(feature = "cedar")]
fn policies(desk: &Desk, caller: &Caller) -> Result<String, Error> {
    desk.policies(caller)
}

#[cfg(not(feature = "cedar"))]
fn policies(_: &Desk, _: &Caller) -> Result<String, Error> {
    Err(Invalid::new("command", "is `policies`", "another command: this build has no Cedar in it").into())
}

fn grant_of(receipt: &Receipt, base: &str) -> Result<GrantDocument, Error> {
    let grant = receipt.grant.as_ref().ok_or_else(|| missing("grant"))?;
    Ok(GrantDocument::new(grant, receipt.now, base))
}

fn missing(what: &str) -> Error {
    Error::Internal(format!("the {what} of a command is missing from its receipt"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;
    use crate::service::Builder as EngineBuilder;
    use crate::store::MemoryStore;
    use crate::workflow::Rules;

    fn refused(document: &str) -> String {
        let engine = EngineBuilder::new(MemoryStore::new(), Rules::default()).open().unwrap();
        run(&engine.desk(), document).unwrap_err().to_string()
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
        assert!(message.starts_with("`caller` is no field of `verify`; expected no field"), "{message}");
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
        for (command, fields) in COMMANDS {
            let mut document = Map::new();
            document.insert("command".to_owned(), (*command).into());
            // Grants are selected in one way, and the others are left out.
            let left_out = ["request", "holder", "agent", "role", "resource"];
            for field in fields.iter().filter(|field| *command != "revoke_many" || !left_out.contains(field)) {
                let value = match *field {
                    "caller" => serde_json::json!({"principal": "a", "roles": ["auditor"], "agent": true}),
                    "conditions" => serde_json::json!({"max_uses": 3}),
                    "duration_hours" => 1.5.into(),
                    "version" => 1.into(),
                    "dry_run" | "everything" | "agent" | "enabled" | "drill" | "justified" => true.into(),
                    "roles" => serde_json::json!(["auditor"]),
                    "permissions" => serde_json::json!(["tools.read"]),
                    "limit" => 7.into(),
                    "cursor" => "r9".into(),
                    "status" if *command == "requests" => "pending".into(),
                    "status" => "active".into(),
                    "starts_at" | "from" | "until" => "2026-12-01T09:30:00Z".into(),
                    "ticket_url" => "https://tracker.example.com/1".into(),
                    "request" | "grant" | "id" | "delegation" => "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".into(),
                    other => other.into(),
                };
                let value = if *field == "resource" { "tool:deploy".into() } else { value };
                document.insert((*field).to_owned(), value);
            }
            match run(&engine.desk(), &Value::Object(document).to_string()) {
                Ok(_) | Err(Error::Refused(_)) => {}
                Err(error) => panic!("{command}: {error}"),
            }
        }
    }
}
