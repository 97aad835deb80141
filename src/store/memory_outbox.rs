//! The outbox of the store in memory.

use std::collections::BTreeMap;

use super::outbox::{
    DAY_MILLIS, DeliveryPage, Leased, LeasedDelivery, MAX_NOTICES, Message, NOTICE_DAYS, NewDelivery, NumberedDelivery,
    Settled, UNSENT_DAYS,
};
use crate::model::{ChannelCount, Delivery, DeliveryId, DeliveryState, Revision, Timestamp};

/// Every notice and delivery.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    notices: BTreeMap<u64, Kept>,
    deliveries: BTreeMap<u64, KeptDelivery>,
    last_notice: u64,
    last_delivery: u64,
}

#[derive(Debug)]
struct Kept {
    message: Message,
    at: Timestamp,
    due: Timestamp,
    /// When it can be leased next.
    next: Timestamp,
    attempt: u32,
    after: Revision,
    until: Option<Revision>,
    planned: bool,
}

#[derive(Debug)]
struct KeptDelivery {
    delivery: Delivery,
    reference: Option<String>,
}

impl Outbox {
    pub(super) fn queue(&mut self, messages: &[Message], at: Timestamp) {
        for message in messages {
            let (mut due, mut after) = (message.due.unwrap_or(at), Revision::ZERO);
            if let Some(gathers) = &message.gathers {
                let same = |kept: &&Kept| kept.message.gathers.as_ref().is_some_and(|one| one.key == gathers.key);
                if let Some(last) = self.notices.values().rev().find(same) {
                    let Some(until) = last.until else { continue };
                    due = due.max(later(last.due, gathers.apart_millis));
                    after = until;
                }
            }
            self.last_notice += 1;
            let (message, next) = (message.clone(), due);
            let kept = Kept { message, at, due, next, attempt: 0, after, until: None, planned: false };
            self.notices.insert(self.last_notice, kept);
        }
    }

    pub(super) fn lease_notices(
        &mut self,
        (now, until): (Timestamp, Timestamp),
        limit: usize,
        head: Revision,
    ) -> Vec<Leased> {
        let due = self.notices.iter_mut().filter(|(_, kept)| !kept.planned && kept.next <= now);
        due.take(limit)
            .map(|(id, kept)| {
                kept.next = until;
                kept.attempt = kept.attempt.saturating_add(1);
                Leased {
                    id: *id,
                    message: kept.message.clone(),
                    at: kept.at,
                    due: kept.due,
                    attempt: kept.attempt,
                    after: kept.after,
                    until: *kept.until.get_or_insert(head),
                }
            })
            .collect()
    }

    pub(super) fn plan(&mut self, id: u64, body: &str, deliveries: &[NewDelivery], now: Timestamp) -> bool {
        let Some(kept) = self.notices.get_mut(&id).filter(|kept| !kept.planned) else { return false };
        kept.planned = true;
        body.clone_into(&mut kept.message.body);
        for new in deliveries {
            self.last_delivery += 1;
            let delivery = new.delivery(id, &kept.message.kind, now);
            self.deliveries.insert(self.last_delivery, KeptDelivery { delivery, reference: None });
        }
        true
    }

    pub(super) fn lease_deliveries(
        &mut self,
        channel: &str,
        (now, until): (Timestamp, Timestamp),
        limit: usize,
    ) -> Vec<LeasedDelivery> {
        let is_due = |kept: &KeptDelivery| {
            kept.delivery.channel == channel && kept.delivery.next_at.is_some_and(|next| next <= now)
        };
        let mut due: Vec<(Timestamp, u64)> = self
            .deliveries
            .iter()
            .filter(|(_, kept)| is_due(kept))
            .filter_map(|(number, kept)| Some((kept.delivery.next_at?, *number)))
            .collect();
        due.sort_unstable();
        due.truncate(limit);
        let mut leased = Vec::with_capacity(due.len());
        for (_, number) in due {
            let Some(kept) = self.deliveries.get_mut(&number) else { continue };
            kept.delivery.next_at = Some(until);
            kept.delivery.attempts = kept.delivery.attempts.saturating_add(1);
            let delivery = kept.delivery.clone();
            let body = self.body_of(&delivery);
            leased.push(LeasedDelivery { reference: self.reference(&delivery), body, delivery });
        }
        leased
    }

    fn body_of(&self, delivery: &Delivery) -> String {
        self.notices.get(&delivery.notice).map(|kept| kept.message.body.clone()).unwrap_or_default()
    }

    fn reference(&self, of: &Delivery) -> Option<String> {
        let same = |one: &Delivery| {
            let (to, other) = (&one.recipient, &of.recipient);
            one.channel == of.channel
                && one.thread == of.thread
                && to.person == other.person
                && to.address == other.address
        };
        of.thread.as_ref()?;
        self.deliveries.values().filter(|kept| same(&kept.delivery)).find_map(|kept| kept.reference.clone())
    }

