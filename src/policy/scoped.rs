//! Selects the few policies of very many that can decide a request.
//!
//! Cedar evaluates every policy that it is given. The head of a policy (`principal == …`, `resource in …`) is known in
//! advance, so each policy is stored under the most selective part of its head, and a request is evaluated only with
//! policies whose whole head matches. A policy whose head does not match is not satisfied and cannot fail, so leaving
//! it out changes neither decision, reasons nor errors.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use cedar_policy::{
    ActionConstraint, AuthorizationError, Authorizer, Decision, Effect, Entities, EntityTypeName, EntityUid, Policy,
    PolicyId, PolicySet, PrincipalConstraint, Request, ResourceConstraint,
};

use super::PolicyError;
use super::error::reason;
use super::vocabulary::NOW;
use crate::lock::Mutex;

/// Policies that are found by what their heads name.
///
/// ```
/// use std::str::FromStr;
/// use cedar_policy::{Context, Entities, EntityUid, PolicySet, Request};
/// use jit_access::policy::ScopedPolicies;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let text = r#"permit (principal == User::"ann", action, resource); forbid (principal == User::"bob", action, resource);"#;
/// let policies = ScopedPolicies::new(&PolicySet::from_str(text)?)?;
/// let uid = |text: &str| EntityUid::from_str(text);
/// let request = Request::new(uid("User::\"ann\"")?, uid("Action::\"read\"")?, uid("Doc::\"1\"")?, Context::empty(), None)?;
/// let answer = policies.ask(&request, &Entities::empty())?;
/// assert!(answer.allows && answer.reasons == ["policy0"] && answer.errors.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct ScopedPolicies {
    policies: Vec<Kept>,
    by_principal: HashMap<EntityUid, Vec<u64>>,
    by_resource: HashMap<EntityUid, Vec<u64>>,
    by_action: HashMap<EntityUid, Vec<u64>>,
    by_principal_type: HashMap<EntityTypeName, Vec<u64>>,
    by_resource_type: HashMap<EntityTypeName, Vec<u64>>,
    /// Those whose heads name nothing.
    for_all: Vec<u64>,
    /// Whether any of them may look at the instant.
    timed: bool,
    /// Whether any of them may look at the groups that an action is in.
    grouped: bool,
    /// Recently used sets. A set takes longer to make than to evaluate.
    made: Mutex<HashMap<Box<[u64]>, Arc<PolicySet>>>,
}

/// How many sets are cached. When there are more, the cache is cleared.
const MADE: usize = 4_096;

#[derive(Debug)]
struct Kept {
    policy: Policy,
    principal: PrincipalConstraint,
    action: ActionConstraint,
    resource: ResourceConstraint,
    /// The template that it is a link of.
    template: Option<cedar_policy::Template>,
}

/// A policy beside the stored ones, such as the policy of a live grant. The number is unique in the process: cached
/// sets are found by their numbers.
#[derive(Debug, Clone)]
pub(crate) struct Beside {
    pub(crate) number: u64,
    pub(crate) policy: Policy,
}

/// Numbers of this and above are of policies beside those that are kept.
pub(crate) const BESIDE: u64 = 1 << 32;

/// What Cedar answers over a set of policies.
///
/// ```
/// use jit_access::policy::PolicyAnswer;
///
/// let nothing = PolicyAnswer::default();
/// assert!(!nothing.allows && nothing.reasons.is_empty());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
#[must_use = "an answer must be enforced"]
pub struct PolicyAnswer {
    /// Whether a permit is satisfied and no forbid is.
    pub allows: bool,
    /// The ids of the policies that decided, in order: the forbids when one is satisfied, the permits otherwise.
    pub reasons: Vec<String>,
    /// The policies that could not be evaluated, in order, each with what happened. Cedar skips them.
    pub errors: Vec<(String, String)>,
}

impl ScopedPolicies {
    /// These policies, with links of templates among them.
    ///
    /// # Errors
    /// When a link has no template.
    pub fn new(set: &PolicySet) -> Result<Self, PolicyError> {
        let mut this = Self::of(Vec::new());
        for policy in set.policies() {
            let template = match policy.template_id() {
                None => None,
                Some(id) => Some(set.template(id).cloned().ok_or_else(|| PolicyError::Unanswerable {
                    reason: format!("the policy `{}` is a link of a template that is not there", policy.id()),
                })?),
            };
            this.keep(policy.clone(), template);
        }
        Ok(this)
    }

