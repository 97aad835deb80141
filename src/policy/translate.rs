//! A grant as a policy.
//!
//! ```cedar
//! @id("0198c7a2-…") @role("billing-support") …
//! permit (
//!   principal == User::"dev@example.com",
//!   action in [Action::"invoices.*"],
//!   resource in Customer::"acme"
//! )
//! when { context.now >= datetime("2026-12-01T09:00:00.000Z") && context.now < datetime("2026-12-01T13:00:00.000Z") }
//! unless { action in [Action::"invoices.delete"] };
//! ```
//!
//! The reason of a grant is never included: a policy is read by machines and by people who may not see it.

use std::collections::BTreeMap;
use std::sync::Arc;

use cedar_policy::{Policy, PolicySet, pst};

use super::PolicyError;
use super::error::reason;
use super::vocabulary::{self, ADDRESS, CALL, MFA_AT, NOW, SESSION, USED_UP};
use crate::model::{
    Conditions, Grant, Networks, Permission, PermissionSet, ResourceId, SIGN_IN_SKEW_MILLIS, Scope, Timestamp, Window,
};

/// The policy of this grant; `None` when the grant was revoked, released, suspended, or has ended on record.
///
/// The policy's id is the grant's. The instant decides nothing here: the window is part of the policy.
///
/// # Errors
/// When Cedar refuses a part of it.
pub fn translate(grant: &Grant) -> Result<Option<Policy>, PolicyError> {
    if !grant.is_effective() {
        return Ok(None);
    }
    let untranslatable = |why: String| PolicyError::Untranslatable { grant: grant.id, reason: why };
    let template = pst::Template::new(
        pst::PolicyID(grant.id.to_string().into()),
        pst::Effect::Permit,
        pst::PrincipalConstraint::Eq(entity(vocabulary::principal(&grant.holder)?)),
        actions(&grant.permissions)?,
        resources(&grant.scope)?,
    )
    .try_with_clauses(clauses(grant)?)
    .map_err(|error| untranslatable(reason(&error)))?
    .with_annotations(annotations(grant));
    let body = pst::StaticPolicy::try_from(template).map_err(|error| untranslatable(reason(&error)))?;
    Policy::from_pst(body.into()).map(Some).map_err(|error| untranslatable(reason(&error)))
}

/// The policies that are these grants, as one set. Grants without a policy add nothing.
///
/// # Errors
/// As for [`translate`], and when two grants have one id.
pub fn policies<'a>(grants: impl IntoIterator<Item = &'a Grant>) -> Result<PolicySet, PolicyError> {
    let mut set = PolicySet::new();
    for grant in grants {
        if let Some(policy) = translate(grant)? {
            set.add(policy).map_err(|_| PolicyError::Duplicate { grant: grant.id })?;
        }
    }
    Ok(set)
}

/// One action is named, more are listed: a group is in a list even when it is alone.
fn actions(permissions: &PermissionSet) -> Result<pst::ActionConstraint, PolicyError> {
    Ok(match permissions.allowed() {
        [one] if one.wildcard_prefix().is_none() => pst::ActionConstraint::Eq(vocabulary::permission(one)?.into()),
        several => pst::ActionConstraint::In(uids(several)?),
    })
}

/// The scope in the head of a policy, which can contain a kind and one resource.
fn resources(scope: &Scope) -> Result<pst::ResourceConstraint, PolicyError> {
    use pst::ResourceConstraint::{Any, Eq, In, Is, IsIn};
    let kind = scope.kind().map(|kind| entity_type(&vocabulary::resource_type(kind))).transpose()?;
    if let Some((own, _)) = scope.part() {
        return Ok(Eq(uid(own)?));
    }
    Ok(match (kind, scope.things().next()) {
        (None, None) => Any,
        (Some(kind), None) => Is(kind),
        // The resource and everything whose parent it is: that is the meaning of `in`.
        (None, Some(thing)) => In(uid(thing)?),
        (Some(_), Some(thing)) if scope.kind() == Some(thing.kind()) => Eq(uid(thing)?),
        (Some(kind), Some(thing)) => IsIn(kind, uid(thing)?),
    })
}

/// The resource that does not fit into the head of the policy.
fn also_in(scope: &Scope) -> Option<&ResourceId> {
    scope.part().map(|(_, parent)| parent).or_else(|| scope.things().nth(1))
}

fn uid(thing: &ResourceId) -> Result<pst::EntityOrSlot, PolicyError> {
    vocabulary::thing(thing).map(entity)
}

fn clauses(grant: &Grant) -> Result<Vec<pst::Clause>, PolicyError> {
    let mut clauses = vec![pst::Clause::When(within(grant.window))];
    if let Some(thing) = also_in(&grant.scope) {
        clauses.push(pst::Clause::When(binary(
            pst::BinaryOp::In,
            pst::Expr::Var(pst::Var::Resource).into(),
            pst::Expr::Literal(pst::Literal::EntityUID(vocabulary::thing(thing)?.into())).into(),
        )));
    }
    let excepted = grant.permissions.excepted();
    if !excepted.is_empty() {
        // One list and not a chain of `||`: a chain nests as deep as it is long.
        let list = uids(excepted)?.into_iter().map(|uid| pst::Expr::Literal(pst::Literal::EntityUID(uid)).into());
        clauses.push(pst::Clause::Unless(binary(
            pst::BinaryOp::In,
            pst::Expr::Var(pst::Var::Action).into(),
            pst::Expr::Set(list.collect()).into(),
        )));
    }
    clauses.extend(conditions(grant).into_iter().map(pst::Clause::When));
    Ok(clauses)
}

