//! Proves for all people and things, known or not, that a grant adds nothing outside of its envelope.
//!
//! Cedar's symbolic compiler compiles the policies to logic, and the solver cvc5 decides; cvc5 is a program that must
//! be installed beside this library (`cvc5` on the path, or where the variable `CVC5` says). A proof takes about a
//! second and runs another program, so no check waits for it. Without the solver nothing is ever called proven.
//!
//! For each kind of principal, each action and each kind of thing of the schema:
//!
//! - `within_envelope`: what the policies allow with the grant they allow with its envelope, so nothing outside is added;
//! - `matches_envelope`: the policy of the grant is satisfied only inside of the envelope;
//! - `never_errors`: the policy of the grant can always be evaluated, so it is never skipped;
//! - `forbids_hold`: what a standing policy or a guardrail forbids is not allowed with the grant either;
//! - `takes_nothing`: what is allowed without the grant is allowed with it.
//!
//! The envelope is made from the grant as it was approved, by another way than its policy: see `policy::bound`.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use cedar_policy::{Effect, Policy, PolicySet, RequestEnv};
use cedar_policy_symcc::solver::LocalSolver;
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicy, CompiledPolicySet};

use crate::model::Grant;
use crate::policy::{self, Guardrails, PolicyError, Schema, StandingPolicies};

/// Makes proofs with a solver that is installed.
///
/// ```no_run
/// use std::time::Duration;
/// use jit_access::proof::Prover;
///
/// let prover = Prover::find(Duration::from_secs(30)).ok_or("cvc5 is not installed")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Prover {
    program: PathBuf,
    limit: Duration,
}

/// The result of a proof.
///
/// ```
/// use jit_access::proof::Proof;
///
/// let proof = Proof::Undecided { why: "the solver took longer than 30 s".to_owned() };
/// assert_eq!((proof.name(), proof.is_proven()), ("enumerated", false));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// Every property holds for all entities.
    Proven {
        /// In how many environments: a kind of principal, an action and a kind of thing each.
        environments: usize,
        /// The solver and its version.
        solver: String,
    },
    /// A property does not hold.
    Refuted {
        /// The property.
        property: &'static str,
        /// A request for which it does not hold.
        counterexample: String,
    },
    /// Unknown: the time was up, or the solver failed.
    Undecided {
        /// What happened.
        why: String,
    },
}

impl Proof {
    /// The verdict about the grant: `proven`, `refuted`, or only `enumerated`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Proven { .. } => "proven",
            Self::Refuted { .. } => "refuted",
            Self::Undecided { .. } => "enumerated",
        }
    }

    /// The rest of the verdict: the solver, the counterexample, or why it is unknown.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Proven { environments, solver } => format!("in {environments} environments by {solver}"),
            Self::Refuted { property, counterexample } => format!("`{property}` does not hold for {counterexample}"),
            Self::Undecided { why } => why.clone(),
        }
    }

    /// Whether it is proven.
    #[must_use]
    pub const fn is_proven(&self) -> bool {
        matches!(self, Self::Proven { .. })
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let detail = self.detail();
        match self {
            Self::Proven { .. } => write!(f, "proven {detail}"),
            Self::Refuted { .. } => write!(f, "refuted: {detail}"),
            Self::Undecided { .. } => write!(f, "not proven: {detail}"),
        }
    }
}

/// The policies beside the grant.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The types and actions. It has to declare what the grant names.
    pub schema: &'a Schema,
    /// The standing policies.
    pub standing: &'a StandingPolicies,
    /// The guardrails.
    pub guardrails: &'a Guardrails,
}

impl Prover {
    /// Uses the installed solver, with this time limit for a whole proof. `None` when none is installed.
    #[must_use]
    pub fn find(limit: Duration) -> Option<Self> {
        let named = std::env::var_os("CVC5").map(PathBuf::from);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let program = named
            .or_else(|| std::env::split_paths(&path).map(|folder| folder.join("cvc5")).find(|one| one.is_file()))?;
        Some(Self { program, limit })
    }

    /// With this program.
    #[must_use]
    pub const fn with(program: PathBuf, limit: Duration) -> Self {
        Self { program, limit }
    }

    /// Proves this grant and its policy. It blocks until the result or the time limit.
    ///
    /// # Errors
    /// When the grant has no policy, or Cedar refuses a part of it.
    pub fn prove(&self, grant: &Grant, around: &Around<'_>) -> Result<Proof, PolicyError> {
        let named = grant.permissions.allowed().iter().chain(grant.permissions.excepted());
        let schema = around.schema.with(named, [&grant.scope])?;
        match policy::translate(grant)? {
            Some(policy) => self.prove_policy(grant, &policy, &Around { schema: &schema, ..*around }),
            None => Ok(Proof::Undecided { why: "the grant has ended and has no policy".to_owned() }),
        }
    }

