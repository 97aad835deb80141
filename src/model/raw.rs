//! The question of a check as borrowed text.
//!
//! Hosts in other languages ask with text, and nearly every question is about somebody who holds nothing. So text is only
//! checked here, and becomes values when a use has to be recorded.

use std::borrow::Cow;

use super::{Action, Context, Invalid, Principal, PrincipalKind, Query, Resource, ResourceKind};

/// The question: may this principal do this to that? Checked, and in canonical form.
///
/// ```
/// use jit_access::model::{PrincipalKind, RawQuery};
///
/// let query = RawQuery::new((PrincipalKind::User, "dev@example.com"), "tools.execute", Some("tool:deploy"), None)?;
/// assert_eq!((query.action(), query.resource_id()), ("tools.execute", "deploy"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawQuery<'a> {
    principal_kind: PrincipalKind,
    principal: Cow<'a, str>,
    action: &'a str,
    resource_kind: ResourceKind,
    resource_id: &'a str,
    server: Option<&'a str>,
    context: Option<&'a Context>,
}

impl<'a> RawQuery<'a> {
    /// The question in these words; a resource is written as [`Resource`] reads it, and none is the gateway. Allocates
    /// nothing when the name of the principal is plain: at most 64 lower-case letters, digits and `._+-`, an address at most.
    ///
    /// # Errors
    /// As for [`Principal::new`], [`Action::new`], [`Resource::new`] and [`Resource::on_server`].
    #[inline]
    pub fn new(
        principal: (PrincipalKind, &'a str),
        action: &'a str,
        resource: Option<&'a str>,
        server: Option<&'a str>,
    ) -> Result<Self, Invalid> {
        let (principal_kind, name) = principal;
        let principal = super::principal::canonical(name)?;
        Action::check(action)?;
        let (resource_kind, resource_id) = thing(resource, server)?;
        Ok(Self { principal_kind, principal, action, resource_kind, resource_id, server, context: None })
    }

    /// The question about the gateway, to be asked [`RawQuery::about`] other things.
    ///
    /// # Errors
    /// As for [`RawQuery::new`].
    #[inline]
    pub fn asker(principal: (PrincipalKind, &'a str), action: &'a str) -> Result<Self, Invalid> {
        Self::new(principal, action, None, None)
    }

    /// The same principal and action, about another thing.
    ///
    /// # Errors
    /// As for [`Resource::new`] and [`Resource::on_server`].
    #[inline]
    pub fn about(mut self, resource: Option<&'a str>, server: Option<&'a str>) -> Result<Self, Invalid> {
        (self.resource_kind, self.resource_id) = thing(resource, server)?;
        self.server = server;
        Ok(self)
    }

    /// The question whose parts were checked before.
    pub(crate) const fn from_checked(
        (principal_kind, principal): (PrincipalKind, &'a str),
        action: &'a str,
        (resource_kind, resource_id): (ResourceKind, &'a str),
        server: Option<&'a str>,
    ) -> Self {
        let principal = Cow::Borrowed(principal);
        Self { principal_kind, principal, action, resource_kind, resource_id, server, context: None }
    }

    /// The same question, with what the host knows besides. Only grants with conditions look at it.
    #[must_use]
    pub const fn given(mut self, context: &'a Context) -> Self {
        self.context = Some(context);
        self
    }

    /// What the host knows besides.
    #[must_use]
    pub const fn context(&self) -> Option<&'a Context> {
        self.context
    }

    /// A person or an agent.
    #[must_use]
    pub const fn principal_kind(&self) -> PrincipalKind {
        self.principal_kind
    }

    /// The canonical name.
    #[must_use]
    pub fn principal(&self) -> &str {
        &self.principal
    }

    /// The name of the action.
    #[must_use]
    pub const fn action(&self) -> &'a str {
        self.action
    }

    /// Whether the action administers the library itself.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        super::permission::is_reserved(self.action)
    }

    /// What kind of thing it is about.
    #[must_use]
    pub const fn resource_kind(&self) -> ResourceKind {
        self.resource_kind
    }

    /// The id of the thing it is about.
    #[must_use]
    pub const fn resource_id(&self) -> &'a str {
        self.resource_id
    }

    /// The server that the thing belongs to.
    #[must_use]
    pub const fn server(&self) -> Option<&'a str> {
        self.server
    }

    /// The question as values.
    #[must_use]
    pub fn to_values(&self) -> (Principal, Action, Resource) {
        (
            Principal::from_canonical(self.principal_kind, &self.principal),
            Action::from_checked(self.action),
            Resource::from_checked(self.resource_kind, self.resource_id, self.server),
        )
    }
}

/// The kind and id of what is asked about, which may be a part of that server.
#[inline]
fn thing<'a>(resource: Option<&'a str>, server: Option<&str>) -> Result<(ResourceKind, &'a str), Invalid> {
    let (kind, id) = resource.map_or(Ok(Resource::GATEWAY), Resource::read)?;
    if let Some(server) = server {
        Resource::check_server(kind, server)?;
    }
    Ok((kind, id))
}

impl<'a> From<Query<'a>> for RawQuery<'a> {
    fn from(query: Query<'a>) -> Self {
        Self {
            principal_kind: query.principal.kind(),
            principal: Cow::Borrowed(query.principal.id()),
            action: query.action.name(),
            resource_kind: query.resource.kind(),
            resource_id: query.resource.id(),
            server: query.resource.server(),
            context: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(
        (kind, name): (PrincipalKind, &str),
        action: &str,
        resource: Option<&str>,
        server: Option<&str>,
    ) -> Result<(Principal, Action, Resource), Invalid> {
        let principal = Principal::new(kind, name)?;
        let action = Action::new(action)?;
        let mut resource = resource.map_or_else(|| Ok(Resource::gateway()), str::parse)?;
        if let Some(server) = server {
            resource = resource.on_server(server)?;
        }
        Ok((principal, action, resource))
    }

    proptest! {
        #[test]
        fn text_means_what_the_values_mean(
            name in "[a-zA-Z0-9@. ]{0,12}|[a-z]{1,5}@[a-z]{1,5}|\\PC{0,5}",
            action in "[a-z.:_-]{0,8}|[a-z]{1,3}(\\.[a-z]{1,3}){0,3}|\\PC{0,4}",
            resource in prop::option::of("(tool|server|gateway|resource|thing):\\PC{0,6}|\\PC{0,6}|gateway"),
            server in prop::option::of("\\PC{0,4}|a\u{1}"),
        ) {
            let principal = (PrincipalKind::User, name.as_str());
            let raw = RawQuery::new(principal, &action, resource.as_deref(), server.as_deref());
            let values = values(principal, &action, resource.as_deref(), server.as_deref());
            prop_assert_eq!(raw.clone().map(|raw| raw.to_values()), values.clone());
            if let (Ok(raw), Ok((principal, action, resource))) = (raw, values) {
                prop_assert_eq!(raw, Query { principal: &principal, action: &action, resource: &resource }.into());
            }
        }
    }
}