    pub(super) fn settle(&mut self, id: DeliveryId, settled: &Settled, now: Timestamp) {
        let Some(kept) = self.found(id).filter(|kept| kept.delivery.state.is_open()) else { return };
        let delivery = &mut kept.delivery;
        match settled {
            Settled::Sent { reference } => {
                kept.reference.clone_from(reference);
                delivery.last_error = None;
                settle(delivery, DeliveryState::Sent, now);
            }
            Settled::RetryAt { at, error } => {
                delivery.last_error = Some(error.clone());
                delivery.next_at = Some(*at);
            }
            Settled::Failed { error } => {
                delivery.last_error = Some(error.clone());
                settle(delivery, DeliveryState::Failed, now);
            }
        }
    }

    fn found(&mut self, id: DeliveryId) -> Option<&mut KeptDelivery> {
        self.deliveries.values_mut().find(|kept| kept.delivery.id == id)
    }

    pub(super) fn delivery(&self, id: DeliveryId) -> Option<(Delivery, String)> {
        let kept = self.deliveries.values().find(|kept| kept.delivery.id == id)?;
        Some((kept.delivery.clone(), self.body_of(&kept.delivery)))
    }

    pub(super) fn page(&self, page: &DeliveryPage) -> Vec<NumberedDelivery> {
        let shown = |(number, kept): &(&u64, &KeptDelivery)| {
            page.before.is_none_or(|before| **number < before)
                && page.state.is_none_or(|state| kept.delivery.state == state)
                && page.channel.as_ref().is_none_or(|channel| kept.delivery.channel == *channel)
        };
        let found = self.deliveries.iter().rev().filter(shown).take(page.limit);
        found.map(|(number, kept)| (*number, kept.delivery.clone())).collect()
    }

    pub(super) fn resend(&mut self, id: DeliveryId, now: Timestamp) -> Option<Delivery> {
        let delivery = &mut self.found(id)?.delivery;
        (delivery.state, delivery.attempts) = (DeliveryState::Waiting, 0);
        (delivery.next_at, delivery.settled_at) = (Some(now), None);
        Some(delivery.clone())
    }

    pub(super) fn drop_one(&mut self, id: DeliveryId, now: Timestamp) -> Option<Delivery> {
        let delivery = &mut self.found(id)?.delivery;
        if matches!(delivery.state, DeliveryState::Waiting | DeliveryState::Failed) {
            settle(delivery, DeliveryState::Dropped, now);
        }
        Some(delivery.clone())
    }

    pub(super) fn counts(&self) -> Vec<ChannelCount> {
        let mut counts: BTreeMap<&str, ChannelCount> = BTreeMap::new();
        for KeptDelivery { delivery, .. } in self.deliveries.values() {
            let channel = delivery.channel.clone();
            let none = ChannelCount { channel, waiting: 0, failed: 0, last_success: None };
            let count = counts.entry(&delivery.channel).or_insert(none);
            match delivery.state {
                DeliveryState::Waiting => count.waiting += 1,
                DeliveryState::Failed => count.failed += 1,
                DeliveryState::Sent => count.last_success = count.last_success.max(delivery.settled_at),
                DeliveryState::Dropped => {}
            }
        }
        counts.into_values().collect()
    }

    pub(super) fn waiting(&self, now: Timestamp) -> u64 {
        self.notices.values().filter(|kept| !kept.planned && kept.due <= now).count() as u64
    }

    /// Removes expired rows; returns how many.
    pub(super) fn forget_old(&mut self, now: Timestamp) -> usize {
        let before = self.notices.len() + self.deliveries.len();
        let newest = self.last_notice;
        let unsent = |id: u64, deliveries: &BTreeMap<u64, KeptDelivery>| {
            let open = |state| matches!(state, DeliveryState::Waiting | DeliveryState::Failed);
            deliveries.values().any(|kept| kept.delivery.notice == id && open(kept.delivery.state))
        };
        let deliveries = &self.deliveries;
        self.notices.retain(|id, kept| {
            let age = now.millis().saturating_sub(kept.due.millis());
            let old = age > NOTICE_DAYS * DAY_MILLIS && !unsent(*id, deliveries);
            let far = newest.saturating_sub(*id) >= MAX_NOTICES;
            !(old || far || age > UNSENT_DAYS * DAY_MILLIS)
        });
        let notices = &self.notices;
        self.deliveries.retain(|_, kept| notices.contains_key(&kept.delivery.notice));
        before - self.notices.len() - self.deliveries.len()
    }
}

fn settle(delivery: &mut Delivery, state: DeliveryState, now: Timestamp) {
    delivery.state = state;
    (delivery.next_at, delivery.settled_at) = (None, Some(now));
}

fn later(at: Timestamp, millis: i64) -> Timestamp {
    Timestamp::from_millis(at.millis().saturating_add(millis)).unwrap_or(Timestamp::MAX)
}
