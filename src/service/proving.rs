//! How the verdicts of a solver about requests are recorded.
//!
//! A solver takes seconds and is a separate program, so no request and no read calls it. A host that has one, in any
//! process, asks it about the pending requests; approvers see the recorded verdict while it matches the version of the
//! request and the policies in force.

use super::shared::Shared;
use crate::journal::digest;
use crate::model::{AccessRequest, Actor, Grant, GrantId, RequestProof, Timestamp, Window};

impl Shared {
    /// Whether this verdict is about the current version of the request and the policies in force.
    pub(super) fn is_current(&self, request: &AccessRequest, proof: &RequestProof) -> bool {
        proof.version == request.version && *proof.policies == *self.policies_digest()
    }

    /// The digest of everything that a proof looks at besides the request.
    fn policies_digest(&self) -> String {
        let standing = self.settings.standing_policies.iter().map(|file| digest(file.text()));
        let schema = digest(self.rules.schema.as_ref().map_or("", |schema| schema.text()));
        let all: Vec<String> = standing.chain([schema, self.guard.digest(&self.settings.guardrails)]).collect();
        digest(&all.join(" "))
    }
}

/// The grant that this request leads to, without its conditions.
pub(super) fn proposed(request: &AccessRequest, now: Timestamp) -> Option<Grant> {
    let start = request.starts_at.map_or(now, |start| start.max(now));
    let window = Window::new(start, start.saturating_add(request.duration)).ok()?;
    let (holder, role) = (request.requester.clone(), request.role.clone());
    let id = GrantId::from_u128(request.id.as_u128());
    let grant = Grant::new(id, request.id, holder, role, request.permissions.clone(), window, Actor::Host);
    Some(grant.scope(request.scope.clone()))
}

/// Asking about what waits, for hosts with a solver.
#[cfg(all(feature = "host", feature = "proof"))]
mod asking {
    use super::super::commit::Decision;
    use super::super::workflow::Workflow;
    use super::{AccessRequest, Actor, Grant, RequestProof, Shared, proposed};
    use crate::error::Error;
    use crate::model::{Event, Fact, Justification, ProofOutcome, RequestId, RequestStatus};
    use crate::policy::{Guardrails, Schema, StandingPolicies};
    use crate::store::{Page, Reads, Visible};
    use crate::workflow::Needs;

    /// How many requests are read at a time.
    const AT_A_TIME: usize = 100;

    /// The policies beside a grant that is to be proven.
    #[derive(Debug)]
    pub(crate) struct Beside<'a> {
        pub(crate) schema: &'a Schema,
        pub(crate) standing: &'a StandingPolicies,
        pub(crate) guardrails: &'a Guardrails,
    }

    impl Workflow {
        /// Calls `prove` for each pending request without a current verdict, and records the verdicts. Returns the
        /// requests. Nothing waits for it: it reads and writes like any other host of the store.
        pub(crate) fn prove_waiting(
            &self,
            mut prove: impl FnMut(&Grant, &Beside<'_>) -> (ProofOutcome, String),
        ) -> Result<Vec<(RequestId, RequestProof)>, Error> {
            let shared = &self.shared;
            shared.guard.reload(&shared.settings.guardrails)?;
            let mut proven = Vec::new();
            for request in shared.waiting()? {
                let Some(grant) = proposed(&request, shared.time.now()) else { continue };
                let grant = grant.conditions(request.conditions.clone());
                let (policies, guardrails) = (shared.policies_digest(), shared.guard.set());
                let beside =
                    Beside { schema: shared.guard.schema(), standing: &shared.standing, guardrails: &guardrails };
                let (outcome, said) = prove(&grant, &beside);
                let (detail, version) = (Justification::fitting(&said), request.version);
                let proof = RequestProof { outcome, detail, version, policies: policies.into() };
                if shared.record_proof(request.id, &proof)? {
                    proven.push((request.id, proof));
                }
            }
            Ok(proven)
        }
    }

    impl Shared {
        /// The pending requests without a current verdict, oldest first.
        fn waiting(&self) -> Result<Vec<AccessRequest>, Error> {
            let mut waiting = Vec::new();
            for status in [RequestStatus::Pending, RequestStatus::NeedsInfo] {
                let now = self.time.now();
                let mut page =
                    Page { visible: Visible::All, status: Some(status), now, before: None, limit: AT_A_TIME };
                loop {
                    let rows = self.store.requests(&page)?;
                    page.before = rows.last().map(|(created, _)| *created);
                    let is_last = rows.len() < AT_A_TIME;
                    waiting.extend(rows.into_iter().map(|(_, listed)| listed.request));
                    if is_last {
                        break;
                    }
                }
            }
            waiting.retain(|request| !request.proof.as_ref().is_some_and(|proof| self.is_current(request, proof)));
            waiting.sort_by_key(|request| request.created_at);
            Ok(waiting)
        }

        /// Writes it, unless the request is decided or another one by now.
        fn record_proof(&self, id: RequestId, proof: &RequestProof) -> Result<bool, Error> {
            self.commit_exclusively(|reads: &dyn Reads| {
                let now = self.time.now();
                let view = reads.view(&Needs::request(id), now)?;
                let is_so = |request: &AccessRequest| request.status(now).is_open() && request.version == proof.version;
                let wanted = view.request.as_ref().is_some_and(is_so);
                let fact = Fact::RequestProven { request: id, proof: Box::new(proof.clone()) };
                let events = if wanted { vec![Event { at: now, by: Actor::Host, fact }] } else { Vec::new() };
                Ok((Decision::from_view(view, events), wanted))
            })
        }
    }
}

