//! On what: the thing a check asks about, and the part of the world that a grant reaches.
//!
//! Ids are data. They may hold quotes, braces and look-alikes, and none of that means anything to the index or to a
//! policy; control characters are refused, because no id needs them and every log that repeats one would suffer.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::Invalid;
use super::bytes::{all, is_no_control};

/// What kinds of thing a host has. Complete on purpose: each has its entity type in `policies/schema.cedarschema`.
///
/// ```
/// use jit_access::model::ResourceKind;
///
/// assert_eq!("tool".parse::<ResourceKind>()?, ResourceKind::Tool);
/// assert_eq!(ResourceKind::Tool.name(), "tool");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceKind {
    /// The host itself: what a check is about when it names nothing smaller.
    Gateway,
    /// A server, and with it everything the server offers.
    Server,
    /// A tool.
    Tool,
    /// A resource in MCP's sense: a document, a file, a row.
    Resource,
    /// A prompt.
    Prompt,
    /// An agent that can be invoked.
    Agent,
    /// A team.
    Team,
}

impl ResourceKind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Gateway, Self::Server, Self::Tool, Self::Resource, Self::Prompt, Self::Agent, Self::Team];

    /// The name of this kind on the wire: `tool`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Server => "server",
            Self::Tool => "tool",
            Self::Resource => "resource",
            Self::Prompt => "prompt",
            Self::Agent => "agent",
            Self::Team => "team",
        }
    }

    /// Whether a thing of this kind can belong to a server.
    #[must_use]
    pub const fn is_served(self) -> bool {
        matches!(self, Self::Tool | Self::Resource | Self::Prompt | Self::Agent)
    }
}

impl fmt::Display for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ResourceKind {
    type Err = Invalid;

    #[inline]
    fn from_str(name: &str) -> Result<Self, Invalid> {
        // Compilers make of this a comparison of lengths and one of numbers; of a search for the name, calls.
        Ok(match name {
            "gateway" => Self::Gateway,
            "server" => Self::Server,
            "tool" => Self::Tool,
            "resource" => Self::Resource,
            "prompt" => Self::Prompt,
            "agent" => Self::Agent,
            "team" => Self::Team,
            _ => return Err(unknown(name)),
        })
    }
}

/// The thing that a check asks about.
///
/// ```
/// use jit_access::model::{Resource, ResourceKind};
///
/// let tool = Resource::new(ResourceKind::Tool, "refund")?.on_server("billing")?;
/// assert_eq!((tool.id(), tool.server()), ("refund", Some("billing")));
/// assert_eq!(Resource::gateway().kind(), ResourceKind::Gateway);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource {
    kind: ResourceKind,
    id: Arc<str>,
    server: Option<Arc<str>>,
}

const MAX_ID: usize = 2_048;
const EXPECTED: &str = "1 to 2048 bytes of text without control characters";
/// The id of the one [`ResourceKind::Gateway`].
const GATEWAY: &str = "gateway";

impl Resource {
    /// The thing of this kind and id.
    ///
    /// # Errors
    /// When the id is empty, longer than 2048 bytes, or holds control characters; or when it names a gateway other than
    /// the one there is ([`Resource::gateway`]).
    pub fn new(kind: ResourceKind, id: &str) -> Result<Self, Invalid> {
        check_id(kind, id)?;
        Ok(Self { kind, id: id.into(), server: None })
    }

    /// The host itself, for checks that name nothing smaller.
    #[must_use]
    pub fn gateway() -> Self {
        Self { kind: ResourceKind::Gateway, id: GATEWAY.into(), server: None }
    }

    /// The same thing, as part of that server.
    ///
    /// # Errors
    /// When the server's id is unfit, or a thing of this kind belongs to no server.
    pub fn on_server(mut self, server: &str) -> Result<Self, Invalid> {
        Self::check_server(self.kind, server)?;
        self.server = Some(server.into());
        Ok(self)
    }

