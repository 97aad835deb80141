//! How a principal signed in, as far as the identity provider reported to the host.

use std::sync::Arc;

use super::{Invalid, Timestamp};

/// How a principal signed in, by the host's identity provider: the claims `amr`, `acr` and `auth_time` of their token.
///
/// ```
/// use jit_access::model::SignIn;
///
/// let sign_in = SignIn::new(["pwd", "otp"], None, Some("2026-12-01T09:00:00Z".parse()?))?;
/// assert!(sign_in.is_multi_factor(), "something known and something held");
/// assert!(!SignIn::new(["pwd", "pin"], None, None)?.is_multi_factor(), "two things known are one factor");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignIn {
    methods: Vec<Arc<str>>,
    context: Option<Arc<str>>,
    at: Option<Timestamp>,
    claims_mfa: bool,
}

/// How far in the future a sign-in may be, because the clocks of two machines always differ a little.
pub(crate) const SIGN_IN_SKEW_MILLIS: i64 = 60_000;

/// How many methods one sign-in can have.
const MAX_METHODS: usize = 16;
const EXPECTED: &str = "1 to 255 visible ASCII characters";

// The methods of RFC 8176, section 2. Signals of risk and of place (`rba`, `geo`) are not a factor.
const KNOWN: &[&str] = &["kba", "pin", "pwd"];
const HELD: &[&str] = &["hwk", "otp", "pop", "sc", "sms", "swk", "tel"];
const INHERENT: &[&str] = &["face", "fpt", "iris", "retina", "vbm"];

impl SignIn {
    /// A sign-in with these methods (`amr`, names of RFC 8176), in this authentication context (`acr`), at this instant
    /// (`auth_time`).
    ///
    /// # Errors
    /// When a name is empty, longer than 255 bytes or contains anything but visible ASCII, or there are more than 16
    /// methods.
    pub fn new<'a>(
        methods: impl IntoIterator<Item = &'a str>,
        context: Option<&str>,
        at: Option<Timestamp>,
    ) -> Result<Self, Invalid> {
        let methods = methods.into_iter().map(|name| check_name("amr", name)).collect::<Result<Vec<_>, _>>()?;
        if methods.len() > MAX_METHODS {
            return Err(Invalid::new("amr", format!("has {} items", methods.len()), format!("at most {MAX_METHODS}")));
        }
        let context = context.map(|name| check_name("acr", name)).transpose()?;
        Ok(Self { methods, context, at, claims_mfa: false })
    }

    /// A sign-in from the host's values, or `None` without values: as [`SignIn::new`], with `mfa` for
    /// [`SignIn::claiming_mfa`].
    ///
    /// ```
    /// use jit_access::model::SignIn;
    ///
    /// assert_eq!(SignIn::optional([], None, None, None)?, None);
    /// assert!(SignIn::optional([], None, None, Some(true))?.is_some_and(|sign_in| sign_in.claims_mfa()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`SignIn::new`].
    pub fn optional<'a>(
        methods: impl IntoIterator<Item = &'a str>,
        context: Option<&str>,
        at: Option<Timestamp>,
        mfa: Option<bool>,
    ) -> Result<Option<Self>, Invalid> {
        let sign_in = Self::new(methods, context, at)?;
        let anything = mfa.is_some() || sign_in != Self::default();
        Ok(anything.then(|| sign_in.claiming_mfa(mfa.unwrap_or(false))))
    }

    /// The instant of an `auth_time` as a token has it: in seconds since 1970 (RFC 7519, NumericDate).
    ///
    /// # Errors
    /// When the library does not know of that instant.
    pub fn instant(seconds: i64) -> Result<Timestamp, Invalid> {
        Timestamp::from_millis(seconds.saturating_mul(1_000)).map_err(|error| error.for_field("auth_time"))
    }

    /// The same, with the host's flag that there was a second factor. The flag proves nothing unless the operator
    /// trusts it.
    #[must_use]
    pub fn claiming_mfa(mut self, claims: bool) -> Self {
        self.claims_mfa = claims;
        self
    }

    /// The methods (`amr`).
    pub fn methods(&self) -> impl ExactSizeIterator<Item = &str> {
        self.methods.iter().map(|name| &**name)
    }

    /// The authentication context (`acr`).
    #[must_use]
    pub fn context(&self) -> Option<&str> {
        self.context.as_deref()
    }

    /// When (`auth_time`).
    #[must_use]
    pub const fn at(&self) -> Option<Timestamp> {
        self.at
    }

    /// The same sign-in, with its time moved by this number of milliseconds.
    pub(crate) fn shifted_by(mut self, millis: i64) -> Self {
        self.at = self.at.and_then(|at| Timestamp::from_millis(at.millis().saturating_add(millis)).ok());
        self
    }

    /// Whether the host claims a second factor without its method.
    #[must_use]
    pub const fn claims_mfa(&self) -> bool {
        self.claims_mfa
    }

    /// Whether the methods show more than one factor: `mfa`, or methods of two kinds out of knowledge, possession and
    /// biometrics.
    #[must_use]
    pub fn is_multi_factor(&self) -> bool {
        let has = |kind: &[&str]| self.methods().any(|method| kind.contains(&method));
        let factors = [KNOWN, HELD, INHERENT].into_iter().filter(|kind| has(kind)).count();
        factors >= 2 || has(&["mfa"])
    }
}

fn check_name(field: &'static str, name: &str) -> Result<Arc<str>, Invalid> {
    if name.is_empty() || name.len() > 255 || !name.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Invalid::new(field, format!("holds {}", Invalid::quote(name)), EXPECTED));
    }
    Ok(name.into())
}
