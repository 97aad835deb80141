//! The one place of the service where facts are written.
//!
//! It takes a decision and the state that it was made from, derives the notices, writes facts, notices and idempotency
//! key in one transaction, and feeds the records to the projections. When another process changed the state meanwhile,
//! the decision is made again; after a few rounds it is made inside the store's write transaction, so it always ends.
//! After a conflict more conflicts are expected, and the next decisions are made inside the write transaction at once.

use super::metrics::Counters;
use super::shared::Shared;
use super::trace_context::traced;
use crate::journal::Record;
use crate::model::{Event, Principal, Timestamp};
use crate::notify::{NoticeSettings, messages, record_messages, use_messages};
use crate::store::{Batch, Done, Message, Reads, StoreError};
use crate::workflow::{Rules, View};

/// How often a decision is made without keeping others from writing.
const FREE_ROUNDS: usize = 3;
/// How many rounds inside the write transaction are tried, each with more looked up before it.
const EXCLUSIVE_ROUNDS: usize = 16;

/// A decision.
#[derive(Debug, Default)]
pub(super) struct Decision {
    /// The facts, in groups, each with the state that it follows from.
    pub(super) facts: Vec<(View, Vec<Event>)>,
    /// Whether the facts are true only if nothing changed since the views were read. Uses are true anyhow.
    pub(super) conditional: bool,
    /// The idempotency key of the command, and its owner.
    pub(super) done: Option<(Principal, String, Done)>,
    /// Whether that key is kept although nothing was decided.
    pub(super) keeps_key: bool,
}

/// When a decision is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Round {
    /// While others may write.
    Free,
    /// Inside the store's write transaction: nothing may be looked up outside the store.
    Exclusive,
}

/// The result of a decision that was made inside the write transaction.
enum Alone<T> {
    /// It is written.
    Done(T),
    /// Something must be looked up first.
    NotYet,
    /// The last record has this instant, and the decision was made for an earlier one.
    Early(Timestamp),
}

impl Decision {
    /// Facts that follow from this view.
    pub(super) fn from_view(view: View, events: Vec<Event>) -> Self {
        Self { facts: vec![(view, events)], conditional: true, ..Self::default() }
    }

    fn is_empty(&self) -> bool {
        !(self.keeps_key && self.done.is_some()) && self.facts.iter().all(|(_, events)| events.is_empty())
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
    /// Calls `decide` and writes its decision. Once this has returned `Ok`, the decision is on disk and every check of
    /// this process sees it. When there are no facts, nothing is written; an idempotency key is
    /// kept then only if the decision says so.
    ///
    /// `decide` may be called several times. In [`Round::Exclusive`] it returns `None` when it must first look
    /// something up outside the store; it is then called in [`Round::Free`] again.
    pub(super) fn commit<T, E: From<StoreError>>(
        &self,
        decide: impl FnMut(&dyn Reads, Round) -> Result<Option<(Decision, T)>, E>,
    ) -> Result<T, E> {
        self.commit_after(FREE_ROUNDS, true, decide)
    }

    /// The same for what many processes do at once: a free round is made only when there was no recent conflict, and
    /// only once. `looks` says whether a free look must precede each exclusive one.
    pub(super) fn commit_contended<T, E: From<StoreError>>(
        &self,
        looks: bool,
        decide: impl FnMut(&dyn Reads, Round) -> Result<Option<(Decision, T)>, E>,
    ) -> Result<T, E> {
        self.commit_after(usize::from(!self.contention.is_expected()), looks, decide)
    }

    /// Makes this number of free rounds first. `looks` says whether a free look precedes each exclusive round, or only
    /// when one asked for it.
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
                        Err(StoreError::Conflict | StoreError::KeyTaken) => self.contention.note_conflict(),
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

    /// Calls `decide` inside the store's write transaction and writes its decision. For writes that must succeed while
    /// other processes write much.
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

    /// Writes uses. They are true independently of the state. After an error they stay in `uses`.
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
    #[cfg_attr(not(feature = "sign"), expect(dead_code, reason = "only checkpoints use it"))]
    pub(super) fn commit_messages(&self, outbox: Vec<Message>) -> Result<(), StoreError> {
        self.store.commit(&Batch { outbox, ..Batch::default() }).map(drop)
    }

    fn published<T>(&self, records: &[Record], answer: T) -> T {
        self.publish(records);
        answer
    }
}
