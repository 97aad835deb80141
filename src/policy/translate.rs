//! Which policy is this grant.
//!
//! ```cedar
//! @id("0198c7a2-…") @role("incident-responder") …
//! permit (
//!   principal == User::"dev@example.com",
//!   action in [Action::"tools.*"],
//!   resource in Server::"billing"
//! )
//! when { context.now >= datetime("2026-12-01T09:00:00.000Z") && context.now < datetime("2026-12-01T13:00:00.000Z") }
//! unless { action in [Action::"tools.delete"] };
//! ```
//!
//! Why a grant was asked for never enters: a policy is read by machines and by people without a right to know.

use std::collections::BTreeMap;
use std::sync::Arc;

use cedar_policy::{Policy, PolicySet, pst};

use super::PolicyError;
use super::error::reason;
use super::vocabulary::{self, NOW};
use crate::model::{Grant, Permission, PermissionSet, Scope, Timestamp, Window};

/// The policy that is this grant; `None` when the grant was taken away, was given back, is held
/// back, or is on record as over.
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

/// One action is named, more are listed: a group stands in a list even when it is alone.
fn actions(permissions: &PermissionSet) -> Result<pst::ActionConstraint, PolicyError> {
    Ok(match permissions.allowed() {
        [one] if one.wildcard_prefix().is_none() => pst::ActionConstraint::Eq(vocabulary::permission(one)?.into()),
        several => pst::ActionConstraint::In(uids(several)?),
    })
}

fn resources(scope: &Scope) -> Result<pst::ResourceConstraint, PolicyError> {
    use pst::ResourceConstraint::{Any, Eq, In, Is, IsIn};
    let kind = scope.kind().map(|kind| entity_type(vocabulary::resource_type(kind))).transpose()?;
    Ok(match (kind, one(scope)?, server(scope)?) {
        (_, Some(one), _) => Eq(pst::EntityOrSlot::Entity(one)),
        (None, None, None) => Any,
        (Some(kind), None, None) => Is(kind),
        // A server stands for itself and everything in it, and `in` is just that.
        (None, None, Some(server)) => In(pst::EntityOrSlot::Entity(server)),
        (Some(kind), None, Some(server)) => IsIn(kind, pst::EntityOrSlot::Entity(server)),
    })
}

/// The one thing that a scope is narrowed to.
fn one(scope: &Scope) -> Result<Option<pst::EntityUID>, PolicyError> {
    let (Some(kind), Some(id)) = (scope.kind(), scope.id()) else { return Ok(None) };
    Ok(Some(vocabulary::uid(vocabulary::resource_type(kind), id)?.into()))
}

fn server(scope: &Scope) -> Result<Option<pst::EntityUID>, PolicyError> {
    scope.server().map(|id| Ok(vocabulary::server(id)?.into())).transpose()
}

fn clauses(grant: &Grant) -> Result<Vec<pst::Clause>, PolicyError> {
    let mut clauses = vec![pst::Clause::When(within(grant.window))];
    // The head of a policy has room for one thing or for what it is part of.
    if let (Some(_), Some(server)) = (grant.scope.id(), server(&grant.scope)?) {
        clauses.push(pst::Clause::When(binary(
            pst::BinaryOp::In,
            pst::Expr::Var(pst::Var::Resource).into(),
            pst::Expr::Literal(pst::Literal::EntityUID(server)).into(),
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
    Ok(clauses)
}

/// `context.now >= start && context.now < end`: at its start a window holds, at its end it does not.
fn within(window: Window) -> Arc<pst::Expr> {
    let begun = binary(pst::BinaryOp::GreaterEq, now(), instant(window.start()));
    let not_over = binary(pst::BinaryOp::Less, now(), instant(window.end()));
    binary(pst::BinaryOp::And, begun, not_over)
}

fn now() -> Arc<pst::Expr> {
    pst::Expr::GetAttr { expr: pst::Expr::Var(pst::Var::Context).into(), attr: NOW.into() }.into()
}

fn instant(at: Timestamp) -> Arc<pst::Expr> {
    let text = pst::Expr::Literal(pst::Literal::String(at.to_string().into())).into();
    pst::Expr::UnaryOp { op: pst::UnaryOp::Datetime, expr: text }.into()
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
    if let Some(ticket) = &grant.ticket {
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
