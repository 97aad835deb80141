//! Break-glass access: who, what, and what follows.

use std::path::PathBuf;

use super::reader::Reader;
use super::store::Place;
use crate::model::{Invalid, Permission, Principal, RoleName, Ttl};
use crate::workflow::{BreakGlassRules, Rules};

const ENABLED: &str = "while break_glass.enabled is true";

/// Reads the section, once the rest of the rules is known.
pub(super) fn break_glass(reader: &mut Reader, rules: &Rules, place: &Place<'_>) -> (BreakGlassRules, Option<PathBuf>) {
    let defaults = BreakGlassRules::default();
    let default_duration = defaults.max_duration.min(rules.max_duration);
    let Some(mut section) = reader.section("break_glass") else {
        return (BreakGlassRules { max_duration: default_duration, ..defaults }, None);
    };
    let (offline, folder) = offline(&mut section, place);
    let read = BreakGlassRules {
        enabled: section.flag("enabled").unwrap_or(defaults.enabled),
        eligible_roles: section.list("eligible_roles", RoleName::new).unwrap_or_default(),
        eligible_principals: section.list("eligible_principals", Principal::user).unwrap_or_default(),
        roles: section.list("roles", RoleName::new),
        even_never_auto_approve: section.flag("even_never_auto_approve").unwrap_or(defaults.even_never_auto_approve),
        require_mfa: section.flag("require_mfa").unwrap_or(defaults.require_mfa),
        mfa_within: minutes(&mut section, "mfa_within_minutes").unwrap_or(defaults.mfa_within),
        acr_values: section.list("acr_values", acr_value).unwrap_or_default(),
        trust_mfa_flag: section.flag("trust_mfa_flag").unwrap_or(defaults.trust_mfa_flag),
        max_duration: section.hours("max_duration_hours").unwrap_or(default_duration),
        offline,
        reserved_permissions: section.list("reserved_permissions", Permission::new),
        notify_security_team: section.flag("notify_security_team").unwrap_or(defaults.notify_security_team),
        reviewer_roles: section.list("reviewer_roles", RoleName::new).unwrap_or_default(),
        review_within: section.hours("review_within_hours").unwrap_or(defaults.review_within),
        after_unjustified: section.parsed("after_unjustified", str::parse).unwrap_or(defaults.after_unjustified),
    };
    if read.max_duration > rules.max_duration {
        let expected = format!("at most max_duration_hours, which is {}", rules.max_duration.hours());
        section.refuse("max_duration_hours", format!("is {}", read.max_duration.hours()), expected);
    }
    let reserved = |permission: &&Permission| rules.reserved_permissions.contains(permission);
    if let Some(unknown) = read.reserved_permissions.iter().flatten().find(|permission| !reserved(permission)) {
        let problem = format!("holds {}", Invalid::quote(unknown.as_str()));
        section.refuse("reserved_permissions", problem, "permissions that are in `reserved_permissions` too");
    }
    let never = |role: &&RoleName| !read.even_never_auto_approve && rules.never_auto_approve.roles.contains(role);
    if let Some(both) = read.roles.iter().flatten().find(never) {
        let problem = format!("holds {}, and so does never_auto_approve.roles", Invalid::quote(both.as_str()));
        let remedy = "one of the two, or break_glass.even_never_auto_approve: true";
        section.refuse("roles", problem, remedy);
    }
    if read.enabled && read.eligible_roles.is_empty() && read.eligible_principals.is_empty() {
        let problem = format!("is empty {ENABLED}, and so is eligible_principals");
        let expected = "the host's roles, or the people, who may take access without approval";
        section.refuse("eligible_roles", problem, expected);
    }
    if read.enabled && read.reviewer_roles.is_empty() && rules.approver_roles.is_empty() {
        let problem = format!("is empty {ENABLED}, and so is approver_roles");
        section.refuse("reviewer_roles", problem, "the host's roles of which one has to review such access afterwards");
    }
    if read.offline.is_some() && !read.enabled {
        section.refuse("offline", "is true, and break_glass.enabled is not".to_owned(), "both, or neither");
    }
    if let Some(longest) = read.offline.filter(|longest| *longest > read.max_duration) {
        let minutes = longest.millis() / 60_000;
        let expected = format!("at most break_glass.max_duration_hours, which is {}", read.max_duration.hours());
        section.refuse("offline_max_minutes", format!("is {minutes}"), expected);
    }
    section.finish();
    (read, folder)
}

/// The longest grant that may be taken while the store is unavailable, if any, and the folder where it is recorded.
/// With only a folder, its contents are merged.
fn offline(section: &mut Reader, place: &Place<'_>) -> (Option<Ttl>, Option<PathBuf>) {
    const DEFAULT_MILLIS: i64 = 30 * 60_000;
    let is_on = section.flag("offline").unwrap_or(false);
    let longest = minutes(section, "offline_max_minutes").or_else(|| Ttl::from_millis(DEFAULT_MILLIS).ok());
    let folder = section.text("offline_folder").filter(|path| !path.trim().is_empty());
    if is_on && folder.is_none() {
        let expected = "a folder of this machine that the account of the process alone can use";
        section.refuse("offline_folder", "is missing while break_glass.offline is true".to_owned(), expected);
    }
    let resolved = folder.map(|path| place.resolve(&section.key("offline_folder"), &path));
    let folder = resolved.and_then(|resolved| section.findings().ok(resolved));
    (longest.filter(|_| is_on), folder)
}

fn minutes(section: &mut Reader, name: &str) -> Option<Ttl> {
    let minutes = section.count(name, 1..=1_440)?;
    section.findings().ok(Ttl::from_millis(i64::try_from(minutes).unwrap_or(i64::MAX).saturating_mul(60_000)))
}

/// A name that is valid in the header of RFC 9470.
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
