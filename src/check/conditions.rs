//! The grants with conditions, and whether their conditions are met.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::attempt::Attempt;
use crate::index::{Change, GrantIndex};
use crate::lock::Mutex;
use crate::model::{
    Action, Context, Decision, Grant, GrantId, Outcome, Principal, RawQuery, Reason, Resource, Revision, Timestamp,
};
use crate::projection::{News, Projection};
use crate::store::Live;
use crate::workflow::{Rules, met_until};

/// The grants with conditions. They are not in the grant index, because a grant without conditions decides first. While
/// no grant has conditions, a check reads one word here.
///
/// Their holders are in a separate index, which is read without a lock. Only a check that such a grant covers takes the
/// lock.
#[derive(Debug, Default)]
pub(super) struct ConditionalGrants {
    count: AtomicUsize,
    /// One if every check takes the complete path.
    closer: AtomicUsize,
    /// How many of them have numbered uses.
    numbered: AtomicUsize,
    index: GrantIndex,
    grants: Mutex<Grants>,
}

#[derive(Debug, Default)]
struct Grants {
    grants: HashMap<GrantId, Grant>,
    by_holder: HashMap<Principal, Vec<GrantId>>,
}

impl ConditionalGrants {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Acquire) == 0
    }

    /// From now on this seems to have a grant, so no check takes the short path for principals without grants.
    #[cfg_attr(not(feature = "cedar"), allow(dead_code, reason = "used only with Cedar"))]
    pub(super) fn look_closer(&self) {
        let known = self.grants.lock();
        self.closer.store(1, Ordering::Release);
        self.count(&known);
    }

    /// Whether one of them covers this query now, whatever its conditions.
    #[cfg_attr(not(feature = "cedar"), allow(dead_code, reason = "used only with Cedar"))]
    pub(super) fn covers(&self, query: &RawQuery<'_>, now: Timestamp) -> bool {
        let hash = self.index.hash(query.principal_kind(), query.principal().as_bytes());
        self.index.decide_read(query, hash, || now).outcome == Outcome::Allow
    }

    /// Whether this principal may hold one of them.
    #[cold]
    pub(super) fn may_hold(&self, query: &RawQuery<'_>) -> bool {
        let hash = self.index.hash(query.principal_kind(), query.principal().as_bytes());
        !self.is_empty() && self.index.without_grant(hash).is_none()
    }

    /// Whether uses of this grant are numbered.
    pub(super) fn is_numbered(&self, grant: GrantId) -> bool {
        self.numbered.load(Ordering::Acquire) > 0 && self.grants.lock().grants.get(&grant).is_some_and(is_numbered)
    }

    /// Replaces all grants by these. Those without conditions are left out.
    fn replace<'a>(&self, revision: Revision, grants: impl Iterator<Item = &'a Grant> + Clone) {
        let mut known = self.grants.lock();
        *known = Grants::default();
        let ours = grants.filter(|grant| is_ours(grant));
        ours.clone().for_each(|grant| known.add(grant));
        self.count(&known);
        self.index.replace(revision, ours);
    }

    /// Applies these changes. Changes of grants without conditions have no effect here.
    fn publish<'a>(&self, revision: Revision, changes: impl Iterator<Item = Change<'a>>) {
        let mut known = self.grants.lock();
        let mut ours = Vec::new();
        for change in changes {
            match change {
                Change::Add(grant) if is_ours(grant) => {
                    known.add(grant);
                    ours.push(change);
                }
                Change::Add(_) => {}
                Change::Remove(id) => {
                    if known.remove(id) {
                        ours.push(change);
                    }
                }
            }
        }
        if !ours.is_empty() {
            self.count(&known);
            self.index.publish(revision, ours);
        }
    }

    /// Counts before the index has the grant: a check that finds one with numbered uses must see that it is one.
    fn count(&self, known: &Grants) {
        let numbered = known.grants.values().filter(|grant| is_numbered(grant)).count();
        self.numbered.store(numbered, Ordering::Release);
        self.count.store(known.grants.len() + self.closer.load(Ordering::Acquire), Ordering::Release);
    }

    /// The candidate, if no grant without conditions is one.
    #[cold]
    pub(super) fn candidate(&self, attempt: &mut Attempt<'_>, plain: &Decision) -> Candidate {
        let query = attempt.query;
        let hash = self.index.hash(query.principal_kind(), query.principal().as_bytes());
        let seen = self.index.decide_read(query, hash, || attempt.now());
        let sooner = earlier(plain.valid_until, seen.valid_until);
        let otherwise = Decision::not_applicable(Reason::NoGrant, sooner, plain.revision);
        if seen.outcome == Outcome::Allow {
            Candidate::Conditional(otherwise.revision)
        } else {
            Candidate::Decided(otherwise)
        }
    }

    /// The decision once the conditions of the candidate are checked. Of several grants the one without numbered uses decides
    /// that ends last; grants that can no longer decide are left out.
    #[inline]
    pub(super) fn meet(&self, attempt: &mut Attempt<'_>, candidate: Candidate, rules: &Rules) -> Decision {
        match candidate {
            Candidate::Decided(decision) => decision,
            Candidate::Conditional(revision) => self.judge(attempt, revision, rules),
        }
    }

    #[cold]
    fn judge(&self, attempt: &mut Attempt<'_>, revision: Revision, rules: &Rules) -> Decision {
        let (now, none) = (attempt.now(), Context::default());
        let (principal, action, resource) = attempt.query.to_values();
        let context = attempt.query.context().unwrap_or(&none);
        let judged = self.grants.lock().covering((&principal, &action, &resource), now, |grant| {
            (!attempt.is_spent(grant.id)).then(|| Judged::new(grant, context, rules, now))
        });
        decided(judged, revision, now)
    }
}

