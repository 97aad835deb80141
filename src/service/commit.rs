//! The one place of the service where facts are written.
//!
//! It takes what was decided and from what, derives the notices, writes facts, notices and idempotency key in one
//! transaction, and has the projections take the records in. When others changed the state meanwhile, it has the decision
//! made again; after a few rounds it is made while nobody else can write, so it always ends. Commands and uses of many processes
//! would mostly be decided in vain: whoever met others expects to meet them again, and decides so at once.

use super::metrics::Counters;
use super::shared::Shared;
use super::within_trace::traced;
use crate::journal::Record;
use crate::model::{Event, Principal, Timestamp};
use crate::notify::{NoticeSettings, messages, record_messages, use_messages};
use crate::store::{Batch, Done, Message, Reads, StoreError};
use crate::workflow::{Rules, View};

/// How often a decision is made without keeping others from writing.
const FREE_ROUNDS: usize = 3;
/// How often it is made while nobody else can write, each time with more looked up before.
const EXCLUSIVE_ROUNDS: usize = 16;

/// What was decided.
#[derive(Debug, Default)]
pub(super) struct Decision {
    /// The facts, with the view from which each group of them follows.
    pub(super) facts: Vec<(View, Vec<Event>)>,
    /// Whether the facts are true only if nothing changed since the views were read. Uses are true anyhow.
    pub(super) conditional: bool,
    /// The idempotency key it was done under, and of whom.
    pub(super) done: Option<(Principal, String, Done)>,
}

/// When a decision is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Round {
    /// While others may write.
    Free,
    /// While nobody else can write: nothing may be looked up outside the store.
    Exclusive,
}

/// What came of a decision that was made while nobody else could write.
enum Alone<T> {
    /// It is written.
    Done(T),
    /// Something must be looked up first.
    NotYet,
    /// The last record is of this instant, and the decision was made for an earlier one.
    Early(Timestamp),
}

impl Decision {
    /// Facts that follow from this view.
    pub(super) fn from_view(view: View, events: Vec<Event>) -> Self {
        Self { facts: vec![(view, events)], conditional: true, done: None }
    }

    fn is_empty(&self) -> bool {
        self.facts.iter().all(|(_, events)| events.is_empty())
    }

    fn into_batch(self, rules: &Rules, notices: &NoticeSettings) -> Batch {
        let mut outbox: Vec<_> =
            self.facts.iter().flat_map(|(view, events)| messages(view, events, rules, notices)).collect();
        let decided_from = self.facts.iter().map(|(view, _)| view.revision).min().filter(|_| self.conditional);
        let events: Vec<Event> = self.facts.into_iter().flat_map(|(_, events)| events).collect();
        outbox.extend(record_messages(&events, notices));
        Batch { decided_from, events, outbox: traced(outbox), done: self.done }
    }
}

impl Shared {
    /// Has `decide` decide, and writes what it decides. Once this has returned `Ok`, it is on disk and every check of this
    /// process sees it. When nothing is decided, nothing is written, no idempotency key either.
    ///
    /// `decide` may be called several times. In [`Round::Exclusive`] it answers `None` when it must look something up
    /// outside the store first; it is then called in [`Round::Free`] again.
    pub(super) fn commit<T, E: From<StoreError>>(
        &self,
        decide: impl FnMut(&dyn Reads, Round) -> Result<Option<(Decision, T)>, E>,
    ) -> Result<T, E> {
        self.commit_after(FREE_ROUNDS, true, decide)
    }

    /// The same for what many processes do at once: it is written freely only where nobody was in the way lately, and tried once.
    /// `looks` says whether a free look has to come before each exclusive one.
    pub(super) fn commit_in_crowd<T, E: From<StoreError>>(
        &self,
        looks: bool,
        decide: impl FnMut(&dyn Reads, Round) -> Result<Option<(Decision, T)>, E>,
    ) -> Result<T, E> {
        self.commit_after(usize::from(!self.crowd.is_expected()), looks, decide)
    }

