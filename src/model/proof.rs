//! What a solver said of a request, as it is on record.

use std::sync::Arc;

use super::Justification;

/// What may be said of a request after a solver was asked.
///
/// ```
/// use jit_access::model::ProofOutcome;
///
/// assert_eq!(ProofOutcome::ALL.map(ProofOutcome::name), ["proven", "refuted", "enumerated"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProofOutcome {
    /// For all people and things, what is asked for adds nothing outside of its envelope, and every forbid holds.
    Proven,
    /// That is not so.
    Refuted,
    /// The solver does not know. Then no more is known than what was enumerated.
    Enumerated,
}

impl ProofOutcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Proven, Self::Refuted, Self::Enumerated];

    /// The name on the wire and in the journal.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Refuted => "refuted",
            Self::Enumerated => "enumerated",
        }
    }
}

/// What a solver said of one version of a request, beside the policies of that time.
///
/// ```
/// use jit_access::model::{Justification, ProofOutcome, RequestProof};
///
/// let detail = Justification::new("96 environments, by cvc5 version 1.0.3")?;
/// let proof = RequestProof { outcome: ProofOutcome::Proven, detail, version: 1, policies: "9f86d0".into() };
/// assert_eq!(proof.outcome.name(), "proven");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestProof {
    /// What may be said.
    pub outcome: ProofOutcome,
    /// By which solver, for which case not, or why nobody knows.
    pub detail: Justification,
    /// Of which version of the request.
    pub version: u32,
    /// The SHA-256 of the schema, the standing policies and the guardrails beside it, in hexadecimal. Beside others it says nothing.
    pub policies: Arc<str>,
}
