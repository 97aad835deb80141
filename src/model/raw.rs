//! The query of a check as borrowed text.
//!
//! Hosts in other languages check text. It is read here without making values of it; those are made when a use has to be
//! recorded.

use std::borrow::Cow;

use super::{Action, Context, Invalid, Principal, PrincipalKind, Query, Resource, ResourceId};

/// A query that was read: its text is valid and in canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawQuery<'a> {
    principal_kind: PrincipalKind,
    principal: Cow<'a, str>,
    action: &'a str,
    /// Kind and id.
    resource: (&'a str, &'a str),
    parent: Option<(&'a str, &'a str)>,
    context: Option<&'a Context>,
}

impl<'a> RawQuery<'a> {
    /// The question in these words. The resource is written `tool:deploy`, and is [`Resource::everything`] when left
    /// out; its parent is written in the same way, `server:s1`. Allocates nothing when the name of the
    /// principal is plain: at most 64 lower-case letters, digits and `._+-`, an address at most.
    ///
    /// # Errors
    /// As for [`Principal::new`], [`Action::new`], [`Resource::new`] and [`Resource::with_parent`].
    #[inline]
    pub(crate) fn new(
        principal: (PrincipalKind, &'a str),
        action: &'a str,
        resource: Option<&'a str>,
        parent: Option<&'a str>,
    ) -> Result<Self, Invalid> {
        let (kind, name) = principal;
        Self::with_principal((kind, super::principal::canonical(name)?), action, resource, parent)
    }

    /// The same, with a principal whose name is canonical.
    #[inline]
    pub(crate) fn with_principal(
        (principal_kind, principal): (PrincipalKind, Cow<'a, str>),
        action: &'a str,
        resource: Option<&'a str>,
        parent: Option<&'a str>,
    ) -> Result<Self, Invalid> {
        Action::check(action)?;
        let (resource, parent) = thing(resource, parent)?;
        Ok(Self { principal_kind, principal, action, resource, parent, context: None })
    }

    /// The same for nearly every question, in less time. `None` means unknown.
    #[inline(always)]
    pub(crate) fn plain(
        (principal_kind, principal): (PrincipalKind, &'a str),
        action: &'a str,
        resource: Option<&'a str>,
        parent: Option<&'a str>,
    ) -> Option<Self> {
        let resource = ResourceId::read_plain(resource?)?;
        let parent = match parent {
            None => None,
            Some(parent) => {
                let parent = ResourceId::read_plain(parent)?;
                if parent.0 == resource.0 {
                    return None;
                }
                Some(parent)
            }
        };
        let principal = Cow::Borrowed(principal);
        Action::is_plain(action).then_some(Self { principal_kind, principal, action, resource, parent, context: None })
    }

    /// The question with parts that were checked before.
    pub(crate) const fn from_checked(
        (principal_kind, principal): (PrincipalKind, &'a str),
        action: &'a str,
        resource: (&'a str, &'a str),
        parent: Option<(&'a str, &'a str)>,
    ) -> Self {
        let principal = Cow::Borrowed(principal);
        Self { principal_kind, principal, action, resource, parent, context: None }
    }

    /// The same question, with what the host knows besides. Only grants with conditions look at it.
    pub(crate) const fn given(mut self, context: &'a Context) -> Self {
        self.context = Some(context);
        self
    }

    /// What the host knows besides.
    pub(crate) const fn context(&self) -> Option<&'a Context> {
        self.context
    }

    /// A person or an agent.
    pub(crate) const fn principal_kind(&self) -> PrincipalKind {
        self.principal_kind
    }

    /// The canonical name.
    pub(crate) fn principal(&self) -> &str {
        &self.principal
    }

    /// The name of the action.
    pub(crate) const fn action(&self) -> &'a str {
        self.action
    }

    /// Whether the action administers the library itself.
    #[inline]
    pub(crate) fn is_reserved(&self) -> bool {
        super::permission::is_reserved(self.action)
    }

    /// What kind of thing it is about.
    pub(crate) const fn resource_kind(&self) -> &'a str {
        self.resource.0
    }

    /// The id of the thing it is about.
    pub(crate) const fn resource_id(&self) -> &'a str {
        self.resource.1
    }

    /// The kind and id of the parent of the thing.
    pub(crate) const fn parent(&self) -> Option<(&'a str, &'a str)> {
        self.parent
    }

    /// The question as values.
    pub(crate) fn to_values(&self) -> (Principal, Action, Resource) {
        (
            Principal::from_canonical(self.principal_kind, &self.principal),
            Action::from_checked(self.action),
            Resource::from_checked(self.resource, self.parent),
        )
    }
}

type Thing<'a> = (&'a str, &'a str);

