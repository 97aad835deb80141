//! What a request would change, evaluated with the policies, as JSON.

use super::texts;
use crate::model::{Analysis, BrokenRule, Case, RequestProof};

document! {
    /// What a request would change for its requester: evaluated with the standing policies, the guardrails and the live
    /// grants, over the entities of the host.
    pub(super) struct AnalysisDocument as "Analysis" {
        /// How the difference was found: `enumerated` covers only the evaluated cases.
        method: &'static str = ["enumerated"],
        /// The verdict of a solver about this version with the policies in force; `null` without one.
        proof: Option<ProofDocument>,
        /// The same for people, a sentence each.
        sentences: Vec<String>,
        /// What would newly be possible; at most 50 rows.
        newly: Vec<CaseDocument>,
        /// How many those are in all.
        newly_total: u64,
        /// How much of what the grant covers is possible already.
        already_total: u64,
        /// How much of what the grant covers stays forbidden.
        forbidden_total: u64,
        /// Whether the grant would change nothing that is known.
        redundant: bool,
        /// The rules of the operator (`invariants`) that it would break, each with the smallest case.
        broken_rules: Vec<BrokenRuleDocument>,
        /// Roles that are kept apart from this one, and that the requester holds.
        conflicts: Vec<String>,
        /// How many things were looked at.
        things: u64,
        /// Whether every known entity was evaluated. When there are very many, only the first ones are.
        complete: bool,
    }
}

document! {
    /// The verdict of a solver: whether, for all people and things, the grant would add nothing outside of its
    /// envelope, and every forbid holds.
    pub(super) struct ProofDocument as "RequestProof" {
        /// The verdict: `enumerated` when the solver found no answer, so that only the evaluated cases are known.
        outcome: &'static str = ["proven", "refuted", "enumerated"],
        /// The solver, the counterexample, or why there is no verdict.
        detail: String,
    }
}

impl From<&RequestProof> for ProofDocument {
    fn from(proof: &RequestProof) -> Self {
        Self { outcome: proof.outcome.name(), detail: proof.detail.to_string() }
    }
}

document! {
    /// Something that the requester could newly do.
    pub(super) struct CaseDocument as "Case" {
        /// The permission.
        permission: String,
        /// The resource; `*` for everything at once.
        resource: String,
        /// What the resource is in.
        parent: Option<String>,
    }
}

document! {
    /// A rule that a grant would break.
    pub(super) struct BrokenRuleDocument as "BrokenRule" {
        /// The `@id` of the rule, or else its file and line.
        rule: String,
        /// The permission.
        permission: String,
        /// The resource.
        resource: String,
        /// What the resource is in.
        parent: Option<String>,
        /// The entities that are needed for it, and no more, in Cedar's format.
        entities: Vec<String>,
        /// Whether the rule could not be evaluated, which counts as broken.
        failed: bool,
    }
}

impl From<&Case> for CaseDocument {
    fn from(case: &Case) -> Self {
        Self {
            permission: case.action.to_string(),
            resource: case.resource.to_string(),
            parent: case.resource.parent().map(ToString::to_string),
        }
    }
}

impl From<&BrokenRule> for BrokenRuleDocument {
    fn from(broken: &BrokenRule) -> Self {
        let CaseDocument { permission, resource, parent } = CaseDocument::from(&broken.case);
        let (rule, entities) = (broken.rule.clone(), broken.entities.clone());
        Self { rule, permission, resource, parent, entities, failed: broken.failed }
    }
}

impl From<&Analysis> for AnalysisDocument {
    fn from(analysis: &Analysis) -> Self {
        Self {
            method: "enumerated",
            proof: analysis.proof.as_ref().map(ProofDocument::from),
            sentences: analysis.sentences(),
            newly: analysis.newly.iter().map(CaseDocument::from).collect(),
            newly_total: analysis.newly_total,
            already_total: analysis.already_total,
            forbidden_total: analysis.forbidden_total,
            redundant: analysis.is_redundant(),
            broken_rules: analysis.broken.iter().map(BrokenRuleDocument::from).collect(),
            conflicts: texts(&analysis.conflicts),
            things: analysis.things,
            complete: analysis.complete,
        }
    }
}
