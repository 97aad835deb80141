//! What the current rules leave of an older request.
//!
//! A request may wait for days, and the operator may tighten the rules meanwhile. So an approval applies the current
//! rules: it cuts what they no longer allow, and the record names the limit.

use super::terms::{limited, limited_in_all, nothing_left};
use crate::model::{AccessRequest, Conditions, Cut, Justification, Terms};
use crate::workflow::{Refusal, RefusalCode, Rules};

/// What the current rules remove from `terms`, and the keys of the limits.
pub(super) fn todays_cut(request: &AccessRequest, terms: &Terms, rules: &Rules) -> Result<(Cut, Vec<String>), Refusal> {
    let Some(role) = rules.catalogue.get(&request.role) else {
        let message = format!("the role `{}` is not in the catalogue any more; deny this request", request.role);
        return Err(Refusal::new(RefusalCode::NothingToGrant, message));
    };
    check_details(request, rules)?;
    let key = |name: &str| format!("roles.{}.{name}", role.name);
    let nothing = |limit: &str| {
        let message = format!("`{limit}` leaves nothing of what this request is for; deny it");
        Err(Refusal::new(RefusalCode::NothingToGrant, message))
    };
    let (mut cut, mut limits) = (Cut::default(), Vec::new());
    let of_role = match terms.permissions.intersection(&role.permissions) {
        Some(of_role) => of_role,
        None => return nothing(&key("permissions")),
    };
    let Some(permissions) = of_role.difference(rules.reserved(false)) else { return nothing("reserved_permissions") };
    if of_role != terms.permissions {
        limits.push(key("permissions"));
    }
    if permissions != of_role {
        limits.push("reserved_permissions".to_owned());
    }
    cut.permissions = (permissions != terms.permissions).then_some(permissions);
    let asked = Some(terms.duration);
    let limited = match (&request.extends, request.starts_at) {
        (Some(extension), Some(start)) => limited_in_all(asked, extension, start, role, rules)?,
        _ => limited(asked, role, rules),
    };
    if let (duration, Some(shorter)) = limited {
        cut.duration = Some(duration);
        limits.push(shorter.limit.to_string());
    }
    if !terms.conditions.is_within(&role.conditions) {
        cut.conditions = role.conditions.clone();
        limits.push(key("conditions"));
    }
    Ok((cut, limits))
}

/// Checks that the request has what the operator requires by now.
fn check_details(request: &AccessRequest, rules: &Rules) -> Result<(), Refusal> {
    let lacks = |code, key: &str, what: &str| {
        let message =
            format!("this request has no {what}, and `{key}` is set by now; deny it, so that it is made again");
        Err(Refusal::new(code, message))
    };
    if rules.require_justification && request.details.justification.is_none() {
        return lacks(RefusalCode::JustificationRequired, "require_justification", "reason");
    }
    if rules.require_ticket_url && request.details.ticket_url.is_none() {
        return lacks(RefusalCode::TicketRequired, "require_ticket_url", "ticket");
    }
    Ok(())
}

/// Both cuts as one.
pub(super) fn both(terms: &Terms, one: &Cut, two: &Cut) -> Result<Cut, Refusal> {
    let given = terms.cut(one).and_then(|terms| terms.cut(two)).map_err(|nothing| nothing_left(terms, nothing))?;
    let conditions: Conditions = one.conditions.and(&two.conditions).map_err(|nothing| nothing_left(terms, nothing))?;
    Ok(Cut {
        permissions: one.permissions.as_ref().or(two.permissions.as_ref()).map(|_| given.permissions),
        scope: one.scope.as_ref().or(two.scope.as_ref()).map(|_| given.scope),
        duration: one.duration.or(two.duration).map(|_| given.duration),
        conditions,
    })
}

/// The comment of an approval, extended by the limits that cut it.
pub(super) fn naming(comment: Option<Justification>, limits: &[String]) -> Option<Justification> {
    if limits.is_empty() {
        return comment;
    }
    let named = format!("(limited by {})", limits.join(", "));
    let text = comment.as_ref().map_or_else(|| named.clone(), |comment| format!("{comment}\n{named}"));
    // A comment that is as long as it may be stays as it was written; the cut itself is recorded all the same.
    Justification::new(&text).ok().or(comment)
}
