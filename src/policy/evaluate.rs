//! Evaluating policies with Cedar.

use core::net::IpAddr;
use std::collections::HashSet;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request, RestrictedExpression,
};

use super::PolicyError;
use super::error::{joined, reason};
use super::vocabulary::{self, ADDRESS, CALL, MFA_AT, NOW, SESSION, USED_UP};
use crate::lock::Mutex;
use crate::model::{GrantId, Outcome, Query, SessionId, Timestamp, ToolCall};

/// What Cedar answers, and what the answer rests on.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let world::World { engine, request, dev, .. } = world::granted()?;
/// use jit_access::model::*;
/// use jit_access::policy;
///
/// let grant = engine.workflow().request(&dev, request)?.grant.ok_or("no grant")?;
/// let (action, resource) = (Action::new("tools.execute")?, Resource::new("tool", "deploy")?);
/// let query = Query { principal: &dev.principal, action: &action, resource: &resource };
/// let answer = policy::authorize(&policy::policies([&grant])?, &query, grant.window.start())?;
/// assert_eq!((answer.outcome, answer.grants), (Outcome::Allow, vec![grant.id]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an answer must be enforced"]
pub struct Answer {
    /// Allow; deny when a policy forbids; not applicable when no policy applies.
    pub outcome: Outcome,
    /// The grants that decided, every one that could, in order.
    pub grants: Vec<GrantId>,
    /// The ids of the deciding policies that are not grants, in order: the host's own.
    pub others: Vec<String>,
}

/// Evaluates these policies with Cedar, at this instant.
///
/// The set may contain more than grants, such as the host's own policies; they see the principal, the action with its
/// groups, and the resource with its parent as entities. The context contains only `now`, so no grant with conditions
/// decides. The answer is the same for all grants and for the holder's own.
///
/// # Errors
/// When any policy fails to evaluate, whatever the others decide. Cedar itself would skip it.
pub fn authorize(policies: &PolicySet, query: &Query<'_>, now: Timestamp) -> Result<Answer, PolicyError> {
    authorize_with(policies, query, now, &Attributes::default())
}

/// The same, with what grants with conditions look at.
///
/// # Errors
/// As for [`authorize`].
pub fn authorize_with(
    policies: &PolicySet,
    query: &Query<'_>,
    now: Timestamp,
    given: &Attributes,
) -> Result<Answer, PolicyError> {
    ask(policies, query, context(now, given, Vec::new())?)
}

/// What the library itself puts into the context of every question.
pub(super) const FILLED: [&str; 6] = [NOW, MFA_AT, ADDRESS, SESSION, CALL, USED_UP];

/// The context of a question at this instant, with these attributes and additional values.
pub(super) fn context(
    now: Timestamp,
    given: &Attributes,
    mut pairs: Vec<(String, RestrictedExpression)>,
) -> Result<Context, PolicyError> {
    let instant = |at: Timestamp| RestrictedExpression::new_datetime(at.to_string());
    let used_up = |ids: &Vec<GrantId>| {
        RestrictedExpression::new_set(ids.iter().map(|id| RestrictedExpression::new_string(id.to_string())))
    };
    let usual = Attributes { used_up: Some(Vec::new()), ..Attributes::default() };
    let is_usual = pairs.is_empty() && *given == usual;
    if let Some((at, context)) = LAST.lock().as_ref().filter(|_| is_usual)
        && *at == now
    {
        return Ok(context.clone());
    }
    let values = [
        Some(instant(now)),
        given.mfa_at.map(instant),
        given.address.map(|address| RestrictedExpression::new_ip(address.to_canonical().to_string())),
        given.session.as_ref().map(|id| RestrictedExpression::new_string(id.to_string())),
        given.call.as_ref().map(|call| RestrictedExpression::new_string(call.to_string())),
        given.used_up.as_ref().map(used_up),
    ];
    pairs.extend(FILLED.into_iter().zip(values).filter_map(|(name, value)| Some((name.to_owned(), value?))));
    let made = Context::from_pairs(pairs).map_err(|error| unanswerable(&error))?;
    if is_usual {
        *LAST.lock() = Some((now, made.clone()));
    }
    Ok(made)
}

