//! The verdict of a solver about a request.

use serde::{Deserialize, Serialize};

use super::parts::unknown;
use crate::model::{Invalid, ProofOutcome, RequestProof};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredProof {
    outcome: String,
    detail: String,
    version: u32,
    policies: String,
}

impl From<&RequestProof> for StoredProof {
    fn from(proof: &RequestProof) -> Self {
        Self {
            outcome: proof.outcome.name().to_owned(),
            detail: proof.detail.to_string(),
            version: proof.version,
            policies: proof.policies.to_string(),
        }
    }
}

impl TryFrom<StoredProof> for RequestProof {
    type Error = Invalid;

    fn try_from(stored: StoredProof) -> Result<Self, Invalid> {
        let outcome = ProofOutcome::ALL.into_iter().find(|one| one.name() == stored.outcome);
        Ok(Self {
            outcome: outcome.ok_or_else(|| unknown("outcome", &stored.outcome))?,
            detail: stored.detail.parse()?,
            version: stored.version,
            policies: stored.policies.into(),
        })
    }
}