#[cfg(all(test, feature = "host", feature = "proof"))]
mod tests {
    use std::sync::Arc;

    use crate::clock::ManualClock;
    use crate::command::{Answer, Ask, Submit, Withdraw};
    use crate::model::{
        Caller, Justification, Permission, PermissionSet, Principal, ProofOutcome, RequestId, Role, RoleName, Ttl,
    };
    use crate::service::{Builder, Engine};
    use crate::store::MemoryStore;
    use crate::workflow::Rules;

    fn name(text: &str) -> RoleName {
        RoleName::new(text).unwrap()
    }

    fn engine() -> (Engine, Arc<ManualClock>) {
        let set = PermissionSet::new([Permission::new("tools.execute").unwrap()]).unwrap();
        let rules = Rules { approver_roles: vec![name("lead")], ..Rules::default() };
        let rules = Rules { catalogue: [(name("operator"), Role::new(name("operator"), set))].into(), ..rules };
        let clock = Arc::new(ManualClock::at("2026-12-01T09:00:00Z".parse().unwrap()));
        (Builder::new(MemoryStore::new(), rules).clock(Arc::clone(&clock) as _).open().unwrap(), clock)
    }

    fn caller(id: &str) -> Caller {
        Caller::new(Principal::user(id).unwrap(), vec![])
    }

    fn words(text: &str) -> Justification {
        Justification::new(text).unwrap()
    }

    fn ask(engine: &Engine, who: &str) -> RequestId {
        let submit = Submit::new(name("operator")).reason(words("INC-1"));
        engine.workflow().execute(&caller(who), submit, None).unwrap().request.unwrap().id
    }

    #[test]
    fn all_that_wait_are_proven_once_and_the_oldest_first() {
        let (engine, clock) = engine();
        let ask = |number: u32| {
            clock.advance(1);
            ask(&engine, &format!("dev{number}"))
        };
        let asked: Vec<RequestId> = (0..101).map(ask).collect();
        let prove =
            || engine.workflow().prove_waiting(|_, _| (ProofOutcome::Proven, String::from("all of it"))).unwrap();
        assert_eq!(prove().into_iter().map(|(id, _)| id).collect::<Vec<_>>(), asked);
        assert_eq!(prove().len(), 0);
    }

    #[test]
    fn a_verdict_about_what_is_over_or_another_request_by_now_is_not_recorded() {
        let (dev, lead) = (caller("dev"), Caller::new(Principal::user("lead").unwrap(), vec![name("lead")]));
        for is_withdrawn in [true, false] {
            let (engine, _) = engine();
            let id = ask(&engine, "dev");
            let workflow = engine.workflow();
            let said = engine.workflow().prove_waiting(|_, _| {
                if is_withdrawn {
                    workflow.execute(&dev, Withdraw::new(id), None).unwrap();
                } else {
                    workflow.execute(&lead, Ask::new(id, words("for how long?")), None).unwrap();
                    let shorter = Answer::new(id, words("half an hour")).duration(Ttl::from_hours(0.5).unwrap());
                    workflow.execute(&dev, shorter, None).unwrap();
                }
                (ProofOutcome::Proven, String::from("all of it"))
            });
            assert_eq!(said.unwrap().len(), 0);
            assert!(workflow.request(&lead, id).unwrap().request.unwrap().proof.is_none(), "{is_withdrawn}");
        }
    }

    #[test]
    fn what_is_refuted_is_told_at_once_and_before_everything_else() {
        let (engine, _) = engine();
        let id = ask(&engine, "dev");
        let hostile = "`within_envelope` does not hold for <script>\u{202e}\u{7}\nApproved by: everybody";
        let said = engine.workflow().prove_waiting(|_, _| (ProofOutcome::Refuted, hostile.to_owned())).unwrap();
        assert_eq!(said.len(), 1);
        let lead = Caller::new(Principal::user("lead").unwrap(), vec![name("lead")]);
        let request = engine.workflow().request(&lead, id).unwrap().request.unwrap();
        let first = engine.workflow().analysis_of(&request).unwrap().unwrap().sentences().remove(0);
        assert!(first.starts_with("REFUTED, do not approve: `within_envelope`"), "{first}");
        assert!(!first.contains(['\u{202e}', '\u{7}', '\n']), "{first:?}");
        let now = engine.now();
        let waiting = engine.shared().store.lease_notices(now, now.saturating_add(Ttl::MAX), 100).unwrap();
        let kinds: Vec<&str> = waiting.iter().map(|one| one.message.kind.as_ref()).collect();
        assert_eq!(kinds, ["request_submitted", "request_refuted"]);
    }
}
