//! Asks the solver of a host about the pending requests.

use super::open::Host;
use crate::error::Error;
use crate::model::{ProofOutcome, RequestId, RequestProof};
use crate::proof::{Around, Proof, Prover};

impl Host {
    /// Asks the solver about each pending request without a verdict for its version and the policies in force, and
    /// records the verdicts: approvers see them in every process. Returns the requests.
    ///
    /// It takes as long as the solver does, so call it in a separate thread or process. `jit prove` is such a process.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use jit_access::config::Config;
    /// use jit_access::proof::Prover;
    ///
    /// let host = Config::from_file("jit-access.yaml", [])?.open()?;
    /// let prover = Prover::find(Duration::from_secs(30)).ok_or("cvc5 is not installed")?;
    /// for (request, proof) in host.prove_waiting(&prover)? {
    ///     println!("{request}: {}", proof.outcome.name());
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// When the store cannot be read or written, or the file of guardrails is wrong.
    pub fn prove_waiting(&self, prover: &Prover) -> Result<Vec<(RequestId, RequestProof)>, Error> {
        self.workflow().prove_waiting(|grant, beside| {
            let around = Around { schema: beside.schema, standing: beside.standing, guardrails: beside.guardrails };
            match prover.prove(grant, &around) {
                Ok(proof) => (outcome(&proof), proof.detail()),
                Err(error) => (ProofOutcome::Enumerated, error.to_string()),
            }
        })
    }
}

const fn outcome(proof: &Proof) -> ProofOutcome {
    match proof {
        Proof::Proven { .. } => ProofOutcome::Proven,
        Proof::Refuted { .. } => ProofOutcome::Refuted,
        Proof::Undecided { .. } => ProofOutcome::Enumerated,
    }
}
