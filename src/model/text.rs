//! Text from people: reasons and links to tickets. Both are limited in length, and neither becomes part of a policy.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::{Invalid, characters};

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

/// How long a reason may be, in bytes.
const MAX: usize = 4_096;
const EXPECTED: &str = "1 to 4096 bytes of text that a reader can see";

impl Justification {
    /// This text, without surrounding space.
    ///
    /// # Errors
    /// When it has no visible character, is longer than 4096 bytes, or contains control characters other than line
    /// breaks and tabs, or characters that reorder the rest (U+202A to U+202E, U+2066 to U+2069).
    pub fn new(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let problem = if text.is_empty() {
            "is empty".to_owned()
        } else if text.len() > MAX {
            format!("is {} bytes long", text.len())
        } else if let Some(c) = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            format!("holds the control character U+{:04X}", u32::from(c))
        } else if let Some(c) = characters::reordering(text) {
            format!("holds {}, which shows text in another order", characters::named(c))
        } else if !characters::is_visible(text) {
            "is empty: it has only invisible characters".to_owned()
        } else {
            return Ok(Self(text.into()));
        };
        Err(Invalid::new("reason", problem, EXPECTED))
    }

    /// A reason from a text of the library itself: a text that is too long is cut, with a mark at the end. The action
    /// with this reason must not fail because of its length.
    pub(crate) fn fitting(text: &str) -> Self {
        const MORE: &str = " …";
        const NONE: &str = "(without words)";
        let is_fit = |c: char| !c.is_control() && characters::reordering(c.encode_utf8(&mut [0; 4])).is_none();
        let mut fitting: String = text.trim().chars().filter(|c| is_fit(*c)).collect();
        if fitting.len() > MAX {
            fitting.truncate(fitting.floor_char_boundary(MAX - MORE.len()));
            fitting.push_str(MORE);
        }
        Self::new(&fitting).unwrap_or_else(|_| Self(NONE.into()))
    }

    /// An optional text: a text without a visible character counts as missing.
    ///
    /// # Errors
    /// As for [`Justification::new`], but not for a text without visible characters.
    pub fn optional(text: &str) -> Result<Option<Self>, Invalid> {
        if Self::is_blank(text) { Ok(None) } else { Self::new(text).map(Some) }
    }

    /// Whether a reader would see nothing of this text.
    #[must_use]
    pub fn is_blank(text: &str) -> bool {
        !characters::is_visible(text)
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
const MAX_URL: usize = 2_048;

impl TicketUrl {
    /// This address, in the form that browsers use (WHATWG URL).
    ///
    /// # Errors
    /// When it is not an absolute `https` or `http` address, is longer than 2048 bytes in that form, or carries a user name
    /// or a password; these are not repeated in the message.
    pub fn new(text: &str) -> Result<Self, Invalid> {
        let refuse = |problem: String| Invalid::new("ticket_url", problem, EXPECTED_URL);
        let too_long = |length: usize| refuse(format!("is {length} bytes long"));
        if text.len() > MAX_URL {
            return Err(too_long(text.len()));
        }
        // An address that may contain a user name or password is not repeated, because messages are logged.
        let shown = || if text.contains('@') { "an address with an `@`".to_owned() } else { Invalid::quote(text) };
        if text.trim() != text || text.chars().any(char::is_control) || characters::reordering(text).is_some() {
            return Err(refuse(format!("is {}", shown())));
        }
        let url = url::Url::parse(text).map_err(|_| refuse(format!("is {}", shown())))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("carries a user name or a password".to_owned()));
        }
        if !matches!(url.scheme(), "https" | "http") || !url.has_host() {
            return Err(refuse(format!("is {}", shown())));
        }
        if url.as_str().len() > MAX_URL {
            return Err(too_long(url.as_str().len()));
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
    fn a_reason_of_our_own_is_made_to_fit() {
        for text in [
            "x".repeat(5_000),
            "é".repeat(3_000),
            "\u{202e}gnorw \u{0}\u{7}".to_owned(),
            String::new(),
            " \u{200b}".to_owned(),
        ] {
            let made = Justification::fitting(&text);
            assert_eq!(Justification::new(made.as_str()).unwrap(), made);
        }
        assert_eq!(Justification::fitting("short").as_str(), "short");
        assert!(Justification::fitting(&"x".repeat(5_000)).as_str().ends_with("xx …"));
    }

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
    fn a_ticket_is_limited_as_it_is_stored() {
        // Each of these letters is three bytes here and nine there.
        let long = format!("https://a.example/{}", "字".repeat(600));
        assert!(long.len() < MAX_URL);
        let error = TicketUrl::new(&long).unwrap_err();
        assert!(error.problem().ends_with("bytes long"), "{error}");
        let most = format!("https://a.example/{}", "x".repeat(MAX_URL - 18));
        assert_eq!(TicketUrl::new(&most).unwrap().as_str().len(), MAX_URL);
    }

    #[test]
    fn a_password_in_a_ticket_is_never_repeated() {
        for text in [
            "https://me:hunter2@a.example/",
            "https://hunter2@a.example/",
            "ftp://me:hunter2@a.example",
            "//me:hunter2@",
            "https://me:hunter2@[",
            " https://me:hunter2@a.example/",
        ] {
            let error = TicketUrl::new(text).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn reasons_are_text() {
        assert_eq!(Justification::new("  disk full\non db-1 ").unwrap().as_str(), "disk full\non db-1");
        for text in ["", " \n", "a\0b", "\u{1b}[31mred"] {
            assert!(Justification::new(text).is_err(), "{text:?}");
        }
        for unseen in [
            "\u{200B}\u{200D}",
            "\u{3164}",
            "\u{2800} \u{2800}",
            "\u{E0041}\u{E007F}",
            "\u{FE0F}",
            "\u{200F}",
            "\u{115F}",
        ] {
            let error = Justification::new(unseen).unwrap_err();
            assert!(error.problem().starts_with("is empty"), "{error}");
        }
        for c in ('\u{202A}'..='\u{202E}').chain('\u{2066}'..='\u{2069}') {
            let error = Justification::new(&format!("approve{c}deny")).unwrap_err();
            assert!(error.problem().contains(&format!("U+{:04X}", u32::from(c))), "{error}");
        }
        assert_eq!(Justification::optional(" \u{200B}"), Ok(None));
        assert!(Justification::optional("ok").unwrap().is_some() && Justification::optional("a\0").is_err());
        // A family of emoji, and text that is written from right to left.
        for text in ["👩\u{200D}👩\u{200D}👧", "שלום \u{200F}(עולם)", "ok\u{200B}"] {
            assert_eq!(Justification::new(text).unwrap().as_str(), text);
        }
        assert!(Justification::new(&"x".repeat(4_097)).is_err());
    }
}
