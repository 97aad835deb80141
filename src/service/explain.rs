//! Why a check is decided as it is.

use std::sync::Arc;

use super::workflow::Workflow;
use crate::check::{Check, Decider, GrantCheck, Why, why};
use crate::command::{About, Definition, Explain};
use crate::error::Error;
use crate::model::{
    Caller, Context, Decision, Grant, GrantId, GrantStatus, Outcome, Principal, Query, Reason, Resource, RoleName,
    Timestamp,
};
use crate::store::{Page, StoreError, Visible};
use crate::workflow::{Needs, Whose, may_see_grant};

/// How many of a principal's newest grants are searched for ended ones.
const LOOKED_THROUGH: usize = 200;
/// How many ended grants are listed at most.
const MAX_OVER: usize = 20;

/// The answer of a check, and for each grant why it allowed the action or did not.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let engine = world::engine()?;
/// use jit_access::command::{About, Explain};
/// use jit_access::model::{Action, Caller, Outcome, Principal};
///
/// let dev = Caller::new(Principal::user("dev@example.com")?, vec![]);
/// let explained = engine.workflow().explain(&dev, &Explain::new(About::Caller, Action::new("tools.execute")?))?;
/// assert_eq!((explained.decision.outcome, explained.grants.len()), (Outcome::NotApplicable, 0));
/// assert_eq!(explained.ask_for.iter().map(|role| role.as_str()).collect::<Vec<_>>(), ["deployer"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The decision of a check made now. Nothing is recorded.
    pub decision: Decision,
    /// The grants of the principal that permit the action somewhere or sometime, newest first: all that are not over, and the
    /// newest of the others.
    pub grants: Vec<Considered>,
    /// The roles that the caller may request and that include the action, when the caller asks about themself and no
    /// grant allows it.
    pub ask_for: Vec<RoleName>,
    /// The instant of the answer.
    pub now: Timestamp,
}

/// A grant, and why it allows the action or does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Considered {
    /// The grant.
    pub grant: GrantId,
    /// Its role.
    pub role: RoleName,
    /// Why.
    pub why: Why,
}

impl Explanation {
    /// The answer in a sentence.
    #[must_use]
    pub fn detail(&self) -> String {
        let reason = self.decision.basis.reason;
        match (self.decision.outcome, reason, self.grants.first()) {
            (Outcome::Allow, ..) => "a grant gives it".to_owned(),
            (_, Reason::Stale | Reason::StoreReplaced, _) => {
                "the grants are not known to be current, so none is honoured; standing rights go on".to_owned()
            }
            (_, _, None) => "no grant gives this action".to_owned(),
            (_, _, Some(newest)) if self.grants.iter().all(|one| one.why.code == newest.why.code) => {
                newest.why.detail.clone()
            }
            _ => "no grant gives it here and now; each says why".to_owned(),
        }
    }
}

impl Workflow {
    /// Explains the decision of a check. Every caller may ask about themself; only those who may read the journal may
    /// ask about others. It reads the store and records no use. A grant that the caller may not see is left out,
    /// together with its effect.
    ///
    /// # Errors
    /// [`crate::workflow::RefusalCode::NotAnAuditor`] when the caller asks about another principal and may not read the
    /// journal; when the resource is invalid; errors of the store.
    pub fn explain(&self, caller: &Caller, explain: &Explain) -> Result<Explanation, Error> {
        let (shared, rules) = (&*self.shared, &*self.shared.rules);
        let caller = &*shared.on_our_time(caller);
        let who = match &explain.about {
            About::Caller => &caller.principal,
            About::Other(principal) => principal,
        };
        let is_self = *who == caller.principal;
        if !is_self {
            shared.may_audit(caller, &Explain::SPEC, shared.time.now())?;
        }
        let resource = explain.resource.clone().unwrap_or_else(Resource::everything);
        let resource = match &explain.parent {
            Some(parent) => resource.with_parent(parent.clone())?,
            None => resource,
        };
        let context = Context {
            sign_in: caller.sign_in.clone().filter(|_| is_self),
            address: explain.address,
            session: explain.session.clone(),
            acts_for: caller.acts_for.clone().filter(|_| is_self),
            ..Context::default()
        };
        let query = Query { principal: who, action: &explain.action, resource: &resource };
        let decider = Decider::new(Arc::clone(&shared.checks), Arc::clone(&self.shared) as _);
        let decision = decider.check(&Check::new(query).context(&context).current().peek())?;
        let now = shared.time.now();
        let is_stale = matches!(decision.basis.reason, Reason::Stale | Reason::StoreReplaced);
        let theirs = match self.grants_of(who, &explain.action, now) {
            // Only the decision of the check is known.
            Err(StoreError::Unavailable { .. }) if is_stale => Vec::new(),
            theirs => theirs?,
        };
        let withheld = shared.following.lock().withheld.clone();
        let is_time_known = shared.time.trouble().is_none();
        let asked = GrantCheck { query, context: &context, rules, is_time_known, now };
        let (mut grants, mut hides) = (Vec::new(), false);
        for grant in &theirs {
            if !may_see_grant(caller, grant, rules, now)? {
                hides = true;
                continue;
            }
            let why = if withheld.contains(&grant.id) { Why::withheld() } else { why(grant, &asked) };
            grants.push(Considered { grant: grant.id, role: grant.role.clone(), why });
        }
        let decision = if hides { without_hidden(decision, &grants) } else { decision };
        let ask_for = if is_self && decision.outcome != Outcome::Allow {
            let reserved = rules.reserves(false, explain.action.name());
            let offers = self.roles(caller)?.items.into_iter().filter(|offer| offer.may_request && !reserved);
            offers.filter(|offer| offer.permissions.covers(&explain.action)).map(|offer| offer.role).collect()
        } else {
            Vec::new()
        };
        Ok(Explanation { decision, grants, ask_for, now })
    }

    /// The grants that this principal holds or held and that permit the action, newest first.
    fn grants_of(
        &self,
        who: &Principal,
        action: &crate::model::Action,
        now: Timestamp,
    ) -> Result<Vec<Grant>, StoreError> {
        let store = &*self.shared.store;
        let live = store.view(&Needs { live: Some(Whose::Of(who.clone())), ..Needs::default() }, now)?.history.live;
        let visible = Visible::To(who.clone(), Vec::new());
        let page = Page { visible, status: None, now, before: None, limit: LOOKED_THROUGH };
        let is_over = |grant: &Grant| {
            !matches!(grant.status(now), GrantStatus::Active | GrantStatus::Scheduled | GrantStatus::Suspended)
        };
        let newest = store.grants(&page)?.into_iter().map(|(_, grant)| grant).filter(is_over);
        let permits = |grant: &Grant| grant.holder == *who && grant.permissions.covers(action);
        let mut theirs: Vec<_> = newest.filter(permits).take(MAX_OVER).collect();
        theirs.extend(live.into_iter().filter(|grant| permits(grant) && !is_over(grant)));
        theirs.sort_by_key(|grant| (std::cmp::Reverse(grant.approved_at), grant.id));
        Ok(theirs)
    }
}

/// The decision without the effect of grants that the caller may not see.
fn without_hidden(decision: Decision, seen: &[Considered]) -> Decision {
    let is_seen = |id: &GrantId| seen.iter().any(|one| one.grant == *id);
    match decision.basis.grant {
        Some(id) if is_seen(&id) => decision,
        _ => Decision::not_applicable(Reason::NoGrant, None, decision.revision),
    }
}
