//! The result of a command, and the idempotency key.

use crate::model::{AccessRequest, AlertState, Delegation, Grant, Invalid, Principal, Timestamp};
use crate::workflow::View;

/// A key that makes a command happen once, however often it is sent: unique per caller, 1 to 255 visible ASCII characters.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let world::World { engine, request, dev, .. } = world::requested()?;
/// use jit_access::command::Withdraw;
/// use jit_access::model::*;
/// use jit_access::service::IdempotencyKey;
///
/// let key = IdempotencyKey::new("withdraw-1")?;
/// assert!(!engine.workflow().execute(&dev, Withdraw::new(request), Some(&key))?.replayed);
/// assert!(engine.workflow().execute(&dev, Withdraw::new(request), Some(&key))?.replayed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    pub(super) text: String,
    pub(super) behalf: Option<Behalf>,
}

/// The owner of the key, when it is not the caller, and what the key stands for, when that is more than the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Behalf {
    pub(super) owner: Principal,
    pub(super) stands_for: String,
}

impl IdempotencyKey {
    /// This key.
    ///
    /// # Errors
    /// When it is empty, longer than 255 bytes, or contains anything but visible ASCII.
    pub fn new(key: &str) -> Result<Self, Invalid> {
        if key.is_empty() || key.len() > 255 || !key.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Invalid::new(
                "idempotency_key",
                format!("is {}", Invalid::quote(key)),
                "1 to 255 visible ASCII characters",
            ));
        }
        Ok(Self { text: key.to_owned(), behalf: None })
    }

    /// The same key, owned by another principal that gives commands for several callers, and bound to what was sent (a
    /// digest of it): the resulting command may depend on the time.
    #[cfg(feature = "authzen")]
    pub(crate) fn for_another(self, owner: Principal, stands_for: String) -> Self {
        Self { behalf: Some(Behalf { owner, stands_for }), ..self }
    }
}

/// The state of a command's subject after the command.
///
/// ```
/// # mod world { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/doc/world.rs")); }
/// # let world::World { engine, request, dev, .. } = world::granted()?;
/// use jit_access::model::*;
/// use jit_access::service::Receipt;
///
/// let receipt: Receipt = engine.workflow().request(&dev, request)?;
/// assert!(receipt.request.is_some() && receipt.grant.is_some() && !receipt.replayed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Receipt {
    /// The request.
    pub request: Option<AccessRequest>,
    /// The grant.
    pub grant: Option<Grant>,
    /// The delegation.
    pub delegation: Option<Delegation>,
    /// The alert.
    pub alert: Option<AlertState>,
    /// Every grant that ended by it.
    pub ended: Vec<Grant>,
    /// The instant the command was decided at; statuses are judged by it.
    pub now: Timestamp,
    /// Whether an earlier call with the same idempotency key did it, and this one did nothing.
    pub replayed: bool,
    /// Whether a submission made no request because this grant of the caller gives everything that was requested.
    pub already: bool,
    /// Whether it is on disk. `false` only when a command that ends or suspends access could not be written: this
    /// process no longer honours the grants, other processes may, and the command is written as soon as possible.
    pub durable: bool,
}

impl Receipt {
    pub(super) fn new(view: View, now: Timestamp, already: bool) -> Self {
        let View { request, grant, delegation, alert, .. } = view;
        Self { request, grant, delegation, alert, ended: Vec::new(), now, replayed: false, already, durable: true }
    }
}
