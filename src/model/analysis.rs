//! What a proposed grant would change, evaluated with the policies.

use super::{Action, ProofOutcome, RequestProof, Resource, RoleName};

/// What a request would change for its requester, over everything that is known: the standing policies, the guardrails,
/// their live grants, and the entities of the host.
///
/// ```
/// # #[cfg(feature = "cedar")] {
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let world::World { engine, dev, .. } = world::requested()?;
/// use jit_access::command::Submit;
/// use jit_access::model::{Justification, RoleName, Scope};
///
/// let submit = Submit::new(RoleName::new("deployer")?).resource(Scope::one("tool", "deploy")?);
/// let submit = submit.reason(Justification::new("INC-1234")?);
/// let request = engine.workflow().execute(&dev, submit, None)?.request.ok_or("no request")?;
/// let analysis = engine.workflow().analysis_of(&request)?.ok_or("there is Cedar")?;
/// assert_eq!(analysis.sentences()[0], "Newly possible: tools.execute on tool:deploy.");
/// assert!(analysis.broken.is_empty() && !analysis.is_redundant());
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Analysis {
    /// What would newly be possible, in order; at most [`Analysis::LISTED`] rows.
    pub newly: Vec<Case>,
    /// How many those are in all.
    pub newly_total: u64,
    /// How much of what the grant covers is possible already, by standing right or by another grant.
    pub already_total: u64,
    /// How much of what the grant covers stays forbidden, by a guardrail or a standing policy.
    pub forbidden_total: u64,
    /// The rules of the operator that it would break, each with the smallest case.
    pub broken: Vec<BrokenRule>,
    /// Roles that the operator keeps apart from this one, and that the requester holds.
    pub conflicts: Vec<RoleName>,
    /// How many things were looked at.
    pub things: u64,
    /// Whether every known entity was evaluated. When there are very many, only the first ones are.
    pub complete: bool,
    /// The verdict of a solver about this version of the request with the policies in force. `None` without one.
    pub proof: Option<RequestProof>,
}

/// A principal, an action and a resource.
///
/// ```
/// use jit_access::model::{Action, Case};
///
/// let case = Case { action: Action::new("tools.execute")?, resource: "tool:deploy".parse()? };
/// assert_eq!(case.to_string(), "tools.execute on tool:deploy");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What.
    pub action: Action,
    /// On what.
    pub resource: Resource,
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { action, resource } = self;
        match resource.parent() {
            Some(parent) => write!(f, "{action} on {resource} in {parent}"),
            None => write!(f, "{action} on {resource}"),
        }
    }
}

/// A rule of the operator that a grant would break.
///
/// See [`Analysis`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenRule {
    /// Its name: the `@id`, or else the file and the line.
    pub rule: String,
    /// What would be possible and must not be.
    pub case: Case,
    /// The entities that are needed for it, and no more, in Cedar's format.
    pub entities: Vec<String>,
    /// Whether the rule could not be evaluated, which counts as broken.
    pub failed: bool,
}

/// How many names a sentence has at most.
const NAMED: usize = 5;
/// And of a message.
const BRIEFLY_NAMED: usize = 3;

impl Analysis {
    /// The most rows of what would newly be possible.
    pub const LISTED: usize = 50;

    /// Whether the grant would change nothing that is known.
    #[must_use]
    pub fn is_redundant(&self) -> bool {
        self.complete && self.newly_total == 0 && self.already_total > 0
    }

    /// The same for people, a sentence each; the last sentences say how it was found.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        self.listed(NAMED, true)
    }

    /// The same in few words, for messages.
    pub(crate) fn brief(&self) -> Vec<String> {
        self.listed(BRIEFLY_NAMED, false)
    }

    fn listed(&self, most: usize, is_whole: bool) -> Vec<String> {
        let mut all = Vec::new();
        let proof = self.proof.as_ref().map(|proof| match proof.outcome {
            ProofOutcome::Proven => format!("Proven for all people and things, {}.", proof.detail),
            ProofOutcome::Refuted => format!("REFUTED, do not approve: {}.", proof.detail),
            ProofOutcome::Enumerated => format!("Not proven: {}.", proof.detail),
        });
        let is_refuted = self.proof.as_ref().is_some_and(|proof| proof.outcome == ProofOutcome::Refuted);
        all.extend(proof.clone().filter(|_| is_refuted));
        let broken = if is_whole { self.broken.as_slice() } else { self.broken.get(..most).unwrap_or(&self.broken) };
        for BrokenRule { rule, case, entities, failed } in broken {
            let is_known = entities.is_empty() || !is_whole;
            let given = if is_known { String::new() } else { format!(", given {}", entities.join("; ")) };
            all.push(match failed {
                true => format!("The rule {rule} cannot be evaluated for {case}{given}."),
                false => format!("It breaks the rule {rule}: {case} would be possible{given}."),
            });
        }
        if self.newly_total > 0 {
            let mut named: Vec<String> = self.newly.iter().take(most).map(ToString::to_string).collect();
            let more = self.newly_total.saturating_sub(named.len() as u64);
            if more > 0 {
                named.push(format!("{more} more"));
            }
            all.push(format!("Newly possible: {}.", named.join(", ")));
        } else if self.is_redundant() {
            all.push("Nothing new now: rights and grants of the requester let all of it pass already.".to_owned());
        } else {
            all.push("Nothing that is known becomes possible.".to_owned());
        }
        if self.forbidden_total > 0 {
            all.push(format!("Still forbidden of what it covers: {}.", self.forbidden_total));
        }
        if !self.conflicts.is_empty() {
            let names: Vec<&str> = self.conflicts.iter().map(RoleName::as_str).collect();
            all.push(format!("Held together with {}, which is kept apart from it.", names.join(", ")));
        }
        let things = if self.things == 1 { "1 thing".to_owned() } else { format!("{} things", self.things) };
        all.push(match (self.complete, self.things) {
            (true, _) => format!("This is enumerated over {things}."),
            (false, 0) => "The schema declares no action that it covers, so nothing was asked.".to_owned(),
            (false, _) => format!("This is enumerated over the first of {things}."),
        });
        all.extend(proof.filter(|_| !is_refuted));
        all
    }
}
