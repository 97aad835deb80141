//! Accept a store that was replaced.

use super::define::command;
use crate::model::Justification;

command! {
    /// Accept the store as it is, after it was replaced by an older copy or another one.
    ///
    /// Until then no process honours a grant. Everything that was written to the old store after the copy was made is
    /// lost: requests, approvals, and revocations too, so compare the two before. The answer is an empty page. Without
    /// a caller the host itself accepts it.
    AcceptStore = "accept_store",
    answers: Ended,
    action: AcceptStore,
    http: POST "/store/accept" 200,
    caller: CallerOrHost,
    effect: Begins,
    example: r#"{"reason": "restored from the backup of 9 o'clock"}"#,
    fields: {
        /// Why this store is the true one.
        reason: Justification,
    },
}
