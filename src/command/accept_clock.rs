//! Say that the clock is right.

use super::define::command;
use crate::model::Justification;

command! {
    /// Say that the clock is right, after it and the journal have disagreed too much to know what time it is.
    ///
    /// From the record of it on, every process goes by the clock, even where the journal has later records: what those ended
    /// too early is in force again, and time goes on from there. Until then no process honours a grant, except for
    /// break-glass access. Compare the clock with another one first: one that is behind revives what has ended since. The answer
    /// is a page with the grants that end by it: those that were made at instants still to come. Without a caller the host itself
    /// says so.
    AcceptClock = "accept_clock",
    answers: Ended,
    action: AcceptClock,
    http: POST "/clock/accept" 200,
    caller: CallerOrHost,
    effect: Begins,
    example: r#"{"reason": "one server was a year ahead; compared with two others"}"#,
    fields: {
        /// How it was found that the clock is right.
        reason: Justification,
    },
}
