//! Additional data in the record of a use.

use core::net::IpAddr;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use derive_setters::Setters;

use super::characters::is_blank;
use super::{Principal, SessionId};

/// What a host knows of a call, for the record: no decision uses it. Recorded with the use if configured
/// (`enhanced_audit`).
///
/// ```
/// use jit_access::model::{DetailText, UseDetails};
///
/// let details = UseDetails::default()
///     .user_agent(Some(DetailText::new("curl/8.9")))
///     .trace_of(Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
/// assert_eq!(details.trace_id.as_ref().map(DetailText::as_str), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Setters)]
#[non_exhaustive]
pub struct UseDetails {
    /// The person for whom an agent holds the grant. Set by the library for every use by an agent.
    pub acts_for: Option<Principal>,
    /// The address of the caller. Taken from the context of the check.
    pub address: Option<IpAddr>,
    /// The session or task. Taken from the context of the check.
    pub session: Option<SessionId>,
    /// The program that made it, as it calls itself.
    pub user_agent: Option<DetailText>,
    /// The id of the call's token, never the token.
    pub token_id: Option<DetailText>,
    /// The host's own id of the call.
    pub correlation_id: Option<DetailText>,
    /// The id of the trace that it is part of (W3C Trace Context): 32 hexadecimal digits.
    pub trace_id: Option<DetailText>,
    /// Whether the principal's standing rights would have allowed it, if the host knows.
    pub by_standing: Option<bool>,
    /// A digest of the arguments of the call.
    pub arguments_digest: Option<DetailText>,
    /// The arguments that are recorded by configuration, by name.
    pub arguments: BTreeMap<String, DetailText>,
}

impl UseDetails {
    /// More than this many arguments are not kept.
    pub const MAX_ARGUMENTS: usize = 32;

    /// These details with the trace of this header (`traceparent`). An invalid header is ignored.
    #[must_use]
    pub fn trace_of(mut self, header: Option<&str>) -> Self {
        self.trace_id = header.and_then(trace_id).map(DetailText::new);
        self
    }

    /// Whether they are not empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The trace of a `traceparent` header: version, trace, parent and flags, in lower-case hexadecimal (W3C Trace Context 1, 3.2).
fn trace_id(header: &str) -> Option<&str> {
    let mut parts = header.trim().split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, len: usize| {
        text.len() == len && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let is_set = |text: &str| text.bytes().any(|b| b != b'0');
    let is_known = is_hex(version, 2) && version != "ff" && (version != "00" || parts.next().is_none());
    (is_known && is_hex(trace, 32) && is_set(trace) && is_hex(parent, 16) && is_set(parent) && is_hex(flags, 2))
        .then_some(trace)
}

/// Text from others in a record: at most 256 characters, all of them visible. A longer text is cut, and an invisible
/// character becomes U+FFFD, so no call fails because of these values.
///
/// ```
/// use jit_access::model::DetailText;
///
/// assert_eq!(DetailText::new("a\nb").as_str(), "a\u{FFFD}b");
/// assert_eq!(DetailText::new(&"x".repeat(1_000)).as_str().len(), 256);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DetailText(Arc<str>);

impl DetailText {
    /// More characters than this are cut.
    pub const MAX_CHARS: usize = 256;

    /// This text, made fit for a record.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let seen = |c: char| if c != ' ' && is_blank(c) { char::REPLACEMENT_CHARACTER } else { c };
        let is_plain = text.len() <= Self::MAX_CHARS && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
        Self(if is_plain {
            text.into()
        } else {
            text.chars().take(Self::MAX_CHARS).map(seen).collect::<String>().into()
        })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DetailText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_header_of_the_standard_names_a_trace() {
        const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(trace_id(GOOD), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
        assert!(
            trace_id(&format!("{GOOD}-more").replacen("00", "01", 1)).is_some(),
            "a later version may have more parts"
        );
        for wrong in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
        ] {
            assert_eq!(trace_id(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn text_that_was_made_fit_stays_as_it_is() {
        for text in ["curl/8.9", "a\r\nb: c", "\u{202E}abc", &"é\u{200B}".repeat(300)] {
            let once = DetailText::new(text);
            assert_eq!(DetailText::new(once.as_str()), once);
            assert!(once.as_str().chars().count() <= DetailText::MAX_CHARS);
        }
    }
}
