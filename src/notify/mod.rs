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
//! | `channel` | what a channel is: the port |
//! | `settings` | what the operator has set |

mod audience;
mod channel;
mod form;
mod kind;
mod notice;
mod settings;

pub use audience::Audience;
pub use channel::{AddressKind, Channel, Outgoing, Reach, SendError, Sent};
pub use kind::{NoticeKey, NoticeKind};
pub use notice::{CutNotice, EndedGrant, Link, Notice, Risk, RiskNotice, Uses};
pub use settings::{
    ChannelKind, ChannelSettings, DigestSettings, EmailSettings, MailSecurity, NoticeSettings, Route, SlackSettings,
    WebhookSettings,
};

use crate::model::{Event, Fact};
use crate::store::Message;
use crate::workflow::{Rules, View};

/// The notices that these facts bring, as they follow on `view`.
///
/// ```
/// use jit_access::notify::messages;
/// use jit_access::workflow::{Rules, View};
///
/// assert!(messages(&View::default(), &[], &Rules::default()).is_empty());
/// ```
#[must_use]
pub fn messages(view: &View, events: &[Event], rules: &Rules) -> Vec<Message> {
    if !rules.break_glass.notify_security_team {
        return Vec::new();
    }
    let told = |event: &Event| {
        let (kind, grant) = match &event.fact {
            Fact::GrantCreated(grant) => (NoticeKind::BreakGlass, &**grant),
            Fact::BreakGlassReviewOverdue { .. } => (NoticeKind::BreakGlassReviewOverdue, view.grant.as_ref()?),
            _ => return None,
        };
        grant.break_glass.as_ref()?;
        let notice = Notice {
            audience: vec![Audience::Security],
            grant_id: Some(grant.id.to_string()),
            holder: Some(grant.holder.to_string()),
            reason: grant.justification.as_ref().map(ToString::to_string),
            expires_at: Some(grant.window.end().to_string()),
            ..Notice::new(kind, event.at)
        };
        Some(Message { kind: kind.name().to_owned(), body: notice.to_json(), due: None, gathers: None })
    };
    events.iter().filter_map(told).collect()
}
