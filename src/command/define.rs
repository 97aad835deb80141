//! The definition of a command: one declaration, from which its type, its reader, its document and its entry in the
//! catalogue follow.

use serde_json::{Map, Value};

use super::fields::Fields;
use super::spec::{CommandSpec, FieldSpec};
use crate::model::{GrantId, Invalid};

/// What follows from the declaration of a command.
///
/// ```
/// use jit_access::command::{Definition, Submit};
///
/// assert_eq!(Submit::SPEC.summary(), "Request a role for a limited time");
/// ```
pub trait Definition: Sized {
    /// Its specification.
    const SPEC: CommandSpec;

    /// Reads it.
    ///
    /// # Errors
    /// The first field that is missing or wrong.
    fn read(fields: &mut Fields) -> Result<Self, Invalid>;

    /// Writes its fields. A field that has its default is left out.
    fn write(&self, into: &mut Map<String, Value>);

    /// The grant that it is about, if it is about one.
    fn grant(&self) -> Option<GrantId>;

    /// The list that its page belongs to: its name and its fields, without the position and the length of the page.
    fn list(&self) -> String {
        let mut fields = Map::new();
        self.write(&mut fields);
        fields.remove("cursor");
        fields.remove("limit");
        let mut list = serde_json::json!([Self::SPEC.name, fields]);
        list.sort_all_objects();
        list.to_string()
    }
}

/// A value that is several fields in a document.
pub(super) trait Group: Sized {
    /// Its fields.
    const FIELDS: &'static [FieldSpec];

    /// Reads it.
    fn read(fields: &mut Fields) -> Result<Self, Invalid>;

    /// Writes its fields. A field that has its default is left out.
    fn write(&self, into: &mut Map<String, Value>);
}

/// The name of a field in documents: the Rust name, unless another one is given.
macro_rules! field_name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $name:literal) => {
        $name
    };
}

