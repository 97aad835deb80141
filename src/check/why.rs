//! Why a grant allows a check or does not: the steps of a check for one grant, in words.

use crate::model::{Context, EndKind, Grant, GrantStatus, Networks, Query, Reason, Timestamp};
use crate::workflow::{Rules, met_until};

/// What is checked, with everything that the answer depends on.
///
/// See [`why`].
#[derive(Debug, Clone, Copy)]
pub struct GrantCheck<'a> {
    /// What is checked.
    pub query: Query<'a>,
    /// The context of the check.
    pub context: &'a Context,
    /// The operator's rules.
    pub rules: &'a Rules,
    /// Whether the clock is known to be right.
    pub is_time_known: bool,
    /// The instant.
    pub now: Timestamp,
}

/// Why a grant allows a check, or why it does not.
///
/// ```
/// use jit_access::check::Why;
///
/// assert_eq!(Why::ALL.first(), Some(&"granted"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The name, for programs: one of [`Why::ALL`].
    pub code: &'static str,
    /// The reason, for people.
    pub detail: String,
    /// What would help, for people; empty if the grant allows the check.
    pub remedy: String,
}

impl Why {
    /// Every code.
    pub const ALL: &'static [&'static str] = &[
        "granted",
        "disabled",
        "scheduled",
        "suspended",
        "ended",
        "used_up",
        "reserved",
        "time_unknown",
        "out_of_scope",
        "mfa_required",
        "outside_networks",
        "other_session",
        "other_call",
        "condition_not_met",
    ];

    fn new(code: &'static str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), remedy: remedy.into() }
    }

    /// Whether the grant allows the check.
    #[must_use]
    pub fn is_granted(&self) -> bool {
        self.code == "granted"
    }

    /// A command that is not recorded yet ended the grant.
    #[must_use]
    pub fn withheld() -> Self {
        let detail = "a command ended it, and that command is not recorded yet";
        Self::new("ended", detail, "request the role again")
    }
}

/// Why this grant, which includes the action, allows the check or does not. These are the rules that answer checks.
///
/// ```
/// use jit_access::check::{GrantCheck, Why, why};
/// use jit_access::model::Grant;
///
/// fn is_of_use(grant: &Grant, asked: &GrantCheck<'_>) -> bool {
///     why(grant, asked).is_granted()
/// }
/// ```
#[must_use]
pub fn why(grant: &Grant, asked: &GrantCheck<'_>) -> Why {
    let GrantCheck { query, context, rules, is_time_known, now } = *asked;
    let Query { action, resource, .. } = query;
    let is_emergency = grant.break_glass.is_some();
    if !rules.enabled {
        let remedy = "the operator must switch it on again";
        return Why::new("disabled", "just-in-time access is switched off (`enabled: false`)", remedy);
    }
    match grant.status(now) {
        GrantStatus::Active => {}
        GrantStatus::Scheduled => {
            let start = grant.window.start();
            return Why::new("scheduled", format!("it begins at {start}"), format!("wait until {start}"));
        }
        GrantStatus::Suspended => {
            let roles: Vec<_> = grant.approver_roles.iter().map(|role| format!("`{role}`")).collect();
            let remedy = format!("ask a person with one of the roles {} to resume it", roles.join(", "));
            return Why::new("suspended", "it is suspended until a person resumes it", remedy);
        }
        over => return ended(grant, over),
    }
    if rules.reserves(is_emergency, action.name()) {
        let detail = format!("no grant gives {action}: it is in `reserved_permissions`");
        return Why::new("reserved", detail, "only the operator can change that");
    }
    if !is_time_known && !is_emergency {
        let detail = "the clock and the journal differ; until they agree, only break-glass grants are honoured";
        return Why::new("time_unknown", detail, "the operator must correct the clock or accept it");
    }
    if !grant.covers(action, resource) {
        let detail = format!("it is for {}, and the check is for {resource}", grant.scope);
        return Why::new("out_of_scope", detail, format!("request the role for {resource}"));
    }
    let end = grant.window.end();
    match met_until(&grant.conditions, context, rules, now) {
        Ok(_) => Why::new("granted", format!("it gives this until {end}"), ""),
        Err(Reason::MfaRequired) => {
            let minutes = grant.conditions.mfa_within.map_or(0, |within| within.millis() / 60_000);
            let detail = format!("it requires a sign-in with a second factor in the last {minutes} minutes");
            Why::new("mfa_required", detail, "sign in again with a second factor")
        }
        Err(Reason::OutsideNetworks) => {
            let networks: Vec<_> = grant.conditions.networks.iter().flat_map(Networks::texts).collect();
            let networks = networks.join(", ");
            let seen =
                context.address.map_or("no address is known".to_owned(), |from| format!("this call is from {from}"));
            let detail = format!("it is for use from {networks} only, and {seen}");
            Why::new("outside_networks", detail, format!("use it from {networks}"))
        }
        Err(Reason::OtherSession) => {
            let session = grant.conditions.session.as_ref().map_or_else(String::new, ToString::to_string);
            let detail = format!("it is for the session `{session}` only");
            Why::new("other_session", detail, format!("use it in the session `{session}`"))
        }
        Err(Reason::OtherCall) => {
            let call = grant.conditions.call.as_ref().map_or_else(String::new, ToString::to_string);
            Why::new("other_call", format!("it is for the exact call {call} only"), "request the other call")
        }
        Err(other) => Why::new("condition_not_met", format!("a condition is not met: {}", other.name()), ""),
    }
}

/// How the grant ended, and when.
fn ended(grant: &Grant, status: GrantStatus) -> Why {
    let at = grant.ended.as_ref().map_or(grant.window.end(), |end| end.at);
    let again = "request the role again";
    if status == GrantStatus::Exhausted {
        return Why::new("used_up", format!("its last use was at {at}"), again);
    }
    let reason = match grant.ended.as_ref().map(|end| &end.kind) {
        Some(EndKind::Revoked(reason)) => format!(": {reason}"),
        _ => String::new(),
    };
    Why::new("ended", format!("it was {} at {at}{reason}", status.name()), again)
}
