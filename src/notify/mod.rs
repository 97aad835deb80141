//! Who is told what: notices that follow from facts.
//!
//! A notice is written with the facts it tells of, in one transaction, so it can neither be forgotten nor hold anybody
//! up. Who is told by which channel is found out later, and sending is another's work.
//!
//! | file | question |
//! |---|---|
//! | `kind` | what can be told, and which key switches it off |
//! | `notice` | what a notice says, and its one serialised form |
//! | `form` | how principals and roles are written in it |
//! | `audience` | to whom it is addressed |
//! | `callback` | what the program that asked by AuthZEN wants to hear |
//! | `derive` | which notices follow from facts |
//! | `describe` | what a notice says of a request and of a grant |
//! | `plan` | to whom it goes by which channel, and when |
//! | `channel` | what a channel is: the port |
//! | `settings` | what the operator has set |

mod audience;
mod callback;
mod channel;
mod derive;
mod describe;
mod form;
mod kind;
mod notice;
mod plan;
mod settings;

pub use audience::Audience;
#[cfg(feature = "authzen")]
pub(crate) use callback::{Callback, EVENTS};
#[cfg(any(feature = "authzen", feature = "webhooks"))]
pub(crate) use callback::{Origin, state_after, task_address, task_status};
pub use channel::{AddressKind, Channel, FnChannel, Outgoing, Reach, SendError, Sent};
pub(crate) use derive::tells_security;
pub use derive::{checkpoint_messages, messages, record_messages, use_messages};
pub(crate) use describe::{approver, describe_grant, with_request};
pub use kind::{NoticeKey, NoticeKind};
pub use notice::{CutNotice, EndedGrant, Link, Notice, Risk, RiskNotice, Uses};
pub use plan::{Addressee, Contact, Planned, plan};
pub use settings::{
    ChannelKind, ChannelSettings, DigestSettings, EmailSettings, MailSecurity, NoticeSettings, Route, SlackSettings,
    WebhookSettings,
};
