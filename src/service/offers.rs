//! The roles that a caller may request.

use super::commit::Round;
use super::execute::Standings;
use super::listing::Listing;
use super::workflow::Workflow;
use crate::command::{Command, Submit};
use crate::error::Error;
use crate::model::{Caller, RoleName};
use crate::store::StoreError;
use crate::workflow::{Call, Needs, Offer, offers};

impl Workflow {
    /// Lists the roles of the catalogue that the caller may request, the one that adds the least access first. Other
    /// roles are not shown, so callers cannot see what others may request.
    ///
    /// # Errors
    /// [`crate::workflow::RefusalCode::NotEligible`] when the caller is disabled; errors of the store and of the directory.
    pub fn roles(&self, caller: &Caller) -> Result<Listing<Offer>, Error> {
        let (shared, now) = (&*self.shared, self.shared.time.now());
        let caller = &*shared.on_our_time(caller);
        // What is read for a request does not depend on the role.
        let any: Command = Submit::new(RoleName::new("any")?).into();
        let call = Call::new(caller, &any, shared.new_ids());
        let needs = Needs::of(&call, &shared.rules);
        let mut standings = Standings::of(shared);
        let read = shared.view(&*shared.store, &needs, &call, (now, Round::Free), &mut standings);
        let view = match (read, shared.last_known(caller.person())) {
            // Break-glass roles are available also while the store is unavailable.
            (Err(Error::Store(StoreError::Unavailable { .. })), Some(mut view)) => {
                shared.ask_directory(&mut view, &needs, &call, Round::Free, &mut standings)?;
                view
            }
            (read, _) => read?.unwrap_or_default(),
        };
        Ok(Listing { items: offers(&view, caller, call.ids, &shared.rules, now)?, next: None, now })
    }
}