/// Declares a command.
///
/// `fields` are required, in the order of `new`; `optional` fields have a setter and their type's default; `group` is a
/// required value that is several fields in a document, and `details: details` are those of `model::Details`. `action`
/// is what the workflow policy must permit. `as` gives a field another name in documents.
macro_rules! command {
    (
        $(#[doc = $doc:literal])+
        $name:ident = $wire:literal,
        answers: $answer:ident,
        $(action: $action:ident,)?
        $(http: $method:ident $path:literal $status:literal,)?
        $(caller: $caller:ident,)?
        $(effect: $effect:ident,)?
        $(dry_run: $dry_run:literal,)?
        $(writes: $writes:literal,)?
        $(takes_away: $takes_away:literal,)?
        $(example: $example:literal,)?
        $(group: $(#[doc = $group_doc:literal])+ $group:ident: $group_type:ty,)?
        $(fields: { $($(#[doc = $req_doc:literal])+ $req:ident $(as $req_name:literal)?: $req_type:ty,)+ },)?
        $(details: $details:ident,)?
        $(optional: { $($(#[doc = $opt_doc:literal])+ $opt:ident $(as $opt_name:literal)?: $opt_type:ty,)+ },)?
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[doc = $group_doc])+ pub $group: $group_type,)?
            $($($(#[doc = $req_doc])+ pub $req: $req_type,)+)?
            $(#[doc = "What it says for people."] pub $details: $crate::model::Details,)?
            $($($(#[doc = $opt_doc])+ pub $opt: $opt_type,)+)?
        }

        impl $name {
            $($(
                $(#[doc = $opt_doc])+
                #[must_use]
                pub fn $opt(mut self, $opt: impl Into<$opt_type>) -> Self {
                    self.$opt = $opt.into();
                    self
                }
            )+)?
        }

        $crate::command::define::constructor! {
            $name
            [$($group: $group_type,)? $($($req: $req_type,)+)?]
            [$($details)? $($($opt)+)?]
        }

        impl $crate::command::Definition for $name {
            const SPEC: $crate::command::CommandSpec = $crate::command::CommandSpec {
                name: $wire,
                doc: concat!($($doc, "\n"),+),
                fields: &[
                    $(<$group_type as $crate::command::define::Group>::FIELDS,)?
                    &[
                        $($($crate::command::FieldSpec::new(
                            $crate::command::define::field_name!($req $($req_name)?),
                            concat!($($req_doc, "\n"),+),
                            <$req_type as $crate::command::field::Field>::KIND,
                            true,
                        ),)+)?
                    ],
                    $({
                        let _ = stringify!($details);
                        <$crate::model::Details as $crate::command::define::Group>::FIELDS
                    },)?
                    &[
                        $($($crate::command::FieldSpec::new(
                            $crate::command::define::field_name!($opt $($opt_name)?),
                            concat!($($opt_doc, "\n"),+),
                            <$opt_type as $crate::command::field::Field>::KIND,
                            false,
                        ),)+)?
                    ],
                ],
                answer: $crate::command::AnswerKind::$answer,
                action: $crate::command::define::or!(None $(, Some($crate::authz::AuthzAction::$action))?),
                http: $crate::command::define::or!(
                    None
                    $(, Some($crate::command::Http::new(stringify!($method), $path, $status)))?
                ),
                caller: $crate::command::define::or!(
                    $crate::command::CallerKind::Caller
                    $(, $crate::command::CallerKind::$caller)?
                ),
                example: $crate::command::define::or!(None $(, Some($example))?),
                takes_away: $crate::command::define::or!(false $(, $takes_away)?),
                writes: $crate::command::define::or!(true $(, $writes)?),
                dry_run: $crate::command::define::or!(false $(, $dry_run)?),
                effect: $crate::command::define::or!(
                    $crate::command::Effect::None
                    $(, $crate::command::Effect::$effect)?
                ),
            };

            fn read(fields: &mut $crate::command::Fields) -> Result<Self, $crate::model::Invalid> {
                let _ = &fields;
                Ok(Self {
                    $($group: <$group_type as $crate::command::define::Group>::read(fields)?,)?
                    $($($req: fields.required($crate::command::define::field_name!($req $($req_name)?))?,)+)?
                    $($details: $crate::command::define::Group::read(fields)?,)?
                    $($($opt: fields.optional($crate::command::define::field_name!($opt $($opt_name)?))?,)+)?
                })
            }

            fn grant(&self) -> Option<$crate::model::GrantId> {
                let fields: &[&dyn std::any::Any] = &[$($(&self.$req,)+)?];
                fields.iter().find_map(|field| field.downcast_ref()).copied()
            }

            fn write(&self, into: &mut serde_json::Map<String, serde_json::Value>) {
                let _ = &into;
                $($crate::command::define::Group::write(&self.$group, into);)?
                $($($crate::command::field::put(
                    into,
                    $crate::command::define::field_name!($req $($req_name)?),
                    &self.$req,
                );)+)?
                $($crate::command::define::Group::write(&self.$details, into);)?
                $($(if self.$opt != <$opt_type>::default() {
                    $crate::command::field::put(
                        into,
                        $crate::command::define::field_name!($opt $($opt_name)?),
                        &self.$opt,
                    );
                })+)?
            }
        }
    };
}

/// `new` with the required fields, or `Default` without any.
macro_rules! constructor {
    ($name:ident [] [$($opt:ident)*]) => {
        impl Default for $name {
            fn default() -> Self {
                Self { $($opt: Default::default(),)* }
            }
        }
    };
    ($name:ident [$($req:ident: $req_type:ty,)+] [$($opt:ident)*]) => {
        impl $name {
            /// The command with every required field. Optional fields have their default.
            #[must_use]
            pub fn new($($req: $req_type),+) -> Self {
                Self { $($req,)+ $($opt: Default::default(),)* }
            }
        }
    };
}

/// The second, or else the first.
macro_rules! or {
    ($default:expr) => {
        $default
    };
    ($default:expr, $given:expr) => {
        $given
    };
}

pub(super) use {command, constructor, field_name, or};
