//! Resources: their kinds and ids.
//!
//! Kinds are open: a host names its own. Ids are data. They may contain quotes, braces and look-alikes, without effect
//! on the index or a policy. Control characters are refused, because no id needs them and they would harm every log; so
//! are characters that reorder the text after them, because a reader would see another id.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use tinystr::TinyAsciiStr;
use wide::u8x16;

use super::bytes::{
    BLOCK, all, all_of, all_of_sixteen, are_joined, classify, is, is_between_words, is_kind, is_lower, is_no_control,
    is_printable, sixteen,
};
use super::{Invalid, characters};

/// The longest name of a kind, in bytes.
const MAX_KIND: usize = 64;
/// The longest id, in bytes.
const MAX_ID: usize = 2_048;
/// The kind and the id of a check that names no resource. No kind can have this name.
const EVERYTHING: &str = "*";

/// A kind of thing that a host has: `invoice`, `tool`. Any name of 1 to 64 ASCII letters and digits, with single `_` or `-`
/// between them, that begins with a lower-case letter.
///
/// ```
/// use jit_access::model::ResourceKind;
///
/// assert_eq!("invoice".parse::<ResourceKind>()?.name(), "invoice");
/// assert!(ResourceKind::new("Invoice").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// The name itself and not a number for it: so there is no table that names from outside could fill, and no look-up.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceKind(TinyAsciiStr<MAX_KIND>);

impl ResourceKind {
    /// The kind of this name.
    ///
    /// # Errors
    /// When the name is not made as described above.
    pub fn new(name: &str) -> Result<Self, Invalid> {
        Self::check(name)?;
        Ok(Self::from_checked(name))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }

    pub(super) fn check(name: &str) -> Result<(), Invalid> {
        let is_kind = name.len() <= MAX_KIND
            && name.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
            && are_joined(name.as_bytes(), is_kind, is_between_words);
        if is_kind { Ok(()) } else { Err(no_kind(name)) }
    }

    /// The kind with a name that was checked.
    fn from_checked(name: &str) -> Self {
        // INVARIANT: a name that was checked is short enough, and ASCII: nothing is lost.
        Self(TinyAsciiStr::from_utf8_lossy(name.as_bytes(), b'_'))
    }
}

impl fmt::Debug for ResourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResourceKind({})", self.name())
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
        Self::new(name)
    }
}

/// A resource: a kind, and an id that is unique within it. Written `invoice:2026-17`.
///
/// ```
/// use jit_access::model::ResourceId;
///
/// let invoice: ResourceId = "invoice:2026-17".parse()?;
/// assert_eq!((invoice.kind().name(), invoice.id()), ("invoice", "2026-17"));
/// assert_eq!(invoice, ResourceId::new("invoice", "2026-17")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId {
    kind: ResourceKind,
    id: Arc<str>,
}

impl ResourceId {
    /// The thing of this kind and id.
    ///
    /// # Errors
    /// When the kind is invalid (see [`ResourceKind`]), or the id is empty, longer than 2048 bytes, or contains control
    /// characters or characters that reorder text.
    pub fn new(kind: &str, id: &str) -> Result<Self, Invalid> {
        let kind = ResourceKind::new(kind)?;
        check_id(id)?;
        Ok(Self { kind, id: id.into() })
    }

    /// What kind of thing it is.
    #[must_use]
    pub const fn kind(&self) -> &ResourceKind {
        &self.kind
    }

    /// Its id, unique within its kind.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The same as [`ResourceId::read`] for nearly every text, in less time: a kind of at most fifteen lower-case
    /// letters, and an id of printable ASCII. `None` means unknown.
    #[inline]
    pub(super) fn read_plain(text: &str) -> Option<(&str, &str)> {
        let bytes = text.as_bytes();
        let first = sixteen(bytes);
        let colons = is(first, b':').to_bitmask();
        let colon = colons.trailing_zeros() as usize;
        let kind = all_of_sixteen(colon);
        let is_plain = colons != 0
            && colon != 0
            && is_lower(first).to_bitmask() & kind == kind
            && is_printable(first).to_bitmask() == all_of_sixteen(bytes.len())
            && bytes.len() <= BLOCK
            && is_printable_to_the_end(bytes);
        if !is_plain {
            return None;
        }
        let (kind, id) = (text.get(..colon)?, text.get(colon.wrapping_add(1)..)?);
        (!id.is_empty()).then_some((kind, id))
    }

    /// The kind and the id in a text such as `invoice:2026-17`.
    #[inline]
    pub(super) fn read(text: &str) -> Result<(&str, &str), Invalid> {
        match Self::read_short(text) {
            Some(parts) => Ok(parts),
            None => Self::read_any(text),
        }
    }

