//! Guardrails: the operator's policies above every grant.
//!
//! A `forbid` of a guardrail file turns an allow into a deny. A `permit` there gives nothing: it defines what the host
//! must do when it applies and a grant allows, so it must have an obligation.
//!
//! - `@obligation("step_up")`: the host has the principal sign in again with a second factor.
//! - `@notify`: the host notifies the people who watch.
//! - `@record("arguments")`: the host keeps the arguments of the call.
//! - `@break_glass("holds")`: the forbid also applies to break-glass; without it, a break-glass grant is not stopped.

use std::collections::{BTreeMap, HashMap};
use std::str::FromStr;

use cedar_policy::ffi::DetailedError;
use cedar_policy::{Effect, Policy, PolicyId, PolicySet, ValidationMode};

use super::error::reason;
use super::scoped::{ScopedPolicies, forbids};
use super::seen::Seen;
use super::text::{self, Place, TextError};
use super::{PolicyError, Schema};
use crate::model::{Obligation, Obligations, PolicyFile};

impl PolicyFile {
    /// Its policies, each strictly validated against the schema. One without an `@id` is named by the file and its
    /// line.
    pub(super) fn policies(&self, schema: &Schema, most: usize) -> Result<Vec<(Place, Policy)>, PolicyError> {
        let named = |(place, policy): (Place, Policy)| match policy.annotation("id") {
            Some(_) => (place, policy),
            None => (place, policy.new_id(PolicyId::new(format!("{}:{}", self.name(), place.line)))),
        };
        let policies: Vec<_> =
            text::policies(self.text(), most).map_err(|error| self.wrong(error))?.into_iter().map(named).collect();
        let set = PolicySet::from_policies(policies.iter().map(|(_, policy)| policy.clone()))
            .map_err(|error| self.wrong_at(None, reason(&error)))?;
        let result = schema.validator().validate(&set, ValidationMode::Strict);
        // Cedar gives the place of some errors only; the place of the policy is always known.
        let place_of = |id: &PolicyId| policies.iter().find(|(_, policy)| policy.id() == id).map(|(place, _)| *place);
        let placed = |said: TextError, id: &PolicyId| {
            self.wrong(TextError { place: said.place.or_else(|| place_of(id)), ..said })
        };
        if let Some(error) = result.validation_errors().next() {
            return Err(placed(text::said(self.text(), &DetailedError::from(error), error), error.policy_id()));
        }
        if let Some(warning) = result.validation_warnings().next() {
            return Err(placed(text::said(self.text(), &DetailedError::from(warning), warning), warning.policy_id()));
        }
        Ok(policies)
    }

    pub(super) fn wrong_at(&self, place: Option<Place>, reason: impl Into<String>) -> PolicyError {
        self.wrong(TextError { place, reason: reason.into() })
    }

    fn wrong(&self, error: TextError) -> PolicyError {
        PolicyError::File {
            file: self.name().to_owned(),
            line: error.place.map(|place| place.line),
            column: error.place.map(|place| place.column),
            reason: error.reason,
        }
    }
}

/// All policies of these files, and no two of one name.
pub(super) fn all_of(files: &[PolicyFile], schema: &Schema, most: usize) -> Result<Vec<Policy>, PolicyError> {
    let mut seen = BTreeMap::new();
    let mut all = Vec::new();
    for file in files {
        for (place, policy) in file.policies(schema, most)? {
            if let Some(other) = seen.insert(policy.id().clone(), file.name()) {
                let twice = format!("there is another policy with the `@id` `{}`, in {other}", policy.id());
                return Err(file.wrong_at(Some(place), twice));
            }
            all.push(policy);
        }
    }
    Ok(all)
}

/// The guardrails that are in force together.
///
/// ```
/// use jit_access::model::PolicyFile;
/// use jit_access::policy::{Guardrails, Schema};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let text = r#"@id("no-deletes") forbid (principal, action in [Action::"servers.*"], resource is Server);"#;
/// let guardrails = Guardrails::parse(&[PolicyFile::new("own.cedar", text)], &Schema::contextforge()?)?;
/// assert_eq!(guardrails.names().collect::<Vec<_>>(), ["no-deletes"]);
/// // A slip of the pen is told with file, line and column.
/// let wrong = PolicyFile::new("own.cedar", "forbid (principal, action, resource)\nwhen { resource.colour == 1 };");
/// let error = Guardrails::parse(&[wrong], &Schema::contextforge()?).unwrap_err();
/// assert!(error.to_string().starts_with("own.cedar:2:"), "{error}");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Guardrails {
    scoped: ScopedPolicies,
    notes: HashMap<String, Note>,
}

/// The annotations of a guardrail.
#[derive(Debug, Clone, Copy, Default)]
struct Note {
    obligations: Obligations,
    holds_in_emergency: bool,
}