    /// These policies, none of which is a template link.
    pub(super) fn of(policies: Vec<Policy>) -> Self {
        let mut this = Self::default();
        policies.into_iter().for_each(|policy| this.keep(policy, None));
        this
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.policies.len()
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    /// Each of them.
    #[cfg(feature = "proof")]
    pub(super) fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.policies.iter().map(|kept| &kept.policy)
    }

    /// Whether any of them may use the instant, so that a decision may not last.
    pub(crate) const fn looks_at_time(&self) -> bool {
        self.timed
    }

    /// Whether any of them may look at the groups that an action is in.
    pub(crate) const fn looks_at_groups(&self) -> bool {
        self.grouped
    }

    /// What Cedar answers over all of them.
    ///
    /// # Errors
    /// When the request lacks a principal, an action or a resource.
    pub fn ask(&self, request: &Request, entities: &Entities) -> Result<PolicyAnswer, PolicyError> {
        self.ask_beside(request, entities, &[])
    }

    /// What Cedar answers over all of them and these.
    pub(crate) fn ask_beside(
        &self,
        request: &Request,
        entities: &Entities,
        beside: &[Beside],
    ) -> Result<PolicyAnswer, PolicyError> {
        let numbers = self.fitting(request, entities, |_| true)?;
        self.evaluate(&numbers, request, entities, beside)
    }

    /// The numbers of the wanted ones whose heads match, in order.
    pub(super) fn fitting(
        &self,
        request: &Request,
        entities: &Entities,
        wanted: impl Fn(&Policy) -> bool,
    ) -> Result<Vec<u64>, PolicyError> {
        if self.policies.is_empty() {
            return Ok(Vec::new());
        }
        let asked = Asked::of(request, entities)?;
        let mut numbers: Vec<u64> = self.for_all.clone();
        let mut take = |found: Option<&Vec<u64>>| numbers.extend(found.into_iter().flatten());
        take(self.by_principal_type.get(asked.principal.0.type_name()));
        take(self.by_resource_type.get(asked.resource.0.type_name()));
        for (map, (uid, above)) in [
            (&self.by_principal, &asked.principal),
            (&self.by_resource, &asked.resource),
            (&self.by_action, &asked.action),
        ] {
            if map.is_empty() {
                continue;
            }
            take(map.get(*uid));
            above.iter().for_each(|one| take(map.get(*one)));
        }
        numbers.retain(|number| self.kept(*number).is_some_and(|kept| asked.fits(kept) && wanted(&kept.policy)));
        numbers.sort_unstable();
        numbers.dedup();
        Ok(numbers)
    }

    fn kept(&self, number: u64) -> Option<&Kept> {
        self.policies.get(usize::try_from(number).ok()?)
    }

    /// What Cedar answers over the policies of these numbers and these.
    pub(super) fn evaluate(
        &self,
        numbers: &[u64],
        request: &Request,
        entities: &Entities,
        beside: &[Beside],
    ) -> Result<PolicyAnswer, PolicyError> {
        if numbers.is_empty() && beside.is_empty() {
            return Ok(PolicyAnswer::default());
        }
        let set = self.set(numbers, beside)?;
        let response = Authorizer::new().is_authorized(request, &set, entities);
        let diagnostics = response.diagnostics();
        let text = |id: &PolicyId| {
            let id: &str = id.as_ref();
            id.to_owned()
        };
        let mut reasons: Vec<String> = diagnostics.reason().map(text).collect();
        let mut errors: Vec<(String, String)> =
            diagnostics.errors().map(|error| (text(failed(error)), reason(error))).collect();
        reasons.sort_unstable();
        errors.sort_unstable();
        Ok(PolicyAnswer { allows: response.decision() == Decision::Allow, reasons, errors })
    }

    fn set(&self, numbers: &[u64], beside: &[Beside]) -> Result<Arc<PolicySet>, PolicyError> {
        let key: Box<[u64]> = numbers.iter().copied().chain(beside.iter().map(|one| one.number)).collect();
        if let Some(set) = self.made.lock().get(&key) {
            return Ok(Arc::clone(set));
        }
        let failed = |error: &dyn std::error::Error| PolicyError::Unanswerable { reason: reason(error) };
        let mut set = PolicySet::new();
        for kept in numbers.iter().filter_map(|number| self.kept(*number)) {
            let Some(template) = &kept.template else {
                set.add(kept.policy.clone()).map_err(|error| failed(&error))?;
                continue;
            };
            if set.template(template.id()).is_none() {
                set.add_template(template.clone()).map_err(|error| failed(&error))?;
            }
            let slots = kept.policy.template_links().unwrap_or_default();
            set.link(template.id().clone(), kept.policy.id().clone(), slots).map_err(|error| failed(&error))?;
        }
        for one in beside {
            set.add(one.policy.clone()).map_err(|error| failed(&error))?;
        }
        let set = Arc::new(set);
        let mut made = self.made.lock();
        if made.len() >= MADE {
            made.clear();
        }
        made.insert(key, Arc::clone(&set));
        Ok(set)
    }