/// The kind and id of the resource, and of its parent.
#[inline]
fn thing<'a>(resource: Option<&'a str>, parent: Option<&'a str>) -> Result<(Thing<'a>, Option<Thing<'a>>), Invalid> {
    let resource = resource.map_or(Ok(Resource::EVERYTHING), ResourceId::read)?;
    let Some(parent) = parent else { return Ok((resource, None)) };
    let parent = ResourceId::read(parent).map_err(|error| error.for_field("parent"))?;
    Resource::check_parent(resource.0, parent.0)?;
    Ok((resource, Some(parent)))
}

impl<'a> From<Query<'a>> for RawQuery<'a> {
    #[inline]
    fn from(query: Query<'a>) -> Self {
        Self {
            principal_kind: query.principal.kind(),
            principal: Cow::Borrowed(query.principal.id()),
            action: query.action.name(),
            resource: (query.resource.kind().name(), query.resource.id()),
            parent: query.resource.parent().map(|parent| (parent.kind().name(), parent.id())),
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
        parent: Option<&str>,
    ) -> Result<(Principal, Action, Resource), Invalid> {
        let principal = Principal::new(kind, name)?;
        let action = Action::new(action)?;
        let mut resource = resource.map_or_else(|| Ok(Resource::everything()), str::parse)?;
        if let Some(parent) = parent {
            resource = resource.with_parent(parent.parse().map_err(|error: Invalid| error.for_field("parent"))?)?;
        }
        Ok((principal, action, resource))
    }

    #[test]
    fn plain_text_is_read_in_less_time() {
        let is_plain = |action: &str, resource: &str, parent: Option<&str>| {
            let plain = RawQuery::plain((PrincipalKind::User, "dev"), action, Some(resource), parent);
            let read = RawQuery::new((PrincipalKind::User, "dev"), action, Some(resource), parent);
            assert!(plain.is_none() || plain == read.clone().ok(), "{action} {resource} {parent:?}");
            (plain.is_some(), read.is_ok())
        };
        let long = format!("tool:{}", "x".repeat(59));
        for resource in ["tool:a", "a:b", "tool:server-0001/tool-01", "tool:exactly16 bytes", "tool:a:b", &long] {
            assert_eq!(is_plain("tools.execute", resource, Some("server:s-1")), (true, true), "{resource}");
        }
        for resource in
            ["mcp_server:a", "Tool:a", "tool:ä", "a-kind-of-some-length:a", "toolx:server-0001/tööl", "v2:a"]
        {
            assert!(!is_plain("tools.execute", resource, None).0, "{resource}");
        }
        for resource in
            ["tool:", ":a", "tool", "", "tool:a\u{7f}", "tool:a\0", "tool:a line that is broken\n", "tool:\u{202e}a"]
        {
            assert_eq!(is_plain("tools.execute", resource, None), (false, false), "{resource}");
        }
        assert_eq!(is_plain("a", "tool:a", Some("tool:b")), (false, false));
        for action in ["a", "tools.read", "admin.Users:a_b"] {
            assert_eq!(is_plain(action, "tool:a", None), (true, true), "{action}");
        }
        for action in ["", ".", "a.", ".a", "a..b", "a.:b", "a b", "a\0b", "toolsäxecute"] {
            assert_eq!(is_plain(action, "tool:a", None), (false, false), "{action}");
        }
        assert_eq!(is_plain("tools.mcp.execute-long", "tool:a", None), (false, true));
    }

    proptest! {
        #[test]
        fn text_means_what_the_values_mean(
            name in "[a-zA-Z0-9@. ]{0,12}|[a-z]{1,5}@[a-z]{1,5}|\\PC{0,5}",
            action in "[a-z.:_-]{0,8}|[a-z]{1,3}(\\.[a-z]{1,3}){0,3}|\\PC{0,4}",
            resource in prop::option::of("[a-z][A-Za-z0-9_-]{0,9}:\\PC{0,6}|\\PC{0,6}|tool:a|\\*"),
            parent in prop::option::of("[a-z][A-Za-z0-9_-]{0,9}:\\PC{0,4}|(tool|server):a|\\PC{0,4}|a:\u{1}"),
        ) {
            let principal = (PrincipalKind::User, name.as_str());
            let raw = RawQuery::new(principal, &action, resource.as_deref(), parent.as_deref());
            let values = values(principal, &action, resource.as_deref(), parent.as_deref());
            prop_assert_eq!(raw.clone().map(|raw| raw.to_values()), values.clone());
            if crate::model::is_plain_principal(name.as_bytes())
                && let Some(plain) = RawQuery::plain(principal, &action, resource.as_deref(), parent.as_deref())
            {
                prop_assert_eq!(Ok(plain), raw.clone());
            }
            if let (Ok(raw), Ok((principal, action, resource))) = (raw, values) {
                prop_assert_eq!(raw, Query { principal: &principal, action: &action, resource: &resource }.into());
            }
        }
    }
}
