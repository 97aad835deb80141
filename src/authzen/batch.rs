//! Many questions at once.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::evaluate::{Mode, Prepared, check_of, is_heard};
use super::host::Host;
use super::json::{member, object_of, text_of};
use super::pep::Pep;
use super::point::DecisionPoint;
use super::question::{Question, Wanted};
use super::reply::{HostError, HttpResponse};
use crate::model::{Caller, Principal};

/// How many questions there are at most.
const MOST: usize = 100;

/// When a batch ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Semantic {
    All,
    FirstDeny,
    FirstPermit,
}

impl DecisionPoint {
    /// `POST evaluations`.
    pub(super) fn evaluations(
        &self,
        pep: &Pep,
        host: &dyn Host,
        body: &Map<String, Value>,
    ) -> Result<HttpResponse, HttpResponse> {
        let items = match member(body, "evaluations") {
            None => &[],
            Some(Value::Array(items)) => items.as_slice(),
            Some(_) => return Err(HttpResponse::invalid("/evaluations", "is no list")),
        };
        let semantic = semantic(body)?;
        if items.is_empty() {
            return self.evaluation(pep, host, body);
        }
        if items.len() > MOST {
            return Err(HttpResponse::invalid("/evaluations", &format!("has {} items, {MOST} at most", items.len())));
        }
        for name in ["subject", "action", "resource", "context"] {
            object_of(body, name, "")?;
        }
        let questions: Vec<Result<Question, HttpResponse>> = items.iter().map(|item| question(body, item)).collect();
        let answers = match semantic {
            Semantic::All if !self.has_policies() => self.all(pep, host, &questions)?,
            _ => self.until(pep, host, &questions, semantic)?,
        };
        Ok(HttpResponse::json(200, &json!({ "evaluations": answers })))
    }

    /// All of them, at one instant and one revision.
    fn all(
        &self,
        pep: &Pep,
        host: &dyn Host,
        questions: &[Result<Question, HttpResponse>],
    ) -> Result<Vec<Value>, HttpResponse> {
        let host = &Once::new(host);
        let heard: Vec<Result<&Question, HttpResponse>> = questions
            .iter()
            .map(|question| {
                let question = question.as_ref().map_err(Clone::clone)?;
                is_heard(pep, question).map(|()| question)
            })
            .collect();
        let asked: Vec<&Question> = heard.iter().flatten().copied().collect();
        let mut own = host.bases(&asked)?.into_iter();
        let mut prepared: Vec<Result<Prepared<'_>, HttpResponse>> = Vec::with_capacity(questions.len());
        for question in heard {
            prepared.push(match question {
                Ok(question) => item(self.prepare_with(own.next().flatten(), host, question))?,
                Err(refused) => Err(refused),
            });
        }
        let checks = prepared.iter().flatten().filter_map(|one| check_of(one, Mode::Use));
        let decisions = self.decider.check_many(checks).map_err(|error| self.failed(&error.into()))?;
        let mut decisions = decisions.into_iter();
        let mut answers = Vec::with_capacity(prepared.len());
        for one in &prepared {
            answers.push(match one {
                Ok(one) => {
                    let decision = one.mapped.as_ref().and_then(|_| decisions.next());
                    self.response(pep, one, decision)?
                }
                Err(refused) => refused.as_item(),
            });
        }
        Ok(answers)
    }

    /// Those up to the one that decides.
    fn until(
        &self,
        pep: &Pep,
        host: &dyn Host,
        questions: &[Result<Question, HttpResponse>],
        semantic: Semantic,
    ) -> Result<Vec<Value>, HttpResponse> {
        let mut answers = Vec::new();
        for question in questions {
            let answer = match question {
                Ok(question) => match item(self.evaluated(pep, host, question))? {
                    Ok(answer) => answer,
                    Err(refused) => refused.as_item(),
                },
                Err(refused) => refused.as_item(),
            };
            let is_permitted = answer.get("decision") == Some(&Value::Bool(true));
            answers.push(answer);
            let is_over = match semantic {
                Semantic::All => false,
                Semantic::FirstDeny => !is_permitted,
                Semantic::FirstPermit => is_permitted,
            };
            if is_over {
                break;
            }
        }
        Ok(answers)
    }
}

