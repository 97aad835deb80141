//! How a view is built from single reads. Every store uses this.

use std::collections::BTreeSet;

use crate::model::Timestamp;
use crate::model::{AccessRequest, Delegation, DelegationId, Grant, GrantId, Principal, RequestId, Revision, Standing};
use crate::workflow::{Needs, Tally, View, Whose};

/// The single reads, all of one revision.
pub(super) trait Lookup {
    type Error;

    fn revision(&self) -> Result<Revision, Self::Error>;
    fn request(&self, id: RequestId) -> Result<Option<AccessRequest>, Self::Error>;
    fn grant(&self, id: GrantId) -> Result<Option<Grant>, Self::Error>;
    fn grant_of(&self, request: RequestId) -> Result<Option<Grant>, Self::Error>;
    fn delegation(&self, id: DelegationId) -> Result<Option<Delegation>, Self::Error>;
    /// Every extension in the chain that begins with this grant, in order.
    fn extensions(&self, first: GrantId) -> Result<Vec<Grant>, Self::Error>;
    /// The requests of this person, newest first.
    fn requests_of(&self, person: &Principal, limit: usize) -> Result<Vec<AccessRequest>, Self::Error>;
    fn live(&self, whose: &Whose, now: Timestamp) -> Result<Vec<Grant>, Self::Error>;
    /// The requests to extend a grant of one of these chains that wait for an answer.
    fn extending(&self, chains: &BTreeSet<GrantId>) -> Result<Vec<AccessRequest>, Self::Error>;
    /// Break-glass grants without a review, or with a review in force that found their use unjustified, newest first.
    fn unsettled(&self) -> Result<Vec<Grant>, Self::Error>;
    fn tally(&self, person: &Principal, nth: u64, now: Timestamp) -> Result<Tally, Self::Error>;
    /// The delegations in force to this principal, newest first.
    fn delegations_to(&self, delegate: &Principal, now: Timestamp) -> Result<Vec<Delegation>, Self::Error>;
    fn standing(&self, who: &Principal) -> Result<Option<Standing>, Self::Error>;
}

/// The view that `needs` describes.
pub(super) fn answer<L: Lookup>(lookup: &L, needs: &Needs, now: Timestamp) -> Result<View, L::Error> {
    let mut view = View { revision: lookup.revision()?, ..View::default() };
    if let Some(id) = needs.request {
        view.request = lookup.request(id)?;
        view.grant = lookup.grant_of(id)?;
    }
    if let Some(id) = needs.grant {
        view.grant = lookup.grant(id)?;
        let request = view.grant.as_ref().map(|grant| grant.request);
        view.request = request.map(|id| lookup.request(id)).transpose()?.flatten();
    }
    if let Some(id) = needs.grant_to_extend(&view) {
        view.extended = lookup.grant(id)?;
    }
    if let Some(id) = needs.delegation {
        view.delegation = lookup.delegation(id)?;
    }
    if let Some(first) = needs.first_of_chain(&view) {
        view.extensions = lookup.extensions(first)?;
    }
    if let Some(person) = &needs.requests_of {
        view.history.requests = lookup.requests_of(person, needs.requests_limit())?;
    }
    if let Some(whose) = needs.whose_live(&view) {
        view.history.live = lookup.live(&whose, now)?;
    }
    let chains = needs.extended_chains(&view);
    if !chains.is_empty() {
        view.history.extending = lookup.extending(&chains)?;
    }
    match &needs.unreviewed {
        None => {}
        Some(whose) => {
            let mut grants = lookup.unsettled()?;
            if let Whose::Of(person) = whose {
                grants.retain(|grant| grant.is_of(person));
            }
            (view.history.unreviewed, view.history.unjustified) = grants.into_iter().partition(Grant::is_unreviewed);
        }
    }
    if let Some((person, nth)) = needs.counted(&view) {
        view.tally = lookup.tally(person, nth, now)?;
    }
    for delegate in needs.delegates(&view) {
        view.delegations.extend(lookup.delegations_to(&delegate, now)?);
    }
    for who in needs.people(&view) {
        view.standing.extend(lookup.standing(&who)?.map(|standing| (who, standing)));
    }
    Ok(view)
}
