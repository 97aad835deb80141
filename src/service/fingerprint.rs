//! The digest by which a repeated command is recognized.

use crate::command::Command;
use crate::error::Error;
use crate::journal::{canonical, digest};
use crate::model::{Actor, Caller};

/// The digest of the caller, the person it acts for, and the command's document. Every version of the library makes the
/// same digest for the same call, so a retry across an upgrade is recognized.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Approve, ReportStanding, Submit};
    use crate::model::{Principal, RoleName};

    /// A change here makes every retry across an upgrade fail: SHA-256 of canonical JSON, as any language computes it.
    #[test]
    fn fingerprints_are_the_known_ones() {
        let dev = Principal::user("dev@example.com").unwrap();
        let person = |name: &str| Caller::new(Principal::user(name).unwrap(), vec![RoleName::new("any").unwrap()]);
        let agent = Caller { acts_for: Some(dev.clone()), ..Caller::new(Principal::agent("bot").unwrap(), vec![]) };
        let submit = Command::from(Submit::new(RoleName::new("deployer").unwrap()));
        let request = "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b".parse().unwrap();
        for (caller, command, known) in [
            (
                Some(person("dev@example.com")),
                submit.clone(),
                "f8dededb78eaca30c767a6392cbff15989750504de178d2b251db0c0dbacc8e0",
            ),
            (Some(agent), submit, "ba3d28a4793cd2c6475e7943ed49373a8ed38bc8addd32ddf41abc47514abf87"),
            (
                Some(person("lead@example.com")),
                Approve::new(request).version(2).into(),
                "6cc658bfbe8874cb9c0a0a4f086104b210d8de1212433261f57bbd3e5d822d63",
            ),
            (
                None,
                ReportStanding::new(dev, false).into(),
                "143eb2f7a82f2c7028867bc4bd70129ba47e953e4b141efa7324416deef712ba",
            ),
        ] {
            assert_eq!(fingerprint(caller.as_ref(), &command).unwrap(), known, "{command:?}");
        }
    }
}
