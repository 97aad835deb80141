//! From a denied check to a grant and back, in one process: ask, approve, use, look at the policy, revoke.

use std::error::Error;

use jit_access::check::Check;
use jit_access::command::{Approve, Revoke, Submit};
use jit_access::model::{
    Action, Caller, Justification, Outcome, Permission, PermissionSet, Principal, Query, Resource, Role, RoleName, Ttl,
};
use jit_access::service::Builder;
use jit_access::store::MemoryStore;
use jit_access::workflow::Rules;

#[expect(clippy::print_stdout, reason = "an example prints")]
fn main() -> Result<(), Box<dyn Error>> {
    // What can be asked for, and who may approve it.
    let role = Role::new(
        RoleName::new("incident-responder")?,
        PermissionSet::new([Permission::new("audit:read")?, Permission::new("tools.*")?])?,
    )
    .description("Read the audit trail and run tools".to_owned())
    .max_duration(Some(Ttl::from_hours(4.0)?));
    let rules = Rules::default()
        .approver_roles(vec![RoleName::new("security-admin")?])
        .catalogue([(role.name.clone(), role.clone())].into());
    let engine = Builder::new(MemoryStore::new(), rules).open()?;
    let (decider, workflow) = (engine.decider(), engine.workflow());

    // Who is who is the host's business: these two have signed in.
    let dev = Caller::new(Principal::user("dev@example.com")?, vec![]);
    let lead = Caller::new(Principal::user("lead@example.com")?, vec![RoleName::new("security-admin")?]);

    let (action, resource) = (Action::new("audit:read")?, Resource::everything());
    let query = Query { principal: &dev.principal, action: &action, resource: &resource };
    let check = Check::new(query);
    println!("before:   {}", decider.check(&check)?.outcome.name());

    let ask = Submit::new(role.name)
        .duration(Ttl::from_hours(12.0)?)
        .reason(Justification::new("INC-1234: checkout is slow")?);
    let receipt = workflow.execute(&dev, ask, None)?;
    let request = receipt.request.ok_or("no request")?;
    if let Some(cut) = &request.duration_cut {
        println!("asked:    {} for {}, cut to {} by {}", request.role, cut.asked, request.duration, cut.limit);
    }

    let approve = Approve::new(request.id);
    let receipt = workflow.execute(&lead, approve, None)?;
    let grant = receipt.grant.ok_or("no grant")?;
    println!("approved: by {}", grant.approved_by);

    let decision = decider.check(&check)?;
    assert_eq!(decision.basis.grant, Some(grant.id));
    println!("during:   {}", decision.outcome.name());
    println!("\n{}", workflow.policies(&lead)?);

    let revoke = Revoke::new(grant.id, Justification::new("the incident is over")?);
    workflow.execute(&lead, revoke, None)?;
    assert_eq!(decider.check(&check)?.outcome, Outcome::NotApplicable);
    println!("after:    {}", decider.check(&check)?.outcome.name());

    let used = workflow.grant(&dev, grant.id)?.grant.ok_or("no grant")?.uses;
    println!("used:     {used} time; {} records verified", workflow.verify()?);
    Ok(())
}