    /// Whether a thing of this kind can be part of a server of this id.
    pub(super) fn check_server(kind: ResourceKind, server: &str) -> Result<(), Invalid> {
        if !kind.is_served() {
            return Err(Invalid::new(
                "server",
                format!("is given for a {kind}"),
                "a tool, resource, prompt or agent as the part of a server",
            ));
        }
        check_id(ResourceKind::Server, server).map_err(|e| e.for_field("server"))
    }

    /// The kind and id of [`Resource::gateway`].
    pub(super) const GATEWAY: (ResourceKind, &'static str) = (ResourceKind::Gateway, GATEWAY);

    /// The kind and id that a text such as `tool:deploy` names.
    #[inline]
    pub(super) fn read(text: &str) -> Result<(ResourceKind, &str), Invalid> {
        // Kinds are short: the colon is among the first bytes.
        let colon = text.bytes().position(|byte| byte == b':');
        match colon.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?))) {
            Some((kind, id)) => {
                let kind = kind.parse()?;
                check_id(kind, id)?;
                Ok((kind, id))
            }
            None if text == GATEWAY => Ok(Self::GATEWAY),
            None => Err(unreadable(text)),
        }
    }

    /// The thing whose parts were checked.
    pub(super) fn from_checked(kind: ResourceKind, id: &str, server: Option<&str>) -> Self {
        Self { kind, id: id.into(), server: server.map(Into::into) }
    }

    /// What kind of thing it is.
    #[must_use]
    pub const fn kind(&self) -> ResourceKind {
        self.kind
    }

    /// Its id, unique within its kind.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The server it belongs to, when the host says so.
    #[must_use]
    pub fn server(&self) -> Option<&str> {
        self.server.as_deref()
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.id)
    }
}

impl FromStr for Resource {
    type Err = Invalid;

    /// Reads `tool:deploy`; `gateway` alone is the gateway.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::read(text).map(|(kind, id)| Self::from_checked(kind, id, None))
    }
}

/// The part of the world that a grant reaches: everything, narrowed by a kind, by one thing of it, by a server, or by
/// several of these at once.
///
/// | text | reaches |
/// |---|---|
/// | `*` | everything |
/// | `tool` | every tool |
/// | `tool:deploy` | one tool |
/// | `server:s1` | a server and everything in it |
/// | `tool@s1` | every tool of that server |
/// | `tool@s1:deploy` | one tool, where it is part of that server |
/// | `server@s1` | the server itself, and nothing in it |
///
/// In a server's id that stands after `@`, `%` is written `%25` and `:` is written `%3A`.
///
/// ```
/// use jit_access::model::{Resource, ResourceKind, Scope};
///
/// let scope = Scope::one(ResourceKind::Tool, "refund")?;
/// assert!(scope.covers(&Resource::new(ResourceKind::Tool, "refund")?));
/// assert!(!scope.covers(&Resource::new(ResourceKind::Tool, "deploy")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// Set where an id is.
    kind: Option<ResourceKind>,
    /// Never of a server: one server with everything in it is the `server`.
    id: Option<Arc<str>>,
    server: Option<Arc<str>>,
}

impl Scope {
    /// Everything.
    pub const ANY: Self = Self { kind: None, id: None, server: None };

    /// Every thing of one kind.
    #[must_use]
    pub const fn of_kind(kind: ResourceKind) -> Self {
        Self { kind: Some(kind), id: None, server: None }
    }

    /// One thing; a server stands for itself and everything in it, and the gateway is the only one of its kind.
    ///
    /// # Errors
    /// As for [`Resource::new`].
    pub fn one(kind: ResourceKind, id: &str) -> Result<Self, Invalid> {
        check_id(kind, id)?;
        Ok(match kind {
            ResourceKind::Server => Self { kind: None, id: None, server: Some(id.into()) },
            ResourceKind::Gateway => Self::of_kind(kind),
            _ => Self { kind: Some(kind), id: Some(id.into()), server: None },
        })
    }

