//! The conditions of a grant as JSON.

use std::num::NonZeroU32;

use serde_json::Value;

use crate::command::Field;
use crate::journal::digest;
use crate::model::Conditions;

document! {
    /// Conditions checked at every use; `null` = no constraint.
    pub(super) struct ConditionsDocument as "Conditions" {
        /// A sign-in with a second factor no longer ago than this.
        mfa_within_minutes: Option<i64>,
        /// From one of these networks.
        networks: Option<Vec<String>>,
        /// Only in this session or task.
        session: Option<String>,
        /// No more uses than this.
        max_uses: Option<u32>,
        /// Only this exact call of a tool: an object with its `name` and its `arguments`.
        call: Option<Value>,
        /// `sha256:` and the SHA-256 of the canonical JSON (RFC 8785) of `call`, in hexadecimal.
        call_digest: Option<String>,
    }
}

impl ConditionsDocument {
    pub(super) fn new(conditions: &Conditions) -> Option<Self> {
        (!conditions.is_none()).then(|| Self {
            mfa_within_minutes: conditions.mfa_within.map(|ttl| ttl.millis() / 60_000),
            networks: conditions.networks.as_ref().map(|networks| networks.texts().collect()),
            session: conditions.session.as_ref().map(ToString::to_string),
            max_uses: conditions.max_uses.map(NonZeroU32::get),
            call: conditions.call.as_ref().map(Field::write),
            call_digest: conditions.call.as_ref().map(|call| format!("sha256:{}", digest(call.as_str()))),
        })
    }
}