/// The result of the guardrails for one request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Judged {
    /// The forbids that are satisfied, in order.
    pub(crate) forbidding: Vec<String>,
    /// What could not be evaluated, in order, and why. Cedar would skip it; here it forbids.
    pub(crate) errors: Vec<(String, String)>,
    /// The obligations: of the forbids, or otherwise of the allow.
    pub(crate) obligations: Obligations,
    /// How many could apply and were evaluated.
    pub(crate) evaluated: usize,
}

impl Judged {
    /// Whether no guardrail forbids.
    pub(crate) fn passes(&self) -> bool {
        self.forbidding.is_empty() && self.errors.is_empty()
    }
}

impl Guardrails {
    /// The policies of these files.
    ///
    /// # Errors
    /// With file, line and column when a text is too long or nested too deep, is not Cedar, or does not fit the schema;
    /// when two policies have the same `@id`, an annotation is unknown, or a `permit` has no obligation.
    pub fn parse(files: &[PolicyFile], schema: &Schema) -> Result<Self, PolicyError> {
        let mut notes = HashMap::new();
        for file in files {
            for (place, policy) in file.policies(schema, text::BY_HAND)? {
                let note = Note::of(&policy).map_err(|reason| file.wrong_at(Some(place), reason))?;
                let id: &str = policy.id().as_ref();
                notes.insert(id.to_owned(), note);
            }
        }
        Ok(Self { scoped: ScopedPolicies::of(all_of(files, schema, text::BY_HAND)?), notes })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.scoped.len()
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.scoped.is_empty()
    }

    /// Whether any of them may look at the groups that an action is in.
    pub(crate) const fn looks_at_groups(&self) -> bool {
        self.scoped.looks_at_groups()
    }

    /// Their names: the `@id`, or else the file and the line. In no order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.notes.keys().map(String::as_str)
    }

    /// Those that forbid.
    #[cfg(feature = "proof")]
    pub(crate) fn forbids(&self) -> impl Iterator<Item = &Policy> {
        self.scoped.policies().filter(|policy| forbids(policy))
    }

    /// Evaluates this request; for break-glass, only guardrails marked to hold forbid.
    pub(crate) fn judge(&self, seen: &Seen, is_emergency: bool) -> Result<Judged, PolicyError> {
        let holds =
            |policy: &Policy| !is_emergency || !forbids(policy) || self.note(policy.id().as_ref()).holds_in_emergency;
        let numbers = self.scoped.fitting(&seen.request, &seen.entities, holds)?;
        let answer = self.scoped.evaluate(&numbers, &seen.request, &seen.entities, &[])?;
        let obligations_of =
            |ids: &[String]| ids.iter().fold(Obligations::default(), |all, id| all.and(self.note(id).obligations));
        let obligations = obligations_of(&answer.reasons);
        let forbidding = if answer.allows { Vec::new() } else { answer.reasons };
        Ok(Judged { forbidding, errors: answer.errors, obligations, evaluated: numbers.len() })
    }

    fn note(&self, id: &str) -> Note {
        self.notes.get(id).copied().unwrap_or_default()
    }
}

impl Note {
    fn of(policy: &Policy) -> Result<Self, String> {
        let mut obligations = Vec::new();
        let mut holds_in_emergency = false;
        for (key, value) in policy.annotations() {
            match (key, value) {
                ("obligation", name) => {
                    obligations
                        .push(Obligation::from_str(name).map_err(|error| format!("`@obligation` {}", said(&error)))?);
                }
                ("notify", "") => obligations.push(Obligation::Notify),
                ("record", "arguments") => obligations.push(Obligation::RecordArguments),
                ("break_glass", "holds") if policy.effect() == Effect::Forbid => holds_in_emergency = true,
                ("id" | "advice" | "note", _) => {}
                ("notify", _) => return Err("`@notify` has a value, and takes none".to_owned()),
                ("record", other) => return Err(format!("`@record` is {other:?}; expected \"arguments\"")),
                ("break_glass", _) => {
                    return Err("`@break_glass` stands on a forbid and is \"holds\"".to_owned());
                }
                (other, _) => {
                    let known = "id, note, advice, obligation, notify, record or break_glass";
                    return Err(format!("`@{other}` is no annotation of a guardrail; expected {known}"));
                }
            }
        }
        if policy.effect() == Effect::Permit && obligations.is_empty() {
            return Err(
                "a permit of a guardrail gives nothing, so it needs `@obligation`, `@notify` or `@record`".to_owned()
            );
        }
        Ok(Self { obligations: Obligations::from_iter(obligations), holds_in_emergency })
    }
}

fn said(error: &crate::model::Invalid) -> String {
    format!("{}; expected {}", error.problem(), error.expected())
}
