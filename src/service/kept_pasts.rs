//! What the past says of requests that are looked at again and again.

use crate::model::{AccessRequest, RequestId, Timestamp};
use crate::sizing::Past;

/// How long it is kept, and of how many requests.
const KEPT_MILLIS: i64 = 30_000;
const KEPT: usize = 64;

/// What the past says of a request in one of its versions, as it was told a moment ago.
#[derive(Debug, Default)]
pub(super) struct KeptPasts(Vec<(RequestId, u32, Timestamp, Past)>);

impl KeptPasts {
    /// What is kept of this version of the request and is not too old.
    pub(super) fn get(&mut self, request: &AccessRequest, now: Timestamp) -> Option<Past> {
        self.0.retain(|(_, _, at, _)| now.millis().saturating_sub(at.millis()).abs() < KEPT_MILLIS);
        let found = self.0.iter().find(|(id, version, ..)| *id == request.id && *version == request.version);
        found.map(|(.., past)| past.clone())
    }

    /// Keeps it; the oldest goes where there are too many.
    pub(super) fn keep(&mut self, request: &AccessRequest, now: Timestamp, past: &Past) {
        if self.0.len() >= KEPT {
            self.0.remove(0);
        }
        self.0.push((request.id, request.version, now, past.clone()));
    }
}
