//! Callbacks to the program that made a request by AuthZEN: the state of its task (ARAP, callback completion).
//!
//! A callback is only a notification: the program reads the task before it acts. Each message has the state after one
//! change, and two messages may arrive in another order.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::json;
use crate::handles::Handles;
use crate::model::{Invalid, RequestStatus, Secret};
use crate::notify::{Audience, Notice, Origin, SendError, state_after, task_address, task_status};

/// The callbacks of one caller.
#[derive(Debug)]
pub(super) struct Callbacks {
    channel: String,
    caller: String,
    handles: Handles,
}

impl Callbacks {
    /// Those of this caller by the channel of this name, under the secret of the store.
    pub(super) fn new(channel: &str, caller: &str, secret: Option<&Secret>) -> Result<Self, Invalid> {
        let handles = secret.and_then(Handles::new);
        let missing =
            || Invalid::new("callback_for", "is there, and the store's own secret is not", "no callbacks here");
        Ok(Self { channel: channel.to_owned(), caller: caller.to_owned(), handles: handles.ok_or_else(missing)? })
    }

    /// The body for this notice. Any submitter may write an origin, so only one with our seal is used.
    pub(super) fn body(&self, notices: &[Notice]) -> Result<String, SendError> {
        let body = match notices {
            [notice] => self.of(notice),
            _ => None,
        };
        body.ok_or_else(|| {
            SendError::Refused("the request does not come from this caller, or asks for no callback".to_owned())
        })
    }

    fn of(&self, notice: &Notice) -> Option<String> {
        let status = state_after(notice.kind)?;
        let sealed = notice.audience.iter().find_map(|one| match one {
            Audience::Callback { channel, origin } if *channel == self.channel => Some(origin),
            _ => None,
        })?;
        let origin = Origin::parse(self.handles.open_origin(sealed)?)?;
        let callback = origin.callback.filter(|one| origin.caller == self.caller && one.channel == self.channel)?;
        let handle = self.handles.task(notice.request_id.as_ref()?.parse().ok()?, &self.caller);
        let mut task = json!({
            "id": handle,
            "status": task_status(status),
            "status_endpoint": task_address(callback.base, &handle),
        });
        if let (RequestStatus::NeedsInfo, Value::Object(task)) = (status, &mut task) {
            task.insert("progress".to_owned(), json!({"step_name": "needs_info"}));
        }
        let mut body = Map::from_iter([("task".to_owned(), task)]);
        if let Some(state) = callback.state.strip_prefix('s') {
            let state = String::from_utf8(URL_SAFE_NO_PAD.decode(state).ok()?).ok()?;
            body.insert("state".to_owned(), state.into());
        }
        Some(json::visible(&Value::Object(body).to_string()))
    }
}
