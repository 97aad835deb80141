//! To whom a notice is addressed, before addresses are looked up.

use serde::{Deserialize, Serialize};

use super::form;
use crate::model::{Principal, RoleName};

/// A recipient of a notice, and why.
///
/// ```
/// use jit_access::model::{Principal, RoleName};
/// use jit_access::notify::Audience;
///
/// let lead = Audience::Approvers { roles: vec![RoleName::new("lead")?], except: vec![] };
/// assert_eq!((lead.name(), lead.person()), ("approvers", None));
/// let dev = Principal::user("dev@example.com")?;
/// assert_eq!(Audience::Requester { person: dev.clone() }.person(), Some(&dev));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "as", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Audience {
    /// Those who hold one of these roles of the host, and their delegates.
    Approvers {
        /// The roles.
        #[serde(with = "form::roles")]
        roles: Vec<RoleName>,
        /// Who is excluded: the requester, and those who have approved already.
        #[serde(with = "form::principals", default, skip_serializing_if = "Vec::is_empty")]
        except: Vec<Principal>,
    },
    /// The requester.
    Requester {
        /// The person.
        #[serde(with = "form::principal")]
        person: Principal,
    },
    /// The person that a requesting or holding agent acts for.
    PersonOfAgent {
        /// The person.
        #[serde(with = "form::principal")]
        person: Principal,
    },
    /// The holder of the grant.
    Holder {
        /// The person.
        #[serde(with = "form::principal")]
        person: Principal,
    },
    /// An approver.
    Approver {
        /// The person.
        #[serde(with = "form::principal")]
        person: Principal,
    },
    /// The security team, by its channels.
    Security,
    /// The program that made the request by AuthZEN and wants its result.
    Callback {
        /// The channel that leads to it.
        channel: String,
        /// The origin of the request, with its seal.
        origin: String,
    },
    /// A channel that gets the record, or its checkpoints.
    Channel {
        /// Its name.
        channel: String,
    },
    /// A person whom it concerns in another way.
    Named {
        /// The person.
        #[serde(with = "form::principal")]
        person: Principal,
    },
}

impl Audience {
    /// Every name that [`Audience::name`] returns.
    pub const NAMES: [&str; 9] =
        ["approvers", "requester", "person_of_agent", "holder", "approver", "security", "callback", "channel", "named"];

    /// The name in configuration and in the serialised form.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Approvers { .. } => "approvers",
            Self::Requester { .. } => "requester",
            Self::PersonOfAgent { .. } => "person_of_agent",
            Self::Holder { .. } => "holder",
            Self::Approver { .. } => "approver",
            Self::Security => "security",
            Self::Callback { .. } => "callback",
            Self::Channel { .. } => "channel",
            Self::Named { .. } => "named",
        }
    }

    /// The person that it is addressed to, if it is one person.
    #[must_use]
    pub const fn person(&self) -> Option<&Principal> {
        match self {
            Self::Requester { person }
            | Self::PersonOfAgent { person }
            | Self::Holder { person }
            | Self::Approver { person }
            | Self::Named { person } => Some(person),
            Self::Approvers { .. } | Self::Security | Self::Callback { .. } | Self::Channel { .. } => None,
        }
    }
}
