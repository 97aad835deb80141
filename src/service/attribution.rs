//! Data that is added to a record: the accountable person, and who approved its grant.

use std::collections::HashMap;
use std::sync::Arc;

use super::Workflow;
use super::approved::Approved;
use crate::error::Error;
use crate::journal::Record;
use crate::model::{AccessRequest, Fact, Grant, GrantId, Principal, Subject};
use crate::workflow::View;

/// Data that is added to a record.
///
/// ```
/// use jit_access::service::Attribution;
///
/// let attribution = Attribution::default();
/// assert!(attribution.person.is_none() && attribution.approval.is_none());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attribution {
    /// The accountable person: see [`Workflow::accountable`].
    pub person: Option<Principal>,
    /// For a record about a grant: how the grant came to be.
    pub approval: Option<Arc<Approved>>,
}

impl Workflow {
    /// The data that is added to each of these records.
    ///
    /// ```
    /// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
    /// # let engine = world::engine()?;
    /// assert!(engine.workflow().attributions(&[])?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Errors of the store.
    pub fn attributions(&self, records: &[Record]) -> Result<Vec<Attribution>, Error> {
        let people = self.accountable(records)?;
        let one = |(record, person): (&Record, Option<Principal>)| {
            let approval = match Subject::of(&record.event) {
                Subject::Grant(id) => self.approval(id)?,
                _ => None,
            };
            Ok(Attribution { person, approval })
        };
        records.iter().zip(people).map(one).collect()
    }

    fn approval(&self, id: GrantId) -> Result<Option<Arc<Approved>>, Error> {
        if let Some(known) = self.shared.approvals.lock().get(id) {
            return Ok(Some(known));
        }
        // The grant may be gone when some of its records are removed.
        let Some(grant) = self.shared.store.grant(id)?.grant else { return Ok(None) };
        let approval = Arc::new(Approved::of(&grant));
        self.shared.approvals.lock().keep(id, &approval);
        Ok(Some(approval))
    }

    /// The accountable person of each of these records: the actor, or the person for whom the acting agent acted.
    /// `None` for what a rule, time or the host did, and for an agent that acted for no person.
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
            if let Some(person) = event.by.person() {
                all.push(Some(person.clone()));
                continue;
            }
            let Some(by) = event.by.principal() else {
                all.push(None);
                continue;
            };
            let person = match &event.fact {
                Fact::GrantUsed { details: Some(details), .. } if details.acts_for.is_some() => {
                    details.acts_for.clone()
                }
                Fact::RequestSubmitted(request) => request.requester_acts_for.clone(),
                Fact::RequestReviewed { capacity, .. }
                | Fact::RequestApproved { capacity, .. }
                | Fact::RequestDenied { capacity, .. }
                | Fact::InformationRequested { capacity, .. } => capacity.acts_for.clone(),
                // In older records, other facts do not have it.
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

    /// The person for whom this agent made the request or holds the grant.
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
