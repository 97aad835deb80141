//! Details of a request for people, as fields of the documents of a request and of its grant.

use serde::Serialize;

use super::shown::{Shown, ShownField};
use crate::model::{Details, for_details};

macro_rules! shown {
    ([] $($field:ident($given:ident): $type:ty, $asked:literal, $shown:literal;)+) => {
        #[derive(Debug, Serialize)]
        pub(super) struct DetailsDocument {
            $($field: Option<String>,)+
        }

        impl DetailsDocument {
            pub(super) const FIELDS: &'static [ShownField] = &[$(
                ShownField {
                    name: stringify!($field),
                    in_python: None,
                    doc: $shown,
                    kind: <Option<String> as Shown>::KIND,
                    names: &[],
                    left_out: false,
                },
            )+];
        }

        impl From<&Details> for DetailsDocument {
            fn from(details: &Details) -> Self {
                Self { $($field: details.$field.as_ref().map(ToString::to_string),)+ }
            }
        }
    };
}

for_details! { shown }
