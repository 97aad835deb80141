//! To whom a notice is addressed, before anybody's address is looked up.

use serde::{Deserialize, Serialize};

use super::form;
use crate::model::{Principal, RoleName};

/// To whom a notice is addressed, and as what.
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
    /// Those who hold one of these roles of the host, or review in the place of somebody who does.
    Approvers {
        /// The roles.
        #[serde(with = "form::roles")]
        roles: Vec<RoleName>,
        /// Who does not count among them: whoever asked, and who has said yes already.
        #[serde(with = "form::principals", default, skip_serializing_if = "Vec::is_empty")]
        except: Vec<Principal>,
    },
    /// Who asked.
    Requester {
        /// Who.
        #[serde(with = "form::principal")]
        person: Principal,
    },
    /// The person that a requesting or holding agent acts for.
    PersonOfAgent {
        /// Who.
        #[serde(with = "form::principal")]
        person: Principal,
    },
    /// Who holds the grant.
    Holder {
        /// Who.
        #[serde(with = "form::principal")]
        person: Principal,
    },
    /// Who approved.
    Approver {
        /// Who.
        #[serde(with = "form::principal")]
        person: Principal,
    },
    /// The security team, by its channels.
    Security,
    /// The program that asked by AuthZEN, which wants to hear what becomes of it.
    Callback {
        /// The channel that leads to it.
        channel: String,
        /// The origin of the request, with its seal.
        origin: String,
    },
    /// A channel that gets the record, or its checkpoints, and whoever reads it.
    Channel {
        /// Its name.
        channel: String,
    },
    /// Somebody whom it concerns in another way.
    Named {
        /// Who.
        #[serde(with = "form::principal")]
        person: Principal,
    },
}

impl Audience {
    /// Every name that [`Audience::name`] gives.
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

    /// The one whom it is addressed to, if it is addressed to one.
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
