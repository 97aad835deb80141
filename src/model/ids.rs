//! Ids of requests, grants, delegations and deliveries, and positions in the journal.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::Invalid;

macro_rules! id {
    ($name:ident, $field:literal, $doc:literal) => {
        #[doc = $doc]
        ///
        /// A UUID; version 7 when the library made it, and any version is accepted. Operations name their object by
        /// this id, never by a person and a role, so that a late revocation of one grant cannot hit the next one.
        ///
        /// ```
        /// use jit_access::model::{GrantId, RequestId};
        ///
        /// let text = "0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b";
        /// assert_eq!(text.parse::<GrantId>()?.to_string(), text);
        /// assert_eq!(text.parse::<RequestId>()?.as_u128(), text.parse::<GrantId>()?.as_u128());
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The id with these 128 bits.
            #[must_use]
            pub const fn from_u128(bits: u128) -> Self {
                Self(Uuid::from_u128(bits))
            }

            /// The 128 bits of this id.
            #[must_use]
            pub const fn as_u128(self) -> u128 {
                self.0.as_u128()
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                Uuid::try_parse(text).map(Self).map_err(|_| {
                    Invalid::new(
                        $field,
                        format!("is {}", Invalid::quote(text)),
                        "a UUID such as 0198c7a2-5d3e-7c41-9f0a-6b1d2e3f4a5b",
                    )
                })
            }
        }
    };
}

id!(RequestId, "request id", "Names one access request.");
id!(GrantId, "grant id", "Names one grant.");
id!(DelegationId, "delegation id", "Names one delegation.");
id!(AlertId, "alert id", "Names one alert.");
id!(
    DeliveryId,
    "delivery id",
    "Names one delivery of a notice: to one recipient by one channel, however often it is tried."
);

/// A position in the journal: the number of its last record. Without gaps, in commit order: a reader at revision `n`
/// has every record up to `n`.
///
/// ```
/// use jit_access::model::Revision;
///
/// assert_eq!(Revision(1), Revision(0).next());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Revision(pub u64);

impl Revision {
    /// Before the first record.
    pub const ZERO: Self = Self(0);

    /// The position one record later.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