    /// What both reach; `None` when that is nothing.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let kind = common(self.kind.as_ref(), other.kind.as_ref())?.copied();
        let id = common(self.id.as_ref(), other.id.as_ref())?.cloned();
        let server = common(self.server.as_ref(), other.server.as_ref())?.cloned();
        let is_empty = server.is_some() && kind.is_some_and(|kind| !(kind.is_served() || kind == ResourceKind::Server));
        (!is_empty).then_some(Self { kind, id, server })
    }

    /// Whether `other` reaches everything that this scope reaches.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.intersection(other).is_some_and(|both| both == *self)
    }

    /// The kind that it is narrowed to.
    #[must_use]
    pub const fn kind(&self) -> Option<ResourceKind> {
        self.kind
    }

    /// The id of the one thing of its kind that it is narrowed to.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The server that it is narrowed to.
    #[must_use]
    pub fn server(&self) -> Option<&str> {
        self.server.as_deref()
    }

    /// Whether this scope reaches that thing.
    #[must_use]
    pub fn covers(&self, resource: &Resource) -> bool {
        let server = if resource.kind == ResourceKind::Server { Some(&resource.id) } else { resource.server.as_ref() };
        self.kind.is_none_or(|kind| kind == resource.kind)
            && self.id.as_ref().is_none_or(|id| *id == resource.id)
            && (self.server.is_none() || self.server.as_ref() == server)
    }
}

/// What both allow, where `None` allows all; nothing when they differ.
fn common<'a, T: PartialEq>(one: Option<&'a T>, other: Option<&'a T>) -> Option<Option<&'a T>> {
    match (one, other) {
        (Some(one), Some(other)) => (one == other).then_some(Some(one)),
        (one, other) => Some(one.or(other)),
    }
}

impl fmt::Display for Scope {
    /// As it may also be written in a request.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, &self.server) {
            (None, None) => f.write_str("*"),
            (None, Some(server)) => write!(f, "{}:{server}", ResourceKind::Server),
            (Some(kind), None) => kind.fmt(f),
            (Some(kind), Some(server)) => write!(f, "{kind}@{}", server.replace('%', "%25").replace(':', "%3A")),
        }?;
        self.id.as_ref().map_or(Ok(()), |id| write!(f, ":{id}"))
    }
}

impl FromStr for Scope {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::read(text).map_err(|e| e.for_field("resource"))
    }
}

impl Scope {
    fn read(text: &str) -> Result<Self, Invalid> {
        if text == "*" {
            return Ok(Self::ANY);
        }
        let (head, id) = text.split_once(':').map_or((text, None), |(head, id)| (head, Some(id)));
        let (kind, server) = head.split_once('@').map_or((head, None), |(kind, server)| (kind, Some(server)));
        let kind: ResourceKind = kind.parse()?;
        let thing = id.map_or_else(|| Ok(Self::of_kind(kind)), |id| Self::one(kind, id))?;
        let Some(server) = server else { return Ok(thing) };
        let server = server.replace("%3A", ":").replace("%25", "%");
        let on_server = Self::one(ResourceKind::Server, &server)?;
        match thing.intersection(&on_server) {
            Some(both) if both.to_string() == text => Ok(both),
            _ => Err(Invalid::new(
                "resource",
                format!("is {}", Invalid::quote(text)),
                "a tool, resource, prompt or agent on a server, such as tool@s1 or tool@s1:deploy",
            )),
        }
    }
}

#[cold]
fn unknown(kind: &str) -> Invalid {
    let problem = format!("is {}", Invalid::quote(kind));
    Invalid::new("resource type", problem, "gateway, server, tool, resource, prompt, agent or team")
}

#[cold]
fn unreadable(resource: &str) -> Invalid {
    let problem = format!("is {}", Invalid::quote(resource));
    Invalid::new("resource", problem, "a type and an id, such as tool:deploy")
}

#[inline]
fn check_id(kind: ResourceKind, id: &str) -> Result<(), Invalid> {
    let is_plain = !id.is_empty() && id.len() <= MAX_ID && all(id.as_bytes(), is_no_control);
    if is_plain && kind != ResourceKind::Gateway { Ok(()) } else { check_odd_id(kind, id) }
}

