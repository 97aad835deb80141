//! Details of a request for people, as a part of the stored request and of its grant.

use serde::{Deserialize, Serialize};

use crate::model::{Details, Invalid, for_details};

macro_rules! stored {
    ([] $($field:ident($given:ident): $type:ty, $asked:literal, $shown:literal;)+) => {
        #[derive(Debug, Serialize, Deserialize)]
        pub(super) struct StoredDetails {
            $(#[serde(default, skip_serializing_if = "Option::is_none")] $field: Option<String>,)+
        }

        impl From<&Details> for StoredDetails {
            fn from(details: &Details) -> Self {
                Self { $($field: details.$field.as_ref().map(ToString::to_string),)+ }
            }
        }

        impl TryFrom<StoredDetails> for Details {
            type Error = Invalid;

            fn try_from(stored: StoredDetails) -> Result<Self, Invalid> {
                Ok(Self { $($field: stored.$field.map(|text| text.parse()).transpose()?,)+ })
            }
        }
    };
}

for_details! { stored }
