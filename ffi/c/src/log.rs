//! How log records reach the program's callback.

#![expect(unsafe_code, reason = "the callback is in C")]

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::{Arc, Once};

use jit_access::host::log::{self, Level, Record, Sink};
use jit_access::internal::wire;

use crate::types::{JIT_LOG_ERROR, JIT_LOG_INFO, JIT_LOG_WARNING, jit_log_callback, jit_log_record, jit_str};

struct Callback {
    call: unsafe extern "C" fn(*mut c_void, *const jit_log_record),
    userdata: *mut c_void,
}

// SAFETY: `jit_set_log` asks for a callback and a `userdata` that any thread may use, and never calls two at a time.
unsafe impl Send for Callback {}
// SAFETY: as above.
unsafe impl Sync for Callback {}

impl Sink for Callback {
    fn write(&self, record: &Record) {
        let fields: BTreeMap<_, _> = record.fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let fields = terminated(&wire::to_json(&fields).unwrap_or_else(|_| "{}".to_owned()));
        let (message, target) = (terminated(&record.to_string()), terminated(record.target));
        let record = jit_log_record {
            size: size_of::<jit_log_record>(),
            level: match record.level {
                Level::Info => JIT_LOG_INFO,
                Level::Warn => JIT_LOG_WARNING,
                _ => JIT_LOG_ERROR,
            },
            reserved: 0,
            target: borrowed(&target),
            message: borrowed(&message),
            fields: borrowed(&fields),
        };
        // SAFETY: the program says that it may be called with its `userdata`, and the record lives until it returns.
        unsafe { (self.call)(self.userdata, &raw const record) }
    }
}

/// The text with a NUL after it, for programs that look for one. A NUL inside it would be an end.
fn terminated(text: &str) -> String {
    let mut text = text.replace('\0', "\u{FFFD}");
    text.push('\0');
    text
}

fn borrowed(text: &str) -> jit_str {
    jit_str::of(text.strip_suffix('\0').unwrap_or(text))
}

/// Gives records to this callback from now on, or to nobody.
pub(crate) fn set(callback: jit_log_callback, userdata: *mut c_void) {
    log::collect();
    log::set_sink(callback.map(|call| Arc::new(Callback { call, userdata }) as Arc<dyn Sink>));
}

/// From now on a panic of this library is a log record, and prints nothing.
pub(crate) fn watch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(log::panicked)));
}