#[cold]
fn check_odd_id(kind: ResourceKind, id: &str) -> Result<(), Invalid> {
    let problem = if id.is_empty() {
        "is empty".to_owned()
    } else if id.len() > MAX_ID {
        format!("is {} bytes long", id.len())
    } else if let Some(c) = id.chars().find(|c| c.is_control()) {
        format!("holds the control character U+{:04X}", u32::from(c))
    } else if kind == ResourceKind::Gateway && id != GATEWAY {
        let problem = format!("is {}", Invalid::quote(id));
        return Err(Invalid::new("resource id", problem, "`gateway`, the only gateway there is"));
    } else {
        return Ok(());
    };
    Err(Invalid::new("resource id", problem, EXPECTED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_read_by_their_names() {
        for kind in ResourceKind::ALL {
            assert_eq!(kind.name().parse(), Ok(kind));
        }
    }

    #[test]
    fn a_server_reaches_all_that_is_in_it() {
        let scope: Scope = "server:s1".parse().unwrap();
        let tool = Resource::new(ResourceKind::Tool, "deploy").unwrap();
        assert!(scope.covers(&tool.clone().on_server("s1").unwrap()));
        assert!(!scope.covers(&tool.clone().on_server("s2").unwrap()));
        assert!(!scope.covers(&tool));
        assert!(scope.covers(&Resource::new(ResourceKind::Server, "s1").unwrap()));
        assert!(!scope.covers(&Resource::gateway()));
    }

    #[test]
    fn ids_are_data_or_a_clear_error() {
        let hostile = "x\" || true || \"";
        assert!(
            Scope::one(ResourceKind::Tool, hostile)
                .unwrap()
                .covers(&Resource::new(ResourceKind::Tool, hostile).unwrap())
        );
        for id in ["", "a\0b", "a\nb", "a\u{9b}b"] {
            let error = Resource::new(ResourceKind::Tool, id).unwrap_err();
            assert_eq!(error.field(), "resource id");
        }
        let error = Resource::new(ResourceKind::Tool, &"x".repeat(65_536)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`resource id` is 65536 bytes long; expected 1 to 2048 bytes of text without control characters"
        );
    }

    #[test]
    fn an_intersection_reaches_what_both_reach() {
        let scopes = [
            "*",
            "tool",
            "prompt",
            "gateway",
            "team",
            "server",
            "tool:a",
            "tool:b",
            "prompt:a",
            "gateway:gateway",
            "server:s",
            "server:t",
            "tool@s",
            "tool@s:a",
            "tool@t:a",
            "server@s",
        ]
        .map(|text| text.parse::<Scope>().unwrap());
        let mut things = vec![Resource::gateway()];
        for kind in ResourceKind::ALL.into_iter().filter(|kind| *kind != ResourceKind::Gateway) {
            for id in ["a", "b", "s", "t"] {
                let thing = Resource::new(kind, id).unwrap();
                things.extend(["s", "t"].into_iter().filter_map(|server| thing.clone().on_server(server).ok()));
                things.push(thing);
            }
        }
        for one in &scopes {
            for other in &scopes {
                let both = one.intersection(other);
                assert_eq!(both, other.intersection(one));
                for thing in &things {
                    let covered = both.as_ref().is_some_and(|both| both.covers(thing));
                    assert_eq!(covered, one.covers(thing) && other.covers(thing), "{one} and {other} on {thing}");
                }
                // "Nothing" is said where it is so, and only there.
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
            "server:s1",
            "gateway",
            "tool@s1",
            "tool@s1:a@b:c",
            "server@s1",
            "tool@a%25%3Ab:x",
            "tool:x@s1",
        ] {
            assert_eq!(text.parse::<Scope>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "tools",
            "tool:",
            ":x",
            "gateway:other",
            "tool@",
            "@s1",
            "team@s1",
            "gateway@s1",
            "server@s1:s2",
            "*@s1",
            "tool@a%",
            "tool@a%3a",
        ] {
            assert_eq!(text.parse::<Scope>().unwrap_err().field(), "resource", "{text:?}");
        }
    }
}