/// A grant in force that covers a check, and whether its conditions are met.
#[derive(Debug)]
pub(super) struct Judged {
    grant: GrantId,
    end: Timestamp,
    is_numbered: bool,
    met: Result<Timestamp, Reason>,
}

impl Judged {
    #[cold]
    pub(super) fn new(grant: &Grant, context: &Context, rules: &Rules, now: Timestamp) -> Self {
        let met = met_until(&grant.conditions, context, rules, now);
        Self { grant: grant.id, end: grant.window.end(), is_numbered: is_numbered(grant), met }
    }
}

/// Which of these grants decides. Grants with numbered uses come last, so that no use is wasted. Among the others, the
/// one that ends last comes first.
#[cold]
pub(super) fn decided(mut judged: Vec<Judged>, revision: Revision, now: Timestamp) -> Decision {
    judged.sort_by_key(|one| (one.is_numbered, Reverse(one.end), one.grant));
    let mut unmet = None;
    for one in judged {
        match one.met {
            // Each numbered use needs its own check.
            Ok(_) if one.is_numbered => return Decision::allow(one.grant, now, revision),
            Ok(until) => return Decision::allow(one.grant, one.end.min(until), revision),
            Err(reason) => unmet = unmet.or(Some(reason)),
        }
    }
    // The next check can have a context that meets them.
    Decision::not_applicable(unmet.unwrap_or(Reason::NoGrant), Some(now), revision)
}

/// The grants that can decide a check.
#[derive(Debug, Clone, Copy)]
pub(super) enum Candidate {
    /// A grant without conditions, or no grant: this is the decision.
    Decided(Decision),
    /// Grants with conditions, as of this revision.
    Conditional(Revision),
}

impl Candidate {
    #[inline]
    pub(super) fn may_allow(&self) -> bool {
        match self {
            Self::Decided(decision) => decision.outcome == Outcome::Allow,
            Self::Conditional(_) => true,
        }
    }
}

impl Projection for ConditionalGrants {
    fn load(&self, live: &Live, revision: Revision) {
        self.replace(revision, live.others.iter());
    }

    fn apply(&self, news: &News<'_>) {
        self.publish(news.revision, news.changes());
    }

    fn withhold(&self, grants: &[GrantId]) {
        self.publish(Revision::ZERO, grants.iter().map(|grant| Change::Remove(*grant)));
    }
}

impl Grants {
    fn add(&mut self, grant: &Grant) {
        self.remove(grant.id);
        self.by_holder.entry(grant.holder.clone()).or_default().push(grant.id);
        self.grants.insert(grant.id, grant.clone());
    }

    fn remove(&mut self, id: GrantId) -> bool {
        let Some(grant) = self.grants.remove(&id) else { return false };
        if let Some(ids) = self.by_holder.get_mut(&grant.holder) {
            ids.retain(|one| *one != id);
            if ids.is_empty() {
                self.by_holder.remove(&grant.holder);
            }
        }
        true
    }

    /// The results of `judge` for the grants in force that permit it.
    fn covering(
        &self,
        (principal, action, resource): (&Principal, &Action, &Resource),
        now: Timestamp,
        judge: impl Fn(&Grant) -> Option<Judged>,
    ) -> Vec<Judged> {
        let theirs = self.by_holder.get(principal).into_iter().flatten().filter_map(|id| self.grants.get(id));
        let giving = theirs.filter(|grant| grant.window.contains(now) && grant.covers(action, resource));
        giving.filter_map(judge).collect()
    }
}

/// Whether this grant has conditions, so that it is here and not in the grant index.
pub(super) fn is_conditional(grant: &Grant) -> bool {
    !grant.conditions.is_none()
}

fn is_ours(grant: &Grant) -> bool {
    is_conditional(grant) && grant.is_effective()
}

fn is_numbered(grant: &Grant) -> bool {
    grant.conditions.max_uses.is_some()
}

fn earlier(one: Option<Timestamp>, two: Option<Timestamp>) -> Option<Timestamp> {
    match (one, two) {
        (Some(one), Some(two)) => Some(one.min(two)),
        (one, two) => one.or(two),
    }
}
