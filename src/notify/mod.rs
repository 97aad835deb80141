//! Notices: who is notified of which facts.
//!
//! A notice is written together with its facts, in one transaction, so it is never lost and never delays a command.
//! Recipients and channels are determined later, and another part sends it.
//!
//! | file | question |
//! |---|---|
//! | `kind` | the kinds of notices, and the key that switches each off |
//! | `notice` | the contents of a notice, and its one serialized form |
//! | `form` | how principals and roles are written in it |
//! | `audience` | to whom it is addressed |
//! | `callback` | the callbacks that a program wants for its AuthZEN request |
//! | `derive` | which notices follow from facts |
//! | `describe` | the description of a request and of a grant in a notice |
//! | `plan` | recipients, channels and times of a notice |
//! | `channel` | the port of a channel |
//! | `settings` | the operator's settings |

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
pub(crate) use derive::notifies_security;
pub use derive::{checkpoint_messages, messages, record_messages, use_messages};
pub(crate) use describe::{approver, describe_grant, with_request};
pub use kind::{NoticeKey, NoticeKind};
pub use notice::{CutNotice, EndedGrant, Link, Notice, Risk, RiskNotice, Uses};
pub use plan::{Addressee, Contact, Planned, plan};
pub use settings::{
    ChannelKind, ChannelSettings, DigestSettings, EmailSettings, MailSecurity, NoticeSettings, Route, SlackSettings,
    WebhookSettings,
};
