//! A value that must not appear in a log.

use std::fmt;

/// A password, a token or a key. It is shown by nothing: not by `Debug`, and it has no `Display` and no serialised form.
///
/// ```
/// use jit_access::model::Secret;
///
/// let secret = Secret::new("hunter2");
/// assert_eq!((secret.expose(), format!("{secret:?}").as_str()), ("hunter2", "Secret(..)"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// This value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself. Pass it only to the library that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
