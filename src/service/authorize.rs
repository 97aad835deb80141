//! The complete decision, for hosts without a decision point.

use std::sync::Arc;

use derive_setters::Setters;
use serde_json::{Map, Value};

use super::combine::combine;
use super::engine::Engine;
use super::grant_cache::CachedGrant;
use super::policy_errors::internal;
use crate::check::{Check, Decider};
use crate::error::Error;
use crate::model::{
    Action, Context, GrantId, Invalid, Obligations, Outcome, Principal, Query, Resource, Revision, Timestamp,
};
use crate::policy::{Beside, Extra, Guardrails, PolicyError, Seen};

/// The input of [`Engine::authorize`].
///
/// ```
/// use jit_access::model::{Action, Principal};
/// use jit_access::service::AuthorizeRequest;
///
/// let asked = AuthorizeRequest::new(Principal::user("ann")?, Action::new("tools.read")?, "tool:deploy".parse()?);
/// assert!(!asked.peek && asked.context.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Setters)]
#[non_exhaustive]
pub struct AuthorizeRequest {
    /// The principal.
    pub principal: Principal,
    /// What.
    pub action: Action,
    /// To what, with its parent.
    pub resource: Resource,
    /// How the principal signed in, the address and the session.
    pub known: Context,
    /// More of Cedar's context, in Cedar's JSON format. `now`, `mfa_at`, `address`, `session`, `call` and `used_up`
    /// are the library's own.
    pub context: Map<String, Value>,
    /// Attributes of the principal, in Cedar's JSON format. Entities that the host has set take precedence.
    pub principal_properties: Map<String, Value>,
    /// Attributes of the resource.
    pub resource_properties: Map<String, Value>,
    /// Whether everything that any process has committed counts.
    pub current: bool,
    /// Whether no use is recorded.
    pub peek: bool,
}

impl AuthorizeRequest {
    /// May this principal do this to that?
    #[must_use]
    pub fn new(principal: Principal, action: Action, resource: Resource) -> Self {
        Self {
            principal,
            action,
            resource,
            known: Context::default(),
            context: Map::new(),
            principal_properties: Map::new(),
            resource_properties: Map::new(),
            current: false,
            peek: false,
        }
    }
}

/// The whole decision.
///
/// See [`Engine::authorize`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "a decision must be enforced"]
pub struct Authorized {
    /// Allow; deny when a policy forbids; not applicable when no policy applies, which also denies access.
    pub outcome: Outcome,
    /// The policies that decided, in order: the satisfied forbids if there is one, otherwise the permits. Grants are
    /// named by their ids.
    pub policies: Vec<String>,
    /// The policies that could not be evaluated, in order, each with what happened. A standing policy is skipped, as Cedar
    /// does; a guardrail denies.
    pub errors: Vec<(String, String)>,
    /// The grant that the allow depends on.
    pub grant: Option<GrantId>,
    /// Why, by the name of a [`crate::model::Reason`], or `standing` when the standing policies allow or forbid by
    /// themselves.
    pub reason: &'static str,
    /// What guardrails have the host do.
    pub obligations: Obligations,
    /// The answer holds before this instant if nothing else changes. It is the instant of the answer when other things
    /// may change it, and `None` when time alone does not.
    pub valid_until: Option<Timestamp>,
    /// The instant of the answer.
    pub now: Timestamp,
    /// The journal position it was made from.
    pub revision: Revision,
}

