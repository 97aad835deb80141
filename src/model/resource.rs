//! On what: the thing a check asks about, and the part of the world that a grant reaches.
//!
//! Ids are data. They may hold quotes, braces and look-alikes, and none of that means anything to the index or to a
//! policy; control characters are refused, because no id needs them and every log that repeats one would suffer.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::Invalid;

/// What kinds of thing a host has. Complete on purpose: each has its entity type in `policies/schema.cedarschema`.
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

    fn from_str(name: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            Invalid::new(
                "resource type",
                format!("is {}", Invalid::quote(name)),
                "gateway, server, tool, resource, prompt, agent or team",
            )
        })
    }
}

/// The thing that a check asks about.
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
    pub(super) fn read(text: &str) -> Result<(ResourceKind, &str), Invalid> {
        match text.split_once(':') {
            Some((kind, id)) => {
                let kind = kind.parse()?;
                check_id(kind, id)?;
                Ok((kind, id))
            }
            None if text == GATEWAY => Ok(Self::GATEWAY),
            None => {
                let problem = format!("is {}", Invalid::quote(text));
                Err(Invalid::new("resource", problem, "a type and an id, such as tool:deploy"))
            }
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

/// The part of the world that a grant reaches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Everything.
    Any,
    /// Every thing of one kind.
    Kind(ResourceKind),
    /// One thing; a server stands for itself and everything in it.
    One(ResourceKind, Arc<str>),
}

impl Scope {
    /// One thing.
    ///
    /// # Errors
    /// As for [`Resource::new`].
    pub fn one(kind: ResourceKind, id: &str) -> Result<Self, Invalid> {
        check_id(kind, id)?;
        Ok(Self::One(kind, id.into()))
    }

    /// Whether this scope reaches that thing.
    #[must_use]
    pub fn covers(&self, resource: &Resource) -> bool {
        match self {
            Self::Any => true,
            Self::Kind(kind) => resource.kind == *kind,
            Self::One(ResourceKind::Server, id) if resource.kind != ResourceKind::Server => {
                resource.server.as_ref() == Some(id)
            }
            Self::One(kind, id) => resource.kind == *kind && resource.id == *id,
        }
    }
}

impl fmt::Display for Scope {
    /// As it may also be written in a request: `*`, `tool`, `tool:deploy`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Kind(kind) => kind.fmt(f),
            Self::One(kind, id) => write!(f, "{kind}:{id}"),
        }
    }
}

impl FromStr for Scope {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text.split_once(':') {
            None if text == "*" => Ok(Self::Any),
            None => text.parse().map(Self::Kind),
            Some((kind, id)) => kind.parse().and_then(|kind| Self::one(kind, id)),
        }
        .map_err(|e: Invalid| e.for_field("resource"))
    }
}

fn check_id(kind: ResourceKind, id: &str) -> Result<(), Invalid> {
    if id.is_empty() {
        return Err(Invalid::new("resource id", "is empty", EXPECTED));
    }
    if id.len() > MAX_ID {
        return Err(Invalid::new("resource id", format!("is {} bytes long", id.len()), EXPECTED));
    }
    // Every control character has a byte that is one, or starts with 0xC2: most ids have neither.
    let suspicious = id.bytes().any(|byte| byte < 0x20 || byte == 0x7F || byte == 0xC2);
    if let Some(c) = id.chars().filter(|_| suspicious).find(|c| c.is_control()) {
        return Err(Invalid::new(
            "resource id",
            format!("holds the control character U+{:04X}", u32::from(c)),
            EXPECTED,
        ));
    }
    if kind == ResourceKind::Gateway && id != GATEWAY {
        return Err(Invalid::new(
            "resource id",
            format!("is {}", Invalid::quote(id)),
            "`gateway`, the only gateway there is",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn scopes_read_back_as_written() {
        for text in ["*", "tool", "tool:a:b", "server:s1", "gateway"] {
            assert_eq!(text.parse::<Scope>().unwrap().to_string(), text);
        }
        for text in ["", "tools", "tool:", ":x", "gateway:other"] {
            assert_eq!(text.parse::<Scope>().unwrap_err().field(), "resource", "{text:?}");
        }
    }
}
