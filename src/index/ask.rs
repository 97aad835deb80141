//! The question as the index reads it: bytes, and no more of them than the answer needs.

use crate::model::{Context, PrincipalKind, Query, RawQuery, ResourceId};

/// The kind and the id of a thing.
pub(crate) type Thing<'a> = (&'a [u8], &'a [u8]);

/// A question in canonical form. A principal that holds nothing costs no more than its own name.
pub(crate) trait Ask {
    fn principal(&self) -> (PrincipalKind, &[u8]);
    fn action(&self) -> &[u8];
    fn is_reserved(&self) -> bool;
    /// The thing, and its parent.
    fn resource(&self) -> (Thing<'_>, Option<Thing<'_>>);
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
    fn resource(&self) -> (Thing<'_>, Option<Thing<'_>>) {
        (bytes_of(self.resource.thing()), self.resource.parent().map(bytes_of))
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
    fn resource(&self) -> (Thing<'_>, Option<Thing<'_>>) {
        let parent = self.parent().map(|(kind, id)| (kind.as_bytes(), id.as_bytes()));
        ((self.resource_kind().as_bytes(), self.resource_id().as_bytes()), parent)
    }

    fn context(&self) -> Option<&Context> {
        self.context()
    }

    #[inline]
    fn with_raw<R>(&self, look: impl FnOnce(&RawQuery<'_>) -> R) -> R {
        look(self)
    }
}

#[inline]
fn bytes_of(thing: &ResourceId) -> Thing<'_> {
    (thing.kind().name().as_bytes(), thing.id().as_bytes())
}
