//! A command, its caller, and the ids for what it makes.

use crate::command::Command;
use crate::model::{Caller, DelegationId, GrantId, RequestId};

/// A command as it is decided.
///
/// ```
/// use jit_access::command::{Command, Withdraw};
/// use jit_access::model::{Caller, Principal, RequestId};
/// use jit_access::workflow::{Call, Ids};
///
/// let caller = Caller::new(Principal::user("dev@example.com")?, vec![]);
/// let command = Command::from(Withdraw::new(RequestId::from_u128(7)));
/// let call = Call::new(&caller, &command, Ids::from_u128(8));
/// assert_eq!(call.command.spec().name, "withdraw");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The caller, as the host authenticated them; `None` for the host itself.
    pub caller: Option<&'a Caller>,
    /// The command.
    pub command: &'a Command,
    /// The ids for what it makes. They are part of the call, so that deciding twice gives the same facts.
    pub ids: Ids,
    /// Whether it came with an idempotency key: then the caller defines what is a repeat.
    pub keyed: bool,
}

impl<'a> Call<'a> {
    /// This command of this caller.
    #[must_use]
    pub const fn new(caller: &'a Caller, command: &'a Command, ids: Ids) -> Self {
        Self { caller: Some(caller), command, ids, keyed: false }
    }
}

/// The ids for what a command makes: one of each kind, because no command makes two.
///
/// ```
/// use jit_access::workflow::Ids;
///
/// assert_eq!(Ids::from_u128(7).grant.as_u128(), 7);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ids {
    /// Of a request.
    pub request: RequestId,
    /// Of a grant.
    pub grant: GrantId,
    /// Of a delegation.
    pub delegation: DelegationId,
}

impl Ids {
    /// The same 128 bits for each kind. A kind and an id name an object together, so equal bits do not conflict.
    #[must_use]
    pub const fn from_u128(bits: u128) -> Self {
        Self {
            request: RequestId::from_u128(bits),
            grant: GrantId::from_u128(bits),
            delegation: DelegationId::from_u128(bits),
        }
    }
}
