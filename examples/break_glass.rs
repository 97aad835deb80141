//! Access at once, without approval: what it takes, what it gives, and what is owed for it afterwards.

use std::error::Error;
use std::sync::Arc;

use jit_access::command::{BreakGlass, CompleteReview, Release};
use jit_access::config::Config;
use jit_access::model::{
    Action, Caller, GrantId, Justification, Principal, Query, Resource, RoleName, SignIn, Timestamp,
};
use jit_access::service::{Builder, Receipt, Workflow};
use jit_access::store::{MemoryStore, Store};

const CONFIG: &str = "
jit_access:
  approver_roles: [lead]
  break_glass:
    enabled: true
    eligible_roles: [on-call]
    max_duration_hours: 1
    mfa_within_minutes: 10
  roles:
    responder: {permissions: [tools.execute]}
";

#[expect(clippy::print_stdout, reason = "an example prints")]
fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::parse(CONFIG, [])?;
    let store = Arc::new(MemoryStore::new());
    let engine = Builder::shared(Arc::clone(&store) as _, config.rules).settings(config.settings).open()?;
    let workflow = engine.workflow();
    let mut sre = Caller::new(Principal::user("sre@example.com")?, vec![RoleName::new("on-call")?]);
    let lead = Caller::new(Principal::user("lead@example.com")?, vec![RoleName::new("lead")?]);

    // What the identity provider's token says: `amr` and `auth_time`. A bare claim of a second factor is no proof.
    sre.sign_in = Some(SignIn::default().claiming_mfa(true));
    match take(&workflow, &sre) {
        Ok(_) => println!("a bare claim is enough"),
        Err(error) => println!("a bare claim:      {}", error.code()),
    }
    sre.sign_in = Some(SignIn::new(["pwd", "hwk"], None, Some(engine.now()))?);
    let grant = take(&workflow, &sre)?.grant.ok_or("no grant")?;
    println!("a proven sign-in:  granted by {}", grant.approved_by);

    // The security team's notice was written in the same transaction.
    let notices = store.lease_notices(engine.now(), Timestamp::MAX, 10)?;
    let notice = notices.iter().find(|one| one.message.kind == "break_glass").ok_or("no notice")?;
    println!("security is told:  {}", notice.message.body.contains(r#""skipped_approvers":["lead"]"#));

    let (action, resource) = (Action::new("tools.execute")?, Resource::everything());
    let query = Query { principal: &sre.principal, action: &action, resource: &resource };
    println!("a check:           {}", engine.decider().check(&query.into())?.outcome.name());
    println!("uses on record:    {}", workflow.grant(&lead, grant.id)?.grant.map_or(0, |grant| grant.uses));

    // Nothing follows on it: not while it lives, and not before somebody else has reviewed it.
    println!("once more:         {}", code(take(&workflow, &sre)));
    workflow.execute(&sre, Release::new(grant.id), None)?;
    println!("and afterwards:    {}", code(take(&workflow, &sre)));
    println!("reviewed by self:  {}", code(review(&workflow, &sre, grant.id)));
    let done = review(&workflow, &lead, grant.id)?.grant.and_then(|grant| grant.break_glass).ok_or("no review")?;
    println!("by the lead:       {}", done.review(engine.now()).name());
    println!("the next one:      {}", code(take(&workflow, &sre)));
    Ok(())
}

fn take(workflow: &Workflow, caller: &Caller) -> Result<Receipt, jit_access::Error> {
    let command = BreakGlass::new(RoleName::new("responder")?).reason(Justification::new("INC-7: the shop is down")?);
    workflow.execute(caller, command, None)
}

fn review(workflow: &Workflow, caller: &Caller, grant: GrantId) -> Result<Receipt, jit_access::Error> {
    let command = CompleteReview::new(grant, true, Justification::new("as it should be")?);
    workflow.execute(caller, command, None)
}

fn code(result: Result<Receipt, jit_access::Error>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "granted")
}
