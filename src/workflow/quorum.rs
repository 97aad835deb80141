//! Whose approvals a request still waits for.
//!
//! One person counts once, and so does one authority: somebody and those who stand in for them are one. Who fills which
//! step is not decided when they review but found anew each time, as a matching; so the order of reviews changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{AccessRequest, Actor, ApprovalStep, Principal, Review, RoleName, Timestamp};

/// What a step still takes.
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
    /// How many people it still takes.
    pub count: u32,
}

/// What the request still waits for at `now`, step by step; nothing when it has every approval it needs. Where somebody
/// could fill one step or another, the earlier one counts as filled.
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

/// Whether as many people as the step takes have approved with one of its own roles, whatever the instant: then nobody
/// else needs to be told that they may fill it.
pub(super) fn is_filled_by_its_own(request: &AccessRequest, step: &ApprovalStep) -> bool {
    let holds = |reviews: &[&Review]| reviews.iter().any(|review| holds_any(review, &step.roles));
    by_authority(request).values().filter(|reviews| holds(reviews)).count() >= step.count as usize
}

fn holds_any(review: &Review, roles: &[RoleName]) -> bool {
    review.capacity.roles.iter().any(|role| roles.contains(role))
}

/// The approvals that count, under whose right each was given.
fn by_authority(request: &AccessRequest) -> BTreeMap<&Principal, Vec<&Review>> {
    let mut found: BTreeMap<&Principal, Vec<&Review>> = BTreeMap::new();
    for review in request.approvals() {
        if let Actor::Principal(reviewer) = &review.by {
            found.entry(review.capacity.authority(reviewer)).or_default().push(review);
        }
    }
    found
}

/// A step, and which of its places.
type Place = (usize, u32);

/// Who fills which place (Kuhn's algorithm): places are offered in order, and a place that is filled stays filled, though
/// perhaps by somebody else.
struct Matching<'a> {
    steps: &'a [ApprovalStep],
    now: Timestamp,
    approvals: BTreeMap<&'a Principal, Vec<&'a Review>>,
    of: BTreeMap<&'a Principal, Place>,
}

impl<'a> Matching<'a> {
    /// Whether the place could be filled; `asked` are those who were asked already to make room for it.
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
