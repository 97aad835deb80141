//! The question as the index reads it: bytes, and no more of them than the answer needs.

use crate::model::{Context, PrincipalKind, Query, RawQuery, ResourceKind};

/// A question in canonical form. A principal that holds nothing costs no more than its own name.
pub(crate) trait Ask {
    fn principal(&self) -> (PrincipalKind, &[u8]);
    fn action(&self) -> &[u8];
    fn is_reserved(&self) -> bool;
    fn resource(&self) -> (ResourceKind, &[u8], Option<&[u8]>);
    /// What the host knows besides.
    fn context(&self) -> Option<&Context>;
    /// All of it, for the record.
    fn with_raw<R>(&self, look: impl FnOnce(&RawQuery<'_>) -> R) -> R;
}

impl Ask for Query<'_> {
    #[inline]
    fn principal(&self) -> (PrincipalKind, &[u8]) {
        (self.principal.kind(), self.principal.id().as_bytes())
    }

    #[inline]
    fn action(&self) -> &[u8] {
        self.action.name().as_bytes()
    }

    #[inline]
    fn is_reserved(&self) -> bool {
        self.action.is_reserved()
    }

    #[inline]
    fn resource(&self) -> (ResourceKind, &[u8], Option<&[u8]>) {
        (self.resource.kind(), self.resource.id().as_bytes(), self.resource.server().map(str::as_bytes))
    }

    fn context(&self) -> Option<&Context> {
        None
    }

    fn with_raw<R>(&self, look: impl FnOnce(&RawQuery<'_>) -> R) -> R {
        look(&(*self).into())
    }
}

impl Ask for RawQuery<'_> {
    #[inline]
    fn principal(&self) -> (PrincipalKind, &[u8]) {
        (self.principal_kind(), self.principal().as_bytes())
    }

    #[inline]
    fn action(&self) -> &[u8] {
        self.action().as_bytes()
    }

    #[inline]
    fn is_reserved(&self) -> bool {
        self.is_reserved()
    }

    #[inline]
    fn resource(&self) -> (ResourceKind, &[u8], Option<&[u8]>) {
        (self.resource_kind(), self.resource_id().as_bytes(), self.server().map(str::as_bytes))
    }

    fn context(&self) -> Option<&Context> {
        self.context()
    }

    #[inline]
    fn with_raw<R>(&self, look: impl FnOnce(&RawQuery<'_>) -> R) -> R {
        look(self)
    }
}
