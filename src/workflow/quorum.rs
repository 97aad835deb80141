//! Which approvals a request still needs.
//!
//! One person counts once, and so does one authority: a person and their delegates count as one. Who fills which step
//! is not fixed at the review but computed each time, as a matching; so the order of reviews changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{AccessRequest, Actor, ApprovalStep, Principal, PrincipalKind, Review, RoleName, Timestamp};

/// What a step still needs.
///
/// ```
/// use jit_access::model::RoleName;
/// use jit_access::workflow::Missing;
///
/// let missing = Missing { roles: vec![RoleName::new("tool-owner")?], count: 1 };
/// assert_eq!(missing.count, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The roles that may fill it now.
    pub roles: Vec<RoleName>,
    /// How many more people it needs.
    pub count: u32,
}

/// What the request still needs at `now`, by step; empty when it has every approval. When a person could fill several
/// steps, the earliest one counts as filled.
#[must_use]
pub fn waiting_for(request: &AccessRequest, now: Timestamp) -> Vec<Missing> {
    let mut matching =
        Matching { steps: &request.approval, now, approvals: by_authority(request), of: BTreeMap::new() };
    let mut missing = Vec::new();
    for (index, step) in request.approval.iter().enumerate() {
        let filled = (0..step.count).filter(|place| matching.fill((index, *place), &mut BTreeSet::new())).count();
        let count = step.count.saturating_sub(u32::try_from(filled).unwrap_or(u32::MAX));
        if count > 0 {
            missing.push(Missing { roles: step.open_to(now).cloned().collect(), count });
        }
    }
    missing
}

/// Whether enough people have approved this step with its own roles, at any instant: then no notice to other roles is
/// needed.
pub(super) fn is_filled_by_its_own(request: &AccessRequest, step: &ApprovalStep) -> bool {
    let holds = |reviews: &[&Review]| reviews.iter().any(|review| holds_any(review, &step.roles));
    by_authority(request).values().filter(|reviews| holds(reviews)).count() >= step.count as usize
}

fn holds_any(review: &Review, roles: &[RoleName]) -> bool {
    review.capacity.roles.iter().any(|role| roles.contains(role))
}

/// The approvals that count, by the person under whose right each was given. An agent that acts for nobody fills no place.
fn by_authority(request: &AccessRequest) -> BTreeMap<&Principal, Vec<&Review>> {
    let mut found: BTreeMap<&Principal, Vec<&Review>> = BTreeMap::new();
    for review in request.approvals() {
        if let Actor::Principal(reviewer) = &review.by
            && review.capacity.person(reviewer).kind() == PrincipalKind::User
        {
            found.entry(review.capacity.authority(reviewer)).or_default().push(review);
        }
    }
    found
}

/// A step, and the number of one of its places.
type Place = (usize, u32);

/// Who fills which place (Kuhn's algorithm): places are tried in order, and a filled place stays filled, possibly by
/// another person.
struct Matching<'a> {
    steps: &'a [ApprovalStep],
    now: Timestamp,
    approvals: BTreeMap<&'a Principal, Vec<&'a Review>>,
    of: BTreeMap<&'a Principal, Place>,
}

impl<'a> Matching<'a> {
    /// Whether the place could be filled; `asked` are the people who were already tried for it.
    fn fill(&mut self, place: Place, asked: &mut BTreeSet<&'a Principal>) -> bool {
        let Some(step) = self.steps.get(place.0) else { return false };
        let able =
            |reviews: &[&Review]| reviews.iter().any(|review| step.may_be_filled_by(&review.capacity.roles, self.now));
        let candidates: Vec<_> =
            self.approvals.iter().filter(|(_, reviews)| able(reviews)).map(|(authority, _)| *authority).collect();
        for authority in candidates {
            if !asked.insert(authority) {
                continue;
            }
            let free = match self.of.get(authority).copied() {
                None => true,
                Some(other) => self.fill(other, asked),
            };
            if free {
                self.of.insert(authority, place);
                return true;
            }
        }
        false
    }
}
