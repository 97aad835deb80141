//! The workflow as documents: one JSON object asks, one JSON value answers.
//!
//! For faces whose language has no better way to pass many optional values. A field that the command does not take is
//! refused by its name, and so is a field that stands twice: of two readers of such a document each could see another
//! caller. The answers are the documents of [`super`], the same that the routes send.

use std::fmt;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{
    DelegationDocument, GrantDocument, PageDocument, RecordDocument, RequestDocument, parse_cursor,
    parse_delegation_status, parse_grant_status, parse_request_status, request_of, to_json,
};
use crate::error::Error;
use crate::model::{
    Caller, Cut, Invalid, Justification, Permission, PermissionSet, Principal, RoleName, Scope, Selector, SignIn,
    Standing, TicketUrl, Timestamp, Ttl,
};
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

/// How many rows a page has when nobody says.
const PAGE: usize = 50;

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
            let caller = if fields.map.get("caller").is_some_and(|value| !value.is_null()) {
                Some(fields.caller()?)
            } else {
                None
            };
            let (name, agent) = (fields.must("principal")?, fields.flag("agent")?.unwrap_or(false));
            let principal = if agent { Principal::agent(&name) } else { Principal::user(&name) }?;
            let enabled = fields.flag("enabled")?;
            let enabled = enabled.ok_or_else(|| Invalid::new("enabled", "is missing", "true or false"))?;
            let roles = fields.roles()?.unwrap_or_default();
            fields.map.remove("caller");
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

/// The fields that have not been read yet. A field without a value is a field left out.
struct Fields {
    /// What error messages call the whole: the command, or `caller`.
    of: &'static str,
    takes: &'static [&'static str],
    map: Map<String, Value>,
}

const CALLER: &[&str] = &["principal", "roles", "permissions", "agent", "acts_for", "amr", "acr", "auth_time", "mfa"];

impl Fields {
    fn read(document: &str) -> Result<Self, Invalid> {
        const EXPECTED: &str = "a JSON object with the field command";
        let value: Unambiguous = serde_json::from_str(document)
            .map_err(|error| Invalid::new("document", format!("cannot be read: {error}"), EXPECTED))?;
        match value.0 {
            Value::Object(map) => Ok(Self { of: "document", takes: &[], map }),
            other => Err(Invalid::new("document", format!("is {}", shown(&other)), EXPECTED)),
        }
    }

    /// Which command it is; from here on the fields are those of that command, and others are refused.
    fn command(&mut self) -> Result<&'static str, Invalid> {
        let name = self.must("command")?;
        let Some((name, takes)) = COMMANDS.iter().find(|(known, _)| *known == name) else {
            let known: Vec<_> = COMMANDS.iter().map(|(known, _)| *known).collect();
            return Err(Invalid::new("command", format!("is {}", Invalid::quote(&name)), one_of(&known)));
        };
        (self.of, self.takes) = (name, takes);
        // Before anything else is looked at: the first thing wrong with a misspelt field is its name.
        self.refuse_unknown()?;
        Ok(name)
    }

    fn refuse_unknown(&self) -> Result<(), Invalid> {
        match self.map.keys().find(|key| !self.takes.contains(&key.as_str())) {
            None => Ok(()),
            Some(key) => {
                let field = key.chars().filter(|c| !c.is_control()).take(80).collect::<String>();
                Err(Invalid::new(field, format!("is no field of `{}`", self.of), one_of(self.takes)))
            }
        }
    }

    /// That nothing is left: a field that the command takes and this code forgot would be ignored in silence.
    fn finish(&self) -> Result<(), Error> {
        match self.map.keys().next() {
            None => Ok(()),
            Some(key) => Err(Error::Internal(format!("nothing reads the field {key} of {}", self.of))),
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    fn text(&mut self, name: &'static str) -> Result<Option<String>, Invalid> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(Invalid::new(name, format!("is {}", shown(&other)), "text")),
        }
    }

    fn must(&mut self, name: &'static str) -> Result<String, Invalid> {
        self.text(name)?.ok_or_else(|| Invalid::new(name, "is missing", "text"))
    }

    fn hours(&mut self, name: &'static str) -> Result<Option<Ttl>, Invalid> {
        match self.take(name) {
            None => Ok(None),
            Some(value) => match value.as_f64() {
                Some(hours) => Ttl::from_hours(hours).map(Some).map_err(|error| error.for_field(name)),
                None => Err(Invalid::new(name, format!("is {}", shown(&value)), "a number of hours, such as 4 or 0.5")),
            },
        }
    }

    /// What somebody says, for people to read.
    fn words(&mut self, name: &'static str) -> Result<Option<Justification>, Invalid> {
        self.text(name)?.map(|text| Justification::new(&text).map_err(|error| error.for_field(name))).transpose()
    }

    fn flag(&mut self, name: &'static str) -> Result<Option<bool>, Invalid> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(other) => Err(Invalid::new(name, format!("is {}", shown(&other)), "true or false")),
        }
    }

    fn number(&mut self, name: &'static str) -> Result<Option<u32>, Invalid> {
        self.take(name)
            .map(|value| {
                let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
                number.ok_or_else(|| Invalid::new(name, format!("is {}", shown(&value)), "a whole number"))
            })
            .transpose()
    }

    fn scope(&mut self) -> Result<Option<Scope>, Invalid> {
        self.text("resource")?.map(|text| text.parse()).transpose()
    }

    fn permissions(&mut self) -> Result<Option<PermissionSet>, Invalid> {
        let Some(value) = self.take("permissions") else { return Ok(None) };
        let Value::Array(items) = &value else {
            return Err(Invalid::new("permissions", format!("is {}", shown(&value)), "a list of texts"));
        };
        let permission = |item: &Value| match item {
            Value::String(text) => Permission::new(text).map_err(|error| error.for_field("permissions")),
            other => Err(Invalid::new("permissions", format!("holds {}", shown(other)), "a list of texts")),
        };
        PermissionSet::new(items.iter().map(permission).collect::<Result<Vec<_>, _>>()?).map(Some)
    }

    fn roles(&mut self) -> Result<Option<Vec<RoleName>>, Invalid> {
        match self.take("roles") {
            None => Ok(None),
            Some(Value::Array(roles)) => roles.iter().map(role).collect::<Result<_, _>>().map(Some),
            Some(other) => Err(Invalid::new("roles", format!("is {}", shown(&other)), "a list of texts")),
        }
    }

    fn instant(&mut self, name: &'static str) -> Result<Option<Timestamp>, Invalid> {
        self.text(name)?.map(|text| text.parse::<Timestamp>().map_err(|error| error.for_field(name))).transpose()
    }

    fn limit(&mut self) -> Result<usize, Invalid> {
        let Some(value) = self.take("limit") else { return Ok(PAGE) };
        let limit = value.as_u64().and_then(|limit| usize::try_from(limit).ok());
        limit.ok_or_else(|| Invalid::new("limit", format!("is {}", shown(&value)), "a whole number of 1 or more"))
    }

    fn caller(&mut self) -> Result<Caller, Invalid> {
        let map = match self.take("caller") {
            Some(Value::Object(map)) => map,
            found => {
                let problem = found.map_or_else(|| "is missing".to_owned(), |value| format!("is {}", shown(&value)));
                return Err(Invalid::new("caller", problem, "who the host authenticated: principal, roles, agent"));
            }
        };
        let mut fields = Self { of: "caller", takes: CALLER, map };
        fields.refuse_unknown()?;
        let name = fields.must("principal")?;
        let is_agent = fields.flag("agent")?.unwrap_or(false);
        let roles = fields.roles()?.unwrap_or_default();
        let permissions = match fields.take("permissions") {
            None => None,
            Some(Value::Array(all)) => Some(all.iter().filter_map(standing).collect()),
            Some(other) => return Err(Invalid::new("permissions", format!("is {}", shown(&other)), "a list of texts")),
        };
        let principal = if is_agent { Principal::agent(&name) } else { Principal::user(&name) }?;
        let acts_for = fields.text("acts_for")?.map(|name| Principal::user(&name)).transpose();
        let acts_for = acts_for.map_err(|error| error.for_field("acts_for"))?;
        let sign_in = fields.sign_in()?;
        Ok(Caller { principal, roles, permissions, acts_for, sign_in })
    }
}