/// A clause for each condition: `context has session && context.session == "task-42"`. A missing value meets no
/// condition.
fn conditions(grant: &Grant) -> Vec<Arc<pst::Expr>> {
    let Conditions { mfa_within, networks, session, max_uses, call } = &grant.conditions;
    let mfa = mfa_within.map(|within| {
        // Adding to `now`, which is in the window here, cannot overflow; adding to a host's instant could, and a policy
        // that fails is skipped.
        let fresh = binary(pst::BinaryOp::Less, later(now(), -within.millis()), attribute(MFA_AT));
        let not_ahead = binary(pst::BinaryOp::LessEq, attribute(MFA_AT), later(now(), SIGN_IN_SKEW_MILLIS));
        given(MFA_AT, binary(pst::BinaryOp::And, fresh, not_ahead))
    });
    let in_range = |network: String| {
        let network = pst::Expr::UnaryOp { op: pst::UnaryOp::Ip, expr: text(&network) }.into();
        binary(pst::BinaryOp::IsInRange, attribute(ADDRESS), network)
    };
    let any = |all: &Networks| all.texts().map(in_range).reduce(|one, two| binary(pst::BinaryOp::Or, one, two));
    let networks = networks.as_ref().and_then(any).map(|any| given(ADDRESS, any));
    let session = session
        .as_ref()
        .map(|session| given(SESSION, binary(pst::BinaryOp::Eq, attribute(SESSION), text(session.as_str()))));
    let call = call.as_ref().map(|call| given(CALL, binary(pst::BinaryOp::Eq, attribute(CALL), text(call.as_str()))));
    let uses = max_uses.map(|_| {
        let used_up = binary(pst::BinaryOp::Contains, attribute(USED_UP), text(&grant.id.to_string()));
        given(USED_UP, pst::Expr::UnaryOp { op: pst::UnaryOp::Not, expr: used_up }.into())
    });
    [mfa, networks, session, call, uses].into_iter().flatten().collect()
}

/// `context has name && holds`.
fn given(name: &str, holds: Arc<pst::Expr>) -> Arc<pst::Expr> {
    let has =
        pst::Expr::HasAttr { expr: pst::Expr::Var(pst::Var::Context).into(), attrs: pst::NonEmpty::new(name.into()) };
    binary(pst::BinaryOp::And, has.into(), holds)
}

fn attribute(name: &str) -> Arc<pst::Expr> {
    pst::Expr::GetAttr { expr: pst::Expr::Var(pst::Var::Context).into(), attr: name.into() }.into()
}

fn later(instant: Arc<pst::Expr>, millis: i64) -> Arc<pst::Expr> {
    let duration = pst::Expr::UnaryOp { op: pst::UnaryOp::Duration, expr: text(&format!("{millis}ms")) }.into();
    binary(pst::BinaryOp::Offset, instant, duration)
}

fn text(text: &str) -> Arc<pst::Expr> {
    pst::Expr::Literal(pst::Literal::String(text.into())).into()
}

/// `context.now >= start && context.now < end`: at its start a window holds, at its end it does not.
fn within(window: Window) -> Arc<pst::Expr> {
    let begun = binary(pst::BinaryOp::GreaterEq, now(), instant(window.start()));
    let not_over = binary(pst::BinaryOp::Less, now(), instant(window.end()));
    binary(pst::BinaryOp::And, begun, not_over)
}

fn now() -> Arc<pst::Expr> {
    attribute(NOW)
}

fn instant(at: Timestamp) -> Arc<pst::Expr> {
    pst::Expr::UnaryOp { op: pst::UnaryOp::Datetime, expr: text(&at.to_string()) }.into()
}

fn binary(op: pst::BinaryOp, left: Arc<pst::Expr>, right: Arc<pst::Expr>) -> Arc<pst::Expr> {
    pst::Expr::BinaryOp { op, left, right }.into()
}

fn annotations(grant: &Grant) -> BTreeMap<String, pst::SmolStr> {
    let mut annotations = BTreeMap::from([
        ("id".to_owned(), grant.id.to_string().into()),
        ("role".to_owned(), grant.role.as_str().into()),
        ("request".to_owned(), grant.request.to_string().into()),
        ("approved_by".to_owned(), grant.approved_by.to_string().into()),
    ]);
    if let Some(owed) = &grant.break_glass {
        annotations.insert("break_glass".to_owned(), "true".into());
        if owed.drill {
            annotations.insert("drill".to_owned(), "true".into());
        }
    }
    if let Some(ticket) = &grant.details.ticket_url {
        annotations.insert("ticket".to_owned(), ticket.as_str().into());
    }
    annotations
}

fn entity_type(name: &str) -> Result<pst::EntityType, PolicyError> {
    let name = pst::Name::unqualified(name).map_err(|error| PolicyError::Schema { reason: reason(&error) })?;
    Ok(pst::EntityType::from_name(name))
}

fn entity(uid: cedar_policy::EntityUid) -> pst::EntityOrSlot {
    pst::EntityOrSlot::Entity(uid.into())
}

fn uids(permissions: &[Permission]) -> Result<Vec<pst::EntityUID>, PolicyError> {
    permissions.iter().map(|one| Ok(vocabulary::permission(one)?.into())).collect()
}