    /// The same for a short text, where it is well formed and its id holds nothing odd: nearly every text. It looks at
    /// each byte once.
    #[inline]
    fn read_short(text: &str) -> Option<(&str, &str)> {
        if text.is_empty() || text.len() > BLOCK {
            return None;
        }
        let [colons, words, between, plain] = classify(text.as_bytes(), |bytes| {
            [is(bytes, b':'), is_kind(bytes), is_between_words(bytes), is_no_control(bytes) & !is(bytes, 0xE2)]
        });
        let colon = colons & colons.wrapping_neg();
        // The bits below the first colon; none when that is the first byte, all when there is no colon.
        let kind = colon.wrapping_sub(1);
        let between = between & kind;
        // Single separators, and none at either end.
        let is_kind = kind & !(words | between) == 0 && between & (between << 1 | colon >> 1) == 0;
        let is_id = plain == all_of(text.as_bytes());
        if !(is_kind && is_id && text.as_bytes().first().is_some_and(u8::is_ascii_lowercase)) {
            return None;
        }
        let (kind, rest) = text.split_at_checked(colon.trailing_zeros() as usize)?;
        let id = rest.get(1..)?;
        (!id.is_empty()).then_some((kind, id))
    }

    #[cold]
    fn read_any(text: &str) -> Result<(&str, &str), Invalid> {
        let Some((kind, id)) = text.split_once(':') else { return Err(unreadable(text)) };
        ResourceKind::check(kind)?;
        check_id(id)?;
        Ok((kind, id))
    }

    /// The resource with parts that were checked.
    pub(super) fn from_checked(kind: &str, id: &str) -> Self {
        Self { kind: ResourceKind::from_checked(kind), id: id.into() }
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.id)
    }
}

impl FromStr for ResourceId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::read(text).map(|(kind, id)| Self::from_checked(kind, id))
    }
}

/// The resource of a check, and its parent of another kind, if the host gives one.
///
/// A check that names no resource is about [`Resource::everything`]: only the scope of everything covers it.
///
/// ```
/// use jit_access::model::Resource;
///
/// let invoice = Resource::new("invoice", "2026-17")?.with_parent("customer:acme".parse()?)?;
/// assert_eq!((invoice.kind().name(), invoice.id()), ("invoice", "2026-17"));
/// assert_eq!(invoice.parent().map(ToString::to_string).as_deref(), Some("customer:acme"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// One level of parents: the check has everything that it needs, and reads two names at most. A host with deeper nesting
// gives the parent that its scopes use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource {
    thing: ResourceId,
    parent: Option<ResourceId>,
}

impl Resource {
    /// The thing of this kind and id.
    ///
    /// # Errors
    /// As for [`ResourceId::new`].
    pub fn new(kind: &str, id: &str) -> Result<Self, Invalid> {
        ResourceId::new(kind, id).map(Into::into)
    }

    /// The resource of a check that names none. Its kind and its id are `*`.
    #[must_use]
    pub fn everything() -> Self {
        Self::from_checked((EVERYTHING, EVERYTHING), None)
    }

    /// The same thing, as part of that one.
    ///
    /// # Errors
    /// When the parent is of the kind of the thing itself, and for [`Resource::everything`].
    pub fn with_parent(mut self, parent: ResourceId) -> Result<Self, Invalid> {
        Self::check_parent(self.kind().name(), parent.kind.name())?;
        self.parent = Some(parent);
        Ok(self)
    }

    #[inline]
    pub(super) fn check_parent(kind: &str, parent: &str) -> Result<(), Invalid> {
        if kind == parent || kind == EVERYTHING { Err(no_parent(kind)) } else { Ok(()) }
    }

    /// The kind and id of [`Resource::everything`].
    pub(super) const EVERYTHING: (&'static str, &'static str) = (EVERYTHING, EVERYTHING);

    /// The resource with parts that were checked.
    pub(super) fn from_checked((kind, id): (&str, &str), parent: Option<(&str, &str)>) -> Self {
        let parent = parent.map(|(kind, id)| ResourceId::from_checked(kind, id));
        Self { thing: ResourceId::from_checked(kind, id), parent }
    }

    /// What kind of thing it is.
    #[must_use]
    pub const fn kind(&self) -> &ResourceKind {
        &self.thing.kind
    }

    /// Its id, unique within its kind.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.thing.id
    }

    /// Its kind and id.
    #[must_use]
    pub const fn thing(&self) -> &ResourceId {
        &self.thing
    }

    /// Its parent, if the host gave one.
    #[must_use]
    pub const fn parent(&self) -> Option<&ResourceId> {
        self.parent.as_ref()
    }

    /// Whether it is the resource of a check that names none.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.kind().name() == EVERYTHING
    }
}

impl From<ResourceId> for Resource {
    fn from(thing: ResourceId) -> Self {
        Self { thing, parent: None }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_everything() { f.write_str(EVERYTHING) } else { self.thing.fmt(f) }
    }
}

impl FromStr for Resource {
    type Err = Invalid;

