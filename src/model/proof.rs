//! The recorded verdict of a solver about a request.

use std::sync::Arc;

use super::Justification;

/// The verdict about a request after a solver was asked.
///
/// ```
/// use jit_access::model::ProofOutcome;
///
/// assert_eq!(ProofOutcome::ALL.map(ProofOutcome::name), ["proven", "refuted", "enumerated"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProofOutcome {
    /// For all people and things, the request adds nothing outside of its envelope, and every forbid holds.
    Proven,
    /// That is not so.
    Refuted,
    /// The solver found no answer. Then only the enumerated cases are known.
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

/// The verdict of a solver about one version of a request, with the policies of that time.
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
    /// The verdict.
    pub outcome: ProofOutcome,
    /// The solver and its version, the counterexample, or why there is no verdict.
    pub detail: Justification,
    /// The version of the request.
    pub version: u32,
    /// The SHA-256 of the schema, the standing policies and the guardrails that were used, in hexadecimal. With other
    /// policies the verdict does not hold.
    pub policies: Arc<str>,
}