    /// Keeps it under an entity that its head names, or else under a type.
    fn keep(&mut self, policy: Policy, template: Option<cedar_policy::Template>) {
        let number = self.policies.len() as u64;
        let text = policy.to_string();
        self.timed |= text.contains(NOW);
        // A group by its name, or an action that is looked at beyond the head.
        self.grouped |= text.contains("*\"") || text.matches("action").count() > 1;
        let (principal, action, resource) =
            (policy.principal_constraint(), policy.action_constraint(), policy.resource_constraint());
        match (&principal, &resource, &action) {
            (PrincipalConstraint::Eq(uid) | PrincipalConstraint::In(uid) | PrincipalConstraint::IsIn(_, uid), ..) => {
                self.by_principal.entry(uid.clone()).or_default().push(number);
            }
            (_, ResourceConstraint::Eq(uid) | ResourceConstraint::In(uid) | ResourceConstraint::IsIn(_, uid), _) => {
                self.by_resource.entry(uid.clone()).or_default().push(number);
            }
            (_, _, ActionConstraint::Eq(uid)) => self.by_action.entry(uid.clone()).or_default().push(number),
            (_, _, ActionConstraint::In(uids)) => {
                for uid in uids.iter().collect::<HashSet<_>>() {
                    self.by_action.entry(uid.clone()).or_default().push(number);
                }
            }
            (PrincipalConstraint::Is(name), ..) => {
                self.by_principal_type.entry(name.clone()).or_default().push(number);
            }
            (_, ResourceConstraint::Is(name), _) => {
                self.by_resource_type.entry(name.clone()).or_default().push(number);
            }
            _ => self.for_all.push(number),
        }
        self.policies.push(Kept { policy, principal, action, resource, template });
    }
}

/// An entity, and its ancestors.
type Member<'a> = (&'a EntityUid, HashSet<&'a EntityUid>);

/// What heads are compared with.
struct Asked<'a> {
    principal: Member<'a>,
    action: Member<'a>,
    resource: Member<'a>,
}

impl<'a> Asked<'a> {
    fn of(request: &'a Request, entities: &'a Entities) -> Result<Self, PolicyError> {
        let member = |uid: Option<&'a EntityUid>, part: &str| {
            let missing = || PolicyError::Unanswerable { reason: format!("the request has no {part}") };
            let uid = uid.ok_or_else(missing)?;
            Ok((uid, entities.ancestors(uid).into_iter().flatten().collect()))
        };
        Ok(Self {
            principal: member(request.principal(), "principal")?,
            action: member(request.action(), "action")?,
            resource: member(request.resource(), "resource")?,
        })
    }

    fn fits(&self, kept: &Kept) -> bool {
        let is_in = |(uid, above): &Member<'_>, one: &EntityUid| *uid == one || above.contains(one);
        let principal = match &kept.principal {
            PrincipalConstraint::Any => true,
            PrincipalConstraint::Eq(uid) => self.principal.0 == uid,
            PrincipalConstraint::In(uid) => is_in(&self.principal, uid),
            PrincipalConstraint::Is(name) => self.principal.0.type_name() == name,
            PrincipalConstraint::IsIn(name, uid) => self.principal.0.type_name() == name && is_in(&self.principal, uid),
        };
        principal
            && match &kept.resource {
                ResourceConstraint::Any => true,
                ResourceConstraint::Eq(uid) => self.resource.0 == uid,
                ResourceConstraint::In(uid) => is_in(&self.resource, uid),
                ResourceConstraint::Is(name) => self.resource.0.type_name() == name,
                ResourceConstraint::IsIn(name, uid) => {
                    self.resource.0.type_name() == name && is_in(&self.resource, uid)
                }
            }
            && match &kept.action {
                ActionConstraint::Any => true,
                ActionConstraint::Eq(uid) => self.action.0 == uid,
                ActionConstraint::In(uids) => uids.iter().any(|uid| is_in(&self.action, uid)),
            }
    }
}

/// The policy that could not be evaluated.
fn failed(error: &AuthorizationError) -> &PolicyId {
    let AuthorizationError::PolicyEvaluationError(error) = error;
    error.policy_id()
}

/// Whether a policy forbids.
pub(super) fn forbids(policy: &Policy) -> bool {
    policy.effect() == Effect::Forbid
}
