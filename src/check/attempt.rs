//! One attempt to answer: the query, the instant, and which grants cannot decide any more.

use crate::clock::SteadyTime;
use crate::index::PrincipalHash;
use crate::model::{GrantId, Principal, RawQuery, Timestamp};

/// What the steps of a check share. All of them see one instant; the clock is read when the first of them needs it.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    pub(super) query: &'a RawQuery<'a>,
    /// The hash of the principal under the secret of the grant index.
    pub(super) hash: PrincipalHash,
    time: &'a SteadyTime,
    instant: Option<Timestamp>,
    /// Grants that ended or were used up while this attempt ran.
    spent: Vec<GrantId>,
    /// Whether guardrails are asked.
    guarded: bool,
}

impl<'a> Attempt<'a> {
    /// An attempt at this instant, or at the one when the clock is first needed.
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

    /// Takes a new instant when it is needed next: what was read before is out of date.
    pub(super) const fn restart(&mut self) {
        self.instant = None;
    }

    /// Guardrails are asked elsewhere.
    #[cfg_attr(not(feature = "cedar"), allow(dead_code, reason = "whoever asks them elsewhere needs Cedar"))]
    pub(super) const fn unguarded(&mut self) {
        self.guarded = false;
    }

    #[inline]
    pub(super) const fn is_guarded(&self) -> bool {
        self.guarded
    }

    /// The person that the principal acts for, where the check says so.
    #[inline]
    pub(super) fn person(&self) -> Option<&'a Principal> {
        self.query.context()?.acts_for.as_ref()
    }

    /// This grant decides no more.
    pub(super) fn spend(&mut self, grant: GrantId) {
        self.spent.push(grant);
    }

    #[inline]
    pub(super) fn is_spent(&self, grant: GrantId) -> bool {
        self.spent.contains(&grant)
    }
}
