//! The trace of the host's call, so that a message refers to the command that caused it.

use std::cell::RefCell;

use crate::model::{DetailText, UseDetails};
use crate::notify::Notice;
use crate::store::Message;

thread_local! {
    static TRACE: RefCell<Option<DetailText>> = const { RefCell::new(None) };
}

/// Runs `work` within the trace of this header (`traceparent`): the messages of its commands carry the trace, and so do
/// the spans of their deliveries (`jit.trace_id`), although these are separate traces. An invalid header is ignored.
///
/// ```
/// use jit_access::service::within_trace;
///
/// let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// assert_eq!(within_trace(Some(header), || "what the commands answer"), "what the commands answer");
/// ```
pub fn within_trace<T>(traceparent: Option<&str>, work: impl FnOnce() -> T) -> T {
    /// Also where the work panics.
    struct Before(Option<DetailText>);
    impl Drop for Before {
        fn drop(&mut self) {
            TRACE.set(self.0.take());
        }
    }
    let _before = Before(TRACE.replace(UseDetails::default().trace_of(traceparent).trace_id));
    work()
}

/// The messages, with the trace that this thread works in.
pub(super) fn traced(mut messages: Vec<Message>) -> Vec<Message> {
    let Some(trace) = TRACE.with_borrow(Clone::clone) else { return messages };
    for message in &mut messages {
        if let Ok(notice) = Notice::parse(&message.body) {
            message.body = Notice { trace_id: Some(trace.as_str().to_owned()), ..notice }.to_json();
        }
    }
    messages
}
