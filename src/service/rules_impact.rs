//! Which live grants and pending requests a change of the configuration affects.

use super::engine::Engine;
use super::shared::Shared;
use crate::error::Error;
use crate::model::{AccessRequest, Grant, RequestStatus, Timestamp};
use crate::store::{Page, StoreError, Visible};
use crate::workflow::{Needs, Rules, RulesImpact, Whose, impact_on_grant, impact_on_request};

/// How many requests are read at a time.
const CHUNK: usize = 500;

impl Engine {
    /// Returns what these rules would change about the live grants and the pending requests. Nothing is written.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn rules_impact(&self, rules: &Rules) -> Result<Vec<RulesImpact>, Error> {
        Ok(self.shared().rules_impact(rules)?)
    }

    /// The live grants and the pending requests, for `config::Difference`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn in_progress(&self) -> Result<(Vec<Grant>, Vec<AccessRequest>, Timestamp), Error> {
        Ok(self.shared().in_progress()?)
    }
}

impl Shared {
    pub(super) fn rules_impact(&self, rules: &Rules) -> Result<Vec<RulesImpact>, StoreError> {
        let (grants, requests, now) = self.in_progress()?;
        let grants = grants.iter().flat_map(|grant| impact_on_grant(grant, rules, now));
        Ok(grants.chain(requests.iter().flat_map(|request| impact_on_request(request, rules, now))).collect())
    }

    fn in_progress(&self) -> Result<(Vec<Grant>, Vec<AccessRequest>, Timestamp), StoreError> {
        let now = self.time.now();
        let grants = self.store.view(&Needs { live: Some(Whose::Everybody), ..Needs::default() }, now)?.history.live;
        let mut requests = Vec::new();
        for status in RequestStatus::ALL.into_iter().filter(|status| status.is_open()) {
            let mut before = None;
            loop {
                let page = Page { visible: Visible::All, status: Some(status), now, before, limit: CHUNK };
                let found = self.store.requests(&page)?;
                before = found.last().map(|(revision, _)| *revision);
                let is_last = found.len() < CHUNK;
                requests.extend(found.into_iter().map(|(_, listed)| listed.request));
                if is_last {
                    break;
                }
            }
        }
        Ok((grants, requests, now))
    }
}
