//! What a request is for: role, permissions, resource, duration and conditions.

use crate::model::{
    Conditions, Cut, Details, DurationCut, EmptyPart, Extension, Invalid, Networks, Permission, PermissionSet, Role,
    RoleName, SIGN_IN_SKEW_MILLIS, Scope, Terms, Timestamp, Ttl,
};
use crate::workflow::{Refusal, RefusalCode, Rules};

/// How far ahead a start may be.
const MAX_AHEAD_MILLIS: i64 = 366 * 24 * 3_600_000;

/// The role with this name in the catalogue, for an existing request or grant.
pub(super) fn role_of<'a>(name: &RoleName, rules: &'a Rules) -> Result<&'a Role, Refusal> {
    rules.catalogue.get(name).ok_or_else(|| {
        let message = format!("there is no role {} any more", Invalid::quote(name.as_str()));
        Refusal::new(RefusalCode::UnknownRole, message)
    })
}

/// What the role would give: its permissions without reserved ones, under its conditions and these.
pub(super) fn terms_of(
    role: &Role,
    scope: &Scope,
    duration: Ttl,
    conditions: &Conditions,
    reserved: &[Permission],
) -> Result<Terms, Refusal> {
    part_of(role, None, scope, duration, conditions, reserved)
}

/// The same of fewer permissions than the role has.
pub(super) fn part_of(
    role: &Role,
    wanted: Option<&PermissionSet>,
    scope: &Scope,
    duration: Ttl,
    conditions: &Conditions,
    reserved: &[Permission],
) -> Result<Terms, Refusal> {
    let requestable = requestable(role, reserved)?;
    let permissions = match wanted {
        None => requestable,
        Some(wanted) => requestable.intersection(wanted).ok_or_else(|| {
            let given: Vec<_> = requestable.allowed().iter().map(ToString::to_string).collect();
            let message =
                format!("the role `{}` gives none of these permissions: it gives {}", role.name, given.join(", "));
            Refusal::new(RefusalCode::EmptyPart, message)
        })?,
    };
    let terms = Terms { permissions, scope: scope.clone(), duration, conditions: role.conditions.clone() };
    let cut = Cut { conditions: conditions.clone(), ..Cut::default() };
    terms.cut(&cut).map_err(|nothing| nothing_left(&terms, nothing))
}

fn requestable(role: &Role, reserved: &[Permission]) -> Result<PermissionSet, Refusal> {
    role.permissions.difference(reserved).ok_or_else(|| {
        Refusal::new(
            RefusalCode::NothingToGrant,
            format!("every permission of the role `{}` is in `reserved_permissions`", role.name),
        )
    })
}

/// The longest grant of the role, and the key of that limit.
pub(super) fn longest(role: &Role, rules: &Rules) -> (Ttl, String) {
    match role.max_duration {
        Some(max) if max < rules.max_duration => (max, format!("roles.{}.max_duration_hours", role.name)),
        _ => (rules.max_duration, "max_duration_hours".to_owned()),
    }
}

/// The length of the grant, and the limit that shortened it.
pub(super) fn limited(asked: Option<Ttl>, role: &Role, rules: &Rules) -> (Ttl, Option<DurationCut>) {
    let wanted = asked.or(role.default_duration).unwrap_or(rules.default_duration);
    let (limit, key) = longest(role, rules);
    if wanted > limit { (limit, Some(DurationCut { asked: wanted, limit: key.into() })) } else { (wanted, None) }
}

/// The length of an extension, and the limit that shortened it.
pub(super) fn limited_in_all(
    asked: Option<Ttl>,
    extension: &Extension,
    start: Timestamp,
    role: &Role,
    rules: &Rules,
) -> Result<(Ttl, Option<DurationCut>), Refusal> {
    let (duration, cut) = limited(asked, role, rules);
    let longest = longest(role, rules).0.millis();
    let grants = i64::from(rules.max_extensions).saturating_add(1);
    let total = rules.max_total_duration.map_or_else(|| longest.saturating_mul(grants), Ttl::millis);
    let left = total.saturating_sub(start.millis() - extension.since.millis());
    let Ok(left) = Ttl::from_millis(left.min(Ttl::MAX.millis())) else {
        let message = "a grant and its extensions last no longer than `max_total_duration_hours` together";
        return Err(Refusal::new(RefusalCode::ExtensionLimit, message));
    };
    if duration <= left {
        return Ok((duration, cut));
    }
    let asked = cut.map_or(duration, |cut| cut.asked);
    Ok((left, Some(DurationCut { asked, limit: "max_total_duration_hours".into() })))
}

/// Whether a start is past. The clocks of two machines are never quite equal, and many clients write whole seconds: so a start
/// of a moment ago is now.
pub(super) fn is_past(start: Timestamp, now: Timestamp) -> bool {
    now.millis().saturating_sub(start.millis()) > SIGN_IN_SKEW_MILLIS
}

/// Checks that a start is neither past nor too far ahead.
pub(super) fn check_start(start: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if is_past(start, now) {
        return Err(Refusal::new(RefusalCode::StartsInThePast, format!("`starts_at` is {start}, and it is {now} now")));
    }
    if start.millis() - now.millis() > MAX_AHEAD_MILLIS {
        return Err(Refusal::new(RefusalCode::StartsTooLate, format!("`starts_at` is {start}, more than a year away")));
    }
    Ok(())
}

/// Checks that a reason and a ticket are given, if required.
pub(super) fn check_details(details: &Details, rules: &Rules) -> Result<(), Refusal> {
    if rules.require_justification && details.justification.is_none() {
        return Err(Refusal::new(RefusalCode::JustificationRequired, "say in `reason` why you need this role"));
    }
    if rules.require_ticket_url && details.ticket_url.is_none() {
        return Err(Refusal::new(
            RefusalCode::TicketRequired,
            "give in `ticket_url` the address of the ticket that this is for",
        ));
    }
    Ok(())
}

/// Why a cut leaves nothing of `terms`, which are the requested ones less earlier cuts.
pub(super) fn nothing_left(terms: &Terms, nothing: EmptyPart) -> Refusal {
    let message = match nothing {
        EmptyPart::Permissions => {
            let asked: Vec<_> = terms.permissions.allowed().iter().map(ToString::to_string).collect();
            format!("nothing would be left of the permissions: asked for is {}", asked.join(", "))
        }
        EmptyPart::Scope => format!("nothing would be left of the resource: asked for is {}", terms.scope),
        EmptyPart::Networks => {
            let networks: Vec<_> = terms.conditions.networks.iter().flat_map(Networks::texts).collect();
            format!("nothing would be left of the networks: it is for {} already", networks.join(", "))
        }
        EmptyPart::Session => {
            let session = terms.conditions.session.as_ref().map_or_else(String::new, ToString::to_string);
            format!("it is for the session `{session}` alone, and cannot be for another one")
        }
        EmptyPart::Call => "it is for one exact call of a tool, and cannot be for another one".to_owned(),
    };
    Refusal::new(RefusalCode::EmptyPart, message)
}
