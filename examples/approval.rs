//! Who may approve what, and how much of it: not oneself, not twice, not without the role, never more than was asked
//! for; and what the record says afterwards.

use std::error::Error;

use jit_access::command::{Approve, Deny, ListRecords, ListRequests, Submit};
use jit_access::config::Config;
use jit_access::model::{Caller, Cut, Invalid, Justification, Principal, RoleName, Ttl};
use jit_access::service::{Builder, Receipt, Workflow};
use jit_access::store::MemoryStore;

const CONFIG: &str = "
jit_access:
  approver_roles: [lead]
  auditor_roles: [auditor]
  max_duration_hours: 8
  roles:
    database-admin:
      permissions: [db.read, db.write]
      max_duration_hours: 2
      approver_roles: [dba-lead]
";

#[expect(clippy::print_stdout, reason = "an example prints")]
fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::parse(CONFIG, [])?;
    let engine = Builder::new(MemoryStore::new(), config.rules).settings(config.settings).open()?;
    let workflow = engine.workflow();
    let (dev, lead) = (caller("dev@example.com", &[])?, caller("lead@example.com", &["lead"])?);
    let dba = caller("dba@example.com", &["dba-lead"])?;

    let asked = ask(&workflow, &dev, "INC-1234: an index is missing")?.request.ok_or("no request")?;
    println!("asked:     {} for {}, risk {}", asked.role, asked.duration, asked.assessment.level.name());

    // Refusals are values with a stable code, the same in every language.
    for (who, why) in [(&dev, "the requester"), (&lead, "a lead of something else"), (&dba, "the role's approver")] {
        let command = Approve::new(asked.id).at_most(Cut::default().duration(Some(Ttl::from_hours(0.5)?)));
        match workflow.execute(who, command, None) {
            Ok(receipt) => {
                let grant = receipt.grant.ok_or("no grant")?;
                let minutes = (grant.window.end().millis() - grant.window.start().millis()) / 60_000;
                println!("approve:   by {why}: {}, for {minutes} minutes", grant.approved_by);
            }
            Err(error) => println!("approve:   by {why}: {}", error.code()),
        }
    }

    let other = ask(&workflow, &dev, "just in case")?.request.ok_or("no request")?;
    let deny = Deny::new(other.id, Justification::new("ask when there is a case")?);
    workflow.execute(&dba, deny, None)?;
    let listing = workflow.requests(&dev, &ListRequests::default().limit(10))?;
    for one in listing.items {
        let request = one.request;
        let why = request.details.justification.as_ref().map_or("", |text| text.as_str());
        println!("request:   {why}: {}", request.status(listing.now).name());
    }

    let auditor = caller("eye@example.com", &["auditor"])?;
    for record in workflow.journal(&auditor, &ListRecords::default().limit(10))?.items {
        println!("record {}:  {} by {}", record.revision.0, record.event.fact.name(), record.event.by);
    }
    println!("verified:  {} records", workflow.verify()?);
    Ok(())
}

fn caller(name: &str, roles: &[&str]) -> Result<Caller, Invalid> {
    let roles = roles.iter().map(|role| RoleName::new(role)).collect::<Result<_, _>>()?;
    Ok(Caller::new(Principal::user(name)?, roles))
}

fn ask(workflow: &Workflow, who: &Caller, why: &str) -> Result<Receipt, Box<dyn Error>> {
    let command =
        Submit::new(RoleName::new("database-admin")?).duration(Ttl::from_hours(1.0)?).reason(Justification::new(why)?);
    Ok(workflow.execute(who, command, None)?)
}
