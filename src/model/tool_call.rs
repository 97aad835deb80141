//! One exact call of a tool: its name and its arguments.

use std::fmt;
use std::sync::Arc;

use super::Invalid;

/// One exact call of a tool, as canonical JSON (RFC 8785) of an object with `name` and `arguments`. Equal calls have equal text.
///
/// ```
/// use jit_access::model::ToolCall;
///
/// let call = ToolCall::from_canonical(r#"{"arguments":{"env":"staging"},"name":"deploy"}"#)?;
/// assert_eq!(call.as_str().len(), 47);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ToolCall(Arc<str>);

impl ToolCall {
    /// The most bytes of a call: an approver has to read it.
    pub const MAX_BYTES: usize = 16 * 1024;

    /// The call that this canonical JSON is. It is not parsed: `command::tool_call` reads any JSON.
    ///
    /// # Errors
    /// When it is empty or too long.
    pub fn from_canonical(text: &str) -> Result<Self, Invalid> {
        if text.is_empty() || text.len() > Self::MAX_BYTES {
            let problem = format!("has {} bytes", text.len());
            return Err(Invalid::new("call", problem, format!("1 to {} bytes of canonical JSON", Self::MAX_BYTES)));
        }
        Ok(Self(text.into()))
    }

    /// The canonical JSON.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ToolCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
