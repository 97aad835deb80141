//! Which person answers for what a record tells of.

use std::collections::HashMap;

use super::Workflow;
use crate::error::Error;
use crate::journal::Record;
use crate::model::{AccessRequest, Actor, Fact, Grant, Principal, PrincipalKind, Subject};
use crate::workflow::View;

impl Workflow {
    /// The person who answers for each of these records: whoever did it, or the person that the agent who did it acted for. `None`
    /// for what a rule, time or the host did, and for an agent that acted for nobody.
    ///
    /// ```
    /// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
    /// # let engine = world::engine()?;
    /// assert!(engine.workflow().accountable(&[])?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Errors of the store.
    pub fn accountable(&self, records: &[Record]) -> Result<Vec<Option<Principal>>, Error> {
        let mut known: HashMap<Subject, Option<Principal>> = HashMap::new();
        let mut all = Vec::with_capacity(records.len());
        for record in records {
            let event = &record.event;
            let Actor::Principal(by) = &event.by else {
                all.push(None);
                continue;
            };
            if by.kind() == PrincipalKind::User {
                all.push(Some(by.clone()));
                continue;
            }
            let person = match &event.fact {
                Fact::RequestSubmitted(request) => request.requester_acts_for.clone(),
                Fact::RequestReviewed { capacity, .. }
                | Fact::RequestApproved { capacity, .. }
                | Fact::RequestDenied { capacity, .. }
                | Fact::InformationRequested { capacity, .. } => capacity.acts_for.clone(),
                _ => {
                    let subject = Subject::of(event);
                    match known.get(&subject) {
                        Some(person) => person.clone(),
                        None => {
                            let person = self.person_behind(by, &subject)?;
                            known.insert(subject, person.clone());
                            person
                        }
                    }
                }
            };
            all.push(person);
        }
        Ok(all)
    }

    /// The person for whom this agent asked for the request, or holds the grant.
    fn person_behind(&self, agent: &Principal, subject: &Subject) -> Result<Option<Principal>, Error> {
        let View { request, grant, .. } = match subject {
            Subject::Request(id) => self.shared.store.request(*id)?,
            Subject::Grant(id) => self.shared.store.grant(*id)?,
            _ => return Ok(None),
        };
        let asked = request.filter(|request: &AccessRequest| request.requester == *agent);
        let held = grant.filter(|grant: &Grant| grant.holder == *agent);
        Ok(held
            .and_then(|grant| grant.holder_acts_for)
            .or_else(|| asked.and_then(|request| request.requester_acts_for)))
    }
}
