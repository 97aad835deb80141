//! What people write: reasons and links to tickets, bounded. Neither ever enters a policy.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::Invalid;

/// Why: a sentence or a few, at most 4096 bytes.
///
/// ```
/// use jit_access::model::Justification;
///
/// assert_eq!(Justification::new("INC-1234: checkout is slow")?.as_str(), "INC-1234: checkout is slow");
/// assert!(Justification::new("").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Justification(Arc<str>);

const EXPECTED: &str = "1 to 4096 bytes of text";

impl Justification {
    /// This text, without surrounding space.
    ///
    /// # Errors
    /// When nothing but space is left, it is longer than 4096 bytes, or it holds control characters other than line
    /// breaks and tabs.
    pub fn new(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let problem = if text.is_empty() {
            "is empty".to_owned()
        } else if text.len() > 4_096 {
            format!("is {} bytes long", text.len())
        } else if let Some(c) = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            format!("holds the control character U+{:04X}", u32::from(c))
        } else {
            return Ok(Self(text.into()));
        };
        Err(Invalid::new("reason", problem, EXPECTED))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Justification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Justification {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::new(text)
    }
}

/// Where the work is tracked: an `https` or `http` address. Pages show it as a link, so `javascript:` and its kin are refused.
///
/// ```
/// use jit_access::model::TicketUrl;
///
/// assert!(TicketUrl::new("https://tickets.example.com/INC-1234").is_ok());
/// assert!(TicketUrl::new("javascript:alert(1)").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TicketUrl(Arc<str>);

const EXPECTED_URL: &str =
    "an https or http address of at most 2048 bytes, such as https://tracker.example.com/INC-1234";

impl TicketUrl {
    /// This address, in the form that browsers use (WHATWG URL).
    ///
    /// # Errors
    /// When it is not an absolute `https` or `http` address, is longer than 2048 bytes, or carries a user name.
    pub fn new(text: &str) -> Result<Self, Invalid> {
        let refuse = || Invalid::new("ticket_url", format!("is {}", Invalid::quote(text)), EXPECTED_URL);
        if text.len() > 2_048 || text.trim() != text || text.chars().any(char::is_control) {
            return Err(refuse());
        }
        let url = url::Url::parse(text).map_err(|_| refuse())?;
        if !matches!(url.scheme(), "https" | "http")
            || !url.has_host()
            || !url.username().is_empty()
            || url.password().is_some()
        {
            return Err(refuse());
        }
        Ok(Self(url.as_str().into()))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TicketUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TicketUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_are_links_that_are_safe_to_show() {
        assert_eq!(
            TicketUrl::new("https://jira.example.com/browse/INC-1").unwrap().as_str(),
            "https://jira.example.com/browse/INC-1"
        );
        for text in [
            "",
            "INC-1",
            "//evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://",
            "https://a@b.example/",
            "https://a.example/\n",
            "ftp://a.example/",
        ] {
            assert!(TicketUrl::new(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn reasons_are_text() {
        assert_eq!(Justification::new("  disk full\non db-1 ").unwrap().as_str(), "disk full\non db-1");
        for text in ["", " \n", "a\0b", "\u{1b}[31mred"] {
            assert!(Justification::new(text).is_err(), "{text:?}");
        }
        assert!(Justification::new(&"x".repeat(4_097)).is_err());
    }
}
