//! What must be read before a command can be decided.
//!
//! A store answers all of it at one revision. Some needs depend on a first result: the requester, the approvals of a
//! request, the chain of a grant. The functions below derive them, so every store follows the same rule.

use std::collections::BTreeSet;

use super::{Call, Rules, View};
use crate::command::Command;
use crate::model::{
    AccessRequest, AlertId, Caller, Capacity, DelegationId, Grant, GrantId, Principal, RequestId, Selector,
};

/// How many of a person's requests a command is decided from.
const REQUESTS: usize = 100;

/// What a command needs to read.
///
/// ```
/// use jit_access::model::RequestId;
/// use jit_access::store::{MemoryStore, Reads};
/// use jit_access::workflow::Needs;
///
/// let needs = Needs { request: Some(RequestId::from_u128(7)), ..Needs::default() };
/// let view = MemoryStore::new().view(&needs, "2026-12-01T09:00:00Z".parse()?)?;
/// assert!(view.request.is_none(), "there is no such request");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    /// This request and the grant it led to.
    pub request: Option<RequestId>,
    /// This grant and the request it answers.
    pub grant: Option<GrantId>,
    /// The grant to extend.
    pub extended: Option<GrantId>,
    /// This delegation.
    pub delegation: Option<DelegationId>,
    /// This alert. The monitor answers it, and not the store.
    pub alert: Option<AlertId>,
    /// What a review of the request needs: the grant it extends, the delegations of its reviewers, and the standing of
    /// the requester and of everyone who approved.
    pub review: bool,
    /// Every extension in the chain of the grant to extend, or else of the grant.
    pub chain: bool,
    /// The newest requests of this person.
    pub requests_of: Option<Principal>,
    /// Live grants.
    pub live: Option<Whose>,
    /// The live grants of the grant's holder.
    pub live_of_holder: bool,
    /// The waiting requests to extend one of these grants.
    pub extending: bool,
    /// Break-glass grants without a review, and those found unjustified.
    pub unreviewed: Option<Whose>,
    /// The counts of a principal.
    pub tally: Option<Count>,
    /// The delegations in force by which this principal reviews for others.
    pub delegations_to: Option<Principal>,
    /// The last reports about these principals.
    pub standing_of: BTreeSet<Principal>,
}

/// Whose grants.
///
/// ```
/// use jit_access::workflow::Whose;
///
/// assert_ne!(Whose::Everybody, Whose::Of(jit_access::model::Principal::user("dev@example.com")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// All principals.
    Everybody,
    /// Those that this principal holds, or an agent for them.
    Of(Principal),
}

/// What is counted for the operator's limits.
///
/// ```
/// use jit_access::workflow::Count;
///
/// assert_eq!(Count { person: None, nth: 3 }.nth, 3);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// The person; `None` for the person behind the request.
    pub person: Option<Principal>,
    /// Read when the `nth` newest request was made; 0 for none.
    pub nth: u64,
}

impl Needs {
    /// What this command is decided from.
    #[must_use]
    pub fn of(call: &Call<'_>, rules: &Rules) -> Self {
        let reported = match call.command {
            Command::ReportStanding(report) => Some(&report.principal),
            _ => None,
        };
        let identities = call.caller.into_iter().flat_map(Caller::identities);
        let nothing_more = Self { standing_of: identities.chain(reported).cloned().collect(), ..Self::default() };
        if let Some(principal) = reported {
            return Self { live: Some(Whose::Of(principal.clone())), extending: true, ..nothing_more };
        }
        if let Command::AcceptClock(_) = call.command {
            return Self { live: Some(Whose::Everybody), extending: true, ..nothing_more };
        }
        let Some(caller) = call.caller else { return nothing_more };
        let count = |person: Option<&Principal>| {
            let nth = rules.limits.requests_per_hour.unwrap_or(0);
            rules.limits.are_set().then(|| Count { person: person.cloned(), nth })
        };
        let person = caller.person();
        // What the caller's person has requested and holds.
        let history = Self {
            requests_of: Some(person.clone()),
            live: Some(Whose::Of(person.clone())),
            tally: count(Some(person)),
            ..nothing_more.clone()
        };
        let to_caller = Some(caller.principal.clone());
        let grant = |id: GrantId| Self { grant: Some(id), chain: true, ..nothing_more.clone() };
        let review = |id: RequestId| Self {
            request: Some(id),
            review: true,
            delegations_to: to_caller.clone(),
            ..nothing_more.clone()
        };
        match call.command {
            Command::Submit(_) => history,
            Command::Answer(answer) => Self { request: Some(answer.request), ..history },
            Command::Extend(extend) => Self { extended: Some(extend.grant), chain: true, ..history },
            Command::BreakGlass(_) => Self { unreviewed: Some(Whose::Of(person.clone())), tally: None, ..history },
            Command::Approve(approve) => Self { chain: true, tally: count(None), ..review(approve.request) },
            Command::Deny(deny) => review(deny.request),
            Command::Ask(ask) => review(ask.request),
            Command::Withdraw(withdraw) => Self { request: Some(withdraw.request), ..nothing_more },
            Command::Delegate(_) => Self { delegations_to: to_caller, tally: count(Some(person)), ..nothing_more },
            Command::Undelegate(undelegate) => Self { delegation: Some(undelegate.delegation), ..nothing_more },
            Command::AcknowledgeAlert(acknowledge) => Self { alert: Some(acknowledge.alert), ..nothing_more },
            Command::SilenceAlert(silence) => Self { alert: Some(silence.alert), ..nothing_more },
            Command::RevokeMany(many) => {
                let all = Self { live: Some(Whose::Everybody), extending: true, ..nothing_more };
                match &many.select {
                    Selector::Request(id) => Self { request: Some(*id), ..all },
                    Selector::Holder(holder) => Self {
                        requests_of: Some(holder.clone()),
                        standing_of: all.standing_of.iter().chain([holder]).cloned().collect(),
                        ..all
                    },
                    _ => all,
                }
            }
            Command::Revoke(revoke) => Self { extending: true, ..grant(revoke.grant) },
            Command::Release(release) => Self { extending: true, ..grant(release.grant) },
            Command::CompleteReview(review) => Self { live_of_holder: true, extending: true, ..grant(review.grant) },
            // A command about a grant needs the grant and its chain; a report and an accepted store need nothing more.
            about => about.grant().map_or_else(|| nothing_more.clone(), grant),
        }
    }

