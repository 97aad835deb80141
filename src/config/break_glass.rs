//! Access without approval: who, what, and what they owe.

use super::reader::Reader;
use crate::model::{Invalid, Permission, Principal, RoleName, Ttl};
use crate::workflow::{BreakGlassRules, Rules};

const ENABLED: &str = "while break_glass.enabled is true";

/// Reads the section, once the rest of the rules is known.
pub(super) fn break_glass(reader: &mut Reader, rules: &Rules) -> Result<BreakGlassRules, Invalid> {
    let defaults = BreakGlassRules::default();
    let default_duration = defaults.max_duration.min(rules.max_duration);
    let Some(mut section) = reader.section("break_glass")? else {
        return Ok(BreakGlassRules { max_duration: default_duration, ..defaults });
    };
    let read = BreakGlassRules {
        enabled: section.flag("enabled")?.unwrap_or(defaults.enabled),
        eligible_roles: section.list("eligible_roles", RoleName::new)?.unwrap_or_default(),
        eligible_principals: section.list("eligible_principals", Principal::user)?.unwrap_or_default(),
        roles: section.list("roles", RoleName::new)?,
        require_mfa: section.flag("require_mfa")?.unwrap_or(defaults.require_mfa),
        mfa_within: minutes(&mut section, "mfa_within_minutes")?.unwrap_or(defaults.mfa_within),
        acr_values: section.list("acr_values", acr_value)?.unwrap_or_default(),
        trust_mfa_flag: section.flag("trust_mfa_flag")?.unwrap_or(defaults.trust_mfa_flag),
        max_duration: section.hours("max_duration_hours")?.unwrap_or(default_duration),
        reserved_permissions: section.list("reserved_permissions", Permission::new)?,
        notify_security_team: section.flag("notify_security_team")?.unwrap_or(defaults.notify_security_team),
        reviewer_roles: section.list("reviewer_roles", RoleName::new)?.unwrap_or_default(),
        review_within: section.hours("review_within_hours")?.unwrap_or(defaults.review_within),
    };
    if read.max_duration > rules.max_duration {
        return Err(Invalid::new(
            section.key("max_duration_hours"),
            format!("is {}", read.max_duration.hours()),
            format!("at most max_duration_hours, which is {}", rules.max_duration.hours()),
        ));
    }
    let reserved = |permission: &&Permission| rules.reserved_permissions.contains(permission);
    if let Some(unknown) = read.reserved_permissions.iter().flatten().find(|permission| !reserved(permission)) {
        return Err(Invalid::new(
            section.key("reserved_permissions"),
            format!("holds {}", Invalid::quote(unknown.as_str())),
            "permissions that stand in `reserved_permissions` too",
        ));
    }
    if let Some(unknown) = read.roles.iter().flatten().find(|role| !rules.catalogue.contains_key(*role)) {
        return Err(Invalid::new(
            section.key("roles"),
            format!("holds {}", Invalid::quote(unknown.as_str())),
            "roles that stand under `roles`",
        ));
    }
    if read.enabled && read.eligible_roles.is_empty() && read.eligible_principals.is_empty() {
        return Err(Invalid::new(
            section.key("eligible_roles"),
            format!("is empty {ENABLED}, and so is eligible_principals"),
            "the host's roles, or the people, who may take access without approval",
        ));
    }
    if read.enabled && read.reviewer_roles.is_empty() && rules.approver_roles.is_empty() {
        return Err(Invalid::new(
            section.key("reviewer_roles"),
            format!("is empty {ENABLED}, and so is approver_roles"),
            "the host's roles of which one has to review such access afterwards",
        ));
    }
    section.finish()?;
    Ok(read)
}

fn minutes(section: &mut Reader, name: &str) -> Result<Option<Ttl>, Invalid> {
    const EXPECTED: &str = "a whole number of minutes, 1 to 1440";
    let Some(count) = section.count(name)? else { return Ok(None) };
    i64::try_from(count)
        .ok()
        .filter(|count| (1..=1_440).contains(count))
        .map(|count| Ttl::from_millis(count * 60_000))
        .transpose()?
        .map(Some)
        .ok_or_else(|| Invalid::new(section.key(name), format!("is {count}"), EXPECTED))
}

/// A name that can stand in the header of RFC 9470.
fn acr_value(text: &str) -> Result<String, Invalid> {
    let is_fit = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
    if text.is_empty() || text.len() > 255 || !text.bytes().all(is_fit) {
        return Err(Invalid::new(
            "acr",
            format!("is {}", Invalid::quote(text)),
            "1 to 255 visible ASCII characters without quotes and backslashes",
        ));
    }
    Ok(text.to_owned())
}
