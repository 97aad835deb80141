//! The deliveries of notices, for operators.

use super::listing::{Listing, one_more};
use super::workflow::{Workflow, place};
use crate::command::{CommandSpec, Definition, DropDelivery, ListDeliveries, ResendDelivery};
use crate::error::Error;
use crate::model::{Caller, Cursor, Delivery, DeliveryId, Revision, Timestamp};
use crate::store::DeliveryPage;
use crate::workflow::{Refusal, RefusalCode, may_manage_deliveries};

impl Workflow {
    /// Deliveries, newest first.
    ///
    /// # Errors
    /// [`RefusalCode::NotAnAuditor`]; when the limit is not 1 to 500; errors of the store.
    pub fn deliveries(&self, caller: &Caller, list: &ListDeliveries) -> Result<Listing<Delivery>, Error> {
        let now = self.shared.time.now();
        self.shared.may_audit(caller, &ListDeliveries::SPEC, now)?;
        let (name, place) = place(list, list.cursor)?;
        let limit = list.limit.0;
        let page = DeliveryPage {
            state: list.state,
            channel: list.channel.clone(),
            before: place.map(|place| place.0),
            limit: one_more(limit)?,
        };
        let mut found = self.shared.store.deliveries(&page)?;
        let has_more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| has_more).map(|(number, _)| Cursor::new(&name, Revision(*number)));
        Ok(Listing { items: found.into_iter().map(|(_, delivery)| delivery).collect(), next, now })
    }

    /// Has a delivery sent again under its id: it waits from now on.
    ///
    /// # Errors
    /// [`RefusalCode::NotAnApprover`], [`RefusalCode::UnknownDelivery`]; errors of the store.
    pub fn resend_delivery(&self, caller: &Caller, id: DeliveryId) -> Result<Delivery, Error> {
        let now = self.shared.time.now();
        self.may_manage(caller, &ResendDelivery::SPEC, now)?;
        self.shared.store.resend_delivery(id, now)?.ok_or_else(|| unknown(id))
    }

    /// Drops a delivery that waits or has failed.
    ///
    /// # Errors
    /// As for [`Workflow::resend_delivery`].
    pub fn drop_delivery(&self, caller: &Caller, id: DeliveryId) -> Result<Delivery, Error> {
        let now = self.shared.time.now();
        self.may_manage(caller, &DropDelivery::SPEC, now)?;
        self.shared.store.drop_delivery(id, now)?.ok_or_else(|| unknown(id))
    }
}

impl Workflow {
    fn may_manage(&self, caller: &Caller, command: &CommandSpec, now: Timestamp) -> Result<(), Error> {
        self.shared.allowed(caller, command, may_manage_deliveries(caller, &self.shared.rules, now))
    }
}

fn unknown(id: DeliveryId) -> Error {
    Refusal::new(RefusalCode::UnknownDelivery, format!("there is no delivery {id}")).into()
}