    /// A request and the grant it led to.
    #[must_use]
    pub fn request(id: RequestId) -> Self {
        Self { request: Some(id), ..Self::default() }
    }

    /// A grant and the request it answers.
    #[must_use]
    pub fn grant(id: GrantId) -> Self {
        Self { grant: Some(id), ..Self::default() }
    }

    /// A delegation.
    #[must_use]
    pub fn delegation(id: DelegationId) -> Self {
        Self { delegation: Some(id), ..Self::default() }
    }

    /// How many requests of [`Needs::requests_of`] are wanted.
    #[must_use]
    pub const fn requests_limit(&self) -> usize {
        REQUESTS
    }

    /// The grant to extend, once the request is known: a review of an extension is decided from the grant it extends.
    #[must_use]
    pub fn grant_to_extend(&self, view: &View) -> Option<GrantId> {
        let reviewed = view.request.as_ref().filter(|_| self.review).and_then(|request| request.extends);
        self.extended.or(reviewed.map(|extension| extension.of))
    }

    /// The first grant of the chain whose extensions are needed, once the grants are known.
    #[must_use]
    pub fn first_of_chain(&self, view: &View) -> Option<GrantId> {
        view.extended.as_ref().or(view.grant.as_ref()).filter(|_| self.chain).map(Grant::first)
    }

    /// Whose live grants are needed, once the grant is known.
    #[must_use]
    pub fn whose_live(&self, view: &View) -> Option<Whose> {
        let holder = view.grant.as_ref().filter(|_| self.live_of_holder).map(|grant| Whose::Of(grant.person().clone()));
        self.live.clone().or(holder)
    }

    /// The first grants of the chains whose pending extensions are needed, once the grants are known; empty for none.
    #[must_use]
    pub fn extended_chains(&self, view: &View) -> BTreeSet<GrantId> {
        let grants = view.grant.iter().chain(&view.history.live).filter(|_| self.extending);
        grants.map(Grant::first).collect()
    }

    /// Whose grants and requests are counted, once the request is known.
    #[must_use]
    pub fn counted<'a>(&'a self, view: &'a View) -> Option<(&'a Principal, u64)> {
        let count = self.tally.as_ref()?;
        let person = count.person.as_ref().or_else(|| view.request.as_ref().map(AccessRequest::person))?;
        Some((person, count.nth))
    }

    /// Whose delegations from others are needed, once the request is known.
    #[must_use]
    pub fn delegates(&self, view: &View) -> BTreeSet<Principal> {
        let reviewers = self.reviewers(view).filter(|(_, capacity)| capacity.on_behalf_of.is_some());
        reviewers.map(|(reviewer, _)| reviewer).chain(&self.delegations_to).cloned().collect()
    }

    /// Whose standing is needed, once the request and the delegations are known.
    #[must_use]
    pub fn people(&self, view: &View) -> BTreeSet<Principal> {
        let mut people = self.standing_of.clone();
        if self.review {
            for (reviewer, capacity) in self.reviewers(view) {
                people.extend([reviewer, capacity.person(reviewer), capacity.authority(reviewer)].map(Clone::clone));
            }
            people.extend(view.delegations.iter().map(|delegation| delegation.delegator.clone()));
            people.extend(view.request.iter().flat_map(AccessRequest::identities).cloned());
        }
        people
    }

    /// Who has approved the request, and with which role.
    fn reviewers<'a>(&self, view: &'a View) -> impl Iterator<Item = (&'a Principal, &'a Capacity)> {
        let approvals = view.request.iter().filter(|_| self.review).flat_map(AccessRequest::approvals);
        approvals.filter_map(|review| review.by.principal().map(|reviewer| (reviewer, &review.capacity)))
    }
}
