//! One attempt to answer a check: the query, the instant, and the grants that can no longer decide.

use crate::clock::SteadyTime;
use crate::index::PrincipalHash;
use crate::model::{GrantId, Principal, RawQuery, Timestamp};

/// What the steps of a check share. All steps use one instant; the clock is read when the first step needs it.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    pub(super) query: &'a RawQuery<'a>,
    /// The hash of the principal under the secret of the grant index.
    pub(super) hash: PrincipalHash,
    time: &'a SteadyTime,
    instant: Option<Timestamp>,
    /// Grants that ended, or had no uses left, during this attempt.
    spent: Vec<GrantId>,
    /// Whether guardrails are evaluated.
    guarded: bool,
}

impl<'a> Attempt<'a> {
    /// An attempt at this instant. `None`: the clock is read when it is first needed.
    #[inline]
    pub(super) const fn new(
        query: &'a RawQuery<'a>,
        hash: PrincipalHash,
        time: &'a SteadyTime,
        instant: Option<Timestamp>,
    ) -> Self {
        Self { query, hash, time, instant, spent: Vec::new(), guarded: true }
    }

    /// The instant of the decision.
    #[inline]
    pub(super) fn now(&mut self) -> Timestamp {
        *self.instant.get_or_insert_with(|| self.time.now())
    }

    /// The instant, if any step needed it.
    pub(super) const fn instant(&self) -> Option<Timestamp> {
        self.instant
    }

    /// The next step that needs an instant reads the clock again.
    pub(super) const fn restart(&mut self) {
        self.instant = None;
    }

    /// Guardrails are evaluated by the caller.
    #[cfg_attr(not(feature = "cedar"), allow(dead_code, reason = "used only with Cedar"))]
    pub(super) const fn unguarded(&mut self) {
        self.guarded = false;
    }

    #[inline]
    pub(super) const fn is_guarded(&self) -> bool {
        self.guarded
    }

    /// The person that the principal acts for, if the check names one.
    #[inline]
    pub(super) fn person(&self) -> Option<&'a Principal> {
        self.query.context()?.acts_for.as_ref()
    }

    /// This grant can no longer decide.
    pub(super) fn spend(&mut self, grant: GrantId) {
        self.spent.push(grant);
    }

    #[inline]
    pub(super) fn is_spent(&self, grant: GrantId) -> bool {
        self.spent.contains(&grant)
    }
}
