//! The origin of a request that came by AuthZEN, and the callbacks that its program wants.
//!
//! It is the text of the request's origin, so it is stored with the request. Only its seal proves who wrote that text:
//! check the seal before using it.

use std::fmt;

use super::{Audience, NoticeKind};
use crate::model::{AccessRequest, RequestStatus};
use crate::workflow::cuts_of;

/// The origin of a request: `authzen <caller> <evaluation id>`, and for a callback `callback <channel> <events> <state>
/// <address>`. Text after that, such as a seal, is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin<'a> {
    /// The caller.
    pub(crate) caller: &'a str,
    /// The id of the denial that it answers.
    pub(crate) evaluation_id: &'a str,
    /// How the caller is notified of the result.
    pub(crate) callback: Option<Callback<'a>>,
}

/// How a caller is notified of the result of its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Callback<'a> {
    /// The channel of this name.
    pub(crate) channel: &'a str,
    /// The wanted results: names between commas; `-` for each change.
    pub(crate) events: &'a str,
    /// The state that the caller gets back: `s` and base64url; `-` for none.
    pub(crate) state: &'a str,
    /// The address of the decision point that took the request.
    pub(crate) base: &'a str,
}

impl<'a> Origin<'a> {
    /// Parses this text, if it is an origin of this form.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let mut words = text.split(' ');
        if words.next() != Some("authzen") {
            return None;
        }
        let (caller, evaluation_id) = (words.next()?, words.next()?);
        let callback = match words.next() {
            Some("callback") => Some(Callback {
                channel: words.next()?,
                events: words.next()?,
                state: words.next()?,
                base: words.next()?,
            }),
            _ => None,
        };
        Some(Self { caller, evaluation_id, callback })
    }
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "authzen {} {}", self.caller, self.evaluation_id)?;
        match &self.callback {
            Some(Callback { channel, events, state, base }) => write!(f, " callback {channel} {events} {state} {base}"),
            None => Ok(()),
        }
    }
}

/// The ends that a caller can name.
#[cfg(feature = "authzen")]
pub(crate) const EVENTS: [&str; 6] = ["approved", "denied", "expired", "cancelled", "failed", "partial"];

/// The status of a task whose request has this status.
#[cfg(any(feature = "authzen", feature = "webhooks"))]
pub(crate) const fn task_status(status: RequestStatus) -> &'static str {
    match status {
        RequestStatus::Pending | RequestStatus::NeedsInfo => "pending",
        RequestStatus::Approved => "approved",
        RequestStatus::Denied => "denied",
        RequestStatus::Withdrawn => "cancelled",
        RequestStatus::TimedOut => "expired",
    }
}

/// The address of the task with this handle, at a decision point with this address.
#[cfg(any(feature = "authzen", feature = "webhooks"))]
pub(crate) fn task_address(base: &str, handle: &str) -> String {
    format!("{base}/access/v1/requests/{handle}")
}

/// The state of a request after the event of this notice; `None` if it does not change.
pub(crate) const fn state_after(kind: NoticeKind) -> Option<RequestStatus> {
    match kind {
        NoticeKind::RequestChanged | NoticeKind::RequestAnswered => Some(RequestStatus::Pending),
        NoticeKind::QuestionAsked => Some(RequestStatus::NeedsInfo),
        NoticeKind::RequestApproved => Some(RequestStatus::Approved),
        NoticeKind::RequestDenied => Some(RequestStatus::Denied),
        NoticeKind::RequestTimedOut => Some(RequestStatus::TimedOut),
        NoticeKind::RequestWithdrawn => Some(RequestStatus::Withdrawn),
        _ => None,
    }
}

/// The program that made this request, if it wants this kind of notice.
pub(super) fn program(request: &AccessRequest, kind: NoticeKind) -> Option<Audience> {
    let origin = request.details.origin.as_ref()?.as_str();
    let callback = Origin::parse(origin)?.callback?;
    let is_wanted = |events: &[&str]| callback.events.split(',').any(|one| events.contains(&one));
    let wants = match state_after(kind)? {
        _ if callback.events == "-" => true,
        RequestStatus::Pending | RequestStatus::NeedsInfo => false,
        RequestStatus::Approved => is_wanted(&["approved"]) || !cuts_of(request).is_empty() && is_wanted(&["partial"]),
        RequestStatus::Denied => is_wanted(&["denied"]),
        RequestStatus::Withdrawn => is_wanted(&["cancelled"]),
        RequestStatus::TimedOut => is_wanted(&["expired"]),
    };
    wants.then(|| Audience::Callback { channel: callback.channel.to_owned(), origin: origin.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_says_what_was_written() {
        let callback =
            Callback { channel: "hook", events: "approved,denied", state: "sYQ", base: "https://a.example/b" };
        for callback in [None, Some(callback)] {
            let origin = Origin { caller: "gateway", evaluation_id: "ev1.x", callback };
            let text = origin.to_string();
            assert_eq!(Origin::parse(&text), Some(origin.clone()), "{text}");
            assert_eq!(Origin::parse(&format!("{text} seal")), Some(origin), "what follows is not looked at");
        }
        for text in ["", "by hand", "authzen", "authzen gateway", "authzen gateway ev1.x callback hook"] {
            assert_eq!(Origin::parse(text), None, "{text}");
        }
    }
}
