//! A channel of the host, as a Python function.

use std::fmt;

use jit_access::notify::{Channel, Outgoing, Reach, SendError, Sent};
use pyo3::prelude::*;
use serde_json::json;

use crate::interpreter::asked;

/// A function that takes one message, as a dictionary, and sends it. What it raises is tried again later. It is called from a
/// thread of its own, one message at a time, without any lock of this library held.
pub struct PyChannel(Py<PyAny>);

impl PyChannel {
    pub const fn new(function: Py<PyAny>) -> Self {
        Self(function)
    }
}

impl fmt::Debug for PyChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PyChannel")
    }
}

impl Channel for PyChannel {
    fn reach(&self) -> Reach {
        Reach::TARGET
    }

    fn send(&self, outgoing: &Outgoing<'_>) -> Result<Sent, SendError> {
        let later = |why: String| SendError::Later { after: None, why };
        let message = text(outgoing).map_err(SendError::Refused)?;
        let sent = asked(|py| {
            let message = py.import("json")?.call_method1("loads", (message,))?;
            let answer = self.0.bind(py).call1((message,))?;
            answer.extract::<Option<String>>()
        });
        match sent {
            Ok(reference) => Ok(Sent { reference }),
            Err(error) => Err(later(error)),
        }
    }
}

/// The message as JSON.
fn text(outgoing: &Outgoing<'_>) -> Result<String, String> {
    let notices = outgoing.notices.iter().enumerate().map(|(at, notice)| {
        let mut told: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&notice.to_json())?;
        // As at a webhook: to whom it goes was decided already, and the link is the whole address.
        told.remove("audience");
        told.remove("link");
        let link = outgoing.links.get(at).cloned().flatten();
        told.extend(link.map(|link| ("link".to_owned(), link.into())));
        Ok::<_, serde_json::Error>(told)
    });
    let notices: Result<Vec<_>, _> = notices.collect();
    let message = json!({
        "delivery": outgoing.delivery.to_string(),
        "attempt": outgoing.attempt,
        "at": outgoing.now.to_string(),
        "reference": outgoing.reference,
        "notices": notices.map_err(|error| error.to_string())?,
    });
    Ok(message.to_string())
}
