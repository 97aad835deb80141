//! By what an idempotency key knows a command again.

use crate::command::Command;
use crate::error::Error;
use crate::journal::{canonical, digest};
use crate::model::{Actor, Caller};

/// The digest of who calls, for whom, and the command's document. Every version of the library gives the same one for the
/// same call, so a retry across an upgrade is known again.
pub(super) fn fingerprint(caller: Option<&Caller>, command: &Command) -> Result<String, Error> {
    let by = caller.map_or(Actor::Host, |caller| Actor::Principal(caller.principal.clone()));
    let acts_for = caller.and_then(|caller| caller.acts_for.as_ref());
    let call = serde_json::json!({
        "by": by.to_string(),
        "acts_for": acts_for.map(ToString::to_string),
        "command": command.document(),
    });
    Ok(digest(&canonical(&call)?))
}