    /// So many free rounds first. `looks` says whether each exclusive one comes after another free look, or only after one that
    /// wanted it.
    fn commit_after<T, E: From<StoreError>>(
        &self,
        free: usize,
        mut looks: bool,
        mut decide: impl FnMut(&dyn Reads, Round) -> Result<Option<(Decision, T)>, E>,
    ) -> Result<T, E> {
        for round in 0..free + EXCLUSIVE_ROUNDS {
            if looks || round < free {
                let Some((decision, answer)) = decide(&*self.store, Round::Free)? else { continue };
                if decision.is_empty() {
                    return Ok(answer);
                }
                if round < free {
                    match self.store.commit(&decision.into_batch(&self.rules, &self.settings.notices)) {
                        Ok(records) => return Ok(self.published(&records, answer)),
                        Err(StoreError::Conflict | StoreError::KeyTaken) => self.crowd.was_met(),
                        Err(StoreError::Early { newest }) => self.time.not_before(newest),
                        Err(error) => return Err(error.into()),
                    }
                    continue;
                }
            }
            match self.commit_alone(|reads| decide(reads, Round::Exclusive))? {
                Alone::Done(answer) => return Ok(answer),
                Alone::NotYet => looks = true,
                Alone::Early(newest) => self.time.not_before(newest),
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// Has `decide` decide while nobody else can write, and writes what it decides. For what must get done however much
    /// others write.
    pub(super) fn commit_exclusively<T, E: From<StoreError>>(
        &self,
        mut decide: impl FnMut(&dyn Reads) -> Result<(Decision, T), E>,
    ) -> Result<T, E> {
        for _ in 0..EXCLUSIVE_ROUNDS {
            match self.commit_alone(|reads| decide(reads).map(Some))? {
                Alone::Done(answer) => return Ok(answer),
                Alone::NotYet => {}
                Alone::Early(newest) => self.time.not_before(newest),
            }
        }
        Err(StoreError::Conflict.into())
    }

    fn commit_alone<T, E: From<StoreError>>(
        &self,
        mut decide: impl FnMut(&dyn Reads) -> Result<Option<(Decision, T)>, E>,
    ) -> Result<Alone<T>, E> {
        let mut decided = Ok(Alone::NotYet);
        let records = self.store.commit_exclusively(&mut |reads| match decide(reads) {
            Ok(Some((decision, answer))) => {
                decided = Ok(Alone::Done(answer));
                Ok((!decision.is_empty()).then(|| decision.into_batch(&self.rules, &self.settings.notices)))
            }
            Ok(None) => Ok(None),
            Err(error) => {
                decided = Err(error);
                Ok(None)
            }
        });
        match records {
            Ok(records) => {
                self.publish(&records);
                decided
            }
            Err(StoreError::Early { newest }) => Ok(Alone::Early(newest)),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes uses, which are true whatever else happened. On an error they stay in `uses`.
    pub(super) fn commit_uses(&self, uses: &mut Vec<Event>) -> Result<(), StoreError> {
        let events = std::mem::take(uses);
        let mut outbox = use_messages(&events, &self.rules, &self.settings.notices);
        outbox.extend(record_messages(&events, &self.settings.notices));
        let batch = Batch { events, outbox, ..Batch::default() };
        match self.store.commit(&batch) {
            Ok(records) => {
                Counters::add(&self.counters.uses, records.len());
                self.publish(&records);
                Ok(())
            }
            Err(error) => {
                *uses = batch.events;
                Err(error)
            }
        }
    }

    /// Writes notices that follow from no fact.
    #[cfg_attr(not(feature = "sign"), expect(dead_code, reason = "only checkpoints are told so"))]
    pub(super) fn tell(&self, outbox: Vec<Message>) -> Result<(), StoreError> {
        self.store.commit(&Batch { outbox, ..Batch::default() }).map(drop)
    }

    fn published<T>(&self, records: &[Record], answer: T) -> T {
        self.publish(records);
        answer
    }
}
