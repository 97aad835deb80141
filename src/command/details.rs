//! Details of a request for people, as fields of the commands that make one.

use serde_json::{Map, Value};

use super::define::Group;
use super::field::{Field, put};
use super::fields::Fields;
use super::spec::FieldSpec;
use super::{BreakGlass, Submit};
use crate::model::{Details, Invalid, Justification, TicketUrl, for_details};

macro_rules! group {
    ([] $($field:ident($given:ident): $type:ty, $asked:literal, $shown:literal;)+) => {
        impl Group for Details {
            const FIELDS: &'static [FieldSpec] = &[
                $(FieldSpec::new(stringify!($given), $asked, <$type as Field>::KIND, false),)+
            ];

            fn read(fields: &mut Fields) -> Result<Self, Invalid> {
                Ok(Self { $($field: fields.optional(stringify!($given))?,)+ })
            }

            fn write(&self, into: &mut Map<String, Value>) {
                $(put(into, stringify!($given), &self.$field);)+
            }
        }
    };
}

for_details! { group }

macro_rules! setters {
    ([$name:ident] $($field:ident($given:ident): $type:ty, $asked:literal, $shown:literal;)+) => {
        impl $name {
            $(
                #[doc = $asked]
                #[must_use]
                pub fn $given(mut self, $given: impl Into<Option<$type>>) -> Self {
                    self.details.$field = $given.into();
                    self
                }
            )+
        }
    };
}

for_details! { setters Submit }
for_details! { setters BreakGlass }
