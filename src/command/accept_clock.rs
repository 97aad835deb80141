//! Confirm the clock.

use super::define::command;
use crate::model::Justification;

command! {
    /// Confirm the clock, after it and the journal have disagreed so much that the time is uncertain.
    ///
    /// From its record on, every process uses the clock, even when the journal has later records: grants that those
    /// ended too early are in force again, and time continues from there. Until then no process honours a grant, except
    /// for break-glass access. Compare the clock with another one first: with one that is behind, grants that have
    /// ended since are valid again. The answer is a page with the grants that this ends: those that were made at
    /// instants in the future. Without a caller the host itself confirms.
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
