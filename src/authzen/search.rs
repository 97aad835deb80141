//! Searches for subjects, resources and actions.
//!
//! A search uses up, records and offers nothing. It finds only what grants or the host name; what a subject may do
//! everywhere cannot be listed.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::evaluate::Mode;
use super::host::Host;
use super::json::{member, object_of, text_of};
use super::pep::Pep;
use super::point::DecisionPoint;
use super::question::{Entity, Question, Wanted};
use super::reply::HttpResponse;
use crate::journal::{canonical, digest_of};
use crate::model::{Grant, Outcome, Principal};

/// How many results a page has by default, and at most.
const USUAL: u64 = 100;
const MOST: u64 = 1_000;

impl DecisionPoint {
    /// `POST search/…`.
    pub(super) fn search(
        &self,
        pep: &Pep,
        host: &dyn Host,
        wanted: Wanted,
        body: &Map<String, Value>,
    ) -> Result<HttpResponse, HttpResponse> {
        let question = Question::read(body, wanted)?;
        if wanted != Wanted::Subject && !pep.speaks_for(&question.subject) {
            return Err(HttpResponse::forbidden("this caller may not ask about this subject"));
        }
        let (limit, token) = page_of(body)?;
        let (revision, grants, _) = self.workflow.live_grants().map_err(|error| self.failed(&error))?;
        // A token is valid for the same question at the same revision, on any page.
        let asked: Map<String, Value> = body
            .iter()
            .filter(|(name, _)| *name != "page")
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let asked = canonical(&asked).map_err(|error| HttpResponse::invalid("", &error.to_string()))?;
        let asked = digest_of(format!("{wanted:?}{asked}").as_bytes());
        let about = [pep.id().as_bytes(), &asked, &revision.0.to_be_bytes()];
        let offset = match token {
            None => 0,
            Some(token) => self.keys.open_page(token, &about).ok_or_else(|| {
                HttpResponse::invalid("/page/token", "is of another question, or the state has changed: search again")
            })?,
        };
        let found = self.found(pep, host, wanted, &question, &grants)?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(found.len());
        let end = start.saturating_add(usize::try_from(limit).unwrap_or(usize::MAX)).min(found.len());
        let results: Vec<Value> =
            found.iter().skip(start).take(end - start).map(|one| result_entity(one, wanted)).collect();
        let next = if end < found.len() { self.keys.page(end as u64, &about) } else { String::new() };
        let page = json!({"next_token": next, "count": results.len(), "total": found.len()});
        Ok(HttpResponse::json(200, &json!({"page": page, "results": results})))
    }

    /// What evaluates to yes, in order.
    fn found(
        &self,
        pep: &Pep,
        host: &dyn Host,
        wanted: Wanted,
        question: &Question,
        grants: &[Grant],
    ) -> Result<Vec<Entity>, HttpResponse> {
        let mut candidates: BTreeSet<(String, String)> = BTreeSet::new();
        let mut sent = Vec::new();
        for one in host.candidates(question, wanted)? {
            if candidates.insert((one.kind().to_owned(), one.id().to_owned())) {
                sent.push(one);
            }
        }
        for (kind, id) in grants.iter().flat_map(|grant| self.named_candidates(grant, wanted, question)) {
            if candidates.insert((kind.clone(), id.clone())) {
                sent.push(Entity::new(&kind, &id));
            }
        }
        let kind = match wanted {
            Wanted::Subject => Some(question.subject.kind()),
            Wanted::Resource => Some(question.resource.kind()),
            _ => None,
        };
        sent.retain(|one| kind.is_none_or(|kind| one.kind() == kind));
        sent.sort_by(|one, other| (one.kind(), one.id()).cmp(&(other.kind(), other.id())));
        let mut found = Vec::new();
        for one in sent {
            if wanted == Wanted::Subject && !pep.speaks_for(&one) {
                continue;
            }
            let question = question.with(wanted, &one);
            let mut prepared = self.prepare(pep, host, &question)?;
            let outcome = self.decide(&mut prepared, Mode::Look)?.map_or(Outcome::NotApplicable, |one| one.outcome);
            if outcome == Outcome::Allow || (prepared.stands && outcome != Outcome::Deny) {
                found.push(one);
            }
        }
        Ok(found)
    }

    /// The names of the searched kind in a grant.
    fn named_candidates(&self, grant: &Grant, wanted: Wanted, question: &Question) -> Vec<(String, String)> {
        match wanted {
            Wanted::Subject => {
                let kind = self.settings.subject_types.iter().find(|(_, kind)| **kind == grant.holder.kind());
                kind.map(|(name, _)| (name.clone(), grant.holder.id().to_owned())).into_iter().collect()
            }
            Wanted::Resource => {
                let things = grant.scope.things().filter(|thing| thing.kind().name() == question.resource.kind());
                things.map(|thing| (thing.kind().name().to_owned(), thing.id().to_owned())).collect()
            }
            Wanted::Action => {
                let is_theirs = |holder: &Principal| holder.id() == question.subject.id();
                if !is_theirs(&grant.holder) && !grant.holder_acts_for.as_ref().is_some_and(is_theirs) {
                    return Vec::new();
                }
                let exact = grant.permissions.allowed().iter().filter(|one| one.wildcard_prefix().is_none());
                exact.filter(|one| !one.is_everything()).map(|one| (String::new(), one.to_string())).collect()
            }
            Wanted::Everything => Vec::new(),
        }
    }
}

fn result_entity(found: &Entity, wanted: Wanted) -> Value {
    match wanted {
        Wanted::Action => json!({"name": found.id()}),
        _ => json!({"type": found.kind(), "id": found.id()}),
    }
}

/// The limit and the token of the page that is wanted.
fn page_of(body: &Map<String, Value>) -> Result<(u64, Option<&str>), HttpResponse> {
    let Some(page) = object_of(body, "page", "")? else { return Ok((USUAL, None)) };
    let limit = match member(page, "limit") {
        None => USUAL,
        Some(limit) => limit
            .as_u64()
            .filter(|limit| *limit > 0)
            .ok_or_else(|| HttpResponse::invalid("/page/limit", "is no whole number of 1 or more"))?,
    };
    let token = text_of(page, "token", "/page")?.filter(|token| !token.is_empty());
    Ok((limit.min(MOST), token))
}
