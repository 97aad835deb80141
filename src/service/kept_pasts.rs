//! A cache of what the past says about requests.

use crate::model::{AccessRequest, RequestId, Timestamp};
use crate::sizing::Past;

/// How long it is kept, and of how many requests.
const KEPT_MILLIS: i64 = 30_000;
const KEPT: usize = 64;

/// The recent answers about the past, each for one version of a request.
#[derive(Debug, Default)]
pub(super) struct KeptPasts(Vec<(RequestId, u32, Timestamp, Past)>);

impl KeptPasts {
    /// The cached answer for this version of the request, if it is not too old.
    pub(super) fn get(&mut self, request: &AccessRequest, now: Timestamp) -> Option<Past> {
        self.0.retain(|(_, _, at, _)| now.millis().saturating_sub(at.millis()).abs() < KEPT_MILLIS);
        let found = self.0.iter().find(|(id, version, ..)| *id == request.id && *version == request.version);
        found.map(|(.., past)| past.clone())
    }

    /// Caches the answer; removes the oldest when there are too many.
    pub(super) fn keep(&mut self, request: &AccessRequest, now: Timestamp, past: &Past) {
        if self.0.len() >= KEPT {
            self.0.remove(0);
        }
        self.0.push((request.id, request.version, now, past.clone()));
    }
}
