//! Details of a request for people: approvers see them, and the grant keeps them. No decision depends on them.

use super::{Justification, TicketUrl};

/// The list of details, for everything that is generated from them: `then! { more; field(name in commands): type, doc
/// of the field in a command, doc where it is shown; … }`. It is stored and shown under the name of the field. A type
/// is text: it has `Display`, `FromStr` and `command::Field`.
macro_rules! for_details {
    ($then:ident $($more:tt)*) => {
        $then! {
            [$($more)*]
            justification(reason): Justification,
                "Why. Approvers see it.",
                "The reason that the requester gave.";
            ticket_url(ticket_url): TicketUrl,
                "The ticket that the work is tracked in, as an `https` or `http` address.",
                "The ticket of the work.";
            origin(origin): Justification,
                "Where the request comes from, such as the denial that it answers. The decision point of AuthZEN writes and seals it.",
                "Where the request comes from.";
        }
    };
}

macro_rules! details {
    ([] $($field:ident($given:ident): $type:ty, $asked:literal, $shown:literal;)+) => {
        /// Details of a request for people, which its grant keeps.
        ///
        /// ```
        /// use jit_access::model::{Details, Justification};
        ///
        /// let why = Details { justification: Some(Justification::new("INC-1234")?), ..Details::default() };
        /// assert!(why.ticket_url.is_none());
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct Details {
            $(#[doc = $shown] pub $field: Option<$type>,)+
        }
    };
}

for_details! { details }

pub(crate) use for_details;
