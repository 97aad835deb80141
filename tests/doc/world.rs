// What the examples in the documentation begin with: an engine in memory with one role, and, where they say so, a request for it or
// a grant of it. An example takes this file in as a module: the crate itself has nothing of it.

use std::error::Error;

use jit_access::command::{Approve, Submit};
use jit_access::config::Config;
use jit_access::model::{Caller, Justification, Principal, RequestId, RoleName, Ttl};
use jit_access::service::{Builder, Engine};
use jit_access::store::MemoryStore;

/// `dev` has asked for the role `deployer` for an hour, for the reason `INC-1234`; `lead` may approve it.
pub struct World {
    pub engine: Engine,
    pub request: RequestId,
    pub dev: Caller,
    pub lead: Caller,
}

const USUAL: &str = "[tools.execute]";

/// An engine that knows the role `deployer`, which gives `tools.execute`.
pub fn engine() -> Result<Engine, Box<dyn Error>> {
    engine_of(USUAL)
}

/// The same with a role that gives these permissions.
pub fn engine_of(permissions: &str) -> Result<Engine, Box<dyn Error>> {
    let roles = format!("{{deployer: {{permissions: {permissions}}}}}");
    let config = format!("jit_access: {{approver_roles: [lead], auditor_roles: [auditor], roles: {roles}}}");
    let config = Config::parse(&config, [])?;
    Ok(Builder::new(MemoryStore::new(), config.rules).open()?)
}

/// The request waits for an answer.
pub fn requested() -> Result<World, Box<dyn Error>> {
    requested_of(USUAL)
}

/// The same with a role that gives these permissions.
pub fn requested_of(permissions: &str) -> Result<World, Box<dyn Error>> {
    let engine = engine_of(permissions)?;
    let dev = Caller::new(Principal::user("dev@example.com")?, vec![]);
    let lead = Caller::new(Principal::user("lead@example.com")?, vec![RoleName::new("lead")?]);
    let submit =
        Submit::new(RoleName::new("deployer")?).duration(Ttl::from_hours(1.0)?).reason(Justification::new("INC-1234")?);
    let submitted = engine.workflow().execute(&dev, submit, None)?;
    let request = submitted.request.ok_or("no request")?.id;
    Ok(World { engine, request, dev, lead })
}

/// The request was approved by `boss`.
pub fn granted() -> Result<World, Box<dyn Error>> {
    let world = requested()?;
    let boss = Caller::new(Principal::user("boss")?, vec![RoleName::new("lead")?]);
    world.engine.workflow().execute(&boss, Approve::new(world.request), None)?;
    Ok(world)
}