    /// The same for any policy that is claimed to be the grant.
    ///
    /// # Errors
    /// When Cedar refuses a part of it.
    pub fn prove_policy(&self, grant: &Grant, policy: &Policy, around: &Around<'_>) -> Result<Proof, PolicyError> {
        let question = Question::new(grant, policy, around)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => return Ok(Proof::Undecided { why: error.to_string() }),
        };
        let all = async { tokio::time::timeout(self.limit, question.answer(&self.program, around.schema)).await };
        Ok(match runtime.block_on(all) {
            Ok(Ok(proof)) => proof,
            Ok(Err(why)) => Proof::Undecided { why },
            Err(_) => Proof::Undecided { why: format!("the solver took longer than {} s", self.limit.as_secs_f64()) },
        })
    }
}

/// The policies that are compared.
struct Question {
    grant: Policy,
    envelope: Policy,
    base: PolicySet,
    with_grant: PolicySet,
    with_envelope: PolicySet,
    forbidden: Vec<(String, PolicySet)>,
}

impl Question {
    fn new(grant: &Grant, policy: &Policy, around: &Around<'_>) -> Result<Self, PolicyError> {
        let envelope = policy::bound(grant, around.schema)?;
        let all: Vec<Policy> = around.standing.policies().chain(around.guardrails.forbids()).cloned().collect();
        let set = |more: Option<&Policy>| {
            let all = all.iter().chain(more).cloned();
            PolicySet::from_policies(all).map_err(|error| PolicyError::Unanswerable { reason: error.to_string() })
        };
        let forbids = all.iter().filter(|policy| policy.effect() == Effect::Forbid);
        let forbidden = forbids.map(|forbid| {
            let turned = PolicySet::from_policies([policy::turned(forbid)?]);
            let turned = turned.map_err(|error| PolicyError::Unanswerable { reason: error.to_string() })?;
            Ok((forbid.id().to_string(), turned))
        });
        Ok(Self {
            base: set(None)?,
            with_grant: set(Some(policy))?,
            with_envelope: set(Some(&envelope))?,
            forbidden: forbidden.collect::<Result<_, PolicyError>>()?,
            grant: policy.clone(),
            envelope,
        })
    }

    async fn answer(&self, program: &PathBuf, schema: &Schema) -> Result<Proof, String> {
        let mut command = tokio::process::Command::new(program);
        // A solver that runs past the time limit is ended.
        command.args(["--lang", "smt"]).kill_on_drop(true);
        let solver = LocalSolver::from_command(&mut command).map_err(|error| failed(&error))?;
        let mut compiler = CedarSymCompiler::new(solver).map_err(|error| failed(&error))?;
        let schema = schema.cedar();
        let mut environments = 0;
        for environment in schema.request_envs() {
            if let Some(refuted) =
                self.asked(&mut compiler, schema, &environment).await.map_err(|error| failed(&error))?
            {
                return Ok(refuted);
            }
            environments += 1;
        }
        Ok(Proof::Proven { environments, solver: version(program).await })
    }

    async fn asked(
        &self,
        compiler: &mut CedarSymCompiler<LocalSolver>,
        schema: &cedar_policy::Schema,
        environment: &RequestEnv,
    ) -> Result<Option<Proof>, cedar_policy_symcc::err::Error> {
        #[expect(clippy::result_large_err, reason = "it is the error of another crate, and seldom")]
        let set = |policies: &PolicySet| CompiledPolicySet::compile(policies, environment, schema);
        let (base, with_grant, with_envelope) = (set(&self.base)?, set(&self.with_grant)?, set(&self.with_envelope)?);
        let grant = CompiledPolicy::compile(&self.grant, environment, schema)?;
        let envelope = CompiledPolicy::compile(&self.envelope, environment, schema)?;
        let refuted = |property, found: cedar_policy_symcc::Env| {
            Some(Proof::Refuted { property, counterexample: found.request.to_string() })
        };
        if let Some(found) = compiler.check_implies_with_counterexample_opt(&with_grant, &with_envelope).await? {
            return Ok(refuted("within_envelope", found));
        }
        if let Some(found) = compiler.check_matches_implies_with_counterexample_opt(&grant, &envelope).await? {
            return Ok(refuted("matches_envelope", found));
        }
        if let Some(found) = compiler.check_never_errors_with_counterexample_opt(&grant).await? {
            return Ok(refuted("never_errors", found));
        }
        for (_, forbidden) in &self.forbidden {
            let forbidden = set(forbidden)?;
            if let Some(found) = compiler.check_disjoint_with_counterexample_opt(&with_grant, &forbidden).await? {
                return Ok(refuted("forbids_hold", found));
            }
        }
        if let Some(found) = compiler.check_implies_with_counterexample_opt(&base, &with_grant).await? {
            return Ok(refuted("takes_nothing", found));
        }
        Ok(None)
    }
}

async fn version(program: &PathBuf) -> String {
    let said = tokio::process::Command::new(program).arg("--version").output().await;
    let text = said.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let first = text.lines().next().unwrap_or_default();
    let name = first.strip_prefix("This is ").unwrap_or(first);
    if name.is_empty() { program.display().to_string() } else { name.to_owned() }
}

fn failed(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}