impl Fields {
    /// How the caller signed in, as far as any of it is told.
    fn sign_in(&mut self) -> Result<Option<SignIn>, Invalid> {
        let methods = match self.take("amr") {
            None => Vec::new(),
            Some(Value::Array(names)) => names
                .into_iter()
                .map(|name| match name {
                    Value::String(name) => Ok(name),
                    other => Err(Invalid::new("amr", format!("holds {}", shown(&other)), "a list of texts")),
                })
                .collect::<Result<_, _>>()?,
            Some(other) => return Err(Invalid::new("amr", format!("is {}", shown(&other)), "a list of texts")),
        };
        let at = match self.map.get("auth_time").and_then(Value::as_i64) {
            // As it stands in a token: seconds since 1970 (RFC 7519, NumericDate).
            Some(seconds) => {
                self.take("auth_time");
                let at = Timestamp::from_millis(seconds.saturating_mul(1_000));
                Some(at.map_err(|error| error.for_field("auth_time"))?)
            }
            None => self.instant("auth_time")?,
        };
        let (context, claims_mfa) = (self.text("acr")?, self.flag("mfa")?);
        if methods.is_empty() && context.is_none() && at.is_none() && claims_mfa.is_none() {
            return Ok(None);
        }
        let sign_in = SignIn::new(methods.iter().map(String::as_str), context.as_deref(), at)?;
        Ok(Some(sign_in.claiming_mfa(claims_mfa.unwrap_or(false))))
    }
}

/// What the host calls a permission and this library cannot name takes nothing off what a grant newly permits.
fn standing(value: &Value) -> Option<Permission> {
    value.as_str().and_then(|text| Permission::new(text).ok())
}

fn role(value: &Value) -> Result<RoleName, Invalid> {
    match value {
        Value::String(name) => RoleName::new(name).map_err(|error| error.for_field("roles")),
        other => Err(Invalid::new("roles", format!("holds {}", shown(other)), "a list of texts")),
    }
}

fn one_of(names: &[&str]) -> String {
    if names.is_empty() { "no field".to_owned() } else { format!("one of {}", names.join(", ")) }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => Invalid::quote(text),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_string(),
    }
}

/// A JSON value in which no object names a field twice.
struct Unambiguous(Value);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Builder).map(Self)
    }
}

struct Builder;

impl<'de> Visitor<'de> for Builder {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(flag.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Unambiguous(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Unambiguous(value))) = fields.next_entry::<String, Unambiguous>()? {
            if map.contains_key(&name) {
                return Err(A::Error::custom(format_args!("the field {} stands twice", Invalid::quote(&name))));
            }
            map.insert(name, value);
        }
        Ok(map.into())
    }
}

#[cfg(test)]
mod tests {
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
