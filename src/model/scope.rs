//! The scope of a grant: the resources that it covers.
//!
//! A scope is a set of conditions that must all hold: at most one kind, and at most two resources of different kinds,
//! each of which must be the resource or its parent. The intersection of two scopes is a scope or empty.

use std::fmt;
use std::str::FromStr;

use super::{Invalid, Resource, ResourceId, ResourceKind};

/// The part of the world that a grant reaches: everything, narrowed by a kind, by a thing, or by both.
///
/// | text | reaches |
/// |---|---|
/// | `*` | everything |
/// | `tool` | every tool |
/// | `tool:deploy` | that tool, and everything whose parent it is |
/// | `server:s1` | that server, and everything whose parent it is |
/// | `tool@server:s1` | every tool whose parent is that server |
/// | `tool@server:s1:deploy` | that tool, where its parent is that server |
/// | `server@server:s1` | the server itself, and nothing in it |
/// | `*@server:s1:tool:deploy` | what both `server:s1` and `tool:deploy` reach |
///
/// An id has no wildcards: `tool:dep*` is the tool with that name, and `tool:*` is refused, because `tool` is every
/// tool. In the id between `@` and the last part, `%` is written `%25` and `:` is written `%3A`; every other id is
/// written unchanged.
///
/// ```
/// use jit_access::model::{Resource, Scope};
///
/// let scope: Scope = "customer:acme".parse()?;
/// let invoice = Resource::new("invoice", "2026-17")?;
/// assert!(!scope.covers(&invoice));
/// assert!(scope.covers(&invoice.with_parent("customer:acme".parse()?)?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    kind: Option<ResourceKind>,
    /// INVARIANT: the second is there only with the first, is greater, and of another kind; of two, one is of `kind`, if
    /// there is one.
    first: Option<ResourceId>,
    second: Option<ResourceId>,
}

/// Everything.
impl Default for Scope {
    fn default() -> Self {
        Self::ANY
    }
}

impl Scope {
    /// Everything.
    pub const ANY: Self = Self { kind: None, first: None, second: None };

    /// Every thing of one kind.
    #[must_use]
    pub const fn of_kind(kind: ResourceKind) -> Self {
        Self { kind: Some(kind), first: None, second: None }
    }

    /// One resource, and everything whose parent it is.
    ///
    /// # Errors
    /// As for [`ResourceId::new`], and for the id `*`, which would look like a wildcard.
    pub fn one(kind: &str, id: &str) -> Result<Self, Invalid> {
        Self::around(ResourceId::new(kind, id)?)
    }

    fn around(thing: ResourceId) -> Result<Self, Invalid> {
        if thing.id() == "*" {
            let (problem, kind) = (format!("is `{thing}`"), thing.kind());
            return Err(Invalid::new("resource", problem, format!("`{kind}` for everything of the kind, or an id")));
        }
        Ok(Self { kind: None, first: Some(thing), second: None })
    }

    /// What both cover; `None` when that is nothing.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let kind = match (self.kind, other.kind) {
            (Some(one), Some(other)) if one != other => return None,
            (one, other) => one.or(other),
        };
        let mut things: Vec<&ResourceId> = self.things().chain(other.things()).collect();
        things.sort_unstable();
        things.dedup();
        let (first, second) = match *things.as_slice() {
            [] => (None, None),
            [first] => (Some(first), None),
            // One of them is the resource then, and the other its parent.
            [first, second] if first.kind() != second.kind() => {
                let is_of_kind = |kind: ResourceKind| *first.kind() == kind || *second.kind() == kind;
                if !kind.is_none_or(is_of_kind) {
                    return None;
                }
                (Some(first), Some(second))
            }
            _ => return None,
        };
        Some(Self { kind, first: first.cloned(), second: second.cloned() })
    }

    /// Whether `other` reaches everything that this scope reaches.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.intersection(other).is_some_and(|both| both == *self)
    }

    /// The kind that it is narrowed to.
    #[must_use]
    pub const fn kind(&self) -> Option<&ResourceKind> {
        self.kind.as_ref()
    }

    /// The resources, two at most, each of which is the resource or its parent.
    pub fn things(&self) -> impl Iterator<Item = &ResourceId> {
        self.first.iter().chain(&self.second)
    }

    /// Of two things and a kind, the one that the resource has to be, and its parent.
    #[cfg(feature = "cedar")]
    pub(crate) fn part(&self) -> Option<(&ResourceId, &ResourceId)> {
        let (kind, first, second) = (self.kind?, self.first.as_ref()?, self.second.as_ref()?);
        Some(if *first.kind() == kind { (first, second) } else { (second, first) })
    }

    /// Whether this scope reaches that thing.
    #[must_use]
    pub fn covers(&self, resource: &Resource) -> bool {
        self.kind.is_none_or(|kind| kind == *resource.kind())
            && self.things().all(|thing| thing == resource.thing() || Some(thing) == resource.parent())
    }

    fn read(text: &str) -> Result<Self, Invalid> {
        if text == "*" {
            return Ok(Self::ANY);
        }
        let (head, rest) = text.split_once(':').map_or((text, None), |(head, rest)| (head, Some(rest)));
        let Some((own, around)) = head.split_once('@') else {
            return match rest {
                None => head.parse().map(Self::of_kind),
                Some(id) => Self::one(head, id),
            };
        };
        let (id, own_id) = match rest.map(|rest| rest.split_once(':').unwrap_or((rest, ""))) {
            Some((id, "")) => (id, None),
            Some((id, own_id)) => (id, Some(own_id)),
            None => return Err(unreadable(text)),
        };
        let around = Self::one(around, &id.replace("%3A", ":").replace("%25", "%"))?;
        let own = match own_id {
            Some(thing) if own == "*" => Self::around(thing.parse()?)?,
            Some(id) => {
                let own = ResourceId::new(own, id)?;
                Self { kind: Some(*own.kind()), ..Self::around(own)? }
            }
            None => own.parse().map(Self::of_kind)?,
        };
        match own.intersection(&around) {
            Some(both) if both.to_string() == text => Ok(both),
            _ => Err(unreadable(text)),
        }
    }
}