impl Engine {
    /// Decides by the standing policies, the guardrails and the live grants of the principal together, over the
    /// entities that the host has set. It is Cedar's answer over all these policies and grants, with three differences,
    /// each on the safe side: a guardrail that cannot be evaluated denies; a break-glass grant lifts the forbids of
    /// guardrails that are not marked to hold in break-glass; and a grant counts only if a check honours it. An allow
    /// by a grant is a use and is recorded as in a check.
    ///
    /// ```
    /// # use jit_access::{service::Builder, store::MemoryStore, workflow::Rules};
    /// use jit_access::model::{Action, Outcome, PolicyFile, Principal};
    /// use jit_access::service::{AuthorizeRequest, Settings};
    ///
    /// let policy = r#"@id("ann-runs") permit (principal == User::"ann", action == Action::"tools.execute", resource);"#;
    /// let schema = r#"entity Tool; action "*"; action "tools.*" in ["*"]; action "tools.execute" in ["tools.*"];"#;
    /// let rules = Rules::default().schema(Some(jit_access::workflow::HostSchema::new(schema, ["tool".parse()?])));
    /// let settings = Settings::default().standing_policies(vec![PolicyFile::new("base.cedar", policy)]);
    /// let engine = Builder::new(MemoryStore::new(), rules).settings(settings).open()?;
    /// let asks = |name| Ok::<_, jit_access::Error>(AuthorizeRequest::new(
    ///     Principal::user(name)?, Action::new("tools.execute")?, "tool:deploy".parse()?));
    /// let answer = engine.authorize(&asks("ann")?)?;
    /// assert_eq!((answer.outcome, answer.policies), (Outcome::Allow, vec!["ann-runs".to_owned()]));
    /// assert_eq!(engine.authorize(&asks("bob")?)?.outcome, Outcome::NotApplicable);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the context or a property is not a valid Cedar value, or when the grants of the principal cannot be read.
    /// An error never allows.
    pub fn authorize(&self, asked: &AuthorizeRequest) -> Result<Authorized, Error> {
        let shared = self.shared();
        let AuthorizeRequest { principal, action, resource, known, .. } = asked;
        if asked.current {
            shared.sync()?;
        }
        let query = Query { principal, action, resource };
        let now = shared.time.now();
        let held: Arc<[CachedGrant]> = match shared.rules.enabled && shared.checks.may_hold(principal) {
            true => shared.grant_cache.of(principal, now)?,
            false => Arc::new([]),
        };
        let beside: Vec<Beside> =
            held.iter().filter(|one| is_of(one, action, resource)).map(|one| one.policy.clone()).collect();
        let emergency =
            |id: &str| held.iter().any(|one| one.grant.break_glass.is_some() && one.grant.id.to_string() == id);
        let set = shared.guard.set();
        let names_groups = |one: &CachedGrant| {
            let permissions = &one.grant.permissions;
            !permissions.excepted().is_empty() || permissions.allowed().iter().any(|one| one.as_str().ends_with('*'))
        };
        let is_grouped = shared.standing.scoped().looks_at_groups() || set.looks_at_groups();
        let extra = Extra {
            context: Some(&asked.context),
            principal: Some(&asked.principal_properties),
            resource: Some(&asked.resource_properties),
            ungrouped: !is_grouped && !held.iter().any(names_groups),
        };
        let seen = shared.guard.seen(&query, known, extra, now).map_err(|error| unfit(&error))?;
        let is_stale = !set.is_empty() && shared.guard.is_stale(now);
        let combined = combine(&shared.standing, &set, &seen, &beside, emergency).map_err(|error| internal(&error))?;
        let decider = Decider::new(Arc::clone(&shared.checks), Arc::clone(shared) as _);
        let check = Check::new(query).context(known);
        let check = if asked.current { check.current() } else { check };
        // Only the grant that is used can lift a forbid, and only a check knows which one is used.
        let lifted = combined.lifts
            && decider.check(&check.peek())?.basis.grant.is_some_and(|grant| emergency(&grant.to_string()));
        let combined = match combined.lifts && !lifted {
            true => combine(&shared.standing, &set, &seen, &beside, |_| false).map_err(|error| internal(&error))?,
            false => combined,
        };
        let is_timed = combined.guarded > 0 || is_stale || shared.standing.scoped().looks_at_time();
        let mut authorized = Authorized {
            outcome: combined.outcome,
            policies: combined.policies,
            errors: combined.errors,
            grant: None,
            reason: combined.reason,
            obligations: combined.obligations,
            valid_until: if is_timed { Some(now) } else { next_change(&held, now) },
            now,
            revision: self.revision(),
        };
        if is_stale && (combined.by_grants || authorized.reason.starts_with("guardrail")) {
            // The entities that guardrails need are too old: standing rights remain, and grants are not honoured.
            return self.standing_alone(authorized, &seen);
        }
        if authorized.outcome != Outcome::Allow || !(combined.by_grants || lifted) {
            let counts = authorized.outcome == Outcome::NotApplicable || !held.is_empty();
            if authorized.outcome != Outcome::Allow && !asked.peek && counts {
                // The whole decision: what no policy and no grant allows is refused.
                shared.refused_call((principal.clone(), None), (action, resource), authorized.reason, now);
            }
            return Ok(authorized);
        }
        // A grant counts only if a check honours it; the check records the use.
        let check = if asked.peek { check.peek() } else { check };
        let decision = if lifted { decider.check(&check)? } else { decider.check_unguarded(&check)? };
        authorized.reason = decision.basis.reason.name();
        authorized.revision = decision.revision;
        authorized.outcome = decision.outcome;
        if decision.outcome == Outcome::Allow {
            authorized.grant = decision.basis.grant;
            authorized.valid_until = earlier(authorized.valid_until, decision.valid_until);
        } else {
            authorized.policies = Vec::new();
            authorized.obligations = Obligations::NONE;
            authorized.valid_until = Some(now);
        }
        Ok(authorized)
    }
}

impl Engine {
    /// The answer of the standing policies without guardrails and grants.
    fn standing_alone(&self, answer: Authorized, seen: &Seen) -> Result<Authorized, Error> {
        let none = Guardrails::default();
        let combined =
            combine(&self.shared().standing, &none, seen, &[], |_| false).map_err(|error| internal(&error))?;
        let reason = if combined.outcome == Outcome::NotApplicable { "entities_stale" } else { combined.reason };
        let (outcome, policies, errors) = (combined.outcome, combined.policies, combined.errors);
        Ok(Authorized { outcome, policies, errors, reason, obligations: Obligations::NONE, ..answer })
    }
}

/// Whether the grant covers this action and resource at all. A grant that does not is left out: its policy could
/// neither be satisfied nor fail.
fn is_of(held: &CachedGrant, action: &Action, resource: &Resource) -> bool {
    held.grant.covers(action, resource)
}

/// The first instant at which a window begins or ends.
fn next_change(held: &[CachedGrant], now: Timestamp) -> Option<Timestamp> {
    let bounds = held.iter().flat_map(|one| [one.grant.window.start(), one.grant.window.end()]);
    bounds.filter(|bound| *bound > now).min()
}

fn earlier(one: Option<Timestamp>, two: Option<Timestamp>) -> Option<Timestamp> {
    match (one, two) {
        (Some(one), Some(two)) => Some(one.min(two)),
        (one, two) => one.or(two),
    }
}

fn unfit(error: &PolicyError) -> Error {
    let expected = "values of Cedar's JSON format, without the names that the library fills in";
    Error::Invalid(Invalid::new("context", format!("cannot be used: {error}"), expected))
}
