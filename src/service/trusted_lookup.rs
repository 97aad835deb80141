//! Lookups for a caller that was authorized before, by ids that only this library can have made.

use super::engine::Engine;
use super::receipt::{IdempotencyKey, Receipt};
use super::workflow::Workflow;
use crate::error::Error;
use crate::model::{Grant, GrantId, RequestId, Secret};

impl Engine {
    /// The secret with this name, shared by all users of the store; `fresh` is stored when there is none yet.
    pub(crate) fn secret(&self, name: &str, fresh: &Secret) -> Result<Secret, Error> {
        Ok(self.shared().store.secret(name, fresh)?)
    }
}

impl Workflow {
    /// A request and its grant. The caller was authorized to see it before.
    pub(crate) fn known_request(&self, id: RequestId) -> Result<Option<Receipt>, Error> {
        let view = self.shared.store.request(id)?;
        Ok(view.request.is_some().then(|| Receipt::new(view, self.now(), false)))
    }

    /// A grant, with its known uses.
    pub(crate) fn known_grant(&self, id: GrantId) -> Result<Option<Grant>, Error> {
        Ok(self.shared.store.grant(id)?.grant)
    }

    /// What was done under a key that is kept for another principal, in its current state.
    pub(crate) fn done_for(&self, key: &IdempotencyKey) -> Result<Option<Receipt>, Error> {
        let Some(behalf) = &key.behalf else { return Ok(None) };
        let Some(done) = self.shared.store.done_under(&behalf.owner, &key.text)? else { return Ok(None) };
        if done.fingerprint != behalf.stands_for {
            return Err(Error::KeyReused);
        }
        match done.request {
            None => Ok(None),
            Some(request) => Ok(self.known_request(request)?.map(|receipt| Receipt { replayed: true, ..receipt })),
        }
    }
}
