//! Withdraw a request.

use super::define::command;
use crate::model::RequestId;

command! {

    /// Withdraw your request. Withdrawing it again is not an error.
    Withdraw = "withdraw",
    answers: Request,
    action: Withdraw,
    http: POST "/requests/{id}/withdraw" 200,
    takes_away: true,
    fields: {
        /// The request to withdraw.
        request: RequestId,
    },
}