/// A cache for the host's answers in a batch: each principal is looked up once.
struct Once<'a> {
    host: &'a dyn Host,
    known: RefCell<BTreeMap<Who, Option<Caller>>>,
}

/// A principal, and the person that it acts for.
type Who = (Principal, Option<Principal>);

impl<'a> Once<'a> {
    const fn new(host: &'a dyn Host) -> Self {
        Self { host, known: RefCell::new(BTreeMap::new()) }
    }
}

impl Host for Once<'_> {
    fn caller(&self, principal: &Principal, person: Option<&Principal>) -> Result<Option<Caller>, HostError> {
        let who = (principal.clone(), person.cloned());
        if let Some(known) = self.known.borrow().get(&who) {
            return Ok(known.clone());
        }
        let caller = self.host.caller(principal, person)?;
        self.known.borrow_mut().insert(who, caller.clone());
        Ok(caller)
    }

    fn callers(&self, asked: &[(&Principal, Option<&Principal>)]) -> Result<Vec<Option<Caller>>, HostError> {
        let who = |(principal, person): &(&Principal, Option<&Principal>)| ((*principal).clone(), person.cloned());
        let mut known = self.known.borrow_mut();
        let new: Vec<_> = asked.iter().filter(|one| !known.contains_key(&who(one))).copied().collect();
        if !new.is_empty() {
            known.extend(new.iter().map(who).zip(self.host.callers(&new)?));
        }
        Ok(asked.iter().map(|one| known.get(&who(one)).cloned().flatten()).collect())
    }

    fn base(&self, question: &Question) -> Result<Option<bool>, HostError> {
        self.host.base(question)
    }

    fn bases(&self, questions: &[&Question]) -> Result<Vec<Option<bool>>, HostError> {
        self.host.bases(questions)
    }
}

/// An error about one item is its result; a host or store that cannot be reached fails the whole batch.
fn item<T>(result: Result<T, HttpResponse>) -> Result<Result<T, HttpResponse>, HttpResponse> {
    match result {
        Err(refused) if refused.status >= 500 => Err(refused),
        other => Ok(other),
    }
}

fn semantic(body: &Map<String, Value>) -> Result<Semantic, HttpResponse> {
    let Some(options) = object_of(body, "options", "")? else { return Ok(Semantic::All) };
    match text_of(options, "evaluations_semantic", "/options")? {
        None | Some("execute_all") => Ok(Semantic::All),
        Some("deny_on_first_deny") => Ok(Semantic::FirstDeny),
        Some("permit_on_first_permit") => Ok(Semantic::FirstPermit),
        Some(_) => Err(HttpResponse::invalid(
            "/options/evaluations_semantic",
            "is none of `execute_all`, `deny_on_first_deny`, `permit_on_first_permit`",
        )),
    }
}

/// The question of an item: each of its parts replaces the default part as a whole, and a missing required member comes
/// from the default; properties never do.
fn question(body: &Map<String, Value>, item: &Value) -> Result<Question, HttpResponse> {
    let Value::Object(item) = item else { return Err(HttpResponse::invalid("", "the item is no JSON object")) };
    let mut whole = Map::new();
    for (name, required) in
        [("subject", &["type", "id"][..]), ("action", &["name"]), ("resource", &["type", "id"]), ("context", &[])]
    {
        let default = object_of(body, name, "")?;
        let part = match (object_of(item, name, "")?, default) {
            (Some(own), default) => {
                let mut part = own.clone();
                for member in required.iter().filter(|member| own.get(**member).is_none_or(Value::is_null)) {
                    if let Some(value) = default.and_then(|default| default.get(*member)) {
                        part.insert((*member).to_owned(), value.clone());
                    }
                }
                part
            }
            (None, Some(default)) => default.clone(),
            (None, None) => continue,
        };
        whole.insert(name.to_owned(), part.into());
    }
    Question::read(&whole, Wanted::Everything)
}
