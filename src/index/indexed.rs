//! A grant as the index reads it.

use crate::model::{Grant, GrantId, Holding, PermissionSet, Principal, Scope, Window};

/// Holder, permissions, scope and window of a grant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IndexedGrant<'a> {
    pub(super) id: GrantId,
    pub(super) holder: &'a Principal,
    pub(super) permissions: &'a PermissionSet,
    pub(super) scope: &'a Scope,
    pub(super) window: Window,
}

impl<'a> IndexedGrant<'a> {
    /// A grant, unless it gives nothing: then it is not indexed, and does not change another one with its id.
    pub(crate) fn of(grant: &'a Grant) -> Option<Self> {
        grant.is_effective().then(|| grant.into())
    }
}

impl<'a> From<&'a Grant> for IndexedGrant<'a> {
    fn from(Grant { id, holder, permissions, scope, window, .. }: &'a Grant) -> Self {
        Self { id: *id, holder, permissions, scope, window: *window }
    }
}

impl<'a> From<&'a Holding> for IndexedGrant<'a> {
    fn from(Holding { id, holder, permissions, scope, window }: &'a Holding) -> Self {
        Self { id: *id, holder, permissions, scope, window: *window }
    }
}
