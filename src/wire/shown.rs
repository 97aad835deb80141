//! How documents are defined: once, with the documentation and the types for every interface.

use serde::Serialize;

use crate::model::{Principal, Timestamp};

/// A document or a part of one, as interfaces describe it.
///
/// ```
/// let grant = jit_access::internal::wire::documents().iter().find(|one| one.name == "Grant").ok_or("no such document")?;
/// assert!(grant.all_fields().any(|field| field.name == "expires_at"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct DocumentSpec {
    /// Its name in every language: `Grant`.
    pub name: &'static str,
    /// The noun of the document, which is the name of its file: `grant`.
    pub noun: &'static str,
    /// The documentation.
    pub doc: &'static str,
    /// Its fields in groups, in the order in which they are written.
    pub fields: &'static [&'static [ShownField]],
}

impl DocumentSpec {
    /// Every field, in the order in which they are written.
    pub fn all_fields(&self) -> impl Iterator<Item = &'static ShownField> {
        self.fields.iter().flat_map(|group| group.iter())
    }
}

/// The part of a module's path after the last colon.
pub(super) const fn last_segment(path: &'static str) -> &'static str {
    let mut rest = path.as_bytes();
    while let [before @ .., one] = rest
        && *one != b':'
    {
        rest = before;
    }
    path.split_at(rest.len()).1
}

/// A field of a document.
#[derive(Debug)]
#[non_exhaustive]
pub struct ShownField {
    /// The name in JSON.
    pub name: &'static str,
    /// The name in Python, where it is another one.
    pub in_python: Option<&'static str>,
    /// The documentation.
    pub doc: &'static str,
    /// The type.
    pub kind: ShownKind,
    /// The values that a text can have; empty for any.
    pub names: &'static [&'static str],
    /// Whether the field is omitted when it is empty.
    pub left_out: bool,
}

/// The type of a field.
#[derive(Debug, Clone, Copy)]
pub enum ShownKind {
    /// Text.
    Text,
    /// A principal as text: the name of a person, or `agent:` and the name of an agent.
    Principal,
    /// An instant in RFC 3339, in UTC.
    Instant,
    /// A whole number.
    Integer,
    /// A number.
    Float,
    /// `true` or `false`.
    Flag,
    /// Paths by name.
    Links,
    /// Any JSON object.
    Object,
    /// A document in this one.
    Document(&'static DocumentSpec),
    /// So many of them.
    List(&'static ShownKind),
    /// That, or `null`.
    Optional(&'static ShownKind),
}

/// The type of a field in a document.
pub(super) trait Shown {
    /// The kind of the fields of this type.
    const KIND: ShownKind;
}

/// An instant as text.
#[derive(Debug, Serialize)]
pub(super) struct Instant(String);

impl From<Timestamp> for Instant {
    fn from(at: Timestamp) -> Self {
        Self(at.to_string())
    }
}

/// A principal as text.
#[derive(Debug, Serialize)]
pub(super) struct Who(String);

impl From<&Principal> for Who {
    fn from(principal: &Principal) -> Self {
        Self(principal.to_string())
    }
}

macro_rules! shown {
    ($($type:ty => $kind:ident),+) => {
        $(impl Shown for $type {
            const KIND: ShownKind = ShownKind::$kind;
        })+
    };
}

shown!(String => Text, &'static str => Text, Instant => Instant, Who => Principal, u32 => Integer, u64 => Integer, i64 => Integer, f64 => Float, bool => Flag, serde_json::Value => Object);

impl<T: Shown> Shown for Vec<T> {
    const KIND: ShownKind = ShownKind::List(&T::KIND);
}

impl<T: Shown> Shown for Option<T> {
    const KIND: ShownKind = ShownKind::Optional(&T::KIND);
}

/// The first of two blocks, if both are given; otherwise the second.
macro_rules! first {
    ($given:block $default:expr) => {
        $given
    };
    ($default:expr) => {
        $default
    };
}

pub(super) use first;

/// Defines a document: the struct that is written as JSON, and its [`DocumentSpec`]. `as` gives the name in other
/// languages. After a field, `as` gives its name in Python, `= [..]` the values of a text, and `?` makes it optional
/// when it is empty. `[flatten]` inserts the fields of a part.
macro_rules! document {
    (
        $(#[doc = $about:literal])*
        $vis:vis struct $name:ident as $shown:literal {
            $(
                $(#[doc = $doc:literal])+
                $field:ident : $type:ty $(as $python:literal)? $(= [$($one:literal),+])? $(=> $skip:literal)?
                $([$flatten:ident])?
            ),+ $(,)?
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, serde::Serialize)]
        $vis struct $name {
            $(
                $(#[doc = $doc])+
                $(#[serde(skip_serializing_if = $skip)])?
                $(#[serde($flatten)])?
                $field: $type,
            )+
        }

        impl $name {
            /// The description for other languages.
            pub(super) const SPEC: $crate::wire::DocumentSpec = $crate::wire::DocumentSpec {
                name: $shown,
                noun: $crate::wire::shown::last_segment(module_path!()),
                doc: concat!($($about, "\n"),*),
                fields: &[$($crate::wire::shown::first!(
                    $({ let _: &str = stringify!($flatten); <$type>::FIELDS })?
                    &[$crate::wire::ShownField {
                        name: stringify!($field),
                        in_python: [$(Some($python),)? None][0],
                        doc: concat!($($doc),+),
                        kind: <$type as $crate::wire::shown::Shown>::KIND,
                        names: &[$($($one),+)?],
                        left_out: [$({ let _: &str = $skip; true },)? false][0],
                    }]
                ),)+],
            };
        }

        impl $crate::wire::shown::Shown for $name {
            const KIND: $crate::wire::ShownKind = $crate::wire::ShownKind::Document(&Self::SPEC);
        }
    };
}

/// Links: paths by name, without those that do not apply now.
macro_rules! links {
    ($(#[$about:meta])* struct $name:ident { always: [$($always:ident),*], sometimes: [$($sometimes:ident),*] $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Default, serde::Serialize)]
        struct $name {
            #[serde(rename = "self", skip_serializing_if = "Option::is_none")]
            this: Option<String>,
            $($always: String,)*
            $(#[serde(skip_serializing_if = "Option::is_none")] $sometimes: Option<String>,)*
        }

        impl $crate::wire::shown::Shown for $name {
            const KIND: $crate::wire::ShownKind = $crate::wire::ShownKind::Links;
        }
    };
}
