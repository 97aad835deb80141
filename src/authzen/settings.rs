//! The settings of a decision point.

use std::collections::BTreeMap;

use url::Url;

use crate::model::{Invalid, PrincipalKind};

/// What an operator sets of AuthZEN.
///
/// ```
/// use jit_access::authzen::Settings;
///
/// let settings = Settings::new("https://pdp.example.com/")?;
/// assert_eq!(settings.public_url(), "https://pdp.example.com");
/// assert!(Settings::new("http://pdp.example.com").is_err(), "callers send tokens there");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Settings {
    public_url: String,
    /// For how long a denial may be answered with a request, in milliseconds: 600,000.
    pub denial_ttl_millis: i64,
    /// The principal kind of each type of subject: `user` a person, `agent` an agent. A subject of another type gets
    /// the host's own decision and cannot make requests.
    pub subject_types: BTreeMap<String, PrincipalKind>,
    /// What an action is called here, where it is not its own name: `tools/call` is `tools.execute`.
    pub actions: BTreeMap<String, String>,
    /// Where people see a request: the prefix of `links.ticket`, such as `https://gateway.example.com/jit/pages`.
    /// Without it there is no such link.
    pub pages_url: Option<String>,
    /// Whether there is something to search besides what grants name. Without it no search is published.
    pub searches: bool,
}

impl Settings {
    /// The settings of a decision point at this address. The address is never taken from a request: otherwise the
    /// sender of a `Host` header would choose where callers send their tokens.
    ///
    /// # Errors
    /// When it is not an `https` address, or has a query or a fragment.
    pub fn new(public_url: &str) -> Result<Self, Invalid> {
        let url = Url::parse(public_url).ok();
        let is_right = url.is_some_and(|url| {
            let is_plain = url.query().is_none() && url.fragment().is_none() && !public_url.contains(' ');
            url.scheme() == "https" && url.has_host() && is_plain
        });
        if !is_right {
            let problem = format!("is {}", Invalid::quote(public_url));
            return Err(Invalid::new("public_url", problem, "an https address without a query or a fragment"));
        }
        let types = [("user", PrincipalKind::User), ("agent", PrincipalKind::Agent)];
        Ok(Self {
            public_url: public_url.trim_end_matches('/').to_owned(),
            denial_ttl_millis: 600_000,
            subject_types: types.into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect(),
            actions: BTreeMap::from([("tools/call".to_owned(), "tools.execute".to_owned())]),
            pages_url: None,
            searches: true,
        })
    }

    /// The address of the decision point, without a slash at the end.
    #[must_use]
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// The address of this path.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}/access/v1/{path}", self.public_url)
    }
}