impl fmt::Display for Scope {
    /// As it may also be written in a request.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped =
            |around: &ResourceId| format!("{}:{}", around.kind(), around.id().replace('%', "%25").replace(':', "%3A"));
        match (self.kind, &self.first, &self.second) {
            (None, None, _) => f.write_str("*"),
            (Some(kind), None, _) => kind.fmt(f),
            (None, Some(thing), None) => thing.fmt(f),
            (Some(kind), Some(around), None) => write!(f, "{kind}@{}", escaped(around)),
            (None, Some(first), Some(second)) => write!(f, "*@{}:{second}", escaped(first)),
            (Some(kind), Some(first), Some(second)) => {
                let (own, around) = if *first.kind() == kind { (first, second) } else { (second, first) };
                write!(f, "{kind}@{}:{}", escaped(around), own.id())
            }
        }
    }
}

impl FromStr for Scope {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::read(text).map_err(|e| e.for_field("resource"))
    }
}

#[cold]
fn unreadable(scope: &str) -> Invalid {
    let problem = format!("is {}", Invalid::quote(scope));
    Invalid::new(
        "resource",
        problem,
        "a scope such as `tool`, `tool:deploy`, `tool@server:s1` or `tool@server:s1:deploy`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_reaches_what_it_is_the_parent_of() {
        let scope: Scope = "server:s1".parse().unwrap();
        let tool = Resource::new("tool", "deploy").unwrap();
        assert!(scope.covers(&tool.clone().with_parent("server:s1".parse().unwrap()).unwrap()));
        assert!(!scope.covers(&tool.clone().with_parent("server:s2".parse().unwrap()).unwrap()));
        assert!(!scope.covers(&tool));
        assert!(scope.covers(&Resource::new("server", "s1").unwrap()));
        assert!(!scope.covers(&Resource::everything()));
    }

    #[test]
    fn only_everything_reaches_a_check_that_names_nothing() {
        for text in ["tool", "host", "tool:deploy", "tool@server:s1", "*@a:x:b:y"] {
            assert!(!text.parse::<Scope>().unwrap().covers(&Resource::everything()), "{text}");
        }
        assert!(Scope::ANY.covers(&Resource::everything()));
    }

    #[test]
    fn an_intersection_reaches_what_both_reach() {
        let scopes = [
            "*",
            "a",
            "b",
            "c",
            "a:x",
            "a:y",
            "b:x",
            "b:y",
            "a@b:x",
            "a@a:x",
            "b@a:x",
            "a@b:x:x",
            "a@b:y:x",
            "b@a:x:x",
            "*@a:x:b:x",
            "*@a:x:b:y",
            "a@c:x",
            "c",
        ]
        .map(|text| text.parse::<Scope>().unwrap());
        let ids = ["a", "b", "c"].map(|kind| ["x", "y"].map(|id| ResourceId::new(kind, id).unwrap())).concat();
        let mut things = vec![Resource::everything()];
        for thing in &ids {
            things.push(thing.clone().into());
            things
                .extend(ids.iter().filter_map(|parent| Resource::from(thing.clone()).with_parent(parent.clone()).ok()));
        }
        for one in &scopes {
            for other in &scopes {
                let both = one.intersection(other);
                assert_eq!(both, other.intersection(one));
                if let Some(both) = &both {
                    assert_eq!(both.to_string().parse().as_ref(), Ok(both));
                }
                for thing in &things {
                    let covered = both.as_ref().is_some_and(|both| both.covers(thing));
                    assert_eq!(covered, one.covers(thing) && other.covers(thing), "{one} and {other} on {thing}");
                }
                // `None` exactly when nothing is covered by both.
                assert_eq!(both.is_some(), things.iter().any(|thing| one.covers(thing) && other.covers(thing)));
                assert_eq!(one.is_within(other), things.iter().all(|thing| !one.covers(thing) || other.covers(thing)));
            }
        }
    }

    #[test]
    fn scopes_read_back_as_written() {
        for text in [
            "*",
            "tool",
            "tool:a:b",
            "tool:dep*",
            "tool:a%3A",
            "invoice:2026-17",
            "tool@server:s1",
            "tool@server:s1:a@b:c",
            "server@server:s1",
            "tool@server:a%25%3Ab:x",
            "tool:x@server:s1",
            "user:dev@example.com",
            "*@server:s1:tool:deploy",
        ] {
            assert_eq!(text.parse::<Scope>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "Tool",
            "tool:",
            ":x",
            "**",
            "*:*",
            "*:x",
            "tool:*",
            "tool@",
            "tool@s1",
            "@server:s1",
            "tool@server:",
            "tool@server:*",
            "tool@server:s1:",
            "tool@server:s1:*",
            "tool@server@a:s1",
            "server@server:s1:s2",
            "server@server:s1:s1",
            "*@server:s1",
            "*@tool:deploy:server:s1",
            "*@server:s1:server:s1",
            "tool@server:a%",
            "tool@server:a%3a",
        ] {
            assert_eq!(text.parse::<Scope>().unwrap_err().field(), "resource", "{text:?}");
        }
    }
}