/// The last context that had an instant and nothing else. Making one parses the name of a function and a date, which
/// takes longer than evaluating some policies, and many questions come in one millisecond.
static LAST: Mutex<Option<(Timestamp, Context)>> = Mutex::new(None);

fn unanswerable(error: &dyn std::error::Error) -> PolicyError {
    PolicyError::Unanswerable { reason: reason(error) }
}

/// The attributes of a question's context besides its instant. A missing one meets no condition.
///
/// ```
/// use jit_access::policy::Attributes;
///
/// let given = Attributes { address: Some("10.1.2.3".parse()?), used_up: Some(vec![]), ..Attributes::default() };
/// assert!(given.mfa_at.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attributes {
    /// When the principal signed in with a second factor.
    pub mfa_at: Option<Timestamp>,
    /// The address of the caller.
    pub address: Option<IpAddr>,
    /// The session or task it belongs to.
    pub session: Option<SessionId>,
    /// The exact call of a tool that it is about.
    pub call: Option<ToolCall>,
    /// The grants with a limit of uses that have none left.
    pub used_up: Option<Vec<GrantId>>,
}

/// Separate from [`authorize`] so that a test can evaluate without an instant; nothing else may.
pub(super) fn ask(policies: &PolicySet, query: &Query<'_>, context: Context) -> Result<Answer, PolicyError> {
    let principal = vocabulary::principal(query.principal)?;
    let action = vocabulary::action(query.action)?;
    let resource = vocabulary::resource(query.resource)?;
    let entities = entities(query, &principal, &action, &resource)?;
    // Without a schema on purpose: a host may ask about an action that our schemas do not declare, and `*` covers it.
    let request = Request::new(principal, action, resource, context, None).map_err(|error| unanswerable(&error))?;
    let response = Authorizer::new().is_authorized(&request, policies, &entities);
    let errors: Vec<String> = response.diagnostics().errors().map(|error| reason(error)).collect();
    if !errors.is_empty() {
        return Err(PolicyError::Unanswerable { reason: joined(errors) });
    }
    let (mut grants, mut others) = (Vec::new(), Vec::new());
    for id in response.diagnostics().reason() {
        let id: &str = id.as_ref();
        match id.parse::<GrantId>() {
            Ok(grant) => grants.push(grant),
            Err(_) => others.push(id.to_owned()),
        }
    }
    grants.sort_unstable();
    others.sort_unstable();
    let outcome = match response.decision() {
        Decision::Allow => Outcome::Allow,
        Decision::Deny if grants.is_empty() && others.is_empty() => Outcome::NotApplicable,
        Decision::Deny => Outcome::Deny,
    };
    Ok(Answer { outcome, grants, others })
}

/// The three entities of a question, each with its parents.
fn entities(
    query: &Query<'_>,
    principal: &EntityUid,
    action: &EntityUid,
    resource: &EntityUid,
) -> Result<Entities, PolicyError> {
    let groups: HashSet<EntityUid> =
        query.action.groups().iter().map(vocabulary::permission).collect::<Result<_, _>>()?;
    let parent: HashSet<EntityUid> =
        query.resource.parent().map(vocabulary::thing).into_iter().collect::<Result<_, _>>()?;
    let mut all = vec![Entity::new_no_attrs(action.clone(), groups), Entity::new_no_attrs(resource.clone(), parent)];
    // An agent that is both principal and resource is one entity, and Cedar refuses duplicates.
    if principal != resource {
        all.push(Entity::with_uid(principal.clone()));
    }
    Entities::from_entities(all, None).map_err(|error| PolicyError::Unanswerable { reason: reason(&error) })
}