    /// Reads `invoice:2026-17`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.parse::<ResourceId>().map(Into::into)
    }
}

/// Whether what follows the first sixteen bytes is printable ASCII.
#[inline]
fn is_printable_to_the_end(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk::<16>() else { return true };
    let middle = bytes.as_chunks::<16>().0.get(1..).unwrap_or_default();
    let all = middle.iter().fold(is_printable(u8x16::new(*last)), |all, bytes| all & is_printable(u8x16::new(*bytes)));
    all.to_bitmask() == 0xFFFF
}

#[inline]
fn check_id(id: &str) -> Result<(), Invalid> {
    // Every character that reorders what follows begins with the byte 0xE2.
    let is_plain =
        !id.is_empty() && id.len() <= MAX_ID && all(id.as_bytes(), |bytes| is_no_control(bytes) & !is(bytes, 0xE2));
    if is_plain { Ok(()) } else { check_odd_id(id) }
}

#[cold]
fn check_odd_id(id: &str) -> Result<(), Invalid> {
    let problem = if id.is_empty() {
        "is empty".to_owned()
    } else if id.len() > MAX_ID {
        format!("is {} bytes long", id.len())
    } else if let Some(c) = id.chars().find(|c| c.is_control()) {
        format!("holds the control character U+{:04X}", u32::from(c))
    } else if let Some(c) = characters::reordering(id) {
        format!("holds {}, which reorders what follows it", characters::named(c))
    } else {
        return Ok(());
    };
    Err(Invalid::new("resource id", problem, "1 to 2048 bytes of text without control or reordering characters"))
}

#[cold]
fn no_kind(name: &str) -> Invalid {
    let problem = format!("is {}", Invalid::quote(name));
    let expected = "1 to 64 ASCII letters and digits, with single `_` or `-` between them, a lower-case letter first, \
                    such as `tool`";
    Invalid::new("resource kind", problem, expected)
}

#[cold]
fn no_parent(kind: &str) -> Invalid {
    let problem = format!("is given for a resource of the kind `{kind}`");
    Invalid::new("parent", problem, "a parent of another kind, and a resource that can be part of something")
}

#[cold]
fn unreadable(resource: &str) -> Invalid {
    let problem = format!("is {}", Invalid::quote(resource));
    Invalid::new("resource", problem, "a kind and an id, such as `tool:deploy`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_any_plain_name() {
        for name in ["a", "tool", "purchase-order", "mcp_server", "mcpServer", "v2", "a-1_b", &"k".repeat(64)] {
            let kind = ResourceKind::new(name).unwrap();
            assert_eq!((kind.name(), kind.to_string().parse()), (name, Ok(kind)));
        }
        let long = "k".repeat(65);
        for name in [
            "", "Tool", "1a", "_a", "-a", "a_", "a-", "a__b", "a--b", "a-_b", "a b", "a:b", "a@b", "a.b", "a/b", "*",
            "tööl", "a\0", "a\n", "ｔool", &long,
        ] {
            assert_eq!(ResourceKind::new(name).unwrap_err().field(), "resource kind", "{name:?}");
        }
    }

    #[test]
    fn ids_are_data_or_a_clear_error() {
        let hostile = "x\" || true || \"";
        assert_eq!(Resource::new("tool", hostile).unwrap().id(), hostile);
        for id in ["", "a\0b", "a\nb", "a\u{9b}b", "a\u{202a}b", "a\u{202e}b", "\u{2066}", "\u{2069}"] {
            assert_eq!(Resource::new("tool", id).unwrap_err().field(), "resource id");
        }
        let error = Resource::new("tool", &"x".repeat(65_536)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`resource id` is 65536 bytes long; expected 1 to 2048 bytes of text without control or reordering characters"
        );
    }

    #[test]
    fn resources_read_back_as_written() {
        for text in [
            "tool:deploy",
            "route:/users/{id}",
            "tool:a\u{2029}\u{2070}\u{200d}—",
            "tool:*",
            "file:a:b@c%",
            "user:dev@example.com",
        ] {
            assert_eq!(text.parse::<Resource>().unwrap().to_string(), text);
        }
        for text in ["", "tool", "tool:", ":x", "*", "**", "*:x", "*:*", "Tool:x", "a_:x", "a--b:x", "a:\0"] {
            assert!(text.parse::<Resource>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_parent_is_of_another_kind() {
        let parent = |text: &str| text.parse::<ResourceId>().unwrap();
        let tool = Resource::new("tool", "deploy").unwrap();
        assert_eq!(tool.clone().with_parent(parent("server:s1")).unwrap().parent(), Some(&parent("server:s1")));
        assert_eq!(tool.with_parent(parent("tool:other")).unwrap_err().field(), "parent");
        assert_eq!(Resource::everything().with_parent(parent("server:s1")).unwrap_err().field(), "parent");
    }
}
